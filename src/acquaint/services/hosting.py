"""What the App's server sets up among its users, and channels that are called by a name.

come_in         a user opens the channel of a name, or comes into it
open_channel    the App does, for users of its choice; then it is nobody's who took the name before
host            a group or a direct conversation of users
announce        the App says something, in several messages or one
called          a conversation by its name, as the App sees it
channels        those of some names that a user may come into
of_kinds        what a user is in, and ``said_in`` what was said there, for the App's own eyes
unread_of       how much somebody has not read; ``behind`` who has not read what was said in some time
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ..domain.apps import App
from ..domain.conversations import (
    MOST_MEMBERS,
    Author,
    Conversation,
    ConversationId,
    ConversationKind,
    MemberRole,
    Membership,
    Message,
    Visibility,
)
from ..domain.errors import IdentifierTaken, NotAllowed, NotFound, Unacceptable
from ..domain.events import EventKind
from ..domain.identities import Assurance
from ..domain.ids import LARGEST, first_at
from ..domain.listings import Between, ConversationsAsked, Listed, MessagesAsked
from ..domain.members import NOTHING, OPEN, Change
from ..domain.paging import PageAsked
from ..domain.sessions import SessionId
from ..domain.users import UserId
from ..ports.store import Recognised, Transaction
from . import conversations, members
from .acting import Acting, count
from .admission import once_more_if_taken
from .conversations import Seen
from .core import Core
from .messages import Draft, add_in
from .sessions import note, present

LONGEST_UNIQUE_ID: Final = 255
LOOKED_AT: Final = 1_000  # conversations, for who has not read something in them
LOOKED_AT_ONCE: Final = 100
MEMBERS_LOOKED_AT: Final = 20_000
"""Against a question about many large channels, which would hold up everybody else's; who is beyond it is not found."""
NOBODY: Final = UserId(0)
TAKEN: Final = "opened_by_user"
"""Among what a channel keeps by door: nobody but a user said that it should have this name."""


async def come_in(core: Core, by: Recognised, unique_id: str, looks: Change = NOTHING) -> tuple[Seen, bool]:
    """The conversation of this name, and whether it is new; the session's user is in it then.

    A new one is a channel, and the user's own until the App opens it, too. Refuses with NotAllowed for who is not
    verified, and with IdentifierTaken where the name is that of a conversation into which nobody just comes.
    """
    await count(core, by)
    _check_name(unique_id)

    async def once() -> tuple[ConversationId, bool]:
        async with core.store.write() as tx:
            session, user = await present(tx, by.session)
            if user is None or session.assurance is not Assurance.VERIFIED:
                raise NotAllowed
            found = await tx.conversations.by_unique_id(session.app_id, unique_id)
            if found is not None:
                return found.id, False
            fresh = _fresh(core, by.app, ConversationKind.CHANNEL, unique_id, looks)
            fresh = replace(fresh, workspace=session.workspace, by_door=_taken(fresh, session.door))
            mine = Membership(
                fresh.id,
                user.id,
                session.assurance,
                session.device_id,
                session.workspace,
                joined_at=fresh.created_at,
                role=MemberRole.OWNER,
            )
            return (await _add(core, tx, fresh, [mine], by=user.id, session_id=session.id)).id, True

    id, is_new = await once_more_if_taken(once)
    try:
        return await conversations.one_seen(core, by.session, id), is_new
    except NotFound:
        pass
    try:
        await members.join(core, by, id)
        return await conversations.one_seen(core, by.session, id), False
    except NotFound as nothing_to_come_into:
        raise IdentifierTaken("unique_id") from nothing_to_come_into


