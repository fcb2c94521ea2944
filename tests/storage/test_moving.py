"""What is in an SQLite file goes into PostgreSQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import JSON, Boolean, Column, LargeBinary, Table, Text

from acquaint.domain.errors import Busy
from acquaint.storage.moving import CannotMove, move
from acquaint.storage.schema import migrate
from acquaint.storage.tables import metadata

pytestmark = pytest.mark.postgres
ROWS = 3


@pytest.fixture
async def empty(empty_postgresql: str) -> str:
    await migrate(empty_postgresql)
    return empty_postgresql


@pytest.fixture
def file(sqlite: str) -> Path:
    """Some rows of every table: of every kind of value, none and text of all the world among them."""
    path = Path(sqlite.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as filled, filled:
        for table in metadata.sorted_tables:
            columns = [it for it in table.columns if it.computed is None]
            names, marks = ", ".join(f'"{it.name}"' for it in columns), ", ".join("?" * len(columns))
            rows = [[value(it, number) for it in columns] for number in range(1, ROWS + 1)]
            filled.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', rows)  # noqa: S608
    return path


def value(column: Column[Any], number: int) -> Any:
    match column.type:
        case _ if column.nullable and number == ROWS:
            return None
        case Boolean():
            return number % 2
        case JSON():
            return '{"sign": "ä 👍 \\u0000", "deep": [1, null]}'
        case Text():
            return f"{column.name} {number} ä 👍 \\N \t\n"
        case LargeBinary():
            return bytes([0, 255, number])
    return number


async def test_every_row_of_every_table_is_there_afterwards(file: Path, empty: str) -> None:
    await leave_what_a_start_leaves(empty)
    assert await move(file, empty) == {table.name: ROWS for table in metadata.sorted_tables}
    connection = await asyncpg.connect(empty)
    try:
        with closing(sqlite3.connect(file)) as was:
            for table in metadata.sorted_tables:
                names = ", ".join(f'"{it.name}"' for it in table.columns)  # what is computed, too
                asked = f'SELECT {names} FROM "{table.name}"'  # noqa: S608
                there = sorted(repr(tuple(row)) for row in await connection.fetch(asked))
                assert there == sorted(repr(as_postgresql_says(table, row)) for row in was.execute(asked)), table.name
    finally:
        await connection.close()


async def leave_what_a_start_leaves(url: str) -> None:
    """A server that looked at its empty database left this."""
    connection = await asyncpg.connect(url)
    columns = [it for it in metadata.tables["sealing_keys"].columns if it.computed is None]
    marks = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    await connection.execute(f"INSERT INTO sealing_keys VALUES ({marks})", *(value(it, 1) for it in columns))  # noqa: S608
    await connection.close()


def as_postgresql_says(table: Table, row: tuple[Any, ...]) -> tuple[Any, ...]:
    flags = [isinstance(it.type, Boolean) for it in table.columns]
    return tuple(bool(it) if flag and it is not None else it for it, flag in zip(row, flags, strict=True))


async def test_where_somebody_is_already_nothing_is_moved(file: Path, empty: str) -> None:
    await move(file, empty)
    with pytest.raises(CannotMove, match="not empty"):
        await move(file, empty)


async def test_what_breaks_on_the_way_leaves_nothing(file: Path, empty: str) -> None:
    with closing(sqlite3.connect(file)) as spoiled, spoiled:
        spoiled.execute("PRAGMA foreign_keys = OFF")
        spoiled.execute("DELETE FROM users")
    with pytest.raises(CannotMove, match="nothing was moved"):
        await move(file, empty)
    connection = await asyncpg.connect(empty)
    assert await connection.fetchval("SELECT count(*) FROM apps") == 0
    await connection.close()


async def test_what_is_no_database_of_ours_is_not_moved(file: Path, empty: str, tmp_path: Path) -> None:
    with pytest.raises(CannotMove, match="no file"):
        await move(tmp_path / "nothing", empty)
    (tmp_path / "letter.txt").write_text("Dear Ann,")
    with pytest.raises(CannotMove, match="no database"):
        await move(tmp_path / "letter.txt", empty)
    with closing(sqlite3.connect(file)) as older, older:
        older.execute("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(CannotMove, match="another version"):
        await move(file, empty)
    with pytest.raises(Busy):
        await move(file, "postgresql://nobody@127.0.0.1:1/nothing")
