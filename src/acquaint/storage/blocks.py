"""Who does not want to hear from whom."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from ..domain.conversations import ConversationId
from ..domain.users import UserId
from . import columns as column
from . import tables as t
from .connection import Connection
from .statements import Statement, among

_blocks, _memberships = t.blocks.c, t.memberships.c
_this_one = (_blocks.user_id == bindparam("user_id"), _blocks.blocked_id == bindparam("blocked_id"))

_PUT = Statement(
    insert(t.blocks)
    .values({it.name: bindparam(it.name) for it in (_blocks.user_id, _blocks.blocked_id, _blocks.at)})
    .on_conflict_do_nothing()
)
_REMOVE = Statement(delete(t.blocks).where(*_this_one))
_OF = Statement(
    select(_blocks.blocked_id)
    .where(_blocks.user_id == bindparam("user_id"))
    .order_by(_blocks.at.desc(), _blocks.blocked_id.desc())
    .limit(bindparam("limit"))
    .offset(bindparam("skip"))
)
_COUNT = Statement(select(func.count()).select_from(t.blocks).where(_blocks.user_id == bindparam("user_id")))
_BLOCKING = Statement(
    select(_blocks.user_id).where(_blocks.blocked_id == bindparam("blocked_id"), among(_blocks.user_id, "others"))
)
_BLOCKING_IN = Statement(
    select(_blocks.user_id)
    .join_from(t.memberships, t.blocks, _blocks.user_id == _memberships.user_id)
    .where(_memberships.conversation_id == bindparam("conversation_id"), _blocks.blocked_id == bindparam("blocked_id"))
)
_target: Any = bindparam("target_id", type_=BigInteger)
_HAND_OVER: Final = tuple(
    Statement(
        insert(t.blocks)
        .from_select(
            [_blocks.user_id, _blocks.blocked_id, _blocks.at],
            select(*whom, _blocks.at).where(whose == bindparam("source_id"), other != _target),
        )
        .on_conflict_do_nothing()
    )
    for whom, whose, other in (
        ((_target, _blocks.blocked_id), _blocks.user_id, _blocks.blocked_id),
        ((_blocks.user_id, _target), _blocks.blocked_id, _blocks.user_id),
    )
)


class SqlBlocks:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def put(self, user_id: UserId, blocked_id: UserId, at: datetime) -> bool:
        return bool(await self._db.change(_PUT, user_id=user_id, blocked_id=blocked_id, at=column.of_moment(at)))

    async def remove(self, user_id: UserId, blocked_id: UserId) -> bool:
        return bool(await self._db.change(_REMOVE, user_id=user_id, blocked_id=blocked_id))

    async def of(self, user_id: UserId, *, skip: int, limit: int) -> list[UserId]:
        return [UserId(row[0]) for row in await self._db.rows(_OF, user_id=user_id, skip=skip, limit=limit)]

    async def count(self, user_id: UserId) -> int:
        row = await self._db.row(_COUNT, user_id=user_id)
        return row[0] if row else 0

    async def blocking(self, blocked_id: UserId, others: Collection[UserId]) -> set[UserId]:
        if not others:
            return set()
        rows = await self._db.rows(_BLOCKING, blocked_id=blocked_id, others=list(others))
        return {UserId(row[0]) for row in rows}

    async def blocking_in(self, id: ConversationId, blocked_id: UserId) -> list[UserId]:
        rows = await self._db.rows(_BLOCKING_IN, conversation_id=id, blocked_id=blocked_id)
        return [UserId(row[0]) for row in rows]

    async def hand_over(self, source: UserId, target: UserId) -> None:
        for statement in _HAND_OVER:
            await self._db.change(statement, source_id=source, target_id=target)
