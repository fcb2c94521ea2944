"""Sessions, and all that a token opens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, and_, bindparam, delete, func, or_, select, update

from ..domain.apps import AppId
from ..domain.errors import Busy, IdentifierTaken
from ..domain.identities import Assurance
from ..domain.places import DeviceId
from ..domain.sessions import Lifetime, Session, SessionId
from ..domain.users import UserId
from ..ports.store import LastSeen, Recognised
from . import columns as column
from . import tables as t
from .adding import add
from .apps import APP, app
from .connection import Connection, Row
from .inserting import insert
from .statements import Statement, among, later
from .users import IDENTIFIER, USER, users_of

MOST_CROWDED_OUT: Final = 1_000

_sessions = t.sessions.c

_SESSION: Final = (
    _sessions.id,
    _sessions.app_id,
    _sessions.user_id,
    _sessions.device_id,
    _sessions.workspace,
    _sessions.assurance,
    _sessions.door,
    _sessions.idle,
    _sessions.at_most,
    _sessions.token_expires_at,
    _sessions.renewed_at,
    _sessions.created_at,
    _sessions.last_seen_at,
    _sessions.ended_at,
)
_USER_FROM: Final = len(_SESSION) + len(APP)
_is_open = _sessions.ended_at.is_(None)

_ADD = Statement(
    insert(t.sessions)
    .values({it.name: bindparam(it.name) for it in (*_SESSION, _sessions.fingerprint)})
    .on_conflict_do_nothing()
)
_recognise = (
    select(*_SESSION, *APP, *USER, *IDENTIFIER)
    .select_from(t.sessions)
    .join(t.apps, t.apps.c.id == _sessions.app_id)
    .join(t.users, t.users.c.id == _sessions.user_id, isouter=True)
    .join(t.identifiers, t.identifiers.c.user_id == t.users.c.id, isouter=True)
    .order_by(t.identifiers.c.position)
)
_RECOGNISE = Statement(_recognise.where(_sessions.fingerprint == bindparam("fingerprint")))
_RECOGNISE_RENEWED = Statement(_recognise.where(_sessions.renewed_fingerprint == bindparam("fingerprint")))
_BY_FINGERPRINT = Statement(select(_sessions.id).where(_sessions.fingerprint == bindparam("fingerprint")))
_GET = Statement(select(*_SESSION).where(_sessions.id == bindparam("id"), _sessions.app_id == bindparam("app_id")))
_is_nobody_elses = or_(  # nobody proved to be in it meanwhile, or it was them, or it is being left
    _sessions.assurance < t.VERIFIED,
    and_(_sessions.user_id == bindparam("user_id", type_=BigInteger), bindparam("assurance") == t.VERIFIED),
    bindparam("user_id", type_=BigInteger).is_(None),
)
_SAVE = Statement(  # the value may be older than the row: what ended stays ended, and was seen when it was last seen
    update(t.sessions)
    .where(_sessions.id == bindparam("id"), _is_nobody_elses)
    .values({it.name: bindparam(it.name) for it in _SESSION[2:-5]})
    .values(
        ended_at=func.coalesce(_sessions.ended_at, bindparam("ended_at", type_=BigInteger)),
        last_seen_at=later(_sessions.last_seen_at, "last_seen_at"),
    )
)
_RENEW = Statement(
    update(t.sessions)
    .where(_sessions.id == bindparam("id"), _is_open)
    .values(
        renewed_fingerprint=_sessions.fingerprint,
        fingerprint=bindparam("fingerprint"),
        token_expires_at=bindparam("token_expires_at"),
        renewed_at=bindparam("renewed_at"),
        last_seen_at=later(_sessions.last_seen_at, "last_seen_at"),
    )
)
_EXPIRE_TOKEN = Statement(
    update(t.sessions).where(_sessions.id == bindparam("id"), _is_open).values(token_expires_at=bindparam("now"))
)
_CROWDED_OUT = Statement(
    select(*_SESSION)
    .where(_sessions.user_id == bindparam("user_id"), _is_open)
    .order_by(_sessions.last_seen_at.desc(), _sessions.id.desc())
    .limit(MOST_CROWDED_OUT)
    .offset(bindparam("most"))
)
_HAS_MORE = Statement(  # ended ones included: what the index alone can tell
    select(_sessions.id)
    .where(_sessions.user_id == bindparam("user_id"))
    .order_by(_sessions.id)
    .limit(1)
    .offset(bindparam("most"))
)
_OF_USER = Statement(
    select(*_SESSION).where(_sessions.user_id == bindparam("user_id"), _is_open).order_by(_sessions.id.desc())
)
_UNVERIFIED_ON = Statement(
    select(*_SESSION)
    .where(
        _sessions.app_id == bindparam("app_id"),
        _sessions.device_id == bindparam("device_id"),
        _is_open,
        _sessions.assurance < t.VERIFIED,
    )
    .order_by(_sessions.id)
)
_END = Statement(update(t.sessions).where(among(_sessions.id, "ids"), _is_open).values(ended_at=bindparam("now")))
_SWEEP = Statement(
    delete(t.sessions).where(
        _sessions.id.in_(
            select(_sessions.id)
            .where(_sessions.over_at < bindparam("before"))
            .order_by(_sessions.over_at)
            .limit(bindparam("limit"))
        )
    )
)
SEEN: Final = (
    Statement(
        update(t.users)
        .where(t.users.c.id == bindparam("user_id"))
        .where(t.users.c.last_seen_at.is_(None) | (t.users.c.last_seen_at < bindparam("at")))
        .values(last_seen_at=bindparam("at"))
    ),
    Statement(
        update(t.sessions)
        .where(and_(_sessions.id == bindparam("session_id"), _sessions.last_seen_at < bindparam("at")))
        .values(last_seen_at=bindparam("at"))
    ),
)
"""What ``write_last_seen`` runs for each of ``values_of_seen``: the user's last use, and the session's. Users first, as
everywhere: who ends a user's sessions holds the user."""


