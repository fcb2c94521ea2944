"""What is known of files; their bytes are elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, select, update

from ..domain.apps import AppId
from ..domain.errors import IdentifierTaken, SpaceUsedUp
from ..domain.files import File, FileId, Picture
from ..domain.users import UserId
from ..ports.store.files import Shelved
from . import columns as column
from . import tables as t
from .adding import add
from .connection import Connection, Row
from .inserting import insert
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
    _files.uid,
    _files.is_public,
    _files.updated_at,
    _files.arrived_at,
    _files.completed_at,
    _files.picture_type,
    _files.picture_size,
)
_SHELVED: Final = (*_FILE, _files.fingerprint, _files.picture)
_ADD = Statement(
    insert(t.files)
    .values({it.name: bindparam(it.name) for it in (*_FILE, _files.fingerprint)})
    .on_conflict_do_nothing()
)
_this = _files.id == bindparam("file_id")
_TAKEN = Statement(select(_files.id).where(_files.fingerprint == bindparam("fingerprint")))
_UID_TAKEN = Statement(select(_files.id).where(_files.uid == bindparam("uid")))
_BY_KEY = Statement(select(*_FILE).where(_files.fingerprint == bindparam("fingerprint"), _files.uid.is_(None)))
_BY_UID = Statement(select(*_SHELVED).where(_files.uid == bindparam("uid")))
_GET = Statement(
    select(*_SHELVED).where(_this, _files.app_id == bindparam("app_id"), _files.uid.is_not(None)), holds=t.files
)
_of_user = _files.owner_id == bindparam("user_id")
_OF_OWNER = Statement(
    select(*_FILE)
    .where(_of_user, _files.uid.is_not(None))
    .order_by(_files.id.desc())
    .limit(bindparam("limit"))
    .offset(bindparam("skip"))
)
_COUNT_OF_OWNER = Statement(select(func.count()).select_from(t.files).where(_of_user, _files.uid.is_not(None)))
_SAVE = Statement(
    update(t.files)
    .where(_this)
    .values(
        name=bindparam("name"),
        updated_at=bindparam("updated_at"),
        completed_at=bindparam("completed_at"),
    )
)
_ARRIVE = Statement(
    update(t.files)
    .where(_this, _files.uid.is_not(None), _files.arrived_at.is_(None))
    .values(
        fingerprint=bindparam("fingerprint"),
        content_type=bindparam("content_type"),
        size=bindparam("size"),
        updated_at=bindparam("updated_at"),
        arrived_at=bindparam("arrived_at"),
    )
)
_PICTURE = Statement(select(_files.app_id, _files.picture, _files.picture_size).where(_this), holds=t.files)
_DRAW = Statement(
    update(t.files)
    .where(_this)
    .values(picture=bindparam("picture"), picture_type=bindparam("type"), picture_size=bindparam("size"))
)
_GONE: Final = (_files.app_id, _files.size, _files.picture_size, _files.fingerprint, _files.picture)
_DELETE = Statement(delete(t.files).where(_this).returning(*_GONE))
_FORGET = Statement(delete(t.files).where(_of_user).returning(*_GONE))
_SWEEP = Statement(
    delete(t.files)
    .where(
        _files.id.in_(
            select(_files.id)
            .where(_files.uid.is_not(None), _files.completed_at.is_(None), _files.created_at < bindparam("before"))
            .order_by(_files.created_at)
            .limit(bindparam("limit"))
        ),
        _files.completed_at.is_(None),
    )
    .returning(*_GONE)
)

_space = t.file_space.c
_more = insert(t.file_space).values(app_id=bindparam("app_id"), size=bindparam("size"))
_TAKE = Statement(
    _more.on_conflict_do_update(
        index_elements=[_space.app_id],
        set_={"size": _space.size + _more.excluded.size},
        where=_space.size + _more.excluded.size <= bindparam("at_most", type_=_space.size.type),
    )
)
_FREE = Statement(
    update(t.file_space)
    .where(_space.app_id == bindparam("app_id"))
    .values(size=_space.size - bindparam("freed", type_=_space.size.type))
)
_SPACE = Statement(select(_space.size).where(_space.app_id == bindparam("app_id")))


class SqlFiles:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def space_of(self, app_id: AppId) -> int:
        row = await self._db.row(_SPACE, app_id=app_id)
        return 0 if row is None else int(row[0])

    async def add(self, file: File, fingerprint: str, *, at_most: int | None = None) -> File:
        async def refuse() -> None:
            if await self._db.row(_TAKEN, fingerprint=fingerprint):
                raise IdentifierTaken("fingerprint")
            if file.uid is not None and await self._db.row(_UID_TAKEN, uid=file.uid):
                raise IdentifierTaken("uid")

        values = {
            "id": file.id,
            "app_id": file.app_id,
            "owner_id": file.owner_id,
            "fingerprint": fingerprint,
            "name": file.name,
            "content_type": file.content_type,
            "size": file.size,
            "created_at": column.of_moment(file.created_at),
            "uid": file.uid,
            "is_public": file.is_public,
            "updated_at": column.of_optional_moment(file.updated_at),
            "arrived_at": column.of_optional_moment(file.arrived_at),
            "completed_at": column.of_optional_moment(file.completed_at),
            "picture_type": None,
            "picture_size": None,
        }
        file = await add(self._db, _ADD, file, values, refuse)
        await self._take(file.app_id, file.size, at_most)
        return file

    async def by_key(self, fingerprint: str) -> File | None:
        row = await self._db.row(_BY_KEY, fingerprint=fingerprint)
        return None if row is None else _file(row)

    async def by_uid(self, uid: str) -> Shelved | None:
        return _shelved(await self._db.row(_BY_UID, uid=uid))

    async def get(self, app_id: AppId, id: FileId) -> Shelved | None:
        return _shelved(await self._db.row(_GET, app_id=app_id, file_id=id))

    async def of_owner(self, user_id: UserId, *, skip: int, limit: int) -> list[File]:
        return [_file(it) for it in await self._db.rows(_OF_OWNER, user_id=user_id, skip=skip, limit=limit)]

    async def count_of_owner(self, user_id: UserId) -> int:
        row = await self._db.row(_COUNT_OF_OWNER, user_id=user_id)
        return 0 if row is None else int(row[0])

    async def save(self, file: File) -> None:
        await self._db.change(
            _SAVE,
            file_id=file.id,
            name=file.name,
            updated_at=column.of_optional_moment(file.updated_at),
            completed_at=column.of_optional_moment(file.completed_at),
        )

    async def arrive(self, file: File, kept_under: str, *, at_most: int | None = None) -> bool:
        changed = await self._db.change(
            _ARRIVE,
            file_id=file.id,
            fingerprint=kept_under,
            content_type=file.content_type,
            size=file.size,
            updated_at=column.of_optional_moment(file.updated_at),
            arrived_at=column.of_optional_moment(file.arrived_at),
        )
        if changed:
            await self._take(file.app_id, file.size, at_most)
        return changed > 0

    async def draw(self, id: FileId, picture: Picture, kept_under: str, *, at_most: int | None = None) -> str | None:
        row = await self._db.row(_PICTURE, file_id=id)
        if row is None:
            return None
        app_id, replaced, size = row
        await self._db.change(_DRAW, file_id=id, picture=kept_under, type=picture.content_type, size=picture.size)
        await self._take(app_id, picture.size - (size or 0), at_most)
        return None if replaced is None else str(replaced)

    async def delete(self, id: FileId) -> None:
        await self._free(await self._db.rows(_DELETE, file_id=id))

    async def forget_of(self, user_id: UserId) -> list[str]:
        return await self._free(await self._db.rows(_FORGET, user_id=user_id))

    async def sweep(self, before: datetime, limit: int) -> list[str]:
        return await self._free(await self._db.rows(_SWEEP, before=column.of_moment(before), limit=limit))

    async def _take(self, app_id: int, size: int, at_most: int | None) -> None:
        """Counts bytes that come. Of two that come at once the second is judged by what the first has left."""
        if size <= 0:
            await self._give_back(app_id, -size)
            return
        most = t.NEVER if at_most is None else at_most
        if size > most or not await self._db.change(_TAKE, app_id=app_id, size=size, at_most=most):
            raise SpaceUsedUp(most)

    async def _give_back(self, app_id: int, size: int) -> None:
        if size:
            await self._db.change(_FREE, app_id=app_id, freed=size)

    async def _free(self, gone: Sequence[Row]) -> list[str]:
        """What the bytes and pictures of files that are gone are still kept under."""
        freed: Counter[int] = Counter()
        marks = []
        for app_id, size, picture_size, content, picture in gone:
            freed[app_id] += size + (picture_size or 0)
            marks += [str(mark) for mark in (content, picture) if mark is not None]
        for app_id in sorted(freed):  # in one order everywhere, so that no two writes wait for each other
            await self._give_back(app_id, freed[app_id])
        return marks


def _shelved(row: Row | None) -> Shelved | None:
    if row is None:
        return None
    *file, mark, picture = row
    return Shelved(_file(file), mark, picture)


def _file(row: Row) -> File:
    (
        id,
        app_id,
        owner_id,
        name,
        content_type,
        size,
        created_at,
        uid,
        is_public,
        updated_at,
        arrived_at,
        completed_at,
        picture_type,
        picture_size,
    ) = row
    return File(
        FileId(id),
        AppId(app_id),
        None if owner_id is None else UserId(owner_id),
        name,
        content_type,
        size,
        column.moment(created_at),
        uid,
        bool(is_public),
        column.optional_moment(updated_at),
        column.optional_moment(arrived_at),
        column.optional_moment(completed_at),
        None if picture_type is None else Picture(picture_type, picture_size),
    )
