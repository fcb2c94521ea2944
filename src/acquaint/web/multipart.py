"""Reading forms (multipart/form-data): a file as it comes, without ever holding all of it, or nothing but texts.

The part with the file is known by its name alone: whether it also has a file name depends on the client. What is in
front of it are fields, small texts; what comes after it is read over.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from ..domain.errors import Unacceptable, Unreadable, UnsupportedMedia
from .reading import SLOWEST_BODY, body_chunks, check_texts

MOST_PARTS: Final = 100
LARGEST_FIELDS: Final = 64 * 1024  # bytes of all fields together
_AROUND: Final = LARGEST_FIELDS + MOST_PARTS * 5_000  # bytes beside the file: a head of a part is at most 4 KiB


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way. ``content`` refuses with Unreadable when it breaks off, and with TooLarge."""

    fields: Mapping[str, str]
    content: AsyncIterator[bytes]
    file_name: str | None  # as the client says
    media_type: str  # as the client says; empty where it does not


@dataclass(frozen=True, slots=True)
class _Head:
    name: str
    file_name: str | None
    media_type: str


_END: Final = b""
"""The end of a part, among its pieces."""

_Piece = _Head | bytes


async def read_upload(request: Request, part: str, *, at_most: int, within: timedelta) -> Upload:
    """Reads as far as the part of this name, and leaves it to be read.

    Refuses with UnsupportedMedia, Unreadable, TooLarge, or Unacceptable where there is no such part. ``at_most`` is how
    many bytes the file may have, or a little more: whoever keeps it counts again. ``within`` is for all of it; what is
    in front of the file, which says whether anybody wants it, has no longer than any other body.
    """
    media, options = parse_options_header(request.headers.get("content-type", ""))
    if media != b"multipart/form-data" or not options.get(b"boundary"):
        raise UnsupportedMedia("The body must be multipart/form-data.")
    pieces = _pieces(body_chunks(request, at_most + _AROUND, within), options[b"boundary"])
    try:
        async with asyncio.timeout(SLOWEST_BODY.total_seconds()):
            fields, head = await _fields(pieces, part)
    except TimeoutError as error:
        raise Unreadable("The body did not arrive in time.") from error
    check_texts(fields)
    return Upload(fields, _content(pieces), head.file_name, head.media_type)


async def read_fields(request: Request) -> list[tuple[str, str]]:
    """A form of nothing but small texts, in order; files in it are read over. Refuses like ``read_upload``."""
    media, options = parse_options_header(request.headers.get("content-type", ""))
    if media != b"multipart/form-data" or not options.get(b"boundary"):
        raise UnsupportedMedia("The body must be multipart/form-data.")
    fields: list[tuple[str, str]] = []
    head, value = _Head("", None, ""), bytearray()
    async for piece in _pieces(body_chunks(request, _AROUND), options[b"boundary"]):
        if isinstance(piece, _Head):
            head, value = piece, bytearray()
        elif piece is _END:
            if head.file_name is None:
                fields.append((head.name, _text(value)))
        else:
            value += piece
    return fields


async def _fields(pieces: AsyncIterator[_Piece], part: str) -> tuple[dict[str, str], _Head]:
    """What is in front of the part, and its head."""
    fields: dict[str, str] = {}
    size, name, value = 0, "", bytearray()
    async for piece in pieces:
        if isinstance(piece, _Head):
            if piece.name == part:
                return fields, piece
            name, value = piece.name, bytearray()
        elif piece is _END:
            fields[name] = _text(value)
        else:
            size += len(piece)
            if size > LARGEST_FIELDS:
                raise Unreadable(f"The fields in front of {part} are larger than {LARGEST_FIELDS} bytes.")
            value += piece
    raise Unacceptable(part, "is required")


async def _content(pieces: AsyncIterator[_Piece]) -> AsyncIterator[bytes]:
    """The rest of the part; then whatever comes after it, to know that all of it came."""
    is_over = False
    async for piece in pieces:
        if piece is _END:
            is_over = True
        elif not is_over and isinstance(piece, bytes):
            yield piece


async def _pieces(chunks: AsyncIterator[bytes], boundary: bytes) -> AsyncIterator[_Piece]:
    reading = _Reading()
    try:
        parser = MultipartParser(boundary, reading.callbacks())
        async for chunk in chunks:
            parser.write(chunk)
            while reading.found:
                yield reading.found.popleft()
    except FormParserError as error:
        raise Unreadable("The form is not what multipart/form-data looks like.") from error
    if not reading.is_whole:
        raise Unreadable("The form broke off.")


class _Reading:
    """What the parser tells, as pieces."""

    def __init__(self) -> None:
        self.found: deque[_Piece] = deque()
        self.is_whole = False
        self._parts = 0
        self._heads: dict[str, str] = {}
        self._field, self._value = bytearray(), bytearray()

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._whole,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise Unreadable(f"The form has more than {MOST_PARTS} parts.")
        self._heads = {}

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._heads[self._field.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._field, self._value = bytearray(), bytearray()

    def _headers_finished(self) -> None:
        way, options = parse_options_header(self._heads.get("content-disposition", ""))
        name = options.get(b"name")
        if way != b"form-data" or name is None:
            raise Unreadable("A part of the form has no name.")
        file_name = options.get(b"filename")
        media = self._heads.get("content-type", "").partition(";")[0].strip().lower()
        self.found.append(_Head(_text(name), None if file_name is None else _text(file_name), media))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if end > start:
            self.found.append(data[start:end])

    def _end(self) -> None:
        self.found.append(_END)

    def _whole(self) -> None:
        self.is_whole = True


def _text(raw: bytes | bytearray) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise Unreadable("The form is not UTF-8.") from error
