"""The same parameters, however a client spells them, are read as they were meant."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as some

from acquaint.dialects.qiscus.reading import MOST_PAIRS, Asked, parse, parse_pairs
from acquaint.domain.errors import Unacceptable, Unreadable, UnsupportedMedia

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

names = some.from_regex(r"[a-z][a-z_]{0,20}", fullmatch=True)
texts = some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
lists = some.lists(texts, min_size=1, max_size=12)
parameters = some.dictionaries(names, texts | lists | some.none(), max_size=8)


def as_node_writes(values: dict[str, Any]) -> str:
    """superagent in Node writes by qs: null is ``name=``, a list ``name[][0]=``."""
    pairs = []
    for name, value in values.items():
        items = [(f"{name}[][{n}]", it) for n, it in enumerate(value)] if isinstance(value, list) else [(name, value)]
        pairs += [f"{quote(key)}={quote(it or '', safe='')}" for key, it in items]
    return "&".join(pairs)


def as_browsers_write(values: dict[str, Any]) -> str:
    """superagent in a browser: null is a bare ``name``, a list ``name[]=``."""
    pairs = []
    for name, value in values.items():
        if value is None:
            pairs.append(quote(name))
        else:
            items = [(f"{name}[]", it) for it in value] if isinstance(value, list) else [(name, value)]
            pairs += [f"{quote(key)}={quote_plus(it)}" for key, it in items]
    return "&".join(pairs)


def as_servers_write(values: dict[str, Any]) -> str:
    """http_build_query and its like: a list is ``name[0]=``, in any order."""
    pairs = []
    for name, value in values.items():
        items = [(f"{name}[{n}]", it) for n, it in enumerate(value)] if isinstance(value, list) else [(name, value)]
        pairs += [f"{key}={quote_plus(it or '')}" for key, it in reversed(items)]
    return "&".join(pairs)


def as_json(values: dict[str, Any]) -> str:
    return json.dumps(values)


@pytest.mark.parametrize("write", [as_node_writes, as_browsers_write, as_servers_write])
@given(values=parameters)
def test_a_form_is_read_as_it_was_meant(write: Any, values: dict[str, Any]) -> None:
    assert parse(write(values).encode(), FORM) == {name: value for name, value in values.items() if value is not None}


@given(values=parameters)
def test_json_and_forms_say_the_same(values: dict[str, Any]) -> None:
    assert parse(as_json(values).encode(), JSON) == parse(as_node_writes(values).encode(), FORM)


@given(raw=some.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for media in (FORM, JSON, ""):
        try:
            found = parse(raw, media)
        except Unreadable:
            continue
        assert all(isinstance(name, str) for name in found)


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("", {}),
        ("&&", {}),
        ("a=1&b=", {"a": "1"}),
        ("a", {}),
        ("a=1=2", {"a": "1=2"}),
        ("a=x+y%2Bz", {"a": "x y+z"}),
        ("a=%zz", {"a": "%zz"}),
        ("a=1&a=2", {"a": ["1", "2"]}),
        ("a[]=1", {"a": ["1"]}),
        ("a[2]=z&a[0]=x&a[1]=y", {"a": ["x", "y", "z"]}),
        ("a[999999]=x", {"a": ["x"]}),
        ("a=1&a[]=2", {"a": ["1", "2"]}),
        ("extras[role]=vip&extras[plan]=gold", {"extras": {"role": "vip", "plan": "gold"}}),
        ("a%5B%5D%5B0%5D=x&a%5B%5D%5B1%5D=y", {"a": ["x", "y"]}),
        ("d1=d1", {"d1": "d1"}),
        ("a[b][c]=1", {"a[b][c]": "1"}),
        ("[a]=1", {"[a]": "1"}),
    ],
)
def test_corners_of_forms(form: str, read: dict[str, Any]) -> None:
    assert parse_pairs(form.encode()) == read


@pytest.mark.parametrize(
    "form", ["a=%ff", "a=%00", "%00=a", "a=1&a[b]=2", "&".join(["a=1"] * (MOST_PAIRS + 1)), "a=%ed%a0%80"]
)
def test_forms_that_mean_nothing_are_refused(form: str) -> None:
    with pytest.raises(Unreadable):
        parse_pairs(form.encode())


@pytest.mark.parametrize(
    "body",
    ["[]", '"x"', "null", "{", '{"a": NaN}', '{"a": "\\u0000"}', '{"a": "\\ud800"}', '{"a":' * 33 + "1" + "}" * 33],
)
def test_json_that_means_nothing_is_refused(body: str) -> None:
    with pytest.raises(Unreadable):
        parse(body.encode(), JSON)


def test_a_body_that_does_not_say_what_it_is_is_looked_at() -> None:
    assert parse(b' {"a": 1}', "") == {"a": 1}
    assert parse(b"a=1", "") == {"a": "1"}
    assert parse(b"  ", "text/plain") == {}
    with pytest.raises(UnsupportedMedia):
        parse(b"a=1", "text/plain")


def asked(**values: Any) -> Asked:
    return Asked(values)


def test_ids_may_be_numbers() -> None:
    assert asked(user_id=42).needed("user_id") == "42"
    assert asked(email="ann").text("user_id", "email") == "ann"


@pytest.mark.parametrize("value", [True, 1.5, ["a"], {"a": 1}])
def test_what_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(Unacceptable, match="user_id must be a text"):
        asked(user_id=value).text("user_id")


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ({"a": 1}, {"a": 1}),
        ('{"a": 1}', {"a": 1}),
        ("{}", None),
        ({}, None),
        ("null", None),
    ],
)
def test_extras_are_an_object_or_its_text(value: Any, meant: Any) -> None:
    assert asked(extras=value).object("extras") == meant
    assert asked().object("extras") is None


@pytest.mark.parametrize("value", ["vip", "[1]", [1], 1, '{"a": "\\u0000"}', '{"a":' * 33 + "1" + "}" * 33])
def test_extras_of_another_kind_are_refused(value: Any) -> None:
    with pytest.raises(Unacceptable, match="extras"):
        asked(extras=value).object("extras")


def test_one_of_a_list_may_come_alone() -> None:
    assert asked(user_ids="ann").texts("user_ids", at_most=2) == ["ann"]
    assert asked(user_ids=["ann", 42, "", None]).texts("user_ids", at_most=4) == ["ann", "42"]
    assert asked().texts("user_ids", at_most=2) == []
    with pytest.raises(Unacceptable, match="user_ids are more than 2"):
        asked(user_ids=["a", "b", "c"]).texts("user_ids", at_most=2)
    with pytest.raises(Unacceptable, match="must be a text"):
        asked(user_ids=[["a"]]).texts("user_ids", at_most=2)


@pytest.mark.parametrize(
    ("value", "meant"), [(True, True), ("true", True), ("True", True), ("1", True), (0, False), ("false", False)]
)
def test_flags_are_read_from_texts(value: Any, meant: bool) -> None:
    assert asked(revoke_sessions=value).flag("revoke_sessions") is meant


def test_a_flag_that_is_neither_is_refused() -> None:
    assert asked().flag("revoke_sessions") is False
    for value in ("yes please", 2, ["true"]):
        with pytest.raises(Unacceptable):
            asked(revoke_sessions=value).flag("revoke_sessions")


def test_numbers_are_bounded() -> None:
    assert asked(limit="7").number("limit", 20, 100) == 7
    assert asked(limit=1000).number("limit", 20, 100) == 100
    assert asked().number("limit", 20, 100) == 20
    for value in ("0", "-1", "x", "9" * 10, "1.5", "٣"):
        with pytest.raises(Unacceptable):
            asked(limit=value).number("limit", 20, 100)
