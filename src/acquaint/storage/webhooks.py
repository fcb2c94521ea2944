"""Webhooks. Their secrets are kept sealed, and not as fingerprints: we sign with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, exists, or_, select, update

from ..domain.apps import AppId
from ..domain.events import EventKind
from ..domain.webhooks import Webhook, WebhookId
from ..ports.crypto import Sealing
from . import columns as column
from . import tables as t
from .adding import add
from .connection import Connection, Row
from .inserting import insert
from .sealed import about, opened_or_empty
from .statements import Statement

_webhooks, _kinds, _deliveries = t.webhooks.c, t.webhook_kinds.c, t.deliveries.c

_WEBHOOK: Final = (
    _webhooks.id,
    _webhooks.app_id,
    _webhooks.url,
    _webhooks.format,
    _webhooks.names,
    _webhooks.kinds,
    _webhooks.secret,
    _webhooks.created_at,
    _webhooks.changed_at,
    _webhooks.previous_secret,
    _webhooks.previous_until,
    _webhooks.disabled_at,
    _webhooks.disabled_because,
    _webhooks.failures,
    _webhooks.failing_since,
    _webhooks.paused_until,
)
_OF_SECRETS: Final = frozenset({_webhooks.secret, _webhooks.previous_secret, _webhooks.previous_until})
_of_app = _webhooks.app_id == bindparam("app_id")

_ADD = Statement(insert(t.webhooks).values({it.name: bindparam(it.name) for it in _WEBHOOK}).on_conflict_do_nothing())
_GET = Statement(select(*_WEBHOOK).where(_webhooks.id == bindparam("id"), _of_app), holds=t.webhooks)
_OF = Statement(select(*_WEBHOOK).where(_of_app).order_by(_webhooks.id))
_SAVE = Statement(
    update(t.webhooks)
    .where(_webhooks.id == bindparam("id"))
    .values({it.name: bindparam(it.name) for it in _WEBHOOK[2:] if it not in _OF_SECRETS})
)
_SAVE_SECRETS = Statement(
    update(t.webhooks)
    .where(_webhooks.id == bindparam("id"))
    .values({it.name: bindparam(it.name) for it in (*_OF_SECRETS, _webhooks.changed_at)})
)
_REMOVE = (
    Statement(delete(t.webhooks).where(_webhooks.id == bindparam("id"))),
    Statement(delete(t.deliveries).where(_deliveries.webhook_id == bindparam("id"))),
)
_DUE = Statement(
    select(_webhooks.app_id, _webhooks.id)
    .where(
        _webhooks.id > bindparam("after"),
        _webhooks.disabled_at.is_(None),
        or_(_webhooks.paused_until.is_(None), _webhooks.paused_until <= bindparam("now")),
        exists().where(_deliveries.webhook_id == _webhooks.id, _deliveries.due_at <= bindparam("now")),
    )
    .order_by(_webhooks.id)
    .limit(bindparam("limit"))
)
_ASK_FOR = Statement(
    insert(t.webhook_kinds)
    .values({it.name: bindparam(it.name) for it in (_kinds.app_id, _kinds.kind, _kinds.webhook_id)})
    .on_conflict_do_nothing()
)
_ASK_FOR_NOTHING = Statement(delete(t.webhook_kinds).where(_kinds.webhook_id == bindparam("id")))


class SqlWebhooks:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def add(self, webhook: Webhook) -> Webhook:
        values = _values(webhook) | _of_secrets(webhook, webhook.id, self._db.own.sealing)
        sealing = self._db.own.sealing
        webhook = await add(self._db, _ADD, webhook, values, bound=lambda id: _of_secrets(webhook, id, sealing))
        await self._ask_for_kinds(webhook)
        return webhook

    async def get(self, app_id: AppId, id: WebhookId) -> Webhook | None:
        row = await self._db.row(_GET, app_id=app_id, id=id)
        return None if row is None else _webhook(row, self._db.own.sealing)

    async def of(self, app_id: AppId) -> list[Webhook]:
        return [_webhook(row, self._db.own.sealing) for row in await self._db.rows(_OF, app_id=app_id)]

    async def save(self, webhook: Webhook) -> None:
        await self._db.change(_SAVE, **_values(webhook))
        await self._db.change(_ASK_FOR_NOTHING, id=webhook.id)
        await self._ask_for_kinds(webhook)

    async def save_secrets(self, webhook: Webhook) -> None:
        of_secrets = _of_secrets(webhook, webhook.id, self._db.own.sealing)
        await self._db.change(
            _SAVE_SECRETS, id=webhook.id, changed_at=column.of_moment(webhook.changed_at), **of_secrets
        )

    async def remove(self, id: WebhookId) -> None:
        self._db.own.forget()
        await self._db.change(_ASK_FOR_NOTHING, id=id)
        for statement in _REMOVE:
            await self._db.change(statement, id=id)

    async def due(self, now: datetime, *, after: int, limit: int) -> list[tuple[AppId, WebhookId]]:
        rows = await self._db.rows(_DUE, now=column.of_moment(now), after=after, limit=limit)
        return [(AppId(app_id), WebhookId(id)) for app_id, id in rows]

    async def _ask_for_kinds(self, webhook: Webhook) -> None:
        self._db.own.forget()
        if webhook.is_enabled:
            for kind in sorted(webhook.kinds):
                await self._db.change(_ASK_FOR, app_id=webhook.app_id, kind=kind.value, webhook_id=webhook.id)


def _values(it: Webhook) -> dict[str, Any]:
    return {
        "id": it.id,
        "app_id": it.app_id,
        "url": it.url,
        "format": it.format,
        "names": column.of_data(it.names),
        "kinds": column.of_data(sorted(kind.value for kind in it.kinds)),
        "created_at": column.of_moment(it.created_at),
        "changed_at": column.of_moment(it.changed_at),
        "disabled_at": column.of_optional_moment(it.disabled_at),
        "disabled_because": it.disabled_because,
        "failures": it.failures,
        "failing_since": column.of_optional_moment(it.failing_since),
        "paused_until": column.of_optional_moment(it.paused_until),
    }


def _of_secrets(it: Webhook, id: int, sealing: Sealing) -> dict[str, Any]:
    previous = it.previous_secret
    kept = None if previous is None else sealing.seal(previous, about(_webhooks.previous_secret, it.app_id, id))
    return {
        "secret": sealing.seal(it.secret, about(_webhooks.secret, it.app_id, id)),
        "previous_secret": kept,
        "previous_until": column.of_optional_moment(it.previous_until),
    }


def _webhook(row: Row, sealing: Sealing) -> Webhook:
    id, app_id, url, format, names, kinds, secret, created_at, changed_at, *rest = row
    previous, previous_until, disabled_at, disabled_because, failures, failing_since, paused_until = rest
    if previous is not None:
        previous = opened_or_empty(sealing, previous, about(_webhooks.previous_secret, app_id, id))
    return Webhook(
        WebhookId(id),
        AppId(app_id),
        url,
        format,
        tuple(column.data(names)),
        frozenset(EventKind(it) for it in column.data(kinds)),
        opened_or_empty(sealing, secret, about(_webhooks.secret, app_id, id)),
        column.moment(created_at),
        column.moment(changed_at),
        previous,
        column.optional_moment(previous_until),
        column.optional_moment(disabled_at),
        disabled_because,
        failures,
        column.optional_moment(failing_since),
        column.optional_moment(paused_until),
    )
