"""What the App's operators do beside answering: they read, and they type.

mark_read      how far they have read, for everybody who answers
show_typing    that one of them is writing
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ..domain.apps import App
from ..domain.conversations import ConversationId, MessageId
from ..domain.errors import NotFound, Unacceptable
from ..domain.events import EventKind
from . import limits
from .core import Core, fingerprint
from .live import Hub
from .sessions import note

LONGEST_OPERATOR: Final = 100  # characters of the name that an operator goes by


async def mark_read(core: Core, app: App, id: ConversationId, up_to: MessageId) -> MessageId:
    """Remembers how far the App's people have read, never backwards; answers that point.

    Everybody in the conversation is told. Refuses with NotFound.
    """
    async with core.store.write() as tx:
        conversation = await tx.conversations.get(app.id, id)
        if conversation is None:
            raise NotFound("conversation")
        if await tx.messages.get(id, up_to) is None:
            raise NotFound("message")
        before = conversation.operators_read_id
        if before is not None and before >= up_to:
            return before
        await tx.conversations.save(replace(conversation, operators_read_id=up_to))
        await note(
            core,
            tx,
            EventKind.MESSAGES_READ,
            app.id,
            conversation_id=id,
            up_to=str(up_to),
            after=str(before or 0),
        )
    return up_to


async def show_typing(
    core: Core, hub: Hub | None, app: App, id: ConversationId, *, on: bool, operator: str | None, key: str
) -> None:
    """Shows who is connected to the conversation that an operator writes, or no longer; nothing of it is kept.

    ``operator`` is the name they go by, if any; ``key`` the API key by which it was said. Without a hub nobody is
    connected. Refuses with NotFound, ConversationClosed, Unacceptable or TooManyRequests.
    """
    if operator is not None and not (operator.strip() and len(operator) <= LONGEST_OPERATOR and operator.isprintable()):
        raise Unacceptable("operator", f"must be a name of at most {LONGEST_OPERATOR} characters")
    await core.limiter.take(limits.TYPING_PER_KEY, fingerprint(key))
    if hub is not None:
        await hub.type_as_operator(app.id, id, on, operator)
        return
    async with core.store.read() as tx:
        conversation = await tx.conversations.get(app.id, id)
    if conversation is None:
        raise NotFound("conversation")
    conversation.check_open()
