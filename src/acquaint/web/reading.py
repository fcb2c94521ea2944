"""Reading requests: a body or a query into a shape, or a refusal that says what was wrong with it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar

import msgspec
from starlette.requests import Request

from ..domain.errors import TooLarge, Unacceptable, Unreadable, UnsupportedMedia

Shape = TypeVar("Shape")

LARGEST_BODY: Final = 256 * 1024  # bytes; a message is at most 20,000 characters, so this is ample for JSON
SLOWEST_BODY: Final = timedelta(seconds=20)  # against requests that trickle; lower would hurt phones on a train
DEEPEST: Final = 32  # levels of nesting in JSON that we keep

_NAMED: Final = re.compile(r"Object (contains unknown|missing required) field `(.*)`", re.DOTALL)


async def read_json(request: Request, shape: type[Shape]) -> Shape:
    """The JSON body as the shape. Refuses with UnsupportedMedia, TooLarge, Unreadable or Unacceptable."""
    if media_type(request) != "application/json":
        raise UnsupportedMedia("The body must be application/json.")
    return parse_json(await read_body(request), shape)


def parse_json(body: bytes, shape: type[Shape]) -> Shape:
    try:
        found = msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise unacceptable(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable("The body is not valid JSON in UTF-8.") from error
    if b"\\u0000" in body or body.count(b"{") + body.count(b"[") > DEEPEST:
        check_texts(msgspec.json.decode(body))
    return found


async def read_body(request: Request, at_most: int = LARGEST_BODY) -> bytes:
    """The whole body, if it is not too large and does not take too long."""
    declared = request.headers.get("content-length", "")
    if len(declared) <= 20 and declared.isascii() and declared.isdigit() and int(declared) > at_most:
        raise TooLarge(at_most)
    return b"".join([chunk async for chunk in body_chunks(request, at_most)])


async def body_chunks(request: Request, at_most: int, within: timedelta = SLOWEST_BODY) -> AsyncIterator[bytes]:
    """The body in pieces, as they come; refuses with TooLarge as soon as it is, with Unreadable when it stalls."""
    size, is_more = 0, True
    until = asyncio.get_running_loop().time() + within.total_seconds()
    while is_more:
        try:
            async with asyncio.timeout_at(until):  # around each piece: never around what its reader does with it
                message = await request.receive()
        except TimeoutError as error:
            raise Unreadable("The body did not arrive in time.") from error
        if message["type"] == "http.disconnect":
            raise Unreadable("The connection closed before the body was complete.")
        chunk, is_more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > at_most:
            raise TooLarge(at_most)
        if chunk:
            yield chunk


def read_query(request: Request, shape: type[Shape]) -> Shape:
    """The query string as the shape; numbers and booleans are read from their texts. A repeated name is refused."""
    values: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in values:
            raise Unacceptable(name, "is given more than once")
        values[name] = value
    return convert(values, shape)


def convert(values: Mapping[str, Any], shape: type[Shape]) -> Shape:
    """Plain values as the shape; texts are read as numbers and booleans where the shape wants those."""
    check_texts(values)
    try:
        return msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as error:
        raise unacceptable(error) from error


def check_texts(value: Any, name: str = "", depth: int = 0) -> None:
    """Refuses NUL and lone surrogates anywhere in plain data: no database keeps them, no honest client sends them."""
    if depth > DEEPEST:
        raise Unacceptable(name, "is nested too deeply")
    match value:
        case str():
            if "\x00" in value or not _is_unicode(value):
                raise Unacceptable(name or "text", "contains characters that are not text")
        case Mapping():
            for key, inner in value.items():
                check_texts(key, name or str(key), depth + 1)
                check_texts(inner, name or str(key), depth + 1)
        case list() | tuple():
            for inner in value:
                check_texts(inner, name, depth + 1)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def unacceptable(error: msgspec.ValidationError) -> Unreadable:
    """msgspec's word for what is wrong, with the field it is about (its path is ``$.field[0].inner``)."""
    why, _, path = str(error).partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    if named := _NAMED.fullmatch(why):
        field = f"{field}.{named[2]}" if field else named[2]
        return Unacceptable(field, "is required" if named[1] == "missing required" else "is not known here")
    if field:
        return Unacceptable(field, f"is not right: {why}")
    return Unreadable(why)


def media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def bearer(request: Request) -> str | None:
    """The token of an Authorization header, if there is one of the Bearer scheme (RFC 6750, section 2.1)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
