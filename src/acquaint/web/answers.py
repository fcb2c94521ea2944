"""How answers leave: JSON bytes with few headers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.background import BackgroundTask
from starlette.responses import Response

JSON: Final = b"application/json"
PROBLEM: Final = b"application/problem+json"  # RFC 9457


class Json(Response):
    """Encoded JSON. Nothing may keep it on the way: it may hold tokens, and it holds people."""

    def __init__(
        self,
        body: bytes,
        status: int = 200,
        content_type: bytes = JSON,
        more: Iterable[tuple[bytes, bytes]] = (),
        background: BackgroundTask | None = None,
    ) -> None:
        self.body = body
        self.status_code = status
        self.background = background
        self.raw_headers = [
            (b"content-length", str(len(body)).encode()),
            (b"content-type", content_type),
            (b"cache-control", b"no-store"),
            *more,
        ]


class Empty(Response):
    """Done, and there is nothing to say about it."""

    def __init__(
        self, status: int = 204, more: Iterable[tuple[bytes, bytes]] = (), background: BackgroundTask | None = None
    ) -> None:
        self.body = b""
        self.status_code = status
        self.background = background
        self.raw_headers = [*([] if status == 204 else [(b"content-length", b"0")]), *more]
