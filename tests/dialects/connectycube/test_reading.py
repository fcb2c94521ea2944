"""What clients send, in whichever spelling: query, form and JSON, on any method."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from acquaint.dialects.connectycube.reading import Asked, parse, parse_pairs
from acquaint.domain.errors import Refusal, Unacceptable, Unreadable, UnsupportedMedia
from tests.dialects.connectycube.asking import PASSWORD, Cube

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (b"", {}),
        (b"a=1&b=x%20y+z", {"a": "1", "b": "x y z"}),
        (b"user[login]=ann&user[password]=p%2Bw", {"user": {"login": "ann", "password": "p+w"}}),
        (b"user%5Blogin%5D=ann", {"user": {"login": "ann"}}),
        (b"id[in][]=1&id[in][]=2", {"id": {"in": ["1", "2"]}}),
        (b"id[in]=1&id[in]=2", {"id": {"in": ["1", "2"]}}),
        (b"tags[]=a", {"tags": ["a"]}),
        (b"tags=a&tags=b", {"tags": ["a", "b"]}),
        (b"a=&b", {"a": "", "b": ""}),
        (b"a=1=2", {"a": "1=2"}),
        (b"[x]=1&a[b=2&]=3", {"[x]": "1", "a[b": "2", "]": "3"}),
        ("n=ü".encode(), {"n": "ü"}),
    ],
    ids=str,
)
def test_a_form_is_read(sent: bytes, meant: dict[str, Any]) -> None:
    assert parse_pairs(sent) == meant


@pytest.mark.parametrize(
    ("body", "media", "meant"),
    [
        (b'{"user":{"login":"ann"}}', "application/json", {"user": {"login": "ann"}}),
        (b'{"user":{"login":"ann"}}', FORM, {"user": {"login": "ann"}}),
        (b' {"a":null}', "", {"a": None}),
        (b"a=null", FORM, {"a": "null"}),
        (
            b'{"firebase_phone[project_id]":"p","firebase_phone[access_token]":"t"}',
            "application/json",
            {"firebase_phone": {"project_id": "p", "access_token": "t"}},
        ),
        (b"  ", "application/json", {}),
    ],
    ids=str,
)
def test_a_body_is_read_as_what_it_looks_like(body: bytes, media: str, meant: dict[str, Any]) -> None:
    assert parse(body, media) == meant


@pytest.mark.parametrize(
    ("body", "media", "refusal"),
    [
        (b"[1]", "application/json", Unreadable),
        (b"{", "application/json", Unreadable),
        (b'{"a":"\\u0000"}', "application/json", Unacceptable),
        (b"a=%00", FORM, Unacceptable),
        (b"a=%ff", FORM, Unreadable),
        (b"a[b]=1&a=2", FORM, Unacceptable),
        (b"a=1&a[b]=2", FORM, Unacceptable),
        (b"a[b]=1&a[b][c]=2", FORM, Unacceptable),
        (b"a" + b"[b]" * 6 + b"=1", FORM, Unacceptable),
        (b"&".join(b"a=%d" % it for it in range(1001)), FORM, Unreadable),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "application/json", Unreadable),
        (b"a=1", "text/xml", UnsupportedMedia),
        (b'{"a":1,"a[b]":2}', "application/json", Unacceptable),
    ],
    ids=lambda it: str(it)[:40],
)
def test_what_cannot_be_meant_is_refused(body: bytes, media: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        parse(body, media)


@given(some.binary(max_size=200), some.sampled_from(["application/json", FORM, ""]))
def test_nothing_that_is_sent_breaks_it(body: bytes, media: str) -> None:
    with suppress(Refusal):
        asked = Asked(parse(body, media))
        for name in list(asked.raw):
            for reading in (asked.text, asked.number, asked.flag, asked.texts, asked.within):
                with suppress(Refusal):
                    reading(name)


def test_values_are_read_as_what_a_route_wants() -> None:
    asked = Asked(
        {"n": 7, "f": 7.0, "t": "7", "x": "", "null": None, "yes": "1", "no": "false", "l": ["a,b", 3], "c": "a, b,,"}
    )
    assert [asked.text(it) for it in ("n", "f", "t", "x", "null", "absent")] == ["7", "7", "7", None, None, None]
    assert [asked.number(it) for it in ("n", "f", "t", "x", "null")] == [7, 7, 7, None, None]
    assert [asked.flag(it) for it in ("yes", "no", "null", "absent")] == [True, False, False, False]
    assert (asked.texts("l"), asked.texts("c"), asked.texts("absent")) == (["a", "b", "3"], ["a", "b"], [])
    assert [asked.has(it) for it in ("null", "absent")] == [True, False]
    for name, reading in (("l", asked.text), ("yes", asked.within), ("l", asked.flag), ("no", asked.number)):
        with pytest.raises(Unacceptable):
            reading(name)
    with pytest.raises(Unacceptable):
        asked.needed("x")
    with pytest.raises(Unacceptable):
        asked.texts("l", at_most=2)
    values: list[Any] = [float("inf"), float("nan"), True, {}]
    for strange in values:
        with pytest.raises(Unacceptable):
            Asked({"a": strange}).number("a")


async def test_a_session_may_be_asked_for_in_a_form(cube: Cube) -> None:
    """As iOS does."""
    form = {name: str(value) for name, value in cube.credentials.items()}
    form |= {"user[login]": "ann", "user[password]": PASSWORD}
    answer = await cube.ask("POST", "/session", data=form)
    assert answer.status_code == 201
    assert answer.json()["session"]["user"]["login"] == "ann"


@pytest.mark.parametrize("path", ["/session", "/session.json", "//session.json", "/session.json?", "/session?a=null"])
async def test_checklist_1_suffix_slashes_and_question_marks_do_not_matter(cube: Cube, path: str) -> None:
    answer = await cube.ask("POST", f"http://acquaint.test{path}", json=cube.credentials)
    assert answer.status_code == 201


async def test_checklist_2_a_token_is_ignored_where_a_session_is_opened(cube: Cube) -> None:
    mine = await cube.token("ann")
    for stale in ("x", mine, ""):
        answer = await cube.ask("POST", "/session", stale, json=cube.credentials)
        assert answer.status_code == 201
        assert answer.json()["session"]["user_id"] is None


async def test_checklist_3_json_calls_get_json_and_text_calls_a_space(cube: Cube) -> None:
    token = await cube.token("ann")
    assert (await cube.ask("PUT", "/users", token)).json()["user"]["login"] == "ann"
    assert (await cube.ask("DELETE", "/users", token)).text == " "


async def test_checklist_7_users_without_an_id_are_oneself(cube: Cube) -> None:
    token = await cube.token("ann")
    assert (await cube.update(token, full_name="Ann")).json()["user"]["full_name"] == "Ann"


async def test_checklist_8_null_and_undefined_in_a_query_are_nothing(cube: Cube) -> None:
    token = await cube.token("ann")
    answer = await cube.ask("GET", "/users/password/reset?email=undefined", token)
    assert answer.json() == {"errors": {"email": ["cannot be blank"]}}


async def test_checklist_11_a_delete_may_have_a_form(cube: Cube) -> None:
    token = await cube.token("ann")
    assert (await cube.ask("DELETE", "/users.json", token, data={"force": "1"})).status_code == 200


async def test_checklist_20_browsers_may_ask_and_read(cube: Cube) -> None:
    origin = {"Origin": "https://shop.example"}
    preflight = origin | {
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "cb-token,cb-sdk,content-type",
    }
    allowed = (await cube.ask("OPTIONS", "/users.json", headers=preflight)).headers
    assert allowed["access-control-allow-origin"] == "*"
    assert {"CB-Token", "CB-AuthKey", "CB-SDK", "Content-Type", "ConnectyCube-REST-API-Version"} <= set(
        allowed["access-control-allow-headers"].split(", ")
    )
    assert {"PUT", "POST", "DELETE"} <= set(allowed["access-control-allow-methods"].split(", "))
    for answer in (
        await cube.ask("POST", "/session", json=cube.credentials, headers=origin),
        await cube.ask("GET", "/session", "x", headers=origin),
        await cube.ask("GET", "/session", headers=origin),
    ):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "CB-Token-ExpirationDate" in answer.headers["access-control-expose-headers"].split(", ")
