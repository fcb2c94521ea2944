"""What goes on beside requests, for as long as the server serves."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, Final

import structlog

from ..domain.errors import Busy
from ..services import sessions, upkeep
from ..services.core import Core
from ..services.delivering import Courier
from ..settings import Settings
from ..storage.store import SqlStore
from ..storage.watch import watch

log = structlog.get_logger()

A_MOMENT: Final = timedelta(seconds=30)  # by which a turn ends before the same node asks for the next
SWEEP_PAUSE: Final = 0.1  # seconds between two parts of one sweep: requests come first
RESTARTED_AFTER: Final = 1.0  # seconds until a task that broke is begun anew


def tasks_of(settings: Settings, core: Core, store: SqlStore, courier: Courier) -> list[Coroutine[Any, Any, None]]:
    async def sweep() -> None:
        if not await upkeep.may(core, "sweep", every=upkeep.SWEPT_EVERY - A_MOMENT):
            return
        gone = 1
        while gone:
            gone = await upkeep.sweep(core)
            await asyncio.sleep(SWEEP_PAUSE)

    async def walk() -> None:
        if not await upkeep.may(core, "walk", every=upkeep.WALKED_EVERY - A_MOMENT):
            return
        async for _ in upkeep.walk(core):
            await asyncio.sleep(SWEEP_PAUSE)

    async def write_behind() -> None:
        await sessions.write_behind(core)

    async def watch_others() -> None:
        await watch(store, core.bus.tell, core.clock)

    tasks = [
        _every(sessions.SEEN_WRITTEN_EVERY, "write_behind", write_behind),
        _every(upkeep.SWEPT_EVERY, "sweep", sweep),
        _every(upkeep.TURNS_TAKEN_EVERY, "walk", walk),
        kept_running("webhooks", courier.run),
    ]
    if settings.is_embedded:  # the command line writes to the same file; elsewhere the bus tells
        tasks.append(kept_running("watch", watch_others))
    return tasks


@contextlib.asynccontextmanager
async def running(work: list[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """The tasks go on for as long as the block, and have ended after it."""
    tasks = [asyncio.create_task(it) for it in work]
    await asyncio.sleep(0)  # each has begun, so that each also tidies up
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _every(period: timedelta, name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Does the work again and again. A database that is away does not end it, and neither does a mistake of ours."""
    while True:
        await asyncio.sleep(period.total_seconds())
        try:
            await work()
        except Busy:
            log.warning("task_put_off", task=name, why="the database does not answer")
        except Exception:
            log.exception("task_broke", task=name)


async def kept_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception("task_broke", task=name)
        await asyncio.sleep(RESTARTED_AFTER)
