"""Bad input of every kind, for every route: what comes back is a 4xx that says what was wrong, and never a crash."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from acquaint.dialects.native.operation import Raw
from acquaint.dialects.native.wire.values import Nothing, Paging
from acquaint.web.reading import LARGEST_BODY
from tests.dialects.native.asking import DOCUMENT, check, refused
from tests.dialects.native.world import EVERY, AnyOperation, World

READS_JSON = [name for name, it in EVERY.items() if it.body not in (Nothing, Raw)]
BROKEN: dict[str, bytes] = {
    "empty": b"",
    "cut off": b'{"app": "acme"',
    "two": b'{"a": 1}{"a": 1}',
    "not utf-8": b'{"app": "\xff\xfe"}',
    "utf-16": '{"app": "acme"}'.encode("utf-16"),
    "overlong": b'{"app": "\xc0\xaf"}',
    "surrogate in utf-8": b'{"app": "\xed\xa0\x80"}',
    "list": b"[]",
    "null": b"null",
    "number": b"7",
    "text": b'"acme"',
    "not a number": b'{"custom": {"a": NaN}}',
    "infinite": b'{"custom": {"a": 1e999}}',
    "deep": b"[" * 100_000,
    "deep objects": b'{"custom":' * 20_000,
    "comment": b"{/* */}",
    "single quotes": b"{'app': 'acme'}",
}
MEDIA = (
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "",
    "json",
)
NOT_IDS = ("x", "0", "-1", "01", "9007199254740992", "1e3", "1.0", "%20", "%D9%A1", "9" * 400, "null", "undefined")


@pytest.fixture
def world(standing_world: World) -> World:
    return standing_world


async def send(world: World, it: AnyOperation, content: bytes, kind: str = "application/json") -> httpx2.Response:
    sent = {"content": content, "headers": {"Content-Type": kind}} | {
        name: value for name, value in world.sendable(it).items() if name == "params"
    }
    return await world.api.ask(it.method, world.path(it), by=world.credential(it), **sent)


@pytest.mark.parametrize("call", READS_JSON)
async def test_what_is_not_json_is_unreadable(world: World, call: str) -> None:
    for content in BROKEN.values():
        answer = await send(world, EVERY[call], content)
        assert answer.status_code == 400, (content[:40], answer.text)


@pytest.mark.parametrize("call", READS_JSON)
async def test_other_content_types_are_not_read(world: World, call: str) -> None:
    for kind in MEDIA:
        refused(await send(world, EVERY[call], b"{}", kind), 415, "unsupported_media")


@pytest.mark.parametrize("call", READS_JSON)
async def test_a_huge_body_is_not_read(world: World, call: str) -> None:
    huge = json.dumps({"x": "x" * LARGEST_BODY}).encode()
    refused(await send(world, EVERY[call], huge), 413, "too_large", limit=LARGEST_BODY)


@pytest.mark.parametrize("call", READS_JSON)
async def test_a_field_nobody_declared_is_refused_by_name(world: World, call: str) -> None:
    it = EVERY[call]
    for name in ("nobody_declared_this", "__proto__", "constructor", "$where"):
        body = json.dumps({**(it.example or {}), name: True}).encode()
        refused(await send(world, it, body), 400, "unacceptable", field=name)


@pytest.mark.parametrize("call", READS_JSON)
async def test_a_field_of_another_type_is_refused_by_name(world: World, call: str) -> None:
    it = EVERY[call]
    for name, schema in _properties(it).items():
        for wrong in _wrong_for(schema):
            body = json.dumps({**(it.example or {}), name: wrong}).encode()
            problem = refused(await send(world, it, body), 400, "unacceptable")
            assert problem["field"].startswith(name), (name, wrong, problem)


@pytest.mark.parametrize("call", READS_JSON)
async def test_what_is_no_text_is_refused(world: World, call: str) -> None:
    it = EVERY[call]
    texts = [name for name, schema in _properties(it).items() if _takes(schema, "string")]
    for name in texts:
        for wrong in (r"a\u0000b", r"\ud800", r"\udc00a", r"a\ud800\u0041"):
            body = json.dumps({**(it.example or {}), name: "@@"}).replace('"@@"', f'"{wrong}"').encode()
            answer = await send(world, it, body)
            assert answer.status_code == 400, (name, wrong, answer.text)
    for wrong in (r'{"a": "\u0000"}', r'{"\u0000": 1}', r'{"a": ["\ud800"]}'):
        for name in ("custom", "payload"):
            if name in _properties(it):
                body = json.dumps({**(it.example or {}), name: "@@"}).replace('"@@"', wrong).encode()
                assert (await send(world, it, body)).status_code == 400


@pytest.mark.parametrize("call", READS_JSON)
async def test_numbers_no_database_keeps_break_nothing(world: World, call: str) -> None:
    it = EVERY[call]
    for name in {"custom", "payload"} & set(_properties(it)):
        for number in ("9" * 300, "1e308", "-0.0", "5e-324", "18446744073709551616"):
            body = json.dumps({**(it.example or {}), name: "@@"}).replace('"@@"', f'{{"n": {number}}}').encode()
            answer = await send(world, it, body)
            assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("call", EVERY)
async def test_a_query_nobody_declared_is_refused(world: World, call: str) -> None:
    it = EVERY[call]
    sent = world.sendable(it)
    sent["params"] = {**sent.get("params", {}), "nobody_declared_this": "1"}
    answer = await world.api.ask(it.method, world.path(it), by=world.credential(it), **sent)
    refused(answer, 400, "unacceptable", field="nobody_declared_this")


@pytest.mark.parametrize("call", [name for name, it in EVERY.items() if issubclass(it.query, Paging)])
async def test_a_page_that_cannot_be_is_refused(world: World, call: str) -> None:
    it = EVERY[call]
    for query in (
        "limit=0", "limit=201", "limit=-1", "limit=x", "limit=1.5", "limit=", "limit=1&limit=2", "limit=" + "9" * 40,
        "after=x", "after=0", "after=-1", "after=9007199254740992", "after=", "after=%00", "after=null", "limit=true",
    ):  # fmt: skip
        needed = urlencode(world.sendable(it).get("params", {}))
        answer = await world.api.ask(it.method, f"{world.path(it)}?{query}&{needed}", by=world.credential(it))
        refused(answer, 400, "unacceptable", field=query.partition("=")[0])


@pytest.mark.parametrize("call", [name for name, it in EVERY.items() if set(it.path_parameters) - {"app", "file"}])
async def test_what_is_no_id_names_nothing(world: World, call: str) -> None:
    it = EVERY[call]
    for name in it.path_parameters:
        for wrong in NOT_IDS:
            path = world.path(it, **{name: wrong})
            answer = await world.api.ask(it.method, path, by=world.credential(it), **world.sendable(it))
            refused(answer, 404, "not_found", what=name)


@pytest.mark.parametrize(
    "header", [b"Bearer", b"Bearer ", b"Basic YTpi", b"bearer  x y", b"Bearer \x7f", b"x" * 4000, b"Bearer \xe9"]
)
async def test_a_credential_of_no_form_is_refused(world: World, header: bytes) -> None:
    for path in ("/session", "/app", "/server/apps"):
        answer = await world.api.get(path, headers={"Authorization": header})
        assert answer.status_code == 401


async def test_unknown_paths_and_methods_are_problems_too(world: World) -> None:
    for method, path, status, code in (
        ("GET", "/nobody", 404, "no_such_path"),
        ("GET", "/", 404, "no_such_path"),
        ("PUT", "/session", 405, "no_such_method"),
        ("TRACE", "/sessions", 405, "no_such_method"),
        ("GET", "/conversations/1/2/3", 404, "no_such_path"),
    ):
        answer = await world.api.ask(method, path)
        refused(answer, status, code)
        if status == 405:
            assert answer.headers["allow"] == ", ".join(answer.json()["allowed"])


def _properties(it: AnyOperation) -> dict[str, Any]:
    found = DOCUMENT["components"]["schemas"][it.body.__name__]["properties"]
    return dict(found)


def _takes(schema: dict[str, Any], kind: str) -> bool:
    if "$ref" in schema:
        return kind == "object"
    if "enum" in schema:
        return kind == "string"
    return any(_takes(it, kind) for it in schema.get("anyOf", [])) or schema.get("type") == kind


def _wrong_for(schema: dict[str, Any]) -> list[Any]:
    """A value of each type that the field does not take."""
    values = {"string": "x", "integer": 7, "boolean": True, "array": [1], "object": {"a": 1}, "null": None}
    return [
        value
        for kind, value in values.items()
        if not _takes(schema, kind) and not (kind == "integer" and _takes(schema, "number"))
    ]


def test_the_checks_check() -> None:
    """What they are told of every answer would not pass for another one."""
    answer = httpx2.Response(200, json={"session": {}})
    with pytest.raises(AssertionError):
        check("GET", "/session", answer)
