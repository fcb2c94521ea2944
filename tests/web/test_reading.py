"""Reading requests: whatever comes, it becomes the shape or a refusal, and never a crash."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from acquaint.domain.errors import Refusal, TooLarge, Unacceptable, Unreadable, UnsupportedMedia
from acquaint.web.reading import (
    DEEPEST,
    LARGEST_BODY,
    bearer,
    body_chunks,
    check_texts,
    parse_json,
    read_body,
    read_json,
    read_query,
)

from .asgi import receiving, request, scope_of

JSON = [("content-type", "application/json")]


class Note(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    stars: int = 0
    custom: dict[str, Any] = {}


class Page(msgspec.Struct, forbid_unknown_fields=True):
    limit: int = 50
    newest: bool = False


async def test_a_good_body_becomes_the_shape() -> None:
    assert await read_json(request(b'{"text": "hi", "stars": 3}', JSON), Note) == Note("hi", 3)
    assert await read_json(request((b'{"te', b"", b'xt": "hi"}'), JSON), Note) == Note("hi")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}",
        b"null",
        b"[]",
        b'"text"',
        b"hi",
        b'{"text": "hi"} {}',
        b'{"text": "hi",}',
        b"{'text': 'hi'}",
        b'\xef\xbb\xbf{"text": "hi"}',  # a byte order mark
        '{"text": "hi"}'.encode("utf-16"),
        '{"text": "hí"}'.encode("latin-1"),
        b'{"text": "\xed\xa0\x80"}',  # a surrogate in UTF-8
        b'{"text": "\\ud800"}',  # a lone one, escaped
        b'{"text": "\\udc00\\ud800"}',
        b'{"text": "a\x00b"}',
        b'{"text": "a\\u0000b"}',
        b'{"text": "hi", "custom": {"a\\u0000b": 1}}',
        b'{"text": "hi", "custom": {"a": ["b\\u0000"]}}',
        b'{"text": null}',
        b'{"text": 1}',
        b'{"text": ["hi"]}',
        b'{"text": {"$ne": null}}',
        b'{"text": "hi", "stars": "3"}',
        b'{"text": "hi", "stars": 3.0}',
        b'{"text": "hi", "stars": true}',
        b'{"text": "hi", "stars": NaN}',
        b'{"text": "hi", "stars": Infinity}',
        b'{"text": "hi", "custom": {"a": NaN}}',
        b'{"text": "hi", "custom": {"a": 1e999}}',
        b'{"text": "hi", "stars": ' + b"9" * 5000 + b"}",
        b'{"text": "hi", "custom": []}',
        b'{"text": "hi", "admin": true}',
        b'{"text": "hi", "__proto__": {}}',
    ],
)
async def test_a_bad_body_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        await read_json(request(body, JSON), Note)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
@pytest.mark.parametrize("depth", [DEEPEST + 1, 200, 900, 5_000, 40_000])
async def test_what_is_nested_too_deeply_is_refused_and_breaks_nothing(opening: bytes, depth: int) -> None:
    closing = opening.replace(b'"a":', b"").translate(bytes.maketrans(b"[{", b"]}"))[::-1]
    body = b'{"text": "hi", "custom": {"a": ' + opening * depth + b"1" + closing * depth + b"}}"
    with pytest.raises((Unreadable, TooLarge)):
        await read_json(request(body, JSON), Note)


async def test_what_is_wide_and_flat_is_fine() -> None:
    custom = {"all": [{"n": it} for it in range(1000)]}
    body = json.dumps({"text": "[[[[ {{{{", "custom": custom}).encode()
    assert (await read_json(request(body, JSON), Note)).custom == custom


async def test_of_a_name_that_is_there_twice_the_last_one_counts_for_everybody() -> None:
    """One reader reads each body once, so nobody can be shown another value than the one that is used."""
    assert (await read_json(request(b'{"text": "a", "text": "b"}', JSON), Note)).text == "b"


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"]
)
async def test_another_content_type_is_refused(kind: str) -> None:
    """A form of another site can send these without asking; application/json it cannot."""
    with pytest.raises(UnsupportedMedia):
        await read_json(request(b'{"text": "hi"}', [("content-type", kind)]), Note)


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "application/json;x=y"])
async def test_json_may_say_more_about_itself(kind: str) -> None:
    assert await read_json(request(b'{"text": "hi"}', [("content-type", kind)]), Note) == Note("hi")


@pytest.mark.parametrize("declared", [None, "0", "3", "-1", "abc", "1e9", "9" * 5000, "٣", ""])
async def test_what_a_body_says_about_its_length_breaks_nothing(declared: str | None) -> None:
    headers = [] if declared is None else [("content-length", declared)] if declared.isascii() else []
    asked = request((b"x" * LARGEST_BODY, b"x"), headers)
    with pytest.raises(TooLarge):
        await read_body(asked)


async def test_a_body_that_says_it_is_too_large_is_not_waited_for() -> None:
    async def never() -> Message:
        raise AssertionError("the body was read")

    asked = Request(scope_of("POST", "/", [("content-length", str(LARGEST_BODY + 1))]), never)
    with pytest.raises(TooLarge):
        await read_body(asked)


async def test_a_body_of_the_largest_size_is_read() -> None:
    assert len(await read_body(request((b"x" * (LARGEST_BODY - 1), b"x")))) == LARGEST_BODY


async def test_a_connection_that_closes_in_the_middle_is_refused() -> None:
    parts: Iterator[Message] = iter(
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> Message:
        return next(parts)

    with pytest.raises(Unreadable):
        await read_body(Request(scope_of("POST", "/"), receive))


async def test_a_body_that_trickles_is_refused() -> None:
    async def receive() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    with pytest.raises(Unreadable):
        async for _ in body_chunks(Request(scope_of("POST", "/"), receive), 10**9, timedelta(seconds=0.1)):
            pass


async def test_who_writes_the_pieces_down_slowly_is_not_interrupted_while_writing() -> None:
    """The time is the client's. A disk that takes longer must not be cut off in the middle of a write."""

    async def write_down(chunks: AsyncIterator[bytes]) -> bytes:
        written = b""
        async for chunk in chunks:
            await asyncio.sleep(0.15)
            written += chunk
        return written

    asked = Request(scope_of("POST", "/"), receiving(b"a", b"b"))
    try:
        written = await write_down(body_chunks(asked, 100, timedelta(seconds=0.1)))
    except Unreadable:
        return  # also fine: said between two writes
    assert written == b"ab"


