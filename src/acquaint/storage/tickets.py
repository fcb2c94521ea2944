"""Tickets: each is spent once, whoever asks first."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, select, update

from ..domain.apps import AppId
from ..domain.errors import IdentifierTaken
from ..domain.sessions import SessionId
from ..domain.tickets import Purpose, Ticket, TicketId
from ..domain.users import UserId
from . import columns as column
from . import tables as t
from .adding import add
from .connection import Connection, Row
from .inserting import insert
from .statements import Statement

_tickets = t.tickets.c

_TICKET: Final = (
    _tickets.id,
    _tickets.app_id,
    _tickets.purpose,
    _tickets.expires_at,
    _tickets.user_id,
    _tickets.session_id,
    _tickets.used_at,
    _tickets.details,
)
_ADD = Statement(
    insert(t.tickets)
    .values({it.name: bindparam(it.name) for it in (*_TICKET, _tickets.fingerprint)})
    .on_conflict_do_nothing()
)
_BY_FINGERPRINT = Statement(select(_tickets.id).where(_tickets.fingerprint == bindparam("fingerprint")))
_FIND = Statement(
    select(*_TICKET).where(
        _tickets.fingerprint == bindparam("fingerprint"),
        _tickets.purpose == bindparam("purpose"),
        _tickets.used_at.is_(None),
        _tickets.expires_at > bindparam("now"),
    )
)
_KNOWN = Statement(
    select(*_TICKET).where(_tickets.fingerprint == bindparam("fingerprint"), _tickets.purpose == bindparam("purpose"))
)
_OWNER = Statement(
    select(t.users.c.id)
    .join(t.tickets, _tickets.user_id == t.users.c.id)
    .where(_tickets.fingerprint == bindparam("fingerprint")),
    holds=t.users,
)
_TAKE = Statement(
    update(t.tickets)
    .where(
        _tickets.fingerprint == bindparam("fingerprint"),
        _tickets.purpose == bindparam("purpose"),
        _tickets.used_at.is_(None),
        _tickets.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"))
    .returning(*_TICKET)
)
_VOID = Statement(
    update(t.tickets)
    .where(
        _tickets.user_id == bindparam("user_id"),
        _tickets.purpose == bindparam("purpose"),
        _tickets.used_at.is_(None),
    )
    .values(used_at=bindparam("now"))
)
_SWEEP = Statement(
    delete(t.tickets).where(
        _tickets.id.in_(
            select(_tickets.id)
            .where(_tickets.expires_at < bindparam("before"))
            .order_by(_tickets.expires_at)
            .limit(bindparam("limit"))
        )
    )
)


class SqlTickets:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def add(self, ticket: Ticket, fingerprint: str) -> Ticket:
        async def refuse() -> None:
            if await self._db.row(_BY_FINGERPRINT, fingerprint=fingerprint):
                raise IdentifierTaken("fingerprint")

        values = {
            "id": ticket.id,
            "app_id": ticket.app_id,
            "purpose": ticket.purpose.value,
            "fingerprint": fingerprint,
            "user_id": ticket.user_id,
            "session_id": ticket.session_id,
            "expires_at": column.of_moment(ticket.expires_at),
            "used_at": column.of_optional_moment(ticket.used_at),
            "details": column.of_data(ticket.details),
        }
        return await add(self._db, _ADD, ticket, values, refuse)

    async def take(self, purpose: Purpose, fingerprint: str, now: datetime) -> Ticket | None:
        await self._db.rows(_OWNER, fingerprint=fingerprint)  # held first, like everywhere, or two wait for each other
        rows = await self._db.rows(_TAKE, purpose=purpose.value, fingerprint=fingerprint, now=column.of_moment(now))
        return _ticket(rows[0]) if rows else None

    async def find(self, purpose: Purpose, fingerprint: str, now: datetime) -> Ticket | None:
        row = await self._db.row(_FIND, purpose=purpose.value, fingerprint=fingerprint, now=column.of_moment(now))
        return None if row is None else _ticket(row)

    async def known(self, purpose: Purpose, fingerprint: str) -> Ticket | None:
        row = await self._db.row(_KNOWN, purpose=purpose.value, fingerprint=fingerprint)
        return None if row is None else _ticket(row)

    async def void(self, user_id: UserId, purpose: Purpose) -> None:
        await self._db.change(_VOID, user_id=user_id, purpose=purpose.value, now=self._db.own.now())

    async def sweep(self, before: datetime, limit: int) -> int:
        return await self._db.change(_SWEEP, before=column.of_moment(before), limit=limit)


def _ticket(row: Row) -> Ticket:
    id, app_id, purpose, expires_at, user_id, session_id, used_at, details = row
    return Ticket(
        TicketId(id),
        None if app_id is None else AppId(app_id),
        Purpose(purpose),
        column.moment(expires_at),
        None if user_id is None else UserId(user_id),
        None if session_id is None else SessionId(session_id),
        column.optional_moment(used_at),
        column.data(details),
    )
