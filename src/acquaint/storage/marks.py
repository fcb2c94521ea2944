"""How far members are: what is unread for them, and where their histories end. Many memberships are looked at at once.

MARKS, STANDING    memberships, and beyond which message each is looked at; the messages beyond it that are seen
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import BigInteger, bindparam, exists, func, literal_column, select

from ..domain.conversations import Conversation, ConversationId, Membership, MessageId
from ..domain.users import UserId
from . import columns as column
from . import tables as t
from .reactions import SqlReactions
from .statements import Statement, listed

MOST_COUNTED: Final = 100  # unread messages of one conversation; a badge says "99+"

_messages, _hidden = t.messages.c, t.hidden_messages.c

MARKS: Final = listed("marks", conversation_id=BigInteger(), user_id=BigInteger(), beyond=BigInteger())
STANDING: Final = (  # of the marks' conversations, beyond the mark, neither hidden by its user nor deleted
    _messages.conversation_id == MARKS.c.conversation_id,
    _messages.id > MARKS.c.beyond,
    _messages.deleted_at.is_(None),
    ~exists()
    .where(_hidden.message_id == _messages.id, _hidden.user_id == MARKS.c.user_id)
    .correlate(t.messages, MARKS),
)
_beyond = (
    select(_messages.id)
    .where(*STANDING, _messages.sender_id.is_distinct_from(MARKS.c.user_id))
    .limit(MOST_COUNTED)
    .correlate(MARKS)
    .subquery("beyond")
)
_UNREAD = Statement(
    select(
        MARKS.c.conversation_id,
        select(func.count()).select_from(_beyond).correlate(MARKS).scalar_subquery(),
    ).select_from(MARKS)
)
_ARE_BEHIND = Statement(
    select(MARKS.c.user_id)
    .select_from(MARKS)
    .where(
        exists()
        .where(*STANDING, _messages.id < bindparam("before"), _messages.sender_id.is_distinct_from(MARKS.c.user_id))
        .correlate(MARKS)
    )
)
_LATEST_IDS = Statement(
    select(
        MARKS.c.conversation_id,
        select(_messages.id)
        .where(*STANDING, _messages.id < bindparam("before"))
        .order_by(_messages.id.desc())
        .limit(literal_column("1"))
        .correlate(MARKS)
        .scalar_subquery(),
    ).select_from(MARKS)
)
_inboxes = listed("inboxes", conversation_id=BigInteger(), beyond=BigInteger())
_waiting = (
    select(_messages.id)
    .where(
        _messages.conversation_id == _inboxes.c.conversation_id,
        _messages.id > _inboxes.c.beyond,
        _messages.deleted_at.is_(None),
        _messages.author == t.BY_USER,
    )
    .limit(MOST_COUNTED)
    .correlate(_inboxes)
    .subquery("waiting")
)
_UNREAD_BY_OPERATORS = Statement(
    select(
        _inboxes.c.conversation_id,
        select(func.count()).select_from(_waiting).correlate(_inboxes).scalar_subquery(),
    ).select_from(_inboxes)
)


class SqlMarks(SqlReactions):
    """The part of the shelf of messages that is about how far members are."""

    async def latest_ids(self, memberships: Sequence[Membership], before: int) -> Mapping[ConversationId, MessageId]:
        if not memberships:
            return {}
        marks = [[it.conversation_id, it.user_id, it.cleared_up_to or 0] for it in memberships]
        rows = await self._db.rows(_LATEST_IDS, marks=column.of_data(marks), before=before)
        return {ConversationId(row[0]): MessageId(row[1]) for row in rows if row[1] is not None}

    async def unread(self, memberships: Sequence[Membership]) -> Mapping[ConversationId, int]:
        if not memberships:
            return {}
        read = [
            [it.conversation_id, it.user_id, max(it.last_read_id or 0, it.cleared_up_to or 0)] for it in memberships
        ]
        rows = await self._db.rows(_UNREAD, marks=column.of_data(read))
        return {ConversationId(conversation_id): unread for conversation_id, unread in rows}

    async def are_behind(self, memberships: Sequence[Membership], since: int, before: int) -> set[UserId]:
        if not memberships:
            return set()
        read = [
            [it.conversation_id, it.user_id, max(it.last_read_id or 0, it.cleared_up_to or 0, since - 1)]
            for it in memberships
        ]
        rows = await self._db.rows(_ARE_BEHIND, marks=column.of_data(read), before=before)
        return {UserId(row[0]) for row in rows}

    async def unread_by_operators(self, conversations: Sequence[Conversation]) -> Mapping[ConversationId, int]:
        if not conversations:
            return {}
        read = [[it.id, it.operators_read_id or 0] for it in conversations]
        rows = await self._db.rows(_UNREAD_BY_OPERATORS, inboxes=column.of_data(read))
        return {ConversationId(conversation_id): unread for conversation_id, unread in rows}
