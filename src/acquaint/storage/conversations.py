"""Conversations, who is in them, and which of them a Visibility covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from ..domain.apps import AppId
from ..domain.conversations import (
    Conversation,
    ConversationId,
    ConversationKind,
    Membership,
    MessageId,
    Visibility,
)
from ..domain.errors import IdentifierTaken
from ..domain.identities import Assurance
from ..domain.paging import Page, PageAsked
from ..domain.places import DeviceId
from ..domain.users import UserId
from . import columns as column
from . import tables as t
from .adding import add
from .connection import Connection, Row
from .paging import LAST, page_of
from .statements import Statement, later

MOST_OF_MEMBER: Final = 1_000

_conversations, _memberships, _messages = t.conversations.c, t.memberships.c, t.messages.c
_theirs = t.messages.alias("theirs").c

_CONVERSATION: Final = (
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
)
_MEMBERSHIP: Final = (
    _memberships.conversation_id,
    _memberships.user_id,
    _memberships.assurance,
    _memberships.device_id,
    _memberships.workspace,
    _memberships.joined_at,
    _memberships.last_read_id,
    _memberships.last_received_id,
)
_in_app = _conversations.app_id == bindparam("app_id")
_before = _conversations.latest_id < bindparam("before")
_this_member = (
    _memberships.conversation_id == bindparam("conversation_id"),
    _memberships.user_id == bindparam("user_id"),
)

_ADD = Statement(
    insert(t.conversations)
    .values(
        {it.name: bindparam(it.name) for it in (*_CONVERSATION, _conversations.direct_low, _conversations.direct_high)}
    )
    .on_conflict_do_nothing()
)
_GET = Statement(select(*_CONVERSATION).where(_conversations.id == bindparam("id"), _in_app), holds=t.conversations)
_BY_UNIQUE_ID = Statement(select(*_CONVERSATION).where(_in_app, _conversations.unique_id == bindparam("unique_id")))
_DIRECT = Statement(
    select(*_CONVERSATION).where(
        _conversations.direct_low == bindparam("low"), _conversations.direct_high == bindparam("high"), _in_app
    ),
    holds=t.conversations,
)
_SAVE = Statement(  # the value may be older than the row: its last message never becomes an older one
    update(t.conversations)
    .where(_conversations.id == bindparam("id"), _in_app)
    .values({it.name: bindparam(it.name) for it in _CONVERSATION[2:] if it is not _conversations.last_message_id})
    .values(last_message_id=later(_conversations.last_message_id, "last_message_id"))
)
_OTHER_BY_UNIQUE_ID = Statement(
    select(_conversations.id).where(
        _in_app, _conversations.unique_id == bindparam("unique_id"), _conversations.id != bindparam("id")
    )
)
_OF_APP = Statement(
    select(*_CONVERSATION).where(_in_app, _before).order_by(_conversations.latest_id.desc()).limit(bindparam("limit"))
)
_MEMBERS = Statement(
    select(*_MEMBERSHIP)
    .where(_memberships.conversation_id == bindparam("conversation_id"))
    .order_by(_memberships.joined_at, _memberships.user_id)
)
_MEMBER = Statement(select(*_MEMBERSHIP).where(*_this_member))
_put = insert(t.memberships).from_select(
    [*(it.name for it in _MEMBERSHIP), "app_id"],
    select(*(bindparam(it.name, type_=it.type) for it in _MEMBERSHIP), _conversations.app_id).where(
        _conversations.id == bindparam("conversation_id", type_=BigInteger)
    ),
)
_PUT_MEMBER = Statement(
    _put.on_conflict_do_update(
        index_elements=[_memberships.conversation_id, _memberships.user_id],
        set_={it.name: _put.excluded[it.name] for it in _MEMBERSHIP[2:]},
    )
)
_REMOVE_MEMBER = Statement(delete(t.memberships).where(*_this_member))
_OF_MEMBER = Statement(
    select(_memberships.conversation_id)
    .join_from(t.memberships, t.conversations, _conversations.id == _memberships.conversation_id)
    .where(_memberships.user_id == bindparam("user_id"), _memberships.app_id == bindparam("app_id"))
    .order_by(_conversations.latest_id.desc())
    .limit(MOST_OF_MEMBER)
)
_LEFT_ON = Statement(
    select(*_MEMBERSHIP)
    .where(
        _memberships.app_id == bindparam("app_id"),
        _memberships.device_id == bindparam("device_id"),
        _memberships.assurance < t.VERIFIED,
    )
    .order_by(_memberships.conversation_id, _memberships.user_id)
)
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
_FORGET_CLIENT_IDS = Statement(  # those that the new sender used as well: one of them names one message
    update(t.messages)
    .where(
        _messages.conversation_id == bindparam("conversation_id"),
        _messages.sender_id == bindparam("was"),
        _messages.client_id.in_(
            select(_theirs.client_id).where(
                _theirs.conversation_id == bindparam("conversation_id"),
                _theirs.sender_id == bindparam("user_id"),
                _theirs.client_id.is_not(None),
            )
        ),
    )
    .values(client_id=None)
)
_HAND_OVER_MESSAGES = Statement(
    update(t.messages)
    .where(_messages.conversation_id == bindparam("conversation_id"), _messages.sender_id == bindparam("was"))
    .values(sender_id=bindparam("user_id"))
)


@cache
def _visible(*, verified: bool, every_workspace: bool) -> Statement:
    """``Visibility.judge`` as a query. It says the same rule once more; a property test holds the two together."""
    query = (
        select(*_CONVERSATION)
        .select_from(t.memberships)
        .join(t.conversations, _conversations.id == _memberships.conversation_id)
        .where(_memberships.user_id == bindparam("user_id"), _memberships.app_id == bindparam("app_id"))
    )
    if not every_workspace:
        query = query.where(_memberships.workspace.is_not_distinct_from(bindparam("workspace")))
    if verified:
        query = query.where(_memberships.assurance == t.VERIFIED)
    else:
        query = query.where(_memberships.assurance < t.VERIFIED, _memberships.device_id == bindparam("device_id"))
    return Statement(query.where(_before).order_by(_conversations.latest_id.desc()).limit(bindparam("limit")))


class SqlConversations:
    def __init__(self, db: Connection) -> None:
        self._db = db

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
        return None if row is None else _conversation(row)

    async def by_unique_id(self, app_id: AppId, unique_id: str) -> Conversation | None:
        row = await self._db.row(_BY_UNIQUE_ID, app_id=app_id, unique_id=unique_id)
        return None if row is None else _conversation(row)

    async def direct_between(self, app_id: AppId, one: UserId, other: UserId) -> Conversation | None:
        row = await self._direct(app_id, min(one, other), max(one, other))
        return None if row is None else _conversation(row)

    async def save(self, conversation: Conversation) -> None:
        await self._refuse_unique_id_of_another(conversation)
        await self._db.change(_SAVE, **_values(conversation))

    async def visible(self, to: Visibility, page: PageAsked) -> Page[Conversation]:
        if to.user_id is None or not (to.verified or to.device_id):
            return Page(())
        rows = await self._db.rows(
            _visible(verified=to.verified, every_workspace=to.every_workspace),
            user_id=to.user_id,
            app_id=to.app_id,
            workspace=to.workspace,
            device_id=to.device_id,
            before=LAST if page.after is None else page.after,
            limit=page.limit + 1,
        )
        return page_of([_conversation(row) for row in rows], page, _latest_id)

    async def of_app(self, app_id: AppId, page: PageAsked) -> Page[Conversation]:
        before = LAST if page.after is None else page.after
        rows = await self._db.rows(_OF_APP, app_id=app_id, before=before, limit=page.limit + 1)
        return page_of([_conversation(row) for row in rows], page, _latest_id)

    async def members(self, id: ConversationId) -> list[Membership]:
        return [_membership(row) for row in await self._db.rows(_MEMBERS, conversation_id=id)]

    async def membership(self, id: ConversationId, user_id: UserId) -> Membership | None:
        row = await self._db.row(_MEMBER, conversation_id=id, user_id=user_id)
        return None if row is None else _membership(row)

    async def put_member(self, membership: Membership) -> None:
        await self._db.change(_PUT_MEMBER, **_membership_values(membership))

    async def remove_member(self, id: ConversationId, user_id: UserId) -> None:
        await self._db.change(_REMOVE_MEMBER, conversation_id=id, user_id=user_id)

    async def of_member(self, app_id: AppId, user_id: UserId) -> list[ConversationId]:
        rows = await self._db.rows(_OF_MEMBER, app_id=app_id, user_id=user_id)
        return [ConversationId(row[0]) for row in rows]

    async def left_on(self, app_id: AppId, device_id: DeviceId) -> list[Membership]:
        return [_membership(row) for row in await self._db.rows(_LEFT_ON, app_id=app_id, device_id=device_id)]

    async def hand_over(self, membership: Membership, *, was: UserId) -> None:
        id, user_id = membership.conversation_id, membership.user_id
        if was != user_id:
            await self.remove_member(id, was)
            await self._db.change(_FORGET_CLIENT_IDS, conversation_id=id, user_id=user_id, was=was)
            await self._db.change(_HAND_OVER_MESSAGES, conversation_id=id, user_id=user_id, was=was)
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


def _latest_id(it: Conversation) -> int:
    return it.id if it.last_message_id is None else it.last_message_id


def _conversation(row: Row) -> Conversation:
    id, app_id, kind, workspace, created_at, updated_at, title, unique_id, custom, last_message_id, closed_at = row
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
    }


def _membership(row: Row) -> Membership:
    conversation_id, user_id, assurance, device_id, workspace, joined_at, last_read_id, last_received_id = row
    return Membership(
        ConversationId(conversation_id),
        UserId(user_id),
        Assurance(assurance),
        device_id,
        workspace,
        column.moment(joined_at),
        None if last_read_id is None else MessageId(last_read_id),
        None if last_received_id is None else MessageId(last_received_id),
    )


def _membership_values(it: Membership) -> dict[str, Any]:
    return {
        "conversation_id": it.conversation_id,
        "user_id": it.user_id,
        "assurance": it.assurance.value,
        "device_id": it.device_id,
        "workspace": it.workspace,
        "joined_at": column.of_moment(it.joined_at),
        "last_read_id": it.last_read_id,
        "last_received_id": it.last_received_id,
    }
