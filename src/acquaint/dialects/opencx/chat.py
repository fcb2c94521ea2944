"""What visitors say, and what they think of answers."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from ...domain.conversations import LONGEST_TEXT
from ...domain.errors import (
    ConversationClosed,
    NotAllowed,
    Refusal,
    TooManyRequests,
    Unacceptable,
    UnknownApp,
    UserBanned,
)
from ...services import desk
from ...services.messages import Draft
from ...web.dialect import core_of
from . import uploads, wire
from .auth import Caller, caller_of
from .reading import check_uuid, read, read_session_id

MOST_TOLD_BEFORE: Final = 10
MOST_ATTACHMENTS: Final = 10
LARGEST_BESIDE: Final = 16 * 1024  # bytes of custom data and context together, as JSON
LONGEST_LANGUAGE: Final = 35

UP, DOWN = "👍", "👎"


class Attachment(Struct):
    url: str


class ToldBefore(Struct):
    uuid: str
    content: str


class Message(Struct):
    """``headers``, ``query_params`` and ``body_properties`` are for programs and may hold secrets: never even read."""

    uuid: str
    session_id: str
    content: str | None = None
    bot_token: str | None = None
    attachments: list[Attachment] | None = None
    custom_data: dict[str, Any] | None = None
    clientContext: dict[str, Any] | None = None  # noqa: N815 - the vendor's spelling
    language: str | None = None
    initial_messages: list[ToldBefore] | None = None


class Vote(Struct):
    action: Literal["upvote", "downvote"]
    sessionId: str  # noqa: N815
    messagePublicId: str  # noqa: N815


SAID: Final[dict[type[Refusal], tuple[str, str]]] = {
    TooManyRequests: ("rate_limited", "You are sending messages too quickly. Please wait a moment and try again."),
    ConversationClosed: ("session_closed", "This conversation has ended. Please start a new one."),
    UserBanned: ("blocked", "You cannot send messages here."),
    NotAllowed: ("verification_required", "Please sign in to send a message."),
}
"""What the visitor reads. Any other refusal shows them a general word of the widget's own."""

TOO_LONG: Final = (
    "message_too_long",
    f"This message is too long. Please send at most {LONGEST_TEXT} characters at once.",
)


async def send(request: Request) -> Response:
    """POST chat/send. What visitors should read is answered with 201 and ``success: false``; the rest by its status."""
    try:
        caller = await caller_of(request)
    except (TooManyRequests, UserBanned) as refusal:
        return _refused(refusal)
    core, asked = core_of(request), await read(request, Message)
    if asked.bot_token is not None and asked.bot_token != caller.app.public_keys.widget_token:
        raise UnknownApp
    id = read_session_id(asked.session_id)
    before = _told_before(asked)
    await desk.one(core, caller.session, id)  # whoever may not see it learns nothing about files either
    if len(asked.content or "") > LONGEST_TEXT:
        return _told(*TOO_LONG)
    draft = await _draft(request, caller, asked)
    try:
        _, chat = await desk.say(core, caller.recognised, id, draft, told_before=before)
    except (TooManyRequests, ConversationClosed, NotAllowed) as refusal:
        return _refused(refusal)
    body = {
        "success": True,
        "code": "session_assigned_to_human_agent",
        "sessionIsHandedOff": True,
        "session": wire.session(caller.app, chat),
    }
    return wire.answer(body, 201)


async def vote(request: Request) -> Response:
    """POST chat/vote."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request, Vote)
    id, public_id = read_session_id(asked.sessionId), asked.messagePublicId
    sign, other = (UP, DOWN) if asked.action == "upvote" else (DOWN, UP)
    await desk.vote(
        core,
        caller.recognised,
        id,
        named=lambda it: wire.public_id(it) == public_id,
        sign=sign,
        instead_of=other,
    )
    return wire.answer({"messagePublicId": public_id, "success": True}, 201)


def _refused(refusal: Refusal) -> Response:
    return _told(*next(words for kind, words in SAID.items() if isinstance(refusal, kind)))


def _told(code: str, message: str) -> Response:
    return wire.answer({"success": False, "error": {"code": code, "message": message}}, 201)


async def _draft(request: Request, caller: Caller, asked: Message) -> Draft:
    text, given = asked.content or "", asked.attachments or []
    if len(given) > MOST_ATTACHMENTS:
        raise Unacceptable("attachments", f"are more than {MOST_ATTACHMENTS}")
    if not text.strip() and not given:
        raise Unacceptable("content", "is required")
    files = await uploads.attached(core_of(request), caller, [it.url for it in given])
    beside = {"custom_data": asked.custom_data, "context": asked.clientContext, "language": asked.language}
    extras = {name: value for name, value in beside.items() if value}
    if len(asked.language or "") > LONGEST_LANGUAGE:
        raise Unacceptable("language", f"is longer than {LONGEST_LANGUAGE} characters")
    if len(msgspec.json.encode(extras)) > LARGEST_BESIDE:
        raise Unacceptable("custom_data", f"and clientContext are larger than {LARGEST_BESIDE} bytes")
    return Draft(
        text,
        payload={wire.FILES: files} if files else {},
        extras=extras,
        client_id=check_uuid(asked.uuid, "uuid"),
        is_name=True,
    )


def _told_before(asked: Message) -> list[Draft]:
    """What the page showed before the visitor wrote; only their word, and kept as that."""
    told = asked.initial_messages or []
    if len(told) > MOST_TOLD_BEFORE:
        raise Unacceptable("initial_messages", f"are more than {MOST_TOLD_BEFORE}")
    names = [check_uuid(it.uuid, "initial_messages.uuid") for it in told]
    if len({*names, asked.uuid}) != len(names) + 1:
        raise Unacceptable("initial_messages", "have a uuid twice")
    return [
        Draft(it.content, kind=wire.TOLD_BEFORE, client_id=it.uuid, is_name=True) for it in told if it.content.strip()
    ]
