"""Who does not want to hear from whom.

block, unblock   by the user themselves; the other one is not told
arrange          the same of many at once, with what a door keeps of it
list_of, all_of  whom a user blocks
check_reaches    whether somebody may begin to talk to others directly
deaf_to          who does not hear what somebody says, if they may say anything at all
spare            what a blocked user says directly is kept, and not shown to who blocks them

A block is about two people alone: what is said in groups and channels is for everybody there. Whoever is blocked goes
on seeing what they wrote, and learns nothing. One that is mutual also keeps who blocks from talking to the other,
which they are told. It holds through every door.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ..domain.conversations import Conversation, ConversationKind, MessageId
from ..domain.errors import NeedsUser, NotAllowed, NotFound, Unacceptable
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
    """From now on the session's user does not hear from the other one. Blocking twice is fine, and changes nothing.

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


Blocking = Mapping[UserId, bool]
"""Whom somebody blocks, and whether mutually."""

Arranging = Callable[[User, Blocking], tuple[Blocking, ProfileChange]]
"""Of the user and whom they block: whom from now on, and what changes of what their doors keep. It may refuse."""


async def arrange(core: Core, by: Recognised, decide: Arranging) -> None:
    """All of it or nothing. Refuses like ``block``; whoever is blocked already may stay so, even if they are gone."""
    await core.limiter.take(limits.CHANGES_PER_SESSION, str(by.session.id))
    await core.limiter.take(limits.BLOCK_LISTS_PER_USER, str(by.session.user_id))
    now = core.clock()
    async with core.store.write() as tx:
        session, user = await present(tx, by.session)
        if user is None or session.assurance is not Assurance.VERIFIED:
            raise NeedsUser
        was = await _blocking(tx, user.id)
        wanted, change = decide(user, was)
        if user.id in wanted:
            raise Unacceptable("user", "cannot block themselves")
        if len(wanted) > MOST_BLOCKED:
            raise Unacceptable("user", f"is more than the {MOST_BLOCKED} that one can block")
        known = await tx.users.many(session.app_id, wanted.keys() - was.keys())
        if any(id not in was and (id not in known or not known[id].is_verified) for id in wanted):
            raise NotFound("user")
        for id, is_mutual in sorted(wanted.items()):
            if was.get(id) is not is_mutual:
                await tx.blocks.put(user.id, id, now, is_mutual=is_mutual)
                await _note(core, tx, EventKind.USER_BLOCKED, session, user.id, id)
        for id in sorted(was.keys() - wanted.keys()):
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


async def all_of(core: Core, session: Session) -> Blocking:
    """Refuses with NeedsUser."""
    if session.user_id is None:
        raise NeedsUser
    async with core.store.read() as tx:
        return await _blocking(tx, session.user_id)


async def check_reaches(tx: Reading, user_id: UserId, others: Collection[UserId]) -> None:
    """Refuses with NotFound, as for somebody who is not there, when one of the others blocks the user."""
    if await tx.blocks.blocking(user_id, others):
        raise NotFound("user")


async def deaf_to(tx: Reading, user_id: UserId, conversation: Conversation) -> list[UserId]:
    """Who of the conversation does not hear from the user: nobody, where it is not between two.

    Refuses with NotAllowed where the user blocks the other mutually.
    """
    if conversation.kind is not ConversationKind.DIRECT:
        return []
    found = await tx.blocks.between(conversation.id, user_id)
    if any(it.is_mutual for it in found if it.by == user_id):
        raise NotAllowed
    return [it.by for it in found if it.of == user_id]


async def spare(tx: Transaction, deaf: Collection[UserId], message_id: MessageId) -> None:
    """Within a transaction: those who do not hear from who wrote or changed the message do not see it."""
    for one in deaf:
        await tx.messages.hide([message_id], one)


async def _blocking(tx: Reading, user_id: UserId) -> dict[UserId, bool]:
    return {it.of: it.is_mutual for it in await tx.blocks.all_of(user_id, limit=MOST_BLOCKED)}


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
