"""Who asks. Three credentials, never taken for each other.

app_of       ``X-Bot-Token``, public in every page: which App is meant
Caller       ``Authorization`` with a contact token: a visitor, by ``caller_of``
server_of    ``Authorization`` with an API key: the App's own server

A contact token is a JWT in the vendor's envelope. Its ``jti`` is the token of a session of ours, which also signs it:
it opens what ``resume`` opens, ends when the session does, and cannot be made from anything we keep. Whoever holds one
can therefore sign another text with it, so nothing in the text is believed but which session it is. That includes
``said``, what the page told when the token was minted: it is only ever a claim, and kept with the visitor when they
first do something, since nobody is created for looking. ``did`` names the device that the token was minted for.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from starlette.requests import Request

from ...domain.apps import App, WorkspaceSecrecy
from ...domain.errors import (
    Doubt,
    InvalidCredentials,
    NotAllowed,
    SessionEnded,
    TokenRefused,
    Unacceptable,
    UnknownApp,
    Unreadable,
    UserBanned,
)
from ...domain.identities import Assurance, Claimed, normal_email
from ...domain.limits import Limit
from ...domain.sessions import Session
from ...domain.tokens import TokenKind, is_well_formed
from ...ports.store import Recognised
from ...services import apps, limits, moving, sessions
from ...services.core import Core, device_of, fingerprint
from ...web.cors import check_origin
from ...web.dialect import core_of, visit_of
from ...web.ids import as_uuid
from ...web.reading import bearer, parse_json
from .errors import NoExternalId, NoToken, NotVerified
from .reading import is_random_uuid, scalars
from .wire import DOOR, org_id

BOT_TOKEN: Final = "x-bot-token"
LONGEST_TOKEN: Final = 4096  # characters, as for every signed token

REQUESTS_PER_CONTACT: Final = Limit("opencx_requests_per_contact", 300, timedelta(minutes=1))
"""Against one visitor who keeps the database busy. The vendor documents 100 a minute; a tab polls 7 times a minute, and
whoever has a dozen open shares one token among them."""

UNKNOWN_KEYS_PER_ADDRESS: Final = Limit("opencx_unknown_keys_per_address", 600, timedelta(minutes=1))
"""Requests with a key that is none. Against keeping the database busy; lower would hurt an office behind one address
one of whose programs still has an old key."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a page told of its visitor when it got their token."""

    email: str | None = None
    name: str | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        told = {"email": self.email, "name": self.name, "custom": dict(self.custom)}
        return {name: value for name, value in told.items() if value}

    def claimed(self) -> Claimed | None:
        return Claimed(self.name, self.email, custom=self.custom) if self.as_data() else None


@dataclass(frozen=True, slots=True)
class Caller:
    """A visitor: the session that their contact token opens, and what the page said of them."""

    recognised: Recognised
    said: Said

    @property
    def app(self) -> App:
        return self.recognised.app

    @property
    def session(self) -> Session:
        return self.recognised.session

    @property
    def is_verified(self) -> bool:
        return self.session.assurance is Assurance.VERIFIED

    @property
    def contact_key(self) -> str:
        """Who a text of theirs is said by: one address is one contact, and without one a device is."""
        if self.is_verified:
            return f"user {self.session.user_id}"
        return f"email {self.said.email}" if self.said.email else f"device {self.session.device_id}"


async def app_of(request: Request) -> App:
    """The App of the widget token. Refuses with UnknownApp, AppClosed or OriginRefused."""
    text = request.headers.get(BOT_TOKEN, "")
    if not is_well_formed(text, TokenKind.PUBLIC_KEY):
        raise UnknownApp
    app = await apps.by_public_key(core_of(request), text)
    if app.public_keys.widget_token != text:
        raise UnknownApp
    check_origin(request, app)
    return app


async def caller_of(request: Request) -> Caller:
    """Who holds the contact token.

    Refuses like ``app_of``, with NoToken, SessionEnded (also for another App's), UserBanned or TooManyRequests.
    """
    core, app = core_of(request), await app_of(request)
    text = bearer(request)
    if text is None:
        raise NoToken
    caller = await opened(core, app, text)
    await core.limiter.take(REQUESTS_PER_CONTACT, str(caller.session.id))
    return caller


async def opened(core: Core, app: App, text: str) -> Caller:
    """What a contact token opens in this App."""
    token = _session_token_in(text)
    try:
        it = await sessions.resume(core, token)
    except SessionEnded:
        await _say_if_banned(core, app, token)
        raise
    try:
        claims = core.signer.verify(text, [token]).claims
    except TokenRefused as refusal:
        raise SessionEnded from refusal
    if it.app.id != app.id or it.session.door != DOOR or claims.get("sub") != subject(it):
        raise SessionEnded
    return Caller(it, _said(claims))


