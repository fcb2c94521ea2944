"""A database that is away makes us Busy, and nothing worse; when it is back, so are we."""

from __future__ import annotations

import asyncio

import pytest

from acquaint.domain.errors import Busy
from acquaint.domain.identities import Identifier
from acquaint.storage import lending
from acquaint.storage.store import SqlStore
from tests.storage.world import World, living, outcomes
from tests.support.clock import SetClock
from tests.support.patience import until
from tests.support.postgres import RunningPostgres
from tests.support.sealing import SEALING


async def test_a_file_that_is_not_there_is_busy_and_is_not_made() -> None:
    store = SqlStore(
        "sqlite:////nowhere/acquaint.db", new_id=lambda: 1, clock=SetClock(), sealing=SEALING, told=lambda _: None
    )
    for block in (store.read, store.search, store.write):
        with pytest.raises(Busy):
            async with block():
                pass
    with pytest.raises(Busy):
        await store.check()
    await store.close()


async def test_who_waits_too_long_for_a_connection_is_told_to_come_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = world.store._engine._readers._most  # type: ignore[attr-defined]
    may_go, holds = asyncio.Event(), 0

    async def hold() -> None:
        nonlocal holds
        async with world.store.read():
            holds += 1
            await may_go.wait()

    holding = [asyncio.ensure_future(hold()) for _ in range(most)]
    await until(lambda: holds == most)
    monkeypatch.setattr(lending, "LONGEST_WAIT", 0.05)
    with pytest.raises(Busy):
        async with world.store.read():
            pass
    may_go.set()
    await asyncio.gather(*holding)
    await world.store.check()


@pytest.mark.postgres
async def test_postgresql_may_crash_and_come_back(postgres: RunningPostgres, postgresql: str, clock: SetClock) -> None:
    async with living(postgresql, clock) as world:
        kept = await world.add_user("ann")
        try:
            postgres.stop()
            for attempt in (world.add_user("ben"), world.store.check(), world.add_session(kept)):
                with pytest.raises(Busy):
                    await attempt
        finally:
            postgres.start()
        await world.add_user("ben")
        async with world.store.read() as tx:
            assert await tx.users.find(world.acme.id, Identifier.login("ann")) == kept


@pytest.mark.postgres
async def test_a_connection_that_is_cut_inside_a_block_is_busy_and_nothing_was_done(
    postgres: RunningPostgres, postgresql: str, clock: SetClock
) -> None:
    async with living(postgresql, clock) as world:

        async def write_and_be_cut() -> None:
            async with world.store.write() as tx:
                await tx.users.add(world.user("ann"))
                postgres.tell("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'migrated'")
                await tx.users.add(world.user("ben"))

        with pytest.raises(Busy):
            await write_and_be_cut()
        await world.add_user("ann")
        _, raised = await outcomes(20, lambda it: world.add_user(f"user-{it}"))
        assert raised == []


@pytest.mark.postgres
async def test_a_statement_that_never_ends_is_ended_by_the_server(
    postgresql: str, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy import text

    from acquaint.storage import postgresql as hand
    from acquaint.storage.statements import Statement

    monkeypatch.setattr(hand, "_READING", hand._READING | {"statement_timeout": "1s"})
    async with living(postgresql, clock) as world:
        with pytest.raises(Busy):
            async with world.store.read() as tx:
                await tx._db.rows(Statement(text("SELECT pg_sleep(30)")))
        await world.store.check()


@pytest.mark.postgres
async def test_an_error_that_a_block_swallows_does_not_count_as_committed(postgresql: str, clock: SetClock) -> None:
    async with living(postgresql, clock) as world:

        async def swallow() -> None:
            async with world.store.write() as tx:
                await tx.users.add(world.user("ann"))
                with pytest.raises(ValueError, match="keep"):
                    await tx.users.add(world.user(Identifier(Identifier.login("x").kind, "a\x00b")))

        with pytest.raises(Busy):
            await swallow()
        async with world.store.read() as tx:
            assert await tx.users.find(world.acme.id, Identifier.login("ann")) is None
