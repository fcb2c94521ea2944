"""How callers prove themselves: a client by its App ID and a user token, a server by its App ID and secret.

header                   a header of the vendor's, spelled with hyphens or underscores
app_of                   the App a client names; that proves nothing
caller_of                who holds the user token
app_of_server            the App whose secret it is
log_in                   id and key
known_as, check_new_id   the vendor's ids are logins of ours
find_user, id_of         from the vendor's id to a user, and back
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import structlog
from starlette.requests import Request

from ...domain.apps import App
from ...domain.errors import (
    Doubt,
    InvalidCredentials,
    NeedsUser,
    NotFound,
    SessionEnded,
    Unacceptable,
    UnknownApp,
)
from ...domain.identities import Assurance, Identifier, IdentifierKind, ProfileChange
from ...domain.passwords import MACHINE_MADE
from ...domain.sessions import Lifetime, Session
from ...domain.users import User, UserId
from ...ports.store import Recognised
from ...services import apps, sessions, users
from ...services.admission import Admission, Place
from ...services.core import Core
from ...services.sign_in import login_or_register, sign_in
from ...web.cors import check_origin
from ...web.dialect import core_of, visit_of

log = structlog.get_logger()

DOOR: Final = "qiscus"
QISCUS_LIFETIME: Final = Lifetime()  # a user token does not expire, unless the App turns that on

_NEW_ID: Final = re.compile(r"[A-Za-z0-9._@-]{1,255}")
_NEW_ID_RULE: Final = "may only have letters and digits of English and . - _ @, at most 255 of them"


@dataclass(frozen=True, slots=True)
class Caller:
    """A user who proved who they are, with the session and the token it goes by."""

    app: App
    user: User
    session: Session
    token: str
    renewal: str = ""  # the ticket that renews the token: known at log-in, and at no other time

    @property
    def recognised(self) -> Recognised:
        return Recognised(self.session, self.app, self.user)

    @classmethod
    def admitted(cls, app: App, admission: Admission) -> Caller:
        if admission.user is None or admission.token is None:
            raise TypeError("this door opens a session of its own, for somebody")
        return cls(app, admission.user, admission.session, admission.token, admission.renewal or "")


def header(request: Request, name: str) -> str | None:
    """``QISCUS-SDK-…`` or ``qiscus_sdk_…``, in any case; None where it is empty, as Android sends it before login."""
    hyphens = f"qiscus-sdk-{name}"
    return request.headers.get(hyphens) or request.headers.get(hyphens.replace("-", "_")) or None


def place_of(request: Request) -> Place:
    return Place(DOOR, QISCUS_LIFETIME, address=visit_of(request).address, renews=True)


def place_of_server(request: Request, app: App) -> Place:
    """For a token that goes without its ticket: where tokens expire, the session ends with it."""
    return Place(DOOR, Lifetime(at_most=app.policy.token_lifetime), address=visit_of(request).address)


async def app_of(request: Request) -> App:
    """Refuses with UnknownApp, AppClosed or OriginRefused."""
    slug = header(request, "app-id")
    if slug is None:
        raise UnknownApp
    app = await apps.by_slug(core_of(request), slug)
    check_origin(request, app)
    return app


async def caller_of(request: Request) -> Caller:
    """Who holds the token in the header; the app and user that the headers name must be theirs.

    Refuses with SessionEnded or SessionExpired; with NeedsUser for a visitor of another door, who proved nothing.
    """
    slug, token = header(request, "app-id"), header(request, "token")
    if slug is None:
        raise UnknownApp
    it = await sessions.resume(core_of(request), token) if token else None
    if it is None or it.app.slug != slug:
        await apps.by_slug(core_of(request), slug)  # refuses with UnknownApp, if that is what is wrong
        raise SessionEnded
    check_origin(request, it.app)
    if it.user is None or token is None or it.session.assurance is not Assurance.VERIFIED:
        raise NeedsUser
    for named in (header(request, "user-id"), header(request, "user-email")):
        if named is not None and named not in _in_headers(id_of(it.user)):
            raise SessionEnded
    return Caller(it.app, it.user, it.session, token)


async def app_of_server(request: Request) -> App:
    """Refuses with UnknownApp or AppClosed, and with InvalidCredentials for what is not a secret of the App."""
    slug, secret = header(request, "app-id"), header(request, "secret")
    if slug is None:
        raise UnknownApp
    app = await apps.by_signing_secret(core_of(request), slug, secret or "")
    if "origin" in request.headers:
        log.warning("secret_in_a_browser", app=app.slug, address=visit_of(request).address)
    return app


async def log_in(core: Core, app: App, id: str, password: str, profile: ProfileChange, place: Place) -> Caller:
    """By id and key; the first time makes the user, if the App lets it and the id may be a new one."""
    who = known_as("email", id)
    if _NEW_ID.fullmatch(id):
        return Caller.admitted(app, await login_or_register(core, app, who, password, profile, place, MACHINE_MADE))
    try:
        return Caller.admitted(app, await sign_in(core, app, who, password, place, profile))
    except InvalidCredentials as refusal:
        if refusal.doubt is Doubt.NO_SUCH_USER and app.policy.registers_on_login:
            raise Unacceptable("email", _NEW_ID_RULE) from refusal
        raise


def known_as(parameter: str, id: str) -> Identifier:
    """Who the vendor's id names. It may look like an address; nobody ever proved that it is one."""
    try:
        return Identifier.login(id)
    except Unacceptable as rule:
        raise Unacceptable(parameter, rule.reason) from rule


def id_of(user: User) -> str:
    """The vendor's id of a user. One who came in through another door and has no login has a number for an id."""
    return user.known_as(IdentifierKind.LOGIN) or str(user.id)


async def find_user(core: Core, app: App, parameter: str, id: str) -> User:
    """Whom the vendor's id names, the other way round from ``id_of``. Refuses with NotFound or Unacceptable."""
    try:
        return await users.find(core, app, known_as(parameter, id))
    except NotFound:
        if re.fullmatch(r"[1-9][0-9]{0,15}", id) is None:
            raise
    user = await users.get(core, app, UserId(int(id)))
    if id_of(user) != id or not user.is_verified:
        raise NotFound("user")
    return user


async def check_new_id(core: Core, app: App, parameter: str, id: str) -> None:
    """Refuses with Unacceptable a new id that breaks the vendor's rule: ids become parts of MQTT topics."""
    if not _NEW_ID.fullmatch(id):
        try:
            await users.find(core, app, known_as(parameter, id))
        except NotFound as nobody:
            raise Unacceptable(parameter, _NEW_ID_RULE) from nobody


def _in_headers(id: str) -> tuple[str, str]:
    """How an id may arrive in a header, which is read as Latin-1."""
    return id, id.encode().decode("latin-1")
