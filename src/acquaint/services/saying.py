"""What becomes of messages after they were said.

edit              by who said it
delete            for everybody, by who said it or by who may; or for oneself alone
react             what somebody thinks of one, in signs
one, found        single messages, as a session sees them
reactions, tallies
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..domain.conversations import (
    MOST_REACTIONS,
    MOST_SIGNS,
    ConversationId,
    Membership,
    Message,
    MessageId,
    Reaction,
    Tally,
    visibility_of,
)
from ..domain.errors import NotAllowed, NotFound, Unacceptable
from ..domain.events import EventKind
from ..domain.identities import KEEP, Keep
from ..domain.members import Act, may, role_of
from ..domain.sessions import Session
from ..ports.store import Reading, Recognised, Transaction
from . import blocks
from .acting import Acting, By, acting, count
from .core import Core
from .messages import as_member
from .visibility import seen_as


@dataclass(frozen=True, slots=True)
class Deleted:
    """What came of deleting several messages: each id is in one of the three."""

    done: tuple[MessageId, ...]
    not_found: tuple[MessageId, ...]
    not_allowed: tuple[MessageId, ...]


async def edit(
    core: Core,
    by: Recognised,
    id: ConversationId,
    message_id: MessageId,
    *,
    text: str | Keep = KEEP,
    payload: Mapping[str, Any] | Keep = KEEP,
    extras: Mapping[str, Any] | Keep = KEEP,
) -> Message:
    """Only who said it. Refuses with NotFound, NotAllowed, ConversationClosed or Unacceptable."""
    await count(core, by)
    async with core.store.write() as tx:
        it = await acting(tx, by, id)
        if it.user is None:
            raise NotFound("conversation")
        message = await _seen(tx, it, message_id)
        message.check_of(it.user.id)
        it.conversation.check_open()
        changed = replace(
            message,
            text=message.text if text is KEEP else text,
            payload=message.payload if payload is KEEP else payload,
            extras=message.extras if extras is KEEP else extras,
        )
        if not changed.text.strip() and not changed.payload and not changed.extras:
            raise Unacceptable("text", "cannot be blank")
        if changed != message:
            deaf = await blocks.deaf_to(tx, it.user.id, it.conversation)
            changed = replace(changed, edited_at=core.clock())
            await tx.messages.save(changed)
            await blocks.spare(tx, deaf, message_id)
            await it.note(core, tx, EventKind.MESSAGE_CHANGED, message=str(message_id))
    return changed


async def delete(
    core: Core, by: By, id: ConversationId, message_ids: Sequence[MessageId], *, for_everybody: bool
) -> Deleted:
    """For everybody: one's own, or others' where one may (domain/members.py), and the App any. For oneself: any.

    What is deleted for everybody leaves an empty message behind, and says nothing when it is sent again. Refuses with
    NotFound for a conversation that is not seen; what becomes of each message is answered.
    """
    await count(core, by)
    done, not_found, not_allowed = [], [], []
    async with core.store.write() as tx:
        it = await acting(tx, by, id)
        may_erase = it.user is None or may(Act.ERASE, it.conversation, role_of(it.user.id, it.members))
        pinned = it.conversation.pinned
        for message_id in dict.fromkeys(message_ids):
            try:
                message = await _seen(tx, it, message_id)
            except NotFound:
                not_found.append(message_id)
                continue
            if not for_everybody and it.user is not None:
                await tx.messages.hide([message_id], it.user.id)
                await it.note(core, tx, EventKind.MESSAGE_DELETED, message=str(message_id), only_for=str(it.user.id))
            elif may_erase or (it.user is not None and message.sender_id == it.user.id):
                await tx.messages.save(message.deleted(core.clock()))
                await it.note(core, tx, EventKind.MESSAGE_DELETED, message=str(message_id))
                pinned = tuple(one for one in pinned if one != message_id)
            else:
                not_allowed.append(message_id)
                continue
            done.append(message_id)
        if pinned != it.conversation.pinned:
            await tx.conversations.save(replace(it.conversation, pinned=pinned))
    return Deleted(tuple(done), tuple(not_found), tuple(not_allowed))


async def react(
    core: Core, by: Recognised, id: ConversationId, message_id: MessageId, *, add: str | None, withdraw: str | None
) -> None:
    """Adds a sign, takes one back, or both. Doing it twice is fine.

    Refuses with NotFound, with Unacceptable, or with NotAllowed where the other one blocks them, or they the other one
    mutually.
    """
    await count(core, by)
    async with core.store.write() as tx:
        it = await acting(tx, by, id)
        if it.user is None:
            raise NotFound("conversation")
        await _seen(tx, it, message_id)
        if add is not None and await blocks.deaf_to(tx, it.user.id, it.conversation):
            raise NotAllowed
        changed = False
        if withdraw is not None:
            changed = await tx.messages.withdraw(Reaction(message_id, it.user.id, withdraw))
        if add is not None:
            changed = await tx.messages.react(Reaction(message_id, it.user.id, add)) or changed
            await _check_reactions(tx, it, message_id)
        if changed:
            await it.note(core, tx, EventKind.MESSAGE_CHANGED, message=str(message_id), reactions=True)


async def _check_reactions(tx: Transaction, it: Acting, message_id: MessageId) -> None:
    all_of_them = (await tx.messages.reactions([message_id])).get(message_id, ())
    own = sum(it.user is not None and one.user_id == it.user.id for one in all_of_them)
    if own > MOST_REACTIONS or len({one.sign for one in all_of_them}) > MOST_SIGNS:
        raise Unacceptable("reaction", "is one too many for this message")


async def one(core: Core, session: Session, id: ConversationId, message_id: MessageId) -> Message:
    """Refuses with NotFound for what the session does not see, or was deleted."""
    async with core.store.read() as tx:
        mine = await as_member(tx, session, id)
        message = await tx.messages.get(id, message_id)
        if message is None or message.deleted_at is not None or not await _sees(tx, mine, message_id):
            raise NotFound("message")
    return message


async def found(
    core: Core, session: Session, *, ids: Collection[MessageId] = (), client_ids: Collection[str] = ()
) -> list[Message]:
    """Messages by their ids, or by what their senders called them, wherever they are; only what the session sees.

    Senders choose client ids, so several messages may have the same one: the user's own come first, then the oldest.
    """
    if session.user_id is None:
        return []
    visibility = visibility_of(session)
    async with core.store.read() as tx:
        known = await tx.messages.many(ids)
        named = [known[id] for id in ids if id in known]
        named += await tx.messages.by_client_id(session.user_id, client_ids)
        seen = []
        for message in named:
            try:
                _, mine = await seen_as(tx, visibility, message.conversation_id)
            except NotFound:
                continue
            if message.deleted_at is None and await _sees(tx, mine, message.id):
                seen.append(message)
    return seen


async def reactions(core: Core, session: Session, id: ConversationId, message_id: MessageId) -> Sequence[Reaction]:
    """Who thinks what of a message. Refuses with NotFound."""
    async with core.store.read() as tx:
        mine = await as_member(tx, session, id)
        if await tx.messages.get(id, message_id) is None or not await _sees(tx, mine, message_id):
            raise NotFound("message")
        return (await tx.messages.reactions([message_id])).get(message_id, ())


async def tallies(
    core: Core, session: Session, id: ConversationId, message_ids: Collection[MessageId]
) -> Mapping[MessageId, Sequence[Tally]]:
    """How many think what of each of these messages of the conversation. Refuses with NotFound."""
    async with core.store.read() as tx:
        mine = await as_member(tx, session, id)
        known = await tx.messages.many(message_ids)
        theirs = [it.id for it in known.values() if it.conversation_id == id]
        return await tx.messages.tallies(theirs, mine.user_id)


async def _seen(tx: Transaction, it: Acting, message_id: MessageId) -> Message:
    """A message that was not deleted, and that who acts sees; refuses with NotFound."""
    message = await tx.messages.get(it.conversation.id, message_id)
    if message is None or message.deleted_at is not None:
        raise NotFound("message")
    if it.user is not None and (it.mine is None or not await _sees(tx, it.mine, message_id)):
        raise NotFound("message")
    return message


async def _sees(tx: Reading, mine: Membership, message_id: MessageId) -> bool:
    """Whether the member neither cleared nor hid it."""
    return mine.may_read(message_id) and mine.user_id not in (await tx.messages.hidden([message_id])).get(
        message_id, ()
    )
