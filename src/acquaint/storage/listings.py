"""Lists by conditions: conversations of a member, messages of a conversation. The conditions are domain/listings.py.

What nobody asked for is handed over as NULL, or as False beside an empty list, and then holds for every row: one
statement for each order, whatever is asked. Rows are found by the member or the conversation, and the conditions
look at what was found.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, ColumnElement, Select, Text, bindparam, func, or_, select

from ..domain.conversations import Conversation, Membership, Message, Visibility
from ..domain.ids import first_at
from ..domain.listings import Between, ConversationOrder, ConversationsAsked, Listed, MessagesAsked
from . import columns as column
from . import tables as t
from .connection import Connection
from .conversations import CONVERSATION, IS_LISTED, SqlConversations, conversation_of
from .memberships import covered, sees_nothing, values_of_visibility
from .messages import MESSAGE, SEEN_BY_MEMBER, SqlMessages, message_of
from .paging import LAST
from .statements import Statement, among

_conversations, _memberships, _messages = t.conversations.c, t.memberships.c, t.messages.c
_others = t.memberships.alias("named").c


def _unless_asked(name: str, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return or_(bindparam(f"any_{name}", type_=Boolean).is_(True), condition)


def _within(name: str, moment: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    since: Any = bindparam(f"{name}_since", type_=BigInteger)
    until: Any = bindparam(f"{name}_until", type_=BigInteger)
    return moment >= since, moment < until


def _text(name: str) -> Any:
    return bindparam(name, type_=Text)


_members_named = (
    select(func.count())
    .select_from(_others.conversation_id.table)
    .where(_others.conversation_id == _conversations.id)
    .correlate(t.conversations)
)
_TITLE: ColumnElement[str] = func.coalesce(_conversations.title, "")
_ASKED_OF_CONVERSATIONS = (
    IS_LISTED,
    _unless_asked("kind", among(_conversations.kind, "kinds")),
    _unless_asked("id", among(_conversations.id, "ids")),
    ~among(_conversations.id, "but_ids"),
    or_(_text("title").is_(None), _conversations.title == _text("title")),
    or_(_text("title_has").is_(None), func.lower(_TITLE).like(_text("title_has"), escape="\\")),
    _members_named.where(among(_others.user_id, "with_all")).scalar_subquery()
    >= bindparam("with_all_count", type_=BigInteger),
    _unless_asked("with", _members_named.where(among(_others.user_id, "with_any")).scalar_subquery() > 0),
    *_within("created", _conversations.created_at),
    *_within("updated", _conversations.updated_at),
    *_within("said", func.coalesce(_conversations.last_message_id, -1)),
)


@cache
def _by_latest(*, verified: bool, everywhere: bool, oldest: bool) -> Statement:
    return _in_order_of([_conversations.latest_id], verified, everywhere, oldest)


@cache
def _by_created(*, verified: bool, everywhere: bool, oldest: bool) -> Statement:
    return _in_order_of([_conversations.created_at, _conversations.id], verified, everywhere, oldest)


@cache
def _by_updated(*, verified: bool, everywhere: bool, oldest: bool) -> Statement:
    return _in_order_of([_conversations.updated_at, _conversations.id], verified, everywhere, oldest)


@cache
def _counted(*, verified: bool, everywhere: bool) -> Statement:
    query = _of_memberships(select(func.count()))
    return Statement(covered(query, verified=verified, every_workspace=everywhere))


_CHOSEN: Final = {
    ConversationOrder.LATEST: _by_latest,
    ConversationOrder.CREATED: _by_created,
    ConversationOrder.UPDATED: _by_updated,
}


def _in_order_of(keys: list[Any], verified: bool, everywhere: bool, oldest: bool) -> Statement:
    query = covered(_of_memberships(select(*CONVERSATION)), verified=verified, every_workspace=everywhere)
    query = query.order_by(*(it if oldest else it.desc() for it in keys))
    return Statement(query.limit(bindparam("limit")).offset(bindparam("skip")))


def _of_memberships(query: Select[Any]) -> Select[Any]:
    joined = query.select_from(t.memberships).join(t.conversations, _conversations.id == _memberships.conversation_id)
    return joined.where(*_ASKED_OF_CONVERSATIONS)


_ASKED_OF_MESSAGES = (
    *SEEN_BY_MEMBER,
    _messages.deleted_at.is_(None),
    _messages.id > bindparam("beyond"),
    _messages.id < bindparam("before"),
    or_(
        bindparam("any_name", type_=Boolean).is_(True),
        among(_messages.id, "ids"),
        among(_messages.client_id, "client_ids"),
    ),
    _unless_asked("sender", among(_messages.sender_id, "senders")),
    or_(_messages.sender_id.is_(None), ~among(_messages.sender_id, "but_senders")),
    *_within("sent", _messages.created_at),
    *_within("changed", func.coalesce(_messages.edited_at, _messages.created_at)),
)


@cache
def _messages_chosen(*, oldest: bool) -> Statement:
    order = _messages.id if oldest else _messages.id.desc()
    query = select(*MESSAGE).where(*_ASKED_OF_MESSAGES).order_by(order)
    return Statement(query.limit(bindparam("limit")).offset(bindparam("skip")))


_MESSAGES_COUNTED = Statement(select(func.count()).select_from(t.messages).where(*_ASKED_OF_MESSAGES))


class SqlListedConversations(SqlConversations):
    async def chosen(self, to: Visibility, asked: ConversationsAsked) -> Listed[Conversation]:
        return Listed((), 0) if sees_nothing(to) else await _conversations_for(self._db, to, asked)


class SqlListedMessages(SqlMessages):
    async def chosen(self, member: Membership, asked: MessagesAsked) -> Listed[Message]:
        values = _of_messages(member, asked)
        statement = _messages_chosen(oldest=not asked.newest_first)
        rows = await self._db.rows(statement, **values, limit=asked.limit, skip=asked.skip)
        counted = await self._db.row(_MESSAGES_COUNTED, **values)
        return Listed(tuple(map(message_of, rows)), counted[0] if counted else 0)


async def _conversations_for(db: Connection, to: Visibility, asked: ConversationsAsked) -> Listed[Conversation]:
    values = values_of_visibility(to) | _of_conversations(asked)
    seen = {"verified": to.verified, "everywhere": to.every_workspace}
    chosen = _CHOSEN[asked.order](**seen, oldest=not asked.newest_first)
    rows = await db.rows(chosen, **values, limit=asked.limit, skip=asked.skip)
    counted = await db.row(_counted(**seen), **values)
    return Listed(tuple(map(conversation_of, rows)), counted[0] if counted else 0)


def _of_conversations(asked: ConversationsAsked) -> dict[str, Any]:
    with_all = set(asked.with_all)
    return {
        "any_kind": asked.kinds is None,
        "kinds": [it.value for it in asked.kinds or ()],
        "any_id": asked.ids is None,
        "ids": asked.ids or (),
        "but_ids": asked.but_ids,
        "title": asked.title,
        "title_has": None if asked.title_has is None else f"%{_literally(asked.title_has.lower())}%",
        "with_all": list(with_all),
        "with_all_count": len(with_all),
        "any_with": asked.with_any is None,
        "with_any": asked.with_any or (),
        **_span("created", asked.created),
        **_span("updated", asked.updated),
        "said_since": -1 if asked.said.since is None else first_at(asked.said.since),
        "said_until": LAST if asked.said.until is None else first_at(asked.said.until),
    }


def _of_messages(member: Membership, asked: MessagesAsked) -> dict[str, Any]:
    return {
        "conversation_id": member.conversation_id,
        "user_id": member.user_id,
        "cleared_up_to": member.cleared_up_to or 0,
        "beyond": asked.beyond or 0,
        "before": LAST if asked.before is None else asked.before,
        "any_name": asked.ids is None and asked.client_ids is None,
        "ids": asked.ids or (),
        "client_ids": asked.client_ids or (),
        "any_sender": asked.senders is None,
        "senders": asked.senders or (),
        "but_senders": asked.but_senders,
        **_span("sent", asked.sent),
        **_span("changed", asked.changed),
    }


def _span(name: str, it: Between) -> dict[str, int]:
    def at(moment: datetime | None, otherwise: int) -> int:
        return otherwise if moment is None else column.of_moment(moment)

    return {f"{name}_since": at(it.since, 0), f"{name}_until": at(it.until, t.NEVER)}


def _literally(text: str) -> str:
    """For LIKE: what is searched for holds no pattern."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
