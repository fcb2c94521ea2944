"""What can go wrong, as one tree. Catch ``AcquaintError`` for all of it.

AcquaintError            status, code, detail, request_id, clock_skew
├── Offline              no answer came; ``may_have_arrived`` says whether the server could have done it
│   └── TimedOut         … in time
├── StrangeAnswer        an answer came that is not Acquaint's
├── SomebodyElse         the token that was to log in one person names another
└── Refused              the server understood, and will not
    ├── BadRequest       Unreadable, Unacceptable (field), TooLarge ── SpaceUsedUp, UnsupportedMedia,
    │                    NoSuchRoute
    ├── NotLetIn         CredentialMissing, WrongCredential, InvalidCredentials, SessionEnded ── SessionExpired,
    │                    TokenRefused (claim, skew) ── StaleToken (allowed)
    ├── Forbidden        AddressUnconfirmed, AppClosed, NotAllowed (role), OriginRefused, TicketRefused, UserBanned
    ├── NotFound         UnknownApp
    ├── Conflict         AlreadySignedIn, ConversationClosed, IdentifierTaken, KeyReused, NeedsUser, StillRunning
    ├── TryLater         TooManyRequests, Busy; ``retry_after`` says when
    └── ServerFault      something broke on the server; ``request_id`` finds it in its log

``KINDS`` says which code is which. A code that is not there, of a later server, is ``Refused`` itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

NOTICEABLE_SKEW: Final = timedelta(seconds=5)
"""How far two clocks may be apart before an error says so. The Date header has whole seconds, and answers travel."""


class AcquaintError(Exception):
    """Something did not work.

    ``clock_skew`` is how far this machine's clock lies behind the server's (negative: ahead), as its Date header says.
    """

    def __init__(
        self,
        detail: str = "",
        *,
        code: str = "",
        status: int | None = None,
        request_id: str | None = None,
        evidence: Mapping[str, Any] | None = None,
        clock_skew: timedelta | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail, self.code, self.status = detail, code, status
        self.request_id, self.clock_skew = request_id, clock_skew
        self.evidence: Mapping[str, Any] = evidence or {}

    def __str__(self) -> str:
        facts = [self.code, self.status and str(self.status), self.request_id and f"request {self.request_id}"]
        where = ", ".join(it for it in facts if it)
        return " ".join(it for it in (self.detail, where and f"({where})", self._about_the_clock()) if it)

    def _about_the_clock(self) -> str:
        skew = self.clock_skew
        if skew is None or abs(skew) < NOTICEABLE_SKEW:
            return ""
        side = "behind" if skew > timedelta(0) else "ahead of"
        return f"This machine's clock is {abs(skew).total_seconds():.0f} s {side} the server's."


class Offline(AcquaintError):
    """No answer came. When ``may_have_arrived``, the server may have done what was asked."""

    def __init__(self, detail: str = "", *, may_have_arrived: bool = False, **more: Any) -> None:
        super().__init__(detail, **{"code": "offline"} | more)
        self.may_have_arrived = may_have_arrived


class TimedOut(Offline):
    """No answer came in time."""


class StrangeAnswer(AcquaintError):
    """An answer came that is not Acquaint's: a proxy's, perhaps, or the address is wrong."""

    retry_after: float | None = None


class SomebodyElse(AcquaintError):
    """The token names another person than was asked for. Nobody is logged in."""


class Refused(AcquaintError):
    """The server understood, and will not. ``code`` says why, ``detail`` for people."""

    @property
    def retry_after(self) -> float | None:
        """Seconds after which to try again."""
        seconds = self.evidence.get("retry_after")
        return float(seconds) if isinstance(seconds, int | float) else None


class BadRequest(Refused):
    """The request breaks a rule."""


class Unreadable(BadRequest):
    """The request could not be read."""


class Unacceptable(BadRequest):
    """A value breaks a rule."""

    @property
    def field(self) -> str:
        return str(self.evidence.get("field", ""))


class TooLarge(BadRequest):
    """The body is too large."""


class SpaceUsedUp(TooLarge):
    """The App keeps as many bytes of files as it may."""


class UnsupportedMedia(BadRequest):
    """The body is of a type that is not read there."""


class NoSuchRoute(BadRequest):
    """The server has no such route: it may be older than this client."""


class NotLetIn(Refused):
    """Nobody was let in."""


class CredentialMissing(NotLetIn):
    """A credential is needed."""


class WrongCredential(NotLetIn):
    """This is a credential for other routes."""


class InvalidCredentials(NotLetIn):
    """The password or the API key is wrong. More is told to nobody."""


class SessionEnded(NotLetIn):
    """The session was ended. Log in again, or log out."""


class SessionExpired(SessionEnded):
    """The session's time is over. Log in again, or log out."""


