"""What a client may ask, under ``/api/v2/sdk`` and under ``/api/v2/mobile`` alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import AppClosed, SessionEnded
from ...services import apps, sessions, tickets, users
from ...web.dialect import NoSuchPath, Route, core_of, visit_of
from . import wire
from .auth import app_of, caller_of, header, id_of, log_in, place_of
from .avatar import avatar
from .identity_token import named_app, sign_in_with_identity_token
from .profile import own_profile
from .reading import read


def config(*, mobile: bool) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        """GET config: what every client asks first. The two kinds of client want brokers named differently."""
        app = await app_of(request)
        return wire.answer(wire.config(app, core_of(request).public_url, mobile=mobile))

    return answer


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


async def my_profile(request: Request) -> Response:
    """GET my_profile"""
    caller = await caller_of(request)
    return wire.answer({"user": wire.account(caller, core_of(request).public_url)})


async def change_my_profile(request: Request) -> Response:
    """PATCH my_profile. The SDK takes the answer for its whole user, so the token is in it."""
    core = core_of(request)
    caller = await caller_of(request)
    change = own_profile(await read(request), name="name")
    user = await users.update_own(core, caller.recognised, change)
    return wire.answer({"user": wire.account(replace(caller, user=user), core.public_url)})


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


async def nothing_here(request: Request) -> Response:
    """Any other path: a route, so that browsers may read the refusal."""
    raise NoSuchPath


def table(prefix: str, *, mobile: bool) -> list[Route]:
    """The routes of one of the two prefixes."""
    return [
        Route("GET", f"{prefix}/config", config(mobile=mobile)),
        Route("POST", f"{prefix}/login_or_register", login_or_register),
        Route("POST", f"{prefix}/auth/nonce", nonce),
        Route("POST", f"{prefix}/auth/verify_identity_token", verify_identity_token),
        Route("GET", f"{prefix}/my_profile", my_profile),
        Route("PATCH", f"{prefix}/my_profile", change_my_profile),
        Route("POST", f"{prefix}/logout", log_out),
        Route("GET", f"{prefix}/avatar.png", avatar),
        *[Route(it, prefix + "/{rest:path}", nothing_here) for it in ("GET", "POST", "PUT", "PATCH", "DELETE")],
    ]


ROUTES: Final = [*table("/api/v2/sdk", mobile=False), *table("/api/v2/mobile", mobile=True)]
