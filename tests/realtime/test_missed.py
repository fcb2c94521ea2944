"""What somebody missed, and the tickets they come back with: asked of both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acquaint.domain.conversations import ConversationKind
from acquaint.domain.errors import SessionExpired, TicketRefused, TooManyRequests
from acquaint.domain.ids import first_at
from acquaint.domain.tokens import TokenKind, compose
from acquaint.services import conversations, limits, messages, sign_in, tickets
from acquaint.services.core import Core
from acquaint.services.history import missed_by, unfold
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, eve, laptop, phone
from tests.services.doors import allow, at, it_of, verified, visitor, write
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

HERE = "203.0.113.7"


@on_both_databases
async def test_what_was_missed_is_what_the_session_sees_oldest_first(core: Core, acme: Cast, clock: SetClock) -> None:
    a, b, e = [await verified(core, acme, it) for it in (ann, ben, eve)]
    assert b.user is not None
    last = first_at(clock())
    clock.forward(minutes=1)
    seen, _ = await conversations.start(core, a, kind=ConversationKind.DIRECT, with_users=[b.user.id])
    id = seen.conversation.id
    posted = []
    for number in range(3):
        clock.forward(seconds=1)
        posted.append(await messages.post(core, a, id, Draft(str(number))))
    await messages.mark_read(core, b.session, id, posted[-1].id)
    for who in (a, b):
        news = await missed_by(core, who.session, last, 10)
        assert news is not None
        kinds = [it.event.kind.value for it in news]
        assert kinds == ["conversation.started", *["message.posted"] * 3, "messages.read"]
        assert [it.message.text for it in news if it.message] == ["0", "1", "2"]
    assert await missed_by(core, e.session, last, 10) == []
    assert await missed_by(core, a.session, last, 5) is not None
    assert await missed_by(core, a.session, last, 4) is None


@on_both_databases
async def test_what_is_committed_a_little_out_of_order_is_not_missed(core: Core, acme: Cast, clock: SetClock) -> None:
    it = await verified(core, acme, ann)
    await write(core, it, "four seconds before")
    clock.forward(seconds=4)
    found = await missed_by(core, it.session, first_at(clock()), 10)
    assert [news.message.text for news in found or () if news.message] == ["four seconds before"]
    clock.forward(seconds=4)
    assert await missed_by(core, it.session, first_at(clock()), 10) == []


@on_both_databases
async def test_only_what_is_seen_counts_as_missed(core: Core, acme: Cast, clock: SetClock) -> None:
    sales = await verified(core, acme, ann, laptop, workspace="sales")
    support = await verified(core, acme, ann, phone, workspace="support")
    nobody = await visitor(core, acme, "x")
    last = first_at(clock())
    await write(core, sales, "for sales")
    assert await missed_by(core, support.session, last, 10) == []
    assert await missed_by(core, nobody.session, last, 10) == []


async def test_an_event_says_how_things_are_now(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    await write(core, it, "hello")
    async with core.store.read() as tx:
        events = await tx.events.after(0, app_id=acme.app.id)
    assert [news.event for news in await unfold(core, events)] == [it for it in events if it.conversation_id]
    assert await unfold(core, []) == []


@on_both_databases
async def test_a_ticket_is_good_for_half_a_minute_and_once(core: Core, acme: Cast, clock: SetClock) -> None:
    it = await verified(core, acme, ann)
    in_time, late = [(await tickets.live_ticket(core, it))[0] for _ in range(2)]
    clock.forward(seconds=29)
    assert (await tickets.redeem_live(core, in_time, HERE)).session.id == it.session.id
    with pytest.raises(TicketRefused):
        await tickets.redeem_live(core, in_time, HERE)
    clock.forward(seconds=1)
    with pytest.raises(TicketRefused):
        await tickets.redeem_live(core, late, HERE)


async def test_a_ticket_opens_a_session_that_lives_only_because_it_is_used(
    core: Core, acme: Cast, clock: SetClock
) -> None:
    app = await allow(core, acme, session_idle=10)
    admission = await sign_in.vouch_for(core, app, ann.verified(), at(laptop))
    it = await it_of(core, admission)
    for _ in range(3):  # the store does not know of these uses yet
        clock.forward(seconds=9)
        it = await it_of(core, admission)
    text, _ = await tickets.live_ticket(core, it)
    clock.forward(seconds=5)
    assert (await tickets.redeem_live(core, text, HERE)).session.expires_at == it.session.expires_at
    text, _ = await tickets.live_ticket(core, await it_of(core, admission))
    clock.forward(seconds=11)
    with pytest.raises(SessionExpired):
        await tickets.redeem_live(core, text, HERE)


async def test_whoever_tries_invented_tickets_has_to_wait_and_honest_ones_are_not_counted(
    core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = replace(limits.LIVE_TICKETS_PER_ADDRESS, times=20)
    monkeypatch.setattr(limits, "LIVE_TICKETS_PER_ADDRESS", limit)
    it = await verified(core, acme, ann)
    for _ in range(limit.times + 10):
        await tickets.redeem_live(core, (await tickets.live_ticket(core, it))[0], HERE)
    for number in range(limit.times):
        with pytest.raises(TicketRefused):
            await tickets.redeem_live(core, compose(TokenKind.TICKET, number.to_bytes(32, "big")), HERE)
    with pytest.raises(TooManyRequests):
        await tickets.redeem_live(core, "x", HERE)