async def open_channel(
    core: Core, app: App, unique_id: str, users: Sequence[UserId], looks: Change = NOTHING
) -> tuple[Conversation, bool]:
    """The channel of this name with these users in it, and whether it is new; the first of them owns a new one.

    One that a user opened is theirs no longer: the App says whose its names are. Refuses with NotFound for who is no
    verified user of the App, and with IdentifierTaken where the name is that of something else.
    """
    _check_name(unique_id)

    async def once() -> tuple[Conversation, bool]:
        async with core.store.write() as tx:
            found = await tx.conversations.by_unique_id(app.id, unique_id)
            if found is None:
                fresh = _fresh(core, app, ConversationKind.CHANNEL, unique_id, looks)
                return await _add(core, tx, fresh, await _members(tx, fresh, users)), True
            conversation = await tx.conversations.get(app.id, found.id)
            if conversation is None or conversation.kind not in OPEN:
                raise IdentifierTaken("unique_id")
            it = Acting(conversation, tuple(await tx.conversations.members(conversation.id)))
            everybody = await members.change_in(core, tx, it, Change(add=tuple(users)))
            if _is_taken(conversation) and users:
                conversation = await _take_over(core, tx, replace(it, members=everybody), users[0])
            return conversation, False

    return await once_more_if_taken(once)


async def host(
    core: Core, app: App, kind: ConversationKind, users: Sequence[UserId], looks: Change = NOTHING
) -> Conversation:
    """A conversation of these users, the first of whom owns it; the direct one of two is answered if they have it.

    Refuses with NotFound for who is no verified user of the App, with Unacceptable for a wrong number of them.
    """
    users = list(dict.fromkeys(users))
    if kind is ConversationKind.DIRECT and len(users) != 2:
        raise Unacceptable("users", "must be two in a direct conversation")

    async def once() -> Conversation:
        async with core.store.write() as tx:
            if kind is ConversationKind.DIRECT:
                found = await tx.conversations.direct_between(app.id, *users)
                if found is not None:
                    return found
            fresh = _fresh(core, app, kind, None, looks)
            return await _add(core, tx, fresh, await _members(tx, fresh, users))

    return await once_more_if_taken(once)


async def called(core: Core, app: App, unique_id: str) -> Conversation:
    """Refuses with NotFound."""
    async with core.store.read() as tx:
        found = await tx.conversations.by_unique_id(app.id, unique_id)
    if found is None:
        raise NotFound("conversation")
    return found


async def channels(core: Core, by: Recognised, unique_ids: Sequence[str]) -> list[tuple[Conversation, bool]]:
    """The channels of these names that the session's user may come into, and whether they are in.

    In the order of the names; what names nothing, or something else, is left out. Refuses with NotAllowed for who is
    not verified.
    """
    if by.user is None or by.session.assurance is not Assurance.VERIFIED:
        raise NotAllowed
    found = []
    async with core.store.read() as tx:
        for unique_id in dict.fromkeys(unique_ids):
            it = await tx.conversations.by_unique_id(by.app.id, unique_id)
            if it is not None and it.kind in OPEN and it.workspace == by.session.workspace:
                mine = await tx.conversations.membership(it.id, by.user.id)
                found.append((it, mine is not None))
    return found


async def unread_of(core: Core, app: App, user_id: UserId) -> Mapping[ConversationId, int]:
    """How many messages are unread in each of the user's conversations, of the 1,000 with the latest messages."""
    async with core.store.search() as tx:
        return await tx.messages.unread(await tx.conversations.seen_as(_of_user(app, user_id)))


async def behind(core: Core, app: App, during: Between) -> list[UserId]:
    """Who has not read something that others said in this time, in the order in which they came to the App.

    Looks at the 1,000 conversations with the latest messages, and at 20,000 members of theirs.
    """
    since = 1 if during.since is None else first_at(during.since)
    before = LARGEST if during.until is None else first_at(during.until)
    found: set[UserId] = set()
    after, looked_at, members_looked_at = None, 0, 0
    async with core.store.search() as tx:
        while looked_at < LOOKED_AT and members_looked_at < MEMBERS_LOOKED_AT:
            page = await tx.conversations.of_app(app.id, PageAsked(LOOKED_AT_ONCE, after))
            talks = {it.id: it for it in page.items if it.last_message_id is not None and it.last_message_id >= since}
            for id, members in (await tx.conversations.members_of(talks)).items():
                last = talks[id].last_message_id or 0
                late = [it for it in members if it.user_id not in found and (it.last_read_id or 0) < last]
                found |= await tx.messages.are_behind(late, since, before)
                members_looked_at += len(members)
            after, looked_at = page.next, looked_at + len(page.items)
            if after is None or after < since:
                break
    return sorted(found)


