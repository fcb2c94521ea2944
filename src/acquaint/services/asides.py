"""Who hears what is said in passing: kept nowhere, and judged on every node that tells it to somebody.

Remark        what is said, by whom, and to whom it is meant
Audience      those who may hear it
audience_of   by what is so at this moment
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..domain.apps import AppId
from ..domain.conversations import Conversation, ConversationId, Membership, visibility_of
from ..domain.errors import NotAllowed, NotFound
from ..domain.identities import Assurance
from ..domain.members import Act, check_may, role_of
from ..domain.places import Workspace
from ..domain.sessions import Session, SessionId
from ..domain.users import UserId
from ..ports.store import Reading
from .blocks import deaf_to
from .live import Aside
from .visibility import visible

MOST_TYPED_TO: Final = 100
"""Members. In larger conversations nobody follows who is writing, and everybody writing would be a flood."""


@dataclass(frozen=True, slots=True)
class Typing:
    """Somebody writes, or no longer. ``operator`` is what one of the App's operators goes by, if it is one of them."""

    on: bool
    operator: str | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """``session_id`` is whose remark it is; None for an operator's. For those in the conversation, or for a user."""

    app_id: AppId
    session_id: SessionId | None
    conversation_id: ConversationId | None
    said: Typing | Aside
    to_user: UserId | None = None


@dataclass(frozen=True, slots=True)
class Members:
    """These of the conversation, where their sessions see it."""

    conversation: Conversation
    members: Sequence[Membership]


@dataclass(frozen=True, slots=True)
class OneUser:
    """In sessions of the workspace."""

    user_id: UserId
    workspace: Workspace | None


Audience = Members | OneUser


async def audience_of(tx: Reading, by: Session | None, remark: Remark) -> Audience | None:
    """Who hears it, as things are now: nobody who blocks whom it is from, and nobody at all in a crowd that types.

    ``by`` is the session whose remark it is, and live. Refuses with NotFound, ConversationClosed or NotAllowed.
    """
    if remark.to_user is not None:
        return await _user(tx, by, remark.to_user)
    if remark.conversation_id is None:
        raise NotFound("conversation")
    if isinstance(remark.said, Typing):
        return await _onlookers(tx, by, remark.app_id, remark.conversation_id)
    return await _listeners(tx, by, remark.conversation_id)


async def _onlookers(tx: Reading, by: Session | None, app_id: AppId, id: ConversationId) -> Members | None:
    if by is None:
        conversation = await tx.conversations.get(app_id, id)
        if conversation is None:
            raise NotFound("conversation")
        conversation.check_open()
        deaf = set[UserId]()
    else:
        conversation = await visible(tx, visibility_of(by), id)
        user_id = _user_of(by)
        try:
            deaf = {user_id, *await deaf_to(tx, user_id, conversation)}
        except NotAllowed:  # who does not talk to somebody is not seen to type, and need not be told so
            return None
    members = await tx.conversations.members(id)
    if len(members) > MOST_TYPED_TO:
        return None
    return Members(conversation, [it for it in members if it.user_id not in deaf])


async def _listeners(tx: Reading, by: Session | None, id: ConversationId) -> Members:
    if by is None:
        raise NotAllowed  # operators only type
    user_id = _user_of(by)
    conversation = await visible(tx, visibility_of(by), id)
    members = await tx.conversations.members(id)
    deaf = await deaf_to(tx, user_id, conversation)
    conversation.check_open()
    check_may(Act.SAY, conversation, role_of(user_id, members))
    return Members(conversation, [it for it in members if it.user_id not in deaf])


async def _user(tx: Reading, by: Session | None, user_id: UserId) -> OneUser | None:
    """Between verified users only. Who is blocked is not told so; who blocks mutually is."""
    if by is None or by.user_id is None or by.assurance is not Assurance.VERIFIED:
        raise NotAllowed
    user = await tx.users.get(by.app_id, user_id)
    is_blocked = await tx.blocks.blocking(by.user_id, [user_id])
    if user is None or not user.is_verified or not user.may_act:
        raise NotFound("user")
    if await tx.blocks.shunned(by.user_id, [user_id]):
        raise NotAllowed
    return None if is_blocked else OneUser(user_id, by.workspace)


def _user_of(session: Session) -> UserId:
    if session.user_id is None:
        raise NotFound("conversation")
    return session.user_id
