"""Users among each other: oneself, who else there is, whom one blocks, and who is here just now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.apps import App
from ...domain.directory import COUNTED, Condition, Field, Operator, Query
from ...domain.errors import NotAllowed, NotFound, Unacceptable
from ...domain.users import User, UserId
from ...ports.store import Recognised
from ...services import blocks, directory, presence, users
from ...services.core import Core
from ...services.presence import Presence
from ...web.dialect import core_of, visit_of
from . import wire
from .account import account_of
from .auth import caller_of, find_user, id_of
from .families import Call
from .profile import own_profile
from .reading import Asked, read

USUAL_PAGE: Final = 20
LARGEST_PAGE: Final = 100
MOST_STATUSES: Final = 100  # users whose status is asked for at once
ORDERS: Final = {"username": Field.NAME, "created_at": Field.CREATED_AT, "updated_at": Field.UPDATED_AT}


async def my_profile(request: Request) -> Response:
    """GET my_profile"""
    core = core_of(request)
    caller = await caller_of(request)
    return wire.answer({"user": await account_of(core, caller)})


async def change_my_profile(request: Request) -> Response:
    """PATCH my_profile. The SDK takes the answer for its whole user, so the token is in it."""
    core = core_of(request)
    caller = await caller_of(request)
    change = own_profile(await read(request), name="name")
    user = await users.update_own(core, caller.recognised, change)
    caller = replace(caller, user=user)
    return wire.answer({"user": await account_of(core, caller)})


async def get_user_list(request: Request) -> Response:
    """GET get_user_list: users whose name, or else id, begins as is asked; where the Policy lists users."""
    core = core_of(request)
    caller = await caller_of(request)
    if not caller.app.policy.lists_users:
        raise NotAllowed
    asked = await read(request)
    page, limit, skip = page_of(asked)
    found = await _found(core, caller.app, asked, skip, limit, visit_of(request).address)
    meta = {"total_data": found.total, "total_page": -(-found.total // limit), "current_page": page}
    return wire.answer({"meta": meta, "users": [wire.listed_user(it, core.public_url) for it in found.users]})


async def _found(core: Core, app: App, asked: Asked, skip: int, limit: int, address: str) -> directory.Found:
    """By name; where nobody is called so, by id: one query answers one field, and pages stay whole."""
    text, (order, is_descending) = asked.text("query"), _order_of(asked)
    fields = (Field.NAME, Field.LOGIN) if text else (None,)
    if skip > COUNTED:
        raise Unacceptable("page", f"begins beyond the first {COUNTED} users")
    found = directory.Found((), 0)
    for field in fields:
        begins = (Condition.of(field, Operator.STARTS_WITH, text),) if field and text else ()
        query = Query(begins, order=order, is_descending=is_descending, skip=skip, limit=limit)
        found = await directory.find(core, app, query, address=address)
        if found.total:
            return found
    return found


def _order_of(asked: Asked) -> tuple[Field, bool]:
    text = (asked.text("order_query") or "username asc").lower().removesuffix(" nulls last")
    name, _, direction = text.partition(" ")
    if name not in ORDERS or direction not in ("", "asc", "desc"):
        raise Unacceptable("order_query", f"must be one of {', '.join(ORDERS)}, and asc or desc")
    return ORDERS[name], direction == "desc"


def page_of(asked: Asked) -> tuple[int, int, int]:
    """Which page, how many to a page, and how many are before it."""
    page, limit = asked.number("page", 1, COUNTED), asked.number("limit", USUAL_PAGE, LARGEST_PAGE)
    return page, limit, (page - 1) * limit


async def block_user(request: Request) -> Response:
    """POST block_user: what they write to the caller alone is not shown to the caller any more."""
    return await _block(request, blocks.block)


async def unblock_user(request: Request) -> Response:
    """POST unblock_user"""
    return await _block(request, blocks.unblock)


async def _block(request: Request, change: Callable[[Core, Recognised, UserId], Awaitable[User]]) -> Response:
    core = core_of(request)
    caller = await caller_of(request)
    id = (await read(request)).needed("user_email", "user_id", "email")
    other = await find_user(core, caller.app, "user_email", id)
    try:
        user = await change(core, caller.recognised, other.id)
    except Unacceptable as rule:
        raise Unacceptable("user_email", rule.reason) from rule
    return wire.answer({"user": wire.bare_account(user, core.public_url)})


async def get_blocked_users(request: Request) -> Response:
    """GET get_blocked_users: the same list under three names, for each kind of client its own."""
    core = core_of(request)
    caller = await caller_of(request)
    _, limit, skip = page_of(await read(request))
    found = await blocks.list_of(core, caller.session, skip=skip, limit=limit)
    listed = [wire.bare_account(it, core.public_url) for it in found.users]
    return wire.answer({"blocked_users": listed, "users": listed, "blocked_user": listed, "total": found.total})


async def users_status(request: Request) -> Response:
    """POST users/status: who is here just now, of those whom the caller may know it of. Unknown ids are left out."""
    core, visit = core_of(request), visit_of(request)
    caller = await caller_of(request)
    asked = await read(request)
    hub, app = visit.hub, caller.app

    def is_connected(id: UserId) -> bool:
        return hub is not None and hub.is_connected(app.id, id)

    ids = asked.texts("user_ids", at_most=MOST_STATUSES)
    if not ids:
        raise Unacceptable("user_ids", "is required")
    found: dict[UserId, User] = {}
    for id in dict.fromkeys(ids):
        try:
            user = await find_user(core, app, "user_ids", id)
        except NotFound:
            continue
        found[user.id] = user
    seen = await presence.seen_by(core, caller.recognised, found, is_connected=is_connected)
    return wire.answer({"user_status": [_status(found[id], it) for id, it in seen.items()]})


def _status(user: User, it: Presence) -> dict[str, Any]:
    return {
        "email": id_of(user),
        "status": int(it.is_online),
        "timestamp": 0 if it.last_seen_at is None else int(it.last_seen_at.timestamp()),
    }


FOR_CLIENTS: Final = (
    Call("GET", "my_profile", my_profile),
    Call("PATCH", "my_profile", change_my_profile),
    Call("GET", "get_user_list", get_user_list),
    Call("POST", "block_user", block_user),
    Call("POST", "unblock_user", unblock_user),
    Call("GET", "get_blocked_users", get_blocked_users),
    Call("POST", "users/status", users_status),
)
