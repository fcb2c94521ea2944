"""Tracking tokens: what a visitor's SDK holds instead of a login.

Caller                    who holds a token, and what it opens
caller_of                 the caller of a request that needs a token
current_token, new_token  the routes that hand tokens out

A tracking is a session of ours and the tracking id is its id. The token has the vendor's shape, a JWT
``{id, org, exp, aud, iss}``; its ``jti`` is the session's own token, which also signs it, so nothing but the session's
fingerprint is kept and a token cannot be made from anything we store. Who is in the session is never in the
token: signing in upgrades the token that the client has. ``exp`` says when clients should ask for a renewed one; what
ends a token is its session: when it is revoked, or not used for 400 days.

The device is named by the same secret. Logging out ends both, so the next person has another of each.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ....domain.apps import App
from ....domain.errors import AppClosed, SessionEnded, TokenRefused, Unreadable
from ....domain.identities import Assurance
from ....domain.limits import Limit
from ....domain.sessions import Lifetime, Session
from ....domain.tokens import TokenKind, is_well_formed
from ....ports.store import Recognised
from ....services import sessions, sign_in
from ....services.admission import Place
from ....services.core import Core, device_of, new_text
from ....web.cors import check_origin
from ....web.dialect import core_of, visit_of
from ....web.ids import as_hex
from ....web.reading import parse_json
from .. import org, wire
from ..reading import read

DOOR: Final = "kustomer"
HEADER: Final = "x-kustomer-tracking-token"

TRACKING_LIFETIME: Final = Lifetime(idle=timedelta(days=400))  # ours; the vendor names no end of renewing
TOKEN_LIFETIME: Final = timedelta(days=30)  # of the vendor's tokens, until the SDK gets a renewed one
LONGEST_TOKEN: Final = 4096  # characters, as for every signed token; ours have some 350
AUDIENCE: Final = "urn:consumer"
ISSUER: Final = "urn:api"

REQUESTS_PER_TRACKING: Final = Limit("kustomer_requests_per_tracking", 600, timedelta(minutes=1))
"""Against one visitor who keeps the database busy; lower would hurt an SDK that polls in several tabs."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who holds a tracking token: the session it opens, its App, and who is in it if anybody is."""

    recognised: Recognised
    token: str
    claims: Mapping[str, Any] = field(default_factory=dict)  # of a token that was presented and is a good one

    @property
    def app(self) -> App:
        return self.recognised.app

    @property
    def session(self) -> Session:
        return self.recognised.session


async def caller_of(request: Request) -> Caller:
    """Who holds the token in the header.

    Refuses with SessionEnded or SessionExpired (also where the host is of another App), AppClosed, OriginRefused or
    TooManyRequests.
    """
    core = core_of(request)
    caller = await opened(core, request.headers.get(HEADER, ""))
    org.check_host(request, caller.app)
    await core.limiter.take(REQUESTS_PER_TRACKING, str(caller.session.id))
    return caller


async def opened(core: Core, text: str) -> Caller:
    """What a tracking token opens, whatever its ``exp`` says. Refuses with SessionEnded for what is none of ours."""
    token = _session_token_in(text)
    it = await sessions.resume(core, token)
    try:
        claims = core.signer.verify(text, [token]).claims
    except TokenRefused as refusal:
        raise SessionEnded from refusal
    if claims.get("id") != as_hex(it.session.id) or claims.get("org") != as_hex(it.app.id) or it.session.door != DOOR:
        raise SessionEnded
    return Caller(it, text, claims)


async def current_token(request: Request) -> Response:
    """GET tokens/current: the token the client has, renewed if need be, or a first one.

    Never 401: the SDKs would ask again for ever. A token of another App is as good as none.
    """
    core = core_of(request)
    caller = await _presented(request)
    if caller is None:
        return await _first_token(request, await org.app_of(request), status=200)
    check_origin(request, caller.app)
    if _expires(caller.claims) <= core.clock():
        caller = Caller(caller.recognised, mint(core, caller.session, _session_token_in(caller.token)))
    return wire.document(_tracking_token(caller))


