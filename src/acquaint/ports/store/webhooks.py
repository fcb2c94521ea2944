"""Where Apps want to hear what happens, and what is on its way there.

Deliveries are made by ``events.add``: for every enabled Webhook of the App that asks for the Event's kind, in the same
transaction.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ...domain.apps import AppId
from ...domain.events import EventId
from ...domain.paging import Page, PageAsked
from ...domain.webhooks import Delivery, Webhook, WebhookId


class Webhooks(Protocol):
    async def add(self, webhook: Webhook) -> Webhook: ...
    async def get(self, app_id: AppId, id: WebhookId) -> Webhook | None: ...
    async def of(self, app_id: AppId) -> list[Webhook]:
        """The App's, oldest first."""
        ...

    async def save(self, webhook: Webhook) -> None:
        """All but its secrets."""
        ...

    async def save_secrets(self, webhook: Webhook) -> None:
        """Its secrets, until when they are good, and when that changed. One that cannot be opened is an empty text."""
        ...

    async def remove(self, id: WebhookId) -> None:
        """With its deliveries."""
        ...

    async def due(self, now: datetime, *, after: int, limit: int) -> list[tuple[AppId, WebhookId]]:
        """Of all Apps, those that are enabled, not paused, and have a Delivery that is due; by id, beyond the one."""
        ...


class Deliveries(Protocol):
    async def add(self, delivery: Delivery) -> None:
        """Adds it, or puts it in the place of the one that is there."""
        ...

    async def get(self, webhook_id: WebhookId, event_id: EventId) -> Delivery | None: ...
    async def of(self, webhook_id: WebhookId, page: PageAsked) -> Page[Delivery]:
        """Newest first, by the ids of their Events."""
        ...

    async def due(self, webhook_id: WebhookId, now: datetime, limit: int) -> list[Delivery]:
        """Those that have waited longest first. In a write nobody else claims them meanwhile."""
        ...

    async def save(self, delivery: Delivery, *, was_due_at: datetime | None) -> bool:
        """Answers False, and changes nothing, when it is not due at that moment any more: somebody else has it."""
        ...

    async def remove(self, webhook_id: WebhookId, event_id: EventId) -> None: ...
    async def sweep(self, before: datetime, limit: int) -> int:
        """Forgets those of before the moment; answers how many."""
        ...
