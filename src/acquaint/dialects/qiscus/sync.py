"""What clients ask from time to time, while they have no connection that they are told by.

sync, sync_event   comments, and what became of them, beyond those a client has heard of
notice_object      what happened, as ``sync_event`` and the topic ``<token>/n`` say it

A client goes on from the largest id that it was answered, so the oldest news come first, and none is passed over.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import Unacceptable
from ...domain.events import EventKind
from ...domain.ids import LARGEST
from ...domain.users import UserId
from ...services import polling
from ...services.conversations import Seen
from ...services.history import News
from ...web.dialect import core_of
from . import wire
from .auth import caller_of
from .chat_wire import comment_object, room_object
from .faces import Faces
from .families import Call
from .names import name_of
from .reading import Asked, read

USUAL_NEWS: Final = 20
MOST_NEWS: Final = 100
EVENTS: Final = 100  # in one answer; there is no parameter for it

TOPICS: Final = {
    EventKind.MESSAGES_READ: "read",
    EventKind.MESSAGES_RECEIVED: "delivered",
    EventKind.MESSAGE_DELETED: "delete_message",
    EventKind.CONVERSATION_CHANGED: "clear_room",
}
CLEARED: Final = "cleared_up_to"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


async def sync(request: Request) -> Response:
    """GET sync: comments of all the caller's rooms, beyond one."""
    core = core_of(request)
    caller = await caller_of(request)
    asked = await read(request)
    beyond = _id(asked, "last_received_comment_id")
    limit = asked.number("limit", USUAL_NEWS, MOST_NEWS)
    found = await polling.said_since(core, caller.session, beyond, limit)
    shown = {it.message.sender_id for it in found}.union(*({m.user_id for m in it.members} for it in found))
    faces = await Faces.of(core, caller.app, shown)
    viewer = caller.user.id
    comments = []
    for it in found:
        comment = comment_object(it.message, it.conversation, it.members, viewer, faces)
        comments.append({**comment, "chat_type": comment["room_type"]})
    newest = found[-1].message.id if found else beyond
    return wire.answer(
        {"comments": comments, "meta": {"last_received_comment_id": newest, "need_clear": False}},
    )


async def sync_event(request: Request) -> Response:
    """GET sync_event: what became of comments and rooms. The one answer without ``results``."""
    core = core_of(request)
    caller = await caller_of(request)
    beyond = _id(await read(request), "start_event_id")
    found = await polling.happened_since(core, caller.session, beyond, EVENTS, kinds=TOPICS.keys())
    faces = await Faces.of(core, caller.app, {user_id for it in found for user_id in faces_in(it)})
    notices = [notice for it in found if (notice := notice_object(it, caller.user.id, faces)) is not None]
    return wire.bare_answer({"events": notices, "is_start_event_id_found": True})


def faces_in(news: News) -> set[UserId | None]:
    """Everybody whom the notice shows."""
    if news.event.kind is EventKind.CONVERSATION_CHANGED:
        return {news.event.user_id, *(it.user_id for it in news.members)}
    return {news.event.user_id}


def notice_object(news: News, viewer: UserId, faces: Faces) -> dict[str, Any] | None:
    """What happened, for one who may hear it; None for what the vendor has no word for."""
    event = news.event
    match event.kind:
        case EventKind.MESSAGES_READ | EventKind.MESSAGES_RECEIVED if news.marked:
            data: dict[str, Any] = {
                "comment_id": news.marked[-1].id,
                "comment_unique_id": name_of(news.marked[-1], viewer),
                "email": faces.of_user(event.user_id)["email"],
                "room_id": news.conversation.id,
            }
        case EventKind.MESSAGE_DELETED if news.message is not None:
            room = {"room_id": str(news.conversation.id), "message_unique_ids": [name_of(news.message, viewer)]}
            data = {"is_hard_delete": True, "deleted_messages": [room]}
        case EventKind.CONVERSATION_CHANGED if CLEARED in event.details.get("changed", ()):
            data = {"deleted_rooms": [_cleared_room(news, viewer, faces)]}
        case _:
            return None
    face = faces.of_user(event.user_id)
    actor = {"id": face["id_str"], "email": face["email"], "name": face["username"]}
    lists = {name: value for name, value in data.items() if isinstance(value, list)}  # Flutter reads them up here
    return {
        "id": event.id,
        "timestamp": (event.at - _EPOCH) // _MICROSECOND * 1_000,
        "action_topic": TOPICS[event.kind],
        "payload": {"actor": actor, "data": data, **lists},
    }


def _cleared_room(news: News, viewer: UserId, faces: Faces) -> dict[str, Any]:
    room = room_object(Seen(news.conversation, news.members, None, 0), viewer, faces, shows_participants=False)
    kept = ("id", "id_str", "unique_id", "avatar_url", "chat_type", "room_name", "raw_room_name", "unread_count")
    return {**{name: room[name] for name in kept}, "options": {}, "last_comment": None}


def _id(asked: Asked, name: str) -> int:
    """An id that the client has heard of; none, or 0, where it has heard of nothing."""
    text = asked.text(name)
    if text is None:
        return 0
    if not re.fullmatch(r"-?[0-9]{1,16}", text) or int(text) > LARGEST:
        raise Unacceptable(name, "must be an id")
    return max(0, int(text))


FOR_CLIENTS: Final = (
    Call("GET", "sync", sync),
    Call("GET", "sync_event", sync_event),
)
