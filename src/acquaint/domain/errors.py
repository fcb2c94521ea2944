"""Every way the core can refuse.

    Refusal
    ├── Unreadable              the request is not of the form that is documented
    │   ├── Unacceptable        one value breaks a rule; says which and why
    │   ├── TooLarge            more bytes than we read
    │   │   └── SpaceUsedUp     more than the App may keep
    │   └── UnsupportedMedia    a content type we do not read here
    ├── UnknownApp              no App by this id, slug or key
    ├── AppClosed               the App exists and is switched off
    ├── InvalidCredentials      wrong password, unknown user, bad signature: one answer outside
    │   ├── TokenRefused        a signed token one claim of which is wrong; says which
    │   │   └── StaleToken      issued too long ago, or too far in the future
    │   └── ProviderRefused     a Provider does not testify to it, or not in a way we can use
    ├── UserBanned              the credentials are right and the user may not come in
    ├── RegistrationClosed      no such user, and this App creates none this way
    ├── IdentifierTaken         another user of the App already has this login, email, ...
    ├── AlreadySignedIn         the session already is somebody else's
    ├── SessionEnded            revoked or never existed
    │   └── SessionExpired      was alive, and its time is over
    ├── NeedsUser               the session has nobody in it yet
    ├── NotAllowed              we know who asks, and they may not
    │   ├── OriginRefused       a browser page of another origin asks
    │   └── AddressUnconfirmed  the password is right, and the address they registered with is to be confirmed first
    ├── NotFound                nothing by this id that the caller may know of
    ├── TicketRefused           unknown, spent or expired: one answer outside
    ├── Repeated                the Idempotency-Key was used for another request
    ├── ConversationClosed      nothing can be said here any more
    ├── TooManyRequests         wait, then try again
    └── Busy                    we cannot do it now; nothing was done
        └── ProviderUnavailable  because a Provider does not answer

A Refusal is a request we understood and will not serve; anything else that is raised is a bug, or CannotOpen.
Each dialect says each refusal in its vendor's words (``dialects/*/errors.py``); a test fails
when one is left unsaid. A refusal carries evidence as fields, never prose of a dialect.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum


class Refusal(Exception):
    """Base of all refusals. Never raised itself."""


class CannotOpen(Exception):
    """A secret that is needed is sealed with a key that is not here, or somebody changed it: no fault of a caller's."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} cannot be opened: {why}")
        self.what = what


class Unreadable(Refusal):
    """The request is not of the form that is documented."""

    def __init__(self, why: str = "The request could not be read.") -> None:
        super().__init__(why)
        self.why = why


class Unacceptable(Unreadable):
    """The value of one field breaks a rule."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field} {why}")
        self.field = field
        self.reason = why


class TooLarge(Unreadable):
    """The body is larger than we read here."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than {limit} bytes.")
        self.limit = limit


class SpaceUsedUp(TooLarge):
    """The file may be small, but with it the App would keep more bytes of files than it may."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.why = "There is no space left for files."


class UnsupportedMedia(Unreadable):
    """The body is of a content type we do not read here."""


class UnknownApp(Refusal):
    """No App by this id, slug or key."""


class AppClosed(Refusal):
    """The App exists and its operator switched it off."""


class Doubt(Enum):
    """The precise cause behind InvalidCredentials, or another refusal to let somebody in. For the audit trail only."""

    NO_SUCH_USER = "no_such_user"
    NO_PASSWORD = "no_password"
    WRONG_PASSWORD = "wrong_password"
    BAD_SIGNATURE = "bad_signature"
    UNREADABLE_TOKEN = "unreadable_token"
    BAD_CLAIM = "bad_claim"
    UNKNOWN_KEY = "unknown_key"
    EXPIRED_KEY = "expired_key"
    BANNED = "banned"
    UNCONFIRMED = "unconfirmed"
    PROVIDER = "provider"


class InvalidCredentials(Refusal):
    """The credential proves nobody. What exactly was wrong stays inside, as a doubt."""

    def __init__(self, doubt: Doubt) -> None:
        super().__init__(doubt.value)
        self.doubt = doubt


class TokenRefused(InvalidCredentials):
    """A signed token that we will not believe, and the claim that is to blame.

    ``claim`` is the name of a header or claim (``alg``, ``typ``, ``iat``, ``email`` …) or
    ``signature`` or ``token``. Telling it gives nothing away: who signs tokens knows them.
    """

    def __init__(
        self,
        claim: str,
        why: str,
        doubt: Doubt = Doubt.BAD_CLAIM,
        *,
        skew: timedelta | None = None,
        now: datetime | None = None,
    ) -> None:
        super().__init__(doubt)
        self.claim = claim
        self.why = why
        self.skew = skew  # where a moment is to blame: how far it lies behind the server's clock
        self.now = now  # that clock


class StaleToken(TokenRefused):
    """Issued further from now than the App's Policy allows, in either direction."""

    skew: timedelta  # how far the token lags behind the server's clock; negative when ahead
    now: datetime

    def __init__(self, *, skew: timedelta, allowed: timedelta, now: datetime) -> None:
        direction = "old" if skew > timedelta(0) else "in the future"
        seconds = abs(skew) // timedelta(seconds=1)
        why = f"is {seconds} s {direction}; at most {allowed // timedelta(seconds=1)} s are allowed"
        super().__init__("iat", why, skew=skew, now=now)
        self.allowed = allowed


