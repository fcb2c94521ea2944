"""Finding users: every shape of a query over a million users, beside the same over a hundred thousand (H6).

Asked of the store itself, in this process, in turn. Users are written into the tables as the store writes them, since
making a million of them by requests would take the day.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

from acquaint.adapters.sealing import AesSealing
from acquaint.domain import ids
from acquaint.domain.apps import AppId
from acquaint.domain.directory import Condition, Field, Operator, Query
from acquaint.storage.schema import migrate
from acquaint.storage.store import SqlStore

from . import budgets
from .findings import Finding
from .size import Size

FEW, MANY = 100_000, 1_000_000
TIMES: Final = 20  # asks of each shape in a round, at least
PATIENCE: Final = 0.3  # seconds of a round that quick shapes are asked again and again
APP: Final = AppId(1)
BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
POSTGRESQL: Final = "ACQUAINT_BENCH_POSTGRESQL"
"""The URL of two empty databases but for the ends of their names: ``…/bench`` for ``bench_few`` and ``bench_many``."""

Asks = Callable[[random.Random, int], Query]

_NUMBERS: Final = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"
_NUMBERS_OF_POSTGRESQL: Final = "WITH n AS (SELECT generate_series(1::bigint, {}) AS i)"
_MOMENT: Final = f"({int(BEGAN.timestamp())} + i) * 1000000"
_APP: Final = "CASE WHEN i % 10 = 9 THEN 2 ELSE 1 END"  # a tenth of the users are of another App
_ENTRIES: Final = {
    "login": ("'user-' || i", "true"),
    "email": ("'user-' || i || '@example.com'", "i % 4 <> 3"),
    "phone": ("'4930' || (10000000 + i)", "i % 2 = 0"),
    "external_id": ("'acme-' || i", "i % 3 = 0"),
    "name": ("'user name ' || (i / 10)", "i % 8 <> 7"),  # ten of each
    "tag": ("CASE WHEN i % 10 < 3 THEN 'many' WHEN i < 5000 THEN 'few' ELSE 'tag ' || (i / 50) END", "true"),
}


def measure(folder: Path, size: Size) -> list[Finding]:
    """On SQLite; and on PostgreSQL where the environment says which."""
    few, many = (FEW, MANY) if size.rounds > 1 else (FEW // 100, MANY // 100)
    found = asyncio.run(_measure(f"sqlite:///{folder}/few.db", f"sqlite:///{folder}/many.db", few, many, size))
    if url := os.environ.get(POSTGRESQL):
        found += asyncio.run(_measure(f"{url}_few", f"{url}_many", few, many, size))
    return found


async def _measure(few_url: str, many_url: str, few: int, many: int, size: Size) -> list[Finding]:
    for url, number in ((few_url, few), (many_url, many)):
        began = time.perf_counter()
        await _fill(url, number)
        print(f"bench: {number} users in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    stores = {few: _store(few_url), many: _store(many_url)}
    try:
        return [
            _finding(few_url.partition(":")[0], name, await _asked(stores, asks, size), few, many)
            for name, asks in SHAPES.items()
        ]
    finally:
        for store in stores.values():
            await store.close()


def _finding(database: str, name: str, rounds: list[dict[int, float]], few: int, many: int) -> Finding:
    """The median of the rounds' ratios: what else the machine does in one of them decides nothing."""
    of_few, of_many = (statistics.median(it[users] for it in rounds) * 1000 for users in (few, many))
    return Finding(
        "H6",
        f"{database}: {name}",
        statistics.median(it[many] / it[few] for it in rounds),
        "×",
        budgets.MILLION_USERS,
        f"{of_many:.2f} ms",
        f"{of_few:.2f} ms",
        more={"p95_ms": of_many, "reference_p95_ms": of_few, "rounds": [it[many] / it[few] for it in rounds]},
    )


async def _asked(stores: Mapping[int, SqlStore], asks: Asks, size: Size) -> list[dict[int, float]]:
    """The p95 of each store, in seconds, round by round; the stores in turn, and before it twice for the caches."""
    chance = random.Random(7)
    await _round(stores, asks, chance, times=2, patience=0)
    return [await _round(stores, asks, chance, times=TIMES, patience=PATIENCE) for _ in range(size.rounds)]


