"""Devices that were left: from then on they name nobody."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from ..domain.apps import AppId
from ..domain.places import DeviceId
from . import columns as column
from . import tables as t
from .connection import Connection
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


class SqlDevices:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def retire(self, app_id: AppId, device_id: DeviceId, now: datetime) -> None:
        await self._db.change(_RETIRE, app_id=app_id, device_id=device_id, retired_at=column.of_moment(now))

    async def is_retired(self, app_id: AppId, device_id: DeviceId) -> bool:
        return await self._db.row(_IS_RETIRED, app_id=app_id, device_id=device_id) is not None
