"""Tokens that expire and are renewed: the session goes on, the text changes."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from acquaint.domain.errors import SessionEnded, SessionExpired, TicketRefused, TooManyRequests
from acquaint.domain.tokens import TokenKind, compose
from acquaint.services import apps, limits, renewing, sessions, sign_in, tickets, users
from acquaint.services.admission import Admission
from acquaint.services.core import Core
from acquaint.services.renewing import Renewed
from tests.cast import Cast, Person, ann, ben
from tests.domain.things import NOON
from tests.domain.things import session as a_session
from tests.services.doors import allow, at, events, kinds, now, verified
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

WEEK = timedelta(days=7)
HERE = "203.0.113.7"


async def came_in(core: Core, acme: Cast, who: Person = ann) -> Admission:
    """Through a door that renews tokens."""
    return await sign_in.vouch_for(core, await now(core, acme), who.verified(), at(renews=True))


async def renewed(core: Core, acme: Cast, ticket: str | None) -> Renewed:
    return await renewing.renew(core, await now(core, acme), ticket or "", address=HERE)


@pytest.fixture
async def weekly(core: Core, acme: Cast) -> Cast:
    await allow(core, acme, token_lifetime="7d")
    return acme


async def test_without_the_policy_no_token_expires(core: Core, acme: Cast, clock: SetClock) -> None:
    admission = await came_in(core, acme)
    assert (admission.renewal, admission.session.token_expires_at) == (None, None)
    clock.forward(days=29)
    assert admission.token is not None
    await sessions.resume(core, admission.token)


async def test_a_door_that_cannot_renew_has_no_tokens_that_expire(core: Core, weekly: Cast, clock: SetClock) -> None:
    anns = await verified(core, weekly, ann)
    assert anns.session.token_expires_at is None


@on_both_databases
async def test_an_expired_token_is_renewed_and_the_session_is_the_same(
    core: Core, weekly: Cast, clock: SetClock
) -> None:
    admission = await came_in(core, weekly)
    assert admission.token is not None
    assert admission.session.token_expires_at == clock.now + WEEK
    clock.forward(days=7)
    with pytest.raises(SessionExpired):
        await sessions.resume(core, admission.token)
    it = await renewed(core, weekly, admission.renewal)
    assert it.session.id == admission.session.id
    assert (await sessions.resume(core, it.token)).session.token_expires_at == clock.now + WEEK
    assert [one.id for one in await sessions.list_of(core, weekly.app, it.user.id)] == [it.session.id]
    assert (await kinds(core, weekly))[-1] == "session.renewed"


@on_both_databases
async def test_two_who_renew_at_once_get_the_same(core: Core, weekly: Cast) -> None:
    admission = await came_in(core, weekly)
    pairs = await asyncio.gather(*(renewed(core, weekly, admission.renewal) for _ in range(10)))
    assert len({(it.token, it.ticket) for it in pairs}) == 1
    await sessions.resume(core, pairs[0].token)
    assert (await kinds(core, weekly)).count("session.renewed") == 1


@on_both_databases
async def test_a_ticket_that_comes_again_later_ends_the_session(core: Core, weekly: Cast, clock: SetClock) -> None:
    admission = await came_in(core, weekly)
    it = await renewed(core, weekly, admission.renewal)
    clock.forward(seconds=60)
    assert (await renewed(core, weekly, admission.renewal)).token == it.token
    clock.forward(seconds=1)
    with pytest.raises(TicketRefused):
        await renewed(core, weekly, admission.renewal)
    with pytest.raises(SessionEnded):
        await sessions.resume(core, it.token)
    with pytest.raises(TicketRefused):
        await renewed(core, weekly, it.ticket)
    ended = (await events(core, weekly))[-1]
    assert (ended.kind.value, ended.details["why"]) == ("session.ended", "renewed_twice")


async def test_a_thief_who_went_on_for_weeks_is_stopped_when_ann_comes_back(
    core: Core, weekly: Cast, clock: SetClock
) -> None:
    admission = await came_in(core, weekly)
    clock.forward(days=7)
    thiefs = await renewed(core, weekly, admission.renewal)
    for _ in range(4):
        clock.forward(days=7)
        thiefs = await renewed(core, weekly, thiefs.ticket)
    with pytest.raises(TicketRefused):
        await renewed(core, weekly, admission.renewal)
    with pytest.raises(SessionEnded):
        await sessions.resume(core, thiefs.token)


async def test_what_is_on_its_way_with_the_token_before_still_arrives(
    core: Core, weekly: Cast, clock: SetClock
) -> None:
    admission = await came_in(core, weekly)
    assert admission.token is not None
    await sessions.resume(core, admission.token)
    it = await renewed(core, weekly, admission.renewal)
    clock.forward(seconds=10)
    assert (await sessions.resume(core, admission.token)).session.id == it.session.id
    clock.forward(seconds=1)
    with pytest.raises(SessionExpired):
        await sessions.resume(core, admission.token)
    await sessions.end(core, weekly.app, it.session.id)
    with pytest.raises(SessionEnded) as refused:
        await sessions.resume(core, admission.token)
    assert not isinstance(refused.value, SessionExpired)


async def test_the_token_before_opens_nothing_once_the_session_ended(core: Core, weekly: Cast) -> None:
    admission = await came_in(core, weekly)
    assert admission.token is not None
    it = await renewed(core, weekly, admission.renewal)
    await sessions.log_out(core, it.session)
    for token in (admission.token, it.token):
        with pytest.raises(SessionEnded):
            await sessions.resume(core, token)


@pytest.mark.parametrize("ends", ["logged out", "ended", "banned", "closed", "unused"])
async def test_what_ended_is_renewed_by_nothing(core: Core, weekly: Cast, clock: SetClock, ends: str) -> None:
    admission = await came_in(core, weekly)
    assert admission.user is not None
    match ends:
        case "logged out":
            await sessions.log_out(core, admission.session)
        case "ended":
            await sessions.end_all(core, weekly.app, admission.user.id)
        case "banned":
            await users.ban(core, weekly.app, admission.user.id)
            await users.admit_again(core, weekly.app, admission.user.id)
        case "closed":
            await apps.close(core, weekly.app)
        case "unused":
            clock.forward(days=90)
    with pytest.raises(TicketRefused):
        await renewed(core, weekly, admission.renewal)


async def test_a_ticket_is_of_one_app_and_one_user(core: Core, weekly: Cast) -> None:
    rival = Cast(await apps.create(core, "Rival"))
    admission = await came_in(core, weekly)
    bens = await came_in(core, weekly, ben)
    assert bens.user is not None
    with pytest.raises(TicketRefused):
        await renewed(core, rival, admission.renewal)
    with pytest.raises(TicketRefused):
        await renewing.renew(core, weekly.app, admission.renewal or "", address=HERE, of=bens.user.id)
    await renewed(core, weekly, admission.renewal)  # neither was a use of it


async def test_other_texts_of_ours_are_no_tickets_of_this_kind(core: Core, weekly: Cast) -> None:
    anns = await came_in(core, weekly)
    it = await sessions.resume(core, anns.token or "")
    live, _ = await tickets.live_ticket(core, it)
    invented = compose(TokenKind.TICKET, bytes(32))
    for text in (live, anns.token or "", invented, "", "x" * 10_000, "\x00"):
        with pytest.raises(TicketRefused):
            await renewed(core, weekly, text)
    await tickets.redeem_live(core, live, HERE)


async def test_what_follows_a_ticket_cannot_be_worked_out_by_who_holds_it(core: Core, weekly: Cast) -> None:
    """Two sessions, and the chance beside each ticket is its own: the text alone says nothing of the next."""
    made = {renewing._made_of("acqt_same", chance)[0] for chance in ("00" * 32, "01" * 32)}
    assert len(made) == 2


async def test_inventing_tickets_is_counted(core: Core, weekly: Cast) -> None:
    invented = compose(TokenKind.TICKET, bytes(32))
    for _ in range(limits.RENEWALS_PER_ADDRESS.times):
        with pytest.raises(TicketRefused):
            await renewed(core, weekly, invented)
    with pytest.raises(TooManyRequests):
        await renewed(core, weekly, invented)


async def test_a_token_can_be_made_to_expire_now(core: Core, weekly: Cast) -> None:
    admission = await came_in(core, weekly)
    await renewing.expire(core, await sessions.resume(core, admission.token or ""))
    with pytest.raises(SessionExpired):
        await sessions.resume(core, admission.token or "")
    it = await renewed(core, weekly, admission.renewal)
    await sessions.resume(core, it.token)


async def test_a_token_that_nobody_can_renew_ends_instead(core: Core, acme: Cast) -> None:
    anns = await verified(core, acme, ann)
    await renewing.expire(core, anns)
    assert (await kinds(core, acme))[-1] == "session.ended"


@on_both_databases
async def test_of_too_many_sessions_the_one_longest_unused_ends(core: Core, acme: Cast, clock: SetClock) -> None:
    await allow(core, acme, sessions_per_user=3)
    opened = []
    for _ in range(3):
        opened.append(await verified(core, acme, ann))
        clock.forward(minutes=1)
    bens = await verified(core, acme, ben)
    core.recognised.went_on(opened[0].session, clock.now)
    await sessions.write_behind(core)
    newest = await verified(core, acme, ann)
    assert newest.user is not None
    assert bens.user is not None
    left = {it.id for it in await sessions.list_of(core, acme.app, newest.user.id)}
    assert left == {opened[0].session.id, opened[2].session.id, newest.session.id}
    assert [it.details["why"] for it in await events(core, acme) if it.kind.value == "session.ended"] == ["too_many"]
    assert len(await sessions.list_of(core, acme.app, bens.user.id)) == 1


def test_a_session_is_good_until_the_first_of_its_ends() -> None:
    it = a_session(token_expires_at=NOON + WEEK)
    assert it.good_until == NOON + WEEK
    with pytest.raises(SessionExpired):
        it.check_live(NOON + WEEK)
    it.check_renewable(NOON + WEEK)