class TokenRefused(NotLetIn):
    """The signed token is not believed."""

    @property
    def claim(self) -> str:
        """What is to blame: a header or claim, or ``signature``, or ``token``."""
        return str(self.evidence.get("claim", ""))

    @property
    def skew(self) -> timedelta | None:
        """How far the claim's moment lies behind the server's clock; negative: ahead."""
        return _seconds(self.evidence.get("skew_seconds"))

    @property
    def server_time(self) -> datetime | None:
        moment = self.evidence.get("server_time")
        return datetime.fromisoformat(moment) if isinstance(moment, str) else None


class StaleToken(TokenRefused):
    """The signed token was not issued just now. ``skew`` was measured by the server."""

    @property
    def allowed(self) -> timedelta | None:
        """How far off its ``iat`` may be."""
        return _seconds(self.evidence.get("allowed_seconds"))


class ProviderRefused(NotLetIn):
    """A Provider was asked, and does not testify to the credential."""

    @property
    def provider(self) -> str:
        return str(self.evidence.get("provider", ""))


class Forbidden(Refused):
    """The server knows who asks, and will not."""


class AppClosed(Forbidden):
    """The App is switched off."""


class NotAllowed(Forbidden):
    """This is not allowed. ``role`` is what an API key would need."""

    @property
    def role(self) -> str | None:
        return self.evidence.get("role")


class OriginRefused(Forbidden):
    """Pages of this origin may not call."""


class TicketRefused(Forbidden):
    """The ticket is unknown, spent or expired."""


class AddressUnconfirmed(Forbidden):
    """The password is right, and the address that one registered with is to be confirmed first, by the mail that was
    sent to it, now or within the hour."""


class UserBanned(Forbidden):
    """The App does not let this user in."""


class NotFound(Refused):
    """It does not exist, or is somebody else's."""


class UnknownApp(NotFound):
    """There is no App by this name."""


class Conflict(Refused):
    """It does not go with how things are."""


class AlreadySignedIn(Conflict):
    """Somebody else is logged in here: log out first."""


class ConversationClosed(Conflict):
    """Nothing more can be said in it."""


class IdentifierTaken(Conflict):
    """Somebody else has this already."""

    @property
    def identifier(self) -> str:
        return str(self.evidence.get("identifier", ""))


class KeyReused(Conflict):
    """The Idempotency-Key belongs to another request."""


class NeedsUser(Conflict):
    """Nobody is in the session yet: say something first."""


class StillRunning(Conflict):
    """The first request under this Idempotency-Key is still being served."""


class TryLater(Refused):
    """Nothing was done. Try again after ``retry_after`` seconds."""


class TooManyRequests(TryLater):
    """There were too many requests."""


class Busy(TryLater):
    """The server cannot do it now."""


class ProviderUnavailable(Busy):
    """A Provider does not answer."""


class ServerFault(Refused):
    """Something broke on the server."""


KINDS: Final[Mapping[str, type[Refused]]] = {
    "unreadable": Unreadable,
    "unacceptable": Unacceptable,
    "too_large": TooLarge,
    "space_used_up": SpaceUsedUp,
    "unsupported_media": UnsupportedMedia,
    "no_such_path": NoSuchRoute,
    "no_such_method": NoSuchRoute,
    "credential_missing": CredentialMissing,
    "wrong_credential": WrongCredential,
    "invalid_credentials": InvalidCredentials,
    "session_ended": SessionEnded,
    "session_expired": SessionExpired,
    "token_refused": TokenRefused,
    "token_stale": StaleToken,
    "provider_refused": ProviderRefused,
    "app_closed": AppClosed,
    "not_allowed": NotAllowed,
    "origin_refused": OriginRefused,
    "ticket_refused": TicketRefused,
    "user_banned": UserBanned,
    "address_unconfirmed": AddressUnconfirmed,
    "not_found": NotFound,
    "unknown_app": UnknownApp,
    "already_signed_in": AlreadySignedIn,
    "conversation_closed": ConversationClosed,
    "identifier_taken": IdentifierTaken,
    "key_reused": KeyReused,
    "needs_user": NeedsUser,
    "still_running": StillRunning,
    "too_many_requests": TooManyRequests,
    "busy": Busy,
    "provider_unavailable": ProviderUnavailable,
    "our_fault": ServerFault,
}


def _seconds(value: Any) -> timedelta | None:
    return timedelta(seconds=value) if isinstance(value, int | float) else None
