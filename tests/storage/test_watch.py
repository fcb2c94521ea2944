"""What the command line writes to the database of a server that runs, the server hears of."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acquaint.domain import ids
from acquaint.domain.events import Event, EventKind
from acquaint.storage.store import SqlStore
from acquaint.storage.watch import watch
from tests.storage.world import World
from tests.support.patience import PROMISED
from tests.support.sealing import SEALING

ROOT = Path(__file__).parents[2]


class Heard:
    """The Events of others, in the order they were heard."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._more = asyncio.Event()

    def __call__(self, events: list[Event]) -> None:
        self.events.extend(events)
        self._more.set()

    async def so_many(self, count: int) -> list[Event]:
        async with asyncio.timeout(PROMISED):  # rule 8: within a second
            while len(self.events) < count:
                self._more.clear()
                await self._more.wait()
        return self.events


@pytest.fixture
async def heard(on_sqlite: World) -> AsyncIterator[Heard]:
    heard = Heard()
    watching = asyncio.ensure_future(watch(on_sqlite.store, heard, on_sqlite.clock))  # type: ignore[arg-type]
    yield heard  # it may begin to look when something has happened: the last seconds before are told as well
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


@pytest.fixture
async def elsewhere(on_sqlite: World, sqlite: str) -> AsyncIterator[SqlStore]:
    """The store of another process: it is told of nothing here, and numbers its rows differently."""
    store = SqlStore(sqlite, new_id=on_sqlite.new_id, clock=on_sqlite.clock, sealing=SEALING, told=lambda _: None)
    yield store
    await store.close()


async def test_another_process_is_heard_within_a_second(on_sqlite: World, sqlite: str, heard: Heard) -> None:
    first_id = str(ids.first_at(on_sqlite.now) + 10_000_000)
    writing = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.storage.writer", sqlite, "event", first_id, cwd=ROOT, stdout=subprocess.DEVNULL
    )
    assert await writing.wait() == 0
    (event,) = await heard.so_many(1)
    assert event.kind is EventKind.SESSION_ENDED
    assert event.session_id == 7


async def test_each_event_of_others_is_heard_once_and_our_own_never(
    on_sqlite: World, elsewhere: SqlStore, heard: Heard
) -> None:
    theirs = []
    for number in range(1, 4):
        async with on_sqlite.store.write() as tx:
            await tx.events.add(on_sqlite.event())
        async with elsewhere.write() as tx:
            theirs.append(await tx.events.add(on_sqlite.event()))
        assert await heard.so_many(number) == theirs
    await asyncio.sleep(0.3)
    assert heard.events == theirs


async def test_an_event_that_is_committed_late_is_heard_although_its_id_is_old(
    on_sqlite: World, elsewhere: SqlStore, heard: Heard
) -> None:
    late = on_sqlite.event()
    on_sqlite.clock.forward(seconds=10)
    async with elsewhere.write() as tx:
        newer = await tx.events.add(on_sqlite.event(id=late.id + 5_000))
    assert await heard.so_many(1) == [newer]
    async with elsewhere.write() as tx:
        await tx.events.add(late)
    assert await heard.so_many(2) == [newer, late]


async def test_clocks_that_are_set_back_an_hour_hide_nothing(
    on_sqlite: World, elsewhere: SqlStore, heard: Heard
) -> None:
    async with elsewhere.write() as tx:
        first = await tx.events.add(on_sqlite.event())
    assert await heard.so_many(1) == [first]
    on_sqlite.clock.back(hours=1)
    async with elsewhere.write() as tx:  # a process that starts now makes ids of an hour ago
        second = await tx.events.add(on_sqlite.event(id=ids.first_at(on_sqlite.now)))
    assert await heard.so_many(2) == [first, second]
    on_sqlite.clock.forward(hours=2)
    async with elsewhere.write() as tx:
        third = await tx.events.add(on_sqlite.event(id=ids.first_at(on_sqlite.now)))
    assert await heard.so_many(3) == [first, second, third]


async def test_others_are_heard_while_we_write_without_a_pause(
    on_sqlite: World, elsewhere: SqlStore, heard: Heard
) -> None:
    async def keep_writing() -> None:
        while True:
            await on_sqlite.add_session()

    writing = [asyncio.ensure_future(keep_writing()) for _ in range(8)]
    async with elsewhere.write() as tx:
        event = await tx.events.add(on_sqlite.event())
    assert await heard.so_many(1) == [event]
    for it in writing:
        it.cancel()
    await asyncio.gather(*writing, return_exceptions=True)


@pytest.mark.postgres
async def test_on_postgresql_there_is_nothing_to_watch(postgresql: str, on_sqlite: World) -> None:
    store = SqlStore(postgresql, new_id=on_sqlite.new_id, clock=on_sqlite.clock, sealing=SEALING, told=lambda _: None)
    await watch(store, lambda _: None, on_sqlite.clock)
    await store.close()
