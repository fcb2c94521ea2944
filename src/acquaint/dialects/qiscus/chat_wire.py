"""Rooms and comments, field by field as the vendor spells them.

room_object           a conversation, as one of its members sees it
comment_object        a message; before anybody said anything ``no_comment``
channel_object        a channel, for who may not be in it
participant_object    a member, with how far they have read
rest_room, rest_comment, rest_participant    the same for the App's server
kinds_of              which conversations a ``room_type`` means

The clients cast without looking: ids of rooms and comments are whole numbers and come as texts besides, ``options`` is
the text of a JSON object, ``extras`` and ``payload`` are objects, lists are lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from ...domain.conversations import Author, Conversation, ConversationKind, Membership, Message
from ...domain.errors import Unacceptable
from ...domain.members import OPEN
from ...domain.users import UserId
from ...services.conversations import Seen
from .auth import DOOR
from .avatar import AVATAR
from .faces import Faces
from .names import name_of, unique_id_of
from .wire import moment

MOST_SHOWN: Final = 100
"""Participants that come with a room; all of them are listed by ``room_participants``."""

OPTIONS: Final = "options"
REPLY: Final = "reply"
SYSTEM_EVENT: Final = "system_event"

_KINDS: Final = {
    "default": frozenset(ConversationKind) - OPEN,
    "all": frozenset(ConversationKind),
    "single": frozenset({ConversationKind.DIRECT}),
    "group": frozenset(ConversationKind) - OPEN - {ConversationKind.DIRECT},
    "public_channel": OPEN,
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def kinds_of(room_type: str | None) -> frozenset[ConversationKind]:
    """Refuses with Unacceptable."""
    kinds = _KINDS.get(room_type or "default")
    if kinds is None:
        raise Unacceptable("room_type", f"must be one of {', '.join(_KINDS)}")
    return kinds


def faces_in(seen: Sequence[Seen]) -> set[UserId | None]:
    """Everybody whom these rooms show."""
    shown: set[UserId | None] = {it.last_message.sender_id for it in seen if it.last_message is not None}
    return shown.union(*({member.user_id for member in _shown(it.members)} for it in seen))


def room_object(seen: Seen, viewer: UserId, faces: Faces, *, shows_participants: bool = True) -> dict[str, Any]:
    it, last = seen.conversation, seen.last_message
    last_id = 0 if last is None else last.id
    everybody = [faces.of_user(member.user_id)["email"] for member in seen.members[:2]]
    return {
        "id": it.id,
        "id_str": str(it.id),
        "unique_id": unique_id_of(it),
        "chat_type": _type_of(it),
        "is_public_channel": it.kind in OPEN,
        "is_removed": False,
        "room_name": _name_for(it, seen.members, viewer, faces),
        "raw_room_name": " ".join(everybody) if it.kind is ConversationKind.DIRECT else it.title or "",
        "avatar_url": _avatar_for(it, seen.members, viewer, faces),
        "options": _options(it),
        "unread_count": seen.unread,
        "room_total_participants": len(seen.members),
        "last_comment_id": last_id,
        "last_comment_id_str": str(last_id),
        "last_comment_message": "" if last is None else last.text,
        "last_topic_id": it.id,
        "last_topic_id_str": str(it.id),
        "participants": [participant_object(member, faces) for member in _shown(seen.members)]
        if shows_participants
        else [],
    }


def listed_room(seen: Seen, viewer: UserId, faces: Faces, *, shows_participants: bool) -> dict[str, Any]:
    """A room in a list; qiscus-sdk-core cannot read one without a last comment."""
    it, last = seen.conversation, seen.last_message
    shown = (
        no_comment(it, seen.members, viewer, faces)
        if last is None
        else comment_object(last, it, seen.members, viewer, faces)
    )
    return {**room_object(seen, viewer, faces, shows_participants=shows_participants), "last_comment": shown}


def comment_object(
    it: Message,
    conversation: Conversation,
    members: Sequence[Membership],
    viewer: UserId,
    faces: Faces,
    *,
    before: int = 0,
) -> dict[str, Any]:
    """``before`` is the comment that was said before it, where that is known; 0 means the client need not ask."""
    face = faces.of_author(it)
    return {
        **_of_room(conversation, members, viewer, faces),
        "id": it.id,
        "id_str": str(it.id),
        "comment_before_id": before,
        "comment_before_id_str": str(before),
        "message": it.text,
        "type": _kind_of(it),
        "payload": _payload_of(it),
        "extras": it.extras,
        "status": _status(it, conversation, members),
        **_times(it.created_at),
        "unique_temp_id": name_of(it, viewer),
        "email": face["email"],
        "username": face["username"],
        "user_id": face["id"],
        "user_id_str": face["id_str"],
        "user_avatar": {"avatar": {"url": face["avatar_url"]}},
        "user_avatar_url": face["avatar_url"],
        "user_extras": face["extras"],
        "disable_link_preview": False,
        "is_deleted": it.deleted_at is not None,
    }


def no_comment(
    conversation: Conversation, members: Sequence[Membership], viewer: UserId, faces: Faces
) -> dict[str, Any]:
    """What stands for the last comment where there is none."""
    nobody = faces.public_url + AVATAR
    return {
        **_of_room(conversation, members, viewer, faces),
        "id": 0,
        "id_str": "0",
        "comment_before_id": 0,
        "comment_before_id_str": "0",
        "message": "",
        "type": "unknown",
        "payload": {},
        "extras": {},
        "status": "sent",
        **_times(conversation.created_at),
        "unique_temp_id": "",
        "email": "",
        "username": "",
        "user_id": 0,
        "user_id_str": "0",
        "user_avatar": {"avatar": {"url": nobody}},
        "user_avatar_url": nobody,
        "user_extras": {},
        "disable_link_preview": False,
        "is_deleted": False,
    }


def channel_object(it: Conversation, public_url: str, *, is_joined: bool) -> dict[str, Any]:
    return {
        "id": it.id,
        "unique_id": unique_id_of(it),
        "name": it.title or "",
        "avatar_url": it.avatar_url or public_url + AVATAR,
        "extras": msgspec.json.decode(_options(it)),
        "is_joined": is_joined,
        "created_at": moment(it.created_at),
    }


def participant_object(member: Membership, faces: Faces) -> dict[str, Any]:
    read, received = member.last_read_id or 0, member.last_received_id or 0
    return {
        **faces.of_user(member.user_id),
        "last_comment_read_id": read,
        "last_comment_read_id_str": str(read),
        "last_comment_received_id": received,
        "last_comment_received_id_str": str(received),
    }


def rest_room(it: Conversation) -> dict[str, Any]:
    """Ids are texts here, and a direct room has no name: nobody in particular looks at it."""
    return {
        "room_id": str(it.id),
        "room_name": it.title or "",
        "room_type": _type_of(it),
        "room_avatar_url": it.avatar_url or "",
        "room_options": _options(it),
        "room_channel_id": unique_id_of(it),
    }


def rest_comment(it: Message, faces: Faces) -> dict[str, Any]:
    return {
        "id": it.id,
        "room_id": str(it.conversation_id),
        "message": it.text,
        "type": _kind_of(it),
        "payload": _payload_of(it),
        "extras": it.extras,
        "timestamp": moment(it.created_at),
        "unique_temp_id": name_of(it, None),
        "user": _rest_face(faces.of_author(it)),
    }


def rest_participant(user_id: UserId, faces: Faces) -> dict[str, Any]:
    face = faces.of_user(user_id)
    return {**_rest_face(face), "active": face["active"], "extras": face["extras"]}


def _rest_face(face: dict[str, Any]) -> dict[str, Any]:
    return {"user_id": face["email"], "username": face["username"], "avatar_url": face["avatar_url"]}


def _of_room(conversation: Conversation, members: Sequence[Membership], viewer: UserId, faces: Faces) -> dict[str, Any]:
    return {
        "room_id": conversation.id,
        "room_id_str": str(conversation.id),
        "topic_id": conversation.id,
        "topic_id_str": str(conversation.id),
        "room_name": _name_for(conversation, members, viewer, faces),
        "room_avatar": _avatar_for(conversation, members, viewer, faces),
        "room_type": _type_of(conversation),
        "is_public_channel": conversation.kind in OPEN,
    }


def _type_of(it: Conversation) -> str:
    return "single" if it.kind is ConversationKind.DIRECT else "group"


def _name_for(it: Conversation, members: Sequence[Membership], viewer: UserId, faces: Faces) -> str:
    """A direct room is called like the other one, and one with the App's people, unless it is called something, like
    the App."""
    match it.kind:
        case ConversationKind.DIRECT:
            return str(faces.of_user(_other(members, viewer))["username"])
        case ConversationKind.SUPPORT:
            return it.title or faces.app.name
    return it.title or ""


def _avatar_for(it: Conversation, members: Sequence[Membership], viewer: UserId, faces: Faces) -> str:
    if it.kind is ConversationKind.DIRECT:
        return str(faces.of_user(_other(members, viewer))["avatar_url"])
    return it.avatar_url or faces.public_url + AVATAR


def _other(members: Sequence[Membership], viewer: UserId) -> UserId | None:
    return next((it.user_id for it in members if it.user_id != viewer), None)


def _options(it: Conversation) -> str:
    return str(it.by_door.get(DOOR, {}).get(OPTIONS, "{}"))


def _shown(members: Sequence[Membership]) -> Sequence[Membership]:
    return members[:MOST_SHOWN]


def _kind_of(it: Message) -> str:
    """Nobody but the App speaks as the system."""
    return "text" if it.kind == SYSTEM_EVENT and it.author is not Author.APP else it.kind


def _payload_of(it: Message) -> dict[str, Any]:
    """qiscus-sdk-core breaks off when a reply does not say, as texts, what it replies with and to."""
    payload = dict(it.payload)
    if it.kind == REPLY:
        for name in ("text", "replied_comment_message"):
            payload[name] = payload[name] if isinstance(payload.get(name), str) else ""
    return payload


def _status(it: Message, conversation: Conversation, members: Sequence[Membership]) -> str:
    """How far it came with everybody else. In channels nobody is waited for."""
    others = [member for member in members if member.user_id != it.sender_id]
    if not others or conversation.kind in OPEN:
        return "sent"
    if all(member.has_read(it) for member in others):
        return "read"
    return "delivered" if all(member.has_received(it) for member in others) else "sent"


def _times(at: datetime) -> dict[str, Any]:
    microseconds = (at - _EPOCH) // _MICROSECOND
    return {
        "timestamp": moment(at),
        "unix_timestamp": microseconds // 1_000_000,
        "unix_nano_timestamp": microseconds * 1_000,
    }
