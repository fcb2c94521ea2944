"""Conversations, as a session sees them, and as the App's operators do.

start                    a conversation, with its first message if there is one
seen, one_seen           what a session sees: through its Visibility and nothing else
of_app, one_of_app       everything of the App, for those who answer
explain                  why a session can or cannot see a conversation
close, open_again        whether anything more can be said
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ..domain.apps import App
from ..domain.conversations import (
    MOST_MEMBERS,
    Conversation,
    ConversationId,
    ConversationKind,
    Membership,
    Message,
    Reason,
    visibility_of,
)
from ..domain.errors import NotAllowed, NotFound, SessionEnded, Unacceptable
from ..domain.events import EventKind
from ..domain.identities import Assurance
from ..domain.paging import Page, PageAsked
from ..domain.sessions import Session, SessionId
from ..domain.users import User, UserId
from ..ports.store import Reading, Recognised, Transaction
from . import limits
from .admission import once_more_if_taken
from .core import Core
from .messages import Draft, post_in
from .sessions import ensure_user, note
from .visibility import visible


@dataclass(frozen=True, slots=True)
class Seen:
    """A conversation as somebody sees it: with its last message, its members, and what is unread for them."""

    conversation: Conversation
    members: tuple[Membership, ...]
    last_message: Message | None
    unread: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a session can or cannot see a conversation: the reason, and what was judged."""

    reason: Reason
    session: Session
    conversation: Conversation
    membership: Membership | None


async def start(
    core: Core,
    it: Recognised,
    *,
    first: Draft | None = None,
    kind: ConversationKind = ConversationKind.SUPPORT,
    title: str | None = None,
    custom: Mapping[str, Any] | None = None,
    with_users: Sequence[UserId] = (),
) -> tuple[Seen, Session]:
    """A new conversation of the session's user, who is made now if this is the first thing they do.

    Starting a direct conversation that the two have already answers that one. Only a verified session may
    bring in other users; each must be a verified user of the App (NotFound). Answers the session, too, because
    its user may be new.
    """
    await core.limiter.take(limits.MESSAGES_PER_SESSION, str(it.session.id))
    if with_users and it.session.assurance is not Assurance.VERIFIED:
        raise NotAllowed
    others = tuple(dict.fromkeys(user_id for user_id in with_users if it.user is None or user_id != it.user.id))
    if len(others) >= MOST_MEMBERS:
        raise Unacceptable("users", f"are more than {MOST_MEMBERS - 1}")
    if kind is ConversationKind.DIRECT and len(others) != 1:
        raise Unacceptable("users", "must name exactly one other user in a direct conversation")

    async def once() -> tuple[Seen, Session]:
        async with core.store.write() as tx:
            session, user = await ensure_user(core, tx, it)
            conversation = await _existing_direct(tx, session, others) if kind is ConversationKind.DIRECT else None
            if conversation is None:
                conversation = await _add(core, tx, session, user, kind, title, custom or {}, others)
            message = None
            if first is not None:
                message, conversation = await post_in(core, tx, conversation, first, session, user)
            return await _seen(tx, conversation, user.id, message), session

    return await once_more_if_taken(once)


async def seen(core: Core, session: Session, page: PageAsked, *, every_workspace: bool = False) -> Page[Seen]:
    """What the session sees, the conversation with the latest message first."""
    async with core.store.read() as tx:
        found = await tx.conversations.visible(visibility_of(session, every_workspace=every_workspace), page)
        return Page(tuple([await _seen(tx, it, session.user_id) for it in found.items]), found.next)


async def one_seen(core: Core, session: Session, id: ConversationId, *, every_workspace: bool = False) -> Seen:
    """Refuses with NotFound for one that is not seen, exactly as for one that is not there."""
    async with core.store.read() as tx:
        conversation = await visible(tx, visibility_of(session, every_workspace=every_workspace), id)
        return await _seen(tx, conversation, session.user_id)


async def of_app(core: Core, app: App, page: PageAsked) -> Page[Seen]:
    """All conversations of the App, the one with the latest message first."""
    async with core.store.search() as tx:
        found = await tx.conversations.of_app(app.id, page)
        return Page(tuple([await _seen(tx, it, None) for it in found.items]), found.next)


