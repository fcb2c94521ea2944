"""What happened: the audit trail for the App, and the news a live connection missed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..domain.apps import App, AppId
from ..domain.conversations import Conversation, Membership, Message, MessageId
from ..domain.events import IDENTITY_KINDS, Event, EventKind
from ..domain.paging import Page, PageAsked
from ..domain.users import UserId
from .core import Core


@dataclass(frozen=True, slots=True)
class News:
    """An Event about a conversation with what a listener needs: who may hear it, and what was said."""

    event: Event
    conversation: Conversation
    members: tuple[Membership, ...]
    message: Message | None


async def audit(
    core: Core,
    app: App,
    page: PageAsked,
    *,
    user_id: UserId | None = None,
    kinds: Collection[EventKind] = IDENTITY_KINDS,
) -> Page[Event]:
    """The App's Events of these kinds, newest first."""
    async with core.store.search() as tx:
        return await tx.events.latest(app.id, page, kinds=kinds, user_id=user_id)


async def unfold(core: Core, event: Event) -> News | None:
    """The Event with its conversation, members and message as they are now; None where it is about no conversation."""
    if event.app_id is None or event.conversation_id is None:
        return None
    async with core.store.read() as tx:
        conversation = await tx.conversations.get(event.app_id, event.conversation_id)
        if conversation is None:
            return None
        members = await tx.conversations.members(conversation.id)
        message_id = event.details.get("message")
        message = await tx.messages.get(conversation.id, MessageId(int(message_id))) if message_id else None
    return News(event, conversation, tuple(members), message)


async def news_after(
    core: Core, app_id: AppId, user_id: UserId, event_id: int, kinds: Collection[EventKind], limit: int
) -> list[Event]:
    """Events of the conversations the user is in, beyond the one last seen, oldest first.

    Whoever hands them on must still ask Visibility about each.
    """
    async with core.store.search() as tx:
        mine = await tx.conversations.of_member(app_id, user_id)
        return await tx.events.after(event_id, app_id=app_id, kinds=kinds, conversation_ids=mine, limit=limit)
