"""SQLite has one writer. Who waits for it shares a commit, and nothing else: neither a refusal nor a slow block."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from sqlalchemy import text

from acquaint.domain.errors import Busy, IdentifierTaken, NotFound
from acquaint.domain.events import Event
from acquaint.domain.identities import Assurance, Identifier
from acquaint.domain.users import User, UserId
from acquaint.ports.store import LastSeen, Transaction
from acquaint.storage import group_commit
from acquaint.storage.statements import Statement
from acquaint.storage.store import SqlStore
from tests.storage.world import World, outcomes
from tests.support.patience import PATIENCE, until
from tests.support.sealing import SEALING


@asynccontextmanager
async def another_process_writes(url: str) -> AsyncIterator[None]:
    """Somebody else holds the file, as the command line does for a moment."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")


@asynccontextmanager
async def living_beside(world: World, url: str) -> AsyncIterator[World]:
    """Another process of Acme's."""
    store = SqlStore(url, new_id=world.new_id, clock=world.clock, sealing=SEALING, told=lambda _: None)
    other = World(store, world.clock, world.ids, [])
    other.acme = world.acme
    yield other
    await store.close()


@pytest.fixture
def world(on_sqlite: World) -> World:
    return on_sqlite


async def logins(world: World) -> set[str]:
    async with world.store.read() as tx:
        found = [await tx.users.find(world.acme.id, Identifier.login(f"user-{it}")) for it in range(300)]
    return {it.identifiers[0].value for it in found if it is not None}


async def test_many_blocks_share_few_commits(world: World, sqlite: str) -> None:
    batches: list[Sequence[Event]] = []
    store = SqlStore(sqlite, new_id=world.new_id, clock=world.clock, sealing=SEALING, told=batches.append)

    async def write(_: int) -> None:
        async with store.write() as tx:
            await tx.events.add(world.event())

    await outcomes(100, write)
    await store.close()
    assert sum(map(len, batches)) == 100
    assert len(batches) <= 3


async def test_a_refusing_block_does_not_undo_its_neighbours(world: World) -> None:
    async def write(number: int) -> None:
        async with world.store.write() as tx:
            await tx.users.add(world.user(f"user-{number}"))
            if number % 3 == 0:
                raise NotFound("user")

    _, raised = await outcomes(100, write)
    assert [type(it) for it in raised] == [NotFound] * 34
    assert await logins(world) == {f"user-{it}" for it in range(100) if it % 3}


async def test_who_is_refused_because_of_a_neighbour_finds_what_the_neighbour_wrote(world: World) -> None:
    """The name is taken, so whoever was refused looks who has it: that must be committed by then."""

    async def register(_: int) -> User | None:
        try:
            return await world.add_user("user-1")
        except IdentifierTaken:
            async with world.store.read() as tx:
                return await tx.users.find(world.acme.id, Identifier.login("user-1"))

    found, raised = await outcomes(8, register)
    assert raised == []
    assert None not in found
    assert len({it.id for it in found if it}) == 1


async def test_a_refusal_with_nobody_before_it_costs_no_commit(world: World, sqlite: str) -> None:
    async def refuse() -> None:
        async with world.store.write() as tx:
            await tx.users.add(world.user("user-1"))
            raise NotFound("user")

    log = Path(sqlite.removeprefix("sqlite:///") + "-wal")
    size = log.stat().st_size
    with pytest.raises(NotFound):
        await refuse()
    assert log.stat().st_size == size


async def test_a_failed_commit_is_told_to_all_who_share_it(world: World) -> None:
    async def write(number: int) -> User:
        async with world.store.write() as tx:
            if number == 5:  # a foreign key that is looked at when it is too late: the commit fails for everybody
                await tx.events.add(world.event())
                writer = world.store._engine._writer  # type: ignore[attr-defined]
                writer._connection.execute("PRAGMA defer_foreign_keys = ON")
                nobody = UserId(404)
                await tx.sessions.add(world.session(user_id=nobody, assurance=Assurance.VERIFIED), "f1")
            return await tx.users.add(world.user(f"user-{number}"))

    got, raised = await outcomes(10, write)
    assert got == []
    assert [type(it) for it in raised] == [Busy] * 10
    assert world.told == []
    assert await logins(world) == set()
    await world.add_user("user-1")  # and the next one is fine