async def new_token(request: Request) -> Response:
    """POST tokens: always a new tracking. What the header presents is logged out: the next one sees nothing of it."""
    await read(request)
    caller = await _presented(request)
    if caller is None:
        return await _first_token(request, await org.app_of(request), status=201)
    check_origin(request, caller.app)
    await sessions.log_out(core_of(request), caller.session)
    return await _first_token(request, caller.app, status=201)


def place_of(request: Request, session: Session) -> Place:
    """Where a visitor signs in: in the session they have, with the token they have."""
    return Place(
        DOOR,
        TRACKING_LIFETIME,
        address=visit_of(request).address,
        device_id=session.device_id,
        workspace=session.workspace,
        session=session,
    )


async def visit(request: Request, app: App) -> Caller:
    """A new tracking with nobody in it. Nobody is created for that."""
    core = core_of(request)
    token = new_text(core, TokenKind.SESSION)
    place = Place(DOOR, TRACKING_LIFETIME, address=visit_of(request).address, device_id=device_of(token))
    admission = await sign_in.visit(core, app, place, token=token)
    return Caller(Recognised(admission.session, app, admission.user), mint(core, admission.session, token))


def mint(core: Core, session: Session, token: str) -> str:
    """The text of a tracking token, good until ``exp``: 30 days from now."""
    claims = {
        "id": as_hex(session.id),
        "org": as_hex(session.app_id),
        "exp": int((core.clock() + TOKEN_LIFETIME).timestamp()),
        "aud": AUDIENCE,
        "iss": ISSUER,
        "jti": token,
    }
    return core.signer.sign(claims, token)


async def _presented(request: Request) -> Caller | None:
    """Who holds the token in the header; None without one, or with one that opens nothing on this host."""
    text = request.headers.get(HEADER, "")
    try:
        caller = await opened(core_of(request), text)
    except (SessionEnded, AppClosed):
        return None
    return caller if org.is_of_host(request, caller.app) else None


async def _first_token(request: Request, app: App, *, status: int) -> Response:
    return wire.document(_tracking_token(await visit(request, app)), status)


def _tracking_token(caller: Caller) -> wire.Resource:
    session = caller.session
    attributes = {"trackingId": as_hex(session.id), "token": caller.token, "verified": is_verified(session)}
    links = {"self": "/c/v1/tracking/tokens/current"}
    return wire.resource("tracking_token", session.id, attributes, wire.org_of(caller.app), links)


def is_verified(session: Session) -> bool:
    """Whether somebody logged in. It stops the SDK from asking for an e-mail address."""
    return session.user_id is not None and session.assurance is Assurance.VERIFIED


@lru_cache(maxsize=1024)  # clients show it with every request; what is refused is not kept
def _session_token_in(text: str) -> str:
    """The ``jti`` of a token that nobody has checked yet. Refuses with SessionEnded what cannot be one of ours."""
    jti = unchecked_claims(text).get("jti")
    if not isinstance(jti, str) or not is_well_formed(jti, TokenKind.SESSION):
        raise SessionEnded
    return jti


def _expires(claims: Mapping[str, Any]) -> datetime:
    """As the token says. Its holder can sign anything into it: what is no moment is long ago."""
    exp = claims.get("exp")
    try:
        return datetime.fromtimestamp(exp if isinstance(exp, int) else 0, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.min.replace(tzinfo=UTC)


def unchecked_claims(text: str) -> dict[str, Any]:
    """What a JWT says before, or after, it was checked; nothing where it is none."""
    parts = text.split(".") if len(text) <= LONGEST_TOKEN else []
    if len(parts) != 3:
        return {}
    try:
        return parse_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), dict[str, Any])
    except (ValueError, binascii.Error, Unreadable):
        return {}
