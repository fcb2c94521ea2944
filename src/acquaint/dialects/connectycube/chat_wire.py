"""Dialogs and messages as the vendor spells them.

dialog_object    a conversation, as one of its members sees it
message_object   a message, with what its sender put beside the text as keys of its own
said_in          the Draft of a message that is sent over REST
attachments_in, extras_in, parameters_in
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from ...domain.conversations import LONGEST_TEXT, Conversation, ConversationKind, MemberRole, Membership, Message, Tally
from ...domain.errors import Unacceptable
from ...domain.members import OPEN, owner_of
from ...domain.users import User, UserId
from ...services.conversations import Seen
from ...services.messages import Draft
from ...web.ids import as_hex
from .auth import DOOR
from .extra import MOST_ATTACHMENTS
from .filters import TYPES
from .jid import Names
from .news import name_of
from .reading import Asked
from .wire import login_of, moment

MOST_KEYS: Final = 50
LONGEST_KEY: Final = 100
LARGEST_EXTRAS: Final = 16_384
"""Bytes of everything that is sent beside a text. What is larger is a file."""

ABOUT_SENDING: Final = frozenset({"chat_dialog_id", "recipient_id", "send_to_chat", "markable", "save_to_history"})
"""Keys that say what is to be done with a message, and are not kept."""


def dialog_object(seen: Seen, viewer: UserId, names: Names, faces: Mapping[UserId, User]) -> dict[str, Any]:
    """``faces`` are those whose names direct dialogs are called by."""
    it, last = seen.conversation, seen.last_message
    owner = owner_of(seen.members)
    is_open, is_direct = it.kind in OPEN, it.kind is ConversationKind.DIRECT
    own = it.by_door.get(DOOR, {})
    said: dict[str, Any] = {
        "_id": as_hex(it.id),
        "type": TYPES[it.kind],
        "name": _name_of_other(seen, viewer, faces) if is_direct else it.title,
        "description": it.description,
        "photo": own.get("photo") or it.avatar_url,
        "user_id": None if owner is None else owner.user_id,
        "occupants_ids": [] if is_open else [member.user_id for member in seen.members],
        "admins_ids": [member.user_id for member in seen.members if member.role is MemberRole.ADMIN],
        "created_at": moment(it.created_at),
        "updated_at": moment(it.updated_at),
        "last_message": None if last is None else last.text,
        "last_message_id": None if last is None else name_of(last),
        "last_message_user_id": None if last is None else last.sender_id,
        "last_message_date_sent": None if last is None else int(last.created_at.timestamp()),
        "last_message_status": None if last is None else _status(last, viewer, seen.members),
        "unread_messages_count": seen.unread,
        "pinned_messages_ids": [as_hex(id) for id in it.pinned],
        "xmpp_room_jid": None if is_direct else names.room(it.app_id, it.id),
        "extensions": own.get("extensions"),
        "permissions": own.get("permissions"),
    }
    if is_open:
        said["occupants_count"] = len(seen.members)
    return said


def message_object(
    it: Message, conversation: Conversation, members: Sequence[Membership], tallies: Sequence[Tally] = ()
) -> dict[str, Any]:
    others = [member.user_id for member in members if member.user_id != it.sender_id]
    read = [member.user_id for member in members if member.has_read(it)]
    return {
        **{key: value for key, value in it.extras.items() if key not in ABOUT_SENDING},
        "_id": name_of(it),
        "chat_dialog_id": as_hex(it.conversation_id),
        "message": it.text,
        "sender_id": it.sender_id,
        "recipient_id": others[0] if conversation.kind is ConversationKind.DIRECT and others else 0,
        "date_sent": int(it.created_at.timestamp()),
        "created_at": moment(it.created_at),
        "updated_at": moment(it.changed_at),
        "read": int(any(id != it.sender_id for id in read)),
        "read_ids": read,
        "delivered_ids": [member.user_id for member in members if member.has_received(it)],
        "attachments": it.payload.get("attachments", []),
        "views_count": 0,
        "reactions": _reactions(tallies),
    }


SHOWN: Final = frozenset(
    "_id message sender_id date_sent created_at updated_at read read_ids delivered_ids attachments views_count "
    "reactions dialog_id".split()
)
"""Keys that mean something in a message already; a client's of that name are not kept beside it."""


def said_in(asked: Asked, client_id: str | None = None) -> Draft:
    """Refuses with Unacceptable."""
    attachments = attachments_in(asked)
    payload = {"attachments": attachments} if attachments else {}
    text, extras = asked.text_as_is("message") or "", extras_in(asked)
    if not text.strip() and not payload and not extras:
        raise Unacceptable("message", "cannot be blank")
    if len(text) > LONGEST_TEXT:
        raise Unacceptable("message", f"is longer than {LONGEST_TEXT} characters")
    return Draft(text, payload=payload, extras=extras, client_id=client_id)


def attachments_in(asked: Asked) -> list[dict[str, str]]:
    """A list of objects, or an object of them by number, as forms have it."""
    value = asked.raw.get("attachments")
    items = list(value.values()) if isinstance(value, Mapping) else [] if value is None else value
    if not isinstance(items, list) or len(items) > MOST_ATTACHMENTS:
        raise Unacceptable("attachments", f"should be a list of at most {MOST_ATTACHMENTS}")
    found = []
    for item in items:
        if not isinstance(item, Mapping) or len(item) > MOST_KEYS:
            raise Unacceptable("attachments", "should be objects")
        it = Asked(item)
        found.append({_key(key): text for key in item if (text := it.text_as_is(key)) is not None})
    _check_size("attachments", found)
    return found


def extras_in(asked: Asked) -> dict[str, Any]:
    """Whatever else was sent: the vendor keeps custom parameters beside the message."""
    return parameters_in(asked, but=SHOWN | ABOUT_SENDING)


def parameters_in(asked: Asked, *, but: frozenset[str]) -> dict[str, Any]:
    """What an app sends under names of its own. Refuses with Unacceptable what is too much."""
    found = {key: value for key, value in asked.raw.items() if key not in but and value is not None}
    if len(found) > MOST_KEYS:
        raise Unacceptable("base", f"There are more than {MOST_KEYS} custom parameters")
    for key in found:
        _key(key)
    _check_size("base", found)
    return found


def _key(key: str) -> str:
    if len(key) > LONGEST_KEY:
        raise Unacceptable("base", f"A custom parameter has a name of more than {LONGEST_KEY} characters")
    return key


def _check_size(field: str, value: Any) -> None:
    if len(msgspec.json.encode(value)) > LARGEST_EXTRAS:
        raise Unacceptable(field, f"is larger than {LARGEST_EXTRAS} bytes")


def _name_of_other(seen: Seen, viewer: UserId, faces: Mapping[UserId, User]) -> str | None:
    other = next((faces[it.user_id] for it in seen.members if it.user_id != viewer and it.user_id in faces), None)
    return None if other is None else other.profile.name or login_of(other)


def _status(last: Message, viewer: UserId, members: Sequence[Membership]) -> str | None:
    """How far the last message came, if the viewer wrote it."""
    if last.sender_id != viewer:
        return None
    others = [it for it in members if it.user_id != viewer]
    if any(it.has_read(last) for it in others):
        return "read"
    return "delivered" if any(it.has_received(last) for it in others) else "sent"


def _reactions(tallies: Sequence[Tally]) -> dict[str, Any] | None:
    if not tallies:
        return None
    return {"own": [it.sign for it in tallies if it.is_own], "total": {it.sign: it.count for it in tallies}}
