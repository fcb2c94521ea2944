"""What people say in conversations, and what they have read of it. What becomes of it later is in saying.py.

post, answer               by a session; by the App's operators
history, chosen            as a session sees it; ``history_of_app`` as the operators do
size_of                    how much a message is to read
mark_read, mark_received   how far a session's user has read, and how far their devices have got it
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from ..domain.apps import App
from ..domain.conversations import (
    Author,
    Conversation,
    ConversationId,
    ConversationKind,
    Membership,
    Message,
    MessageId,
    visibility_of,
)
from ..domain.errors import IdentifierTaken, NotFound, Unacceptable
from ..domain.events import EventKind
from ..domain.listings import Listed, MessagesAsked
from ..domain.members import Act, check_may, role_of
from ..domain.paging import Page, PageAsked
from ..domain.sessions import Session
from ..domain.users import User
from ..ports.store import Reading, Recognised, Transaction
from . import blocks, enforcement, limits
from .core import Core
from .sessions import note, present
from .visibility import seen_as, visible

_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be said. A ``client_id`` makes saying it again harmless: it names one message of its sender.

    With ``is_name``, or where it is long enough to be one (``Message.name``), others call the message by it as well, so
    nobody else's in the conversation may have it already (IdentifierTaken): whoever repeats another's id would have
    theirs shown in its place.
    """

    text: str
    kind: str = "text"
    payload: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)
    client_id: str | None = None
    is_name: bool = False

    def __post_init__(self) -> None:
        if not self.text.strip() and not self.payload and not self.extras:
            raise Unacceptable("text", "cannot be blank")


def size_of(it: Message) -> int:
    """How much there is to read of it: characters of its text, and bytes of what is beside that."""
    return len(it.text) + sum(len(_encode(beside)) for beside in (it.payload, it.extras) if beside)


async def post(core: Core, it: Recognised, id: ConversationId, draft: Draft) -> Message:
    """The session's user says something. Refuses with NotFound (not seen, or not there) or ConversationClosed."""
    await core.limiter.take(limits.MESSAGES_PER_SESSION, str(it.session.id))
    await enforcement.check(core, it, enforcement.SAY)
    async with core.store.write() as tx:
        session, user = await present(tx, it.session)
        conversation = await visible(tx, visibility_of(session), id)
        if user is None:
            raise NotFound("conversation")
        if conversation.kind is ConversationKind.BROADCAST:
            check_may(Act.SAY, conversation, role_of(user.id, await tx.conversations.members(id)))
        message, _ = await post_in(core, tx, conversation, draft, session, user)
    return message


async def answer(
    core: Core, app: App, id: ConversationId, draft: Draft, *, author: Author = Author.OPERATOR
) -> Message:
    """The App's operators, or the App itself, say something. Refuses with NotFound or ConversationClosed.

    An operator who answers has read what was said before.
    """
    async with core.store.write() as tx:
        conversation = await tx.conversations.get(app.id, id)
        if conversation is None:
            raise NotFound("conversation")
        message, _ = await add_in(core, tx, conversation, draft, author, None, None)
    return message


async def history(
    core: Core, session: Session, id: ConversationId, page: PageAsked, *, newest_first: bool = True
) -> Page[Message]:
    """Without what the user cleared or hid. Refuses with NotFound for a conversation the session does not see."""
    async with core.store.read() as tx:
        return await tx.messages.history_for(await as_member(tx, session, id), page, newest_first=newest_first)


async def chosen(core: Core, session: Session, id: ConversationId, asked: MessagesAsked) -> Listed[Message]:
    """Of what the session sees of it, and was not deleted, what is asked for. Refuses with NotFound."""
    async with core.store.search() as tx:
        return await tx.messages.chosen(await as_member(tx, session, id), asked)


async def history_of_app(
    core: Core, app: App, id: ConversationId, page: PageAsked, *, newest_first: bool = True
) -> Page[Message]:
    async with core.store.read() as tx:
        if await tx.conversations.get(app.id, id) is None:
            raise NotFound("conversation")
        return await tx.messages.history(id, page, newest_first=newest_first)


async def mark_read(core: Core, session: Session, id: ConversationId, up_to: MessageId) -> MessageId:
    """Remembers how far the user has read, never backwards; answers that point. Refuses with NotFound."""
    return await _mark(core, session, id, up_to, EventKind.MESSAGES_READ)


async def mark_received(core: Core, session: Session, id: ConversationId, up_to: MessageId) -> MessageId:
    """Remembers how far the user's devices have got it, never backwards; answers that point. Refuses with NotFound."""
    return await _mark(core, session, id, up_to, EventKind.MESSAGES_RECEIVED)


async def _mark(core: Core, session: Session, id: ConversationId, up_to: MessageId, kind: EventKind) -> MessageId:
    async with core.store.write() as tx:
        session, _ = await present(tx, session)
        mine = await as_member(tx, session, id)
        if await tx.messages.get(id, up_to) is None:
            raise NotFound("message")
        received = max(up_to, mine.last_received_id or up_to)
        reached, before = received, mine.last_received_id
        marked = replace(mine, last_received_id=received)
        if kind is EventKind.MESSAGES_READ:
            reached, before = max(up_to, mine.last_read_id or up_to), mine.last_read_id
            marked = replace(marked, last_read_id=reached)
        if marked != mine:
            await tx.conversations.put_member(marked)
            await note(
                core,
                tx,
                kind,
                session.app_id,
                user_id=session.user_id,
                session_id=session.id,
                conversation_id=id,
                up_to=str(reached),
                after=str(before or 0),
            )
    return reached


async def as_member(tx: Reading, session: Session, id: ConversationId) -> Membership:
    """As whom the session sees the conversation; refuses with NotFound when it does not."""
    _, mine = await seen_as(tx, visibility_of(session), id)
    return mine


async def post_in(
    core: Core, tx: Transaction, conversation: Conversation, draft: Draft, session: Session, user: User
) -> tuple[Message, Conversation]:
    """Posts within a transaction, as a user who was found to see the conversation."""
    return await add_in(core, tx, conversation, draft, Author.USER, user, session)


async def add_in(
    core: Core,
    tx: Transaction,
    conversation: Conversation,
    draft: Draft,
    author: Author,
    user: User | None,
    session: Session | None,
) -> tuple[Message, Conversation]:
    """What was said before is answered, even where nothing more can be said by now."""
    now = core.clock()
    sender_id = user.id if user else None
    message = Message(
        MessageId(core.new_id()),
        conversation.id,
        author,
        sender_id,
        draft.text,
        now,
        draft.kind,
        draft.payload,
        draft.extras,
        draft.client_id,
    )
    deaf = () if user is None else await blocks.deaf_to(tx, user.id, conversation)
    name = draft.client_id if draft.is_name else message.name
    if name is not None and await tx.messages.is_named_by_others(conversation.id, name, sender_id):
        raise IdentifierTaken("message")
    message, is_new = await tx.messages.add(message)
    if not is_new:
        return message, conversation
    conversation.check_open()  # else nothing of it stays: the transaction is undone
    await blocks.spare(tx, deaf, message.id)
    newest = MessageId(max(message.id, conversation.last_message_id or message.id))
    conversation = replace(conversation, last_message_id=newest, updated_at=now)
    if author is Author.OPERATOR:
        conversation = replace(conversation, operators_read_id=message.id)
    await note(
        core,
        tx,
        EventKind.MESSAGE_POSTED,
        conversation.app_id,
        user_id=sender_id,
        session_id=session.id if session else None,
        conversation_id=conversation.id,
        message=str(message.id),
    )
    return message, conversation
