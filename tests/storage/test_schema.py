"""Bringing databases to this version's tables."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from acquaint.domain.apps import AppId
from acquaint.domain.errors import Busy
from acquaint.domain.providers import FacebookProvider
from acquaint.storage import schema
from acquaint.storage.schema import HEAD, migrate
from acquaint.storage.store import SqlStore
from acquaint.storage.tables import metadata
from tests.support.clock import SetClock
from tests.support.postgres import RunningPostgres
from tests.support.sealing import SEALING

DATABASES = ["empty_sqlite", pytest.param("empty_postgresql", marks=pytest.mark.postgres)]


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'acquaint.db'}"


@pytest.fixture(params=DATABASES)
def empty(request: pytest.FixtureRequest) -> str:
    """The URL of a database in which there is nothing yet."""
    return str(request.getfixturevalue(request.param))


def a_store(url: str) -> SqlStore:
    return SqlStore(url, new_id=lambda: 1, clock=SetClock(), sealing=SEALING, told=lambda _: None)


async def looked_at(url: str, look: Any) -> Any:
    """What ``look`` says of a connection to the database."""
    if url.startswith("sqlite"):
        engine = create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            return look(connection)
    async_engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"), poolclass=NullPool)
    async with async_engine.connect() as connection:
        return await connection.run_sync(look)


def the_differences(connection: Connection) -> list[Any]:
    return compare_metadata(MigrationContext.configure(connection), metadata)


def all_there_is(connection: Connection) -> dict[str, Any]:
    """Whatever the database knows of its tables, but for the order of their columns. Alembic looks at less."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("SELECT type || ' ' || name, sql FROM sqlite_master").all()
        return {name: parts_of(said or "") for name, said in found}
    return {
        what: sorted(map(str, connection.exec_driver_sql(sql).all()))
        for what, sql in {
            "tables": "SELECT relname, relkind, relpersistence, reloptions FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace",
            "columns": "SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, attgenerated,"
            " attidentity, collname, pg_get_expr(adbin, adrelid) FROM pg_attribute JOIN pg_class ON oid = attrelid"
            " LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
            " LEFT JOIN pg_collation ON pg_collation.oid = attcollation"
            " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped",
            "constraints": "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace",
            "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        }.items()
    }


def parts_of(sql: str) -> list[str]:
    """What stands between the commas of a definition, and around all of them; in no order."""
    depth, parts = 0, [""]
    for it in " ".join(sql.replace('"', "").split()):
        depth += (it == "(") - (it == ")")
        if (it, depth) in {("(", 1), (",", 1), (")", 0)}:
            parts.append("")
        else:
            parts[-1] += it
    return sorted(it.strip() for it in parts)


def test_the_last_step_is_the_one_the_code_was_written_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


async def test_an_empty_database_is_brought_to_exactly_our_tables(empty: str) -> None:
    assert await migrate(empty) == HEAD
    assert await looked_at(empty, the_differences) == []


async def test_an_empty_database_is_given_at_once_what_the_steps_lead_to(empty: str) -> None:
    await migrate(empty)
    at_once = await looked_at(empty, all_there_is)

    def begun_anew(connection: Connection) -> None:
        metadata.drop_all(connection)
        connection.exec_driver_sql("DELETE FROM alembic_version")
        connection.commit()

    await looked_at(empty, begun_anew)
    assert await migrate(empty) == HEAD
    assert await looked_at(empty, all_there_is) == at_once
    assert sum(map(len, at_once.values())) > 300, "it was looked at"


async def test_migrating_again_does_nothing(empty: str) -> None:
    assert [await migrate(empty), await migrate(empty)] == [HEAD, HEAD]
    store = a_store(empty)
    await store.check()
    await store.close()


async def test_processes_that_migrate_at_once_do_not_disturb_each_other(empty: str) -> None:
    program = f"import asyncio; from acquaint.storage.schema import migrate; print(asyncio.run(migrate({empty!r})))"
    running = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
        for _ in range(2)
    ]
    answers = [await it.communicate() for it in running]
    assert [said.decode().strip() for said, _ in answers] == [HEAD] * 2


