"""The App's users as a list with numbered pages, and what they are in."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, select

from ..domain import ids
from ..domain.apps import AppId
from ..domain.conversations import Conversation
from ..domain.listings import Between
from ..domain.users import User, UserId
from ..ports.store.roster import ConversationCounts, ConversationsOf
from . import columns as column
from . import tables as t
from .connection import Connection
from .conversations import CONVERSATION, conversation_of
from .statements import Statement, among
from .users import IDENTIFIER, USER, users_of

_users, _identifiers = t.users.c, t.identifiers.c
_memberships, _conversations = t.memberships.c, t.conversations.c

_made_then = (  # ids sort by the time they were made
    _users.app_id == bindparam("app_id"),
    _users.id >= bindparam("since"),
    _users.id < bindparam("until"),
)
_COUNT = Statement(select(func.count(_users.id)).where(*_made_then))
_COUNTS = Statement(
    select(_memberships.user_id, func.count(_memberships.user_id), func.count(_conversations.closed_at))
    .join_from(t.memberships, t.conversations, _conversations.id == _memberships.conversation_id)
    .where(among(_memberships.user_id, "ids"), _memberships.app_id == bindparam("app_id"))
    .group_by(_memberships.user_id)
)


@cache
def _listed(*, newest_first: bool) -> Statement:
    order = _users.id.desc() if newest_first else _users.id
    page = (
        select(_users.id)
        .where(*_made_then)
        .order_by(order)
        .limit(bindparam("limit"))
        .offset(bindparam("skip"))
        .subquery("page")
    )
    query = select(*USER, *IDENTIFIER).join_from(t.users, t.identifiers, isouter=True)
    return Statement(query.join(page, page.c.id == _users.id).order_by(order, _identifiers.position))


@cache
def _conversations_of(*, counts: bool, only_open: bool, on_device: bool) -> Statement:
    columns = (func.count(_conversations.id),) if counts else CONVERSATION
    query = (
        select(*columns)
        .select_from(t.memberships)
        .join(t.conversations, _conversations.id == _memberships.conversation_id)
        .where(
            _memberships.user_id == bindparam("user_id"),
            _memberships.app_id == bindparam("app_id"),
            _conversations.updated_at >= bindparam("since"),
        )
    )
    if only_open:
        query = query.where(_conversations.closed_at.is_(None))
    if on_device:
        query = query.where(_memberships.device_id == bindparam("device_id"))
    if counts:
        return Statement(query)
    query = query.order_by(_conversations.latest_id.desc())
    return Statement(query.limit(bindparam("limit")).offset(bindparam("skip")))


class SqlRoster:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def listed(
        self, app_id: AppId, created: Between, *, skip: int, limit: int, newest_first: bool = True
    ) -> list[User]:
        statement = _listed(newest_first=newest_first)
        return users_of(await self._db.rows(statement, app_id=app_id, skip=skip, limit=limit, **_ids(created)))

    async def count(self, app_id: AppId, created: Between) -> int:
        (row,) = await self._db.rows(_COUNT, app_id=app_id, **_ids(created))
        return int(row[0])

    async def conversation_counts(self, app_id: AppId, ids: Collection[UserId]) -> dict[UserId, ConversationCounts]:
        if not ids:
            return {}
        rows = await self._db.rows(_COUNTS, app_id=app_id, ids=list(ids))
        return {UserId(user_id): ConversationCounts(every, closed) for user_id, every, closed in rows}

    async def conversations_of(
        self, app_id: AppId, asked: ConversationsOf, *, skip: int, limit: int
    ) -> list[Conversation]:
        rows = await self._db.rows(_statement(asked), app_id=app_id, skip=skip, limit=limit, **_conditions(asked))
        return [conversation_of(row) for row in rows]

    async def count_conversations_of(self, app_id: AppId, asked: ConversationsOf) -> int:
        (row,) = await self._db.rows(_statement(asked, counts=True), app_id=app_id, **_conditions(asked))
        return int(row[0])


def _statement(asked: ConversationsOf, *, counts: bool = False) -> Statement:
    return _conversations_of(counts=counts, only_open=asked.only_open, on_device=asked.device_id is not None)


def _conditions(asked: ConversationsOf) -> dict[str, Any]:
    since = 0 if asked.since is None else column.of_moment(asked.since)
    return {"user_id": asked.user_id, "device_id": asked.device_id, "since": since}


def _ids(created: Between) -> dict[str, Any]:
    since = 0 if created.since is None else ids.first_at(created.since)
    until = ids.LARGEST + 1 if created.until is None else min(ids.first_at(created.until), ids.LARGEST + 1)
    return {"since": since, "until": until}
