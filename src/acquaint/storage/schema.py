"""Bringing a database to the tables of this version.

``migrations/versions`` says how they came to be, one step a file; alembic walks the steps. It is imported only when
there are any left: neither a database that is up to date nor one in which there is nothing yet, which is given all
tables at once, makes a start pay for it.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.pool import NullPool

from ..domain.errors import Busy
from .engine import postgresql_address, sqlite_file
from .tables import metadata

HEAD: Final = "0015"
"""The last step. A test compares it with what is in ``migrations/versions``."""

_VERSIONS: Final = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)
"""Where alembic keeps the step, as it makes it itself."""

_LOCK: Final = 0x61637175  # "acqu": whoever migrates a PostgreSQL database holds it
_LONGEST_WAIT: Final = 60  # seconds for another process to finish its migration


async def migrate(url: str) -> str:
    """Brings the database to the last step and answers its number. Any number of processes may do so at once.

    A new SQLite file is made for its owner alone, and so is its folder. Either all steps are done or none.
    """
    path = sqlite_file(url)
    if path is None:
        return await _migrate_postgresql(postgresql_address(url))
    return await asyncio.to_thread(_migrate_sqlite, path)


def _migrate_sqlite(path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if (step := _step_of_sqlite(path)) == HEAD:
        return step
    engine = create_engine("sqlite://", creator=lambda: _connect(path), poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            step = _bring(connection)
            if lost := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise RuntimeError(f"after the migration a row of {lost[0]} refers to nothing")
    finally:
        engine.dispose()
    return step


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_LONGEST_WAIT, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA foreign_keys = OFF")  # a step may have to make a table anew; checked at the end
    return connection


def _step_of_sqlite(path: Path) -> str | None:
    connection = sqlite3.connect(path, timeout=_LONGEST_WAIT)
    try:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    except (sqlite3.OperationalError, TypeError):
        return None
    finally:
        connection.close()


async def _migrate_postgresql(address: str) -> str:
    import asyncpg
    from sqlalchemy.ext.asyncio import create_async_engine

    async def connect() -> Any:
        try:
            return await asyncpg.connect(address, timeout=_LONGEST_WAIT)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Busy from error

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            return await connection.run_sync(_bring)
    finally:
        await engine.dispose()


def _bring(connection: Connection) -> str:
    """In the transaction that is begun."""
    return _walk(connection) if inspect(connection).get_table_names() else _make(connection)


def _make(connection: Connection) -> str:
    """All tables, where there is none. They are what the steps lead to: a test compares the two."""
    metadata.create_all(connection, checkfirst=False)
    connection.exec_driver_sql(_VERSIONS)
    connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:step)"), {"step": HEAD})
    return HEAD


def _walk(connection: Connection) -> str:
    """Takes the steps that are left."""
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return str(MigrationContext.configure(connection).get_current_revision())
