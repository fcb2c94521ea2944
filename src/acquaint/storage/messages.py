"""Messages. With every one that is added its conversation is told which is its last, and when that was said."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, case, exists, func, literal_column, select, text, update

from ..domain.conversations import (
    Author,
    ConversationId,
    ConversationKind,
    Membership,
    Message,
    MessageId,
)
from ..domain.paging import Page, PageAsked
from ..domain.users import UserId
from . import columns as column
from . import tables as t
from .adding import add
from .connection import Row
from .inserting import insert
from .marks import MARKS, STANDING, SqlMarks
from .paging import LAST, page_of
from .statements import Statement, among, later

ERASED_AT_ONCE: Final = 200
MOST_ALIKE: Final = 20
"""Messages of one client id in all the conversations of a user: everybody chooses theirs, so they may meet."""

_messages, _memberships, _hidden = t.messages.c, t.memberships.c, t.hidden_messages.c

MESSAGE: Final = (
    _messages.id,
    _messages.conversation_id,
    _messages.author,
    _messages.sender_id,
    _messages.text,
    _messages.created_at,
    _messages.kind,
    _messages.payload,
    _messages.extras,
    _messages.client_id,
    _messages.edited_at,
    _messages.deleted_at,
)
_in_conversation = _messages.conversation_id == bindparam("conversation_id")

_ADD = Statement(insert(t.messages).values({it.name: bindparam(it.name) for it in MESSAGE}).on_conflict_do_nothing())
_BY_CLIENT_ID = Statement(
    select(*MESSAGE).where(
        _in_conversation, _messages.sender_id == bindparam("sender_id"), _messages.client_id == bindparam("client_id")
    )
)
_BY_CLIENT_ID_OF_NOBODY = Statement(
    select(*MESSAGE).where(
        _in_conversation,
        _messages.author == bindparam("author"),
        _messages.client_id == bindparam("client_id"),
        _messages.sender_id.is_(None),
        _messages.author != t.BY_USER,
    )
)
_is_last = (
    update(t.conversations)
    .where(t.conversations.c.id == bindparam("id"))
    .values(
        last_message_id=later(t.conversations.c.last_message_id, "message_id"),
        updated_at=later(t.conversations.c.updated_at, "at"),
    )
)
_IS_LAST = Statement(_is_last)
_IS_LAST_OF_OPERATOR = Statement(
    _is_last.values(operators_read_id=later(t.conversations.c.operators_read_id, "message_id"))
)
_GET = Statement(select(*MESSAGE).where(_messages.id == bindparam("id"), _in_conversation))
_MANY = Statement(select(*MESSAGE).where(among(_messages.id, "ids")))
_SAVE = Statement(
    update(t.messages)
    .where(_messages.id == bindparam("id"), _in_conversation)
    .values({it.name: bindparam(it.name) for it in MESSAGE[2:]})
)
SEEN_BY_MEMBER: Final = (
    _in_conversation,
    _messages.id > bindparam("cleared_up_to"),
    ~exists().where(_hidden.message_id == _messages.id, _hidden.user_id == bindparam("user_id")),
)
"""What a member neither cleared nor hid."""
_NEWEST_FIRST = Statement(
    select(*MESSAGE)
    .where(_in_conversation, _messages.id < bindparam("after"))
    .order_by(_messages.id.desc())
    .limit(bindparam("limit"))
)
_OLDEST_FIRST = Statement(
    select(*MESSAGE)
    .where(_in_conversation, _messages.id > bindparam("after"))
    .order_by(_messages.id)
    .limit(bindparam("limit"))
)
_NEWEST_FIRST_FOR = Statement(
    select(*MESSAGE)
    .where(*SEEN_BY_MEMBER, _messages.id < bindparam("after"))
    .order_by(_messages.id.desc())
    .limit(bindparam("limit"))
)
_OLDEST_FIRST_FOR = Statement(
    select(*MESSAGE)
    .where(*SEEN_BY_MEMBER, _messages.id > bindparam("after"))
    .order_by(_messages.id)
    .limit(bindparam("limit"))
)
_BEYOND = Statement(
    select(*MESSAGE)
    .select_from(MARKS)
    .join(t.messages, _messages.conversation_id == MARKS.c.conversation_id)
    .where(*STANDING)
    .order_by(_messages.id)
    .limit(bindparam("limit"))
)
_NAMED_BY_OTHERS = Statement(
    select(_messages.id)
    .where(
        _in_conversation,
        _messages.client_id == bindparam("client_id"),
        _messages.sender_id.is_distinct_from(bindparam("sender_id", type_=BigInteger)),
    )
    .limit(literal_column("1"))
)
_BY_CLIENT_ID_FOR = Statement(
    select(*MESSAGE)
    .join_from(t.messages, t.memberships, _memberships.conversation_id == _messages.conversation_id)
    .where(
        _messages.client_id == bindparam("client_id"),
        _memberships.user_id == bindparam("user_id"),
    )
    .order_by(case((_messages.sender_id == bindparam("user_id"), 0), else_=1), _messages.id)
    .limit(literal_column(str(MOST_ALIKE)))
)
_NEXT_OF_SENDER = Statement(
    select(_messages.id)
    .where(_messages.sender_id == bindparam("sender_id"), _messages.id > bindparam("after"))
    .order_by(_messages.id)
    .limit(bindparam("limit"))
)
_ERASE = Statement(
    update(t.messages)
    .where(among(_messages.id, "ids"))
    .values(
        text="",
        payload=text("'{}'"),
        extras=text("'{}'"),
        client_id=None,
        deleted_at=func.coalesce(_messages.deleted_at, bindparam("now", type_=BigInteger)),
    )
)
_ERASE_COMMENTS = Statement(
    update(t.conversations)
    .where(
        t.conversations.c.id.in_(
            select(_memberships.conversation_id).where(_memberships.user_id == bindparam("user_id"))
        ),
        t.conversations.c.kind == ConversationKind.SUPPORT.value,
        t.conversations.c.rating_comment.is_not(None),
    )
    .values(rating_comment=None)
)


class SqlMessages(SqlMarks):
    async def add(self, message: Message) -> tuple[Message, bool]:
        try:
            message = await add(self._db, _ADD, message, _values(message), lambda: self._look_for(message))
        except _AlreadySaid as it:
            return it.message, False
        is_last = _IS_LAST_OF_OPERATOR if message.author is Author.OPERATOR else _IS_LAST
        at = column.of_moment(message.created_at)
        await self._db.change(is_last, id=message.conversation_id, message_id=message.id, at=at)
        return message, True

    async def get(self, conversation_id: ConversationId, id: MessageId) -> Message | None:
        row = await self._db.row(_GET, conversation_id=conversation_id, id=id)
        return None if row is None else message_of(row)

    async def many(self, ids: Collection[MessageId]) -> dict[MessageId, Message]:
        if not ids:
            return {}
        return {it.id: it for it in map(message_of, await self._db.rows(_MANY, ids=ids))}

    async def save(self, message: Message) -> None:
        await self._db.change(_SAVE, **_values(message))

    async def history(self, id: ConversationId, page: PageAsked, *, newest_first: bool = True) -> Page[Message]:
        statement, beginning = (_NEWEST_FIRST, LAST) if newest_first else (_OLDEST_FIRST, 0)
        after = beginning if page.after is None else page.after
        rows = await self._db.rows(statement, conversation_id=id, after=after, limit=page.limit + 1)
        return page_of([message_of(row) for row in rows], page, lambda it: it.id)

    async def history_for(self, member: Membership, page: PageAsked, *, newest_first: bool = True) -> Page[Message]:
        statement, beginning = (_NEWEST_FIRST_FOR, LAST) if newest_first else (_OLDEST_FIRST_FOR, 0)
        rows = await self._db.rows(
            statement,
            conversation_id=member.conversation_id,
            user_id=member.user_id,
            cleared_up_to=member.cleared_up_to or 0,
            after=beginning if page.after is None else page.after,
            limit=page.limit + 1,
        )
        return page_of([message_of(row) for row in rows], page, lambda it: it.id)

    async def last_for(self, memberships: Sequence[Membership]) -> Mapping[ConversationId, Message]:
        found = await self.many((await self.latest_ids(memberships, LAST)).values())
        return {it.conversation_id: it for it in found.values()}

    async def is_named_by_others(self, id: ConversationId, client_id: str, sender_id: UserId | None) -> bool:
        values = {"conversation_id": id, "client_id": client_id, "sender_id": sender_id}
        return await self._db.row(_NAMED_BY_OTHERS, **values) is not None

    async def by_client_id(self, user_id: UserId, client_ids: Collection[str]) -> list[Message]:
        found: list[Message] = []
        for client_id in client_ids:
            rows = await self._db.rows(_BY_CLIENT_ID_FOR, user_id=user_id, client_id=client_id)
            found += map(message_of, rows)
        return found

    async def beyond(self, memberships: Sequence[Membership], id: int, limit: int) -> list[Message]:
        if not memberships:
            return []
        marks = [[it.conversation_id, it.user_id, max(id, it.cleared_up_to or 0)] for it in memberships]
        rows = await self._db.rows(_BEYOND, marks=column.of_data(marks), limit=limit)
        return [message_of(row) for row in rows]

    async def erase_from(self, user_id: UserId) -> None:
        await self._db.change(_ERASE_COMMENTS, user_id=user_id)
        after, now = 0, self._db.own.now()
        while ids := [
            row[0] for row in await self._db.rows(_NEXT_OF_SENDER, sender_id=user_id, after=after, limit=ERASED_AT_ONCE)
        ]:
            await self._db.change(_ERASE, ids=ids, now=now)
            after = ids[-1]
            await asyncio.sleep(0)  # somebody wrote very much: others are served in between

    async def _look_for(self, message: Message) -> None:
        """Raises what the sender said by this client id before."""
        if message.client_id is None:
            return
        if message.sender_id is not None:
            statement = _BY_CLIENT_ID
        elif message.author is not Author.USER:
            statement = _BY_CLIENT_ID_OF_NOBODY
        else:
            return
        row = await self._db.row(
            statement,
            conversation_id=message.conversation_id,
            sender_id=message.sender_id,
            author=message.author.value,
            client_id=message.client_id,
        )
        if row is not None:
            raise _AlreadySaid(message_of(row))


class _AlreadySaid(Exception):
    def __init__(self, message: Message) -> None:
        self.message = message


def message_of(row: Row) -> Message:
    (
        id,
        conversation_id,
        author,
        sender_id,
        said,
        created_at,
        kind,
        payload,
        extras,
        client_id,
        edited_at,
        deleted_at,
    ) = row
    return Message(
        MessageId(id),
        ConversationId(conversation_id),
        Author(author),
        None if sender_id is None else UserId(sender_id),
        said,
        column.moment(created_at),
        kind,
        column.data(payload),
        column.data(extras),
        client_id,
        column.optional_moment(edited_at),
        column.optional_moment(deleted_at),
    )


def _values(it: Message) -> dict[str, Any]:
    return {
        "id": it.id,
        "conversation_id": it.conversation_id,
        "author": it.author.value,
        "sender_id": it.sender_id,
        "text": it.text,
        "created_at": column.of_moment(it.created_at),
        "kind": it.kind,
        "payload": column.of_data(it.payload),
        "extras": column.of_data(it.extras),
        "client_id": it.client_id,
        "edited_at": column.of_optional_moment(it.edited_at),
        "deleted_at": column.of_optional_moment(it.deleted_at),
    }
