"""Who is in a conversation, and what each member does with it for themselves.

join, leave                by oneself; by others it is conversations.change
mute, hide, clear          for oneself alone: nobody else notices
drop                       leaves, or where nobody leaves hides and clears
change_in, dismissed       within a write: who comes and goes, and that those hear it
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from ..domain.conversations import (
    MOST_MEMBERS,
    Conversation,
    ConversationId,
    ConversationKind,
    MemberRole,
    Membership,
    MessageId,
)
from ..domain.errors import NotAllowed, NotFound, Unacceptable
from ..domain.events import EventKind
from ..domain.identities import Assurance
from ..domain.members import OPEN, Act, Change, may, with_roles
from ..domain.users import UserId
from ..ports.store import Recognised, Transaction
from .acting import Acting, acting, count
from .core import Core
from .sessions import present

TOLD_AT_ONCE: Final = 50
"""Members that one Event names: the Bus carries no longer ones."""


async def change_in(core: Core, tx: Transaction, it: Acting, change: Change) -> tuple[Membership, ...]:
    """Adds, removes and appoints within a transaction; answers the members as they are then.

    Refuses with NotFound for who cannot be brought in (``newcomers``), with Unacceptable when there would be too many
    members or admins, with NotAllowed in a direct conversation, whose two are always the same.
    """
    conversation, members = it.conversation, {member.user_id: member for member in it.members}
    gone = [id for id in dict.fromkeys(change.remove) if id in members]
    fresh = [id for id in dict.fromkeys(change.add) if id not in members]
    if (gone or fresh) and conversation.kind is ConversationKind.DIRECT:
        raise NotAllowed
    if len(members) - len(gone) + len(fresh) > MOST_MEMBERS:
        raise Unacceptable("users", f"would be more than {MOST_MEMBERS}")
    now = core.clock()
    for member in await newcomers(tx, conversation, fresh, now):
        members[member.user_id] = member
        await tx.conversations.put_member(member)
    for id in gone:
        del members[id]
        await tx.conversations.remove_member(conversation.id, id)
    changed = with_roles(tuple(members.values()), change)
    for member in changed:
        members[member.user_id] = member
        await tx.conversations.put_member(member)
    for start in range(0, len(fresh), TOLD_AT_ONCE):
        added = [str(id) for id in fresh[start : start + TOLD_AT_ONCE]]
        await it.note(core, tx, EventKind.MEMBERS_CHANGED, added=added)
    await dismissed(core, tx, it, gone)
    if changed:
        roles = {str(member.user_id): member.role.name.lower() for member in changed[:TOLD_AT_ONCE]}
        await it.note(core, tx, EventKind.MEMBERS_CHANGED, roles=roles)
    return tuple(members.values())


async def dismissed(
    core: Core,
    tx: Transaction,
    it: Acting,
    gone: Sequence[UserId],
    kind: EventKind = EventKind.MEMBERS_CHANGED,
    **details: object,
) -> None:
    """Notes who is not a member any more. ``history.farewell`` reads it: they are told, although they see nothing."""
    for start in range(0, len(gone), TOLD_AT_ONCE):
        removed = [str(id) for id in gone[start : start + TOLD_AT_ONCE]]
        left = {"of_kind": it.conversation.kind.value, "workspace": it.conversation.workspace}
        await it.note(core, tx, kind, removed=removed, **left, **details)


async def newcomers(
    tx: Transaction, conversation: Conversation, ids: Sequence[UserId], now: datetime, *, guests: bool = True
) -> list[Membership]:
    """Memberships for these users: verified ones, and guests, if they may be, as whoever holds their session.

    Refuses with NotFound.
    """
    found = await tx.users.many(conversation.app_id, ids) if ids else {}
    if any(id not in found or not (found[id].is_verified or (guests and found[id].is_guest)) for id in ids):
        raise NotFound("user")
    return [
        Membership(
            conversation.id,
            id,
            Assurance.ANONYMOUS if found[id].is_guest else Assurance.VERIFIED,
            found[id].device_id,
            conversation.workspace,
            joined_at=now,
        )
        for id in ids
    ]


async def join(core: Core, by: Recognised, id: ConversationId) -> None:
    """Any verified user of the App may come into a channel of their workspace. Coming twice is fine.

    Refuses with NotFound for everything else, exactly as for what is not there.
    """
    await count(core, by)
    async with core.store.write() as tx:
        session, user = await present(tx, by.session)
        conversation = await tx.conversations.get(session.app_id, id)
        if (
            user is None
            or session.assurance is not Assurance.VERIFIED
            or conversation is None
            or conversation.kind not in OPEN
            or conversation.workspace != session.workspace
        ):
            raise NotFound("conversation")
        if await tx.conversations.membership(id, user.id) is not None:
            return
        conversation.check_open()
        members = await tx.conversations.members(id)
        if len(members) >= MOST_MEMBERS:
            raise Unacceptable("users", f"would be more than {MOST_MEMBERS}")
        mine = Membership(id, user.id, session.assurance, session.device_id, session.workspace, joined_at=core.clock())
        await tx.conversations.put_member(mine)
        it = Acting(conversation, (*members, mine), session, user)
        await it.note(core, tx, EventKind.MEMBERS_CHANGED, added=[str(user.id)])


async def leave(core: Core, by: Recognised, id: ConversationId) -> None:
    """From now on the user sees nothing of it any more. Refuses with NotAllowed where nobody leaves: hide it."""
    await count(core, by)
    async with core.store.write() as tx:
        it = await acting(tx, by, id)
        it.check_may(Act.LEAVE)
        await leave_in(core, tx, it)


async def drop(core: Core, by: Recognised, id: ConversationId) -> None:
    """The user is rid of it: leaves, or where nobody leaves hides it, with all that was said until now."""
    await count(core, by)
    async with core.store.write() as tx:
        it = await acting(tx, by, id)
        if may(Act.LEAVE, it.conversation, MemberRole.MEMBER):
            await leave_in(core, tx, it)
        else:
            mine = replace(_mine(it), hidden_up_to=it.conversation.latest_id)
            await _put(core, tx, it, _cleared(it, mine), "is_hidden")


async def leave_in(core: Core, tx: Transaction, it: Acting) -> None:
    if it.user is not None:
        await tx.conversations.remove_member(it.conversation.id, it.user.id)
        await dismissed(core, tx, it, [it.user.id])


async def mute(core: Core, by: Recognised, id: ConversationId, is_muted: bool) -> None:
    """Whether the user wants to be notified. Nothing here notifies anybody; those who do ask for it."""
    await count(core, by)
    async with core.store.write() as tx:
        it = await acting(tx, by, id)
        await _put(core, tx, it, replace(_mine(it), is_muted=is_muted), "is_muted")


async def hide(core: Core, by: Recognised, id: ConversationId, *, and_clear: bool = False) -> None:
    """The user's lists go without it until something is said in it."""
    await count(core, by)
    async with core.store.write() as tx:
        it = await acting(tx, by, id)
        mine = replace(_mine(it), hidden_up_to=it.conversation.latest_id)
        await _put(core, tx, it, _cleared(it, mine) if and_clear else mine, "is_hidden")


