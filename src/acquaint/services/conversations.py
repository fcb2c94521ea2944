"""Conversations, as a session sees them, and as the App's operators do.

start                    a conversation, with its first message if there is one
seen, one_seen, chosen   what a session sees: through its Visibility and nothing else
unread                   how much of it the session's user has not read
change, delete           by a member who may, or by the App; who is in it, and for oneself alone: members.py
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
    MemberRole,
    Membership,
    Message,
    Reason,
    visibility_of,
)
from ..domain.errors import NotAllowed, NotFound, SessionEnded, Unacceptable
from ..domain.events import EventKind
from ..domain.identities import Assurance
from ..domain.listings import ConversationsAsked, Listed
from ..domain.members import NOTHING, OPEN, Act, Change, with_roles
from ..domain.paging import Page, PageAsked
from ..domain.sessions import Session, SessionId
from ..domain.users import User, UserId
from ..ports.store import Reading, Recognised, Transaction
from . import blocks, enforcement, limits, members
from .acting import Acting, By, acting, count
from .admission import once_more_if_taken
from .core import Core
from .messages import Draft, post_in
from .sessions import ensure_user, note
from .visibility import visible


@dataclass(frozen=True, slots=True)
class Seen:
    """A conversation as somebody sees it: with its last message, its members, and what is unread for them.

    For the App that is what its visitor said and its operators have not read.
    """

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
    looks: Change = NOTHING,
) -> tuple[Seen, Recognised]:
    """A new conversation of the session's user, who owns it, and is made now if this is the first thing they do.

    Starting a direct conversation that the two have already answers that one. Only a verified session may
    bring in other users, guests among them, or open a channel; a guest may begin a direct one with a verified user.
    Nobody begins one with whom the other blocks (NotFound). Of ``looks`` counts
    how the conversation looks and whom it appoints. Answers who began it, too, because they may be new.
    """
    await core.limiter.take(limits.MESSAGES_PER_SESSION, str(it.session.id))
    await enforcement.check(core, it, enforcement.START)
    if (with_users or kind in OPEN) and not _may_bring_in(it, kind):
        raise NotAllowed
    others = tuple(dict.fromkeys(user_id for user_id in with_users if it.user is None or user_id != it.user.id))
    if len(others) >= MOST_MEMBERS:
        raise Unacceptable("users", f"are more than {MOST_MEMBERS - 1}")
    if kind is ConversationKind.DIRECT and len(others) != 1:
        raise Unacceptable("users", "must name exactly one other user in a direct conversation")

    async def once() -> tuple[Seen, Recognised]:
        async with core.store.write() as tx:
            session, user = await ensure_user(core, tx, it)
            by = Recognised(session, it.app, user)
            conversation = await _existing_direct(tx, session, others) if kind is ConversationKind.DIRECT else None
            is_new = conversation is None
            if conversation is not None:
                await members.show(core, tx, conversation, user.id)
            else:
                if kind is ConversationKind.DIRECT:
                    await blocks.check_reaches(tx, user.id, others)
                conversation = await start_in(core, tx, session, user, kind, title, custom or {}, others, looks)
            message = None
            if first is not None:
                message, conversation = await post_in(core, tx, conversation, first, session, user)
            if is_new:  # nothing was said in it but this
                return Seen(conversation, tuple(await tx.conversations.members(conversation.id)), message, 0), by
            return await _seen(tx, conversation, user.id, message), by

    return await once_more_if_taken(once)


async def seen(core: Core, session: Session, page: PageAsked, *, every_workspace: bool = False) -> Page[Seen]:
    """What the session sees, the conversation with the latest message first."""
    async with core.store.read() as tx:
        found = await tx.conversations.visible(visibility_of(session, every_workspace=every_workspace), page)
        return Page(await _all_seen(tx, found.items, session.user_id), found.next)


async def chosen(
    core: Core, session: Session, asked: ConversationsAsked, *, every_workspace: bool = False
) -> Listed[Seen]:
    """Of what the session sees what is asked for, and how many there are."""
    async with core.store.search() as tx:
        found = await tx.conversations.chosen(visibility_of(session, every_workspace=every_workspace), asked)
        return Listed(await _all_seen(tx, found.items, session.user_id), found.total)


async def unread(core: Core, session: Session) -> Mapping[ConversationId, int]:
    """How many messages are unread in each conversation the session sees, of the 1,000 with the latest messages."""
    async with core.store.search() as tx:
        mine = await tx.conversations.seen_as(visibility_of(session))
        return await tx.messages.unread(mine)


async def one_seen(core: Core, session: Session, id: ConversationId, *, every_workspace: bool = False) -> Seen:
    """Refuses with NotFound for one that is not seen, exactly as for one that is not there."""
    async with core.store.read() as tx:
        conversation = await visible(tx, visibility_of(session, every_workspace=every_workspace), id)
        return await _seen(tx, conversation, session.user_id)


async def of_app(core: Core, app: App, page: PageAsked) -> Page[Seen]:
    """All conversations of the App, the one with the latest message first."""
    async with core.store.search() as tx:
        found = await tx.conversations.of_app(app.id, page)
        return Page(await _all_seen(tx, found.items, None), found.next)


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


async def change(core: Core, by: By, id: ConversationId, asked: Change) -> Seen:
    """Changes a conversation and who is in it, all of it or nothing. To remove oneself is to leave.

    Refuses with NotFound (the conversation, a user or a message), NotAllowed (domain/members.py), ConversationClosed
    or Unacceptable.
    """
    await count(core, by)
    async with core.store.write() as tx:
        it = await acting(tx, by, id)
        leaves = it.user is not None and it.user.id in asked.remove
        if it.user is not None:
            asked = replace(asked, remove=tuple(user_id for user_id in asked.remove if user_id != it.user.id))
            _check_may(it, asked, leaves)
        for message_id in asked.pin:
            message = await tx.messages.get(id, message_id)
            if message is None or message.deleted_at is not None:
                raise NotFound("message")
        conversation = asked.of(it.conversation, core.clock())
        if conversation != it.conversation:
            await tx.conversations.save(conversation)
            await it.note(core, tx, EventKind.CONVERSATION_CHANGED, changed=asked.names)
        now_members = await members.change_in(core, tx, it, asked)
        seen = await _seen(tx, conversation, it.user.id if it.user and not leaves else None)
        if leaves:
            await members.leave_in(core, tx, replace(it, members=now_members))
    return seen


def _check_may(it: Acting, asked: Change, leaves: bool) -> None:
    if it.user is None or it.session is None:
        return
    if asked.add and it.session.assurance is not Assurance.VERIFIED:
        raise NotAllowed
    if leaves:
        it.check_may(Act.LEAVE)
    if asked.acts:
        it.conversation.check_open()
    asked.check_may(it.conversation, it.user.id, it.members)


async def delete(core: Core, by: By, id: ConversationId) -> None:
    """For everybody, with everything that was said in it. Refuses with NotFound or NotAllowed."""
    await count(core, by)
    async with core.store.write() as tx:
        it = await acting(tx, by, id)
        it.check_may(Act.DELETE)
        everybody = [member.user_id for member in it.members]
        await members.dismissed(core, tx, it, everybody, EventKind.CONVERSATION_CHANGED, is_deleted=True)
        await tx.conversations.delete(id)


async def close(core: Core, app: App, id: ConversationId, *, asks_rating: bool | None = None) -> Conversation:
    """Nothing more can be said in it; what was said stays. Closing twice is fine.

    With ``asks_rating`` its visitor is to be asked what they thought of it; None leaves that as it is. Refuses with
    NotFound, and with Unacceptable where that is asked about a conversation that is none with operators.
    """
    return await _set_closed(core, app, id, core.clock(), asks_rating)


async def open_again(core: Core, app: App, id: ConversationId) -> Conversation:
    """Nobody is asked any more what they thought of it."""
    return await _set_closed(core, app, id, None, False)


def _may_bring_in(it: Recognised, kind: ConversationKind) -> bool:
    is_guest = it.user is not None and it.user.is_guest
    return it.session.assurance is Assurance.VERIFIED or (is_guest and kind is ConversationKind.DIRECT)


async def _existing_direct(tx: Transaction, session: Session, others: Sequence[UserId]) -> Conversation | None:
    """The one that the two have; refuses with NotFound when the session does not see it: it is in another workspace."""
    if session.user_id is None:
        return None
    found = await tx.conversations.direct_between(session.app_id, session.user_id, others[0])
    return None if found is None else await visible(tx, visibility_of(session), found.id)


async def start_in(
    core: Core,
    tx: Transaction,
    session: Session,
    user: User,
    kind: ConversationKind,
    title: str | None,
    custom: Mapping[str, Any],
    others: Sequence[UserId] = (),
    looks: Change = NOTHING,
) -> Conversation:
    """A new conversation within a transaction, in the session's workspace; who may is decided before."""
    now = core.clock()
    plain = Conversation(
        ConversationId(core.new_id()),
        session.app_id,
        kind,
        session.workspace,
        created_at=now,
        updated_at=now,
        title=title,
        custom=custom,
    )
    fresh = plain if looks is NOTHING else replace(looks, pin=()).of(plain, now)
    mine = Membership(
        fresh.id,
        user.id,
        session.assurance,
        session.device_id,
        session.workspace,
        joined_at=now,
        role=MemberRole.OWNER,
    )
    theirs = await members.newcomers(tx, fresh, others, now, guests=not user.is_guest)
    admins = {it.user_id: it for it in with_roles([mine, *theirs], looks)}
    everybody = [mine, *(admins.get(it.user_id, it) for it in theirs)]
    conversation = await tx.conversations.add(fresh, everybody)
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


