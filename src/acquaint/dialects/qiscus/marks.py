"""How far comments came: read and delivered, and how many are unread."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.conversations import MessageId
from ...domain.errors import NotFound
from ...services import conversations, messages, saying
from ...web.dialect import core_of
from . import wire
from .auth import caller_of
from .chat_wire import comment_object, faces_in, participant_object
from .comments import comment_number
from .faces import Faces
from .families import Call
from .names import room_number
from .reading import read


async def update_status(request: Request) -> Response:
    """POST update_comment_status: up to and including a comment. A mark never goes back, and 0 changes nothing."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    id = room_number(asked.needed("room_id"))
    received, read_up_to = (
        comment_number(asked, "last_comment_received_id"),
        comment_number(asked, "last_comment_read_id"),
    )
    before = await conversations.one_seen(core, caller.session, id)
    if received is not None:
        await messages.mark_received(core, caller.session, id, received)
    if read_up_to is not None:
        await messages.mark_read(core, caller.session, id, read_up_to)
    now = await conversations.one_seen(core, caller.session, id)
    mine = next(it for it in now.members if it.user_id == caller.user.id)
    read_id, received_id = mine.last_read_id or 0, mine.last_received_id or 0
    return wire.answer(
        {
            "changed": mine not in before.members,
            "last_comment_read_id": read_id,
            "last_comment_read_id_str": str(read_id),
            "last_comment_received_id": received_id,
            "last_comment_received_id_str": str(received_id),
            "user_id": caller.user.id,
            "user_id_str": str(caller.user.id),
        }
    )


async def total_unread(request: Request) -> Response:
    """GET total_unread_count: comments of others; of a room at most 100 are counted."""
    core, caller = core_of(request), await caller_of(request)
    found = await conversations.unread(core, caller.session)
    return wire.answer({"total_unread_count": sum(found.values())})


async def unread_rooms(request: Request) -> Response:
    """GET get_room_unread_count: rooms in which something is unread."""
    core, caller = core_of(request), await caller_of(request)
    found = await conversations.unread(core, caller.session)
    return wire.answer({"total_unread_count": sum(unread > 0 for unread in found.values())})


async def receipt(request: Request) -> Response:
    """GET comment_receipt: who of the room read a comment, who only got it, and who did not yet."""
    core, caller = core_of(request), await caller_of(request)
    number = comment_number(await read(request), "comment_id") or MessageId(0)
    found = await saying.found(core, caller.session, ids=[number])
    if not found:
        raise NotFound("message")
    [it] = found
    seen = await conversations.one_seen(core, caller.session, it.conversation_id)
    others = [member for member in seen.members if member.user_id != it.sender_id]
    faces = await Faces.of(core, caller.app, faces_in([seen]) | {it.sender_id, *(member.user_id for member in others)})
    shown: dict[str, list[object]] = {"read_by": [], "delivered_to": [], "pending": []}
    for member in others:
        way = "read_by" if member.has_read(it) else "delivered_to" if member.has_received(it) else "pending"
        shown[way].append({"user": participant_object(member, faces)})
    comment = comment_object(it, seen.conversation, seen.members, caller.user.id, faces)
    return wire.answer({"comment": comment, **shown})


FOR_CLIENTS: Final = (
    Call("POST", "update_comment_status", update_status),
    Call("GET", "total_unread_count", total_unread),
    Call("GET", "get_room_unread_count", unread_rooms),
    Call("GET", "comment_receipt", receipt),
)
