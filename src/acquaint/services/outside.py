"""What the process remembers of Providers: the documents they publish, and how many questions to each are open."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from ..domain.errors import Busy
from ..ports.crypto import Clock
from ..ports.outbound import NoAnswer, Outbound

T = TypeVar("T")

MOST_DOCUMENTS: Final = 256
LARGEST_DOCUMENT: Final = 256 * 1024  # bytes; key sets have some thousands
USUALLY_FRESH: Final = timedelta(hours=1)  # where the issuer does not say how long
LEAST_FRESH: Final = timedelta(minutes=1)
MOST_FRESH: Final = timedelta(days=1)
"""However long the issuer says: a key that it withdraws is not believed for longer than this."""
ASKED_AGAIN_AFTER: Final = timedelta(minutes=1)
"""An unknown key may be one that the issuer has just begun to use, so it is asked again: at most this often, or
strangers could have us ask it as often as they like."""
FAILURES_REMEMBERED: Final = timedelta(seconds=5)
"""Whoever comes meanwhile is refused at once rather than kept waiting for the same silence."""
MOST_QUESTIONS: Final = 16
"""Open at once, to one Provider. One that is slow keeps nobody else's sign-ins waiting: there are 50 in all."""
MOST_WAITING: Final = 500
"""For their turn with one Provider. Against a queue without end; lower would hurt a launch day."""
PATIENCE: Final = timedelta(seconds=5)


@dataclass(slots=True)
class _Document:
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    value: Any = None
    came_at: datetime | None = None
    fresh_until: datetime | None = None
    failed_at: datetime | None = None
    failure: str = ""

    def is_fresh(self, now: datetime) -> bool:
        return self.came_at is not None and self.fresh_until is not None and self.came_at <= now < self.fresh_until

    def came_within(self, time: timedelta, now: datetime) -> bool:
        return self.came_at is not None and now - self.came_at < time


@dataclass(slots=True)
class _Queue:
    """Those who ask one Provider, and those who wait for their turn."""

    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_QUESTIONS))
    length: int = 0


class Outside:
    """Bounded, and by address: what one issuer publishes never counts for another."""

    def __init__(
        self, outbound: Outbound, clock: Clock, *, most: int = MOST_DOCUMENTS, patience: timedelta = PATIENCE
    ) -> None:
        self._outbound, self._clock, self._most, self._patience = outbound, clock, most, patience
        self._documents: OrderedDict[tuple[str, Hashable], _Document] = OrderedDict()
        self._queues: dict[Hashable, _Queue] = {}

    async def document(
        self, url: str, read: Callable[[bytes], T], *, lacks: Callable[[T], bool] = lambda value: False
    ) -> T:
        """What the address publishes, as ``read`` makes of it; remembered as long as its Cache-Control says.

        Many who want it at once ask once. One that ``lacks`` something is asked for again, though not often; the
        answer may lack it still. Raises NoAnswer, also where ``read`` raises ValueError.
        """
        it = self._remembered((url, read))  # one address may be read as two kinds of document, by two Apps
        if it.is_fresh(self._clock()) and not lacks(it.value):
            found: T = it.value
            return found
        async with it.asking:
            now = self._clock()
            if it.is_fresh(now) and (not lacks(it.value) or it.came_within(ASKED_AGAIN_AFTER, now)):
                found = it.value
                return found
            if it.failed_at is not None and timedelta(0) <= now - it.failed_at < FAILURES_REMEMBERED:
                raise NoAnswer(it.failure)
            try:
                return await self._ask(it, url, read)
            except NoAnswer as why:
                it.failed_at, it.failure = self._clock(), str(why)
                raise

    @asynccontextmanager
    async def question(self, whose: Hashable) -> AsyncIterator[None]:
        """Around each question to a Provider; refuses with Busy whose turn does not come soon."""
        queue = self._queues.setdefault(whose, _Queue())
        if queue.length >= MOST_QUESTIONS + MOST_WAITING:
            raise Busy
        queue.length += 1
        try:
            try:
                async with asyncio.timeout(self._patience.total_seconds()):
                    await queue.turns.acquire()
            except TimeoutError:
                raise Busy from None
            try:
                yield
            finally:
                queue.turns.release()
        finally:
            queue.length -= 1
            if not queue.length:
                self._queues.pop(whose, None)

    def _remembered(self, what: tuple[str, Hashable]) -> _Document:
        it = self._documents.setdefault(what, _Document())
        self._documents.move_to_end(what)
        if len(self._documents) > self._most:
            self._documents.popitem(last=False)
        return it

    async def _ask(self, it: _Document, url: str, read: Callable[[bytes], T]) -> T:
        answer = await self._outbound.ask("GET", url, headers={"Accept": "application/json"}, at_most=LARGEST_DOCUMENT)
        if answer.status != 200:
            raise NoAnswer(f"{url} answers {answer.status}")
        try:
            value = read(answer.body)
        except ValueError as flaw:
            raise NoAnswer(f"{url} does not answer what it should: {flaw}") from flaw
        now = self._clock()
        it.value, it.came_at, it.fresh_until, it.failed_at = value, now, now + fresh_for(answer.headers), None
        return value


def fresh_for(headers: Mapping[str, str]) -> timedelta:
    """How long an answer may be remembered, by its Cache-Control and Age, within our own bounds."""
    control = headers.get("cache-control", "").lower()
    if "no-store" in control or "no-cache" in control:
        return LEAST_FRESH
    said = re.search(r"(?:^|[\s,])max-age=\"?([0-9]{1,9})", control)
    if said is None:
        return USUALLY_FRESH
    age = re.fullmatch(r"\s*([0-9]{1,9})\s*", headers.get("age", ""))
    left = timedelta(seconds=int(said[1]) - (int(age[1]) if age else 0))
    return min(max(left, LEAST_FRESH), MOST_FRESH)
