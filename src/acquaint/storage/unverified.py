"""What people nobody verified did where the App wants them verified, counted by day."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select

from ..domain.apps import AppId
from ..ports.store import UnverifiedCount
from . import tables as t
from .connection import Connection
from .inserting import insert
from .statements import Statement

_counts = t.unverified_counts.c
_in_app = _counts.app_id == bindparam("app_id")

_COUNT = Statement(
    insert(t.unverified_counts)
    .values({it.name: bindparam(it.name) for it in _counts})
    .on_conflict_do_update(
        index_elements=[_counts.app_id, _counts.day, _counts.door, _counts.act, _counts.outcome],
        set_={"times": _counts.times + 1},
    )
)
_SINCE = Statement(
    select(_counts.day, _counts.door, _counts.act, _counts.outcome, _counts.times)
    .where(_in_app, _counts.day >= bindparam("day"))
    .order_by(_counts.day.desc(), _counts.door, _counts.act, _counts.outcome)
)
_FORGET = Statement(delete(t.unverified_counts).where(_in_app, _counts.day < bindparam("before")))


class SqlUnverifiedCounts:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def count(self, app_id: AppId, day: int, *, door: str, act: str, outcome: str) -> None:
        await self._db.change(_COUNT, app_id=app_id, day=day, door=door, act=act, outcome=outcome, times=1)

    async def since(self, app_id: AppId, day: int) -> list[UnverifiedCount]:
        return [UnverifiedCount(*row) for row in await self._db.rows(_SINCE, app_id=app_id, day=day)]

    async def forget(self, app_id: AppId, before: int) -> None:
        await self._db.change(_FORGET, app_id=app_id, before=before)
