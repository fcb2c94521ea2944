"""How ConnectyCube says no: ``errors`` is a list of texts, or an object of lists by field; the vendor has both.

``Required session does not exist`` with 401, in ``base``, is magic: it alone makes the SDK ask its app for a new
session. Nothing else may say it.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any, Final

import msgspec
from starlette.responses import Response

from ...domain.errors import (
    AddressUnconfirmed,
    AlreadySignedIn,
    AppClosed,
    Busy,
    ConversationClosed,
    IdentifierTaken,
    InvalidCredentials,
    NeedsUser,
    NotAllowed,
    NotFound,
    OriginRefused,
    ProviderRefused,
    ProviderUnavailable,
    Refusal,
    RegistrationClosed,
    Repeated,
    SessionEnded,
    SessionExpired,
    TicketRefused,
    TokenRefused,
    TooLarge,
    TooManyRequests,
    Unacceptable,
    UnknownApp,
    Unreadable,
    UnsupportedMedia,
    UserBanned,
)
from ...web.dialect import ErrorTable, NoSuchMethod, NoSuchPath, OurFault, WireError

CUSTOM_PROVIDER: Final = "custom"  # the Provider that the vendor calls Custom Identity Provider


class TokenRequired(Refusal):
    """No token came where one is needed. Said differently from a token that opens nothing."""


class NotOwner(Refusal):
    """The object is somebody else's."""


class UnknownUser(Refusal):
    """Nobody has this login or address, and the App creates nobody on the fly. The vendor says so to strangers."""


class NoName(Refusal):
    """Neither a login nor an address was given."""


class BadSignature(Refusal):
    """The signature is not one of the App's secret over these parameters."""


class ResetsOff(Refusal):
    """The App mails nobody a new password."""


class ListingForbidden(Refusal):
    """The App does not let its users look through each other."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where  # its operator changes that


class StrangeFilter(Refusal):
    """A filter or an order of the older query language that cannot be read; the vendor's words say which."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def plain(status: int, text: str, *, wait: timedelta | None = None) -> WireError:
    """``{"errors": ["text"]}``"""
    headers = {} if wait is None else {"Retry-After": str(max(1, math.ceil(wait.total_seconds())))}
    return WireError(status, "", text, {"errors": [text]}, headers)


def field(status: int, name: str, text: str) -> WireError:
    """``{"errors": {"name": ["text"]}}``; what belongs to no field is ``base``."""
    return WireError(status, "", text, {"errors": {name: [text]}})


def base(status: int, text: str) -> WireError:
    return field(status, "base", text)


def _not_found(refusal: NotFound) -> WireError:
    return plain(404, "User not found" if refusal.what == "user" else "Not found")


def _provider_refused(refusal: ProviderRefused) -> WireError:
    if refusal.provider != CUSTOM_PROVIDER:
        return UNAUTHORIZED
    if refusal.lacks:
        return base(422, f"Custom Identity Provider {refusal.lacks} is required")
    text = f'Custom Identity Provider responded with an error = "{refusal.text}". Status code = {refusal.status}'
    return base(422, text)


def _provider_unavailable(refusal: ProviderUnavailable) -> WireError:
    if refusal.provider != CUSTOM_PROVIDER:
        return plain(503, "Service Unavailable", wait=refusal.retry_after)
    return base(422, "Custom Identity Provider is unavailable")


NO_SUCH_SESSION: Final = base(401, "Required session does not exist")
UNAUTHORIZED: Final = plain(401, "Unauthorized")
UNCONFIRMED: Final = base(403, "Email is not confirmed")

ERRORS: Final[ErrorTable] = {
    Unreadable: lambda it: plain(400, it.why),
    Unacceptable: lambda it: field(422, it.field or "base", it.reason),
    TooLarge: lambda it: plain(413, it.why),
    UnsupportedMedia: lambda it: plain(400, it.why),
    UnknownApp: UNAUTHORIZED,
    AppClosed: UNAUTHORIZED,
    InvalidCredentials: plain(401, "Invalid password"),
    TokenRefused: UNAUTHORIZED,
    ProviderRefused: _provider_refused,
    TicketRefused: base(422, "Token is invalid or has expired"),
    UserBanned: base(403, "User is banned"),
    RegistrationClosed: plain(404, "User not found"),  # the vendor's words of its Deny permission
    IdentifierTaken: lambda it: base(422, f"{it.kind} must be unique"),
    AlreadySignedIn: base(403, "Forbidden. Another user is logged in."),
    SessionEnded: NO_SUCH_SESSION,
    SessionExpired: NO_SUCH_SESSION,
    NeedsUser: base(403, "Forbidden. Need user."),
    NotAllowed: base(403, "Forbidden"),
    AddressUnconfirmed: UNCONFIRMED,
    OriginRefused: base(403, "Forbidden. Origin is not allowed."),
    NotFound: _not_found,
    Repeated: base(422, "Request was used for something else before"),
    ConversationClosed: base(403, "Forbidden. Dialog is closed."),
    TooManyRequests: lambda it: plain(429, "Too Many Requests", wait=it.retry_after),
    ProviderUnavailable: _provider_unavailable,
    Busy: lambda it: plain(503, "Service Unavailable", wait=it.retry_after),
    NoSuchPath: plain(404, "Not found"),
    NoSuchMethod: plain(405, "Method Not Allowed"),
    OurFault: plain(500, "Internal Server Error"),
    TokenRequired: plain(401, "Token is required"),
    NotOwner: base(403, "You are not owner of this object"),
    UnknownUser: plain(404, "User not found"),
    NoName: plain(422, "Both user login and email can't be blank"),
    BadSignature: plain(422, "Unexpected signature"),
    ListingForbidden: lambda it: base(
        403, f"Users retrieving forbidden in admin panel, application settings. Setup it here {it.where}"
    ),
    StrangeFilter: lambda it: plain(422, it.why),
    ResetsOff: base(422, "Reset password by email is disabled"),
}


def error_response(error: WireError) -> Response:
    said: dict[str, Any] = dict(error.more)
    return Response(msgspec.json.encode(said), error.status, media_type="application/json")
