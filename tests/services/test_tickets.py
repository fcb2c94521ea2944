"""Tickets: made for one purpose, spent once, in time."""

from __future__ import annotations

import asyncio

import pytest

from acquaint.domain.errors import NotFound, Refusal, SessionEnded, TicketRefused, TooManyRequests
from acquaint.domain.tickets import Purpose
from acquaint.services import apps, limits, sessions, tickets, users
from acquaint.services.core import Core, fingerprint
from tests.cast import Cast, ann
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

from .doors import verified

FROM = "203.0.113.7"


@on_both_databases
async def test_a_nonce_is_spent_once(core: Core, acme: Cast) -> None:
    text, _ = await tickets.nonce(core, acme.app, FROM)
    await tickets.spend_nonce(core, acme.app, text)
    with pytest.raises(TicketRefused):
        await tickets.spend_nonce(core, acme.app, text)


async def test_a_nonce_is_for_its_app_or_for_whichever_brings_it_first(core: Core, acme: Cast) -> None:
    rival = (await apps.create(core, "Rival")).app
    mine, _ = await tickets.nonce(core, acme.app, FROM)
    with pytest.raises(TicketRefused):
        await tickets.spend_nonce(core, rival, mine)
    anybodys, _ = await tickets.nonce(core, None, FROM)
    await tickets.spend_nonce(core, rival, anybodys)
    with pytest.raises(TicketRefused):
        await tickets.spend_nonce(core, acme.app, anybodys)


@pytest.mark.parametrize("text", ["", "x", "\x00", "\ud800", "0" * 40, "acqt_" + "0" * 49, "x" * 100_000])
async def test_an_invented_ticket_is_refused(core: Core, acme: Cast, text: str) -> None:
    with pytest.raises(TicketRefused):
        await tickets.spend_nonce(core, acme.app, text)
    with pytest.raises(TicketRefused):
        await tickets.redeem_live(core, text, FROM)


async def test_a_ticket_lives_as_long_as_it_is_good_for(core: Core, acme: Cast, clock: SetClock) -> None:
    late, _ = await tickets.nonce(core, acme.app, FROM)
    live, ticket = await tickets.live_ticket(core, await verified(core, acme, ann))
    assert ticket.expires_at == clock.now + tickets.LIVE_LIFETIME
    clock.forward(seconds=30)
    with pytest.raises(TicketRefused):
        await tickets.redeem_live(core, live, FROM)
    clock.forward(minutes=10)
    with pytest.raises(TicketRefused):
        await tickets.spend_nonce(core, acme.app, late)
    assert await sessions.sweep(core) == 2


@on_both_databases
async def test_a_live_ticket_opens_its_session_once(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    text, _ = await tickets.live_ticket(core, it)
    opened = await tickets.redeem_live(core, text, FROM)
    assert (opened.session.id, opened.user, opened.app) == (it.session.id, it.user, it.app)
    with pytest.raises(TicketRefused):
        await tickets.redeem_live(core, text, FROM)


async def test_a_ticket_of_one_purpose_is_nothing_for_another(core: Core, acme: Cast) -> None:
    live, _ = await tickets.live_ticket(core, await verified(core, acme, ann))
    with pytest.raises(TicketRefused):
        await tickets.spend_nonce(core, acme.app, live)
    async with core.store.write() as tx:
        for purpose in Purpose:
            if purpose is not Purpose.LIVE:
                assert await tx.tickets.take(purpose, fingerprint(live), core.clock()) is None
    await tickets.redeem_live(core, live, FROM)


@pytest.mark.parametrize("what", ["end", "ban", "delete", "close", "log_out"])
async def test_a_ticket_of_a_session_that_ended_opens_nothing(core: Core, acme: Cast, what: str) -> None:
    it = await verified(core, acme, ann)
    assert it.user is not None
    text, _ = await tickets.live_ticket(core, it)
    match what:
        case "end":
            await sessions.end(core, acme.app, it.session.id)
        case "ban":
            await users.ban(core, acme.app, it.user.id)
        case "delete":
            await users.delete(core, acme.app, it.user.id)
        case "close":
            await apps.close(core, acme.app)
        case "log_out":
            await sessions.log_out(core, it.session)
    with pytest.raises((SessionEnded, TicketRefused)):
        await tickets.redeem_live(core, text, FROM)


@on_both_databases
async def test_of_fifty_who_bring_one_ticket_one_gets_in(core: Core, acme: Cast) -> None:
    nonce, _ = await tickets.nonce(core, acme.app, FROM)
    live, _ = await tickets.live_ticket(core, await verified(core, acme, ann))
    for spend in (
        lambda: tickets.spend_nonce(core, acme.app, nonce),
        lambda: tickets.redeem_live(core, live, FROM),
    ):
        outcomes = await asyncio.gather(*[spend() for _ in range(50)], return_exceptions=True)
        assert sum(not isinstance(it, BaseException) for it in outcomes) == 1
        assert {type(it) for it in outcomes if isinstance(it, BaseException)} <= {TicketRefused}


async def test_nonces_are_counted(core: Core, acme: Cast) -> None:
    async def many() -> None:
        for _ in range(limits.TICKETS_PER_ADDRESS.times * 2):
            await tickets.nonce(core, None, FROM)

    with pytest.raises(TooManyRequests):
        await many()


async def test_a_ticket_names_nobody_elses_session(core: Core, acme: Cast) -> None:
    with pytest.raises(Refusal):
        await tickets.redeem_live(core, (await tickets.nonce(core, acme.app, FROM))[0], FROM)
    with pytest.raises(NotFound):
        await users.find(core, acme.app, ann.by_login)
