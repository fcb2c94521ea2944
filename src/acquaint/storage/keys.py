"""API keys and signing secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, select, update

from ..domain.apps import AppId
from ..domain.errors import IdentifierTaken
from ..domain.keys import ApiKey, ApiKeyId, Role, SigningSecret, SigningSecretId
from ..ports.crypto import Sealing
from . import columns as column
from . import tables as t
from .adding import add
from .connection import Connection, Row
from .inserting import insert
from .sealed import about, opened_or_empty
from .statements import Statement, later

_keys, _secrets = t.api_keys.c, t.signing_secrets.c

_KEY: Final = (
    _keys.id,
    _keys.app_id,
    _keys.name,
    _keys.roles,
    _keys.ending,
    _keys.created_at,
    _keys.expires_at,
    _keys.revoked_at,
    _keys.network,
    _keys.used_at,
)
_SECRET: Final = (_secrets.id, _secrets.app_id, _secrets.text, _secrets.created_at, _secrets.retired_at)

_ADD = Statement(
    insert(t.api_keys)
    .values({it.name: bindparam(it.name) for it in (*_KEY, _keys.fingerprint)})
    .on_conflict_do_nothing()
)
_BY_FINGERPRINT = Statement(select(*_KEY).where(_keys.fingerprint == bindparam("fingerprint")))
_GET = Statement(select(*_KEY).where(_keys.id == bindparam("id")))
_OF_APP = Statement(select(*_KEY).where(_keys.app_id == bindparam("app_id")).order_by(_keys.created_at, _keys.id))
_OF_SERVER = Statement(select(*_KEY).where(_keys.app_id.is_(None)).order_by(_keys.created_at, _keys.id))
_SAVE = Statement(
    update(t.api_keys).where(_keys.id == bindparam("id")).values({it.name: bindparam(it.name) for it in _KEY[2:-1]})
)
_USED = Statement(  # an older moment never replaces a newer one
    update(t.api_keys).where(_keys.id == bindparam("id")).values(used_at=later(_keys.used_at, "used_at"))
)
_ADD_SECRET = Statement(
    insert(t.signing_secrets).values({it.name: bindparam(it.name) for it in _SECRET}).on_conflict_do_nothing()
)
_SECRETS_OF = Statement(
    select(*_SECRET).where(_secrets.app_id == bindparam("app_id")).order_by(_secrets.created_at, _secrets.id)
)
_SAVE_SECRET = Statement(
    update(t.signing_secrets).where(_secrets.id == bindparam("id")).values(retired_at=bindparam("retired_at"))
)


class SqlKeys:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def add(self, key: ApiKey, fingerprint: str) -> ApiKey:
        async def refuse() -> None:
            if await self._db.row(_BY_FINGERPRINT, fingerprint=fingerprint):
                raise IdentifierTaken("fingerprint")

        values = _key_values(key) | {"fingerprint": fingerprint}
        return await add(self._db, _ADD, key, values, refuse)

    async def by_fingerprint(self, fingerprint: str) -> ApiKey | None:
        row = await self._db.row(_BY_FINGERPRINT, fingerprint=fingerprint)
        return None if row is None else _key(row)

    async def get(self, id: ApiKeyId) -> ApiKey | None:
        row = await self._db.row(_GET, id=id)
        return None if row is None else _key(row)

    async def of(self, app_id: AppId | None) -> list[ApiKey]:
        if app_id is None:
            return [_key(row) for row in await self._db.rows(_OF_SERVER)]
        return [_key(row) for row in await self._db.rows(_OF_APP, app_id=app_id)]

    async def save(self, key: ApiKey) -> None:
        await self._db.change(_SAVE, **_key_values(key))

    async def used(self, id: ApiKeyId, at: datetime) -> None:
        await self._db.change(_USED, id=id, used_at=column.of_moment(at))

    async def add_secret(self, secret: SigningSecret) -> SigningSecret:
        def bound(id: int) -> dict[str, Any]:
            return {"text": self._db.own.sealing.seal(secret.text, about(_secrets.text, secret.app_id, id))}

        return await add(self._db, _ADD_SECRET, secret, _secret_values(secret), bound=bound)

    async def secrets_of(self, app_id: AppId) -> list[SigningSecret]:
        return [_secret(row, self._db.own.sealing) for row in await self._db.rows(_SECRETS_OF, app_id=app_id)]

    async def save_secret(self, secret: SigningSecret) -> None:
        await self._db.change(_SAVE_SECRET, **_secret_values(secret))


def _key(row: Row) -> ApiKey:
    id, app_id, name, roles, ending, created_at, expires_at, revoked_at, network, used_at = row
    return ApiKey(
        ApiKeyId(id),
        None if app_id is None else AppId(app_id),
        name,
        tuple(Role(it) for it in column.data(roles)),
        ending,
        column.moment(created_at),
        column.optional_moment(expires_at),
        column.optional_moment(revoked_at),
        network,
        column.optional_moment(used_at),
    )


def _key_values(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "app_id": key.app_id,
        "name": key.name,
        "roles": column.of_data(key.roles),
        "ending": key.ending,
        "created_at": column.of_moment(key.created_at),
        "expires_at": column.of_optional_moment(key.expires_at),
        "revoked_at": column.of_optional_moment(key.revoked_at),
        "network": key.network,
        "used_at": column.of_optional_moment(key.used_at),
    }


def _secret(row: Row, sealing: Sealing) -> SigningSecret:
    id, app_id, kept, created_at, retired_at = row
    text = opened_or_empty(sealing, kept, about(_secrets.text, app_id, id))
    return SigningSecret(
        SigningSecretId(id), AppId(app_id), text, column.moment(created_at), column.optional_moment(retired_at)
    )


def _secret_values(secret: SigningSecret) -> dict[str, Any]:
    return {
        "id": secret.id,
        "app_id": secret.app_id,
        "created_at": column.of_moment(secret.created_at),
        "retired_at": column.of_optional_moment(secret.retired_at),
    }