async def _round(
    stores: Mapping[int, SqlStore], asks: Asks, chance: random.Random, *, times: int, patience: float
) -> dict[int, float]:
    taken: dict[int, list[float]] = {users: [] for users in stores}
    until = time.perf_counter() + patience
    while times > 0 or time.perf_counter() < until:
        times -= 1
        for users, store in stores.items():
            query = asks(chance, users)
            began = time.perf_counter()
            async with store.search() as tx:
                await tx.users.search(APP, query)
            taken[users].append(time.perf_counter() - began)
    return {users: sorted(them)[len(them) * 95 // 100] for users, them in taken.items()}


def _store(url: str) -> SqlStore:
    numbers = count(ids.first_at(BEGAN))
    sealing = AesSealing(lambda: [bytes(range(32))])
    return SqlStore(
        url, new_id=lambda: next(numbers), clock=lambda: datetime.now(UTC), sealing=sealing, told=lambda _: None
    )


async def _fill(url: str, number: int) -> None:
    await migrate(url)
    path = url.removeprefix("sqlite:///")
    if path == url:
        await _fill_postgresql(url, number)
        return
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        for statement in _statements(_NUMBERS.format(number), is_claimed="0", no="0"):
            connection.execute(statement)
        connection.execute("COMMIT")


async def _fill_postgresql(url: str, number: int) -> None:
    import asyncpg

    connection = await asyncpg.connect(url, ssl=False)
    try:
        for statement in _statements(_NUMBERS_OF_POSTGRESQL.format(number), is_claimed="false", no="false"):
            await connection.execute(statement)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def _statements(numbers: str, *, is_claimed: str, no: str) -> list[str]:
    users = (
        f"{numbers} INSERT INTO users (id, app_id, name, custom, tags, claimed, created_at, updated_at, is_guest,"  # noqa: S608
        f" is_vouched, standing, last_seen_at) SELECT i, {_APP}, 'User Name ' || (i / 10), '{{}}', '[]', '{{}}',"
        f" {_MOMENT}, {_MOMENT}, {no}, {no}, 'active', CASE WHEN i % 5 > 0 THEN {_MOMENT} + i * 7 % 1000003 END FROM n"
    )
    entries = [
        f"{numbers} INSERT INTO directory (app_id, field, value, is_claimed, user_id)"  # noqa: S608
        f" SELECT {_APP}, '{field}', {value}, {is_claimed}, i FROM n WHERE {where} ORDER BY 1, 3, 5"
        for field, (value, where) in _ENTRIES.items()
    ]
    return [users, *entries]


def _one(field: Field, value: Callable[[int], object]) -> Asks:
    return lambda chance, users: Query((Condition.of(field, Operator.IN, value(chance.randrange(users))),))


def _some(field: Field, value: Callable[[int], object]) -> Asks:
    return lambda chance, users: Query(
        (Condition.of(field, Operator.IN, *(value(chance.randrange(1, users)) for _ in range(100))),)
    )


def _always(*conditions: Condition, order: Field = Field.ID, is_descending: bool = False, skip: int = 0) -> Asks:
    query = Query(conditions, order, is_descending, skip)
    return lambda _chance, _users: query


def _since(field: Field, newest: int, **other: bool | Field) -> Asks:
    def asks(_: random.Random, users: int) -> Query:
        moment = BEGAN + timedelta(seconds=max(users - newest, 0))
        return Query((Condition.of(field, Operator.MORE, moment),), **other)  # type: ignore[arg-type]

    return asks


def _tagged(tag: str) -> Condition:
    return Condition.of(Field.TAG, Operator.IN, tag)


_OLD: Final = Condition.of(Field.CREATED_AT, Operator.MORE, BEGAN + timedelta(seconds=500))

SHAPES: Final[Mapping[str, Asks]] = {
    "id": _one(Field.ID, lambda it: it),
    "100 ids": _some(Field.ID, lambda it: it),
    "login": _one(Field.LOGIN, lambda it: f"user-{it}"),
    "100 logins": _some(Field.LOGIN, lambda it: f"user-{it}"),
    "e-mail": _one(Field.EMAIL, lambda it: f"user-{it}@example.com"),
    "phone": _one(Field.PHONE, lambda it: f"4930{10_000_000 + it}"),
    "external id": _one(Field.EXTERNAL_ID, lambda it: f"acme-{it}"),
    "name": _one(Field.NAME, lambda it: f"User Name {it // 10}"),
    "how a login begins, few": lambda chance, users: Query(
        (Condition.of(Field.LOGIN, Operator.STARTS_WITH, f"user-{chance.randrange(1000, 9999)}"),), limit=5
    ),
    "how a name begins, all": _always(Condition.of(Field.NAME, Operator.STARTS_WITH, "user")),
    "tag, few": _always(_tagged("few")),
    "tag, few, by last seen": _always(_tagged("few"), order=Field.LAST_SEEN_AT, is_descending=True),
    "tag, many": _always(_tagged("many")),
    "tag, many, page 50": _always(_tagged("many"), skip=5_000),
    "tag, many, by last seen": _always(_tagged("many"), order=Field.LAST_SEEN_AT, is_descending=True),
    "tag, many, by name": _always(_tagged("many"), order=Field.NAME),
    "tag, many, and made since": _always(_tagged("many"), _OLD),
    "any of two tags": _always(Condition.of(Field.TAG, Operator.IN, "many", "few")),
    "not the tag": _always(_OLD, Condition.of(Field.TAG, Operator.NOT_IN, "many")),
    "seen since, few": _since(Field.LAST_SEEN_AT, 1_000),
    "seen since, few, the latest first": _since(
        Field.LAST_SEEN_AT, 1_000, order=Field.LAST_SEEN_AT, is_descending=True
    ),
    "made since, many": _always(_OLD),
    "changed since, many, by that": _always(
        Condition.of(Field.UPDATED_AT, Operator.MORE, BEGAN), order=Field.UPDATED_AT, is_descending=True
    ),
    "everybody": _always(),
    "everybody, page 50": _always(skip=5_000),
    "everybody, newest first": _always(order=Field.CREATED_AT, is_descending=True),
    "everybody, by login": _always(order=Field.LOGIN),
    "everybody, by name": _always(order=Field.NAME, is_descending=True),
}
