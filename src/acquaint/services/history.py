"""What happened: the audit trail for the App, and the news a live connection missed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from ..domain.apps import EVENTS_KEPT_AT_LEAST, App, AppId
from ..domain.conversations import (
    Conversation,
    ConversationId,
    ConversationKind,
    Membership,
    Message,
    MessageId,
    visibility_of,
)
from ..domain.events import IDENTITY_KINDS, LIVE_KINDS, Event, EventKind
from ..domain.ids import created_at, first_at
from ..domain.paging import Page, PageAsked
from ..domain.sessions import Session
from ..domain.users import UserId
from ..ports.store import Reading
from .core import Core

MOST_MARKED: Final = 100
"""Messages of one mark that are told as read or received. Who left more unread is not waited for message by message."""

OVERLAP: Final = timedelta(seconds=5)
"""How much earlier than its id an Event may be committed late: transactions and clocks of several nodes."""


@dataclass(frozen=True, slots=True)
class News:
    """An Event about a conversation with what a listener needs: who may hear it, and what was said.

    Of a message those members do not hear who cleared or deleted it for themselves, and what somebody does for
    themselves alone only they hear. Without any members it is a ``farewell``.
    """

    event: Event
    conversation: Conversation
    members: tuple[Membership, ...]
    message: Message | None
    marked: tuple[Message, ...] = ()  # what somebody newly read or got, oldest first; only as it happens


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


async def unfold(core: Core, events: Sequence[Event]) -> list[News]:
    """The Events with their conversation, members and message as they are now; without those about no conversation."""
    if not events:
        return []
    async with core.store.read() as tx:
        return [replace(it, marked=await _marked(tx, it.event)) for it in await _unfold(tx, events)]


def farewell(event: Event) -> tuple[News, frozenset[UserId]] | None:
    """For an Event after which somebody is not a member any more: what they are told, and who they are.

    They hear that it happened, and where. What is left of the conversation for them is made of the Event: it may not
    be there any more.
    """
    removed = event.details.get("removed")
    if event.app_id is None or event.conversation_id is None or not removed:
        return None
    what_is_left = Conversation(
        event.conversation_id,
        event.app_id,
        ConversationKind(event.details["of_kind"]),
        event.details["workspace"],
        created_at=event.at,
        updated_at=event.at,
    )
    return News(event, what_is_left, (), None), frozenset(UserId(int(it)) for it in removed)


async def missed_by(core: Core, session: Session, event_id: int, limit: int) -> list[News] | None:
    """What the session sees of what happened beyond the Event it last heard of, oldest first; None when it is more
    than the limit, or may be: Events of then may be gone.

    Begins a little earlier: Events are kept when they are committed, which need not be in the order of their ids.
    """
    if session.user_id is None:
        return []
    since = _since(core, event_id)
    if since is None:
        return None
    async with core.store.search() as tx:
        mine = await tx.conversations.of_member(session.app_id, session.user_id)
        events = await tx.events.after(
            since, app_id=session.app_id, kinds=LIVE_KINDS, conversation_ids=mine, limit=limit + 1
        )
        if len(events) > limit:
            return None
        news = await _unfold(tx, events)
    visibility = visibility_of(session)
    return [it for it in news if visibility.covers(it.conversation, it.members)]


async def missed_by_app(core: Core, app_id: AppId, event_id: int, limit: int) -> list[News] | None:
    """The same, of all the App's conversations; without what somebody did for themselves alone."""
    since = _since(core, event_id)
    if since is None:
        return None
    async with core.store.search() as tx:
        events = await tx.events.after(since, app_id=app_id, kinds=LIVE_KINDS, limit=limit + 1)
        if len(events) > limit:
            return None
        return await _unfold(tx, [it for it in events if "only_for" not in it.details])


def _since(core: Core, event_id: int) -> int | None:
    """None where Events beyond that one may be gone."""
    at = created_at(event_id) - OVERLAP
    return None if at < core.clock() - EVENTS_KEPT_AT_LEAST else max(0, first_at(at) - 1)


async def _unfold(tx: Reading, events: Sequence[Event]) -> list[News]:
    whole: dict[ConversationId, tuple[Conversation, tuple[Membership, ...]]] = {}
    for event in events:
        id = event.conversation_id
        if event.app_id is None or id is None or id in whole:
            continue
        conversation = await tx.conversations.get(event.app_id, id)
        if conversation is not None:
            whole[id] = conversation, tuple(await tx.conversations.members(id))
    messages = await tx.messages.many([mark for it in events if (mark := _message_id(it)) is not None])
    hidden = await tx.messages.hidden(list(messages))
    news = []
    for event in events:
        if event.conversation_id in whole:
            conversation, members = whole[event.conversation_id]
            message_id = _message_id(event)
            message = messages.get(message_id) if message_id is not None else None
            is_there = message is not None and message.conversation_id == conversation.id
            if only_for := event.details.get("only_for"):
                news.append(News(event, conversation, tuple(it for it in members if str(it.user_id) == only_for), None))
            elif message is None or not is_there:
                news.append(News(event, conversation, members, None))
            else:
                to = _who_sees(message, members, hidden.get(message.id, ()))
                news.append(News(event, conversation, to, message))
    return news


def _who_sees(
    message: Message, members: tuple[Membership, ...], hidden_by: Collection[UserId]
) -> tuple[Membership, ...]:
    if not hidden_by and all(it.may_read(message.id) for it in members):
        return members
    return tuple(it for it in members if it.may_read(message.id) and it.user_id not in hidden_by)


def _message_id(event: Event) -> MessageId | None:
    id = event.details.get("message")
    return None if id is None else MessageId(int(id))


async def _marked(tx: Reading, event: Event) -> tuple[Message, ...]:
    """The messages beyond the point where the mark was before, up to where it is now; of many the latest ones."""
    up_to, after = event.details.get("up_to"), event.details.get("after")
    if up_to is None or after is None or event.conversation_id is None:
        return ()
    latest = await tx.messages.history(event.conversation_id, PageAsked(MOST_MARKED, after=int(up_to) + 1))
    return tuple(it for it in reversed(latest.items) if it.id > int(after))
