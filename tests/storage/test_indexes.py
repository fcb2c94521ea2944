"""Every statement of the shelves finds its rows by an index. New ones are found and looked at by themselves."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from typing import Any

import asyncpg
import pytest
from sqlalchemy import bindparam, select

from acquaint import storage
from acquaint.storage.statements import Statement
from acquaint.storage.tables import metadata, users

READS_ALL = {
    "apps._ALL",
    "sealed._ALL_KEYS",
    "store._VERSION",
    "upkeep._FILE_BYTES",
    *(f"upkeep._SIZES[{it}]" for it in range(10)),
}
"""A server has few Apps and keys, and one version. What `acquaint doctor` counts, it counts up to a million."""


def every_statement() -> Iterator[tuple[str, Statement]]:
    """Those written down, and those that are made when a filter is asked for, in all their forms."""
    for module_name in (it.name for it in pkgutil.iter_modules(storage.__path__)):
        module = importlib.import_module(f"acquaint.storage.{module_name}")
        for name, it in vars(module).items():
            if getattr(it, "__module__", module.__name__) != module.__name__ and not isinstance(it, Statement):
                continue
            if isinstance(it, Statement):
                yield f"{module_name}.{name}", it
            elif isinstance(it, tuple) and all(isinstance(one, Statement) for one in it):
                yield from ((f"{module_name}.{name}[{number}]", one) for number, one in enumerate(it))
            elif hasattr(it, "cache_info") and inspect.signature(it).return_annotation == "Statement":
                for answers in product((False, True), repeat=len(inspect.signature(it).parameters)):
                    asked = dict(zip(inspect.signature(it).parameters, answers, strict=True))
                    yes = ", ".join(key for key, value in asked.items() if value)
                    yield f"{module_name}.{name}({yes})", it(**asked)


STATEMENTS = dict(every_statement())


def test_there_are_statements_of_every_form_to_look_at() -> None:
    assert len(STATEMENTS) > 100
    assert {"users._GET", "sessions.SEEN[0]", "conversations._visible(verified)"} <= STATEMENTS.keys()


@pytest.fixture(scope="module")
def populated(migrated_file: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A hundred thousand messages and what belongs to them."""
    path = tmp_path_factory.mktemp("populated") / "acquaint.db"
    path.write_bytes(migrated_file.read_bytes())
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for table, rows in POPULATION.items():
            numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})"  # noqa: S608 - our own tables
            columns = [it for it in metadata.tables[table].c if it.computed is None]
            names = ", ".join(f'"{it.name}"' for it in columns)
            values = ", ".join(some_value(it) for it in columns)
            connection.execute(f"{numbers} INSERT INTO {table} ({names}) SELECT {values} FROM n")  # noqa: S608
        connection.execute("COMMIT")
        yield connection


POPULATION = {
    "apps": 10,
    "users": 20_000,
    "identifiers": 20_000,
    "directory": 40_000,
    "sessions": 20_000,
    "conversations": 20_000,
    "memberships": 40_000,
    "messages": 100_000,
    "hidden_messages": 5_000,
    "reactions": 5_000,
    "address_books": 5_000,
    "events": 100_000,
    "tickets": 5_000,
    "files": 5_000,
    "answers": 5_000,
    "api_keys": 50,
    "signing_secrets": 50,
    "retired_devices": 5_000,
    "device_words": 5_000,
    "file_space": 10,
    "merges": 5_000,
}


def some_value(column: Any) -> str:
    """An expression of SQLite's for the column of row ``i``: ids that fit together, texts that are all different."""
    match column.name:
        case "id" | "at" | "position":
            return "i"
        case "app_id":
            return "1 + i % 10"
        case "conversation_id":
            return "1 + (i * 7) % 20000" if column.table.name != "memberships" else "1 + i % 20000"
        case "user_id" | "sender_id" | "owner_id":
            return "1 + i % 20000" if column.table.name != "memberships" else "1 + i / 2 % 20000 + i / 20000"
        case "session_id":
            return "1 + i % 20000"
        case "message_id":
            return "i"
        case "hidden_up_to" | "cleared_up_to":
            return "NULL"
        case "last_message_id":
            return "1000000 + (i * 7919) % 100000"
        case "assurance":
            return "i % 3"
        case "ended_at" | "used_at" | "revoked_at" if column.nullable:
            return "CASE WHEN i % 3 THEN i END"
        case "direct_low" | "direct_high":
            return "NULL"
        case _ if str(column.type) in ("TEXT", "JSON"):
            return f"'{column.name} ' || i"
        case _ if str(column.type) == "BLOB":
            return "x'00'"
        case _ if str(column.type) == "BOOLEAN":
            return "i % 2"
        case _:
            return "i"


