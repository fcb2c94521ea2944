"""Two requests at once, the unlucky way every time: one stops in the middle of its write until the other has been.

    core = pausing(core, "sessions.add", lambda: users.ban(…))

Before its first ``tx.sessions.add`` the use case lets the other run, for as long as that takes or, where the other
has to wait for this very write, for a moment. On SQLite writes take turns, so there the other always waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from acquaint.services.core import Core

A_MOMENT = 0.25  # seconds


class Other:
    """The other request. ``outcome`` waits for it: what it answered, or what it was refused with."""

    def __init__(self, run: Callable[[], Awaitable[Any]]) -> None:
        self._run = run
        self._task: asyncio.Task[Any] | None = None

    async def begin(self) -> None:
        if self._task is None:
            self._task = asyncio.ensure_future(self._run())
            await asyncio.wait({self._task}, timeout=A_MOMENT)

    async def outcome(self) -> Any:
        assert self._task is not None, "the write never came to where it should have stopped"
        return (await asyncio.gather(self._task, return_exceptions=True))[0]


def pausing(core: Core, before: str, run: Callable[[], Awaitable[Any]]) -> tuple[Core, Other]:
    """A core whose writes stop before the method, and the other request that runs then."""
    shelf, method = before.split(".")
    other = Other(run)
    return replace(core, store=_Store(core.store, shelf, method, other)), other


class _Store:
    def __init__(self, store: Any, shelf: str, method: str, other: Other) -> None:
        self._store, self._shelf, self._method, self._other = store, shelf, method, other

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Any]:
        async with self._store.write() as tx:
            yield _Stopping(tx, self._shelf, _Stopping(getattr(tx, self._shelf), self._method, None, self._other))


class _Stopping:
    """Something one of whose attributes is another; without another, a method that stops before it begins."""

    def __init__(self, it: Any, name: str, instead: Any = None, other: Other | None = None) -> None:
        self._it, self._name, self._instead, self._other = it, name, instead, other

    def __getattr__(self, name: str) -> Any:
        if name != self._name:
            return getattr(self._it, name)
        return self._instead if self._other is None else self._stopping(getattr(self._it, name))

    def _stopping(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def stops(*args: Any, **named: Any) -> Any:
            assert self._other is not None
            await self._other.begin()
            return await method(*args, **named)

        return stops