def test_a_query_is_read_as_its_shape_wants() -> None:
    assert read_query(request(query="limit=5&newest=true"), Page) == Page(5, True)


@pytest.mark.parametrize(
    "query",
    [
        "limit=5&limit=6",
        "limit=",
        "limit=five",
        "limit=5.5",
        "limit=1_0",
        "limit=%EF%BC%95",
        "limit=" + "9" * 5000,
        "limit[]=5",
        "limit%00=5",
        "limit=5%00",
        "newest=yes",
        "admin=1",
    ],
)
def test_a_bad_query_is_refused(query: str) -> None:
    with pytest.raises(Unreadable):
        read_query(request(query=query), Page)


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ([], None),
        ([("authorization", "")], None),
        ([("authorization", "Bearer")], None),
        ([("authorization", "Bearer ")], None),
        ([("authorization", "Bearer abc")], "abc"),
        ([("authorization", "bearer  abc ")], "abc"),
        ([("authorization", "Basic abc")], None),
        ([("authorization", "abc")], None),
        ([("authorization", "Bearerabc")], None),
        ([("authorization", "Bearer \xff\x01")], "\xff\x01"),
    ],
)
def test_a_bearer_is_read_or_there_is_none(headers: list[tuple[str, str]], token: str | None) -> None:
    assert bearer(request(headers=headers)) == token


def test_a_refusal_names_the_field() -> None:
    for body, field in [
        (b'{"text": 1}', "text"),
        (b'{"text": "hi", "custom": {"a": "\\u0000"}}', "custom"),
        (b'{"text": "hi", "admin": 1}', "admin"),
        (b"{}", "text"),
    ]:
        with pytest.raises(Unacceptable) as refusal:
            parse_json(body, Note)
        assert refusal.value.field == field


@pytest.mark.parametrize("value", ["\x00", "\ud800", ["\x00"], {"a": "\udfff"}, {"\x00": 1}, {"a": [{"b": "\x00"}]}])
def test_what_is_no_text_is_refused_wherever_it_hides(value: object) -> None:
    with pytest.raises(Unacceptable):
        check_texts(value)


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_whatever_comes_is_read_or_refused(body: bytes) -> None:
    for shape in (Note, dict[str, Any], list[Any]):
        try:
            parse_json(body, shape)
        except Refusal:
            continue


@given(st.text(max_size=60))
def test_whatever_query_comes_is_read_or_refused(query: str) -> None:
    try:
        read_query(request(query=query), Page)
    except Refusal:
        return
