"""Connections that are opened as they are needed, lent to one block at a time, and kept."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from ..domain.errors import Busy

T = TypeVar("T")

LONGEST_WAIT: Final = 5.0  # seconds to wait for a connection while all are lent


class Lending(Generic[T]):
    """At most ``most`` connections. The one that came back last is lent first: it is warm, and it is alive."""

    def __init__(
        self,
        most: int,
        *,
        open: Callable[[], Awaitable[T]],
        is_good: Callable[[T], bool],
        close: Callable[[T], Awaitable[None]],
        abandon: Callable[[T], None],
    ) -> None:
        self._most = most
        self._open_one, self._is_good, self._close_one, self._abandon = open, is_good, close, abandon
        self._free: list[T] = []
        self._open = 0
        self._waiting: deque[asyncio.Future[T | None]] = deque()
        self._is_closed = False

    def at_hand(self) -> T | None:
        """A good connection that is free now; nobody waits while there is one."""
        while self._free:
            it = self._free.pop()
            if self._is_good(it):
                return it
            self.drop(it)
        return None

    async def take(self) -> T:
        """A good connection; refuses with Busy when none comes free in time."""
        while True:
            if self._is_closed:
                raise Busy
            if (free := self.at_hand()) is not None:
                return free
            if self._open < self._most:
                return await self._open_another()
            handed = await self._wait()
            if handed is not None:
                return handed

    def give_back(self, it: T) -> None:
        """It is free again: straight to whoever has waited longest."""
        if self._is_closed or not self._is_good(it):
            self.drop(it)
        elif (waiting := self._longest_waiting()) is not None:
            waiting.set_result(it)
        else:
            self._free.append(it)

    def drop(self, it: T) -> None:
        """It is of no use any more; who waits may open another."""
        self._abandon(it)
        self._make_room()

    async def close(self) -> None:
        """Closes those that are free now, and abandons the others as they come back."""
        self._is_closed = True
        while self._free:
            await self._close_one(self._free.pop())

    async def _open_another(self) -> T:
        self._open += 1
        try:
            return await self._open_one()
        except BaseException:
            self._make_room()
            raise

    def _make_room(self) -> None:
        self._open -= 1
        if (waiting := self._longest_waiting()) is not None:
            waiting.set_result(None)

    def _longest_waiting(self) -> asyncio.Future[T | None] | None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                return waiting
        return None

    async def _wait(self) -> T | None:
        """A connection, or None when there is room for another one."""
        waiting: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            done, _ = await asyncio.wait({waiting}, timeout=LONGEST_WAIT)
        except asyncio.CancelledError:
            if waiting.done():  # handed over at the very moment its taker was cancelled
                handed = waiting.result()
                if handed is not None:
                    self.give_back(handed)
                elif (other := self._longest_waiting()) is not None:
                    other.set_result(None)
            waiting.cancel()
            raise
        if not done:
            waiting.cancel()
            raise Busy
        return waiting.result()
