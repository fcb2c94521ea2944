"""Customers, as the App's own server keeps them: found by what names them, made, changed, deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote, urlencode

from starlette.responses import Response

from ....domain.errors import IdentifierTaken, NotFound, Unacceptable
from ....domain.identities import Identifier
from ....domain.listings import ALWAYS, Between
from ....domain.users import User, UserId
from ....ports.store import ConversationsOf
from ....services import merging, push, roster, users
from ....web.dialect import WireError
from ....web.ids import as_hex
from .. import wire
from ..chat.push import push_token
from ..errors import error_response, field_error
from ..reading import Asked, query
from .callers import Server
from .chat import conversation
from .customer_body import CustomerBody, Stale, read_customer, revision
from .customer_wire import NOBODY, customer

READ: Final = ("org.permission.customer.read", "org.user.customer.read")
USUAL_PAGE: Final = 30  # the vendor's OpenAPI
LARGEST_PAGE: Final = 100
LAST_PAGE: Final = 1_000
_MILLISECOND: Final = timedelta(milliseconds=1)
_LATEST: Final = datetime.max.replace(tzinfo=UTC) - _MILLISECOND  # after which there is no moment to ask for


async def list_customers(server: Server) -> Response:
    """GET customers: by numbered pages, the newest first, or the oldest with ``sort=asc``."""
    asked = query(server.request).only("page", "pageSize", "sort", *_FILTERS)
    page, size = page_of(asked)
    sort = asked.text("sort", 64) or "desc"
    if sort not in _NEWEST_FIRST:
        raise Unacceptable("?sort", "must be asc or desc, by createdAt")
    found = await roster.listed(
        server.core,
        server.app,
        _created(asked),
        skip=(page - 1) * size,
        limit=size,
        newest_first=_NEWEST_FIRST[sort],
    )
    shown = [customer(server.app, it, found.counts.get(it.id, NOBODY)) for it in found.users]
    return numbered(server, asked, shown, page, size, found.total)


async def one_customer(server: Server) -> Response:
    """GET customers/{id}"""
    id = UserId(server.id())
    try:
        return await _shown(server, await users.get(server.core, server.app, id))
    except NotFound:
        return await _not_there(server, id)


async def by_email(server: Server) -> Response:
    return await _found(server, "email", Identifier.email)


async def by_phone(server: Server) -> Response:
    return await _found(server, "phone", Identifier.phone)


async def by_external_id(server: Server) -> Response:
    return await _found(server, "externalId", Identifier.external_id)


async def create_customer(server: Server) -> Response:
    """POST customers. Refuses with 409 what names another one."""
    made = await make(server, await read_customer(server.request))
    return error_response(made) if isinstance(made, WireError) else wire.document(customer(server.app, made), 201)


async def change_customer(server: Server) -> Response:
    """PATCH customers/{id}: what is not sent stays, but for a company, which the vendor unlinks."""
    return await _change(server, replaces=False)


async def put_customer(server: Server) -> Response:
    """PUT customers/{id}: like PATCH, or with ``replace=true`` what is not sent is emptied."""
    replaces = query(server.request).only("replace").flag("replace") or False
    return await _change(server, replaces=replaces)


async def delete_customer(server: Server) -> Response:
    """DELETE customers/{id}"""
    id = UserId(server.id())
    await server.count_write(id)
    try:
        await users.delete(server.core, server.app, id)
    except NotFound:
        return await _not_there(server, id)
    return Response(status_code=204)


async def list_conversations(server: Server) -> Response:
    """GET customers/{id}/conversations, the one with the latest message first."""
    asked = query(server.request).only("page", "pageSize", "fromDate")
    page, size = page_of(asked, usual=LARGEST_PAGE)
    since = asked.moment("fromDate")
    id = UserId(server.id())
    theirs = ConversationsOf(id, since=since)
    found, total = await roster.conversations_of(server.core, server.app, theirs, skip=(page - 1) * size, limit=size)
    return numbered(server, asked, [conversation(server.app, it, id) for it in found], page, size, total)


async def list_push_tokens(server: Server) -> Response:
    """GET customers/{id}/push-tokens (ours): where to notify them, on each device they are logged in on."""
    user = await users.get(server.core, server.app, UserId(server.id()))
    found = await push.of_user(server.core, server.app, user.id)
    path = server.request.scope["path"]
    links = {"self": path, "first": path, "prev": None, "next": None}
    shown = [push_token(server.app, it) for it in found]
    return wire.listing(shown, links, {"page": 1, "pageSize": len(shown)})


def gone(into: int) -> Response:
    """404 for a customer that was merged into another one."""
    more = {"meta": {"mergedInto": as_hex(into)}}
    return error_response(WireError(404, "not_found", "customer was merged into another one", more))


async def make(server: Server, body: CustomerBody) -> User | WireError:
    """A new one; or the words for why not, where they say more than the refusal."""
    try:
        return await roster.add(server.core, server.app, revision(body, None, is_update=False))
    except IdentifierTaken as taken:
        return await _conflict(server, body, taken, None)


async def change(server: Server, id: UserId, body: CustomerBody, *, replaces: bool = False) -> User | WireError:
    """The customer after it; or the words for why not. Refuses with NotFound, Unacceptable or TooManyRequests."""
    await server.count_write(id)
    try:
        return await roster.revise(server.core, server.app, id, lambda user: revision(body, user, replaces=replaces))
    except Stale as stale:
        return field_error("rev", stale.reason, status=409, code="conflict")
    except IdentifierTaken as taken:
        return await _conflict(server, body, taken, id)


async def _change(server: Server, *, replaces: bool) -> Response:
    id = UserId(server.id())
    body = await read_customer(server.request)
    try:
        changed = await change(server, id, body, replaces=replaces)
    except NotFound:
        return await _not_there(server, id)
    return error_response(changed) if isinstance(changed, WireError) else await _shown(server, changed)


async def _conflict(server: Server, body: CustomerBody, taken: IdentifierTaken, mine: UserId | None) -> WireError:
    """409: which of the values names somebody else, and for those who may read customers, whom."""
    for it in [it for found in body.named.values() for it, _ in found]:
        try:
            other = await users.find(server.core, server.app, it)
        except NotFound:
            continue
        if other.id != mine:
            more: dict[str, Any] = {"conflictId": as_hex(other.id)} if server.may(*READ) else {}
            where = body.identifier_at(it)
            return field_error(where, "is another customer's", status=409, code="conflict", **more)
    raise taken  # they are free by now: trying again will do


async def _not_there(server: Server, id: UserId) -> Response:
    merge = await merging.became_of(server.core, server.app, id)
    if merge is None or not server.may(*READ):
        raise NotFound("user")
    return gone(merge.target_id)


async def _shown(server: Server, user: User) -> Response:
    counts = await roster.counts(server.core, server.app, [user.id])
    return wire.document(customer(server.app, user, counts.get(user.id, NOBODY)))


async def _found(server: Server, name: str, identifier: Callable[[str], Identifier]) -> Response:
    """The value is what follows ``name=`` in the address, decoded once, whatever is in it."""
    raw = server.request.scope.get("raw_path") or server.request.scope["path"].encode()
    value = unquote(raw.decode("latin-1").partition(f"/{name}=")[2])
    try:
        who = identifier(value)
    except Unacceptable as rule:
        raise Unacceptable(name, rule.reason) from rule
    return await _shown(server, await users.find(server.core, server.app, who))


def page_of(asked: Asked, usual: int = USUAL_PAGE) -> tuple[int, int]:
    size = asked.number("pageSize", usual, 1, 10**6)
    return asked.number("page", 1, 1, LAST_PAGE), min(size, LARGEST_PAGE)


_FILTERS: Final = tuple(f"filter[createdAt][{it}]" for it in ("gte", "gt", "lt", "lte"))
_NEWEST_FIRST: Final = {"desc": True, "asc": False, "-createdAt": True, "createdAt": False}


def _created(asked: Asked) -> Between:
    """Ids say when a customer was made to the millisecond, so that is how exact this is."""
    gte, gt, lt, lte = (asked.moment(it) for it in _FILTERS)
    found = ALWAYS
    for since in (gte, None if gt is None else min(gt, _LATEST) + _MILLISECOND):
        found = found.and_(Between(since=since))
    for until in (lt, None if lte is None else min(lte, _LATEST) + _MILLISECOND):
        found = found.and_(Between(until=until))
    return found


def numbered(server: Server, asked: Asked, shown: list[wire.Resource], page: int, size: int, total: int) -> Response:
    pages = max(1, -(-total // size))
    kept = {name: value for name, value in asked.values.items() if name not in ("page", "pageSize")}

    path = server.request.scope["path"]

    def link(number: int) -> str:
        return f"{path}?{urlencode({**kept, 'page': number, 'pageSize': size})}"

    links = {
        "self": link(page),
        "first": link(1),
        "prev": link(page - 1) if page > 1 else None,
        "next": link(page + 1) if page < pages else None,
        "last": link(pages),
    }
    return wire.listing(shown, links, {"page": page, "pageSize": size, "total": total, "totalPages": pages})
