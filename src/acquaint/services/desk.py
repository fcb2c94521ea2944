"""Conversations with the App's operators, for pages whose workspace is a part of each request and not of the session.

within, anywhere    which conversations a request is about; what the session's device and assurance open, and no more
start               a conversation in a workspace, with what somebody says of themselves
page, one           those that are seen
say                 something, and what was said to them before we knew of it
history             what was said
change              what is kept with a conversation, and its end
vote                what somebody thinks of a message
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from ..domain.conversations import (
    Conversation,
    ConversationId,
    ConversationKind,
    Message,
    Reaction,
    Visibility,
    visibility_of,
)
from ..domain.errors import NotFound
from ..domain.events import EventKind
from ..domain.identities import Assurance, Claimed
from ..domain.paging import LARGEST_PAGE, Page, PageAsked
from ..domain.places import Workspace
from ..domain.sessions import Session
from ..ports.store import Reading, Recognised
from . import enforcement, limits
from .admission import once_more_if_taken
from .conversations import start_in
from .core import Core
from .messages import Draft, post_in, size_of
from .sessions import ensure_user, note, present
from .sign_in import claim_in
from .support import MOST_WALKED, Chat, chats_of, is_support, keep_changed
from .visibility import seen_as

Sees = Callable[[Session], Visibility]
"""What a session sees, in the transaction that asks."""

MOST_READ: Final = 2_000  # messages of one conversation; earlier ones are not told
MOST_TEXT: Final = 2_000_000
"""Characters of them together, with what is beside their texts: some pages ask for all of it every ten seconds."""


def within(workspace: Workspace | None) -> Sees:
    """What the session sees in this one workspace; None is the one without a name."""
    return lambda session: replace(visibility_of(session), workspace=workspace)


def anywhere(session: Session) -> Visibility:
    """What the session sees, whichever the workspace: for a conversation that is named by its id.

    Its device and assurance say what is theirs, as ever.
    """
    return replace(visibility_of(session), every_workspace=True)


async def start(
    core: Core, it: Recognised, *, workspace: Workspace | None, custom: Mapping[str, Any], claimed: Claimed | None
) -> tuple[Chat, Recognised]:
    """A new conversation in the workspace, by the session's user, who is made now if this is the first thing they do.

    ``claimed`` is kept of a user whom nobody verified. Refuses like ``conversations.start``.
    """
    await core.limiter.take(limits.MESSAGES_PER_SESSION, str(it.session.id))
    await enforcement.check(core, it, enforcement.START)

    async def once() -> tuple[Chat, Recognised]:
        async with core.store.write() as tx:
            session, user = await ensure_user(core, tx, it)
            if claimed is not None and session.assurance is not Assurance.VERIFIED:
                session, user = await claim_in(core, tx, session, user, claimed)
            if session.workspace != workspace:  # where they were last, for people who look at sessions
                session = replace(session, workspace=workspace)
                await tx.sessions.save(session)
                await note(core, tx, EventKind.SESSION_TAKEN, session.app_id, user_id=user.id, session_id=session.id)
            conversation = await start_in(core, tx, session, user, ConversationKind.SUPPORT, None, custom)
            [chat] = await chats_of(tx, session, [conversation])
        return chat, Recognised(session, it.app, user)

    return await once_more_if_taken(once)


async def page(
    core: Core, session: Session, sees: Sees, asked: PageAsked, *, only: Callable[[Conversation], bool]
) -> Page[Chat]:
    """Those of the session's conversations that are wanted, the one with the latest message first.

    At most ``MOST_WALKED`` are looked through for one page.
    """
    visibility = sees(session)
    found: list[Conversation] = []
    walked, after = 0, asked.after
    async with core.store.read() as tx:
        while len(found) <= asked.limit and walked < MOST_WALKED:
            part = await tx.conversations.visible(visibility, PageAsked(LARGEST_PAGE, after))
            found += [it for it in part.items if is_support(it) and only(it)]
            walked, after = walked + len(part.items), part.next
            if after is None:
                break
        chats = await chats_of(tx, session, found[: asked.limit])
    if len(found) > asked.limit:
        after = found[asked.limit - 1].latest_id
    return Page(tuple(chats), after)


async def one(core: Core, session: Session, id: ConversationId) -> Chat:
    """Refuses with NotFound for one that is not seen, or is none with operators."""
    async with core.store.read() as tx:
        return await _one(tx, session, id)


async def say(
    core: Core, it: Recognised, id: ConversationId, draft: Draft, *, told_before: Sequence[Draft] = ()
) -> tuple[Message, Chat]:
    """The session's user says something; ``told_before`` goes in front of it while nothing was said at all.

    Refuses with NotFound, ConversationClosed, NotAllowed (enforcement), IdentifierTaken or TooManyRequests.
    """
    await core.limiter.take(limits.MESSAGES_PER_SESSION, str(it.session.id))
    await enforcement.check(core, it, enforcement.SAY)
    async with core.store.write() as tx:
        session, user = await present(tx, it.session)
        conversation = await _seen(tx, session, id)
        if user is None:
            raise NotFound("conversation")
        if conversation.last_message_id is None:
            for told in told_before:
                _, conversation = await post_in(core, tx, conversation, told, session, user)
        message, conversation = await post_in(core, tx, conversation, draft, session, user)
        [chat] = await chats_of(tx, session, [conversation])
    return message, chat


async def history(
    core: Core, session: Session, id: ConversationId, *, whole_up_to: int, since: datetime | None
) -> tuple[Chat, list[Message]]:
    """The conversation and what was said in it, the oldest first.

    All of it where it is no more than ``whole_up_to`` messages, or no moment is given; else what was said since. Of a
    very long one the latest, see ``MOST_READ`` and ``MOST_TEXT``. Refuses with NotFound.
    """
    found: list[Message] = []
    async with core.store.read() as tx:
        chat = await _one(tx, session, id)
        after = None
        characters = 0
        while len(found) < MOST_READ and characters < MOST_TEXT:
            part = await tx.messages.history_for(chat.mine, PageAsked(LARGEST_PAGE, after))
            found += part.items
            characters += sum(map(size_of, part.items))
            await asyncio.sleep(0)  # what came may have been much: others are served before the next part
            after = part.next
            if after is None:
                break
            if since is not None and len(found) >= whole_up_to and found[-1].created_at < since:
                break
    if since is not None and (after is not None or len(found) > whole_up_to):
        found = [it for it in found if it.created_at >= since]
    return chat, found[::-1]


async def change(
    core: Core,
    it: Recognised,
    id: ConversationId,
    changed: Callable[[Conversation], Conversation],
    *,
    closes: bool = False,
    **details: object,
) -> Chat:
    """What is kept with a conversation becomes what ``changed`` makes of it; with ``closes`` nothing more can be said.

    What changes nothing is no Event. Refuses with NotFound, and with whatever ``changed`` refuses.
    """
    await core.limiter.take(limits.CHANGES_PER_SESSION, str(it.session.id))
    async with core.store.write() as tx:
        session, _ = await present(tx, it.session)
        was = await _seen(tx, session, id)
        now = core.clock()
        conversation = changed(was)
        if closes and was.closed_at is None:
            conversation = replace(conversation, closed_at=now)
            details["closed"] = True
        if conversation != was:
            conversation = replace(conversation, updated_at=now)
            await keep_changed(core, tx, session, conversation, **details)
        [chat] = await chats_of(tx, session, [conversation])
    return chat


async def vote(
    core: Core,
    it: Recognised,
    id: ConversationId,
    *,
    named: Callable[[Message], bool],
    sign: str,
    instead_of: str,
) -> None:
    """What the session's user thinks of a message, in one of two signs. Refuses with NotFound."""
    await core.limiter.take(limits.CHANGES_PER_SESSION, str(it.session.id))
    _, messages = await history(core, it.session, id, whole_up_to=MOST_READ, since=None)
    message_id = next((one.id for one in messages if one.deleted_at is None and named(one)), None)
    if message_id is None:
        raise NotFound("message")
    async with core.store.write() as tx:
        session, user = await present(tx, it.session)
        await _seen(tx, session, id)
        if user is None:
            raise NotFound("message")
        changed = await tx.messages.withdraw(Reaction(message_id, user.id, instead_of))
        changed = await tx.messages.react(Reaction(message_id, user.id, sign)) or changed
        if changed:
            await note(
                core,
                tx,
                EventKind.MESSAGE_CHANGED,
                session.app_id,
                user_id=user.id,
                session_id=session.id,
                conversation_id=id,
                message=str(message_id),
                reactions=True,
            )


async def _one(tx: Reading, session: Session, id: ConversationId) -> Chat:
    found = await chats_of(tx, session, [await _seen(tx, session, id)])
    if not found:
        raise NotFound("conversation")
    return found[0]


async def _seen(tx: Reading, session: Session, id: ConversationId) -> Conversation:
    conversation, _ = await seen_as(tx, anywhere(session), id)
    if not is_support(conversation):
        raise NotFound("conversation")
    return conversation
