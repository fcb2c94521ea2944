"""What a client asks before anything else: how this server is reached, and what it does."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ...web.dialect import core_of
from . import wire
from .auth import app_of
from .avatar import avatar
from .families import Call, Family, family_of


async def config(request: Request) -> Response:
    """GET config: what every client asks first. The two kinds of client want brokers named differently."""
    app = await app_of(request)
    is_mobile = family_of(request) is Family.MOBILE
    return wire.answer(wire.config(app, core_of(request).public_url, mobile=is_mobile))


FOR_CLIENTS: Final = (
    Call("GET", "config", config),
    Call("GET", "avatar.png", avatar),
)
