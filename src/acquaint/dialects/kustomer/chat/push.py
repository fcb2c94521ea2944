"""Where a visitor's app is notified. Nothing here notifies anybody: the App's server asks where, and does.

A token belongs to one tracking: whoever registers it last has it, it follows who logs in on that tracking, and goes
when they log out, whether or not the app asks for it. The vendor's routes are not published; these are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ....domain.apps import App
from ....domain.errors import Unacceptable
from ....domain.push import LONGEST_BUNDLE, LONGEST_TOKEN, Platform, PushAddress
from ....services import push
from ....web.dialect import core_of
from .. import wire
from ..reading import read
from .tracking import caller_of

PATH: Final = "/c/v1/push/tokens"

_FIELDS: Final[Mapping[str, str]] = {"token": "deviceToken", "bundle": "bundleId"}


async def register(request: Request) -> Response:
    """POST push/tokens. Refuses with NeedsUser while there is nobody to notify: nothing was said on this device yet."""
    core, caller = core_of(request), await caller_of(request)
    asked = (await read(request)).only("deviceToken", "platform", "bundleId", "sandbox")
    token, platform = asked.needed("deviceToken", LONGEST_TOKEN), asked.needed("platform", 16).lower()
    if platform not in set(Platform):
        raise Unacceptable("platform", f"must be one of {', '.join(Platform)}")
    bundle, is_development = asked.text("bundleId", LONGEST_BUNDLE), asked.flag("sandbox") or False
    try:
        is_new = await push.register(
            core, caller.recognised, Platform(platform), token, bundle=bundle, is_development=is_development
        )
    except Unacceptable as rule:
        raise Unacceptable(_FIELDS.get(rule.field, rule.field), rule.reason) from rule
    kept = PushAddress(
        caller.app.id, caller.session.id, Platform(platform), token, core.clock(), bundle, is_development
    )
    return wire.document(push_token(caller.app, kept), 201 if is_new else 200)


async def withdraw(request: Request) -> Response:
    """DELETE push/tokens/current: all of this tracking's. Where there are none, that is fine."""
    caller = await caller_of(request)
    had = await push.withdraw_all(core_of(request), caller.recognised)
    return wire.answer({"data": None, "meta": {"removed": had}})


def push_token(app: App, it: PushAddress) -> wire.Resource:
    attributes = {
        "deviceToken": it.token,
        "platform": it.platform.value,
        "bundleId": it.bundle,
        "sandbox": it.is_development,
        "registeredAt": wire.moment(it.at),
    }
    return wire.resource("push_token", it.session_id, attributes, wire.org_of(app))
