"""Sessions: POST, GET and DELETE ``/session``."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ...services import sessions
from ...web.dialect import Route, core_of
from . import wire
from .auth import caller_of
from .routes import both


async def read_session(request: Request) -> Response:
    """GET /session"""
    caller = await caller_of(request)
    ts = int(core_of(request).clock().timestamp())
    return wire.answer({"session": wire.session_object(caller.session, caller.user, caller.token, nonce=None, ts=ts)})


async def destroy_session(request: Request) -> Response:
    """DELETE /session"""
    caller = await caller_of(request)
    await sessions.log_out(core_of(request), caller.session)
    return wire.nothing()


ROUTES: Final[list[Route]] = [
    *both("GET", "/session", read_session),
    *both("DELETE", "/session", destroy_session),
]
