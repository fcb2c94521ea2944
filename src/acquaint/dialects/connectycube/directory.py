"""How users find each other: queries (V2), and the older routes (V1) with one for each kind of name.

An App's Policy says what of this there is: ``lists_users`` the V1 routes and queries that name nobody,
``strict_user_queries`` the vendor's own rule of what a query must name, ``shows_online_users``, and
``shows_emails_and_phones``, without which others' addresses and numbers are not shown, nor told by narrowing down.
Where it ``requires_confirmed_emails``, others' addresses are shown, and find them, once they are confirmed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.directory import COUNTED, Condition, Field, Operator, Query
from ...domain.errors import NotAllowed, Unacceptable
from ...domain.identities import IdentifierKind
from ...domain.users import User
from ...services import directory
from ...services.directory import Found
from ...web.dialect import Endpoint, Route, core_of, visit_of
from ...web.ids import read_integer
from . import wire
from .auth import Caller, caller_of
from .errors import ListingForbidden
from .listing import filters_of, order_of
from .query import LARGEST_PAGE, check_shown, condition, query_of
from .reading import Asked, read
from .routes import USER, USER_BY_EXTERNAL_ID, both

USUAL_PER_PAGE: Final = 10  # documented, of V1


async def search(request: Request) -> Response:
    """GET /users/v2"""
    caller = await caller_of(request)
    query = query_of(await read(request), caller.app.policy)
    found = await _find(request, caller, query)
    items = [shown(it, caller) for it in found.users]
    return wire.answer({"limit": query.limit, "skip": query.skip, "total_entries": found.total, "items": items})


async def list_users(request: Request) -> Response:
    """GET /users"""
    caller = await _listing(request)
    asked = await read(request)
    order, is_descending = order_of(asked)
    return await _page(request, caller, asked, filters_of(asked), order=order, is_descending=is_descending)


async def by_full_name(request: Request) -> Response:
    """GET /users/by_full_name"""
    caller = await _listing(request)
    asked = await read(request)
    named = condition("full_name", Operator.IN, [asked.needed("full_name")])
    return await _page(request, caller, asked, (named,))


async def by_tags(request: Request) -> Response:
    """GET /users/by_tags: those who have any of the tags."""
    caller = await _listing(request)
    asked = await read(request)
    tags = asked.texts("tags")
    if not tags:
        raise Unacceptable("tags", "cannot be blank")
    return await _page(request, caller, asked, (condition("user_tags", Operator.IN, tags),))


async def show(request: Request) -> Response:
    """GET /users/{id}"""
    caller = await _listing(request)
    id = read_integer(request.path_params["id"])
    if id is None:
        raise Unacceptable("id", "should be a positive integer")
    return await _one(request, caller, Field.ID, id)


async def by_external_id(request: Request) -> Response:
    """GET /users/external/{external_id}"""
    caller = await _listing(request)
    return await _one(request, caller, Field.EXTERNAL_ID, request.path_params["external_id"])


async def online(request: Request) -> Response:
    """GET /users/online, or how many with ``count``"""
    caller = await caller_of(request)
    if not caller.app.policy.shows_online_users:
        raise NotAllowed
    asked = await read(request)
    skip, limit = asked.number("offset") or 0, asked.number("limit") or LARGEST_PAGE
    if not 0 <= skip <= COUNTED:
        raise Unacceptable("offset", f"should be from 0 to {COUNTED}")
    if limit < 1:
        raise Unacceptable("limit", "should be a positive integer")
    found = await directory.online(
        core_of(request), caller.app, skip=skip, limit=min(limit, LARGEST_PAGE), address=visit_of(request).address
    )
    if asked.flag("count"):
        return wire.answer({"count": found.total})
    return wire.answer({"users": [shown(it, caller) for it in found.users]})


def by(name: str, field: Field) -> Endpoint:
    """The endpoint of a route that finds the one user of a name; the parameter is called like it."""

    async def endpoint(request: Request) -> Response:
        caller = await _listing(request)
        return await _one(request, caller, field, (await read(request)).needed(name))

    return endpoint


def shown(user: User, caller: Caller) -> dict[str, Any]:
    """The user as the caller may see them: their own record whole, another's as the Policy has it."""
    said = wire.user_object(user)
    if _waits_for(user, caller):
        said["email"] = user.known_as(IdentifierKind.EMAIL)
    if not caller.app.policy.shows_emails_and_phones and (caller.user is None or caller.user.id != user.id):
        said |= {"email": None, "phone": None}
    return said


async def _listing(request: Request) -> Caller:
    """A caller whose App has the older routes; refuses with ListingForbidden, or like ``caller_of``."""
    caller = await caller_of(request)
    if not caller.app.policy.lists_users:
        raise ListingForbidden(core_of(request).public_url)
    return caller


async def _one(request: Request, caller: Caller, field: Field, value: Any) -> Response:
    app, address = caller.app, visit_of(request).address
    is_strict = app.policy.requires_confirmed_emails  # as of ``_find``
    user = await directory.one(core_of(request), app, field, value, address=address, proven_emails=is_strict)
    return wire.answer({"user": shown(user, caller)})


async def _page(
    request: Request,
    caller: Caller,
    asked: Asked,
    conditions: tuple[Condition, ...],
    *,
    order: Field = Field.ID,
    is_descending: bool = False,
) -> Response:
    """A page of V1, whose users are wrapped. Where nobody matches, the vendor says there are none per page."""
    page, per_page = asked.number("page") or 1, asked.number("per_page") or USUAL_PER_PAGE
    per_page = min(max(per_page, 1), LARGEST_PAGE)
    if not 1 <= page <= COUNTED // per_page + 1:
        raise Unacceptable("page", f"should be from 1 to {COUNTED // per_page + 1}")
    query = Query(conditions, order, is_descending, (page - 1) * per_page, per_page)
    check_shown(query, caller.app.policy)
    found = await _find(request, caller, query)
    return wire.answer(
        {
            "current_page": page,
            "per_page": per_page if found.total else 0,
            "total_entries": found.total,
            "items": [{"user": shown(it, caller)} for it in found.users],
        }
    )


async def _find(request: Request, caller: Caller, query: Query) -> Found:
    """Addresses that are to be confirmed find nobody before, not even by how many there are, or in which order."""
    query = replace(query, proven_emails=caller.app.policy.requires_confirmed_emails)
    return await directory.find(core_of(request), caller.app, query, address=visit_of(request).address)


def _waits_for(user: User, caller: Caller) -> bool:
    """Whether an address of the user's that is not confirmed is nothing to the caller."""
    return caller.app.policy.requires_confirmed_emails and (caller.user is None or caller.user.id != user.id)


_PATHS: Final[dict[str, Callable[[Request], Awaitable[Response]]]] = {
    "/users/v2": search,
    "/users/online": online,
    "/users/by_login": by("login", Field.LOGIN),
    "/users/by_email": by("email", Field.EMAIL),
    "/users/by_facebook_id": by("facebook_id", Field.FACEBOOK_ID),
    "/users/by_twitter_id": by("twitter_id", Field.TWITTER_ID),
    "/users/by_phone": by("phone", Field.PHONE),
    "/users/phone": by("phone", Field.PHONE),
    "/users/by_full_name": by_full_name,
    "/users/by_tags": by_tags,
    "/users": list_users,
    USER_BY_EXTERNAL_ID: by_external_id,
    USER: show,
}

ROUTES: Final[list[Route]] = [route for path, endpoint in _PATHS.items() for route in both("GET", path, endpoint)]
