"""What the App's server keeps of its users, and says in their names.

listed, counts            its users by numbered pages; how many conversations each is in
add, add_claimed          a new user; never one who is there already
revise                    identifiers and profile in one write, decided by what is there
conversations_of          what a user is in, for the App's own eyes; ``one_conversation``, ``one_session``
start_for, post_for       a conversation and a message in a user's name
note_doing                what a page says that its visitor did
end_verified              every session that somebody was proved to be in, through one door
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from ..domain.apps import App
from ..domain.conversations import (
    Author,
    Conversation,
    ConversationId,
    ConversationKind,
    Membership,
    Message,
)
from ..domain.errors import NotAllowed, NotFound
from ..domain.events import EventKind
from ..domain.identities import NO_CHANGE, Assurance, Claimed, Identifier, Identity, ProfileChange
from ..domain.listings import Between
from ..domain.paging import PageAsked
from ..domain.places import DeviceId, Workspace
from ..domain.sessions import Session, SessionId
from ..domain.tickets import Purpose
from ..domain.users import User, UserId
from ..ports.store import ConversationCounts, ConversationsOf, Reading, Recognised
from . import limits
from .admission import make_theirs
from .core import Core
from .messages import Draft, add_in
from .sessions import end_in, note, still_open

A_REVISION: Final = timedelta(milliseconds=1)
"""Two revisions of a user are at least so far apart, so that the time of the last one tells which it was."""


@dataclass(frozen=True, slots=True)
class Revision:
    """What becomes of a user. No identifiers said: they stay."""

    identifiers: tuple[Identifier, ...] | None = None
    profile: ProfileChange = NO_CHANGE


@dataclass(frozen=True, slots=True)
class Listed:
    users: list[User]
    total: int
    counts: Mapping[UserId, ConversationCounts]


async def listed(core: Core, app: App, created: Between, *, skip: int, limit: int, newest_first: bool = True) -> Listed:
    """The App's users that were made in this time, and how many there are of them."""
    async with core.store.search() as tx:
        found = await tx.roster.listed(app.id, created, skip=skip, limit=limit, newest_first=newest_first)
        total = await tx.roster.count(app.id, created)
        return Listed(found, total, await tx.roster.conversation_counts(app.id, [it.id for it in found]))


async def counts(core: Core, app: App, ids: Collection[UserId]) -> Mapping[UserId, ConversationCounts]:
    """How many conversations each of them is in; those who are in none are left out."""
    async with core.store.read() as tx:
        return await tx.roster.conversation_counts(app.id, ids)


async def add(core: Core, app: App, revision: Revision) -> User:
    """A new user by the App's word. Refuses with IdentifierTaken where one of the identifiers names somebody."""
    identity = Identity(revision.identifiers or (), Assurance.VERIFIED, revision.profile, is_vouched=True)
    fresh = User.from_identity(
        UserId(core.new_id()), app.id, identity, device_id=None, is_guest=False, now=core.clock()
    )
    async with core.store.write() as tx:
        user = await tx.users.add(fresh)
        await note(core, tx, EventKind.USER_CREATED, app.id, user_id=user.id, door="server")
    return user


async def add_claimed(core: Core, app: App, claimed: Claimed) -> User:
    """A new user of whom the App's server knows no more than what somebody says of themselves: nothing names them."""
    identity = Identity((), Assurance.VERIFIED, claimed=claimed, is_vouched=True)
    fresh = User.from_identity(
        UserId(core.new_id()), app.id, identity, device_id=None, is_guest=False, now=core.clock()
    )
    async with core.store.write() as tx:
        user = await tx.users.add(fresh)
        await note(core, tx, EventKind.USER_CREATED, app.id, user_id=user.id, door="server")
    return user


async def revise(core: Core, app: App, user_id: UserId, decide: Callable[[User], Revision]) -> User:
    """The user after what ``decide`` makes of them, as they are at that moment; what it raises undoes everything.

    Refuses with NotFound and IdentifierTaken, and with NotAllowed where somebody unverified would get identifiers:
    they are whoever holds their device, and would be so under that name.
    """
    async with core.store.write() as tx:
        was = user = await _user(tx, app, user_id)
        revision = decide(user)
        user = user.met_again(Identity((), Assurance.VERIFIED, revision.profile), now=core.clock())
        renamed = revision.identifiers is not None and revision.identifiers != user.identifiers
        if revision.identifiers is not None and renamed:
            if not user.is_verified:
                raise NotAllowed
            if not user.is_vouched and not set(revision.identifiers) <= set(user.identifiers):
                user = await make_theirs(core, tx, user)
            user = replace(user, identifiers=revision.identifiers, updated_at=core.clock())
            for purpose in (Purpose.PASSWORD_RESET, Purpose.EMAIL_CONFIRMATION):
                await tx.tickets.void(user.id, purpose)  # sent to an old address
        if user != was:
            user = replace(user, updated_at=max(user.updated_at, was.updated_at + A_REVISION))
            await tx.users.save(user)
            await note(core, tx, EventKind.USER_CHANGED, app.id, user_id=user.id, identifiers=renamed)
    return user


async def conversations_of(
    core: Core, app: App, asked: ConversationsOf, *, skip: int, limit: int
) -> tuple[list[Conversation], int]:
    """What the user is in, the one with the latest message first, and how much that is. Refuses with NotFound."""
    async with core.store.search() as tx:
        await _user(tx, app, asked.user_id)
        found = await tx.roster.conversations_of(app.id, asked, skip=skip, limit=limit)
        return found, await tx.roster.count_conversations_of(app.id, asked)


