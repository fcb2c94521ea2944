"""What nobody needs any more, found a few rows at a time; and whose turn it is to look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)

from ..domain import ids
from ..domain.apps import AppId
from ..domain.events import EventId
from ..domain.places import DeviceId
from ..domain.users import Standing, UserId
from ..ports.store.upkeep import COUNTED, Named, WalkedEvents, WalkedNames, WalkedUsers
from . import columns as column
from . import tables as t
from .connection import Connection, Row
from .inserting import insert
from .statements import Statement, among

_turns, _words, _retired, _users = t.turns.c, t.device_words.c, t.retired_devices.c, t.users.c
_memberships, _sessions, _files, _events = t.memberships.c, t.sessions.c, t.files.c, t.events.c

_turn = insert(t.turns).values(name=bindparam("name"), until=bindparam("until"))
_TAKE_TURN = Statement(
    _turn.on_conflict_do_update(
        index_elements=[_turns.name],
        set_={"until": _turn.excluded.until},
        # one that is longer than any turn was taken by a clock that was wrong
        where=or_(_turns.until <= bindparam("now"), _turns.until > _turn.excluded.until),
    )
)


def _is_empty(app_id: ColumnElement[int], device_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether nobody, no conversation and no open session is on the device."""
    return and_(
        ~exists().where(_users.app_id == app_id, _users.device_id == device_id),
        ~exists().where(
            _memberships.app_id == app_id, _memberships.device_id == device_id, _memberships.assurance < t.VERIFIED
        ),
        ~exists().where(
            _sessions.app_id == app_id,
            _sessions.device_id == device_id,
            _sessions.ended_at.is_(None),
            _sessions.assurance < t.VERIFIED,
        ),
    )


def _walked(key: Sequence[ColumnElement[Any]], *more: ColumnElement[Any]) -> Select[Any]:
    """The next few rows behind a key of an App id and a text, in that order."""
    behind = tuple_(*key) > tuple_(bindparam("after_app", type_=BigInteger), bindparam("after_text", type_=key[1].type))
    return select(*key, *more).where(behind).order_by(*key).limit(bindparam("limit"))


_some_words = _walked((_words.app_id, _words.word), _words.device_id, _words.said_at).subquery("some_words")
_WORDS = Statement(
    select(
        _some_words.c.app_id,
        _some_words.c.word,
        and_(
            _some_words.c.device_id.is_not(None),
            func.coalesce(_some_words.c.said_at, t.NEVER) < bindparam("before"),
            _is_empty(_some_words.c.app_id, _some_words.c.device_id),
        ),
    ).order_by(_some_words.c.app_id, _some_words.c.word)
)
_FORGET_WORD = Statement(
    delete(t.device_words).where(
        _words.app_id == bindparam("app_id"),
        _words.word == bindparam("text"),
        _words.device_id.is_not(None),
        _words.said_at < bindparam("before"),
        _is_empty(_words.app_id, _words.device_id),
    )
)
_some_retired = _walked((_retired.app_id, _retired.device_id), _retired.retired_at).subquery("some_retired")
_RETIRED = Statement(
    select(
        _some_retired.c.app_id,
        _some_retired.c.device_id,
        and_(
            _some_retired.c.retired_at < bindparam("before"),
            _is_empty(_some_retired.c.app_id, _some_retired.c.device_id),
        ),
    ).order_by(_some_retired.c.app_id, _some_retired.c.device_id)
)
_FORGET_RETIRED = Statement(
    delete(t.retired_devices).where(
        _retired.app_id == bindparam("app_id"),
        _retired.device_id == bindparam("text"),
        _retired.retired_at < bindparam("before"),
        _is_empty(_retired.app_id, _retired.device_id),
    )
)


def _is_unused(user: Any) -> ColumnElement[bool]:
    of_user = user.id
    return and_(
        user.device_id.is_not(None),
        user.is_guest.is_(False),
        user.is_vouched.is_(False),
        user.standing == Standing.ACTIVE.value,
        func.coalesce(user.last_seen_at, user.created_at) < bindparam("before"),
        ~exists().where(t.identifiers.c.user_id == of_user),
        ~exists().where(_memberships.user_id == of_user),
        ~exists().where(t.messages.c.sender_id == of_user),
        ~exists().where(_files.owner_id == of_user),
        ~exists().where(_sessions.user_id == of_user, _sessions.over_at > bindparam("now")),
    )