async def _seen(tx: Reading, it: Conversation, user_id: UserId | None, last: Message | None = None) -> Seen:
    [seen] = await _all_seen(tx, [it], user_id)
    return seen if last is None else replace(seen, last_message=last)


async def _all_seen(tx: Reading, found: Sequence[Conversation], user_id: UserId | None) -> tuple[Seen, ...]:
    """As the user sees them, or as the App does where there is none."""
    everybody = await tx.conversations.members_of([it.id for it in found])
    if user_id is None:
        lasts = await tx.messages.many([it.last_message_id for it in found if it.last_message_id is not None])
        last = {it.conversation_id: it for it in lasts.values()}
        waiting = await tx.messages.unread_by_operators([it for it in found if it.kind is ConversationKind.SUPPORT])
        return tuple(Seen(it, tuple(everybody[it.id]), last.get(it.id), waiting.get(it.id, 0)) for it in found)
    mine = [member for it in found for member in everybody[it.id] if member.user_id == user_id]
    seen_last = await tx.messages.last_for(mine)
    unread = await tx.messages.unread(mine)
    return tuple(Seen(it, tuple(everybody[it.id]), seen_last.get(it.id), unread.get(it.id, 0)) for it in found)


async def _of_app(tx: Reading, app: App, id: ConversationId) -> Conversation:
    conversation = await tx.conversations.get(app.id, id)
    if conversation is None:
        raise NotFound("conversation")
    return conversation


async def _set_closed(
    core: Core, app: App, id: ConversationId, closed_at: datetime | None, asks_rating: bool | None
) -> Conversation:
    async with core.store.write() as tx:
        was = await _of_app(tx, app, id)
        if asks_rating and was.kind is not ConversationKind.SUPPORT:
            raise Unacceptable("asks_rating", "is for conversations with operators")
        asks = was.asks_rating if asks_rating is None else asks_rating
        details: dict[str, Any] = {}
        if (was.closed_at is None) != (closed_at is None):
            details["closed"] = closed_at is not None
        if was.asks_rating != asks:
            details["asks_rating"] = asks
        if not details:
            return was
        kept = closed_at if "closed" in details else was.closed_at
        conversation = replace(was, closed_at=kept, asks_rating=asks, updated_at=core.clock())
        await tx.conversations.save(conversation)
        await note(core, tx, EventKind.CONVERSATION_CHANGED, app.id, conversation_id=id, **details)
    return conversation
