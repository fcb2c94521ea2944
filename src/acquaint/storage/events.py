"""Events: what happened, kept in the order of their ids."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, Final

from sqlalchemy import bindparam, select

from ..domain.apps import AppId
from ..domain.conversations import ConversationId
from ..domain.events import IDENTITY_KINDS, Event, EventId, EventKind
from ..domain.paging import Page, PageAsked
from ..domain.sessions import SessionId
from ..domain.users import UserId
from . import columns as column
from . import tables as t
from .adding import add
from .connection import Connection, Row
from .deliveries import FOR_EVENT, KINDS_WANTED
from .inserting import insert
from .paging import LAST, page_of
from .statements import Statement, among

_events = t.events.c

_EVENT: Final = (
    _events.id,
    _events.app_id,
    _events.kind,
    _events.at,
    _events.user_id,
    _events.session_id,
    _events.conversation_id,
    _events.details,
)
_ADD = Statement(
    insert(t.events)
    .values({it.name: bindparam(it.name) for it in (*_EVENT, _events.is_audit, _events.written_by)})
    .on_conflict_do_nothing()
)
_MANY = Statement(select(*_EVENT).where(among(_events.id, "ids")))
_OF_OTHERS = Statement(
    select(*_EVENT)
    .where(_events.id > bindparam("after"), _events.written_by != bindparam("written_by"))
    .order_by(_events.id)
)


_EVERY_KIND: Final = frozenset(it.value for it in EventKind)


@cache
def _after(*, app: bool, kinds: bool, conversations: bool, user: bool) -> Statement:
    """Events beyond an id, with a condition for each filter that is there."""
    query = select(*_EVENT).where(_events.id > bindparam("after"))
    if app:  # where another filter is narrower, that one's index finds the rows: + 0 keeps this one's out of it
        app_id = _events.app_id + 0 if conversations or user else _events.app_id
        query = query.where(app_id == bindparam("app_id"))
    if kinds:
        query = query.where(among(_events.kind, "kinds"))
    if conversations:
        query = query.where(among(_events.conversation_id, "conversation_ids"))
    if user:
        query = query.where(_events.user_id == bindparam("user_id"))
    return Statement(query.order_by(_events.id).limit(bindparam("limit")))


@cache
def _latest(*, audit: bool, user: bool) -> Statement:
    """Newest first. The audit trail has an index of its own, so that it is not searched for among messages."""
    query = select(*_EVENT).where(
        _events.app_id == bindparam("app_id"), _events.id < bindparam("before"), among(_events.kind, "kinds")
    )
    if audit:
        query = query.where(_events.is_audit.is_(True))
    if user:
        query = query.where(_events.user_id == bindparam("user_id"))
    return Statement(query.order_by(_events.id.desc()).limit(bindparam("limit")))


class SqlEvents:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def add(self, event: Event) -> Event:
        event = await add(self._db, _ADD, event, _values(event, self._db.own.number))
        if event.app_id is not None and event.kind.value in await self._wanted(event.app_id):
            at, kind = column.of_moment(event.at), event.kind.value
            await self._db.change(FOR_EVENT, app_id=event.app_id, kind=kind, event_id=event.id, at=at)
        self._db.events.append(event)
        return event

    async def _wanted(self, app_id: AppId) -> Collection[str]:
        """The kinds that the App's webhooks may ask for: all of them, where nobody remembers which."""
        remembered = self._db.own.wanted
        if remembered is None:
            return _EVERY_KIND
        kinds = remembered.get(app_id)
        if kinds is None:
            kinds = frozenset(row[0] for row in await self._db.rows(KINDS_WANTED, app_id=app_id))
            remembered[app_id] = kinds
        return kinds

    async def many(self, ids: Collection[EventId]) -> dict[EventId, Event]:
        rows = await self._db.rows(_MANY, ids=list(ids)) if ids else []
        return {it.id: it for it in map(_event, rows)}

    async def after(
        self,
        id: int,
        *,
        app_id: AppId | None,
        kinds: Collection[EventKind] | None = None,
        conversation_ids: Collection[ConversationId] | None = None,
        user_id: UserId | None = None,
        limit: int = 200,
    ) -> list[Event]:
        statement = _after(
            app=app_id is not None,
            kinds=kinds is not None,
            conversations=conversation_ids is not None,
            user=user_id is not None,
        )
        rows = await self._db.rows(
            statement,
            after=id,
            app_id=app_id,
            kinds=[it.value for it in kinds or ()],
            conversation_ids=conversation_ids,
            user_id=user_id,
            limit=limit,
        )
        return [_event(row) for row in rows]

    async def latest(
        self, app_id: AppId, page: PageAsked, *, kinds: Collection[EventKind], user_id: UserId | None
    ) -> Page[Event]:
        rows = await self._db.rows(
            _latest(audit=IDENTITY_KINDS.issuperset(kinds), user=user_id is not None),
            app_id=app_id,
            before=LAST if page.after is None else page.after,
            kinds=[it.value for it in kinds],
            user_id=user_id,
            limit=page.limit + 1,
        )
        return page_of([_event(row) for row in rows], page, lambda it: it.id)

    async def of_others(self, after: int) -> list[Event]:
        """What other processes wrote beyond the id, oldest first."""
        rows = await self._db.rows(_OF_OTHERS, after=after, written_by=self._db.own.number)
        return [_event(row) for row in rows]


def _event(row: Row) -> Event:
    id, app_id, kind, at, user_id, session_id, conversation_id, details = row
    return Event(
        EventId(id),
        None if app_id is None else AppId(app_id),
        EventKind(kind),
        column.moment(at),
        None if user_id is None else UserId(user_id),
        None if session_id is None else SessionId(session_id),
        None if conversation_id is None else ConversationId(conversation_id),
        column.data(details),
    )


def _values(event: Event, written_by: int) -> dict[str, Any]:
    return {
        "id": event.id,
        "app_id": event.app_id,
        "kind": event.kind.value,
        "at": column.of_moment(event.at),
        "user_id": event.user_id,
        "session_id": event.session_id,
        "conversation_id": event.conversation_id,
        "details": column.of_data(event.details),
        "is_audit": event.kind in IDENTITY_KINDS,
        "written_by": written_by,
    }
