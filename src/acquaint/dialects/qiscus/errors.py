"""How Qiscus says no.

Three texts are magic. ``Unauthorized. Token is expired`` with 403 makes the SDKs refresh their token, ``Unauthorized``
with 403 makes them ask for a new login, and ``refresh token invalid`` with 401 makes them give up refreshing; nothing
else may say any of them.
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
    Doubt,
    IdentifierTaken,
    InvalidCredentials,
    NeedsUser,
    NotAllowed,
    NotFound,
    OriginRefused,
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

EXPIRED: Final = WireError(403, "401302", "Unauthorized. Token is expired")
UNAUTHORIZED: Final = WireError(403, "401301", "Unauthorized")
WRONG_PASSWORD: Final = WireError(401, "401306", "wrong password")
REFRESH_REFUSED: Final = WireError(401, "401000", "refresh token invalid")  # iOS and Android look for these words
NOT_A_SECRET: Final = WireError(401, "401000", "Unauthorized")  # to servers only: at login Android would log out


def _credentials(refusal: InvalidCredentials) -> WireError:
    return NOT_A_SECRET if refusal.doubt in (Doubt.UNKNOWN_KEY, Doubt.EXPIRED_KEY) else WRONG_PASSWORD


def _token(refusal: TokenRefused) -> WireError:
    return _identity_token(f"{refusal.claim} {refusal.why}")


def _identity_token(detail: str) -> WireError:
    return WireError(401, "401000", "identity token invalid", {"detailed_messages": [detail]})


def _wait(status: int, message: str, time: timedelta) -> WireError:
    seconds = max(1, math.ceil(time.total_seconds()))
    return WireError(status, f"{status}000", message, headers={"Retry-After": str(seconds)})


_WORDS: Final = {"conversation": "room", "message": "comment"}

ERRORS: Final[ErrorTable] = {
    Unreadable: lambda it: WireError(400, "400000", it.why),
    Unacceptable: lambda it: WireError(400, "400000", f"{it.field} {it.reason}"),
    TooLarge: lambda it: WireError(413, "413000", it.why),
    UnsupportedMedia: lambda it: WireError(415, "415000", it.why),
    UnknownApp: WireError(401, "401303", "Application not found"),
    AppClosed: WireError(401, "401303", "Application is closed"),
    InvalidCredentials: _credentials,
    TokenRefused: _token,
    TicketRefused: REFRESH_REFUSED,  # a nonce that is refused is said to be a wrong claim of its identity token
    UserBanned: WireError(401, "401300", "user is deactivated"),
    RegistrationClosed: WRONG_PASSWORD,  # whether an id is known is nobody's business
    IdentifierTaken: WireError(409, "409000", "already taken"),
    AlreadySignedIn: WireError(409, "409000", "somebody else is logged in"),
    SessionEnded: UNAUTHORIZED,
    SessionExpired: EXPIRED,
    NeedsUser: UNAUTHORIZED,
    NotAllowed: WireError(403, "403000", "not allowed"),
    AddressUnconfirmed: WireError(403, "403000", "email is not confirmed"),
    OriginRefused: WireError(403, "403000", "origin not allowed"),
    NotFound: lambda it: WireError(404, "404000", f"{_WORDS.get(it.what, it.what)} not found"),
    Repeated: WireError(409, "409000", "already used for another request"),
    ConversationClosed: WireError(403, "403000", "room is closed"),
    TooManyRequests: lambda it: _wait(429, "too many requests", it.retry_after),
    Busy: lambda it: _wait(503, "busy", it.retry_after),
    NoSuchPath: WireError(404, "404000", "not found"),
    NoSuchMethod: WireError(405, "405000", "method not allowed"),
    OurFault: WireError(500, "500100", "unexpected error"),
}


def error_response(error: WireError) -> Response:
    """The vendor's envelope; its status is also the HTTP status."""
    said: dict[str, Any] = {"code": int(error.code), "message": error.message, "detailed_messages": [error.message]}
    body = msgspec.json.encode({"status": error.status, "error": said | dict(error.more)})
    return Response(body, error.status, media_type="application/json")