class ProviderRefused(InvalidCredentials):
    """A Provider was asked, and its answer lets nobody in.

    ``status`` is the HTTP status of its answer. ``text`` is the error that it names itself, cut to what a person
    reads; ``lacks`` the one thing that is missing in a good answer, such as ``uid``. Both may be told to who asked:
    the App configured the Provider to answer them.
    """

    def __init__(self, provider: str, status: int | None = None, text: str = "", *, lacks: str = "") -> None:
        super().__init__(Doubt.PROVIDER)
        self.provider = provider
        self.status = status
        self.text = text
        self.lacks = lacks

    @property
    def is_about_credential(self) -> bool:
        """Whether it is the credential that it does not know; otherwise the Provider or its settings are at fault."""
        return self.status in (400, 401, 403, 404, 422) and not self.lacks


class UserBanned(Refusal):
    """The credentials are right, and the App does not let this user in."""

    def __init__(self, user_id: int | None = None) -> None:
        super().__init__()
        self.user_id = user_id  # for the audit trail


class RegistrationClosed(Refusal):
    """No such user, and this App creates none this way."""


class IdentifierTaken(Refusal):
    """Another user of the App already has this identifier."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class AlreadySignedIn(Refusal):
    """The session already belongs to somebody else; it must be logged out first."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind  # the kind of identifier the present user is signed in by


class SessionEnded(Refusal):
    """The session was revoked or never existed."""


class SessionExpired(SessionEnded):
    """The session's time is over."""


class NeedsUser(Refusal):
    """The session has nobody in it yet, and this needs somebody."""


class NotAllowed(Refusal):
    """We know who asks, and they may not do this."""

    def __init__(self, needed: str = "") -> None:
        super().__init__(needed)
        self.needed = needed  # the role that would have been enough; empty where it is not about roles


class OriginRefused(NotAllowed):
    """A browser page of an origin that the App's Policy does not name."""


class AddressUnconfirmed(NotAllowed):
    """The password is right, and the App lets the user in once they confirm the address that they registered with."""

    def __init__(self, user_id: int | None = None) -> None:
        super().__init__()
        self.user_id = user_id  # for the mail that is sent again, and for the audit trail


class NotFound(Refusal):
    """Nothing by this id that the caller may know of."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what  # a word of the vocabulary, lower case: user, session, conversation, ...


class TicketRefused(Refusal):
    """The ticket is unknown, spent or expired."""


class Repeated(Refusal):
    """The Idempotency-Key was used before, for a different request."""


class ConversationClosed(Refusal):
    """Nothing can be said here any more."""


class TooManyRequests(Refusal):
    """Wait, then try again."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(str(retry_after))
        self.retry_after = retry_after


class Busy(Refusal):
    """We cannot do it now; nothing was done, and trying again is safe."""

    def __init__(self, retry_after: timedelta = timedelta(seconds=1)) -> None:
        super().__init__(str(retry_after))
        self.retry_after = retry_after


class ProviderUnavailable(Busy):
    """A Provider does not answer, or may not be asked; nothing was done."""

    def __init__(self, provider: str, why: str = "") -> None:
        super().__init__(timedelta(seconds=5))
        self.provider = provider
        self.why = why  # for the App, never for whoever wants in
