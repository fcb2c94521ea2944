"""Kustomer: its chat SDKs' visitors log in here, and its server API manages them. See README.md.

chat      what a visitor's SDK asks, under ``/c/`` and ``/p/``: a tracking token opens it
server    what the App's own server asks, under ``/v1/`` and ``/v2.1/``: an API key opens it
"""

from typing import Final

from ...web.dialect import Dialect
from . import chat, server
from .errors import ERRORS, error_response

DIALECT: Final = Dialect(
    "kustomer",
    ("/c/", "/p/", "/v1/", "/v2.1/"),
    [*chat.ROUTES, *server.ROUTES],
    ERRORS,
    error_response,
    allowed_headers=(
        "x-kustomer",
        "x-kustomer-tracking-token",
        "x-kustomer-client",
        "x-kustomer-version",
        "x-kustomer-org",
        "content-type",
        "accept-language",
        "authorization",
        "last-event-id",
    ),
    exposed_headers=("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"),
)

__all__ = ["DIALECT"]