async def one_conversation(core: Core, app: App, id: ConversationId) -> tuple[Conversation, Membership | None]:
    """A conversation of the App and who is in it first, if anybody still is. Refuses with NotFound."""
    async with core.store.read() as tx:
        conversation = await tx.conversations.get(app.id, id)
        if conversation is None:
            raise NotFound("conversation")
        members = await tx.conversations.members(id)
    return conversation, members[0] if members else None


async def one_session(core: Core, app: App, session_id: SessionId) -> Session:
    """Refuses with NotFound."""
    async with core.store.read() as tx:
        session = await tx.sessions.get(app.id, session_id)
    if session is None:
        raise NotFound("session")
    return session


async def start_for(
    core: Core,
    app: App,
    user_id: UserId,
    *,
    device_id: DeviceId | None = None,
    workspace: Workspace | None = None,
    at_most: Assurance = Assurance.VERIFIED,
    title: str | None = None,
    custom: Mapping[str, Any] | None = None,
    said: Collection[tuple[Author, Draft]] = (),
) -> Conversation:
    """A conversation of the user with the App's operators, by the App's word, and what was said in it.

    Somebody verified is in it verified. Of anybody else the App cannot say more than on which device they are, so it
    is seen there and nowhere else. ``device_id`` is where somebody verified talks, for those who ask later. Of
    somebody who is verified less can be said with ``at_most``: they never see it, then. Refuses with NotFound.
    """
    now = core.clock()
    async with core.store.write() as tx:
        user = await _user(tx, app, user_id)
        fresh = Conversation(
            ConversationId(core.new_id()),
            app.id,
            ConversationKind.SUPPORT,
            workspace,
            created_at=now,
            updated_at=now,
            title=title,
            custom=custom or {},
        )
        assurance = min(at_most, Assurance.VERIFIED if user.is_verified else Assurance.ANONYMOUS)
        device = device_id if user.is_verified else user.device_id
        member = Membership(fresh.id, user.id, assurance, device, workspace, joined_at=now)
        conversation = await tx.conversations.add(fresh, [member])
        kind = EventKind.CONVERSATION_STARTED
        await note(core, tx, kind, app.id, user_id=user.id, conversation_id=conversation.id)
        for author, draft in said:
            _, conversation = await add_in(core, tx, conversation, draft, author, _sender(author, user), None)
    return conversation


async def post_for(
    core: Core, app: App, user_id: UserId, id: ConversationId, draft: Draft, *, author: Author = Author.USER
) -> Message:
    """Says something in the user's name, by the App's word; or to the user, as an operator or the App.

    Refuses with NotFound where the user is not in the conversation, and with ConversationClosed.
    """
    async with core.store.write() as tx:
        user = await _user(tx, app, user_id)
        conversation = await tx.conversations.get(app.id, id)
        if conversation is None or await tx.conversations.membership(id, user.id) is None:
            raise NotFound("conversation")
        message, _ = await add_in(core, tx, conversation, draft, author, _sender(author, user), None)
    return message


def _sender(author: Author, user: User) -> User | None:
    return user if author is Author.USER else None


async def _user(tx: Reading, app: App, user_id: UserId) -> User:
    user = await tx.users.get(app.id, user_id)
    if user is None:
        raise NotFound("user")
    return user


async def end_verified(core: Core, app: App, *, door: str, at_once: int = 100) -> int:
    """Ends every verified session of the App that was opened through this door; answers how many.

    A few users at a time, so that others are served in between.
    """
    ended, page = 0, PageAsked(at_once)
    while True:
        async with core.store.search() as tx:
            found = await tx.users.newest(app.id, page)
        for user in found.items:
            ended += await _end_of(core, user, door)
        if found.next is None:
            return ended
        page = PageAsked(at_once, found.next)


async def _end_of(core: Core, user: User, door: str) -> int:
    async with core.store.read() as tx:
        if not _verified_through(door, await tx.sessions.of_user(user.id)):
            return 0
    async with core.store.write() as tx:
        ending = _verified_through(door, await tx.sessions.of_user(user.id))
        await end_in(core, tx, ending, why="secret_rotated")
    return len(ending)


def _verified_through(door: str, opened: Collection[Session]) -> list[Session]:
    return [it for it in opened if it.door == door and it.assurance is Assurance.VERIFIED]


async def latest_device(core: Core, app: App, user_id: UserId) -> DeviceId | None:
    """Where the user was seen last, if they have a session open. Refuses with NotFound."""
    async with core.store.read() as tx:
        await _user(tx, app, user_id)
        opened = await tx.sessions.of_user(user_id)
    latest = max((it for it in opened if it.device_id is not None), key=lambda it: it.last_seen_at, default=None)
    return latest.device_id if latest else None


async def note_doing(core: Core, it: Recognised, name: str, meta: Mapping[str, Any]) -> None:
    """Keeps what a page says that its visitor did, among what happened.

    Refuses with SessionEnded or TooManyRequests.
    """
    await core.limiter.take(limits.CHANGES_PER_SESSION, str(it.session.id))
    async with core.store.write() as tx:
        session = await still_open(tx, it.session)
        await note(
            core,
            tx,
            EventKind.VISITOR_DID,
            it.app.id,
            user_id=session.user_id,
            session_id=session.id,
            name=name,
            meta=dict(meta),
        )
