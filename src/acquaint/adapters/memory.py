"""The Bus and the Limiter of a server that is one process: nothing to reach, nothing to lose.

MemoryBus        tells the listeners of this process
MemoryLimiter    counts tries by GCRA, in bounded memory
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

import anyio

from ..domain.errors import TooManyRequests
from ..domain.events import Event
from ..domain.limits import Left, Limit
from ..ports.bus import Listener
from .listeners import Listeners

MOST_COUNTED: Final = 100_000
"""Tries of so many are remembered at once, in about 30 MB. Answers floods from ever new addresses, which would fill
the memory. Lower makes it cheaper to flood somebody else's count out of it."""

_A_MICROSECOND: Final = timedelta(microseconds=1)


class MemoryBus:
    """Always whole: there is no other node."""

    def __init__(self) -> None:
        self._listeners = Listeners()

    @property
    def is_whole(self) -> bool:
        return True

    @property
    def not_believed(self) -> int:
        return 0

    def tell(self, events: Sequence[Event]) -> None:
        self._listeners.heard(events)

    def add(self, listener: Listener) -> None:
        self._listeners.add(listener)

    def mention(self, words: bytes, *, of: int) -> bool:
        return True  # and nobody hears it

    def listen_in(self, overhears: Callable[[bytes], None]) -> None:
        """Nobody will ever mention anything."""

    async def run(self) -> None:
        await anyio.sleep_forever()


class MemoryLimiter:
    """The generic cell rate algorithm: one moment is kept for each who, up to which what they took is spread.

    Whoever has nothing left to pay off is forgotten. When too many are counted, those go first who used the least
    of their limit: a flood of strangers who tried once does not wash away the one who tried too often.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic, *, most: int = MOST_COUNTED) -> None:
        self._monotonic = monotonic
        self._most = most
        self._spread: dict[tuple[str, str], tuple[int, int]] = {}  # until when (µs), and the whole span of the limit
        self._swept_at = min(most, 1000)

    async def take(self, limit: Limit, who: str) -> Left:
        now, step, burst = self._now(), step_of(limit), burst_of(limit)
        until = max(now, self._spread.get((limit.name, who), (0, 0))[0])
        wait = until - now - burst if limit.times > 0 else step
        if wait > 0:
            raise TooManyRequests(timedelta(microseconds=wait))
        self._spread[limit.name, who] = until + step, step + burst
        if len(self._spread) > self._swept_at:
            self._sweep(now)
        return left_of(limit, until + step - now)

    async def give_back(self, limit: Limit, who: str) -> None:
        found = self._spread.get((limit.name, who))
        if found is None:
            return
        until, span = found[0] - step_of(limit), found[1]
        if until > self._now():
            self._spread[limit.name, who] = until, span
        else:
            del self._spread[limit.name, who]

    def __len__(self) -> int:
        return len(self._spread)

    def _now(self) -> int:
        return int(self._monotonic() * 1_000_000)

    def _sweep(self, now: int) -> None:
        """Rare enough to cost nothing by the try: next when there are twice as many, or none fits any more."""
        least_used = 0.0  # of their limit, by now; whoever used nothing any more is forgotten in any case
        if len(self._spread) > self._most:
            every = list(self._spread.values())[:: max(1, len(self._spread) // 1000)]
            used = sorted((until - now) / span for until, span in every)
            least_used = max(0.0, used[len(used) // 10])
        self._spread = {whose: it for whose, it in self._spread.items() if (it[0] - now) / it[1] > least_used}
        self._swept_at = min(self._most, max(1000, 2 * len(self._spread)))


def step_of(limit: Limit) -> int:
    """How far apart tries are when they are spread evenly, in whole microseconds."""
    return max(1, limit.per // _A_MICROSECOND // max(1, limit.times))


def burst_of(limit: Limit) -> int:
    """How far ahead of an even spread somebody may be, in whole microseconds: all but one try at once."""
    return step_of(limit) * max(0, limit.times - 1)


def left_of(limit: Limit, ahead: int) -> Left:
    """What is left for somebody who is so many microseconds ahead of an even spread."""
    step, burst = step_of(limit), burst_of(limit)
    return Left((burst - ahead) // step + 1 if ahead <= burst else 0, timedelta(microseconds=ahead))