async def one_of_app(core: Core, app: App, id: ConversationId) -> Seen:
    async with core.store.read() as tx:
        return await _seen(tx, await _of_app(tx, app, id), None)


async def explain(core: Core, app: App, id: ConversationId, session_id: SessionId) -> Explanation:
    """Why the session can or cannot see the conversation. Refuses with NotFound when either is not the App's."""
    async with core.store.read() as tx:
        session = await tx.sessions.get(app.id, session_id)
        if session is None:
            raise NotFound("session")
        conversation = await _of_app(tx, app, id)
        mine = await tx.conversations.membership(id, session.user_id) if session.user_id is not None else None
    try:
        session.check_live(core.clock())
        reason = visibility_of(session).judge(conversation, [mine] if mine else [])
    except SessionEnded:
        reason = Reason.SESSION_OVER
    return Explanation(reason, session, conversation, mine)


async def close(core: Core, app: App, id: ConversationId) -> Conversation:
    """Nothing more can be said in it; what was said stays. Closing twice is fine."""
    return await _set_closed(core, app, id, core.clock())


async def open_again(core: Core, app: App, id: ConversationId) -> Conversation:
    return await _set_closed(core, app, id, None)


async def _existing_direct(tx: Transaction, session: Session, others: Sequence[UserId]) -> Conversation | None:
    """The one that the two have; refuses with NotFound when the session does not see it: it is in another workspace."""
    if session.user_id is None:
        return None
    found = await tx.conversations.direct_between(session.app_id, session.user_id, others[0])
    return None if found is None else await visible(tx, visibility_of(session), found.id)


async def _add(
    core: Core,
    tx: Transaction,
    session: Session,
    user: User,
    kind: ConversationKind,
    title: str | None,
    custom: Mapping[str, Any],
    others: Sequence[UserId],
) -> Conversation:
    now = core.clock()
    fresh = Conversation(
        ConversationId(core.new_id()),
        session.app_id,
        kind,
        session.workspace,
        created_at=now,
        updated_at=now,
        title=title,
        custom=custom,
    )
    members = [
        Membership(fresh.id, user.id, session.assurance, session.device_id, session.workspace, joined_at=now),
        *[
            Membership(fresh.id, it, Assurance.VERIFIED, None, session.workspace, joined_at=now)
            for it in await _verified(tx, session, others)
        ],
    ]
    conversation = await tx.conversations.add(fresh, members)
    await note(
        core,
        tx,
        EventKind.CONVERSATION_STARTED,
        session.app_id,
        user_id=user.id,
        session_id=session.id,
        conversation_id=conversation.id,
    )
    return conversation


async def _verified(tx: Transaction, session: Session, ids: Sequence[UserId]) -> list[UserId]:
    found = await tx.users.many(session.app_id, ids) if ids else {}
    for id in ids:
        if id not in found or not found[id].is_verified:
            raise NotFound("user")
    return list(ids)


async def _seen(tx: Reading, conversation: Conversation, user_id: UserId | None, last: Message | None = None) -> Seen:
    members = await tx.conversations.members(conversation.id)
    if last is None and conversation.last_message_id is not None:
        last = await tx.messages.get(conversation.id, conversation.last_message_id)
    mine = [it for it in members if it.user_id == user_id]
    unread = (await tx.messages.unread(mine)).get(conversation.id, 0) if mine else 0
    return Seen(conversation, tuple(members), last, unread)


async def _of_app(tx: Reading, app: App, id: ConversationId) -> Conversation:
    conversation = await tx.conversations.get(app.id, id)
    if conversation is None:
        raise NotFound("conversation")
    return conversation


async def _set_closed(core: Core, app: App, id: ConversationId, closed_at: datetime | None) -> Conversation:
    async with core.store.write() as tx:
        conversation = await _of_app(tx, app, id)
        if (conversation.closed_at is None) == (closed_at is None):
            return conversation
        conversation = replace(conversation, closed_at=closed_at, updated_at=core.clock())
        await tx.conversations.save(conversation)
        await note(core, tx, EventKind.CONVERSATION_CHANGED, app.id, conversation_id=id, closed=closed_at is not None)
    return conversation
