"""The directory's query language: who is found by what, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from acquaint.domain.directory import (
    COUNTED,
    FACEBOOK,
    MOST_CONDITIONS,
    MOST_VALUES,
    Condition,
    Entry,
    Field,
    Operator,
    Query,
    X,
    entries_of,
    matches,
    normal,
    sort_key,
)
from acquaint.domain.errors import Unacceptable
from acquaint.domain.identities import Claimed, Identifier, Profile
from acquaint.domain.users import User, UserId

from .things import ACME, ANN, LAPTOP, NOON

TEXTS = [it for it in Field if it.is_text]
MOMENTS = [it for it in Field if it.is_moment]
COMPARES = [Operator.LESS, Operator.AT_MOST, Operator.MORE, Operator.AT_LEAST]
SOME_VALUES = [
    "User-1x0", "User-", "also1", "ann@example.com", "p8@example.com", "ben@example.com", "Ann Archer", "ann",
    "ben bäcker", "zo", "42", "43", "2", "7", "+49 30 0003", "4930", "vip", "beta", "own", "nobody", "",
    "z", "Ann@Example",
]  # fmt: skip
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def some_conditions(ids: Sequence[int]) -> some.SearchStrategy[Condition]:
    """Conditions that many of the same few users meet."""
    texts = some.sampled_from(SOME_VALUES)
    moments = some.integers(-2_000, 70_000).map(lambda it: NEW_YEAR + timedelta(milliseconds=it // 250 * 250))
    several = [Operator.IN, Operator.NOT_IN]

    def condition(field: Field, operator: Operator, values: list[Any]) -> Condition:
        return Condition.of(field, operator, *values)

    def of(fields: list[Field], values: some.SearchStrategy[Any]) -> some.SearchStrategy[Condition]:
        named = some.sampled_from(fields)
        return some.one_of(
            some.builds(condition, named, some.sampled_from(several), some.lists(values, max_size=4)),
            some.builds(condition, named, some.sampled_from(COMPARES), values.map(lambda it: [it])),
        )

    prefixes = some.sampled_from([it for it in SOME_VALUES if normal(Field.PHONE, it)] + ["4930", "0"])
    return some.one_of(
        of(TEXTS, texts),
        of([Field.ID], some.sampled_from(ids)),
        of(MOMENTS, moments),
        some.builds(
            condition, some.sampled_from(TEXTS), some.just(Operator.STARTS_WITH), prefixes.map(lambda it: [it])
        ),
    )


def some_queries(ids: Sequence[int], counted: int) -> some.SearchStrategy[Query]:
    return some.builds(
        Query,
        some.lists(some_conditions(ids), max_size=3).map(tuple),
        order=some.sampled_from([it for it in Field if it is not Field.TAG]),
        is_descending=some.booleans(),
        skip=some.integers(0, min(counted, 70)),
        limit=some.integers(1, 70),
        knows_visitors=some.booleans(),
        proven_emails=some.booleans(),
    )


def ann(**other: Any) -> User:
    usual = User(ANN, ACME, (Identifier.login("ann"),), Profile("Ann Archer"), NOON, NOON)
    return replace(usual, **other)


def finds(user: User, field: Field, operator: Operator, *values: Any, **other: Any) -> bool:
    return matches(Query((Condition.of(field, operator, *values),), **other), user, lambda _: True)


def test_a_user_is_found_by_what_is_proved_and_by_what_they_say() -> None:
    user = ann(
        identifiers=(
            Identifier.login("ann"),
            Identifier.email("Ann@Example.com"),
            Identifier.phone("+49 30 12345"),
            Identifier.external_id("42"),
            Identifier.subject(FACEBOOK, "1|2"),
            Identifier.subject("https://elsewhere.example", "3"),
        ),
        profile=Profile(
            "Ann Archer",
            phone="+49 (30) 999",
            tags=("vip",),
            claimed=Claimed(
                email="ANN@example.com", external_id="43", subjects={X: "5", "https://elsewhere.example": "6"}
            ),
            by_door={
                "connectycube": {"tags": ["vip", "own", None], "avatar": "7", "external_user_id": 77},
                "other": {"tags": "no list"},
            },
        ),
    )
    assert set(entries_of(user)) == {
        Entry(Field.LOGIN, "ann"),
        Entry(Field.EMAIL, "ann@example.com"),
        Entry(Field.PHONE, "493012345"),
        Entry(Field.EXTERNAL_ID, "42"),
        Entry(Field.FACEBOOK_ID, "1|2"),
        Entry(Field.NAME, "ann archer"),
        Entry(Field.TAG, "vip"),
        Entry(Field.TAG, "own"),
        Entry(Field.PHONE, "4930999", is_claimed=True),
        Entry(Field.EXTERNAL_ID, "43", is_claimed=True),
        Entry(Field.EXTERNAL_ID, "77", is_claimed=True),
        Entry(Field.TWITTER_ID, "5", is_claimed=True),
    }


def test_a_login_that_is_only_the_address_somebody_registered_with_is_no_login() -> None:
    user = ann(
        identifiers=(Identifier.login("ann@example.com"),), profile=Profile(claimed=Claimed(email="ann@example.com"))
    )
    assert entries_of(user) == (Entry(Field.EMAIL, "ann@example.com", is_claimed=True),)


def test_a_claim_finds_nobody_whom_it_is_not_believed_of() -> None:
    eve = ann(profile=Profile("Eve", claimed=Claimed(email="ann@example.com")))
    for operator in (Operator.IN, Operator.STARTS_WITH):
        query = Query((Condition.of(Field.EMAIL, operator, "ann@example.com"),))
        assert matches(query, eve, lambda _: True)
        assert not matches(query, eve, lambda it: it.field is not Field.EMAIL)


def test_visitors_are_only_found_by_who_knows_of_them() -> None:
    visitor = ann(identifiers=(), device_id=LAPTOP, profile=Profile(claimed=Claimed(name="Ann")))
    assert not finds(visitor, Field.NAME, Operator.IN, "Ann")
    assert finds(visitor, Field.NAME, Operator.IN, "Ann", knows_visitors=True)


@pytest.mark.parametrize(
    ("field", "operator", "values", "is_found"),
    [
        (Field.ID, Operator.IN, (ANN, 12), True),
        (Field.ID, Operator.IN, (12,), False),
        (Field.ID, Operator.NOT_IN, (12,), True),
        (Field.ID, Operator.MORE, (ANN,), False),
        (Field.ID, Operator.AT_LEAST, (ANN,), True),
        (Field.LOGIN, Operator.IN, ("ann",), True),
        (Field.LOGIN, Operator.IN, ("Ann",), False),
        (Field.LOGIN, Operator.IN, (), False),
        (Field.LOGIN, Operator.NOT_IN, (), True),
        (Field.LOGIN, Operator.NOT_IN, ("ann", "ben"), False),
        (Field.LOGIN, Operator.STARTS_WITH, ("an",), True),
        (Field.LOGIN, Operator.STARTS_WITH, ("%",), False),
        (Field.LOGIN, Operator.LESS, ("anz",), True),
        (Field.LOGIN, Operator.MORE, ("anz",), False),
        (Field.NAME, Operator.IN, ("ANN ARCHER",), True),
        (Field.NAME, Operator.STARTS_WITH, ("aNN a",), True),
        (Field.NAME, Operator.STARTS_WITH, ("archer",), False),
        (Field.EMAIL, Operator.NOT_IN, ("ann@example.com",), True),
        (Field.PHONE, Operator.IN, ("no digits",), False),
        (Field.LAST_SEEN_AT, Operator.LESS, (NOON,), False),
        (Field.LAST_SEEN_AT, Operator.NOT_IN, (NOON,), True),
    ],
)
def test_who_is_found(field: Field, operator: Operator, values: tuple[Any, ...], is_found: bool) -> None:
    assert finds(ann(), field, operator, *values) is is_found


@pytest.mark.parametrize(
    ("operator", "milliseconds", "is_found"),
    [
        (Operator.IN, 0, True),
        (Operator.IN, 1, False),
        (Operator.LESS, 0, False),
        (Operator.LESS, 1, True),
        (Operator.AT_MOST, 0, True),
        (Operator.AT_MOST, -1, False),
        (Operator.MORE, 0, False),
        (Operator.MORE, -1, True),
        (Operator.AT_LEAST, 0, True),
        (Operator.AT_LEAST, 1, False),
    ],
)
def test_moments_are_compared_by_whole_seconds(operator: Operator, milliseconds: int, is_found: bool) -> None:
    """What a client was shown, without fractions, finds the user it was shown of."""
    user = ann(created_at=NOON + timedelta(milliseconds=747))
    assert finds(user, Field.CREATED_AT, operator, NOON + timedelta(milliseconds=milliseconds)) is is_found


@given(some.sampled_from([Operator.IN, *COMPARES]), some.integers(-2500, 2500), some.integers(-2500, 2500))
def test_the_spans_of_a_condition_are_what_it_means(operator: Operator, own: int, asked: int) -> None:
    user = ann(created_at=NOON + timedelta(milliseconds=own))
    condition = Condition.of(Field.CREATED_AT, operator, NOON + timedelta(milliseconds=asked))
    within = any(begin <= user.created_at < end for begin, end in condition.spans())
    assert within is matches(Query((condition,)), user, lambda _: True)


def test_every_condition_must_hold() -> None:
    both = (Condition.of(Field.LOGIN, Operator.IN, "ann"), Condition.of(Field.NAME, Operator.IN, "Ben"))
    assert not matches(Query(both), ann(), lambda _: True)
    assert matches(Query(both[:1]), ann(), lambda _: True)
    assert matches(Query(), ann(), lambda _: True)


@pytest.mark.parametrize(
    ("condition", "lenient", "strict"),
    [
        (Condition.of(Field.ID, Operator.IN, 5), True, True),
        (Condition.of(Field.NAME, Operator.STARTS_WITH, "hunter"), True, True),
        (Condition.of(Field.TAG, Operator.IN, "guest"), True, True),
        (Condition.of(Field.LOGIN, Operator.NOT_IN, "x"), False, False),
        (Condition.of(Field.TAG, Operator.NOT_IN, "x"), False, False),
        (Condition.of(Field.CREATED_AT, Operator.AT_LEAST, NOON), True, False),
        (Condition.of(Field.LAST_SEEN_AT, Operator.IN, NOON), False, False),
        (Condition.of(Field.LAST_SEEN_AT, Operator.NOT_IN, NOON), False, False),
    ],
)
def test_what_a_query_must_be_about(condition: Condition, lenient: bool, strict: bool) -> None:
    query = Query((condition,))
    assert (query.is_about_somebody(strict=False), query.is_about_somebody(strict=True)) == (lenient, strict)
    assert not Query().is_about_somebody(strict=False)


@pytest.mark.parametrize(
    ("field", "operator", "values"),
    [
        (Field.ID, Operator.IN, ("5",)),
        (Field.ID, Operator.IN, (True,)),
        (Field.ID, Operator.IN, (-1,)),
        (Field.ID, Operator.IN, (2**53,)),
        (Field.ID, Operator.STARTS_WITH, (5,)),
        (Field.ID, Operator.IN, tuple(range(MOST_VALUES + 1))),
        (Field.LOGIN, Operator.IN, (5,)),
        (Field.LOGIN, Operator.IN, ("a" * 256,)),
        (Field.LOGIN, Operator.IN, ("a\x00b",)),
        (Field.LOGIN, Operator.IN, ("a\ud800b",)),
        (Field.LOGIN, Operator.LESS, ("a", "b")),
        (Field.LOGIN, Operator.LESS, ()),
        (Field.NAME, Operator.STARTS_WITH, ("  ",)),
        (Field.PHONE, Operator.STARTS_WITH, ("+()",)),
        (Field.CREATED_AT, Operator.LESS, ("2026-01-01",)),
        (Field.CREATED_AT, Operator.LESS, (datetime(2026, 1, 1),)),  # noqa: DTZ001 - of no time zone, which is the point
        (Field.CREATED_AT, Operator.STARTS_WITH, (NOON,)),
    ],
)
def test_what_cannot_be_asked(field: Field, operator: Operator, values: tuple[Any, ...]) -> None:
    with pytest.raises(Unacceptable):
        Condition.of(field, operator, *values)


@pytest.mark.parametrize(
    "asked",
    [
        {"conditions": (Condition.of(Field.ID, Operator.IN, 5),) * (MOST_CONDITIONS + 1)},
        {"order": Field.TAG},
        {"skip": -1},
        {"skip": COUNTED + 1},
        {"limit": 0},
        {"limit": 201},
    ],
)
def test_which_queries_there_cannot_be(asked: dict[str, Any]) -> None:
    with pytest.raises(Unacceptable):
        Query(**asked)


def test_moments_beyond_all_bounds_are_drawn_into_them() -> None:
    far = datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))
    assert finds(ann(), Field.CREATED_AT, Operator.LESS, far)
    assert not finds(ann(), Field.CREATED_AT, Operator.LESS, datetime.min.replace(tzinfo=UTC))
    assert list(Condition.of(Field.CREATED_AT, Operator.MORE, far).spans())


def test_those_without_what_is_sorted_by_come_last() -> None:
    nameless = replace(ann(), id=UserId(9), profile=Profile())
    assert sort_key(Query(order=Field.NAME), ann()) < sort_key(Query(order=Field.NAME), nameless)
    never_seen, seen = ann(), ann(last_seen_at=NOON)
    assert sort_key(Query(order=Field.LAST_SEEN_AT), never_seen)[0]
    assert not sort_key(Query(order=Field.LAST_SEEN_AT), seen)[0]


@given(some.text(max_size=300), some.sampled_from(TEXTS))
def test_the_spelling_that_is_compared_is_one(text: str, field: Field) -> None:
    assert normal(field, normal(field, text)) == normal(field, text)
