"""Moving: everything in an SQLite file goes into a PostgreSQL database in which there is nothing yet.

The tables are the same in both, and what is sealed is sealed for its row wherever that is. What the database counts
by itself is left to it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Boolean, Column, Table

from ..domain.errors import Busy
from .engine import postgresql_address
from .schema import HEAD
from .tables import metadata

AT_ONCE: Final = 1_000  # rows: whoever says much has rows of some kilobytes
LEFT_BY_A_START: Final = ("sealing_keys", "turns")
_LONGEST_WAIT: Final = 10  # seconds to be let in


class CannotMove(Exception):
    """Either database is not what it has to be; nothing was moved."""


async def move(file: Path, url: str) -> dict[str, int]:
    """Copies every row, all of them or none, and answers how many there are of each table that has any.

    The file stays as it is; what a server that runs writes to it meanwhile is lost. Both must have this version's
    tables. Raises CannotMove, or Busy where PostgreSQL does not answer.
    """
    import asyncpg

    try:
        target = await asyncpg.connect(postgresql_address(url), timeout=_LONGEST_WAIT)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Busy from error
    try:
        with closing(_opened(file)) as source:
            async with target.transaction():
                for table in metadata.sorted_tables:
                    await _empty(table, target)
                moved = {table.name: await _move(table, source, target) for table in metadata.sorted_tables}
            await target.execute("ANALYZE")
    except (sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise CannotMove(f"nothing was moved: {error}") from error
    finally:
        await target.close()
    return {name: rows for name, rows in moved.items() if rows}


def _opened(file: Path) -> sqlite3.Connection:
    """In a transaction: what is read is one moment of the file."""
    if not file.is_file():
        raise CannotMove(f"there is no file {file}")
    source = sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
    try:
        source.execute("BEGIN")
        step = source.execute("SELECT version_num FROM alembic_version").fetchone()
        if step != (HEAD,):
            raise CannotMove(f"{file} has the tables of another version; run `acquaint migrate` on it first")
    except sqlite3.Error as error:
        source.close()
        raise CannotMove(f"{file} is no database of Acquaint's: {error}") from error
    except CannotMove:
        source.close()
        raise
    return source


async def _empty(table: Table, target: Any) -> None:
    """Nobody else writes to it until all is there. Refuses where it is somebody's already."""
    await target.execute(f'LOCK TABLE "{table.name}" IN EXCLUSIVE MODE')
    if table.name in LEFT_BY_A_START:
        await target.execute(f'DELETE FROM "{table.name}"')  # noqa: S608
    elif await target.fetchval(f'SELECT EXISTS (SELECT FROM "{table.name}")'):  # noqa: S608
        raise CannotMove(f"the PostgreSQL database is not empty: there is something in {table.name}")


async def _move(table: Table, source: sqlite3.Connection, target: Any) -> int:
    columns = [it for it in table.columns if it.computed is None]
    names, moved = [it.name for it in columns], 0
    for rows in _rows(table, columns, source):
        await target.copy_records_to_table(table.name, records=rows, columns=names)
        moved += len(rows)
    return moved


def _rows(
    table: Table, columns: Sequence[Column[Any]], source: sqlite3.Connection
) -> Iterator[list[tuple[object, ...]]]:
    """As PostgreSQL takes them: SQLite keeps yes and no as numbers."""
    are_flags = [isinstance(it.type, Boolean) for it in columns]
    names = ", ".join(f'"{it.name}"' for it in columns)
    found = source.execute(f'SELECT {names} FROM "{table.name}"')  # noqa: S608
    while rows := found.fetchmany(AT_ONCE):
        yield [
            tuple(bool(it) if is_flag and it is not None else it for it, is_flag in zip(row, are_flags, strict=True))
            for row in rows
        ]
