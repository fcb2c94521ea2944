"""Handing out a file of a stranger's so that it cannot act in our name.

safe_headers    never sniffed, never run, downloaded unless it is shown in place
hand_out        all of it, a part of it, or nothing new
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ..domain.files import SHOWN_INLINE
from ..services.files import UNKNOWN

PLAYED: Final = ("audio/", "video/", "application/pdf")
"""Types whose name is told to who downloads: a browser runs nothing in them on our origin."""

_RANGE: Final = re.compile(r"bytes=\s*([0-9]{0,15})-([0-9]{0,15})\s*")


@dataclass(frozen=True, slots=True)
class Handed:
    """What is handed out: bytes that never change under the same ``tag``."""

    name: str
    content_type: str
    size: int
    is_inline: bool
    tag: str
    cache: str  # the value of Cache-Control


Read = Callable[[int, int], Awaitable[AsyncIterator[bytes]]]
"""So many bytes from there on."""


def safe_headers(name: str, content_type: str, *, is_inline: bool) -> dict[str, str]:
    """Only a picture that is shown in place is called one without being a download; SVG and HTML are never named."""
    is_named = content_type in SHOWN_INLINE or content_type.startswith(PLAYED)
    way = "inline" if is_inline and content_type in SHOWN_INLINE else "attachment"
    return {
        "Content-Type": content_type if is_named else UNKNOWN,
        "Content-Disposition": f"{way}; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Referrer-Policy": "no-referrer",
    }


async def hand_out(request: Request, it: Handed, read: Read) -> Response:
    """200, 206 for one range of it (RFC 9110, section 14), 304 where the client has it already, or 416."""
    tag = f'"{it.tag}"'
    headers = safe_headers(it.name, it.content_type, is_inline=it.is_inline)
    headers |= {"ETag": tag, "Accept-Ranges": "bytes", "Cache-Control": it.cache}
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    start, length = 0, it.size
    asked = request.headers.get("range", "")
    if asked and request.method == "GET" and request.headers.get("if-range", tag) == tag:
        match _part(asked, it.size):
            case None:
                headers["Content-Range"] = f"bytes */{it.size}"
                del headers["Content-Type"]
                return Response(status_code=416, headers=headers)
            case start, length:
                pass
    status = 200
    if length != it.size:
        status = 206
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{it.size}"
    headers["Content-Length"] = str(length)
    if request.method == "HEAD":
        return Response(headers=headers)
    return StreamingResponse(await read(start, length), status, headers)


def _part(asked: str, size: int) -> tuple[int, int] | None:
    """Start and length; None where nothing of it is there. What is not one plain range is all of it."""
    found = _RANGE.fullmatch(asked)
    if found is None or found[1] == found[2] == "":
        return 0, size
    if not found[1]:
        length = min(int(found[2]), size)
        return (size - length, length) if length else None
    start, end = int(found[1]), min(int(found[2] or size), size - 1)
    if found[2] and int(found[2]) < start:
        return 0, size
    return (start, end - start + 1) if start < size else None


def _has(listed: str, tag: str) -> bool:
    return listed.strip() == "*" or tag in (it.strip().removeprefix("W/") for it in listed.split(","))
