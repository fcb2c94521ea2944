"""What visitors are shown, field by field as the vendor spells it.

chat_session    a conversation; "session" is the vendor's word for it
conversation    the same as PATCH conversations answers it
chat_message    a message
attachment      a file beside a message
customer        oneself: nothing that others said

What has no field of ours, how a conversation was ended and what people thought of it, is in its custom data under
``kustomer``. Custom attributes cannot be called so: their names end in their type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ....domain import ids
from ....domain.apps import App
from ....domain.conversations import Author, Conversation, Message
from ....domain.sessions import Session
from ....domain.users import User
from ....services.support import Chat
from ....web.ids import as_hex
from .. import wire
from ..names import display_name

OURS: Final = "kustomer"
ATTACHMENTS: Final = "attachments"
LONGEST_PREVIEW: Final = 200


def noted(conversation: Conversation) -> Mapping[str, Any]:
    """What only this dialect says of a conversation."""
    found = conversation.custom.get(OURS)
    return found if isinstance(found, Mapping) else {}


def custom_of(conversation: Conversation) -> dict[str, Any]:
    return {name: value for name, value in conversation.custom.items() if name != OURS}


def chat_session(app: App, session: Session, chat: Chat) -> wire.Resource:
    conversation, last = chat.conversation, chat.last_message
    ending = noted(conversation)
    attributes: dict[str, Any] = {
        "name": conversation.title,
        "preview": _preview(last),
        "trackingId": _tracking_of(session, chat),
        "createdAt": wire.moment(conversation.created_at),
        "lastSeenAt": wire.moment(ids.created_at(chat.mine.last_read_id) if chat.mine.last_read_id else None),
        "lastMessageAt": wire.moment(last.created_at if last else None),
        "lockedAt": wire.moment(conversation.closed_at),
        "lockReason": ending.get("lockReason"),
        "lockedByCustomer": conversation.closed_at is not None and bool(ending.get("lockedByCustomer")),
        "custom": custom_of(conversation),
    }
    if conversation.closed_at is not None:
        attributes["satisfaction"] = _satisfaction(conversation)
    relationships = wire.org_of(app) | {"customer": wire.reference("customer", chat.mine.user_id)}
    links = {"self": f"/c/v1/chat/sessions/{as_hex(conversation.id)}"}
    return wire.resource("chat_session", conversation.id, attributes, relationships, links)


def conversation(app: App, session: Session, chat: Chat) -> wire.Resource:
    """The same, under the vendor's other name for it; both have one id."""
    return chat_session(app, session, chat) | {"type": "conversation"}


def chat_message(app: App, session: Session, message: Message, chat: Chat) -> wire.Resource:
    is_deleted = message.deleted_at is not None
    is_in = message.author is Author.USER
    attachments = [] if is_deleted else attachments_of(message)
    attributes = {
        "trackingId": _tracking_of(session, chat),
        "body": None if is_deleted else message.text,
        "direction": "in" if is_in else "out",
        "directionType": "initial-in" if is_in else "initial-out",
        "createdAt": wire.moment(message.created_at),
        "importedAt": None,
        "modifiedAt": wire.moment(message.edited_at or message.created_at),
        "attachments": attachments,
    }
    relationships = wire.org_of(app) | {
        "session": wire.reference("chat_session", message.conversation_id),
        "customer": wire.reference("customer", chat.mine.user_id),
        "attachments": {"data": [{"type": "attachment", "id": it["id"]} for it in attachments]},
    }
    if not is_in:
        relationships["sentBy"] = wire.reference("user", app.id)
    links = {"self": f"/c/v1/chat/sessions/{as_hex(message.conversation_id)}/messages/{as_hex(message.id)}"}
    return wire.resource("chat_message", message.id, attributes, relationships, links)


def attachments_of(message: Message) -> list[dict[str, Any]]:
    """What visitors may know of the files beside a message: not the key that opens them."""
    found = message.payload.get(ATTACHMENTS)
    known = [it for it in found if isinstance(it, Mapping)] if isinstance(found, list) else []
    return [
        {
            "id": str(it.get("id")),
            "name": it.get("name"),
            "contentType": it.get("contentType"),
            "contentLength": it.get("contentLength"),
        }
        for it in known
    ]


def _satisfaction(conversation: Conversation) -> dict[str, Any]:
    """The survey at the end of a conversation; its id is the conversation's. Left out before: iOS looks into it, and
    looking into null ends the app.
    """
    status = survey_status(survey_given(conversation))
    return {"id": as_hex(conversation.id), "status": status, "lockedAt": None}


def survey_given(conversation: Conversation) -> Mapping[str, Any]:
    """What was answered so far."""
    found = noted(conversation).get("satisfaction")
    return found if isinstance(found, Mapping) else {}


def survey_status(given: Mapping[str, Any]) -> str:
    """The SDKs ask for a comment once there is a rating, and for nothing once there is a comment."""
    if given.get("answers"):
        return "commented"
    return "rated" if given.get("rating") is not None else "offered"


def team(app: App) -> wire.Resource:
    """Whoever answers: operators have no names of their own here, so they speak as the App."""
    attributes = {"displayName": app.name, "avatarUrl": None}
    return wire.resource("user", app.id, attributes, wire.org_of(app))


def customer(app: App, user: User, *, is_verified: bool) -> wire.Resource:
    attributes = {"displayName": display_name(user), "verified": is_verified}
    return wire.resource("customer", user.id, attributes, wire.org_of(app))


def _preview(message: Message | None) -> str | None:
    if message is None or message.deleted_at is not None:
        return None
    return message.text[:LONGEST_PREVIEW]


def _tracking_of(session: Session, chat: Chat) -> str | None:
    """The tracking id a conversation came from, where that is the caller's own: others are nobody's business."""
    is_here = session.device_id is not None and chat.mine.device_id == session.device_id
    return as_hex(session.id) if is_here else None
