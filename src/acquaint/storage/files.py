"""What is known of files; their bytes are elsewhere."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from ..domain.apps import AppId
from ..domain.errors import IdentifierTaken
from ..domain.files import File, FileId
from ..domain.users import UserId
from . import columns as column
from . import tables as t
from .adding import add
from .connection import Connection, Row
from .statements import Statement

_files = t.files.c

_FILE: Final = (
    _files.id,
    _files.app_id,
    _files.owner_id,
    _files.name,
    _files.content_type,
    _files.size,
    _files.created_at,
)
_ADD = Statement(
    insert(t.files)
    .values({it.name: bindparam(it.name) for it in (*_FILE, _files.fingerprint)})
    .on_conflict_do_nothing()
)
_BY_KEY = Statement(select(*_FILE).where(_files.fingerprint == bindparam("fingerprint")))
_of_user = _files.owner_id == bindparam("user_id")
_OF_USER = Statement(select(_files.fingerprint).where(_of_user))
_FORGET = Statement(delete(t.files).where(_of_user))


class SqlFiles:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def add(self, file: File, fingerprint: str) -> File:
        async def refuse() -> None:
            if await self._db.row(_BY_KEY, fingerprint=fingerprint):
                raise IdentifierTaken("fingerprint")

        values = {
            "id": file.id,
            "app_id": file.app_id,
            "owner_id": file.owner_id,
            "fingerprint": fingerprint,
            "name": file.name,
            "content_type": file.content_type,
            "size": file.size,
            "created_at": column.of_moment(file.created_at),
        }
        return await add(self._db, _ADD, file, values, refuse)

    async def by_key(self, fingerprint: str) -> File | None:
        row = await self._db.row(_BY_KEY, fingerprint=fingerprint)
        return None if row is None else _file(row)

    async def forget_of(self, user_id: UserId) -> list[str]:
        marks = [str(mark) for (mark,) in await self._db.rows(_OF_USER, user_id=user_id)]
        await self._db.change(_FORGET, user_id=user_id)
        return marks


def _file(row: Row) -> File:
    id, app_id, owner_id, name, content_type, size, created_at = row
    owner = None if owner_id is None else UserId(owner_id)
    return File(FileId(id), AppId(app_id), owner, name, content_type, size, column.moment(created_at))
