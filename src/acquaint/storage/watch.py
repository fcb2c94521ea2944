"""What other processes wrote to the same SQLite file: the command line, or a second server.

SQLite tells cheaply *that* somebody else committed; what happened is in the Events they wrote. An id is made before
its row is committed, so what is new may have an older id than what was seen: the last seconds are always read again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from ..domain import ids
from ..domain.errors import Busy
from ..domain.events import Event
from ..ports.crypto import Clock
from .store import SqlStore

EVERY: Final = timedelta(milliseconds=250)
"""Rule 8: what is revoked elsewhere is refused here within a second."""

OVERLAP: Final = timedelta(seconds=15)
"""A write can wait for its turn and for another process, and take its time: longer than all of these together."""


async def watch(store: SqlStore, told_elsewhere: Callable[[Sequence[Event]], None], clock: Clock) -> None:
    """Tells what other processes wrote, each Event once, until it is cancelled.

    The first look tells of the last seconds before it began. On PostgreSQL there is nothing to watch:
    the Bus tells.
    """
    handled: int | None = None
    told: set[int] = set()
    last = clock()
    while (version := store.changes()) is not None:
        if version != handled:
            now = clock()
            since = ids.first_at(min(last, now) - OVERLAP)  # the earlier of the two: clocks are set back, too
            try:
                async with store.search() as tx:
                    found = await tx.events.of_others(since - 1)
            except Busy:
                pass  # handled is what it was: the next look tries again
            else:
                fresh = [it for it in found if it.id not in told]
                told = {it.id for it in found}
                handled, last = version, now
                if fresh:
                    told_elsewhere(fresh)
        await asyncio.sleep(EVERY.total_seconds())
