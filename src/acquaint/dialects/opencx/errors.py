"""How OpenCX says no: ``{"statusCode", "message", "error"}``.

The widget reads the status alone, so two of them are never swapped: a dead contact token is 401, which newer widgets
answer by minting another, and a good one that may not do this is 403. What a visitor reads is said by ``chat/send``.
"""

from __future__ import annotations

import math
from datetime import timedelta
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.responses import Response

from ...domain.errors import (
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
    RegistrationClosed,
    Repeated,
    SessionEnded,
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

PHRASES: Final = {it.value: it.phrase for it in HTTPStatus}
THINGS: Final = {"conversation": "Session", "user": "Contact"}  # what the core calls a thing, in the vendor's words


class NoToken(SessionEnded):
    """A widget call that needs a contact token has none."""


class NoExternalId(NotAllowed):
    """An unverified contact lists or starts sessions without saying an external_id."""


class NotVerified(NotAllowed):
    """An unverified contact begins a session or keeps a file where the App enforces that contacts are verified."""


def _wait(status: int, time: timedelta) -> WireError:
    seconds = max(1, math.ceil(time.total_seconds()))
    return WireError(status, "", f"Try again in {seconds} s", headers={"Retry-After": str(seconds)})


def _not_found(it: NotFound) -> WireError:
    return WireError(404, "", f"{THINGS.get(it.what, it.what.capitalize())} not found")


ERRORS: Final[ErrorTable] = {
    Unreadable: lambda it: WireError(400, "", it.why),
    Unacceptable: lambda it: WireError(400, "", f"{it.field or 'the body'} {it.reason}"),
    TooLarge: lambda it: WireError(413, "", it.why),
    UnsupportedMedia: lambda it: WireError(415, "", it.why),
    UnknownApp: WireError(401, "", "Unauthorized"),
    AppClosed: WireError(403, "", "The organization is closed"),
    InvalidCredentials: WireError(401, "", "Unauthorized"),
    TokenRefused: WireError(401, "", "Invalid token"),
    UserBanned: WireError(403, "", "The contact is blocked"),
    RegistrationClosed: WireError(403, "", "Contacts are not created this way"),
    IdentifierTaken: lambda it: WireError(409, "", f"Another one has this {it.kind}"),
    AlreadySignedIn: WireError(409, "", "The token is another contact's"),
    SessionEnded: WireError(401, "", "Invalid token"),
    NoToken: WireError(401, "", "Missing widget contact token"),
    NeedsUser: WireError(404, "", "Contact not found"),
    NotAllowed: WireError(403, "", "Forbidden"),
    NoExternalId: WireError(403, "", "external_id is required"),
    NotVerified: WireError(403, "", "Only verified contacts may do this"),
    OriginRefused: WireError(403, "", "Pages of this origin may not call"),
    NotFound: _not_found,
    TicketRefused: WireError(401, "", "Unknown, used or expired"),
    Repeated: WireError(409, "", "Already used for another request"),
    ConversationClosed: WireError(409, "", "The session has ended"),
    TooManyRequests: lambda it: _wait(429, it.retry_after),
    Busy: lambda it: _wait(503, it.retry_after),
    NoSuchPath: WireError(404, "", "No such path"),
    NoSuchMethod: lambda it: WireError(405, "", f"Allowed: {', '.join(it.allowed)}"),
    OurFault: WireError(500, "", "Something went wrong on the server"),
}


def error_response(error: WireError) -> Response:
    said = {"statusCode": error.status, "message": error.message, "error": PHRASES[error.status]}
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(said), error.status, headers, "application/json")
