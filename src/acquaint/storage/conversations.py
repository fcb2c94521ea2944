"""Conversations, and which of them a Visibility covers. Who is in them is in memberships.py."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

from sqlalchemy import Column, bindparam, delete, or_, select, update

from ..domain.apps import AppId
from ..domain.conversations import (
    Conversation,
    ConversationId,
    ConversationKind,
    Membership,
    MessageId,
    Rating,
    Visibility,
)
from ..domain.errors import IdentifierTaken
from ..domain.paging import Page, PageAsked
from ..domain.users import UserId
from . import columns as column
from . import tables as t
from .adding import add
from .connection import Row
from .inserting import insert
from .memberships import (
    MEMBERSHIP,
    SqlMemberships,
    as_cleared,
    covered,
    membership_of,
    sees_nothing,
    values_of_visibility,
)
from .paging import LAST, page_of
from .statements import Statement, among, later

__all__ = ["CONVERSATION", "IS_LISTED", "MEMBERSHIP", "SqlConversations", "conversation_of", "membership_of"]

DELETED_AT_ONCE: Final = 200  # messages

_conversations, _memberships, _messages = t.conversations.c, t.memberships.c, t.messages.c

CONVERSATION: Final = (
    _conversations.id,
    _conversations.app_id,
    _conversations.kind,
    _conversations.workspace,
    _conversations.created_at,
    _conversations.updated_at,
    _conversations.title,
    _conversations.unique_id,
    _conversations.custom,
    _conversations.last_message_id,
    _conversations.closed_at,
    _conversations.description,
    _conversations.avatar_url,
    _conversations.is_managed,
    _conversations.pinned,
    _conversations.by_door,
    _conversations.operators_read_id,
    _conversations.asks_rating,
    _conversations.rating_score,
    _conversations.rating_comment,
    _conversations.rated_at,
)
_MARKS: Final = (_conversations.last_message_id, _conversations.operators_read_id)  # never moved back
_in_app = _conversations.app_id == bindparam("app_id")
IS_LISTED: Final = or_(_memberships.hidden_up_to.is_(None), _conversations.latest_id > _memberships.hidden_up_to)
"""Its member does not hide it, or something was said since they did."""
_before = _conversations.latest_id < bindparam("before")

_ADD = Statement(
    insert(t.conversations)
    .values(
        {it.name: bindparam(it.name) for it in (*CONVERSATION, _conversations.direct_low, _conversations.direct_high)}
    )
    .on_conflict_do_nothing()
)
_GET = Statement(select(*CONVERSATION).where(_conversations.id == bindparam("id"), _in_app), holds=t.conversations)
_BY_UNIQUE_ID = Statement(select(*CONVERSATION).where(_in_app, _conversations.unique_id == bindparam("unique_id")))
_DIRECT = Statement(
    select(*CONVERSATION).where(
        _conversations.direct_low == bindparam("low"), _conversations.direct_high == bindparam("high"), _in_app
    ),
    holds=t.conversations,
)
_KINDS = Statement(select(_conversations.id, _conversations.kind).where(among(_conversations.id, "ids")))
_SAVE = Statement(  # the value may be older than the row: its marks never become older ones
    update(t.conversations)
    .where(_conversations.id == bindparam("id"), _in_app)
    .values({it.name: bindparam(it.name) for it in CONVERSATION[2:] if not any(it is mark for mark in _MARKS)})
    .values({it.name: later(it, it.name) for it in _MARKS})
)
_OTHER_BY_UNIQUE_ID = Statement(
    select(_conversations.id).where(
        _in_app, _conversations.unique_id == bindparam("unique_id"), _conversations.id != bindparam("id")
    )
)
_OF_APP = Statement(
    select(*CONVERSATION).where(_in_app, _before).order_by(_conversations.latest_id.desc()).limit(bindparam("limit"))
)
_SOME_MESSAGES = Statement(
    select(_messages.id).where(_messages.conversation_id == bindparam("conversation_id")).limit(bindparam("limit"))
)
_DELETE_MESSAGES = Statement(delete(t.messages).where(among(_messages.id, "ids")))
_DELETE = Statement(delete(t.conversations).where(_conversations.id == bindparam("id")))
_PAIR = Statement(
    select(_conversations.app_id, _conversations.direct_low, _conversations.direct_high).where(
        _conversations.id == bindparam("id"), _conversations.direct_low.is_not(None)
    )
)
_SET_PAIR = Statement(
    update(t.conversations)
    .where(_conversations.id == bindparam("id"))
    .values(direct_low=bindparam("low"), direct_high=bindparam("high"))
)


@cache
def _visible(*, verified: bool, every_workspace: bool) -> Statement:
    return _latest(CONVERSATION, verified=verified, every_workspace=every_workspace)


@cache
def _visible_last(*, verified: bool, every_workspace: bool) -> Statement:
    return _latest((_conversations.last_message_id,), verified=verified, every_workspace=every_workspace)


def _latest(columns: Sequence[Column[Any]], *, verified: bool, every_workspace: bool) -> Statement:
    query = (
        select(*columns)
        .select_from(t.memberships)
        .join(t.conversations, _conversations.id == _memberships.conversation_id)
        .where(IS_LISTED)
    )
    query = covered(query, verified=verified, every_workspace=every_workspace)
    return Statement(query.where(_before).order_by(_conversations.latest_id.desc()).limit(bindparam("limit")))


class SqlConversations(SqlMemberships):
    async def add(self, conversation: Conversation, members: Sequence[Membership]) -> Conversation:
        low, high = _pair(conversation.kind, [it.user_id for it in members])

        async def refuse() -> None:
            await self._refuse_unique_id_of_another(conversation)
            if await self._direct(conversation.app_id, low, high):
                raise IdentifierTaken("direct")

        values = _values(conversation) | {"direct_low": low, "direct_high": high}
        conversation = await add(self._db, _ADD, conversation, values, refuse)
        for it in members:
            await self.put_member(replace(it, conversation_id=conversation.id))
        return conversation

    async def get(self, app_id: AppId, id: ConversationId) -> Conversation | None:
        row = await self._db.row(_GET, app_id=app_id, id=id)
        return None if row is None else conversation_of(row)

    async def by_unique_id(self, app_id: AppId, unique_id: str) -> Conversation | None:
        row = await self._db.row(_BY_UNIQUE_ID, app_id=app_id, unique_id=unique_id)
        return None if row is None else conversation_of(row)

    async def direct_between(self, app_id: AppId, one: UserId, other: UserId) -> Conversation | None:
        row = await self._direct(app_id, min(one, other), max(one, other))
        return None if row is None else conversation_of(row)

    async def save(self, conversation: Conversation) -> None:
        await self._refuse_unique_id_of_another(conversation)
        await self._db.change(_SAVE, **_values(conversation))

    async def kinds(self, ids: Collection[ConversationId]) -> Mapping[ConversationId, ConversationKind]:
        rows = await self._db.rows(_KINDS, ids=ids) if ids else ()
        return {ConversationId(id): ConversationKind(kind) for id, kind in rows}

    async def visible(self, to: Visibility, page: PageAsked) -> Page[Conversation]:
        if sees_nothing(to):
            return Page(())
        rows = await self._db.rows(
            _visible(verified=to.verified, every_workspace=to.every_workspace),
            **values_of_visibility(to),
            before=LAST if page.after is None else page.after,
            limit=page.limit + 1,
        )
        return page_of([conversation_of(row) for row in rows], page, lambda it: it.latest_id)

    async def last_messages(self, to: Visibility, most: int) -> list[MessageId]:
        if sees_nothing(to):
            return []
        statement = _visible_last(verified=to.verified, every_workspace=to.every_workspace)
        rows = await self._db.rows(statement, **values_of_visibility(to), before=LAST, limit=most)
        return [MessageId(id) for (id,) in rows if id is not None]

    async def of_app(self, app_id: AppId, page: PageAsked) -> Page[Conversation]:
        before = LAST if page.after is None else page.after
        rows = await self._db.rows(_OF_APP, app_id=app_id, before=before, limit=page.limit + 1)
        return page_of([conversation_of(row) for row in rows], page, lambda it: it.latest_id)

    async def delete(self, id: ConversationId) -> None:
        while ids := [row[0] for row in await self._db.rows(_SOME_MESSAGES, conversation_id=id, limit=DELETED_AT_ONCE)]:
            await self._db.change(_DELETE_MESSAGES, ids=ids)
            await asyncio.sleep(0)  # very much may have been said: others are served in between
        await self._db.change(_DELETE, id=id)

    async def hand_over(self, membership: Membership, *, was: UserId) -> None:
        id, user_id = membership.conversation_id, membership.user_id
        if was != user_id:
            membership = as_cleared(membership, await self.membership(id, user_id))
            await self.remove_member(id, was)
            await self.hand_over_what_is_theirs(id, user_id, was)
            await self._hand_over_pair(id, user_id, was)
        await self.put_member(membership)

    async def _hand_over_pair(self, id: ConversationId, user_id: UserId, was: UserId) -> None:
        """A direct conversation is between the new user and the other now, unless those two have one already."""
        row = await self._db.row(_PAIR, id=id)
        if row is None or was not in row[1:]:
            return
        app_id, *pair = row
        low, high = sorted(user_id if it == was else it for it in pair)
        if await self._direct(app_id, low, high):
            await self._db.change(_SET_PAIR, id=id, low=None, high=None)
        else:
            await self._db.change(_SET_PAIR, id=id, low=low, high=high)

    async def _direct(self, app_id: AppId, low: int | None, high: int | None) -> Row | None:
        return None if low is None else await self._db.row(_DIRECT, app_id=app_id, low=low, high=high)

    async def _refuse_unique_id_of_another(self, it: Conversation) -> None:
        if it.unique_id is None:
            return
        if await self._db.row(_OTHER_BY_UNIQUE_ID, app_id=it.app_id, unique_id=it.unique_id, id=it.id):
            raise IdentifierTaken("unique_id")


def _pair(kind: ConversationKind, members: Sequence[UserId]) -> tuple[int | None, int | None]:
    """What makes a direct conversation the only one of its two users: the ids of both, the smaller first."""
    if kind is not ConversationKind.DIRECT or not 1 <= len(set(members)) <= 2:
        return None, None
    return min(members), max(members)


def conversation_of(row: Row) -> Conversation:
    (
        id,
        app_id,
        kind,
        workspace,
        created_at,
        updated_at,
        title,
        unique_id,
        custom,
        last_message_id,
        closed_at,
        description,
        avatar_url,
        is_managed,
        pinned,
        by_door,
        operators_read_id,
        asks_rating,
        score,
        comment,
        rated_at,
    ) = row
    return Conversation(
        ConversationId(id),
        AppId(app_id),
        ConversationKind(kind),
        workspace,
        column.moment(created_at),
        column.moment(updated_at),
        title,
        unique_id,
        column.data(custom),
        None if last_message_id is None else MessageId(last_message_id),
        column.optional_moment(closed_at),
        description,
        avatar_url,
        bool(is_managed),
        tuple(MessageId(it) for it in column.data(pinned)),
        column.data(by_door),
        None if operators_read_id is None else MessageId(operators_read_id),
        bool(asks_rating),
        None if score is None else Rating(score, column.moment(rated_at), comment),
    )


def _values(it: Conversation) -> dict[str, Any]:
    return {
        "id": it.id,
        "app_id": it.app_id,
        "kind": it.kind.value,
        "workspace": it.workspace,
        "created_at": column.of_moment(it.created_at),
        "updated_at": column.of_moment(it.updated_at),
        "title": it.title,
        "unique_id": it.unique_id,
        "custom": column.of_data(it.custom),
        "last_message_id": it.last_message_id,
        "closed_at": column.of_optional_moment(it.closed_at),
        "description": it.description,
        "avatar_url": it.avatar_url,
        "is_managed": it.is_managed,
        "pinned": column.of_data(it.pinned),
        "by_door": column.of_data(it.by_door),
        "operators_read_id": it.operators_read_id,
        "asks_rating": it.asks_rating,
        "rating_score": it.rating.score if it.rating else None,
        "rating_comment": it.rating.comment if it.rating else None,
        "rated_at": column.of_moment(it.rating.at) if it.rating else None,
    }
