"""The native API under /acquaint/v1: our own words, each route declared as data (docs/decisions/0007)."""

from __future__ import annotations

from typing import Final

from ...web.dialect import Dialect
from . import email_confirmation, password_reset, problems, reference
from .repeats import HEADER
from .routes import OPERATIONS
from .webhooks import FORMAT

__all__ = ["DIALECT", "FORMAT"]

DIALECT: Final = Dialect(
    "native",
    ("/acquaint/",),
    (
        *(it.route() for it in OPERATIONS),
        *reference.routes(OPERATIONS),
        *password_reset.routes(),
        *email_confirmation.routes(),
    ),
    problems.ERRORS,
    problems.response,
    allowed_headers=("Authorization", "Content-Type", HEADER),
    exposed_headers=("Date", "Idempotency-Replayed", "Retry-After", "WWW-Authenticate", "X-Request-Id"),
)
