"""Sessions: recognised at once, ended at once, everywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from acquaint.bootstrap import open_core
from acquaint.domain.errors import AppClosed, Busy, NeedsUser, NotFound, SessionEnded, SessionExpired
from acquaint.domain.identities import Assurance, ProfileChange
from acquaint.domain.places import Workspace
from acquaint.domain.sessions import Lifetime
from acquaint.domain.tokens import TokenKind
from acquaint.domain.users import Standing
from acquaint.ports.store import LastSeen
from acquaint.services import apps, conversations, sessions, sign_in, users
from acquaint.services.admission import Admission
from acquaint.services.core import Core, new_text
from acquaint.settings import Settings
from tests.cast import Cast, ann, ben, kiosk, laptop, phone
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

from .doors import at, it_of, now, registered, sees, verified, visitor, write
from .test_stale import in_store


@pytest.mark.parametrize("token", ["", "x", "acqs_" + "0" * 49, "acqd_" + "0" * 49, "\ud800", "x" * 1_000_000, "é"])
async def test_what_is_no_token_opens_nothing(core: Core, token: str) -> None:
    with pytest.raises(SessionEnded):
        await sessions.resume(core, token)


async def test_an_invented_token_of_the_right_form_opens_nothing(core: Core) -> None:
    with pytest.raises(SessionEnded):
        await sessions.resume(core, new_text(core, TokenKind.SESSION))


async def test_tokens_of_other_kinds_open_no_session(core: Core, acme: Cast) -> None:
    for text in (acme.api_key, acme.signing_secret, laptop, acme.new.chat_key, acme.app.public_keys.auth_key):
        with pytest.raises(SessionEnded):
            await sessions.resume(core, text)


@on_both_databases
@pytest.mark.parametrize("remembered", [True, False])
async def test_what_ended_is_refused_at_once_and_for_good(core: Core, acme: Cast, remembered: bool) -> None:
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at(laptop))
    if remembered:
        await it_of(core, admission)
    ended = await sessions.end(core, acme.app, admission.session.id)
    assert ended.ended_at == core.clock()
    for _ in range(2):
        with pytest.raises(SessionEnded):
            await it_of(core, admission)
        core.recognised.lost()
    assert (await sessions.end(core, acme.app, admission.session.id)).ended_at == ended.ended_at  # twice is fine


@pytest.mark.parametrize("what", ["ban", "delete", "close", "log_out", "end_all", "password"])
async def test_what_ends_a_session_reaches_the_memory_at_once(core: Core, acme: Cast, what: str) -> None:
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at(laptop))
    it = await it_of(core, admission)
    assert it.user is not None
    match what:
        case "ban":
            await users.ban(core, acme.app, it.user.id)
        case "delete":
            await users.delete(core, acme.app, it.user.id)
        case "close":
            await apps.close(core, acme.app)
        case "log_out":
            await sessions.log_out(core, it.session)
        case "end_all":
            await sessions.end_all(core, acme.app, it.user.id)
        case "password":
            await users.set_password(core, acme.app, it.user.id, ann.password, ends_sessions=True)
    with pytest.raises(AppClosed if what == "close" else SessionEnded):
        await it_of(core, admission)


async def test_a_changed_policy_or_profile_is_seen_at_once(core: Core, acme: Cast) -> None:
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    it = await it_of(core, admission)
    assert it.user is not None
    await apps.change_policy(core, acme.app, {"allowed_origins": "https://acme.example"})
    await users.update(core, acme.app, it.user.id, ProfileChange(name="Annie"))
    again = await it_of(core, admission)
    assert again.app.policy.allowed_origins == ("https://acme.example",)
    assert again.user is not None
    assert again.user.profile.name == "Annie"


async def test_an_app_that_opens_again_has_its_sessions_back(core: Core, acme: Cast) -> None:
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    await apps.close(core, acme.app)
    await apps.open_again(core, acme.app)
    await it_of(core, admission)


async def test_who_is_admitted_again_signs_in_anew(core: Core, acme: Cast) -> None:
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    assert admission.user is not None
    await users.ban(core, acme.app, admission.user.id)
    await users.admit_again(core, acme.app, admission.user.id)
    with pytest.raises(SessionEnded):
        await it_of(core, admission)
    await verified(core, acme, ann)


async def test_every_use_buys_another_idle_period_and_no_more(core: Core, acme: Cast, clock: SetClock) -> None:
    place = at(lifetime=Lifetime(idle=timedelta(hours=2), at_most=timedelta(hours=5)))
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), place)
    for _ in range(4):
        clock.forward(minutes=70)
        await it_of(core, admission)
    clock.forward(minutes=20)
    with pytest.raises(SessionExpired):
        await it_of(core, admission)


@on_both_databases
async def test_uses_are_written_behind_and_survive_a_restart(core: Core, acme: Cast, clock: SetClock) -> None:
    place = at(lifetime=Lifetime(idle=timedelta(hours=2)))
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), place)
    clock.forward(minutes=90)
    await it_of(core, admission)
    assert await sessions.write_behind(core) == 1
    assert await sessions.write_behind(core) == 0
    clock.forward(minutes=90)
    core.recognised.lost()  # a process that remembers nothing
    await it_of(core, admission)
    stored = await in_store(core, admission.session)
    assert stored is not None
    assert stored.last_seen_at == clock.now - timedelta(minutes=90)


async def test_an_older_use_never_replaces_a_newer_one(core: Core, acme: Cast, clock: SetClock) -> None:
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    newer, older = clock.now + timedelta(hours=2), clock.now + timedelta(hours=1)
    for moment in (newer, older):
        await core.store.write_last_seen([LastSeen(admission.session.id, moment, admission.session.user_id)])
    stored = await in_store(core, admission.session)
    assert stored is not None
    assert stored.last_seen_at == newer


async def test_what_could_not_be_written_is_written_later(core: Core, acme: Cast, clock: SetClock) -> None:
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    clock.forward(minutes=1)
    await it_of(core, admission)

    class Away:
        async def write_last_seen(self, seen: object) -> None:
            raise Busy

    with pytest.raises(Busy):
        await sessions.write_behind(replace(core, store=Away()))  # type: ignore[arg-type]
    assert await sessions.write_behind(core) == 1


async def test_a_clock_that_is_set_back_ends_nothing_early_and_nothing_late(
    core: Core, acme: Cast, clock: SetClock
) -> None:
    place = at(lifetime=Lifetime(idle=timedelta(minutes=30)))
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), place)
    clock.back(hours=1)
    await it_of(core, admission)
    clock.forward(hours=1, minutes=29)
    await it_of(core, admission)
    clock.forward(minutes=30)
    with pytest.raises(SessionExpired):
        await it_of(core, admission)
    clock.back(hours=1)  # what was refused once may be seen again by a clock set back, but what ended never is
    await sessions.end(core, acme.app, admission.session.id)
    with pytest.raises(SessionEnded):
        await it_of(core, admission)


async def test_sessions_are_listed_and_ended_one_by_one_or_all_but_this(
    core: Core, acme: Cast, clock: SetClock
) -> None:
    mine = [await sign_in.vouch_for(core, acme.app, ann.verified(), at(it)) for it in (laptop, phone, None)]
    short = await sign_in.vouch_for(core, acme.app, ann.verified(), at(lifetime=Lifetime(idle=timedelta(minutes=1))))
    bens = await sign_in.vouch_for(core, acme.app, ben.verified(), at())
    assert mine[0].user is not None
    anns = mine[0].user.id
    clock.forward(minutes=2)
    listed = await sessions.list_of(core, acme.app, anns)
    assert [it.id for it in listed] == [it.session.id for it in reversed(mine)]
    assert short.session.id not in [it.id for it in listed]
    with pytest.raises(NotFound):
        await sessions.end(core, acme.app, bens.session.id, of=anns)
    await sessions.end(core, acme.app, mine[1].session.id, of=anns)
    await sessions.end_all(core, acme.app, anns, but=mine[0].session.id)
    await it_of(core, mine[0])
    await it_of(core, bens)
    for it in mine[1:]:
        with pytest.raises(SessionEnded):
            await it_of(core, it)


async def test_another_apps_sessions_are_not_there(core: Core, acme: Cast) -> None:
    rival = (await apps.create(core, "Rival")).app
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    assert admission.user is not None
    for refused in (
        sessions.end(core, rival, admission.session.id),
        sessions.end_all(core, rival, admission.user.id),
        sessions.list_of(core, rival, admission.user.id),
    ):
        with pytest.raises(NotFound):
            await refused
    await it_of(core, admission)


# what should not be there, and opens nothing all the same


async def test_a_session_that_a_ban_overlooked_opens_nothing(core: Core, acme: Cast) -> None:
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    assert admission.user is not None
    async with core.store.write() as tx:
        await tx.users.save(replace(admission.user, standing=Standing.BANNED))
    with pytest.raises(SessionEnded):
        await it_of(core, admission)


async def test_in_a_session_that_a_log_out_overlooked_nobody_begins_anything(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, kiosk)
    assert it.session.device_id is not None
    async with core.store.write() as tx:
        await tx.devices.retire(acme.app.id, it.session.device_id, core.clock())
    with pytest.raises(SessionEnded):
        await write(core, it)


# while other nodes may not be heard


class Cut:
    """A Bus that knows it may be missing something."""

    is_whole = False


async def _end_elsewhere(core: Core, admission: Admission) -> None:
    """As another node would whose news does not reach us."""
    async with core.store.write() as tx:
        await tx.sessions.end([admission.session.id], core.clock())


async def test_while_news_may_be_missed_the_store_is_asked_each_time(core: Core, acme: Cast) -> None:
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    await it_of(core, admission)
    await _end_elsewhere(core, admission)
    await it_of(core, admission)  # the attack as it would work: the memory was told nothing
    with pytest.raises(SessionEnded):
        await it_of(replace(core, bus=Cut()), admission)  # type: ignore[arg-type]


async def test_what_was_read_while_news_may_have_been_missed_is_not_remembered(core: Core, acme: Cast) -> None:
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    await it_of(replace(core, bus=Cut()), admission)  # type: ignore[arg-type]
    await _end_elsewhere(core, admission)
    with pytest.raises(SessionEnded):
        await it_of(core, admission)


# logging out


@on_both_databases
async def test_after_logging_out_the_next_person_on_the_machine_sees_nothing(core: Core, acme: Cast) -> None:
    visit = await visitor(core, acme, kiosk)
    await write(core, visit, "mine")
    other_tab = await sign_in.visit(core, acme.app, at(kiosk, workspace=Workspace("other tab")))
    await sessions.log_out(core, visit.session)
    with pytest.raises(SessionEnded):
        await it_of(core, other_tab)
    next_one = await visitor(core, acme, kiosk)
    assert await sees(core, next_one) == {}
    with pytest.raises(NeedsUser):
        await write(core, next_one)
    assert await sees(core, await verified(core, acme, ben, kiosk)) == {}


async def test_logging_out_on_one_device_ends_nothing_on_another(core: Core, acme: Cast) -> None:
    here, there = (
        await verified(core, acme, ann, kiosk),
        await sign_in.vouch_for(core, acme.app, ann.verified(), at(laptop)),
    )
    id = await write(core, here)
    await sessions.log_out(core, here.session)
    assert list(await sees(core, await it_of(core, there))) == [id]


async def test_logging_out_twice_is_fine(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann, kiosk)
    await sessions.log_out(core, it.session)
    await sessions.log_out(core, it.session)


# made at the first write


@on_both_databases
async def test_the_user_comes_with_the_first_thing_they_do(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    assert it.session.user_id is None
    _, by = await conversations.start(core, it)
    assert by.session.user_id is not None
    user = await users.get(core, acme.app, by.session.user_id)
    assert (user.is_verified, user.is_guest, user.device_id) == (False, False, it.session.device_id)


async def test_without_a_device_there_is_nobody_to_make(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, None)
    with pytest.raises(NeedsUser):
        await conversations.start(core, it)


# housekeeping


@on_both_databases
async def test_what_nobody_can_use_any_more_is_swept_after_a_week_and_nothing_else(
    core: Core, acme: Cast, clock: SetClock
) -> None:
    ended = await registered(core, acme, ann, laptop)
    await sessions.end(core, acme.app, ended.session.id)
    short = await sign_in.vouch_for(core, acme.app, ben.verified(), at(lifetime=Lifetime(idle=timedelta(hours=1))))
    forever = await sign_in.vouch_for(core, acme.app, ben.verified(), at(lifetime=Lifetime()))
    clock.forward(days=6)
    assert await sessions.sweep(core) == 0
    clock.forward(days=2)
    assert await sessions.sweep(core) == 2
    assert await sessions.sweep(core) == 0
    for gone in (ended.session, short.session):
        assert await in_store(core, gone) is None
    await it_of(core, forever)


async def test_a_restarted_server_knows_the_same_sessions(core: Core, acme: Cast, settings: Settings) -> None:
    kept = await sign_in.vouch_for(core, await now(core, acme), ann.verified(), at(laptop))
    ended = await sign_in.vouch_for(core, acme.app, ann.verified(), at(phone))
    await sessions.end(core, acme.app, ended.session.id)
    async with open_core(settings, clock=core.clock) as other:
        assert (await it_of(other, kept)).session.assurance is Assurance.VERIFIED
        with pytest.raises(SessionEnded):
            await it_of(other, ended)
