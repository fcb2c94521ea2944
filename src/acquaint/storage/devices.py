"""Devices that were left: from then on they name nobody. And words that browsers say may be their secret."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select, update

from ..domain.apps import AppId
from ..domain.places import DeviceId
from . import columns as column
from . import tables as t
from .connection import Connection
from .inserting import insert
from .statements import Statement

_retired = t.retired_devices.c

_RETIRE = Statement(
    insert(t.retired_devices)
    .values(app_id=bindparam("app_id"), device_id=bindparam("device_id"), retired_at=bindparam("retired_at"))
    .on_conflict_do_nothing()
)
_IS_RETIRED = Statement(
    select(_retired.retired_at).where(
        _retired.app_id == bindparam("app_id"), _retired.device_id == bindparam("device_id")
    )
)
_words = t.device_words.c
_this_word = (_words.app_id == bindparam("app_id"), _words.word == bindparam("word"))
_WORD = Statement(select(_words.said_by, _words.is_shared).where(*_this_word))
_SAY = Statement(
    insert(t.device_words)
    .values(
        app_id=bindparam("app_id"),
        word=bindparam("word"),
        said_by=bindparam("by"),
        is_shared=False,
        device_id=bindparam("device_id"),
        said_at=bindparam("said_at"),
    )
    .on_conflict_do_nothing()
)
_SHARE = Statement(
    update(t.device_words)
    .where(*_this_word, _words.said_by != bindparam("by"), _words.is_shared.is_(False))
    .values(is_shared=True)
)


class SqlDevices:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def retire(self, app_id: AppId, device_id: DeviceId, now: datetime) -> None:
        await self._db.change(_RETIRE, app_id=app_id, device_id=device_id, retired_at=column.of_moment(now))

    async def is_retired(self, app_id: AppId, device_id: DeviceId) -> bool:
        return await self._db.row(_IS_RETIRED, app_id=app_id, device_id=device_id) is not None

    async def only_said_by(self, app_id: AppId, word: str) -> str | None:
        row = await self._db.row(_WORD, app_id=app_id, word=word)
        if row is None:
            return None
        said_by, is_shared = row
        return "" if is_shared else str(said_by)

    async def say(self, app_id: AppId, word: str, by: str, *, device_id: DeviceId | None, now: datetime) -> None:
        said_at = column.of_moment(now)
        await self._db.change(_SAY, app_id=app_id, word=word, by=by, device_id=device_id, said_at=said_at)
        await self._db.change(_SHARE, app_id=app_id, word=word, by=by)
