"""The page that the link in a mail opens: a new password, twice, and nothing else.

The ticket is in the fragment of the address, which no browser sends anywhere; the script takes it out of the
address bar, and posts it with the new password. The page loads nothing from elsewhere and says nothing about who.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
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


def routes() -> list[Route]:
    """The page, and what it is made of."""
    return served(
        f"{PREFIX}/password-reset",
        Path(__file__).parent,
        {
            "": ("page.html", "text/html"),
            "/style.css": ("style.css", "text/css"),
            "/script.js": ("script.js", "text/javascript"),
        },
    )


def served(page: str, folder: Path, files: Mapping[str, tuple[str, str]]) -> list[Route]:
    """Files of the folder, with their media types, each at where it is below the page."""
    return [Route("GET", page + path, _asset(folder / name, kind)) for path, (name, kind) in files.items()]


def _asset(file: Path, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    content = file.read_bytes()

    async def asset(request: Request) -> Response:
        return Response(content, media_type=media_type, headers=HEADERS)

    return asset
