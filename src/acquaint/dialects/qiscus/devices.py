"""Where the vendor's clients are notified. Nothing here notifies anybody: the App asks where, and does."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import Unacceptable
from ...domain.push import Platform
from ...services import push
from ...web.dialect import core_of
from . import wire
from .auth import caller_of
from .families import Call
from .reading import Asked, read


async def set_user_device_token(request: Request) -> Response:
    """POST set_user_device_token: as long as the caller's session lives, and nobody else on that device."""
    core = core_of(request)
    caller = await caller_of(request)
    asked = await read(request)
    token, bundle = asked.needed("device_token"), asked.text("bundle_id")
    try:
        is_new = await push.register(
            core,
            caller.recognised,
            _platform(asked) or Platform.ANDROID,
            token,
            bundle=bundle,
            is_development=asked.flag("is_development"),
        )
    except Unacceptable as rule:
        theirs = {"token": "device_token", "bundle": "bundle_id"}
        raise Unacceptable(theirs.get(rule.field, rule.field), rule.reason) from rule
    return wire.answer({"changed": is_new, "pn_android_configured": False, "pn_ios_configured": False})


async def remove_user_device_token(request: Request) -> Response:
    """POST remove_user_device_token. Removing what is not there is fine."""
    core = core_of(request)
    caller = await caller_of(request)
    asked = await read(request)
    was_there = await push.withdraw(core, caller.recognised, _platform(asked), asked.needed("device_token"))
    return wire.answer({"success": True, "changed": was_there})


def _platform(asked: Asked) -> Platform | None:
    named = asked.text("device_platform")
    try:
        return None if named is None else Platform(named.lower())
    except ValueError as error:
        raise Unacceptable("device_platform", f"must be one of {', '.join(Platform)}") from error


FOR_CLIENTS: Final = (
    Call("POST", "set_user_device_token", set_user_device_token),
    Call("POST", "remove_user_device_token", remove_user_device_token),
)
