"""The directory on both databases: what SQL finds is what the domain says, whatever is asked, by an index."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings

from acquaint.domain.apps import AppId
from acquaint.domain.directory import (
    FACEBOOK,
    Condition,
    Entry,
    Field,
    Operator,
    Query,
    X,
    entries_of,
    matches,
    sort_key,
)
from acquaint.domain.identities import Claimed, Identifier, Profile
from acquaint.domain.places import DeviceId
from acquaint.domain.users import User, UserId
from acquaint.ports.store import LastSeen
from acquaint.storage import directory, directory_plans
from acquaint.storage.statements import Statement
from tests.domain.test_directory import some_queries
from tests.storage.world import World, living
from tests.support.clock import SetClock

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def found_in_memory(users: Iterable[User], query: Query) -> list[User]:
    """All that the query finds, in order, with nothing but the domain's words."""
    users = list(users)
    proven = {(it.field, it.value) for user in users for it in entries_of(user) if not it.is_claimed}

    def believed(entry: Entry) -> bool:
        return (entry.field, entry.value) not in proven

    keys = {it.id: sort_key(query, it) for it in users if matches(query, it, believed)}
    present = sorted((key[1:] for key in keys.values() if not key[0]), reverse=query.is_descending)
    missing = sorted((key[2] for key in keys.values() if key[0]), reverse=query.is_descending)
    by_id = {it.id: it for it in users}
    return [by_id[UserId(it)] for it in [id for _, id in present] + missing]