_some_users = (
    select(*_users)
    .where(_users.app_id == bindparam("app_id"), _users.device_id > bindparam("after"))
    .order_by(_users.device_id)
    .limit(bindparam("limit"))
    .subquery("some_users")
)
_UNUSED = Statement(
    select(_some_users.c.id, _some_users.c.device_id, _is_unused(_some_users.c)).order_by(_some_users.c.device_id)
)
_IS_UNUSED = Statement(select(_users.id).where(_users.id == bindparam("id"), _is_unused(_users)))

_OLD_EVENTS = Statement(
    select(_events.id, _events.is_audit)
    .where(_events.app_id == bindparam("app_id"), _events.id > bindparam("after"), _events.id < bindparam("before"))
    .order_by(_events.id)
    .limit(bindparam("limit"))
)
_FORGET_EVENTS = Statement(delete(t.events).where(among(_events.id, "ids")))

_GROWING: Final = (
    t.answers,
    t.deliveries,
    t.device_words,
    t.events,
    t.files,
    t.messages,
    t.retired_devices,
    t.sessions,
    t.tickets,
    t.users,
)
_SIZES: Final = tuple(
    Statement(
        select(literal(it.name), func.count()).select_from(
            select(literal_column("1")).select_from(it).limit(literal(COUNTED)).subquery("counted")
        )
    )
    for it in _GROWING
)
_FILE_BYTES = Statement(select(t.file_space.c.size))


class SqlUpkeep:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def take_turn(self, name: str, *, until: datetime, now: datetime) -> bool:
        values = {"until": column.of_moment(until), "now": column.of_moment(now)}
        return bool(await self._db.change(_TAKE_TURN, name=name, **values))

    async def words(self, before: datetime, *, after: Named | None, limit: int) -> WalkedNames:
        return await self._names(_WORDS, before, after, limit)

    async def forget_word(self, it: Named, before: datetime) -> bool:
        return await self._forget(_FORGET_WORD, it, before)

    async def retired_devices(self, before: datetime, *, after: Named | None, limit: int) -> WalkedNames:
        return await self._names(_RETIRED, before, after, limit)

    async def forget_retired_device(self, it: Named, before: datetime) -> bool:
        return await self._forget(_FORGET_RETIRED, it, before)

    async def unused_users(
        self, app_id: AppId, before: datetime, now: datetime, *, after: DeviceId | None, limit: int
    ) -> WalkedUsers:
        rows = await self._db.rows(
            _UNUSED,
            app_id=app_id,
            before=column.of_moment(before),
            now=column.of_moment(now),
            after=after or "",
            limit=limit,
        )
        unneeded = [UserId(id) for id, _, is_unused in rows if is_unused]
        return WalkedUsers(unneeded, DeviceId(rows[-1][1]) if len(rows) == limit else None)

    async def is_unused(self, id: UserId, before: datetime, now: datetime) -> bool:
        values = {"before": column.of_moment(before), "now": column.of_moment(now)}
        return await self._db.row(_IS_UNUSED, id=id, **values) is not None

    async def old_events(
        self,
        app_id: AppId,
        *,
        audit_before: datetime | None,
        live_before: datetime | None,
        after: EventId | None,
        limit: int,
    ) -> WalkedEvents:
        audit, live = (0 if it is None else ids.first_at(it) for it in (audit_before, live_before))
        rows = await self._db.rows(_OLD_EVENTS, app_id=app_id, after=after or 0, before=max(audit, live), limit=limit)
        unneeded = [EventId(id) for id, is_audit in rows if id < (audit if is_audit else live)]
        return WalkedEvents(unneeded, EventId(rows[-1][0]) if len(rows) == limit else None)

    async def forget_events(self, ids: Sequence[EventId]) -> int:
        return await self._db.change(_FORGET_EVENTS, ids=list(ids))

    async def sizes(self) -> Mapping[str, int]:
        found = {}
        for it in _SIZES:
            ((name, count),) = await self._db.rows(it)
            found[str(name)] = int(count)
        found["file_bytes"] = sum(int(row[0]) for row in await self._db.rows(_FILE_BYTES))
        return found

    async def _names(self, statement: Statement, before: datetime, after: Named | None, limit: int) -> WalkedNames:
        app_id, text = (after.app_id, after.text) if after is not None else (0, "")
        rows: list[Row] = await self._db.rows(
            statement, before=column.of_moment(before), after_app=app_id, after_text=text, limit=limit
        )
        names = [Named(AppId(row[0]), str(row[1])) for row in rows]
        unneeded = [name for name, row in zip(names, rows, strict=True) if row[2]]
        return WalkedNames(unneeded, names[-1] if len(names) == limit else None)

    async def _forget(self, statement: Statement, it: Named, before: datetime) -> bool:
        return bool(await self._db.change(statement, app_id=it.app_id, text=it.text, before=column.of_moment(before)))
