"""Answers kept under an Idempotency-Key."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, select, tuple_, update

from ..domain.errors import Busy
from ..ports.store import KeptAnswer
from . import columns as column
from . import tables as t
from .adding import MOST_TRIES
from .connection import Connection
from .inserting import insert
from .statements import Statement

_answers = t.answers.c
_this = (_answers.caller == bindparam("caller"), _answers.key == bindparam("key"))

_CLAIM = Statement(
    insert(t.answers)
    .values(
        caller=bindparam("caller"),
        key=bindparam("key"),
        request=bindparam("request"),
        status=0,
        body=b"",
        at=bindparam("at"),
    )
    .on_conflict_do_nothing()
)
_GET = Statement(select(_answers.request, _answers.status, _answers.body, _answers.at).where(*_this))
_KEEP = Statement(update(t.answers).where(*_this).values(status=bindparam("status"), body=bindparam("body")))
_RELEASE = Statement(delete(t.answers).where(*_this))
_SWEEP = Statement(
    delete(t.answers).where(
        tuple_(_answers.caller, _answers.key).in_(
            select(_answers.caller, _answers.key)
            .where(_answers.at < bindparam("before"))
            .order_by(_answers.at)
            .limit(bindparam("limit"))
        )
    )
)


class SqlAnswers:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def claim(self, caller: str, key: str, request: str, now: datetime) -> KeptAnswer | None:
        at = column.of_moment(now)
        for _ in range(MOST_TRIES):
            if await self._db.change(_CLAIM, caller=caller, key=key, request=request, at=at):
                return None
            if kept := await self.get(caller, key):
                return kept
        raise Busy  # claimed and released again under our eyes, over and over

    async def get(self, caller: str, key: str) -> KeptAnswer | None:
        row = await self._db.row(_GET, caller=caller, key=key)
        if row is None:
            return None
        request, status, body, at = row
        return KeptAnswer(request, status, bytes(body), column.moment(at))

    async def keep(self, caller: str, key: str, status: int, body: bytes) -> None:
        await self._db.change(_KEEP, caller=caller, key=key, status=status, body=body)

    async def release(self, caller: str, key: str) -> None:
        await self._db.change(_RELEASE, caller=caller, key=key)

    async def sweep(self, before: datetime, limit: int) -> int:
        return await self._db.change(_SWEEP, before=column.of_moment(before), limit=limit)