def steps(connection: sqlite3.Connection, statement: Statement) -> list[str]:
    """How SQLite means to find the rows."""
    sql, _ = statement.for_sqlite
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?"))]


def scans(connection: sqlite3.Connection, statement: Statement) -> list[str]:
    """Steps that read a whole table. Lists that were handed over, and rows that were found before, are no tables."""
    tables = "|".join([*metadata.tables, "named", "theirs"])
    return [step for step in steps(connection, statement) if re.match(rf"SCAN ({tables})\b", step)]


@pytest.mark.parametrize("is_analysed", [False, True])
def test_on_sqlite_every_statement_uses_an_index(populated: sqlite3.Connection, is_analysed: bool) -> None:
    if is_analysed:
        populated.execute("ANALYZE")
    found = {name: scans(populated, it) for name, it in STATEMENTS.items() if name not in READS_ALL}
    assert {name: scanned for name, scanned in found.items() if scanned} == {}


def test_a_statement_without_an_index_would_be_noticed(populated: sqlite3.Connection) -> None:
    assert scans(populated, Statement(select(users.c.id).where(users.c.phone == bindparam("phone"))))


def test_on_sqlite_lists_are_read_in_the_order_of_an_index(populated: sqlite3.Connection) -> None:
    """Sorting costs as much as the whole list, however short the page."""
    for name in (
        "messages._NEWEST_FIRST",
        "messages._OLDEST_FIRST",
        "messages._NEXT_OF_SENDER",
        "conversations._OF_APP",
        "events._after()",
        "events._after(app)",
        "events._after(app, user)",
        "events._latest(audit)",
        "events._latest(audit, user)",
    ):
        assert not [it for it in steps(populated, STATEMENTS[name]) if "TEMP B-TREE" in it], name


@pytest.mark.parametrize("is_analysed", [False, True])
def test_a_users_conversations_are_found_by_their_memberships(populated: sqlite3.Connection, is_analysed: bool) -> None:
    """Never by walking the App's conversations until enough of them happen to be the user's."""
    if is_analysed:
        populated.execute("ANALYZE")
    for name, statement in STATEMENTS.items():
        if name.startswith(("conversations._visible", "conversations._OF_MEMBER")):
            assert steps(populated, statement)[0].startswith("SEARCH memberships USING"), name


def test_what_happened_in_a_few_conversations_is_found_by_them(populated: sqlite3.Connection) -> None:
    """Never by walking through all that happened in the App since somebody was last here."""
    for name in ("events._after(conversations)", "events._after(app, kinds, conversations)"):
        assert "ix_events_conversation_id" in steps(populated, STATEMENTS[name])[0], name


@pytest.mark.postgres
def test_on_postgresql_every_statement_can_use_an_index(postgresql: str) -> None:
    """Told to avoid reading whole tables, it always can."""
    assert asyncio.run(the_scans(postgresql)) == {}


async def the_scans(url: str) -> dict[str, str]:
    connection = await asyncpg.connect(url, ssl=False)
    scans = {}
    try:
        await connection.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
        for name, statement in STATEMENTS.items():
            if name in READS_ALL:
                continue
            for number, (sql, _) in enumerate({statement.for_postgresql, statement.for_postgresql_write}):
                arguments = len(set(re.findall(r"\$\d+", sql)))
                await connection.execute(f'PREPARE "{name} {number}" AS {sql}')
                given = f"({', '.join(['NULL'] * arguments)})" if arguments else ""
                plan = "\n".join(row[0] for row in await connection.fetch(f'EXPLAIN EXECUTE "{name} {number}"{given}'))
                if "Seq Scan" in plan:
                    scans[name] = plan
    finally:
        await connection.close()
    return scans
