"""What a visitor does beside talking: about themselves, and about their conversations with the App's operators.

arrive       the user of a session, made now if nobody is there yet
describe     what somebody says of themselves, kept apart from what is vouched for
chats        the support conversations a session sees, by numbered pages
one_chat     one of them
one_message  a message of one of them
annotate     the custom data of one, and its end
overview     what changes whenever anything a session sees does
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ..domain.conversations import (
    Conversation,
    ConversationId,
    ConversationKind,
    Membership,
    Message,
    MessageId,
    Rating,
    visibility_of,
)
from ..domain.errors import NotAllowed, NotFound
from ..domain.events import EventKind
from ..domain.identities import KEEP, Identity, Profile, ProfileChange
from ..domain.paging import LARGEST_PAGE, PageAsked
from ..domain.sessions import Session
from ..domain.users import User
from ..ports.store import Reading, Recognised, Transaction
from .admission import once_more_if_taken
from .core import Core
from .sessions import ensure_user, note, present
from .visibility import visible

MOST_WALKED: Final = 2_000  # conversations; further back nobody pages by number


@dataclass(frozen=True, slots=True)
class Chat:
    """A support conversation as one of its members sees it."""

    conversation: Conversation
    mine: Membership
    last_message: Message | None


async def arrive(core: Core, it: Recognised) -> Recognised:
    """The session with its user in it, who is made now if nobody is there yet: what somebody keeps has an owner."""
    if it.user is not None:
        return it

    async def once() -> Recognised:
        async with core.store.write() as tx:
            session, user = await ensure_user(core, tx, it)
        return Recognised(session, it.app, user)

    return await once_more_if_taken(once)


async def describe(core: Core, it: Recognised, said: Callable[[Profile], ProfileChange]) -> tuple[Session, User]:
    """Keeps what somebody says of themselves, who is made now if this is the first thing they do.

    ``said`` makes the change from the profile as it is. It may only touch what nobody takes for proven: what begins
    with ``claimed``, and what is kept for a door (NotAllowed). Nobody is believed any more than before, and nobody is
    found by it.
    """

    async def once() -> tuple[Session, User]:
        async with core.store.write() as tx:
            session, user = await ensure_user(core, tx, it)
            change = said(user.profile)
            change.check_own()
            if (change.name, change.avatar_url, change.phone) != (KEEP, KEEP, KEEP):
                raise NotAllowed
            after = user.met_again(Identity((), session.assurance, change), now=core.clock())
            if after is not user:
                await tx.users.save(after)
                await note(
                    core,
                    tx,
                    EventKind.USER_CHANGED,
                    it.app.id,
                    user_id=user.id,
                    session_id=session.id,
                    claimed=True,
                )
            return session, after

    return await once_more_if_taken(once)


async def chats(
    core: Core, session: Session, *, skip: int, limit: int, only_open: bool = False
) -> tuple[list[Chat], bool]:
    """Part of the session's support conversations, the one with the latest message first; and whether more follow."""
    async with core.store.read() as tx:
        found = await _walk(tx, session, only_open=only_open, until=skip + limit + 1)
        wanted = found[skip : skip + limit]
        return await chats_of(tx, session, wanted), len(found) > skip + limit


async def one_chat(core: Core, session: Session, id: ConversationId) -> Chat:
    """Refuses with NotFound for one that is not seen, or is none with operators."""
    async with core.store.read() as tx:
        conversation = await _seen(tx, session, id)
        found = await chats_of(tx, session, [conversation] if conversation is not None else [])
    if not found:
        raise NotFound("conversation")
    return found[0]


async def one_message(core: Core, session: Session, id: MessageId) -> tuple[Message, Chat]:
    """A message by its id alone. Refuses with NotFound where its conversation is not seen."""
    async with core.store.read() as tx:
        message = (await tx.messages.many([id])).get(id)
        if message is None or (conversation := await _seen(tx, session, message.conversation_id)) is None:
            raise NotFound("message")
        found = await chats_of(tx, session, [conversation])
        hidden_by = (await tx.messages.hidden([id])).get(id, ())
    if not found or not found[0].mine.may_read(id) or session.user_id in hidden_by:
        raise NotFound("message")
    return message, found[0]


async def annotate(
    core: Core,
    it: Recognised,
    id: ConversationId,
    custom: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    *,
    closes: bool = False,
    score: int | None = None,
) -> None:
    """Changes the custom data of a support conversation, and with ``closes`` ends it: nothing more can be said.

    ``score`` is what its visitor thinks of it now, from 1 to 5; the latest one counts.

    Refuses with NotFound like ``one_chat``. Closing twice is fine, and changes nothing the second time.
    """
    async with core.store.write() as tx:
        session, _ = await present(tx, it.session)
        was = await visible(tx, visibility_of(session), id)
        if not is_support(was):
            raise NotFound("conversation")
        if closes and was.closed_at is not None:
            return
        now = core.clock()
        conversation = replace(was, custom=dict(custom(was.custom)), closed_at=now if closes else was.closed_at)
        details: dict[str, Any] = {"closed": True} if closes else {}
        if score is not None and was.closed_at is not None and not (was.is_rated and _scored(was) == score):
            conversation = replace(conversation, rating=Rating(score, now), asks_rating=False)
            details["survey"] = score
        if conversation == was:
            return
        await keep_changed(core, tx, session, replace(conversation, updated_at=now), **details)


async def keep_changed(
    core: Core, tx: Transaction, session: Session, conversation: Conversation, **details: object
) -> None:
    """Keeps what a visitor changed of a conversation, and tells who is in it."""
    await tx.conversations.save(conversation)
    await note(
        core,
        tx,
        EventKind.CONVERSATION_CHANGED,
        session.app_id,
        user_id=session.user_id,
        session_id=session.id,
        conversation_id=conversation.id,
        **details,
    )


def _scored(it: Conversation) -> int | None:
    return None if it.rating is None else it.rating.score


async def overview(core: Core, session: Session) -> Sequence[Conversation]:
    """The latest of the support conversations that the session sees."""
    async with core.store.read() as tx:
        return await _walk(tx, session, only_open=False, until=LARGEST_PAGE)


async def _seen(tx: Reading, session: Session, id: ConversationId) -> Conversation | None:
    try:
        conversation = await visible(tx, visibility_of(session), id)
    except NotFound:
        return None
    return conversation if is_support(conversation) else None


async def _walk(tx: Reading, session: Session, *, only_open: bool, until: int) -> list[Conversation]:
    """The first ``until`` of the session's support conversations."""
    found: list[Conversation] = []
    walked, after = 0, None
    while len(found) < until and walked < MOST_WALKED:
        page = await tx.conversations.visible(visibility_of(session), PageAsked(LARGEST_PAGE, after))
        found += [it for it in page.items if is_support(it) and not (only_open and it.closed_at is not None)]
        walked += len(page.items)
        after = page.next
        if after is None:
            break
    return found[:until]


async def chats_of(tx: Reading, session: Session, conversations: Iterable[Conversation]) -> list[Chat]:
    """Conversations that the session was found to see, as its user does; within a transaction."""
    by_id = {it.id: it for it in conversations}
    everybody = await tx.conversations.members_of(list(by_id)) if by_id else {}
    mine = [it for members in everybody.values() for it in members if it.user_id == session.user_id]
    last = await tx.messages.last_for(mine) if mine else {}
    found = {it.conversation_id: Chat(by_id[it.conversation_id], it, last.get(it.conversation_id)) for it in mine}
    return [found[id] for id in by_id if id in found]


def is_support(conversation: Conversation) -> bool:
    return conversation.kind is ConversationKind.SUPPORT