async def announce(core: Core, app: App, id: ConversationId, drafts: Sequence[Draft]) -> list[Message]:
    """The App says all of it, or nothing. Refuses with NotFound or ConversationClosed."""
    said = []
    async with core.store.write() as tx:
        conversation = await tx.conversations.get(app.id, id)
        if conversation is None:
            raise NotFound("conversation")
        for draft in drafts:
            message, conversation = await add_in(core, tx, conversation, draft, Author.APP, None, None)
            said.append(message)
    return said


async def of_kinds(
    core: Core, app: App, user_id: UserId, kinds: frozenset[ConversationKind], *, skip: int, limit: int
) -> Listed[Conversation]:
    """Conversations of these kinds that the user is in, as they would see them on any device of theirs."""
    async with core.store.search() as tx:
        asked = ConversationsAsked(kinds=kinds, skip=skip, limit=limit)
        return await tx.conversations.chosen(_of_user(app, user_id), asked)


async def said_in(core: Core, app: App, id: ConversationId, asked: MessagesAsked) -> Listed[Message]:
    """What was said in a conversation and not deleted, whoever hid or cleared it. Refuses with NotFound."""
    async with core.store.search() as tx:
        conversation = await tx.conversations.get(app.id, id)
        if conversation is None:
            raise NotFound("conversation")
        nobody = Membership(id, NOBODY, Assurance.VERIFIED, None, None, joined_at=conversation.created_at)
        return await tx.messages.chosen(nobody, asked)


def _of_user(app: App, user_id: UserId) -> Visibility:
    return Visibility(app.id, user_id, verified=True, device_id=None, workspace=None, every_workspace=True)


def _check_name(unique_id: str) -> None:
    if not 0 < len(unique_id) <= LONGEST_UNIQUE_ID:
        raise Unacceptable("unique_id", f"must have 1 to {LONGEST_UNIQUE_ID} characters")


def _fresh(core: Core, app: App, kind: ConversationKind, unique_id: str | None, looks: Change) -> Conversation:
    now = core.clock()
    id = ConversationId(core.new_id())
    return looks.of(Conversation(id, app.id, kind, None, created_at=now, updated_at=now, unique_id=unique_id), now)


async def _members(tx: Transaction, it: Conversation, users: Sequence[UserId]) -> list[Membership]:
    ids = list(dict.fromkeys(users))
    if not 0 < len(ids) <= MOST_MEMBERS:
        raise Unacceptable("users", f"must be 1 to {MOST_MEMBERS}")
    found = await members.newcomers(tx, it, ids, it.created_at, guests=False)
    if it.kind is not ConversationKind.DIRECT:
        found[0] = replace(found[0], role=MemberRole.OWNER)
    return found


async def _add(
    core: Core,
    tx: Transaction,
    fresh: Conversation,
    everybody: Sequence[Membership],
    *,
    by: UserId | None = None,
    session_id: SessionId | None = None,
) -> Conversation:
    conversation = await tx.conversations.add(fresh, everybody)
    await note(
        core,
        tx,
        EventKind.CONVERSATION_STARTED,
        conversation.app_id,
        user_id=by,
        session_id=session_id,
        conversation_id=conversation.id,
    )
    return conversation


async def _take_over(core: Core, tx: Transaction, it: Acting, owner_id: UserId) -> Conversation:
    """Whoever took the name is a member like others from now on, and this user owns the channel."""
    roles: dict[str, str] = {}
    for member in it.members:
        role = MemberRole.OWNER if member.user_id == owner_id else MemberRole.MEMBER
        if member.role is MemberRole.OWNER or role is MemberRole.OWNER:
            await tx.conversations.put_member(replace(member, role=role))
            roles[str(member.user_id)] = role.name.lower()
    await it.note(core, tx, EventKind.MEMBERS_CHANGED, roles=roles)
    plain = {
        door: {key: it for key, it in own.items() if key != TAKEN} for door, own in it.conversation.by_door.items()
    }
    conversation = replace(it.conversation, by_door=plain, updated_at=core.clock())
    await tx.conversations.save(conversation)
    return conversation


def _taken(it: Conversation, door: str) -> Mapping[str, Mapping[str, Any]]:
    return {**it.by_door, door: {**it.by_door.get(door, {}), TAKEN: True}}


def _is_taken(it: Conversation) -> bool:
    return any(own.get(TAKEN) for own in it.by_door.values())