async def clear(core: Core, by: Recognised, id: ConversationId) -> None:
    """What was said until now the user does not see any more, through any door."""
    await count(core, by)
    async with core.store.write() as tx:
        it = await acting(tx, by, id)
        await _put(core, tx, it, _cleared(it, _mine(it)), "cleared_up_to")


async def show(core: Core, tx: Transaction, conversation: Conversation, user_id: UserId) -> None:
    """Within a transaction: the user wants to see it in their lists again."""
    mine = await tx.conversations.membership(conversation.id, user_id)
    if mine is not None and mine.hidden_up_to is not None:
        await tx.conversations.put_member(replace(mine, hidden_up_to=None))


def _mine(it: Acting) -> Membership:
    mine = it.mine
    if mine is None:
        raise NotFound("conversation")
    return mine


def _cleared(it: Acting, mine: Membership) -> Membership:
    last = it.conversation.last_message_id
    if last is None:
        return mine
    return replace(mine, cleared_up_to=MessageId(max(last, mine.cleared_up_to or last)))


async def _put(core: Core, tx: Transaction, it: Acting, mine: Membership, what: str) -> None:
    """Keeps it, and tells the user's other connections, and nobody else's."""
    if mine != it.mine:
        await tx.conversations.put_member(mine)
        await it.note(core, tx, EventKind.CONVERSATION_CHANGED, changed=[what], only_for=str(mine.user_id))
