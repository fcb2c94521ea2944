"""What happened."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from ...domain.apps import AppId
from ...domain.conversations import ConversationId
from ...domain.events import Event, EventId, EventKind
from ...domain.paging import Page, PageAsked
from ...domain.users import UserId


class Events(Protocol):
    async def add(self, event: Event) -> Event:
        """Also makes a Delivery for every enabled Webhook of the App that asks for the Event's kind."""
        ...

    async def many(self, ids: Collection[EventId]) -> dict[EventId, Event]: ...
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
        """Events beyond the id, oldest first; None leaves a filter out, an empty collection matches nothing."""
        ...

    async def latest(
        self, app_id: AppId, page: PageAsked, *, kinds: Collection[EventKind], user_id: UserId | None
    ) -> Page[Event]:
        """Newest first: the audit trail."""
        ...
