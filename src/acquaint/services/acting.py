"""Who changes a conversation: one of its members, or the App itself.

By        whose word it is
Acting    somebody who was found to see the conversation, with what they are to it
acting    finds that out within a write
"""

from __future__ import annotations

from dataclasses import dataclass

from ..domain.apps import App
from ..domain.conversations import Conversation, ConversationId, Membership, visibility_of
from ..domain.errors import NotFound
from ..domain.events import EventKind
from ..domain.members import Act, check_may, role_of
from ..domain.sessions import Session
from ..domain.users import User
from ..ports.store import Recognised, Transaction
from . import limits
from .core import Core
from .sessions import note, present

By = Recognised | App
"""A session of somebody's, or the App: its own server or its operators."""


@dataclass(frozen=True, slots=True)
class Acting:
    """Somebody who sees the conversation. Without a user it is the App, which may do what any member may."""

    conversation: Conversation
    members: tuple[Membership, ...]
    session: Session | None = None
    user: User | None = None

    @property
    def mine(self) -> Membership | None:
        return next((it for it in self.members if self.user is not None and it.user_id == self.user.id), None)

    def check_may(self, act: Act) -> None:
        """Refuses with NotAllowed."""
        if self.user is not None:
            check_may(act, self.conversation, role_of(self.user.id, self.members))

    async def note(self, core: Core, tx: Transaction, kind: EventKind, **details: object) -> None:
        """Adds an Event about the conversation to the transaction."""
        await note(
            core,
            tx,
            kind,
            self.conversation.app_id,
            user_id=self.user.id if self.user else None,
            session_id=self.session.id if self.session else None,
            conversation_id=self.conversation.id,
            **details,
        )


async def count(core: Core, by: By) -> None:
    """Counts a change that a session makes; refuses with TooManyRequests. The App is not counted."""
    if isinstance(by, Recognised):
        await core.limiter.take(limits.MESSAGES_PER_SESSION, str(by.session.id))


async def acting(tx: Transaction, by: By, id: ConversationId) -> Acting:
    """Refuses with NotFound for a conversation that is not seen, with SessionEnded like every write.

    The conversation stays as it is until the write has ended, and so do its members: whoever changes them holds it.
    """
    if isinstance(by, App):
        conversation = await tx.conversations.get(by.id, id)
        if conversation is None:
            raise NotFound("conversation")
        return Acting(conversation, tuple(await tx.conversations.members(id)))
    session, user = await present(tx, by.session)
    if user is None:
        raise NotFound("conversation")
    conversation = await tx.conversations.get(session.app_id, id)
    members = tuple(await tx.conversations.members(id))
    if conversation is None or not visibility_of(session).covers(conversation, members):
        raise NotFound("conversation")
    return Acting(conversation, members, session, user)
