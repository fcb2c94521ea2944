"""Two users who turn out to be one person, by the App's word.

merge                      one goes, and what was theirs is the other's
became_of, one, into       what was merged into whom
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..domain.apps import App
from ..domain.conversations import Membership
from ..domain.errors import NotFound, Unacceptable
from ..domain.events import EventKind
from ..domain.identities import Assurance
from ..domain.sessions import Session
from ..domain.users import Merge, MergeId, User, UserId
from ..ports.store import Transaction
from .admission import make_theirs
from .core import Core
from .sessions import end_in, note

MOST_IDENTIFIERS: Final = 100  # of one user; a row each
AT_ONCE: Final = 100  # memberships


async def merge(core: Core, app: App, *, source: UserId, target: UserId) -> Merge:
    """The source is gone; its identifiers, conversations, words, files and blocks are the target's.

    It cannot be undone. Only somebody verified can be the target: an unverified user is whoever holds a device, and
    would get all of it. Nothing is believed more than before. What the source said unverified stays unverified, on
    its device, where the target adopts it by signing in. Sessions in which somebody was proved to be the source go on
    as the target's, if the App vouched for the source; all others end: a visitor, or whoever registered a name, was
    never proved to be the target. The source's password opens nothing any more. Refuses with NotFound or Unacceptable.
    """
    if source == target:
        raise Unacceptable("source", "is the target itself")
    async with core.store.write() as tx:
        found = {id: await tx.users.get(app.id, id) for id in sorted((source, target))}  # held, in one order everywhere
        leaving, staying = found[source], found[target]
        if leaving is None or staying is None:
            raise NotFound("user")
        if not staying.is_verified:
            raise Unacceptable("target", "is whoever holds a device, whom nobody verified")
        if len(leaving.identifiers) + len(staying.identifiers) > MOST_IDENTIFIERS:
            raise Unacceptable("source", f"and target together have more than {MOST_IDENTIFIERS} identifiers")
        if not staying.is_vouched:
            staying = await make_theirs(core, tx, staying)
        following = await _following(core, tx, leaving, staying)
        await _hand_over_conversations(core, tx, app, leaving, staying)
        await _hand_over_the_rest(core, tx, leaving, staying, following)
        await tx.users.delete(leaving.id)  # before the target is saved: its identifiers are free then
        await tx.users.save(staying.absorbing(leaving, now=core.clock()))
        made = Merge(MergeId(core.new_id()), app.id, leaving.id, staying.id, core.clock())
        made = await tx.merges.add(made)
        await note(core, tx, EventKind.USER_MERGED, app.id, user_id=leaving.id, into=str(staying.id))
        await note(
            core, tx, EventKind.USER_CHANGED, app.id, user_id=staying.id, identifiers=True, merged=str(leaving.id)
        )
    return made


async def became_of(core: Core, app: App, user_id: UserId) -> Merge | None:
    """The merge in which the user went, if they did so: their survivor is its target."""
    async with core.store.read() as tx:
        return await tx.merges.of_source(app.id, user_id)


async def one(core: Core, app: App, merge_id: MergeId) -> Merge:
    async with core.store.read() as tx:
        found = await tx.merges.get(app.id, merge_id)
    if found is None:
        raise NotFound("merge")
    return found


async def into(core: Core, app: App, user_id: UserId, *, at_most: int = 100) -> list[Merge]:
    """Who was merged into the user, the latest first. Refuses with NotFound."""
    async with core.store.read() as tx:
        if await tx.users.get(app.id, user_id) is None:
            raise NotFound("user")
        return await tx.merges.of_target(app.id, user_id, at_most)


async def _following(core: Core, tx: Transaction, leaving: User, staying: User) -> list[Session]:
    """The sessions that follow; the others end."""
    opened = await tx.sessions.of_user(leaving.id)
    follows = leaving.is_verified and leaving.is_vouched and leaving.may_act and staying.may_act
    following = [it for it in opened if follows and it.assurance is Assurance.VERIFIED]
    await end_in(core, tx, [it for it in opened if it not in following], why="merged")
    return following


async def _hand_over_the_rest(
    core: Core, tx: Transaction, leaving: User, staying: User, following: Sequence[Session]
) -> None:
    await tx.merges.hand_over(leaving.id, staying.id, [it.id for it in following])
    await tx.blocks.hand_over(leaving.id, staying.id)
    for it in following:
        await note(
            core,
            tx,
            EventKind.SESSION_TAKEN,
            it.app_id,
            user_id=staying.id,
            session_id=it.id,
            assurance=it.assurance.name,
            why="merged",
        )


async def _hand_over_conversations(core: Core, tx: Transaction, app: App, leaving: User, staying: User) -> None:
    while theirs := await tx.merges.memberships_of(leaving.id, AT_ONCE):
        for it in theirs:
            await tx.conversations.get(app.id, it.conversation_id)  # held: who posts in this moment waits
            mine = await tx.conversations.membership(it.conversation_id, staying.id)
            await tx.conversations.hand_over(_joined(mine, it, staying.id), was=leaving.id)
            await note(
                core, tx, EventKind.MEMBERS_CHANGED, app.id, user_id=staying.id, conversation_id=it.conversation_id
            )


def _joined(mine: Membership | None, theirs: Membership, user_id: UserId) -> Membership:
    """One membership of two: the surer one, and as far as either has read."""
    if mine is None:
        return replace(theirs, user_id=user_id)
    surer = theirs if theirs.assurance > mine.assurance else mine
    return replace(
        surer,
        user_id=user_id,
        role=max(mine.role, theirs.role),
        joined_at=min(mine.joined_at, theirs.joined_at),
        last_read_id=max((it for it in (mine.last_read_id, theirs.last_read_id) if it), default=None),
        last_received_id=max((it for it in (mine.last_received_id, theirs.last_received_id) if it), default=None),
    )
