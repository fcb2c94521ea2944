"""What would grow for ever is kept small: a little at a time, by one node at a time, off the path of requests.

sweep      what is over by its age: sessions, tickets, kept answers, guests, unfinished files, deliveries
walk       what has to be judged: devices that were left, words that named devices, visitors who left nothing, Events
whose      both are done by whoever has the turn
sizes      how much there is

What somebody can still see, or be recognised by, never goes. Events go by their App's Policy; those of no App stay.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from ..domain.apps import App
from ..ports.store import Reading, Transaction
from ..ports.store.upkeep import Named, WalkedNames
from . import sessions, uploads, users, webhooks
from .core import Core

SWEPT_EVERY: Final = timedelta(minutes=5)
WALKED_EVERY: Final = timedelta(days=1)
TURNS_TAKEN_EVERY: Final = timedelta(hours=1)
"""How often a node asks whether the day's walk is still to be done."""

NAMES_KEPT: Final = timedelta(days=400)
"""How long a device that was left, and a word that named one, is remembered when nothing is there. As long as an
unverified OpenCX token, which version 4 of its widget keeps until it is used: whoever has one is answered the same."""

AT_ONCE: Final = 200
EVENTS_AT_ONCE: Final = 500  # there are far more of them, and nothing has to be looked up to judge one


async def sweep(core: Core) -> int:
    """One part of everything that is over by its age; answers how much went, 0 when there is no more."""
    gone = await sessions.sweep(core) + await users.sweep_guests(core)
    return gone + await uploads.sweep(core) + await webhooks.sweep(core)


async def walk(core: Core) -> AsyncIterator[int]:
    """Looks at everything that has to be judged, once; after each part it says how much went, so that one may pause."""
    async for gone in _walk_words(core):
        yield gone
    async for gone in _walk_retired_devices(core):
        yield gone
    async with core.store.read() as tx:
        apps = await tx.apps.all()
    for app in apps:
        async for gone in _walk_users(core, app):
            yield gone
        async for gone in _walk_events(core, app):
            yield gone


async def may(core: Core, what: str, *, every: timedelta) -> bool:
    """Whether it is this node's turn; if so, it is nobody else's until it is due again."""
    now = core.clock()
    async with core.store.write() as tx:
        return await tx.upkeep.take_turn(what, until=now + every, now=now)


async def sizes(core: Core) -> Mapping[str, int]:
    """Rows of the tables that grow, counted up to a million, and the bytes of all files."""
    async with core.store.search() as tx:
        return await tx.upkeep.sizes()


def _walk_words(core: Core) -> AsyncIterator[int]:
    return _walk_names(core, lambda tx: tx.upkeep.words, lambda tx: tx.upkeep.forget_word)


def _walk_retired_devices(core: Core) -> AsyncIterator[int]:
    return _walk_names(core, lambda tx: tx.upkeep.retired_devices, lambda tx: tx.upkeep.forget_retired_device)


async def _walk_names(
    core: Core,
    looking: Callable[[Reading], Callable[..., Awaitable[WalkedNames]]],
    forgetting: Callable[[Transaction], Callable[[Named, datetime], Awaitable[bool]]],
) -> AsyncIterator[int]:
    """Names of devices that are as old as names are kept, where nothing is any more."""
    before = core.clock() - NAMES_KEPT
    after: Named | None = None
    more = True
    while more:
        async with core.store.search() as reading:
            found = await looking(reading)(before, after=after, limit=AT_ONCE)
        gone = 0
        if found.unneeded:
            async with core.store.write() as tx:
                for it in found.unneeded:
                    gone += await forgetting(tx)(it, before)
        after, more = found.next, found.next is not None
        yield gone


async def _walk_users(core: Core, app: App) -> AsyncIterator[int]:
    """Unverified users who left nothing and have not come back for as long as the Policy says."""
    kept = app.policy.unverified_users_kept
    if kept is None:
        return
    before, after, more = core.clock() - kept, None, True
    while more:
        async with core.store.search() as tx:
            found = await tx.upkeep.unused_users(app.id, before, core.clock(), after=after, limit=AT_ONCE)
        gone = 0
        for it in found.unneeded:
            gone += await users.forget_unused(core, app, it, before=before)
        after, more = found.next, found.next is not None
        yield gone


async def _walk_events(core: Core, app: App) -> AsyncIterator[int]:
    """From the oldest on, up to the youngest that may go: of one kind some may, while all of the other stay."""
    now, policy = core.clock(), app.policy
    audit_before, live_before = (
        None if kept is None else now - kept for kept in (policy.audit_events_kept, policy.live_events_kept)
    )
    after, more = None, audit_before is not None or live_before is not None
    while more:
        async with core.store.search() as reading:
            found = await reading.upkeep.old_events(
                app.id, audit_before=audit_before, live_before=live_before, after=after, limit=EVENTS_AT_ONCE
            )
        gone = 0
        if found.unneeded:
            async with core.store.write() as tx:
                gone = await tx.upkeep.forget_events(found.unneeded)
        after, more = found.next, found.next is not None
        yield gone
