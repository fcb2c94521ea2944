"""Users that were merged into others, and what passes from one to the other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, select, update

from ..domain.apps import AppId
from ..domain.conversations import Membership
from ..domain.errors import IdentifierTaken
from ..domain.sessions import SessionId
from ..domain.users import Merge, MergeId, UserId
from . import columns as column
from . import tables as t
from .adding import add
from .connection import Connection, Row
from .conversations import MEMBERSHIP, membership_of
from .inserting import insert
from .statements import Statement, among

AT_ONCE: Final = 200

_merges, _memberships, _messages = t.merges.c, t.memberships.c, t.messages.c

_MERGE: Final = (_merges.id, _merges.app_id, _merges.source_id, _merges.target_id, _merges.at)
_in_app = _merges.app_id == bindparam("app_id")

_ADD = Statement(insert(t.merges).values({it.name: bindparam(it.name) for it in _MERGE}).on_conflict_do_nothing())
_FOLLOW = Statement(
    update(t.merges).where(_merges.target_id == bindparam("source_id")).values(target_id=bindparam("target_id"))
)
_GET = Statement(select(*_MERGE).where(_merges.id == bindparam("id"), _in_app))
_OF_SOURCE = Statement(select(*_MERGE).where(_merges.source_id == bindparam("source_id"), _in_app))
_OF_TARGET = Statement(
    select(*_MERGE)
    .where(_merges.target_id == bindparam("target_id"), _in_app)
    .order_by(_merges.id.desc())
    .limit(bindparam("limit"))
)
_MEMBERSHIPS = Statement(
    select(*MEMBERSHIP)
    .where(_memberships.user_id == bindparam("user_id"))
    .order_by(_memberships.conversation_id)
    .limit(bindparam("limit"))
)
_SESSIONS = Statement(update(t.sessions).where(among(t.sessions.c.id, "ids")).values(user_id=bindparam("target_id")))
_FILES = Statement(
    update(t.files).where(t.files.c.owner_id == bindparam("source_id")).values(owner_id=bindparam("target_id"))
)
_WRITTEN = Statement(
    select(_messages.id)
    .where(_messages.sender_id == bindparam("source_id"))
    .order_by(_messages.id)
    .limit(bindparam("limit"))
)
_MESSAGES = Statement(  # without their client ids: the target may have used the same ones
    update(t.messages).where(among(_messages.id, "ids")).values(sender_id=bindparam("target_id"), client_id=None)
)


class SqlMerges:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def add(self, merge: Merge) -> Merge:
        async def refuse() -> None:
            if await self._db.row(_OF_SOURCE, source_id=merge.source_id, app_id=merge.app_id):
                raise IdentifierTaken("merge")

        await self._db.change(_FOLLOW, source_id=merge.source_id, target_id=merge.target_id)
        values = {
            "id": merge.id,
            "app_id": merge.app_id,
            "source_id": merge.source_id,
            "target_id": merge.target_id,
            "at": column.of_moment(merge.at),
        }
        return await add(self._db, _ADD, merge, values, refuse)

    async def get(self, app_id: AppId, id: MergeId) -> Merge | None:
        row = await self._db.row(_GET, app_id=app_id, id=id)
        return None if row is None else _merge(row)

    async def of_source(self, app_id: AppId, user_id: UserId) -> Merge | None:
        row = await self._db.row(_OF_SOURCE, app_id=app_id, source_id=user_id)
        return None if row is None else _merge(row)

    async def of_target(self, app_id: AppId, user_id: UserId, limit: int) -> list[Merge]:
        return [_merge(it) for it in await self._db.rows(_OF_TARGET, app_id=app_id, target_id=user_id, limit=limit)]

    async def memberships_of(self, user_id: UserId, limit: int) -> list[Membership]:
        return [membership_of(it) for it in await self._db.rows(_MEMBERSHIPS, user_id=user_id, limit=limit)]

    async def hand_over(self, source: UserId, target: UserId, sessions: Sequence[SessionId]) -> None:
        if sessions:
            await self._db.change(_SESSIONS, ids=list(sessions), target_id=target)
        await self._db.change(_FILES, source_id=source, target_id=target)
        while ids := [row[0] for row in await self._db.rows(_WRITTEN, source_id=source, limit=AT_ONCE)]:
            await self._db.change(_MESSAGES, ids=ids, target_id=target)
            await asyncio.sleep(0)  # somebody wrote very much: others are served in between


def _merge(row: Row) -> Merge:
    id, app_id, source_id, target_id, at = row
    return Merge(MergeId(id), AppId(app_id), UserId(source_id), UserId(target_id), column.moment(at))