async def settle(core: Core, caller: Caller, external_id: str | None, *, starts: bool = False) -> Caller:
    """The caller where the external_id places them, which may be on the device that it names (see README.md).

    ``starts``: something will be there for others to see, if the text is not a secret. Refuses with NoExternalId where
    an unverified one says none: a verified one without sees all that is theirs, and nobody becomes that by a token
    that everybody gets.
    """
    if caller.is_verified:
        if external_id is not None and is_random_uuid(external_id):
            await moving.says(core, caller.recognised, external_id, caller.contact_key)
        return caller
    if external_id is None:
        raise NoExternalId
    secrecy, email = caller.app.policy.workspace_names_device, caller.said.email
    names_device = secrecy is WorkspaceSecrecy.ALWAYS
    device_id = device_of(f"{DOOR} {caller.app.id} {email} {external_id}") if email else caller.session.device_id
    if secrecy is WorkspaceSecrecy.RANDOM and is_random_uuid(external_id) and (email or starts):
        names_device = await moving.says(core, caller.recognised, external_id, caller.contact_key, device_id=device_id)
    if not names_device or not email or device_id is None:
        return caller
    return replace(caller, recognised=await moving.move(core, caller.recognised, device_id))


@contextmanager
def enforced(caller: Caller) -> Iterator[None]:
    """Says why somebody unverified may not, where the App wants them verified (NotVerified)."""
    try:
        yield
    except NotAllowed as refusal:
        raise refusal if caller.is_verified else NotVerified from refusal


async def server_of(request: Request, needed: str) -> App:
    """The App whose server asks, with a key that has the role.

    Refuses with InvalidCredentials, NotAllowed, AppClosed or TooManyRequests.
    """
    core, address, text = core_of(request), visit_of(request).address, bearer(request)
    if text is None:
        raise InvalidCredentials(Doubt.UNKNOWN_KEY)
    try:
        app = await apps.by_api_key(core, text, needed, address=address)
    except InvalidCredentials:
        await limits.take(core, UNKNOWN_KEYS_PER_ADDRESS, address)
        raise
    times = app.policy.server_requests_per_minute
    await core.limiter.take(Limit("opencx_server_requests", times, timedelta(minutes=1)), str(app.id))
    return app


def subject(it: Recognised) -> dict[str, Any]:
    """``sub`` of a contact token. A visitor who has done nothing yet is nobody: their contact's id is the session's."""
    session = it.session
    is_verified = session.assurance is Assurance.VERIFIED and session.user_id is not None
    id = session.user_id if is_verified and session.user_id is not None else session.id
    contact = {"id": as_uuid(id), "verified": is_verified}
    return {"type": "widget-contact", "payload": {"org_id": org_id(it.app), "contact": contact}}


def mint(core: Core, it: Recognised, token: str, said: Said) -> str:
    """The text of a contact token, for who has just got the session's."""
    session = it.session
    claims: dict[str, Any] = {"sub": subject(it), "iat": int(core.clock().timestamp()), "jti": token}
    if session.expires_at is not None and session.assurance is Assurance.VERIFIED:
        claims["exp"] = int(session.expires_at.timestamp())
    if session.assurance is not Assurance.VERIFIED:
        claims["did"] = session.device_id
    if told := said.as_data():
        claims["said"] = told
    return core.signer.sign(claims, token)


async def _say_if_banned(core: Core, app: App, token: str) -> None:
    """Refuses with UserBanned where the token was somebody's whom the App does not let in."""
    async with core.store.read() as tx:
        it = await tx.sessions.recognise(fingerprint(token))
    if it is not None and it.app.id == app.id and it.session.door == DOOR and it.user and not it.user.may_act:
        raise UserBanned(it.user.id)


@lru_cache(maxsize=1024)  # clients show it with every request; what is refused is not kept
def _session_token_in(text: str) -> str:
    """The ``jti`` of a token that nobody has checked yet. Refuses with SessionEnded what cannot be one of ours."""
    jti = _unchecked_claims(text).get("jti")
    if not isinstance(jti, str) or not is_well_formed(jti, TokenKind.SESSION):
        raise SessionEnded
    return jti


def _unchecked_claims(text: str) -> dict[str, Any]:
    parts = text.split(".") if len(text) <= LONGEST_TOKEN else []
    if len(parts) != 3:
        return {}
    try:
        return parse_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), dict[str, Any])
    except (ValueError, binascii.Error, Unreadable):
        return {}


def _said(claims: Mapping[str, Any]) -> Said:
    """What the page said, read as strictly as when it did: the holder of a token can write another text."""
    told = claims.get("said", {})
    if not isinstance(told, dict):
        raise SessionEnded
    email, name, custom = told.get("email"), told.get("name"), told.get("custom", {})
    try:
        if not isinstance(custom, dict) or not all(it is None or isinstance(it, str) for it in (email, name)):
            raise SessionEnded
        said = Said(None if email is None else normal_email(email), name, scalars(custom, "custom"))
        said.claimed()
    except Unacceptable as refusal:
        raise SessionEnded from refusal
    return said
