"""Conversations, which the vendor calls sessions, and what is said in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ....domain import ids
from ....domain.conversations import LONGEST_TITLE, ConversationId, Message, MessageId
from ....domain.errors import NotFound, Unacceptable
from ....domain.paging import LARGEST_PAGE, PageAsked
from ....domain.sessions import Session
from ....services import conversations, messages, support
from ....services.core import Core
from ....services.messages import Draft
from ....web.dialect import core_of
from .. import wire
from ..reading import MOST_CUSTOM, NOTHING_GIVEN, Asked, check_custom, query, read, read_id
from . import resources
from .attachments import attached
from .paging import numbered
from .tracking import Caller, caller_of

LONGEST_BODY: Final = 20_000  # characters of a message
LONGEST_REASON: Final = 64
MOST_ATTACHMENTS: Final = 10
MOST_HANDED_OFF: Final = 100  # the vendor: 2 to 100 messages
CUSTOMER_ENDED: Final = "customer_ended"  # what the SDKs give for a reason


async def list_sessions(request: Request) -> Response:
    """GET chat/sessions: what this tracking sees, on this device and, when somebody logged in, of theirs anywhere."""
    caller = await caller_of(request)
    page = numbered(request, "active", "brandId")
    only_open = bool(query(request).flag("active"))
    found, is_more = await support.chats(
        core_of(request), caller.session, skip=page.skip, limit=page.size, only_open=only_open
    )
    return page.answer([resources.chat_session(caller.app, caller.session, it) for it in found], is_more=is_more)


async def start_session(request: Request) -> Response:
    """POST chat/sessions. The first one makes the anonymous customer; later ones are of whoever is in the tracking."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    title = (asked.text("title", LONGEST_BODY) or "").strip()[:LONGEST_TITLE] or None
    custom = _described({}, check_custom(asked.object("custom") or {}))
    seen, by = await conversations.start(core, caller.recognised, title=title, custom=custom)
    chat = await support.one_chat(core, by.session, seen.conversation.id)
    return wire.document(resources.chat_session(caller.app, by.session, chat), 201)


async def one_session(request: Request) -> Response:
    """GET chat/sessions/{id}"""
    caller = await caller_of(request)
    return await _answer_session(request, caller)


async def change_session(request: Request) -> Response:
    """PUT chat/sessions/{id}: how far it was read, or its end."""
    core, caller = core_of(request), await caller_of(request)
    id = _conversation_id(request)
    asked = await read(request)
    seen_at, locked = asked.moment("lastSeenAt"), asked.flag("locked")
    reason = asked.text("lockReason", LONGEST_REASON)
    if locked is False:
        raise Unacceptable("locked", "can only be true: a conversation that has ended stays so")
    if seen_at is None and locked is None:
        raise Unacceptable("", "needs lastSeenAt or locked")
    if seen_at is not None:
        await _mark_seen(core, caller.session, id, seen_at)
    if locked:
        ending = {"lockReason": reason or CUSTOMER_ENDED, "lockedByCustomer": True}
        await support.annotate(core, caller.recognised, id, lambda was: noting(was, **ending), closes=True)
    return await _answer_session(request, caller)


async def list_messages(request: Request) -> Response:
    """GET chat/sessions/{id}/messages, newest first."""
    core, caller = core_of(request), await caller_of(request)
    chat = await support.one_chat(core, caller.session, _conversation_id(request))
    page = numbered(request)
    found, is_more = await _history(core, caller.session, chat.conversation.id, page.skip, page.size)
    return page.answer([resources.chat_message(caller.app, caller.session, it, chat) for it in found], is_more=is_more)


async def one_message(request: Request) -> Response:
    """GET chat/sessions/{id}/messages/{message_id}"""
    core, caller = core_of(request), await caller_of(request)
    id, message_id = _conversation_id(request), MessageId(read_id(request.path_params["message_id"]))
    message, chat = await support.one_message(core, caller.session, message_id)
    if message.conversation_id != id:
        raise NotFound("message")
    return wire.document(resources.chat_message(caller.app, caller.session, message, chat))


