"""Where sessions are notified."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete, select

from ..domain.apps import AppId
from ..domain.push import Platform, PushAddress
from ..domain.sessions import SessionId
from ..domain.users import UserId
from . import columns as column
from . import tables as t
from .connection import Connection, Row
from .inserting import insert
from .statements import Statement, among

_addresses, _sessions = t.push_addresses.c, t.sessions.c
_ADDRESS: Final = (
    _addresses.app_id,
    _addresses.session_id,
    _addresses.platform,
    _addresses.token,
    _addresses.at,
    _addresses.bundle,
    _addresses.is_development,
)
_put = insert(t.push_addresses).values({it.name: bindparam(it.name) for it in _ADDRESS})
_PUT = Statement(
    _put.on_conflict_do_update(
        index_elements=[_addresses.app_id, _addresses.platform, _addresses.token],
        set_={name: _put.excluded[name] for name in ("session_id", "at", "bundle", "is_development")},
    )
)
_of_session = _addresses.session_id == bindparam("session_id")
_REMOVE = Statement(
    delete(t.push_addresses).where(
        _of_session, _addresses.platform == bindparam("platform"), _addresses.token == bindparam("token")
    )
)
_REMOVE_OF_ANY = Statement(delete(t.push_addresses).where(_of_session, _addresses.token == bindparam("token")))
_OF_SESSION = Statement(select(*_ADDRESS).where(_of_session).order_by(_addresses.at, _addresses.token))
_OF_USER = Statement(
    select(*_ADDRESS)
    .join_from(t.sessions, t.push_addresses, _addresses.session_id == _sessions.id)
    .where(
        _sessions.user_id == bindparam("user_id"),
        _sessions.app_id == bindparam("app_id"),
        _sessions.ended_at.is_(None),
    )
    .order_by(_addresses.at, _addresses.token)
)
_FORGET = Statement(delete(t.push_addresses).where(among(_addresses.session_id, "sessions")))


class SqlPushAddresses:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def put(self, address: PushAddress) -> None:
        await self._db.change(
            _PUT,
            app_id=address.app_id,
            session_id=address.session_id,
            platform=address.platform.value,
            token=address.token,
            at=column.of_moment(address.at),
            bundle=address.bundle,
            is_development=address.is_development,
        )

    async def remove(self, session_id: SessionId, platform: Platform | None, token: str) -> bool:
        if platform is None:
            return bool(await self._db.change(_REMOVE_OF_ANY, session_id=session_id, token=token))
        return bool(await self._db.change(_REMOVE, session_id=session_id, platform=platform.value, token=token))

    async def of_session(self, session_id: SessionId) -> list[PushAddress]:
        return [_address(row) for row in await self._db.rows(_OF_SESSION, session_id=session_id)]

    async def of_user(self, app_id: AppId, user_id: UserId) -> list[PushAddress]:
        return [_address(row) for row in await self._db.rows(_OF_USER, app_id=app_id, user_id=user_id)]

    async def forget(self, sessions: Sequence[SessionId]) -> None:
        if sessions:
            await self._db.change(_FORGET, sessions=list(sessions))


def _address(row: Row) -> PushAddress:
    app_id, session_id, platform, token, at, bundle, is_development = row
    return PushAddress(
        AppId(app_id),
        SessionId(session_id),
        Platform(platform),
        token,
        column.moment(at),
        bundle,
        bool(is_development),
    )