async def test_a_block_that_takes_absurdly_long_is_undone_and_the_others_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = world.store._engine._writer  # type: ignore[attr-defined]

    @asynccontextmanager
    async def a_short_turn() -> AsyncIterator[Transaction]:
        monkeypatch.setattr(group_commit, "LONGEST_TURN", 0.2)
        async with world.store.write() as tx:
            monkeypatch.setattr(group_commit, "LONGEST_TURN", PATIENCE)
            yield tx

    async def stall() -> None:
        async with a_short_turn() as tx:
            await tx.users.add(world.user("user-0"))
            await asyncio.Event().wait()

    async def stall_and_go_on() -> None:
        async with a_short_turn() as tx:
            await tx.users.add(world.user("user-1"))
            await until(lambda: writer._inside is None)
            await tx.users.add(world.user("user-2"))

    async def stall_and_leave() -> None:
        async with a_short_turn() as tx:
            await tx.users.add(world.user("user-3"))
            await until(lambda: writer._inside is None)

    stalling = asyncio.ensure_future(stall())
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        await world.add_user("user-4")
        for block in (stall_and_go_on(), stall_and_leave()):
            with pytest.raises(Busy):
                await block
    assert await logins(world) == {"user-4"}
    stalling.cancel()
    await asyncio.gather(stalling, return_exceptions=True)


class Stalling:
    """Time, of a machine that stands still for a second right after somebody looked for the first time."""

    def __init__(self) -> None:
        self._looks = 0

    def monotonic(self) -> float:
        self._looks += 1
        return time.monotonic() + (self._looks > 1)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


