"""The one way to a conversation: through what a session may see."""

from __future__ import annotations

from ..domain.conversations import Conversation, ConversationId, Membership, Visibility
from ..domain.errors import NotFound
from ..ports.store import Reading


async def visible(tx: Reading, visibility: Visibility, id: ConversationId) -> Conversation:
    """The conversation, if the visibility covers it.

    Refuses with NotFound for one that is not seen, exactly as for one that is not there.
    """
    conversation, _ = await seen_as(tx, visibility, id)
    return conversation


async def seen_as(tx: Reading, visibility: Visibility, id: ConversationId) -> tuple[Conversation, Membership]:
    """The conversation, and as whom it is seen; refuses like ``visible``."""
    conversation = await tx.conversations.get(visibility.app_id, id)
    mine = await tx.conversations.membership(id, visibility.user_id) if visibility.user_id is not None else None
    if conversation is None or mine is None or not visibility.covers(conversation, [mine]):
        raise NotFound("conversation")
    return conversation, mine