class SqlSessions:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def add(self, session: Session, fingerprint: str) -> Session:
        async def refuse() -> None:
            if await self._db.row(_BY_FINGERPRINT, fingerprint=fingerprint):
                raise IdentifierTaken("fingerprint")

        values = _values(session)
        values["fingerprint"] = fingerprint
        return await add(self._db, _ADD, session, values, refuse)

    async def recognise(self, fingerprint: str) -> Recognised | None:
        return await self._recognised(_RECOGNISE, fingerprint)

    async def recognise_renewed(self, fingerprint: str) -> Recognised | None:
        return await self._recognised(_RECOGNISE_RENEWED, fingerprint)

    async def _recognised(self, statement: Statement, fingerprint: str) -> Recognised | None:
        rows = await self._db.rows(statement, fingerprint=fingerprint)
        if not rows:
            return None
        session, its_app = (
            _session(rows[0][: len(_SESSION)]),
            app(rows[0][len(_SESSION) : _USER_FROM], self._db.own.sealing),
        )
        if session.user_id is None:
            return Recognised(session, its_app, None)
        (user,) = users_of([row[_USER_FROM:] for row in rows])
        return Recognised(session, its_app, user)

    async def get(self, app_id: AppId, id: SessionId) -> Session | None:
        row = await self._db.row(_GET, app_id=app_id, id=id)
        return None if row is None else _session(row)

    async def save(self, session: Session) -> None:
        if not await self._db.change(_SAVE, **_values(session)):
            raise Busy

    async def renew(self, session: Session, fingerprint: str) -> None:
        changed = await self._db.change(
            _RENEW,
            id=session.id,
            fingerprint=fingerprint,
            token_expires_at=column.of_optional_moment(session.token_expires_at),
            renewed_at=column.of_optional_moment(session.renewed_at),
            last_seen_at=column.of_moment(session.last_seen_at),
        )
        if not changed:
            raise Busy

    async def expire_token(self, id: SessionId, now: datetime) -> None:
        await self._db.change(_EXPIRE_TOKEN, id=id, now=column.of_moment(now))

    async def crowded_out(self, user_id: UserId, most: int) -> list[Session]:
        if not await self._db.row(_HAS_MORE, user_id=user_id, most=most):
            return []  # nearly always: nothing has to be sorted
        return [_session(row) for row in await self._db.rows(_CROWDED_OUT, user_id=user_id, most=most)]

    async def of_user(self, user_id: UserId) -> list[Session]:
        return [_session(row) for row in await self._db.rows(_OF_USER, user_id=user_id)]

    async def end(self, ids: Sequence[SessionId], now: datetime) -> None:
        if ids:
            await self._db.change(_END, ids=ids, now=column.of_moment(now))

    async def unverified_on(self, app_id: AppId, device_id: DeviceId) -> list[Session]:
        return [_session(row) for row in await self._db.rows(_UNVERIFIED_ON, app_id=app_id, device_id=device_id)]

    async def sweep(self, before: datetime, limit: int) -> int:
        return await self._db.change(_SWEEP, before=column.of_moment(before), limit=limit)


def values_of_seen(seen: Sequence[LastSeen]) -> list[dict[str, Any]]:
    """Sorted, so that no two processes that write the same sessions wait for each other."""
    return [
        {"session_id": it.session_id, "user_id": it.user_id, "at": column.of_moment(it.at)}
        for it in sorted(seen, key=lambda it: (it.user_id or 0, it.session_id))
    ]


def _session(row: Row) -> Session:
    (
        id,
        app_id,
        user_id,
        device_id,
        workspace,
        assurance,
        door,
        idle,
        at_most,
        token_expires_at,
        renewed_at,
        created_at,
        last_seen_at,
        ended_at,
    ) = row
    return Session(
        SessionId(id),
        AppId(app_id),
        None if user_id is None else UserId(user_id),
        device_id,
        workspace,
        Assurance(assurance),
        door,
        Lifetime(column.optional_duration(idle), column.optional_duration(at_most)),
        column.moment(created_at),
        column.moment(last_seen_at),
        column.optional_moment(ended_at),
        column.optional_moment(token_expires_at),
        column.optional_moment(renewed_at),
    )


def _values(session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "app_id": session.app_id,
        "user_id": session.user_id,
        "device_id": session.device_id,
        "workspace": session.workspace,
        "assurance": session.assurance.value,
        "door": session.door,
        "idle": column.of_optional_duration(session.lifetime.idle),
        "at_most": column.of_optional_duration(session.lifetime.at_most),
        "token_expires_at": column.of_optional_moment(session.token_expires_at),
        "renewed_at": column.of_optional_moment(session.renewed_at),
        "created_at": column.of_moment(session.created_at),
        "last_seen_at": column.of_moment(session.last_seen_at),
        "ended_at": column.of_optional_moment(session.ended_at),
    }
