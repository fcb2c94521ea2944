"""Apps and their Policy."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import bindparam, select, union_all, update

from ..domain.apps import App, AppId, Policy, PublicKeys
from ..domain.errors import CannotOpen, IdentifierTaken, Unacceptable
from ..ports.crypto import Sealing
from . import columns as column
from . import tables as t
from .adding import add
from .connection import Connection, Row
from .inserting import insert
from .sealed import about
from .statements import Statement

_apps = t.apps.c

APP: Final = (
    _apps.id,
    _apps.slug,
    _apps.name,
    _apps.auth_key,
    _apps.widget_token,
    _apps.auth_secret,
    _apps.policy,
    _apps.created_at,
    _apps.closed_at,
)
"""What ``app`` reads, in its order."""

_ADD = Statement(insert(t.apps).values({it.name: bindparam(it.name) for it in APP}).on_conflict_do_nothing())
_GET = Statement(select(*APP).where(_apps.id == bindparam("id")))
_HOLD = Statement(select(*APP).where(_apps.id == bindparam("id")), holds=t.apps)
_BY_SLUG = Statement(select(*APP).where(_apps.slug == bindparam("slug")))
_BY_PUBLIC_KEY = Statement(
    union_all(
        select(*APP).where(_apps.auth_key == bindparam("text")),
        select(*APP).where(_apps.widget_token == bindparam("text")),
    )
)
_ALL = Statement(select(*APP).order_by(_apps.id))
_SAVE = Statement(
    update(t.apps)
    .where(_apps.id == bindparam("id"))
    .values({it.name: bindparam(it.name) for it in APP[1:] if it is not _apps.auth_secret})
)
_SAVE_SECRET = Statement(update(t.apps).where(_apps.id == bindparam("id")).values(auth_secret=bindparam("auth_secret")))
_OTHERS = Statement(  # those another App must not be mixed up with
    select(_apps.slug, _apps.auth_key, _apps.widget_token)
    .where(_apps.id != bindparam("id"))
    .where(
        (_apps.slug == bindparam("slug"))
        | (_apps.auth_key == bindparam("auth_key"))
        | (_apps.widget_token == bindparam("widget_token"))
    )
)


class SqlApps:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def add(self, app: App) -> App:
        values = _values(app)

        async def refuse() -> None:
            await self._refuse_names_of_others(values)

        return await add(self._db, _ADD, app, values, refuse, bound=lambda id: self._sealed(id, app.auth_secret))

    async def get(self, id: AppId) -> App | None:
        return self._app(await self._db.row(_GET, id=id))

    async def hold(self, id: AppId) -> App | None:
        return self._app(await self._db.row(_HOLD, id=id))

    async def by_slug(self, slug: str) -> App | None:
        return self._app(await self._db.row(_BY_SLUG, slug=slug))

    async def by_public_key(self, text: str) -> App | None:
        return self._app(await self._db.row(_BY_PUBLIC_KEY, text=text))

    async def all(self) -> list[App]:
        return [app(row, self._db.own.sealing) for row in await self._db.rows(_ALL)]

    async def save(self, app: App) -> None:
        values = _values(app)
        await self._refuse_names_of_others(values)
        await self._db.change(_SAVE, **values)

    async def save_secret(self, app: App) -> None:
        await self._db.change(_SAVE_SECRET, id=app.id, **self._sealed(app.id, app.auth_secret))

    def _sealed(self, id: int, text: str) -> dict[str, Any]:
        return {"auth_secret": self._db.own.sealing.seal(text, about(_apps.auth_secret, id))}

    def _app(self, row: Row | None) -> App | None:
        return None if row is None else app(row, self._db.own.sealing)

    async def _refuse_names_of_others(self, values: dict[str, Any]) -> None:
        for row in await self._db.rows(_OTHERS, **values):
            for name, taken in zip(("slug", "auth_key", "widget_token"), row, strict=True):
                if taken == values[name]:
                    raise IdentifierTaken(name)


def app(row: Row, sealing: Sealing) -> App:
    """Few Apps, read with every session: each row is opened and turned into an App once, until it changes."""
    try:
        return _opened(tuple(row), sealing)
    except CannotOpen:
        return _app(tuple(row), "")  # sessions go on without it


@lru_cache(maxsize=1024)
def _opened(row: tuple[Any, ...], sealing: Sealing) -> App:
    return _app(row, sealing.open(row[5], about(_apps.auth_secret, row[0])))


def _app(row: tuple[Any, ...], auth_secret: str) -> App:
    id, slug, name, auth_key, widget_token, _, policy, created_at, closed_at = row
    return App(
        AppId(id),
        slug,
        name,
        PublicKeys(auth_key, widget_token),
        auth_secret,
        column.moment(created_at),
        _policy(policy),
        column.optional_moment(closed_at),
    )


def _policy(text: str) -> Policy:
    """A Policy that cannot be read is our fault, not a caller's bad input."""
    try:
        return Policy().changed(column.data(text))
    except Unacceptable as error:
        raise ValueError(f"the database holds a policy that cannot be read: {error.field} {error.reason}") from error


def _values(app: App) -> dict[str, Any]:
    return {
        "id": app.id,
        "slug": app.slug,
        "name": app.name,
        "auth_key": app.public_keys.auth_key,
        "widget_token": app.public_keys.widget_token,
        "policy": column.of_data(app.policy.as_data()),
        "created_at": column.of_moment(app.created_at),
        "closed_at": column.of_optional_moment(app.closed_at),
    }
