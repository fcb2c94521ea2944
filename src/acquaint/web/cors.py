"""Which pages of other origins may call, and how a browser is told.

No dialect uses cookies, so a page can only do what the tokens it holds allow, and answers may be read by
any page: the App's Policy decides about pages with a refusal of ours, which scripts cannot get around.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ..domain.apps import App
from ..domain.errors import OriginRefused

PREFLIGHT_SECONDS: Final = 7200  # Chromium's upper bound


def check_origin(request: Request, app: App) -> None:
    """Refuses with OriginRefused when a browser page asks whose origin the App's Policy does not name."""
    origin = request.headers.get("origin")
    if origin is not None and not app.policy.allows_origin(origin):
        raise OriginRefused


def preflight(request: Request, methods: list[str], allowed_headers: tuple[str, ...]) -> Response:
    """The answer to a browser that asks before it calls."""
    asked = request.headers.get("access-control-request-headers", "")
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": ", ".join([*methods, "OPTIONS"]),
            "Access-Control-Allow-Headers": ", ".join(allowed_headers) or asked,
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
            "Vary": "Access-Control-Request-Headers",
        },
    )
