"""Who does not want to hear from whom.

block, unblock   by the user themselves; the other one is not told
arrange          the same of many at once, with what a door keeps of it
list_of          whom a user blocks
check_reaches    whether somebody may begin to talk to others directly
spare            what a blocked user says directly is kept, and not shown to who blocks them

A block is about two people alone: what is said in groups and channels is for everybody there. Whoever is blocked goes
on seeing what they wrote, and learns nothing. It holds through every door.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Final

from ..domain.conversations import Conversation, ConversationKind, MessageId
from ..domain.errors import NeedsUser, NotFound, Unacceptable
from ..domain.events import EventKind
from ..domain.identities import Assurance, ProfileChange
from ..domain.sessions import Session
from ..domain.users import User, UserId
from ..ports.store import Reading, Recognised, Transaction
from . import limits
from .core import Core
from .sessions import note, present

MOST_BLOCKED: Final = 1_000
"""Users that one blocks. Against filling the database; lower would hurt who is harassed by many."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """A page of whom somebody blocks, and how many there are in all."""

    users: tuple[User, ...]
    total: int


async def block(core: Core, by: Recognised, user_id: UserId) -> User:
    """From now on the session's user does not hear from the other one. Blocking twice is fine.

    Refuses with NeedsUser for who is not verified, with NotFound, and with Unacceptable for oneself or too many.
    """
    await core.limiter.take(limits.CHANGES_PER_SESSION, str(by.session.id))
    async with core.store.write() as tx:
        own, other = await _both(tx, by, user_id)
        if own == other.id:
            raise Unacceptable("user", "cannot block themselves")
        if await tx.blocks.put(own, other.id, core.clock()):
            if await tx.blocks.count(own) > MOST_BLOCKED:
                raise Unacceptable("user", f"is more than the {MOST_BLOCKED} that one can block")
            await _note(core, tx, EventKind.USER_BLOCKED, by.session, own, other.id)
    return other


async def unblock(core: Core, by: Recognised, user_id: UserId) -> User:
    """They are heard again; what they said meanwhile is not. Refuses with NeedsUser or NotFound."""
    await core.limiter.take(limits.CHANGES_PER_SESSION, str(by.session.id))
    async with core.store.write() as tx:
        own, other = await _both(tx, by, user_id)
        if await tx.blocks.remove(own, other.id):
            await _note(core, tx, EventKind.USER_UNBLOCKED, by.session, own, other.id)
    return other


Arranging = Callable[[User, frozenset[UserId]], tuple[frozenset[UserId], ProfileChange]]
"""Of the user and whom they block: whom from now on, and what changes of what their doors keep. It may refuse."""


async def arrange(core: Core, by: Recognised, decide: Arranging) -> None:
    """All of it or nothing. Refuses like ``block``; whoever is blocked already may stay so, even if they are gone."""
    await core.limiter.take(limits.CHANGES_PER_SESSION, str(by.session.id))
    now = core.clock()
    async with core.store.write() as tx:
        session, user = await present(tx, by.session)
        if user is None or session.assurance is not Assurance.VERIFIED:
            raise NeedsUser
        was = frozenset(await tx.blocks.of(user.id, skip=0, limit=MOST_BLOCKED))
        wanted, change = decide(user, was)
        if user.id in wanted:
            raise Unacceptable("user", "cannot block themselves")
        if len(wanted) > MOST_BLOCKED:
            raise Unacceptable("user", f"is more than the {MOST_BLOCKED} that one can block")
        for other in [await _other(tx, session, id) for id in sorted(wanted - was)]:
            await tx.blocks.put(user.id, other.id, now)
            await _note(core, tx, EventKind.USER_BLOCKED, session, user.id, other.id)
        for id in sorted(was - wanted):
            await tx.blocks.remove(user.id, id)
            await _note(core, tx, EventKind.USER_UNBLOCKED, session, user.id, id)
        profile = user.profile.changed(change)
        if profile != user.profile:
            await tx.users.save(replace(user, profile=profile, updated_at=now))
            await note(core, tx, EventKind.USER_CHANGED, user.app_id, user_id=user.id)


async def list_of(core: Core, session: Session, *, skip: int, limit: int) -> Blocked:
    """The latest first. Refuses with NeedsUser."""
    if session.user_id is None:
        raise NeedsUser
    async with core.store.read() as tx:
        ids = await tx.blocks.of(session.user_id, skip=skip, limit=limit)
        known = await tx.users.many(session.app_id, ids) if ids else {}
        return Blocked(tuple(known[id] for id in ids if id in known), await tx.blocks.count(session.user_id))


async def check_reaches(tx: Reading, user_id: UserId, others: Collection[UserId]) -> None:
    """Refuses with NotFound, as for somebody who is not there, when one of the others blocks the user."""
    if await tx.blocks.blocking(user_id, others):
        raise NotFound("user")


async def blocking(tx: Reading, conversation: Conversation, user_id: UserId) -> list[UserId]:
    """Who of the conversation does not hear from the user: nobody, where it is not between two."""
    if conversation.kind is not ConversationKind.DIRECT:
        return []
    return await tx.blocks.blocking_in(conversation.id, user_id)


async def spare(tx: Transaction, conversation: Conversation, user_id: UserId, message_id: MessageId) -> None:
    """Within a transaction: who blocks the user does not see the message that they wrote or changed."""
    for one in await blocking(tx, conversation, user_id):
        await tx.messages.hide([message_id], one)


async def _both(tx: Transaction, by: Recognised, user_id: UserId) -> tuple[UserId, User]:
    session, user = await present(tx, by.session)
    if user is None or session.assurance is not Assurance.VERIFIED:
        raise NeedsUser
    return user.id, await _other(tx, session, user_id)


async def _other(tx: Transaction, session: Session, user_id: UserId) -> User:
    other = await tx.users.get(session.app_id, user_id)
    if other is None or not other.is_verified:
        raise NotFound("user")
    return other


async def _note(core: Core, tx: Transaction, kind: EventKind, session: Session, own: UserId, other: UserId) -> None:
    await note(core, tx, kind, session.app_id, user_id=own, session_id=session.id, whom=str(other))
