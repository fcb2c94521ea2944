"""Who does not want to hear from whom."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, delete, func, select, union_all

from ..domain.conversations import ConversationId
from ..domain.users import UserId
from ..ports.store.blocks import Block
from . import columns as column
from . import tables as t
from .connection import Connection
from .inserting import insert
from .statements import Statement, among

_blocks, _memberships = t.blocks.c, t.memberships.c
_this_one = (_blocks.user_id == bindparam("user_id"), _blocks.blocked_id == bindparam("blocked_id"))

_insert = insert(t.blocks).values({it.name: bindparam(it.name) for it in t.blocks.columns})
_PUT = Statement(_insert.on_conflict_do_nothing())
_PUT_SO = Statement(
    _insert.on_conflict_do_update(
        index_elements=[_blocks.user_id, _blocks.blocked_id],
        set_={"is_mutual": _insert.excluded.is_mutual},
        where=_blocks.is_mutual != _insert.excluded.is_mutual,
    )
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
_SHUNNED = Statement(
    select(_blocks.blocked_id).where(
        _blocks.user_id == bindparam("user_id"), among(_blocks.blocked_id, "others"), _blocks.is_mutual
    )
)
_whole = (_blocks.user_id, _blocks.blocked_id, _blocks.is_mutual)
_ALL_OF = Statement(select(*_whole).where(_blocks.user_id == bindparam("user_id")).limit(bindparam("limit")))
_BETWEEN = Statement(
    union_all(
        *(
            select(*_whole)
            .join_from(t.memberships, t.blocks, other == _memberships.user_id)
            .where(_memberships.conversation_id == bindparam("conversation_id"), own == bindparam("user_id"))
            for own, other in ((_blocks.blocked_id, _blocks.user_id), (_blocks.user_id, _blocks.blocked_id))
        )
    )
)
_target: Any = bindparam("target_id", type_=BigInteger)
_HAND_OVER: Final = tuple(
    Statement(
        insert(t.blocks)
        .from_select(
            [_blocks.user_id, _blocks.blocked_id, _blocks.at, _blocks.is_mutual],
            select(*whom, _blocks.at, _blocks.is_mutual).where(whose == bindparam("source_id"), other != _target),
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

    async def put(self, user_id: UserId, blocked_id: UserId, at: datetime, *, is_mutual: bool | None = None) -> bool:
        row = {"user_id": user_id, "blocked_id": blocked_id, "at": column.of_moment(at), "is_mutual": bool(is_mutual)}
        return bool(await self._db.change(_PUT if is_mutual is None else _PUT_SO, **row))

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

    async def shunned(self, user_id: UserId, others: Collection[UserId]) -> set[UserId]:
        if not others:
            return set()
        rows = await self._db.rows(_SHUNNED, user_id=user_id, others=list(others))
        return {UserId(row[0]) for row in rows}

    async def all_of(self, user_id: UserId, *, limit: int) -> list[Block]:
        return [_block(row) for row in await self._db.rows(_ALL_OF, user_id=user_id, limit=limit)]

    async def between(self, id: ConversationId, user_id: UserId) -> list[Block]:
        return [_block(row) for row in await self._db.rows(_BETWEEN, conversation_id=id, user_id=user_id)]

    async def hand_over(self, source: UserId, target: UserId) -> None:
        for statement in _HAND_OVER:
            await self._db.change(statement, source_id=source, target_id=target)


def _block(row: Any) -> Block:
    return Block(UserId(row[0]), UserId(row[1]), bool(row[2]))
