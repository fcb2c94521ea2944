"""What visitors think of conversations that have ended. The App asks when it closes one: ``conversations.close``."""

from __future__ import annotations

from dataclasses import replace

from ..domain.conversations import Conversation, ConversationId, Rating, visibility_of
from ..domain.errors import NotFound
from ..ports.store import Recognised
from . import limits
from .core import Core
from .sessions import present
from .support import is_support, keep_changed
from .visibility import visible


async def rate(core: Core, it: Recognised, id: ConversationId, score: int, comment: str | None = None) -> Conversation:
    """The visitor's rating, once for each time the conversation was closed; a comment may follow the score.

    Refuses with NotFound for what is not seen, or is none with operators; with NotAllowed while it goes on, and for
    another rating than the one that was given.
    """
    await core.limiter.take(limits.CHANGES_PER_SESSION, str(it.session.id))
    now = core.clock()
    rating = Rating(score, now, comment if comment and comment.strip() else None)
    async with core.store.write() as tx:
        session, _ = await present(tx, it.session)
        was = await visible(tx, visibility_of(session), id)
        if not is_support(was):
            raise NotFound("conversation")
        conversation = was.rated(rating)
        if conversation != was:
            conversation = replace(conversation, updated_at=now)
            await keep_changed(core, tx, session, conversation, survey=score)
    return conversation
