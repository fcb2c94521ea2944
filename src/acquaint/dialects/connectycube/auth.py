"""How callers prove themselves: by the token of a session, which may have nobody in it yet.

caller_of       who holds the token in the header
user_of         the same, if somebody is in the session
caller_by       who holds a token that came another way, as in the URL of a file
app_by_key      the App an auth key names; that proves nothing
place_of        where somebody comes in
answers_for     the answer will say how long this session goes on
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import Final

from starlette.requests import Request

from ...domain.apps import App
from ...domain.errors import NeedsUser, UnknownApp
from ...domain.identities import Assurance
from ...domain.sessions import Lifetime, Session
from ...domain.users import User
from ...ports.store import Recognised
from ...services import apps, sessions
from ...services.admission import Place
from ...web.cors import check_origin
from ...web.dialect import core_of, visit_of
from .errors import TokenRequired

DOOR: Final = "connectycube"
LIFETIME: Final = Lifetime(idle=timedelta(hours=2))  # documented: two hours after the last request
EXPIRATION: Final = "CB-Token-ExpirationDate"
_SESSION: Final = "acquaint.connectycube.session"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who holds a live session's token, and the user in it, if there is one."""

    app: App
    session: Session
    user: User | None
    token: str

    @property
    def recognised(self) -> Recognised:
        return Recognised(self.session, self.app, self.user)

    @property
    def known_user(self) -> User:
        """The user; refuses with NeedsUser where there is none, and for a visitor of another door, who proved nothing.

        A guest proved nothing either, and is nobody but whoever holds this session.
        """
        if self.user is None or not (self.session.assurance is Assurance.VERIFIED or self.user.is_guest):
            raise NeedsUser
        return self.user


async def caller_of(request: Request) -> Caller:
    """Any live session. Refuses with TokenRequired, SessionEnded, SessionExpired, AppClosed or OriginRefused."""
    token = request.headers.get("cb-token")  # Flutter sends an empty one before it has any
    if not token:
        raise TokenRequired
    return await caller_by(request, token)


async def user_of(request: Request) -> Caller:
    """A live session with a user in it: ``caller.known_user``. Refuses like ``caller_of``, or with NeedsUser."""
    caller = await caller_of(request)
    return replace(caller, user=caller.known_user)


async def caller_by(request: Request, token: str) -> Caller:
    it = await sessions.resume(core_of(request), token)
    check_origin(request, it.app)
    answers_for(request, it.session)
    return Caller(it.app, it.session, it.user, token)


async def app_by_key(request: Request, auth_key: str | None) -> App:
    """Refuses with UnknownApp, AppClosed or OriginRefused."""
    if not auth_key:
        raise UnknownApp
    app = await apps.by_public_key(core_of(request), auth_key)
    if app.public_keys.auth_key != auth_key:  # a public key of another kind
        raise UnknownApp
    check_origin(request, app)
    return app


def place_of(request: Request, *, session: Session | None = None) -> Place:
    """With ``session`` the one that is open is taken over, with its token."""
    return Place(DOOR, LIFETIME, address=visit_of(request).address, session=session)


def answers_for(request: Request, session: Session) -> None:
    request.scope[_SESSION] = session


def expiration_of(request: Request) -> str | None:
    """The value of CB-Token-ExpirationDate, if the request belongs to a session that ends."""
    session: Session | None = request.scope.get(_SESSION)
    if session is None or session.good_until is None:
        return None
    return session.good_until.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
