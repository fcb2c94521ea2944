"""The description and the reference page, served. Neither loads anything from elsewhere.

/acquaint/v1/openapi.json    for programs
/acquaint/v1/docs            for people
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ....web.dialect import Route, core_of
from ..openapi import AnyOperation, document
from ..operation import PREFIX
from .page import render

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HERE: Final = Path(__file__).parent
_FRESH: Final = {"Cache-Control": "public, max-age=300"}


def routes(operations: Sequence[AnyOperation]) -> list[Route]:
    """Where the description and the page are."""

    @cache
    def description() -> bytes:
        return msgspec.json.encode(document(operations))

    @cache
    def page(public_url: str) -> bytes:
        return render(document(operations), operations, public_url).encode()

    async def openapi(request: Request) -> Response:
        return Response(description(), media_type="application/json", headers=_FRESH)

    async def docs(request: Request) -> Response:
        headers = {**_FRESH, "Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
        return Response(page(core_of(request).public_url), media_type="text/html", headers=headers)

    return [
        Route("GET", f"{PREFIX}/openapi.json", openapi),
        Route("GET", f"{PREFIX}/docs", docs),
        Route("GET", f"{PREFIX}/docs/style.css", _asset("style.css", "text/css")),
        Route("GET", f"{PREFIX}/docs/script.js", _asset("script.js", "text/javascript")),
    ]


def _asset(name: str, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    content = (_HERE / name).read_bytes()

    async def asset(request: Request) -> Response:
        return Response(content, media_type=media_type, headers=_FRESH)

    return asset
