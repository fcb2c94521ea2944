"""Qiscus Chat SDK: its users log in here, and its REST API manages them. See README.md."""

from ...web.dialect import Dialect
from . import routes
from .errors import ERRORS, error_response

DIALECT = Dialect(
    "qiscus",
    ("/api/v2/", "/api/v2.1/"),
    routes.ROUTES,
    ERRORS,
    error_response,
    exposed_headers=("Retry-After",),
)

__all__ = ["DIALECT"]
