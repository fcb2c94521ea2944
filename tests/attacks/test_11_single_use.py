"""Attack 11: using once-only things many times at once. better-auth #9993, GHSA-7w99-5wm4-3g79."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from acquaint.domain.errors import IdentifierTaken, TicketRefused
from acquaint.domain.identities import NO_CHANGE, Claimed, Identifier
from acquaint.domain.tickets import Purpose
from acquaint.services import recovery, sign_in, tickets
from acquaint.services.core import Core, fingerprint
from acquaint.settings import Settings
from tests.cast import Cast, ann
from tests.services.doors import at, verified
from tests.support.databases import on_both_databases

FROM = "203.0.113.7"
AT_ONCE = 50


async def at_once(attempt: Callable[[], Awaitable[Any]]) -> int:
    """How many of fifty come through; the others must be refused, and in no other way than they should."""
    outcomes = await asyncio.gather(*[attempt() for _ in range(AT_ONCE)], return_exceptions=True)
    assert {type(it) for it in outcomes if isinstance(it, BaseException)} <= {TicketRefused, IdentifierTaken}
    return sum(not isinstance(it, BaseException) for it in outcomes)


@on_both_databases
async def test_looking_first_and_spending_then_would_let_many_through(core: Core, acme: Cast) -> None:
    """The attack as it would work, with the same tables: between the look and the spending others look, too."""
    text, ticket = await tickets.nonce(core, acme.app, FROM)
    spent: set[int] = set()

    async def naive() -> None:
        unspent = ticket.id not in spent
        async with core.store.read() as tx:  # anything that lets others go on
            await tx.apps.get(acme.app.id)
        if not unspent:
            raise TicketRefused
        await asyncio.sleep(0)
        spent.add(ticket.id)

    assert await at_once(naive) > 1
    assert await at_once(lambda: tickets.spend_nonce(core, acme.app, text)) == 1


@on_both_databases
async def test_a_live_ticket_opens_one_connection(core: Core, acme: Cast) -> None:
    text, _ = await tickets.live_ticket(core, await verified(core, acme, ann))
    assert await at_once(lambda: tickets.redeem_live(core, text, FROM)) == 1


@on_both_databases
async def test_a_reset_link_sets_one_password(core: Core, acme: Cast, settings: Settings) -> None:
    claimed = Claimed(email=ann.email)
    await sign_in.register(
        core, acme.app, (Identifier.login(ann.email),), ann.password, NO_CHANGE, at(), claimed=claimed
    )
    await recovery.send(core, acme.app, ann.by_email)
    (mail,) = (settings.data / "outbox").glob("*.eml")
    (text,) = set(re.findall(r"acqt_\w{49}", mail.read_text().replace("=\n", "")))
    passwords = iter(range(AT_ONCE))
    assert await at_once(lambda: recovery.complete(core, text, f"a goat in the snow {next(passwords)}", FROM)) == 1


@on_both_databases
async def test_a_login_is_registered_once(core: Core, acme: Cast) -> None:
    async def register() -> None:
        await sign_in.register(core, acme.app, (ann.by_login,), ann.password, NO_CHANGE, at())

    assert await at_once(register) == 1


async def test_what_a_write_spent_before_it_refused_is_not_spent(core: Core, acme: Cast) -> None:
    """Spending is undone with everything else the write did, so a refusal costs nobody their ticket."""
    text, _ = await tickets.nonce(core, acme.app, FROM)

    async def spend_and_refuse() -> None:
        async with core.store.write() as tx:
            assert await tx.tickets.take(Purpose.NONCE, fingerprint(text), core.clock())
            raise TicketRefused

    for _ in range(2):
        with pytest.raises(TicketRefused):
            await spend_and_refuse()
    await tickets.spend_nonce(core, acme.app, text)