async def post_message(request: Request) -> Response:
    """POST chat/messages. Refuses with ConversationClosed where nothing more can be said."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    id = ConversationId(read_id(asked.needed("session", 64), "session"))
    body = asked.text("body", LONGEST_BODY)
    files = asked.texts("attachments", MOST_ATTACHMENTS) or []
    if not files and not (body or "").strip():
        raise Unacceptable("body", "is required")
    chat = await support.one_chat(core, caller.session, id)
    payload = {resources.ATTACHMENTS: await attached(core, caller, files)} if files else {}
    message = await messages.post(core, caller.recognised, id, Draft(body or "", payload=payload))
    return wire.document(resources.chat_message(caller.app, caller.session, message, chat), 201)


async def describe_conversation(request: Request) -> Response:
    """PATCH conversations/{id}: custom attributes; null takes one away."""
    core, caller = core_of(request), await caller_of(request)
    id = _conversation_id(request)
    asked = (await read(request)).only("custom")
    custom = asked.object("custom")
    if not custom:
        raise Unacceptable("custom", NOTHING_GIVEN)
    checked = check_custom(custom)
    await support.annotate(core, caller.recognised, id, lambda was: _described(was, checked))
    chat = await support.one_chat(core, caller.session, id)
    return wire.document(resources.conversation(caller.app, caller.session, chat))


async def hand_off(request: Request) -> Response:
    """POST chat/handoff: what a visitor talked about with a program becomes a conversation with people.

    Everything in it is the visitor's word, what the program said, too: operators read it as told by them.
    """
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    told = asked.objects("messages", MOST_HANDED_OFF) or []
    lines = [_line(it) for it in told]
    if len(lines) < 2 or len({direction for direction, _ in lines}) < 2:
        raise Unacceptable("messages", f"must be 2 to {MOST_HANDED_OFF}, at least one in and one out")
    transcript = "\n".join(f"{'visitor' if direction == 'in' else 'assistant'}: {text}" for direction, text in lines)
    if len(transcript) > LONGEST_BODY:
        raise Unacceptable("messages", f"have more than {LONGEST_BODY} characters together")
    title = next(text for direction, text in lines if direction == "in")[:LONGEST_TITLE]
    seen, by = await conversations.start(core, caller.recognised, title=title, first=Draft(transcript))
    chat = await support.one_chat(core, by.session, seen.conversation.id)
    return wire.document(resources.chat_session(caller.app, by.session, chat), 201)


def noting(custom: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """The custom data with more of what only this dialect says."""
    ours = custom.get(resources.OURS)
    return {**custom, resources.OURS: {**(ours if isinstance(ours, Mapping) else {}), **more}}


async def _answer_session(request: Request, caller: Caller) -> Response:
    chat = await support.one_chat(core_of(request), caller.session, _conversation_id(request))
    return wire.document(resources.chat_session(caller.app, caller.session, chat))


async def _mark_seen(core: Core, session: Session, id: ConversationId, at: datetime) -> None:
    """Everything up to the moment was read; nothing happens where nothing was said by then."""
    beyond = _first_id_after(at, core.clock())
    page = await messages.history(core, session, id, PageAsked(1, beyond))
    if page.items:
        await messages.mark_read(core, session, id, page.items[0].id)


def _first_id_after(at: datetime, now: datetime) -> int:
    """Ids are ordered by time. Clocks of phones run ahead: what has not come yet counts as now."""
    return ids.first_at(max(min(at, now) + timedelta(milliseconds=1), ids.EPOCH))


async def _history(
    core: Core, session: Session, id: ConversationId, skip: int, size: int
) -> tuple[list[Message], bool]:
    """The messages of one numbered page, walked to from the newest; and whether more follow."""
    found: list[Message] = []
    after = None
    while len(found) <= skip + size:
        page = await messages.history(core, session, id, PageAsked(min(LARGEST_PAGE, skip + size + 1), after))
        found += page.items
        after = page.next
        if after is None:
            break
    return found[skip : skip + size], len(found) > skip + size


def _described(was: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    described = {name: value for name, value in {**was, **more}.items() if value is not None}
    if len(described) > max(MOST_CUSTOM, len(was)):
        raise Unacceptable("custom", f"has more than {MOST_CUSTOM} attributes, earlier ones included")
    return described


def _line(asked: Asked) -> tuple[str, str]:
    direction = asked.needed("direction", 8)
    if direction not in ("in", "out"):
        raise Unacceptable(asked.at + "direction", "must be in or out")
    text = asked.text("body", LONGEST_BODY) or asked.text("preview", LONGEST_BODY) or ""
    if not text.strip():
        raise Unacceptable(asked.at + "body", "is required")
    return direction, text


def _conversation_id(request: Request) -> ConversationId:
    return ConversationId(read_id(request.path_params["id"]))
