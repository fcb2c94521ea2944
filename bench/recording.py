"""What an anonymous start writes, learned from Acquaint's own database file, to be written again by a bare server.

Nothing here knows the schema: the rows are found by comparing the file before and after each request. So the
reference writes the same rows into the same tables and indexes, whatever they are in this version.

record            a real start, watched
read_recording    what was watched, in the reference's process
copy              the same database, for the reference alone
Ids               fresh ids and fingerprints in the places of the recorded ones
"""

from __future__ import annotations

import itertools
import json
import secrets
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from .server import Acquaint

Value = int | float | str | bytes | None
Rows = Mapping[tuple[str, tuple[Value, ...]], Mapping[str, Value]]  # by table and primary key

FINGERPRINT: Final = 64  # hexadecimal digits


@dataclass(frozen=True)
class Step:
    """One request: what it writes, and what it answers. A list ``[n]`` among the values is the n-th fresh name."""

    path: str
    answer: str
    statements: Sequence[tuple[str, Sequence[Any]]]


@dataclass(frozen=True)
class Recording:
    first: Step
    second: Step
    token: str  # as the first answer has it


class Ids:
    """The names of one start: an id or a fingerprint for each one that was recorded."""

    _count = itertools.count(time.time_ns() // 1000)

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._numbers: dict[int, int] = {}

    def stand_in(self, values: Iterable[Any]) -> list[Value]:
        return [self._fresh(*it) if isinstance(it, list) else it for it in values]

    def _fresh(self, kind: str, number: int) -> Value:
        if kind == "id":
            return self._numbers.setdefault(number, next(self._count))
        return self._texts.setdefault(number, secrets.token_hex(FINGERPRINT // 2))


def record(acquaint: Acquaint) -> Recording:
    """A start of its own, and what it wrote."""
    before = _rows(acquaint.database)
    arrival = acquaint.arrival()
    arrived = acquaint.text_of(arrival)
    between = _rows(acquaint.database)
    token = str(json.loads(arrived)["token"])
    words = acquaint.first_words(token)
    heard = acquaint.text_of(words)
    after = _rows(acquaint.database)
    names: dict[Value, list[Any]] = {}
    first = Step(arrival.path, arrived, _written(acquaint.database, before, between, names))
    second = Step(words.path, heard, _written(acquaint.database, between, after, names))
    return Recording(first, second, token)


def write_recording(recording: Recording, path: Path) -> None:
    path.write_text(json.dumps(asdict(recording)))


def read_recording(path: Path) -> Recording:
    found = json.loads(path.read_text())
    return Recording(Step(**found["first"]), Step(**found["second"]), found["token"])


def copy(database: Path, to: Path) -> None:
    """The same tables and indexes, with the rows that are in them now."""
    with sqlite3.connect(database) as source, sqlite3.connect(to) as target:
        source.backup(target)
    source.close()
    target.close()


def _tables(connection: sqlite3.Connection) -> list[str]:
    """In the order they were made: what is referred to comes before what refers to it."""
    named = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid").fetchall()
    return [name for (name,) in named if not name.startswith(("sqlite_", "alembic_"))]


def _columns(connection: sqlite3.Connection, table: str) -> tuple[list[str], list[str]]:
    """Those that are written, and those of the primary key. Generated columns are not written."""
    about = connection.execute(f'PRAGMA table_xinfo("{table}")').fetchall()
    key = [name for _, name, _, _, _, place, _ in sorted(about, key=lambda it: it[5]) if place]
    return [name for _, name, _, _, _, _, hidden in about if not hidden], key


def _rows(database: Path) -> Rows:
    connection = sqlite3.connect(database)
    try:
        found = {}
        for table in _tables(connection):
            columns, key = _columns(connection, table)
            for row in connection.execute(f'SELECT {", ".join(columns)} FROM "{table}"'):  # noqa: S608 - its own names
                named = dict(zip(columns, row, strict=True))
                found[table, tuple(named[it] for it in key)] = named
        return found
    finally:
        connection.close()


def _written(
    database: Path, before: Rows, after: Rows, names: dict[Value, list[Any]]
) -> Sequence[tuple[str, Sequence[Any]]]:
    """The statements that make ``after`` of ``before``, with fresh names for what the step named itself."""
    connection = sqlite3.connect(database)
    try:
        order = {table: number for number, table in enumerate(_tables(connection))}
        keys = {table: _columns(connection, table)[1] for table in order}
    finally:
        connection.close()
    changed = sorted((it for it in after.items() if before.get(it[0]) != it[1]), key=lambda it: order[it[0][0]])
    for (table, _), row in changed:
        for column, value in row.items():
            is_own_id = column == "id" and (table, (value,)) not in before
            is_fingerprint = isinstance(value, str) and len(value) == FINGERPRINT and value.isalnum()
            if (is_own_id or is_fingerprint) and value not in names:
                names[value] = ["id" if is_own_id else "text", len(names)]
    return [
        _insert(table, row, names) if at not in before else _update(table, keys[table], row, names)
        for at, row in changed
        for table in [at[0]]
    ]


def _insert(table: str, row: Mapping[str, Value], names: Mapping[Value, list[Any]]) -> tuple[str, Sequence[Any]]:
    marks = ", ".join("?" for _ in row)
    statement = f'INSERT INTO "{table}" ({", ".join(row)}) VALUES ({marks})'  # noqa: S608 - its own names
    return statement, [names.get(it, it) for it in row.values()]


def _update(
    table: str, key: Sequence[str], row: Mapping[str, Value], names: Mapping[Value, list[Any]]
) -> tuple[str, Sequence[Any]]:
    sets = ", ".join(f"{it} = ?" for it in row if it not in key)
    where = " AND ".join(f"{it} = ?" for it in key)
    values = [row[it] for it in row if it not in key] + [row[it] for it in key]
    return f'UPDATE "{table}" SET {sets} WHERE {where}', [names.get(it, it) for it in values]  # noqa: S608
