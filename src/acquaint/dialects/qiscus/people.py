"""Users among each other: oneself, and whom one knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ...services import users
from ...web.dialect import core_of
from . import wire
from .auth import caller_of
from .families import Call
from .profile import own_profile
from .reading import read


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


FOR_CLIENTS: Final = (
    Call("GET", "my_profile", my_profile),
    Call("PATCH", "my_profile", change_my_profile),
)
