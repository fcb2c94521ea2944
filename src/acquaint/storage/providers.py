"""Providers of Apps. Their settings are kept sealed: some are secrets, which we have to say."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import bindparam, delete, select

from ..domain.apps import AppId
from ..domain.providers import Provider, settings_of
from ..ports.crypto import Sealing
from . import columns as column
from . import tables as t
from .connection import Connection
from .inserting import insert
from .sealed import about
from .statements import Statement

_providers = t.providers.c

PROVIDER: Final = (
    _providers.app_id,
    _providers.name,
    _providers.kind,
    _providers.settings,
    _providers.is_enabled,
    _providers.changed_at,
)
_put = insert(t.providers).values({it.name: bindparam(it.name) for it in PROVIDER})

_PUT = Statement(
    _put.on_conflict_do_update(
        index_elements=[_providers.app_id, _providers.name],
        set_={it.name: _put.excluded[it.name] for it in PROVIDER[2:]},
    )
)
_this = (_providers.app_id == bindparam("app_id"), _providers.name == bindparam("name"))
_GET = Statement(select(*PROVIDER).where(*_this))
_OF = Statement(select(*PROVIDER).where(_providers.app_id == bindparam("app_id")).order_by(_providers.name))
_NAMES_OF = Statement(select(_providers.name).where(_providers.app_id == bindparam("app_id")).order_by(_providers.name))
_REMOVE = Statement(delete(t.providers).where(*_this))


class SqlProviders:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def get(self, app_id: AppId, name: str) -> Provider | None:
        row = await self._db.row(_GET, app_id=app_id, name=name)
        return None if row is None else _provider(tuple(row), self._db.own.sealing)

    async def of(self, app_id: AppId) -> list[Provider]:
        return [_provider(tuple(row), self._db.own.sealing) for row in await self._db.rows(_OF, app_id=app_id)]

    async def names_of(self, app_id: AppId) -> list[str]:
        return [name for (name,) in await self._db.rows(_NAMES_OF, app_id=app_id)]

    async def put(self, provider: Provider) -> None:
        settings = column.of_data(provider.as_data())
        bound_to = about(_providers.settings, provider.app_id, provider.name)
        await self._db.change(
            _PUT,
            app_id=provider.app_id,
            name=provider.name,
            kind=provider.kind.value,
            settings=self._db.own.sealing.seal(settings, bound_to),
            is_enabled=provider.is_enabled,
            changed_at=column.of_moment(provider.changed_at),
        )

    async def remove(self, app_id: AppId, name: str) -> bool:
        return bool(await self._db.change(_REMOVE, app_id=app_id, name=name))


@lru_cache(maxsize=1024)  # read with every sign-in, and its templates are checked each time it is made
def _provider(row: tuple[Any, ...], sealing: Sealing) -> Provider:
    app_id, name, kind, kept, is_enabled, changed_at = row
    settings = sealing.open(kept, about(_providers.settings, app_id, name))
    return Provider(
        AppId(app_id), name, settings_of(kind, column.data(settings)), column.moment(changed_at), bool(is_enabled)
    )
