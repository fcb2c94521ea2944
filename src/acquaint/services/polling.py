"""What a client that asks from time to time has missed. One that listens is told: live.py.

said_since       messages beyond one, of all conversations together
happened_since   Events beyond one, about those conversations
newest           from which message on there is nothing new, for a client that begins
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from ..domain.conversations import Conversation, ConversationId, Membership, Message, MessageId, visibility_of
from ..domain.events import EventKind
from ..domain.ids import first_at
from ..domain.sessions import Session
from .core import Core
from .history import News, unfold
from .known_newest import NEVER, Newest

LOOKED_BACK: Final = timedelta(hours=1)
"""How far a client that has heard of no Event yet is told of them: it has just read what there is."""

_NEWEST_OF: Final = 20  # conversations: those in which nothing was said stand among them by when they began


@dataclass(frozen=True, slots=True)
class Said:
    """A message, where it was said, and who is there."""

    message: Message
    conversation: Conversation
    members: tuple[Membership, ...]


async def said_since(core: Core, session: Session, id: int, limit: int) -> list[Said]:
    """What the session sees beyond the message, the oldest first."""
    async with core.store.search() as tx:
        mine = await tx.conversations.seen_as(visibility_of(session))
        found = await tx.messages.beyond(mine, id, limit)
        where = {it.conversation_id for it in found}
        members = await tx.conversations.members_of(where)
        conversations: dict[ConversationId, Conversation] = {}
        for one in where:
            conversation = await tx.conversations.get(session.app_id, one)
            if conversation is not None:
                conversations[one] = conversation
    return [
        Said(it, conversations[it.conversation_id], tuple(members[it.conversation_id]))
        for it in found
        if it.conversation_id in conversations
    ]


async def happened_since(
    core: Core, session: Session, id: int, limit: int, *, kinds: Collection[EventKind]
) -> list[News]:
    """What the session sees of what happened beyond the Event, the oldest first; without one, since ``LOOKED_BACK``.

    Its ``members`` are everybody there, whoever else heard of it.
    """
    if session.user_id is None:
        return []
    since = id if id > 0 else first_at(core.clock() - LOOKED_BACK) - 1
    async with core.store.search() as tx:
        mine = await tx.conversations.of_member(session.app_id, session.user_id)
        events = await tx.events.after(since, app_id=session.app_id, kinds=kinds, conversation_ids=mine, limit=limit)
    visibility = visibility_of(session)
    news = [it for it in await unfold(core, events) if visibility.covers(it.conversation, it.members)]
    async with core.store.read() as tx:
        there = await tx.conversations.members_of({it.conversation.id for it in news})
    return [replace(it, members=tuple(there[it.conversation.id])) for it in news]


async def newest(core: Core, session: Session) -> MessageId | None:
    """The latest message of what the session sees; None where nothing was said. From memory while the Bus is whole."""
    sees, now, is_whole = visibility_of(session), core.clock(), core.bus.is_whole
    known = core.known_newest.get(sees, now) if is_whole else None
    if known is None:
        epoch = core.known_newest.epoch if is_whole else NEVER
        async with core.store.read() as tx:
            id = max(await tx.conversations.last_messages(sees, _NEWEST_OF), default=None)
        known = core.known_newest.remember(sees, Newest(id, now), epoch=epoch)
    return known.id
