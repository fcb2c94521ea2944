"""The one way to a conversation: through what a session may see."""

from __future__ import annotations

from ..domain.conversations import Conversation, ConversationId, Visibility
from ..domain.errors import NotFound, SessionEnded
from ..domain.sessions import Session
from ..ports.store import Reading, Transaction


async def visible(tx: Reading, visibility: Visibility, id: ConversationId) -> Conversation:
    """The conversation, if the visibility covers it.

    Refuses with NotFound for one that is not seen, exactly as for one that is not there.
    """
    conversation = await tx.conversations.get(visibility.app_id, id)
    mine = await tx.conversations.membership(id, visibility.user_id) if visibility.user_id is not None else None
    if conversation is None or not visibility.covers(conversation, [mine] if mine else []):
        raise NotFound("conversation")
    return conversation


async def still_open(tx: Transaction, session: Session) -> Session:
    """The session as the transaction sees it: one that ended a moment ago writes nothing any more."""
    current = await tx.sessions.get(session.app_id, session.id)
    if current is None or current.ended_at is not None:
        raise SessionEnded
    return current
