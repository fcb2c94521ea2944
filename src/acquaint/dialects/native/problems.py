"""Refusals as the native API says them: RFC 9457 problem documents with a stable ``code``.

NoCredential, WrongCredential, StillRunning    what only this API refuses
PROBLEMS     one line per refusal: status, code, title, what it means to the caller, and the evidence it carries
ERRORS       the same, as a dialect's table
response     a problem document
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import msgspec
from starlette.responses import Response

from ...domain import errors
from ...domain.errors import Refusal
from ...web.answers import PROBLEM, Json
from ...web.dialect import ErrorTable, NoSuchMethod, NoSuchPath, OurFault, WireError
from .wire.values import moment

REFERENCE: Final = "/acquaint/v1/docs"
LONGEST_QUOTE: Final = 200  # characters of what a caller sent that we repeat to them


class NoCredential(errors.SessionEnded):
    """No credential came with the request, and one is needed."""


class WrongCredential(NoCredential):
    """A session token where an API key is needed, or the other way round."""

    def __init__(self, needed: str) -> None:
        super().__init__(needed)
        self.needed = needed


class StillRunning(errors.Repeated):
    """The first request under this Idempotency-Key is still being served."""


def _no_evidence(refusal: Any) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Problem:
    """How one refusal is said. ``tell`` finds its evidence, ``detail`` the sentence about this very request."""

    status: int
    code: str
    title: str
    meaning: str
    tell: Callable[[Any], Mapping[str, Any]] = _no_evidence
    detail: Callable[[Any], str] | None = None
    evidence: tuple[str, ...] = ()  # names of the members that ``tell`` may give

    def words(self, refusal: Refusal) -> WireError:
        detail = self.detail(refusal) if self.detail else self.title + "."
        return WireError(self.status, self.code, detail, self.tell(refusal), self._headers(refusal))

    def _headers(self, refusal: Refusal) -> Mapping[str, str]:
        if self.status == 401:
            given = "" if type(refusal) is NoCredential else ', error="invalid_token"'
            return {"WWW-Authenticate": f'Bearer realm="acquaint"{given}'}
        retry_after = self.tell(refusal).get("retry_after")
        return {} if retry_after is None else {"Retry-After": str(retry_after)}


def _token_evidence(it: errors.TokenRefused) -> Mapping[str, Any]:
    found: dict[str, Any] = {"claim": it.claim}
    if it.skew is not None and it.now is not None:
        found |= {"skew_seconds": round(it.skew.total_seconds(), 3), "server_time": moment(it.now)}
    if isinstance(it, errors.StaleToken):
        found["allowed_seconds"] = _number(it.allowed)
    return found


def _number(duration: timedelta) -> int | float:
    seconds = duration.total_seconds()
    return int(seconds) if seconds == int(seconds) else seconds


def _seconds_up(refusal: errors.TooManyRequests | errors.Busy) -> Mapping[str, Any]:
    return {"retry_after": max(1, math.ceil(refusal.retry_after.total_seconds()))}


def _said(**evidence: Any) -> Mapping[str, Any]:
    return {name: value for name, value in evidence.items() if value}


def _why(refusal: errors.Unreadable) -> str:
    return refusal.why[:LONGEST_QUOTE]


_CREDENTIALS: Final = Problem(
    401,
    "invalid_credentials",
    "These credentials let nobody in",
    "The password is wrong, nobody is known by this name, the App registers nobody this way, or the API key is "
    "unknown, revoked or expired. Which of these it was is kept in the App's events, and told to nobody else.",
)

PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    errors.Unreadable: Problem(
        400, "unreadable", "The request could not be read", "It is not of the form described here.", detail=_why
    ),
    errors.Unacceptable: Problem(
        400,
        "unacceptable",
        "A value breaks a rule",
        "``field`` names the value, ``detail`` the rule. Unknown and missing fields are reported like this, too.",
        lambda it: {"field": it.field[:LONGEST_QUOTE]},
        lambda it: f"{it.field[:LONGEST_QUOTE]} {it.reason[:LONGEST_QUOTE]}",
        evidence=("field",),
    ),
    errors.TooLarge: Problem(
        413,
        "too_large",
        "The body is too large",
        "``limit`` is how many bytes are read.",
        lambda it: {"limit": it.limit},
        _why,
        evidence=("limit",),
    ),
    errors.SpaceUsedUp: Problem(
        413,
        "space_used_up",
        "There is no space left for files",
        "The App keeps as many bytes of files as it may. Deleting some, or a larger ``file_space``, makes space.",
    ),
    errors.UnsupportedMedia: Problem(
        415, "unsupported_media", "The body is of a type that is not read here", "Send application/json.", detail=_why
    ),
    errors.UnknownApp: Problem(404, "unknown_app", "There is no App by this name", "Look at ``app``."),
    errors.AppClosed: Problem(
        403, "app_closed", "The App is closed", "Its operator switched it off. Nothing is lost; nothing is served."
    ),
    errors.InvalidCredentials: _CREDENTIALS,
    errors.RegistrationClosed: _CREDENTIALS,
    errors.TokenRefused: Problem(
        401,
        "token_refused",
        "The signed token is not believed",
        "``claim`` is to blame: a header or claim such as typ, iat or email, or ``signature``, or ``token``. Where "
        "it is a moment, ``skew_seconds`` is how far it lies behind ``server_time``.",
        _token_evidence,
        lambda it: f"{it.claim} {it.why}"[:LONGEST_QUOTE],
        evidence=("claim", "skew_seconds", "server_time"),
    ),
    errors.StaleToken: Problem(
        401,
        "token_stale",
        "The signed token was not issued just now",
        "Its iat lies ``skew_seconds`` behind ``server_time`` (negative: ahead), and the App's Policy allows "
        "``allowed_seconds`` either way. Sign a fresh token for every sign-in, and compare the clocks.",
        _token_evidence,
        lambda it: f"{it.claim} {it.why}",
        evidence=("claim", "skew_seconds", "server_time", "allowed_seconds"),
    ),
    errors.ProviderRefused: Problem(
        401,
        "provider_refused",
        "The provider does not testify to this",
        "``provider`` was asked and lets nobody in with it. ``provider_status`` is the HTTP status of its answer, "
        "``provider_error`` the error that it names, ``lacks`` what is missing in a good answer.",
        lambda it: _said(provider=it.provider, provider_status=it.status, provider_error=it.text, lacks=it.lacks),
        evidence=("provider", "provider_status", "provider_error", "lacks"),
    ),
    errors.UserBanned: Problem(
        403, "user_banned", "The App does not let this user in", "The credentials are right. Only the App can help."
    ),
    errors.AddressUnconfirmed: Problem(
        403,
        "address_unconfirmed",
        "The address is to be confirmed first",
        "The password is right, and the App lets users in once they followed the link that was mailed to the address "
        "they registered with. It has been mailed again, unless that was three times within an hour.",
    ),
    errors.IdentifierTaken: Problem(
        409,
        "identifier_taken",
        "Somebody else has this already",
        "``identifier`` says what: login, email, phone, external_id, slug, unique_id, message.",
        lambda it: {"identifier": str(it.kind)},
        lambda it: f"Another one has this {it.kind} already, or this one has another.",
        evidence=("identifier",),
    ),
    errors.AlreadySignedIn: Problem(
        409, "already_signed_in", "Somebody else is signed in here", "Log out first: DELETE /acquaint/v1/session."
    ),
    errors.SessionEnded: Problem(
        401, "session_ended", "The session has ended", "It was ended, or never existed. Open another one."
    ),
    errors.SessionExpired: Problem(
        401, "session_expired", "The session has expired", "Its time is over. Open another one."
    ),
    NoCredential: Problem(
        401,
        "credential_missing",
        "A credential is needed",
        "Send Authorization: Bearer, with a session token or an API key as the route says.",
    ),
    WrongCredential: Problem(
        401,
        "wrong_credential",
        "This is a credential for other routes",
        "Visitors' routes take session tokens, the App's take its API keys, the server's those of its operator.",
        detail=lambda it: f"This route takes {it.needed}.",
    ),
    errors.NeedsUser: Problem(
        409,
        "needs_user",
        "Nobody is in the session yet",
        "Somebody is there from the first conversation, message, file or claim on.",
    ),
    errors.NotAllowed: Problem(
        403,
        "not_allowed",
        "This is not allowed",
        "We know who asks. ``role`` is what an API key would need; without it, a verified session is needed, or for "
        "claims an unverified one.",
        lambda it: {"role": it.needed} if it.needed else {},
        evidence=("role",),
    ),
    errors.OriginRefused: Problem(
        403,
        "origin_refused",
        "Pages of this origin may not call",
        "The App's Policy names the origins that may (allowed_origins).",
    ),
    errors.NotFound: Problem(
        404,
        "not_found",
        "There is nothing here that you may know of",
        "It does not exist, or is somebody else's: the answer is the same. ``what`` says what was looked for.",
        lambda it: {"what": it.what},
        lambda it: f"There is no such {it.what}, or it is not yours to see.",
        evidence=("what",),
    ),
    errors.TicketRefused: Problem(
        403, "ticket_refused", "The ticket is no good", "It is unknown, spent or expired. Ask for a new one."
    ),
    errors.Repeated: Problem(
        422,
        "key_reused",
        "This Idempotency-Key belongs to another request",
        "A key names one request of one caller for a day. Use a new one for a new request.",
    ),
    StillRunning: Problem(
        409,
        "still_running",
        "The first request under this Idempotency-Key is still being served",
        "Try again after ``retry_after`` seconds: then its answer is there.",
        lambda it: {"retry_after": 1},
        evidence=("retry_after",),
    ),
    errors.ConversationClosed: Problem(
        409, "conversation_closed", "The conversation is closed", "Nothing can be said in it. Start another one."
    ),
    errors.TooManyRequests: Problem(
        429,
        "too_many_requests",
        "Too many requests",
        "Wait ``retry_after`` seconds, then try again.",
        _seconds_up,
        lambda it: f"Try again in {_seconds_up(it)['retry_after']} s.",
        evidence=("retry_after",),
    ),
    errors.Busy: Problem(
        503,
        "busy",
        "It cannot be done now",
        "Nothing was done. Trying again after ``retry_after`` seconds is safe.",
        _seconds_up,
        evidence=("retry_after",),
    ),
    errors.ProviderUnavailable: Problem(
        503,
        "provider_unavailable",
        "The provider does not answer",
        "Nothing was done. Trying again after ``retry_after`` seconds is safe.",
        lambda it: {"provider": it.provider, **_seconds_up(it)},
        evidence=("provider", "retry_after"),
    ),
    NoSuchPath: Problem(404, "no_such_path", "There is no such path", "The reference lists every route."),
    NoSuchMethod: Problem(
        405,
        "no_such_method",
        "This path has no such method",
        "``allowed`` lists those it has.",
        lambda it: {"allowed": list(it.allowed)},
        evidence=("allowed",),
    ),
    OurFault: Problem(
        500, "our_fault", "Something broke on our side", "The answer's X-Request-Id finds it in the server's log."
    ),
}

ERRORS: Final[ErrorTable] = {kind: problem.words for kind, problem in PROBLEMS.items()}

_TITLES: Final = {it.code: it.title for it in PROBLEMS.values()}


def problem_of(kind: type[Refusal]) -> Problem:
    """How refusals of this kind are said: its own line, or that of its nearest ancestor."""
    return next(PROBLEMS[it] for it in kind.__mro__ if it in PROBLEMS)


def response(error: WireError) -> Response:
    document = {
        "type": f"{REFERENCE}#{error.code}",
        "title": _TITLES.get(error.code, error.message),
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        **error.more,
    }
    return Json(msgspec.json.encode(document), error.status, PROBLEM)
