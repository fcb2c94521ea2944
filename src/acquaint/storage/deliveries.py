"""Deliveries: what is on its way to webhooks, and the log of what was."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, literal, select, update

from ..domain.events import EventId
from ..domain.paging import Page, PageAsked
from ..domain.webhooks import Delivery, DeliveryState, Outcome, Trouble, WebhookId
from . import columns as column
from . import tables as t
from .connection import Connection, Row
from .inserting import insert
from .paging import LAST, page_of
from .statements import Statement

_deliveries, _kinds = t.deliveries.c, t.webhook_kinds.c

_DELIVERY: Final = (
    _deliveries.webhook_id,
    _deliveries.event_id,
    _deliveries.state,
    _deliveries.attempts,
    _deliveries.at,
    _deliveries.due_at,
    _deliveries.last_at,
    _deliveries.status,
    _deliveries.trouble,
)
_this = (_deliveries.webhook_id == bindparam("webhook_id"), _deliveries.event_id == bindparam("event_id"))
_of_webhook = _deliveries.webhook_id == bindparam("webhook_id")
_put = insert(t.deliveries).values({it.name: bindparam(it.name) for it in _DELIVERY})

FOR_EVENT = Statement(  # by every Event that is added
    insert(t.deliveries).from_select(
        [it.name for it in _DELIVERY[:6]],
        select(
            _kinds.webhook_id,
            bindparam("event_id", type_=_deliveries.event_id.type),
            literal(DeliveryState.WAITING.value),
            literal(0),
            bindparam("at", type_=_deliveries.at.type),
            bindparam("at", type_=_deliveries.at.type),
        ).where(_kinds.app_id == bindparam("app_id"), _kinds.kind == bindparam("kind")),
    )
)
KINDS_WANTED = Statement(select(_kinds.kind).where(_kinds.app_id == bindparam("app_id")).distinct())
_PUT = Statement(
    _put.on_conflict_do_update(
        index_elements=[_deliveries.webhook_id, _deliveries.event_id],
        set_={it.name: _put.excluded[it.name] for it in _DELIVERY[2:]},
    )
)
_GET = Statement(select(*_DELIVERY).where(*_this), holds=t.deliveries)
_OF = Statement(
    select(*_DELIVERY)
    .where(_of_webhook, _deliveries.event_id < bindparam("before"))
    .order_by(_deliveries.event_id.desc())
    .limit(bindparam("limit"))
)
_DUE = Statement(
    select(*_DELIVERY)
    .where(_of_webhook, _deliveries.due_at <= bindparam("now"))
    .order_by(_deliveries.due_at)
    .limit(bindparam("limit")),
    holds=t.deliveries,
)
_SAVE = Statement(
    update(t.deliveries)
    .where(*_this, _deliveries.due_at == bindparam("was_due_at"))
    .values({it.name: bindparam(it.name) for it in _DELIVERY[2:]})
)
_REMOVE = Statement(delete(t.deliveries).where(*_this))
_some = select(_deliveries.webhook_id, _deliveries.event_id).where(_deliveries.at < bindparam("before"))
_OLD = Statement(_some.order_by(_deliveries.at).limit(bindparam("limit")))


class SqlDeliveries:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def add(self, delivery: Delivery) -> None:
        await self._db.change(_PUT, **_values(delivery))

    async def get(self, webhook_id: WebhookId, event_id: EventId) -> Delivery | None:
        row = await self._db.row(_GET, webhook_id=webhook_id, event_id=event_id)
        return None if row is None else _delivery(row)

    async def of(self, webhook_id: WebhookId, page: PageAsked) -> Page[Delivery]:
        before = LAST if page.after is None else page.after
        rows = await self._db.rows(_OF, webhook_id=webhook_id, before=before, limit=page.limit + 1)
        return page_of([_delivery(row) for row in rows], page, lambda it: it.event_id)

    async def due(self, webhook_id: WebhookId, now: datetime, limit: int) -> list[Delivery]:
        rows = await self._db.rows(_DUE, webhook_id=webhook_id, now=column.of_moment(now), limit=limit)
        return [_delivery(row) for row in rows]

    async def save(self, delivery: Delivery, *, was_due_at: datetime | None) -> bool:
        values = _values(delivery) | {"was_due_at": column.of_optional_moment(was_due_at)}
        return bool(await self._db.change(_SAVE, **values))

    async def remove(self, webhook_id: WebhookId, event_id: EventId) -> None:
        await self._db.change(_REMOVE, webhook_id=webhook_id, event_id=event_id)

    async def sweep(self, before: datetime, limit: int) -> int:
        old = await self._db.rows(_OLD, before=column.of_moment(before), limit=limit)
        for webhook_id, event_id in old:
            await self._db.change(_REMOVE, webhook_id=webhook_id, event_id=event_id)
        return len(old)


def _values(it: Delivery) -> dict[str, Any]:
    return {
        "webhook_id": it.webhook_id,
        "event_id": it.event_id,
        "state": it.state.value,
        "attempts": it.attempts,
        "at": column.of_moment(it.at),
        "due_at": column.of_optional_moment(it.due_at),
        "last_at": column.of_optional_moment(it.last_at),
        "status": it.last.status if it.last else None,
        "trouble": it.last.trouble.value if it.last and it.last.trouble else None,
    }


def _delivery(row: Row) -> Delivery:
    webhook_id, event_id, state, attempts, at, due_at, last_at, status, trouble = row
    last = None if status is None and trouble is None else Outcome(status, Trouble(trouble) if trouble else None)
    return Delivery(
        WebhookId(webhook_id),
        EventId(event_id),
        column.moment(at),
        DeliveryState(state),
        attempts,
        column.optional_moment(due_at),
        column.optional_moment(last_at),
        last,
    )