async def populate(world: World) -> list[User]:
    """Some sixty people whose names, tags and claims meet in every way."""
    people: list[User] = []
    for number in range(60):
        user = world.user(
            *([Identifier.login(f"User-{number % 50}x{number // 50}")] if number % 3 else []),
            *([Identifier.login(f"also{number}")] if number % 11 == 1 else []),
            *([Identifier.email(f"{'ann' if number == 1 else f'p{number}'}@example.com")] if number % 7 == 1 else []),
            *([Identifier.phone(f"+4930{number:04}")] if number % 8 == 3 else []),
            *([Identifier.subject(FACEBOOK, str(number))] if number % 9 == 2 else []),
            profile=Profile(
                [None, "Ann Archer", "ann archer", "Ben Bäcker", "Zoë"][number % 5],
                None,
                [None, "+49 30 0003", "not a number"][number % 3],
                tags=[(), ("vip",), ("vip", "beta"), ("guest",)][number % 4],
                claimed=Claimed(
                    email=[None, "Ann@Example.com", "ben@example.com"][number % 3],
                    external_id=[None, None, "42", "43"][number % 4],
                    subjects=[{}, {FACEBOOK: "2"}, {X: "7"}][number % 3],
                ),
                by_door={"connectycube": {"tags": ["beta", "own"]}} if number % 6 == 5 else {},
            ),
            created_at=NEW_YEAR + timedelta(seconds=number // 4, milliseconds=number * 37 % 1000),
            updated_at=NEW_YEAR + timedelta(seconds=60 - number // 3, microseconds=number),
            device_id=DeviceId(f"device-{number}") if number % 10 == 0 else None,
        )
        if user.device_id is not None:
            user = replace(user, identifiers=())
        async with world.store.write() as tx:
            people.append(await tx.users.add(user))
    session = await world.add_session(people[1])
    seen = {it.id: NEW_YEAR + timedelta(seconds=it.id % 7, microseconds=5) for it in people[::4]}
    await world.store.write_last_seen([LastSeen(session.id, at, id) for id, at in seen.items()])
    return [replace(it, last_seen_at=seen.get(it.id)) for it in people]


@pytest.fixture(params=[3, 10_000], ids=["all are many", "all are few"])
def counted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """From how many on users are walked through rather than looked up."""
    monkeypatch.setattr(directory, "COUNTED", request.param)
    return int(request.param)


def test_every_query_finds_whom_the_domain_says_it_finds(url: str, clock: SetClock, counted: int) -> None:
    with asyncio.Runner() as runner:
        living_world = living(url, clock)
        world = runner.run(living_world.__aenter__())
        people = runner.run(populate(world))

        @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        @given(some_queries([it.id for it in people], counted))
        def check(query: Query) -> None:
            expected = found_in_memory(people, query)
            found, total = runner.run(search(world, query))
            assert [it.id for it in found] == [it.id for it in expected][query.skip : query.skip + query.limit]
            assert total == min(len(expected), counted)

        try:
            check()
        finally:
            runner.run(living_world.__aexit__(None, None, None))


async def search(world: World, query: Query, app_id: AppId | None = None) -> tuple[list[User], int]:
    async with world.store.search() as tx:
        return await tx.users.search(app_id or world.acme.id, query)


async def names(world: World, *conditions: Condition, **other: Any) -> list[str | None]:
    found, _ = await search(world, Query(conditions, **other))
    return [it.profile.name for it in found]


def claiming(email: str) -> Profile:
    return Profile("Eve", claimed=Claimed(email=email))


async def test_an_impostor_is_found_until_the_owner_proves_the_address_and_again_when_they_leave(world: World) -> None:
    by_address = Condition.of(Field.EMAIL, Operator.IN, "Ann@Example.com")
    await world.add_user("eve", profile=claiming("ann@example.com"))
    assert await names(world, by_address) == ["Eve"]
    ann = await world.add_user(Identifier.email("ann@example.com"), profile=Profile("Ann"))
    assert await names(world, by_address) == ["Ann"]
    assert await names(world, Condition.of(Field.EMAIL, Operator.STARTS_WITH, "ann@")) == ["Ann"]
    assert await names(world, Condition.of(Field.EMAIL, Operator.NOT_IN, "ann@example.com")) == ["Eve"]
    async with world.store.write() as tx:
        await tx.users.delete(ann.id)
    assert await names(world, by_address) == ["Eve"]


async def test_who_changes_is_found_by_what_they_are_now(world: World) -> None:
    ann = await world.add_user("ann", Identifier.email("ann@example.com"), profile=Profile("Ann", tags=("vip", "beta")))
    changed = replace(ann, identifiers=(Identifier.login("ann"),), profile=Profile("Anna", tags=("beta",)))
    async with world.store.write() as tx:
        await tx.users.save(changed)
    assert await names(world, Condition.of(Field.NAME, Operator.IN, "Ann")) == []
    assert await names(world, Condition.of(Field.NAME, Operator.IN, "anna")) == ["Anna"]
    assert await names(world, Condition.of(Field.TAG, Operator.IN, "vip")) == []
    assert await names(world, Condition.of(Field.TAG, Operator.IN, "beta")) == ["Anna"]
    assert await names(world, Condition.of(Field.EMAIL, Operator.IN, "ann@example.com")) == []


async def test_users_of_another_app_are_never_found(world: World) -> None:
    rival = AppId(world.new_id())
    theirs = await world.add_user("ann", profile=Profile("Ann", tags=("vip",)), app_id=rival)
    ours = await world.add_user("ann", profile=Profile("Ann", tags=("vip",)))
    for field, value in ((Field.ID, ours.id), (Field.LOGIN, "ann"), (Field.NAME, "Ann"), (Field.TAG, "vip")):
        query = Query((Condition.of(field, Operator.IN, value),))
        assert (await search(world, query))[0] == [ours]
        assert (await search(world, query, rival))[0] == ([] if field is Field.ID else [theirs])
    assert (await search(world, Query()))[0] == [ours]
    assert (await search(world, Query(order=Field.NAME), rival))[0] == [theirs]


async def test_a_claim_in_another_app_proves_nothing_here(world: World) -> None:
    await world.add_user(Identifier.email("ann@example.com"), app_id=AppId(world.new_id()))
    await world.add_user("eve", profile=claiming("ann@example.com"))
    assert await names(world, Condition.of(Field.EMAIL, Operator.IN, "ann@example.com")) == ["Eve"]


async def test_matches_are_counted_up_to_a_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "COUNTED", 5)
    for _ in range(8):
        await world.add_user(profile=Profile("Ann", tags=("vip",)))
    for conditions in (
        (),
        (Condition.of(Field.TAG, Operator.IN, "vip"),),
        (Condition.of(Field.NAME, Operator.IN, "Ann"),),
    ):
        found, total = await search(world, Query(conditions, limit=3))
        assert (len(found), total) == (3, 5)


@pytest.mark.parametrize(
    "hostile",
    [
        "' OR 1=1 --",
        '"; DROP TABLE users; --',
        "%",
        "_%",
        "*",
        "\\",
        "ann\u202e",
        "{}",
        "[]",
        "x'00'",
        "?1",
        "$1",
        ":id",
    ],
)
async def test_values_are_only_ever_values(world: World, hostile: str) -> None:
    await world.add_user("ann", Identifier.email("ann@example.com"), profile=Profile("Ann Archer", tags=("vip",)))
    for field, operator in product((it for it in Field if it.is_text), (Operator.IN, Operator.STARTS_WITH)):
        value = hostile + "1" if field is Field.PHONE else hostile
        assert await names(world, Condition.of(field, operator, value)) == []
    assert await names(world, Condition.of(Field.NAME, Operator.NOT_IN, hostile)) == ["Ann Archer"]


async def test_names_of_any_script_are_found_by_how_they_begin(world: World) -> None:
    for name in ("Übung", "Uebung", "Ängel", "日本語", "🌻 Ann", "a\U0010ffff", "a\ud7ffb"):
        await world.add_user(profile=Profile(name))
    for begin, expected in (
        ("üb", ["Übung"]),
        ("U\u0308b", ["Übung"]),
        ("日本", ["日本語"]),
        ("🌻", ["🌻 Ann"]),
        ("a\ud7ff", ["a\ud7ffb"]),
        ("a\U0010ffff", ["a\U0010ffff"]),
        ("a", ["a\U0010ffff", "a\ud7ffb"]),
    ):
        assert await names(world, Condition.of(Field.NAME, Operator.STARTS_WITH, begin)) == expected, begin


# Indexes: every shape of a query, on both databases


def every_statement() -> Iterator[tuple[str, Statement]]:
    forms = [
        directory_plans.Form(field, operator, single)
        for field, operator, single in product(
            (Field.ID, Field.EMAIL, Field.NAME, Field.CREATED_AT, Field.UPDATED_AT, Field.LAST_SEEN_AT),
            Operator,
            (True, False),
        )
        if not (operator is Operator.STARTS_WITH and not field.is_text)
        and (single or operator in (Operator.IN, Operator.NOT_IN))
    ]
    forms.append(directory_plans.Form(Field.EMAIL, Operator.STARTS_WITH, True, is_proven=True))
    orders = (Field.ID, Field.NAME, Field.CREATED_AT, Field.UPDATED_AT, Field.LAST_SEEN_AT)
    other = directory_plans.Form(Field.NAME, Operator.NOT_IN, True)
    for form, order, is_descending in product(forms, orders, (False, True)):
        driver = None if form.operator is Operator.NOT_IN else 0
        doubts = form.is_proven and order.is_text
        plan = directory_plans.Plan(directory_plans.Shape((form, other), order, is_descending, False, driver, doubts))
        name = f"{form.field} {form.operator} {form.is_single} {form.is_proven} by {order} {is_descending}"
        if driver is not None:
            yield f"probe {name}", plan.probe
            yield f"sorted {name}", plan.sorted
            if plan.in_order_of_ids is not None:
                yield f"in_order_of_ids {name}", plan.in_order_of_ids
        yield f"matching {name}", plan.matching
        if form.operator is Operator.IN and form.field in (Field.ID, Field.EMAIL):
            continue  # whoever is named by what is theirs is looked up
        yield f"walk {name}", plan.walk
        yield f"walked {name}", plan.walked
        if order.may_be_missing:
            yield f"walk_rest {name}", plan.walk_rest


def steps(connection: sqlite3.Connection, statement: Statement) -> list[str]:
    sql, _ = statement.for_sqlite
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?"))]


@pytest.mark.parametrize("is_analysed", [False, True])
def test_on_sqlite_every_shape_uses_an_index(migrated_file: Path, tmp_path: Path, is_analysed: bool) -> None:
    path = tmp_path / "acquaint.db"
    path.write_bytes(migrated_file.read_bytes())
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if is_analysed:
            fill(connection)
        for name, statement in every_statement():
            plan = steps(connection, statement)
            scanned = [it for it in plan if it.startswith("SCAN") and not re.match(r"SCAN (json_each|found)", it)]
            assert not scanned, f"{name}: {plan}"
            if name.startswith(("walk ", "in_order_of_ids", "walk_rest")):
                whole = [it for it in plan if it.startswith("USE TEMP B-TREE FOR ORDER BY")]
                assert not whole, f"{name}: {plan}"


def fill(connection: sqlite3.Connection) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
    connection.execute(
        f"{numbers} INSERT INTO users (id, app_id, custom, tags, claimed, by_door, created_at, updated_at, is_guest,"  # noqa: S608
        " is_vouched, standing, last_seen_at) SELECT i, i % 3, '{}', '[]', '{}', '{}', i, i, 0, 0, 'active', i FROM n"
    )
    for field, value in (("email", "i"), ("name", "i % 100"), ("tag", "i % 2")):
        connection.execute(
            f"{numbers} INSERT INTO directory SELECT i % 3, '{field}', 'value ' || ({value}), 0, i FROM n"  # noqa: S608
        )
    connection.execute("ANALYZE")


@pytest.mark.postgres
def test_on_postgresql_every_shape_can_use_an_index(postgresql: str) -> None:
    assert asyncio.run(the_scans(postgresql)) == {}


async def the_scans(url: str) -> dict[str, str]:
    connection = await asyncpg.connect(url, ssl=False)
    scans = {}
    try:
        await connection.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
        for number, (name, statement) in enumerate(every_statement()):
            sql, _ = statement.for_postgresql
            arguments = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", sql))))
            await connection.execute(f'PREPARE "{number}" AS {sql}')
            plan = "\n".join(row[0] for row in await connection.fetch(f'EXPLAIN EXECUTE "{number}"({arguments})'))
            await connection.execute(f'DEALLOCATE "{number}"')
            if "Seq Scan" in plan:
                scans[name] = plan
    finally:
        await connection.close()
    return scans
