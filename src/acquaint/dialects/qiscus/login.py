"""Logging in and out: by id and key, or by an identity token. And renewing the token, where tokens expire."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import NotFound, SessionEnded, TicketRefused, Unacceptable
from ...services import apps, renewing, sessions, tickets
from ...web.dialect import core_of, visit_of
from . import wire
from .account import account_of
from .auth import app_of, caller_of, find_user, header, id_of, log_in, place_of
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
    return wire.answer({"user": await account_of(core, caller)})


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
    return wire.answer({"user": await account_of(core, caller)})


async def refresh_user_token(request: Request) -> Response:
    """POST refresh_user_token: the next token. The one in the header may be expired, and says nothing.

    Whatever is wrong is one refusal: the vendor's clients know no other. Its text makes them log in again.
    """
    core = core_of(request)
    app = await app_of(request)
    asked = await read(request)
    text, id = asked.needed("refresh_token"), asked.text("user_id", "email")
    try:
        of = None if id is None else (await find_user(core, app, "user_id", id)).id
    except (NotFound, Unacceptable) as nobody:
        raise TicketRefused from nobody
    renewed = await renewing.renew(core, app, text, address=visit_of(request).address, of=of)
    return wire.answer({"token": renewed.token, **wire.renewal(renewed.session, renewed.ticket)})


async def expire_user_token(request: Request) -> Response:
    """POST expire_user_token: the caller's token is over. Where it can be renewed, nothing else is."""
    caller = await caller_of(request)
    if (await read(request)).text("user_id") not in (id_of(caller.user), None):
        raise SessionEnded
    await renewing.expire(core_of(request), caller.recognised)
    return wire.answer({})


async def log_out(request: Request) -> Response:
    """POST logout: 200 whether or not there was a session to end, or else the SDK takes itself for logged in still.

    Holding the token is the right to end it, expired or not: it could be refreshed. A token of another user or App than
    the request names stays.
    """
    asked = await read(request)
    token = asked.text("token") or header(request, "token")
    it = await sessions.left_by(core_of(request), token) if token else None
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
    Call("POST", "refresh_user_token", refresh_user_token),
    Call("POST", "expire_user_token", expire_user_token),
    Call("POST", "logout", log_out),
)