async def test_a_migration_that_fails_leaves_nothing(empty: str) -> None:
    def something_is_in_the_way(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE tickets (id INTEGER)")
        connection.commit()

    if empty.startswith("sqlite"):
        Path(empty.removeprefix("sqlite:///")).touch()
    await looked_at(empty, something_is_in_the_way)
    with pytest.raises(Exception, match="tickets"):
        await migrate(empty)
    assert await looked_at(empty, lambda connection: inspect(connection).get_table_names()) == ["tickets"]


async def test_a_store_is_not_ready_before_its_database_is(empty: str) -> None:
    store = a_store(empty)
    with pytest.raises(Busy):
        await store.check()
    await migrate(empty)
    await store.check()
    await store.close()


async def test_a_store_is_not_ready_on_a_database_of_another_version(empty: str) -> None:
    await migrate(empty)

    def of_the_future(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    await looked_at(empty, of_the_future)
    store = a_store(empty)
    with pytest.raises(Busy):
        await store.check()
    await store.close()


async def test_a_new_file_and_its_folder_are_their_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "strange folder" / "50% of ann's.db"
    await migrate(f"sqlite:///{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    store = a_store(f"sqlite:///{path}")
    async with store.write() as tx:
        await tx.answers.claim("ann", "k1", "request", SetClock().now)
        beside = {it.name: stat.S_IMODE(it.stat().st_mode) for it in path.parent.iterdir()}
    assert len(beside) == 3
    assert set(beside.values()) == {0o600}, "the write-ahead log holds what the file holds"
    await store.close()


def test_a_file_is_durable_and_read_beside_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "acquaint.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("url", ["mysql://host/db", "nonsense", "sqlite://host/path", "sqlite://", "sqlite:///"])
def test_other_urls_are_refused_with_a_word_about_what_is_right(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:"):
        a_store(url)


@pytest.mark.postgres
async def test_migrating_a_server_that_is_not_there_is_busy(postgres: RunningPostgres) -> None:
    with pytest.raises(Busy):
        await migrate(postgres.url("no_such_database"))
    with pytest.raises(Busy):
        await migrate("postgresql://ann@127.0.0.1:1/nowhere")


async def test_files_that_were_there_before_are_counted_when_they_are(empty: str) -> None:
    """0013: how much space an App's files take begins with what it has."""
    from acquaint.storage.tables import file_space, files

    def as_before(connection: Connection) -> None:
        connection.execute(
            files.insert(), [a_file(1, app_id=7, size=2**40), a_file(2, app_id=7, size=0) | {"picture_size": 9}]
        )
        connection.execute(files.insert(), [a_file(3, app_id=8, size=5)])
        for statement in (
            "DROP TABLE turns",
            "DROP TABLE file_space",
            "DROP TABLE sealing_keys",
            "ALTER TABLE blocks DROP COLUMN is_mutual",
            "ALTER TABLE device_words DROP COLUMN device_id",
            "ALTER TABLE device_words DROP COLUMN said_at",
            "UPDATE alembic_version SET version_num = '0012'",
        ):
            connection.exec_driver_sql(statement)
        connection.commit()

    await migrate(empty)
    await looked_at(empty, as_before)
    assert await migrate(empty) == HEAD
    found = await looked_at(empty, lambda it: it.execute(file_space.select().order_by("app_id")).all())
    assert found == [(7, 2**40 + 9), (8, 5)]


def a_file(id: int, **other: Any) -> dict[str, Any]:
    return {
        "id": id,
        "fingerprint": f"f{id}",
        "name": "a",
        "content_type": "",
        "created_at": 0,
        "picture_size": None,
    } | other


async def test_providers_that_were_there_before_are_there_when_their_settings_are_sealed(empty: str) -> None:
    """0014: settings were JSON, and are a text that is sealed as a server starts."""

    def as_before(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ALTER TABLE providers ALTER COLUMN settings TYPE JSON USING settings::json")
        connection.exec_driver_sql("DROP TABLE sealing_keys")
        connection.exec_driver_sql("ALTER TABLE blocks DROP COLUMN is_mutual")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0013'")
        said = """{"app_id": "77", "app_secret": "hush"}"""
        connection.execute(
            text("INSERT INTO providers VALUES (7, 'facebook', 'facebook', :said, :yes, 0)"),
            {"said": said, "yes": True},
        )
        connection.commit()

    await migrate(empty)
    await looked_at(empty, as_before)
    assert await migrate(empty) == HEAD
    assert await looked_at(empty, the_differences) == []
    store = a_store(empty)
    async with store.read() as tx:
        [provider] = await tx.providers.of(AppId(7))
        [kept] = (await tx.sealed.some((4, (0, "")), 10)).items
    await store.close()
    assert provider.settings == FacebookProvider("77", "hush")
    assert (kept.about, kept.key_id) == ("providers.settings/7/facebook", None)
