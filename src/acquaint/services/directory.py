"""Finding users by what is known of them: the directory. Who asks, and may, is for the dialects to say.

find      whoever a query finds
newest    the same page by page, for the App's own server
one       the user whom a value names
online    who has been here just now
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from ..domain.apps import App
from ..domain.directory import Condition, Field, Operator, Query
from ..domain.errors import NotFound
from ..domain.paging import Page, PageAsked
from ..domain.users import User
from . import limits, users
from .core import Core

ONLINE_FOR: Final = timedelta(minutes=3)
"""How long after a request, or a sign of life of a connection, somebody counts as online. It is written down twice a
minute, so a much shorter time would lose people who are there."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of users, and how many match in all: counted up to ``domain.directory.COUNTED``."""

    users: tuple[User, ...]
    total: int


async def find(core: Core, app: App, query: Query, *, address: str | None = None) -> Found:
    """Refuses with TooManyRequests when strangers at this address ask too often; without one, nobody is counted."""
    if address is not None:
        await limits.take(core, limits.SEARCHES_PER_ADDRESS, address)
        if not query.names_somebody:
            await limits.take(core, limits.BROAD_SEARCHES_PER_ADDRESS, address)
    async with core.store.search() as tx:
        found, total = await tx.users.search(app.id, query)
    return Found(tuple(found), total)


async def newest(core: Core, app: App, conditions: tuple[Condition, ...], page: PageAsked) -> Page[User]:
    """The App's users who meet the conditions, visitors included, newest first: for the App's own server."""
    if not conditions:
        return await users.newest(core, app, page)
    if page.after is not None:
        conditions += (Condition.of(Field.ID, Operator.LESS, page.after),)
    query = Query(conditions, is_descending=True, limit=page.limit, knows_visitors=True)
    found = await find(core, app, query)
    return Page(found.users, found.users[-1].id if found.total > len(found.users) else None)


async def one(
    core: Core, app: App, field: Field, value: Any, *, address: str | None = None, proven_emails: bool = False
) -> User:
    """The user whom the value names: who proved it, or while nobody has, who claimed it first.

    With ``proven_emails``, whoever claimed an e-mail address is not found by it. Refuses with NotFound, Unacceptable
    or, like ``find``, TooManyRequests.
    """
    query = Query((Condition.of(field, Operator.IN, value),), limit=1, proven_emails=proven_emails)
    found = await find(core, app, query, address=address)
    if not found.users:
        raise NotFound("user")
    return found.users[0]


async def online(core: Core, app: App, *, skip: int, limit: int, address: str | None = None) -> Found:
    """Who has asked for anything within ``ONLINE_FOR``, the latest first. Refuses like ``find``."""
    since = Condition.of(Field.LAST_SEEN_AT, Operator.AT_LEAST, core.clock() - ONLINE_FOR)
    query = Query((since,), order=Field.LAST_SEEN_AT, is_descending=True, skip=skip, limit=limit)
    return await find(core, app, query, address=address)
