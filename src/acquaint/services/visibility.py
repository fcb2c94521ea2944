"""The one way to a conversation: through what a session may see."""

from __future__ import annotations

from ..domain.conversations import Conversation, ConversationId, Visibility
from ..domain.errors import NotFound
from ..ports.store import Reading


async def visible(tx: Reading, visibility: Visibility, id: ConversationId) -> Conversation:
    """The conversation, if the visibility covers it.

    Refuses with NotFound for one that is not seen, exactly as for one that is not there.
    """
    conversation = await tx.conversations.get(visibility.app_id, id)
    mine = await tx.conversations.membership(id, visibility.user_id) if visibility.user_id is not None else None
    if conversation is None or not visibility.covers(conversation, [mine] if mine else []):
        raise NotFound("conversation")
    return conversation
