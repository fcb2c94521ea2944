"""ConnectyCube: the REST API its SDKs speak, at the root, each path with and without ``.json``. See README.md."""

from typing import Final

from ...web.dialect import Dialect, Route
from . import (
    address_book,
    admin,
    blobs,
    confirm,
    dialogs,
    directory,
    downloads,
    messages,
    reset,
    search,
    session,
    signals,
    users,
)
from .errors import ERRORS, error_response

ROUTES: Final[list[Route]] = [
    *session.ROUTES,
    *users.ROUTES,
    *directory.ROUTES,
    *reset.ROUTES,
    *confirm.ROUTES,
    *blobs.ROUTES,
    *downloads.ROUTES,
    *dialogs.ROUTES,
    *signals.ROUTES,
    *messages.ROUTES,
    *search.ROUTES,
    *address_book.ROUTES,
    *admin.ROUTES,
]

DIALECT = Dialect(
    "connectycube",
    (
        "/session",
        "/login",
        "/users",
        "/blobs",
        "/chat/",
        "/address_book",
        "/password_reset",
        "/email_confirmation",
        "/admin/user/",
    ),
    ROUTES,
    ERRORS,
    error_response,
    allowed_headers=("CB-Token", "CB-AuthKey", "CB-SDK", "Content-Type", "ConnectyCube-REST-API-Version"),
    exposed_headers=("CB-Token-ExpirationDate", "Date", "Retry-After"),
)

__all__ = ["DIALECT"]