async def test_a_machine_that_stands_still_as_a_group_begins_holds_nobody_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was found: the group was over before its first block, which waited for ever, and all others with it."""
    monkeypatch.setattr(group_commit, "time", Stalling())
    async with asyncio.timeout(PATIENCE):
        await world.add_user("user-1")
        await world.add_user("user-2")
    assert await logins(world) == {"user-1", "user-2"}


async def test_who_comes_the_moment_a_group_broke_holds_nobody_up(world: World) -> None:
    """As it was found: whoever was already waiting, and whoever came, waited for ever."""
    writer = world.store._engine._writer  # type: ignore[attr-defined]
    is_inside = asyncio.Event()

    async def break_it() -> None:
        async with world.store.write() as tx:
            await tx.users.add(world.user("user-1"))
            is_inside.set()
            await until(lambda: writer._waiting)
            writer._connection.execute("ROLLBACK")

    async def break_it_and_come_again() -> None:
        with pytest.raises(Busy):
            await break_it()
        await world.add_user("user-2")

    breaking = asyncio.ensure_future(break_it_and_come_again())
    async with asyncio.timeout(PATIENCE):
        await is_inside.wait()
        await asyncio.gather(breaking, world.add_user("user-3"))
    assert await logins(world) == {"user-2", "user-3"}


async def test_another_process_that_writes_is_waited_for_while_the_loop_goes_on(world: World, sqlite: str) -> None:
    ann = await world.add_user("user-0")
    session = await world.add_session(ann)
    async with another_process_writes(sqlite):
        writing = asyncio.gather(*(world.add_user(f"user-{it}") for it in range(1, 4)))
        seen = asyncio.ensure_future(world.store.write_last_seen([LastSeen(session.id, world.clock.forward(hours=1))]))
        for _ in range(20):  # the event loop keeps serving
            await asyncio.sleep(0.01)
            async with world.store.read() as tx:
                assert await tx.users.find(world.acme.id, Identifier.login("user-1")) is None
        assert not writing.done()
        assert not seen.done()
    await writing
    await seen
    async with world.store.read() as tx:
        assert await tx.users.find(world.acme.id, Identifier.login("user-3"))
        assert (await tx.sessions.of_user(ann.id))[0].last_seen_at == world.now


async def test_another_process_that_never_stops_writing_makes_us_busy(
    world: World, sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "LONGEST_WAIT", 0.2)
    async with another_process_writes(sqlite):
        got, raised = await outcomes(5, lambda it: world.add_user(f"user-{it}"))
    assert got == []
    assert [type(it) for it in raised] == [Busy] * 5
    await world.add_user("user-1")


async def test_two_processes_that_write_without_a_pause_both_get_on(world: World, sqlite: str) -> None:
    async with living_beside(world, sqlite) as other:
        written = {id(it): 0 for it in (world, other)}

        async def keep_writing(it: World) -> None:
            while True:
                await it.add_session()
                written[id(it)] += 1

        writing = [asyncio.ensure_future(keep_writing(it)) for it in (world, other) for _ in range(16)]
        await until(lambda: min(written.values()) > 50 or any(it.done() for it in writing))
        for it in writing:
            it.cancel()
        assert [it for it in await asyncio.gather(*writing, return_exceptions=True) if isinstance(it, Busy)] == []


async def test_those_cancelled_while_another_process_writes_leave_no_trace(world: World, sqlite: str) -> None:
    async with another_process_writes(sqlite):
        writing = [asyncio.ensure_future(world.add_user(f"user-{it}")) for it in range(4)]
        await asyncio.sleep(0.05)
        for it in writing[:3]:
            it.cancel()
    await asyncio.gather(*writing, return_exceptions=True)
    assert await logins(world) == {"user-3"}


async def test_a_full_disk_refuses_and_loses_nothing_that_was_answered(world: World) -> None:
    writer = world.store._engine._writer  # type: ignore[attr-defined]
    answered = {(await world.add_user("user-0")).identifiers[0].value}
    pages = writer._connection.execute("PRAGMA page_count").fetchone()[0]
    writer._connection.execute(f"PRAGMA max_page_count = {pages + 20}")

    async def write(number: int) -> str:
        async with world.store.write() as tx:
            user = await tx.users.add(world.user(f"user-{number}"), password_hash="x" * 20_000)
        return user.identifiers[0].value

    raised: list[BaseException] = []
    for start in (1, 21, 41):
        got, raised = await outcomes(20, lambda it, start=start: write(start + it))  # type: ignore[misc]
        answered |= set(got)
        assert {type(it) for it in raised} <= {Busy}
    assert raised
    assert await logins(world) == answered
    writer._connection.execute("PRAGMA max_page_count = 1000000")
    await world.add_user("user-299")


async def test_in_any_mixture_what_was_answered_is_there_and_what_was_refused_is_not(world: World) -> None:
    """Three hundred blocks that finish, refuse, dawdle or are cancelled at some moment."""
    chance = random.Random(42)
    plans = [chance.choice(["finish", "finish", "refuse", "dawdle"]) for _ in range(300)]
    answered: set[str] = set()

    async def write(number: int) -> None:
        name = f"user-{number}"
        await asyncio.sleep(chance.random() * 0.05)
        async with world.store.write() as tx:
            await tx.users.add(world.user(name))
            if plans[number] == "dawdle":
                await asyncio.sleep(chance.random() * 0.002)
            if plans[number] == "refuse":
                raise NotFound("user")
        answered.add(name)

    async def use_sessions() -> None:
        session = await world.add_session()
        for _ in range(20):
            await world.store.write_last_seen([LastSeen(session.id, world.now)])
            await asyncio.sleep(0.002)

    tasks = [asyncio.ensure_future(write(it)) for it in range(300)]
    using = asyncio.ensure_future(use_sessions())
    await asyncio.sleep(0.01)
    for it in chance.sample(tasks, 60):
        await asyncio.sleep(chance.random() * 0.002)
        it.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    await using
    refused = {f"user-{it}" for it, outcome in enumerate(found) if isinstance(outcome, NotFound)}
    there = await logins(world)
    assert answered <= there
    assert not refused & there
    assert not (there - answered) - {f"user-{it}" for it, task in enumerate(tasks) if task.cancelled()}
    await world.add_user("last")


async def test_closing_lets_everybody_finish_and_then_refuses(world: World) -> None:
    writing = [asyncio.ensure_future(world.add_user(f"user-{it}")) for it in range(20)]
    await asyncio.sleep(0)
    await world.store.close()
    await asyncio.gather(*writing)
    with pytest.raises(Busy):
        await world.add_user("late")
    with pytest.raises(Busy):
        async with world.store.read():
            pass


async def test_nothing_is_left_beside_the_file_after_closing(world: World, sqlite: str) -> None:
    await world.add_user("user-1")
    await world.store.close()
    folder = Path(sqlite.removeprefix("sqlite:///")).parent
    assert [it.name for it in folder.iterdir()] == ["acquaint.db"]


async def test_a_search_that_never_ends_is_interrupted_when_it_is_left(world: World) -> None:
    endless = Statement(text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"))

    async def search() -> None:
        async with world.store.search() as tx:
            await tx._db.rows(endless)

    searching = [asyncio.ensure_future(search()) for _ in range(3)]
    await asyncio.sleep(0.1)
    for it in searching:
        it.cancel()
    await asyncio.gather(*searching, return_exceptions=True)
    async with asyncio.timeout(PATIENCE):
        await world.store.check()
