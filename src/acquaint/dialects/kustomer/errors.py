"""How Kustomer says no: the older JSON:API shape and the newer one in one object, since clients read either.

The status in the body is a number. iOS v1 looks at nothing else: it tests ``errors[0].status`` for 404 and 400.
``meta`` says what a program needs: ``kind`` what is wrong with a value, ``idType`` as whom somebody is logged in
already, ``skewSeconds`` how far a token's time is off.
"""

from __future__ import annotations

import math
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.responses import Response

from ...domain.errors import (
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
    StaleToken,
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
from .reading import NOT_KNOWN, NOTHING_GIVEN

TITLES: Final = {it.value: it.phrase for it in HTTPStatus}
TOKEN_POINTER: Final = "/externalToken"

FIELDS: Final = {"external_id": "externalId", "avatar_url": "avatarUrl"}
"""What the core calls a field, in the vendor's words."""


def field_error(field: str, reason: str, *, status: int = 400, code: str = "bad_request", **meta: Any) -> WireError:
    """About one field: ``a.b`` of a body is pointed at as ``/a/b``, all of it as nothing; ``?a`` is of the query."""
    if field.startswith("?"):
        source = {"parameter": field[1:]}
    else:
        field = FIELDS.get(field, field)
        path = field.replace("[", ".").replace("]", "").replace(".", "/")
        source = {"pointer": f"/{path}" if path else ""}
    return WireError(
        status, code, f"{field.removeprefix('?') or 'the body'} {reason}", {"source": source, "meta": meta}
    )


def _unacceptable(it: Unacceptable) -> WireError:
    kinds = {NOT_KNOWN: "unknown_parameter", NOTHING_GIVEN: "no_parameters"}
    return field_error(it.field, it.reason, kind=kinds.get(it.reason, "wrong_type"))


def _token(it: TokenRefused) -> WireError:
    if isinstance(it.__cause__, Unacceptable):  # the token is good, and names somebody who cannot be called so
        return WireError(400, "bad_request", f"{it.claim} {it.why}", {"source": {"pointer": TOKEN_POINTER}})
    code = "expired_jwt" if it.claim == "exp" and it.skew is not None else "invalid_jwt"
    return _refused_token(it, code, _why(it))


def _why(it: TokenRefused) -> str:
    match it.claim:
        case "token":
            return f"malformed token: it {it.why}"
        case "alg":
            return "unsupported algorithm"
        case "signature":
            return "signature verification failed"
        case "typ":
            return f"unexpected typ: it {it.why}"
        case "iat" if "milliseconds" in it.why:
            return "iat looks like milliseconds"
    return f"{it.claim} {it.why}"


def _stale(it: StaleToken) -> WireError:
    if it.skew < timedelta(0):
        return _refused_token(it, "invalid_jwt", "iat is in the future")
    minutes = it.allowed / timedelta(minutes=1)
    allowed = f"{minutes:g} minutes" if minutes >= 1 else f"{it.allowed.total_seconds():g} seconds"
    return _refused_token(it, "expired_jwt", f"iat is older than {allowed}")


def _refused_token(it: TokenRefused, code: str, detail: str) -> WireError:
    meta: dict[str, Any] = {"claim": it.claim}
    if it.skew is not None and it.now is not None:
        meta |= {"skewSeconds": round(it.skew.total_seconds()), "serverTime": math.floor(it.now.timestamp())}
    return WireError(401, code, detail, {"source": {"pointer": TOKEN_POINTER}, "meta": meta})


def _taken(it: IdentifierTaken) -> WireError:
    name = FIELDS.get(it.kind, it.kind)
    return WireError(409, "conflict", f"another customer has this {name}", {"source": {"pointer": f"/{name}"}})


def _already(it: AlreadySignedIn) -> WireError:
    id_type = "email" if it.kind == "email" else "externalId"
    detail = f"already identified by {id_type}; log out first"
    return WireError(409, "already_identified", detail, {"meta": {"idType": id_type}})


def _not_allowed(it: NotAllowed) -> WireError:
    return WireError(403, "forbidden", f"needs the role {it.needed}" if it.needed else "not allowed")


def _wait(status: int, code: str, time: timedelta) -> WireError:
    seconds = max(1, math.ceil(time.total_seconds()))
    return WireError(status, code, f"try again in {seconds} s", headers={"Retry-After": str(seconds)})


def _credentials(it: InvalidCredentials) -> WireError:
    """A stranger never learns why. An existing client looks for the words of an expired key, and expired is expired."""
    keys = (Doubt.UNKNOWN_KEY, Doubt.EXPIRED_KEY)
    return WireError(401, "unauthorized", "Invalid or Expired token" if it.doubt in keys else "invalid credentials")


_THINGS: Final = {"user": "customer"}  # what the core calls a thing, in the vendor's words

UNAUTHORIZED: Final = WireError(401, "unauthorized", "the tracking token is missing, invalid or revoked")

ERRORS: Final[ErrorTable] = {
    Unreadable: lambda it: WireError(400, "bad_request", it.why),
    Unacceptable: _unacceptable,
    TooLarge: lambda it: WireError(413, "payload_too_large", it.why),
    UnsupportedMedia: lambda it: WireError(400, "bad_request", it.why),
    UnknownApp: WireError(404, "not_found", "org not found"),
    AppClosed: WireError(403, "forbidden", "the org is closed"),
    InvalidCredentials: _credentials,
    TokenRefused: _token,
    StaleToken: _stale,
    UserBanned: WireError(403, "forbidden", "the customer is blocked"),
    RegistrationClosed: WireError(404, "customer_not_found", "no such customer"),
    IdentifierTaken: _taken,
    AlreadySignedIn: _already,
    SessionEnded: UNAUTHORIZED,
    SessionExpired: UNAUTHORIZED,
    NeedsUser: WireError(404, "not_found", "nobody is known by this tracking token yet"),
    NotAllowed: _not_allowed,
    OriginRefused: WireError(403, "forbidden", "pages of this origin may not call"),
    NotFound: lambda it: WireError(404, "not_found", f"{_THINGS.get(it.what, it.what)} not found"),
    TicketRefused: WireError(401, "unauthorized", "unknown, used or expired"),
    Repeated: WireError(409, "conflict", "already used for another request"),
    ConversationClosed: WireError(409, "chat_ended", "the conversation has ended"),
    TooManyRequests: lambda it: _wait(429, "rate_limited", it.retry_after),
    Busy: lambda it: _wait(503, "unavailable", it.retry_after),
    NoSuchPath: WireError(404, "not_found", "no such path"),
    NoSuchMethod: lambda it: WireError(405, "method_not_allowed", f"allowed: {', '.join(it.allowed)}"),
    OurFault: WireError(500, "internal_error", "something went wrong on the server"),
}


def error_response(error: WireError) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode({"errors": [said_of(error)]}), error.status, headers, "application/json")


def said_of(error: WireError) -> dict[str, Any]:
    """``title`` and ``message`` are the same for everything of one status; the precise cause is in ``detail``."""
    title = TITLES[error.status]
    return {
        "status": error.status,
        "code": error.code,
        "title": title,
        "message": title,
        "detail": error.message,
        "source": error.more.get("source", {}),
        "meta": error.more.get("meta", {}),
    }
