"""The page that the link in a mail opens: a new password, twice, and nothing else.

The ticket is in the fragment of the address, which no browser sends anywhere; the script takes it out of the
address bar, and posts it with the new password. The page loads nothing from elsewhere and says nothing about who.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ....web.dialect import Route
from ..operation import PREFIX

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}
_HERE: Final = Path(__file__).parent


def routes() -> list[Route]:
    """The page, and what it is made of."""
    page = f"{PREFIX}/password-reset"
    return [
        Route("GET", page, _asset("page.html", "text/html")),
        Route("GET", f"{page}/style.css", _asset("style.css", "text/css")),
        Route("GET", f"{page}/script.js", _asset("script.js", "text/javascript")),
    ]


def _asset(name: str, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    content = (_HERE / name).read_bytes()

    async def asset(request: Request) -> Response:
        return Response(content, media_type=media_type, headers=HEADERS)

    return asset
