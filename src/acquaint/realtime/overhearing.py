"""What was said in passing on another node, judged again before anybody here hears it.

Whoever says it is read from the store, not believed: a session that is live, of somebody who may act and may say it
there. What is too much is dropped without a word.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from ..domain.errors import Busy, Refusal
from ..domain.sessions import Session
from ..ports.store import Reading
from ..services.asides import Audience, Remark, audience_of
from ..services.core import Core
from ..services.live import going_on
from .mentioned import Spoken, remark_of

MOST_WAITING: Final = 1_000  # remarks
MOST_BYTES: Final = 4_000_000
"""Of those. Against memory filled over the Bus while the database is slow; lower would lose calls in a busy second."""

MOST_AT_ONCE: Final = 50  # remarks that are judged in one read

log = structlog.get_logger()

Tell = Callable[[Remark, Session | None, Audience], Awaitable[None]]


class Overhearing:
    """One remark after the other, so that those of one session are told in the order in which they were heard."""

    def __init__(self, core: Core, tell: Tell) -> None:
        self._core, self._tell = core, tell
        self._waiting: deque[Spoken] = deque()
        self._bytes = 0
        self._is_judging = False

    def heard(self, it: Spoken) -> bool:
        """Whether ``judge`` is to be started."""
        if len(self._waiting) >= MOST_WAITING or self._bytes + len(bytes(it.words)) > MOST_BYTES:
            return False
        self._waiting.append(it)
        self._bytes += len(bytes(it.words))
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
            self._bytes -= sum(len(bytes(it.words)) for it in batch)
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

    async def _judged(self, tx: Reading, it: Spoken) -> tuple[Remark, Session | None, Audience] | None:
        remark, session = remark_of(it), None
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
