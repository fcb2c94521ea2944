"""Address books: whom users know, by number. Numbers are kept in clear: their owner reads them again, and all numbers
there are can be hashed in an hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, bindparam, delete, literal_column, select

from ..domain.address_book import Entry
from ..domain.apps import AppId
from ..domain.identities import IdentifierKind
from ..domain.users import UserId
from . import tables as t
from .connection import Connection
from .inserting import insert
from .statements import Statement

_entries, _identifiers = t.address_books.c, t.identifiers.c
_ENTRY: Final = (_entries.device, _entries.phone, _entries.name)
_PHONE: Final[ColumnElement[str]] = literal_column(f"'{IdentifierKind.PHONE.value}'")

_OF = Statement(
    select(*_ENTRY).where(_entries.user_id == bindparam("user_id")).order_by(_entries.phone, _entries.device)
)
_put = insert(t.address_books).values({it.name: bindparam(it.name) for it in (_entries.user_id, *_ENTRY)})
_PUT = Statement(
    _put.on_conflict_do_update(
        index_elements=[_entries.user_id, _entries.phone, _entries.device], set_={"name": _put.excluded.name}
    )
)
_REMOVE = Statement(
    delete(t.address_books).where(
        _entries.user_id == bindparam("user_id"),
        _entries.phone == bindparam("phone"),
        _entries.device == bindparam("device"),
    )
)
_REGISTERED = Statement(
    select(*_ENTRY, _identifiers.user_id)
    .join_from(t.address_books, t.identifiers, _identifiers.value == _entries.phone)
    .where(
        _entries.user_id == bindparam("user_id"),
        _identifiers.app_id == bindparam("app_id"),
        _identifiers.kind == _PHONE,
        _identifiers.user_id != bindparam("user_id"),
    )
    .order_by(_entries.phone, _entries.device)
)


class SqlAddressBooks:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def of(self, user_id: UserId) -> list[Entry]:
        return [Entry(*row) for row in await self._db.rows(_OF, user_id=user_id)]

    async def put(self, user_id: UserId, entries: Sequence[Entry]) -> None:
        for it in entries:
            await self._db.change(_PUT, user_id=user_id, device=it.device, phone=it.phone, name=it.name)

    async def remove(self, user_id: UserId, entries: Sequence[Entry]) -> None:
        for it in entries:
            await self._db.change(_REMOVE, user_id=user_id, device=it.device, phone=it.phone)

    async def registered(self, app_id: AppId, user_id: UserId) -> list[tuple[Entry, UserId]]:
        rows = await self._db.rows(_REGISTERED, app_id=app_id, user_id=user_id)
        return [(Entry(device, phone, name), UserId(found)) for device, phone, name, found in rows]
