"""OpenCX' shapes: what answers are made of.

answer, moment      an answer that nobody keeps; a date
org_id              an App's id
session             a conversation as the widget's list and its open chat read it
rows                what was said, and what happened beside it
contact             a user, as the App's server sees them

The widget renders nothing at all where one of these objects lacks a field it looks into: ``assignee`` of a session,
``content`` and ``sender`` of a row are always there.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from starlette.responses import Response

from ...domain.apps import App
from ...domain.conversations import Author, Conversation, Message
from ...domain.identities import Assurance, IdentifierKind
from ...domain.users import User
from ...services.support import Chat
from ...web.answers import Json
from ...web.ids import as_uuid
from . import text
from .reading import is_uuid

DOOR: Final = "opencx"
FILES: Final = "files"  # in a message's payload
TOLD_BEFORE: Final = "told_before"
"""The kind of messages that the page says its visitor had read before they wrote: the visitor's word, like all."""

CSAT: Final = "csat_submitted"
RATED_AS: Final = "rated_as"  # in what is kept of a conversation
CHECKPOINT: Final = "state_checkpoint"

NO_TEXT: Final = "…"

Shape = dict[str, Any]


def answer(body: Any, status: int = 200) -> Response:
    return Json(msgspec.json.encode(body), status)


def moment(at: datetime) -> str:
    """ISO 8601 in UTC, with milliseconds."""
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def org_id(app: App) -> str:
    return as_uuid(app.id)


def session(app: App, chat: Chat) -> Shape:
    """A conversation. Nothing in it changes by being read: a closed one that does is asked for without end.

    People answer, so it is always handed off, to somebody with the App's name; an assignee of kind ``ai`` would keep
    the visitor's second message from being sent.
    """
    it = chat.conversation
    kept = it.by_door.get(DOOR, {})
    return {
        "id": as_uuid(it.id),
        "ticketNumber": it.id,
        "createdAt": moment(it.created_at),
        "updatedAt": moment(it.updated_at),
        "isHandedOff": True,
        "isOpened": it.closed_at is None,
        "assignee": {"kind": "human", "name": app.name, "avatarUrl": None},
        "channel": "web",
        "isVerified": chat.mine.assurance is Assurance.VERIFIED,
        "lastMessage": _preview(chat),
        "modeId": None,
        "latestStateCheckpointPayload": kept.get("checkpoint"),
        "title": None,
        "sessionAttributes": {},
        "customStatus": None,
    }


def rows(app: App, conversation: Conversation, messages: Sequence[Message]) -> list[Shape]:
    """What was said and not taken back, and what happened beside it, the oldest first.

    A survey that was answered before the latest end is not there: the widget asks only where none was.
    """
    said = [(it.created_at, _row(app, it)) for it in messages if it.deleted_at is None]
    beside = [(_read_moment(it["at"]), _system_row(it["id"], it)) for it in marks_of(conversation)]
    if conversation.closed_at is not None:
        asked = {"type": "csat_requested", "at": moment(conversation.closed_at)}
        beside.append((conversation.closed_at, _system_row(survey_id(conversation), asked)))
    if (rating := conversation.rating) is not None and (conversation.is_rated or conversation.closed_at is None):
        given: Shape = {"type": CSAT, "at": moment(rating.at)}
        given["payload"] = {"score": rating.score, "feedback": rating.comment}
        beside.append((rating.at, _system_row(survey_answer_id(conversation), given)))
    order = {CSAT: 1}  # asked before answered, in one millisecond
    whole = sorted([*said, *beside], key=lambda it: (it[0], order.get(it[1]["type"], 0)))
    return [row for _, row in whole]


def survey_answer_id(conversation: Conversation) -> str:
    """What the widget called the row with a visitor's rating; ours where they gave it another way."""
    given = conversation.by_door.get(DOOR, {}).get(RATED_AS)
    return str(given) if given else str(uuid.uuid5(uuid.UUID(as_uuid(conversation.id)), "rating"))


def public_id(message: Message) -> str:
    """The id that the widget gave a message, and ours for what came another way."""
    given = message.client_id
    return given if given is not None and is_uuid(given) else as_uuid(message.id)


def survey_id(conversation: Conversation) -> str:
    """The id of the row that asks for the survey: another one each time that the conversation ends."""
    ended = moment(conversation.closed_at or conversation.created_at)
    return str(uuid.uuid5(uuid.UUID(as_uuid(conversation.id)), f"csat {ended}"))


def marks_of(conversation: Conversation) -> list[Shape]:
    """What happened beside what was said: ``id``, ``type``, ``at``, and what belongs to the type."""
    found = conversation.by_door.get(DOOR, {}).get("marks")
    return [dict(it) for it in found] if isinstance(found, list) else []


def contact(user: User) -> Shape:
    """A user as the public REST API has contacts; what nobody vouches for is in fields of its own."""
    claimed = user.profile.claimed
    return {
        "id": as_uuid(user.id),
        "email": user.known_as(IdentifierKind.EMAIL),
        "phone_number": user.known_as(IdentifierKind.PHONE) or user.profile.phone,
        "name": user.profile.name,
        "custom_data": dict(user.profile.custom),
        "non_verified_name": claimed.name,
        "non_verified_email": claimed.email,
        "non_verified_custom_data": dict(claimed.custom),
        "created_at": moment(user.created_at),
        "updated_at": moment(user.updated_at),
    }


def _row(app: App, it: Message) -> Shape:
    kind, type, name = "user", "message", None
    if it.author is not Author.USER:
        kind, type, name = "agent", "agent_message", app.name
    elif it.kind == TOLD_BEFORE:
        kind = "ai"
    return {
        "publicId": public_id(it),
        "type": type,
        "content": {"text": text.shown(it.text)},
        "sender": {"kind": kind, "name": name, "avatar": None},
        "sentAt": moment(it.created_at),
        "attachments": files_of(it),
        "actionCalls": None,
        "systemMessagePayload": None,
    }


def _system_row(id: str, mark: Shape) -> Shape:
    payload: Shape = {"type": mark["type"]}
    if "payload" in mark:
        payload["payload"] = mark["payload"]
    return {
        "publicId": id,
        "type": mark["type"],
        "content": {"text": None},
        "sender": {"kind": "system", "name": None, "avatar": None},
        "sentAt": mark["at"],
        "attachments": None,
        "actionCalls": None,
        "systemMessagePayload": payload,
    }


def files_of(it: Message) -> list[Shape] | None:
    """The files beside a message; only addresses of the web, whoever wrote them there."""
    found = it.payload.get(FILES)
    files = [
        {
            "id": str(one.get("id", one["url"])),
            "name": str(one.get("name", "")),
            "size": one.get("size") if isinstance(one.get("size"), int) else 0,
            "type": str(one.get("type", "application/octet-stream")),
            "url": one["url"],
        }
        for one in (found if isinstance(found, list) else [])
        if isinstance(one, Mapping) and str(one.get("url", "")).startswith(("https://", "http://"))
    ]
    return files or None


def _preview(chat: Chat) -> str | None:
    """None while nothing was said. What was said and has no text, or was taken back, is something, too.

    Where there is none, or an empty one, the widget's list goes on waiting for it.
    """
    last = chat.last_message
    if last is None:
        return None if chat.conversation.last_message_id is None else NO_TEXT
    return text.preview(last.text or ", ".join(one["name"] for one in files_of(last) or [])) or NO_TEXT


def _read_moment(at: Any) -> datetime:
    return datetime.fromisoformat(str(at))
