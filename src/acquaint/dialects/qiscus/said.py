"""What was said in a room: part of it, as one of its members sees it. What was deleted is not there any more.

latest    the comments before or after one of them, or up to some time
Said      those, and which comment comes before each
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...domain.conversations import ConversationId, Message, MessageId
from ...domain.listings import ALWAYS, MOST_LISTED, Between, MessagesAsked
from ...domain.users import UserId
from ...services import messages
from ...services.conversations import Seen
from ...services.core import Core
from .auth import Caller
from .chat_wire import comment_object
from .faces import Faces


@dataclass(frozen=True, slots=True)
class Said:
    """Newest first, as every list of comments is."""

    comments: Sequence[Message]
    before: int = 0  # what was said before the oldest of them

    @property
    def authors(self) -> set[UserId | None]:
        return {it.sender_id for it in self.comments}

    def shown(self, seen: Seen, viewer: UserId, faces: Faces) -> list[dict[str, Any]]:
        befores = [*(it.id for it in self.comments[1:]), self.before]
        return [
            comment_object(it, seen.conversation, seen.members, viewer, faces, before=before)
            for it, before in zip(self.comments, befores, strict=False)  # nothing before nothing
        ]


async def latest(
    core: Core,
    caller: Caller,
    seen: Seen,
    *,
    limit: int,
    before: MessageId | None = None,
    after: MessageId | None = None,
    sent: Between = ALWAYS,
) -> Said:
    """At most so many; with ``after`` the first ones beyond that comment. Refuses with NotFound."""
    id = seen.conversation.id
    if after is not None:
        asked = MessagesAsked(beyond=after, sent=sent, limit=limit, newest_first=False)
        found = (await messages.chosen(core, caller.session, id, asked)).items[::-1]
        return Said(found, await _just_before(core, caller, id, found[-1].id) if found else 0)
    asked = MessagesAsked(before=before, sent=sent, limit=min(limit + 1, MOST_LISTED))
    found = (await messages.chosen(core, caller.session, id, asked)).items
    if len(found) > limit:
        return Said(found[:limit], found[limit].id)
    return Said(found)


async def one(core: Core, caller: Caller, it: Message) -> Said:
    """A single comment."""
    return Said([it], await _just_before(core, caller, it.conversation_id, it.id))


async def _just_before(core: Core, caller: Caller, id: ConversationId, message_id: MessageId) -> int:
    found = await messages.chosen(core, caller.session, id, MessagesAsked(before=message_id, limit=1))
    return found.items[0].id if found.items else 0
