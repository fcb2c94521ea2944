"""Secrets are sealed where they are written and opened where they are read, each bound to its place.

about        what a secret is bound to: its column, and the key of its row
opened_or_empty   its text, or an empty one where it cannot be opened
SqlSealed    every secret there is, as it is kept; and the keys
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Table, Text, bindparam, delete, select, tuple_, update

from ..domain.errors import CannotOpen
from ..ports.crypto import Sealing
from ..ports.store.sealed import KeptSecret, KeptSecrets, Place
from . import tables as t
from .connection import Connection
from .inserting import insert
from .statements import Statement

_keys = t.sealing_keys.c


def about(column: Column[Any], *key: int | str) -> str:
    """What is kept in this column of this row; a secret copied into another row cannot be opened there."""
    return "/".join((str(column), *map(str, key)))


def opened_or_empty(sealing: Sealing, kept: str, bound_to: str) -> str:
    try:
        return _opened(sealing, kept, bound_to)
    except CannotOpen:
        return ""


@lru_cache(maxsize=4096)  # some are read with every request of an App's server
def _opened(sealing: Sealing, kept: str, bound_to: str) -> str:
    return sealing.open(kept, bound_to)


@dataclass(frozen=True)
class _Kind:
    """Where one kind of secret is kept: the key of its rows, and what of the row it is bound to."""

    table: Table
    column: Column[Any]
    key: tuple[Column[Any], ...]
    bound_to: tuple[Column[Any], ...]
    first: tuple[int | str, ...] = (0,)  # a key before all others

    def some(self) -> Statement:
        given = [bindparam(f"after_{place}", type_=it.type) for place, it in enumerate(self.key)]
        behind = tuple_(*self.key) > tuple_(*given) if len(given) > 1 else self.key[0] > given[0]
        rows = select(*self.key, *self.bound_to, self.column).where(behind).order_by(*self.key)
        return Statement(rows.limit(bindparam("limit")))

    def reseal(self) -> Statement:
        here = [it == bindparam(f"key_{place}") for place, it in enumerate(self.key)]
        return Statement(
            update(self.table)
            .where(*here, self.column == bindparam("was"))
            .values({self.column.name: bindparam("sealed", type_=Text)})
        )


_apps, _secrets, _webhooks, _providers = t.apps.c, t.signing_secrets.c, t.webhooks.c, t.providers.c
_of_provider = (_providers.app_id, _providers.name)
_KINDS: Final = (
    _Kind(t.apps, _apps.auth_secret, (_apps.id,), (_apps.id,)),
    _Kind(t.signing_secrets, _secrets.text, (_secrets.id,), (_secrets.app_id, _secrets.id)),
    _Kind(t.webhooks, _webhooks.secret, (_webhooks.id,), (_webhooks.app_id, _webhooks.id)),
    _Kind(t.webhooks, _webhooks.previous_secret, (_webhooks.id,), (_webhooks.app_id, _webhooks.id)),
    _Kind(t.providers, _providers.settings, _of_provider, _of_provider, (0, "")),
)
_SOME: Final = tuple(it.some() for it in _KINDS)
_RESEAL: Final = tuple(it.reseal() for it in _KINDS)

_ALL_KEYS = Statement(select(_keys.place, _keys.id).order_by(_keys.place))
_ADD_KEY = Statement(
    insert(t.sealing_keys)
    .values(place=bindparam("place", type_=BigInteger), id=bindparam("id"), since=bindparam("since"))
    .on_conflict_do_nothing()
)
_FORGET_KEY = Statement(delete(t.sealing_keys).where(_keys.id == bindparam("id")))


class SqlSealed:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def keys(self) -> list[str]:
        return [id for _, id in await self._db.rows(_ALL_KEYS)]

    async def add_key(self, key_id: str) -> bool:
        place = max((place for place, _ in await self._db.rows(_ALL_KEYS)), default=0) + 1
        return bool(await self._db.change(_ADD_KEY, place=place, id=key_id, since=self._db.own.now()))

    async def forget_key(self, key_id: str) -> bool:
        return bool(await self._db.change(_FORGET_KEY, id=key_id))

    async def some(self, after: Place | None, limit: int) -> KeptSecrets:
        number, key = after or (0, _KINDS[0].first)
        kind = _KINDS[number]
        rows = await self._db.rows(_SOME[number], limit=limit, **{f"after_{place}": it for place, it in enumerate(key)})
        of_key, sealing = len(kind.key), self._db.own.sealing
        found = [
            KeptSecret((number, tuple(row[:of_key])), about(kind.column, *row[of_key:-1]), sealing.key_of(kept), kept)
            for row in rows
            if (kept := row[-1]) is not None
        ]
        if len(rows) == limit:
            return KeptSecrets(found, (number, tuple(rows[-1][:of_key])))
        following = number + 1
        return KeptSecrets(found, (following, _KINDS[following].first) if following < len(_KINDS) else None)

    async def seal_anew(self, it: KeptSecret) -> bool:
        number, key = it.place
        sealing = self._db.own.sealing
        sealed = sealing.seal(sealing.open(it.kept, it.about), it.about)
        of_row = {f"key_{place}": part for place, part in enumerate(key)}
        return bool(await self._db.change(_RESEAL[number], was=it.kept, sealed=sealed, **of_row))
