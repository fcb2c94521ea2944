"""Logging in and out: by id and key, or by an identity token."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import AppClosed, SessionEnded
from ...services import apps, sessions, tickets
from ...web.dialect import core_of, visit_of
from . import wire
from .auth import app_of, header, id_of, log_in, place_of
from .families import Call
from .identity_token import named_app, sign_in_with_identity_token
from .profile import own_profile
from .reading import read


async def login_or_register(request: Request) -> Response:
    """POST login_or_register: id and key. A token that comes with it belongs to an earlier login and says nothing."""
    core = core_of(request)
    app = await app_of(request)
    asked = await read(request)
    id, password = asked.needed("email"), asked.needed("password")
    caller = await log_in(core, app, id, password, own_profile(asked, name="username"), place_of(request))
    return wire.answer({"user": wire.account(caller, core.public_url)})


async def nonce(request: Request) -> Response:
    """POST auth/nonce. Without an App ID, which proxies lose, the App that redeems it binds it."""
    app = await app_of(request) if header(request, "app-id") else None
    text, ticket = await tickets.nonce(core_of(request), app, visit_of(request).address)
    return wire.answer({"nonce": text, "expired_at": int(ticket.expires_at.timestamp())})


async def verify_identity_token(request: Request) -> Response:
    """POST auth/verify_identity_token"""
    core = core_of(request)
    token = (await read(request)).needed("identity_token")
    app = await app_of(request) if header(request, "app-id") else await apps.by_slug(core, named_app(token))
    caller = await sign_in_with_identity_token(core, app, token, place_of(request))
    return wire.answer({"user": wire.account(caller, core.public_url)})


async def log_out(request: Request) -> Response:
    """POST logout: 200 whether or not there was a session to end, or else the SDK takes itself for logged in still.

    Holding the token is the right to end it; a token of another user or App than the request names stays.
    """
    asked = await read(request)
    token = asked.text("token") or header(request, "token")
    try:
        it = await sessions.resume(core_of(request), token) if token else None
    except (SessionEnded, AppClosed):
        it = None
    if it is not None and it.user is not None:
        right_app = header(request, "app-id") in (it.app.slug, None)
        right_user = asked.text("user_id") in (id_of(it.user), None)
        if right_app and right_user:
            await sessions.log_out(core_of(request), it.session)
    return wire.answer({})


FOR_CLIENTS: Final = (
    Call("POST", "login_or_register", login_or_register),
    Call("POST", "auth/nonce", nonce),
    Call("POST", "auth/verify_identity_token", verify_identity_token),
    Call("POST", "logout", log_out),
)
