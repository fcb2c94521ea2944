"""What an App allows, and how it is said on a command line or in JSON."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquaint.domain.apps import (
    MOST_FILE_SPACE,
    App,
    AppId,
    Enforcement,
    Policy,
    PublicKeys,
    WorkspaceSecrecy,
    slug_of,
)
from acquaint.domain.errors import Unacceptable

from .things import NOON

lifetimes = st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=3650))
policies = st.builds(
    Policy,
    **{it.name: st.booleans() for it in fields(Policy) if it.type == "bool"},
    token_max_age=st.timedeltas(timedelta(seconds=1), timedelta(days=1)),
    token_max_future=st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=1)),
    session_idle=lifetimes,
    session_at_most=lifetimes,
    token_lifetime=st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=24)),
    sessions_per_user=st.integers(1, 10_000),
    password_min_length=st.none() | st.integers(1, 256),
    chat_key_max_age=lifetimes,
    server_requests_per_minute=st.integers(1, 100_000),
    unverified_users_kept=st.none() | st.timedeltas(timedelta(days=1), timedelta(days=3650)),
    audit_events_kept=st.none() | st.timedeltas(timedelta(days=30), timedelta(days=3650)),
    live_events_kept=st.none() | st.timedeltas(timedelta(days=30), timedelta(days=3650)),
    file_space=st.none() | st.integers(1, MOST_FILE_SPACE),
    enforcement=st.sampled_from(Enforcement),
    workspace_names_device=st.sampled_from(WorkspaceSecrecy),
    allowed_origins=st.lists(st.sampled_from(["*", "https://a.example", "http://localhost:3000"])).map(tuple),
)


@given(policies)
def test_a_policy_survives_being_written_down(policy: Policy) -> None:
    assert Policy().changed(policy.as_data()) == policy


@given(policies, policies)
def test_a_change_of_everything_forgets_what_was(was: Policy, wanted: Policy) -> None:
    assert was.changed(wanted.as_data()) == wanted


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86400), (900, 900), (1.5, 1.5)],
)
def test_durations_are_said_as_people_say_them(text: object, seconds: float) -> None:
    assert Policy().changed({"token_max_age": text}).token_max_age == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["none", "", None])
@pytest.mark.parametrize(
    "rule",
    [
        "session_idle",
        "session_at_most",
        "password_min_length",
        "chat_key_max_age",
        "token_lifetime",
        "token_max_future",
    ],
)
def test_what_may_be_left_to_the_dialect_can_be_given_back_to_it(rule: str, text: str | None) -> None:
    assert getattr(Policy().changed({rule: 60}).changed({rule: text}), rule) is None


DURATIONS: list[object] = [0, -1, "0", "-5m", "1w", "15 m", True, 1e300, float("nan"), float("inf"), 10**400, [1], {}]
NO_ORIGINS = ["null", "a.example", "https://", "https://a.example/", "https://a.example/path", "https://a.example?q"]
NO_ORIGINS += ["https://ann@a.example", "https://a.example\n", "https://a.example, https://b.example", "file://", ""]
NAMES_NO_PAGE = ["https://*.a.example", "HTTPS://a.example", "https://A.example"]  # no patterns, and no capitals
NONSENSE: dict[str, list[object]] = {
    "chat_key_max_age": [*DURATIONS],
    "server_requests_per_minute": [0, -1, 100_001, None, "", "none", "many", 1.5, True, [1]],
    "unverified_users_kept": [*DURATIONS, "23h", "3651d"],
    "audit_events_kept": [*DURATIONS, "29d", "3651d"],
    "live_events_kept": [*DURATIONS, "29d", "3651d"],
    "file_space": [0, -1, MOST_FILE_SPACE + 1, 1.5, "much", True, [1]],
    "token_max_age": [*DURATIONS, "", "none", None, "25h", 86401],
    "token_max_future": [*DURATIONS, "25h", 86401],
    "enforcement": ["", None, "Report", "on", True, 1, ["off"], {"off": 1}],
    "workspace_names_device": ["", None, "Random", "maybe", False, ["never"]],
    "session_idle": [*DURATIONS, "3651d", "999999999d"],
    "password_min_length": [0, 257, -1, 8.0, "eight", True, "8 ", [8], 10**400],
    "registers_on_login": [1, 0, "yes", "True", "", None, []],
    "allowed_origins": [None, 1, [1], {"https://a.example": 1}, True, *([it] for it in NO_ORIGINS + NAMES_NO_PAGE)],
}


@pytest.mark.parametrize(("rule", "value"), [(rule, value) for rule, values in NONSENSE.items() for value in values])
def test_a_value_of_the_wrong_kind_is_refused_by_name(rule: str, value: object) -> None:
    with pytest.raises(Unacceptable) as refusal:
        Policy().changed({rule: value})
    assert refusal.value.field == rule


@pytest.mark.parametrize("rule", ["registers", "__class__", "changed", "as_data", "", "Registers_on_login", "app_id"])
def test_a_rule_that_is_none_is_refused(rule: str) -> None:
    with pytest.raises(Unacceptable):
        Policy().changed({rule: True})


@given(st.dictionaries(st.sampled_from([it.name for it in fields(Policy)]), st.from_type(object)))
def test_whatever_is_said_the_policy_changes_or_refuses(values: dict[str, Any]) -> None:
    with suppress(Unacceptable):
        Policy().changed(values)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://a.example", True),
        ("http://localhost:3000", True),
        ("http://a.example", False),
        ("https://a.example:8443", False),
        ("https://www.a.example", False),
        ("https://a.example.evil.example", False),
        ("https://evila.example", False),
        ("https://A.example", False),
        ("null", False),
        ("", False),
        ("*", False),
    ],
)
def test_an_origin_is_compared_exactly(origin: str, allowed: bool) -> None:
    policy = Policy(allowed_origins=("https://a.example", "http://localhost:3000"))
    assert policy.allows_origin(origin) is allowed


def test_no_origin_named_means_no_page_at_all() -> None:
    assert not Policy(allowed_origins=()).allows_origin("https://a.example")


@pytest.mark.parametrize("slug", ["a", "acme", "acme-2", "0", "a" * 63])
def test_a_slug_is_short_and_plain(slug: str) -> None:
    assert _app(slug=slug).slug == slug


@pytest.mark.parametrize("slug", ["", "-a", "a-", "A", "a b", "a_b", "a.b", "a/b", "a\n", "é", "a" * 64])
def test_anything_else_is_no_slug(slug: str) -> None:
    with pytest.raises(Unacceptable):
        _app(slug=slug)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101])
def test_an_app_has_a_name(name: str) -> None:
    with pytest.raises(Unacceptable):
        _app(name=name)


@given(st.text(max_size=200))
def test_every_name_has_a_slug(name: str) -> None:
    slug = slug_of(name)
    assert _app(slug=slug).slug == slug


def _app(**other: Any) -> App:
    return replace(App(AppId(1), "acme", "Acme", PublicKeys("a", "w"), "s", created_at=NOON), **other)
