"""What is said in passing on its way between nodes: sealed here, and judged again there before anybody hears it.

Whoever says it is read from the store, not believed: a session that is live, of somebody who may act and may say it
there. What has no seal of a node, is late, or is too much is dropped without a word.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from ..domain.apps import AppId
from ..domain.errors import Busy, Refusal
from ..domain.events import Event, EventKind
from ..domain.sessions import Session
from ..ports.store import Reading
from ..services.asides import Audience, Remark, audience_of
from ..services.core import Core
from ..services.live import going_on
from .mentioned import Sealed, Seals, read_remark, write_remark

MOST_WAITING: Final = 1_000  # remarks
MOST_BYTES: Final = 4_000_000
"""Of those. Against memory filled over the Bus while the database is slow; lower would lose calls in a busy second."""

MOST_AT_ONCE: Final = 50  # remarks that are judged in one read

_OF_SECRETS: Final = frozenset({EventKind.SECRET_ROTATED, EventKind.SECRET_RETIRED})

log = structlog.get_logger()

Tell = Callable[[Remark, Session | None, Audience], Awaitable[None]]


class Overhearing:
    """One remark after the other, so that those of one session are told in the order in which they were heard."""

    def __init__(self, core: Core, tell: Tell) -> None:
        self._core, self._seals, self._tell = core, Seals(), tell
        self._waiting: deque[Sealed] = deque()
        self._bytes = 0
        self._is_judging = False

    def happened(self, event: Event) -> None:
        if event.kind in _OF_SECRETS:
            self._seals.forget(event.app_id)

    def lost(self) -> None:
        self._seals.forget()

    async def sealed(self, tx: Reading, remark: Remark) -> bytes | None:
        """What is mentioned to the other nodes; nothing, of an App that has no secret."""
        now = self._core.clock()
        keys = await self._seals.of(tx, remark.app_id, now)
        return write_remark(remark, keys[-1], now) if keys else None

    def heard(self, it: Sealed) -> bool:
        """Whether ``judge`` is to be started."""
        if len(self._waiting) >= MOST_WAITING or self._bytes + len(bytes(it.said)) > MOST_BYTES:
            return False
        self._waiting.append(it)
        self._bytes += len(bytes(it.said))
        starts, self._is_judging = not self._is_judging, True
        return starts

    async def judge(self) -> None:
        """Until nothing waits any more. Never raises."""
        try:
            await self._judge_all()
        finally:
            self._is_judging = False

    async def _judge_all(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))]
            self._bytes -= sum(len(bytes(it.said)) for it in batch)
            try:
                async with self._core.store.read() as tx:
                    found = [await self._judged(tx, it) for it in batch]
                for it in found:
                    if it is not None:
                        await self._tell(*it)
            except Busy:
                log.info("asides_dropped", count=len(batch), why="the database does not answer")
            except Exception:
                log.exception("asides_broke", count=len(batch))
            await asyncio.sleep(0)

    async def _judged(self, tx: Reading, it: Sealed) -> tuple[Remark, Session | None, Audience] | None:
        now = self._core.clock()
        remark = read_remark(it, await self._seals.of(tx, AppId(it.app), now), now)
        if remark is None:
            return None
        session = None
        if remark.session_id is None:
            app = await tx.apps.get(remark.app_id)
            if app is None or not app.is_open:
                return None
        else:
            session = await going_on(self._core, tx, remark.app_id, remark.session_id)
            if session is None:
                return None
        try:
            audience = await audience_of(tx, session, remark)
        except Refusal as refusal:
            if isinstance(refusal, Busy):
                raise
            return None
        return None if audience is None else (remark, session, audience)
