"""Comments, as the App's server posts and reads them: in a user's name, or as the system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.apps import App
from ...domain.conversations import Conversation, Message, MessageId
from ...domain.errors import NotFound, Unacceptable
from ...domain.listings import MessagesAsked
from ...domain.users import User
from ...services import hosting, roster
from ...services.core import Core
from ...services.messages import Draft
from . import wire
from .auth import find_user
from .chat_wire import SYSTEM_EVENT, rest_comment
from .comment_draft import Quoted, draft_in, extras_in, text_in
from .comments import comment_number
from .faces import Faces
from .families import Call
from .reading import Asked
from .rest_rooms import asked_by_server, room_of, user_of
from .rooms import LARGEST_PAGE, LAST_PAGE

USUAL_PAGE: Final = 20
MOST_OBJECTS: Final = 20  # users in one event: each is a comment

_SENTENCES: Final = {
    "create_room": "{subject} created room '{room}'",
    "add_member": "{subject} added {object}",
    "join_room": "{subject} joined room",
    "remove_member": "{subject} removed {object}",
    "left_room": "{subject} left room",
    "change_room_name": "{subject} changed room name to '{room}'",
    "change_room_avatar": "{subject} changed room avatar",
}
_ABOUT_SOMEBODY: Final = ("add_member", "remove_member")


async def post(request: Request) -> Response:
    """POST post_comment: in the name of a user, who must be in the room."""
    core, app, asked = await asked_by_server(request)
    user = await user_of(core, app, asked)
    room = await room_of(core, app, asked)
    text_of = "message" if "message" in asked.values else "comment"
    draft = await draft_in(asked, _quoting(core, app, room), text_of=text_of, is_servers=True)
    return await _shown(core, app, await roster.post_for(core, app, user.id, room.id, draft))


async def load(request: Request) -> Response:
    """GET or POST load_comments: by page, the newest first."""
    core, app, asked = await asked_by_server(request)
    room = await room_of(core, app, asked)
    page, limit = asked.number("page", 1, LAST_PAGE), asked.number("limit", USUAL_PAGE, LARGEST_PAGE)
    found = await hosting.said_in(core, app, room.id, MessagesAsked(skip=(page - 1) * limit, limit=limit))
    return await _listed(core, app, found.items)


async def load_range(request: Request) -> Response:
    """GET load_comments_with_range: from one comment to another, both among them; the newest first."""
    core, app, asked = await asked_by_server(request)
    room = await room_of(core, app, asked)
    first, last = comment_number(asked, "first_comment_id"), comment_number(asked, "last_comment_id")
    if first is None or last is None:
        raise Unacceptable("first_comment_id" if first is None else "last_comment_id", "is required")
    wanted = MessagesAsked(beyond=MessageId(first - 1), before=MessageId(last + 1), limit=LARGEST_PAGE)
    return await _listed(core, app, (await hosting.said_in(core, app, room.id, wanted)).items)


async def post_event(request: Request) -> Response:
    """POST post_system_event_message: what happened in a room, or anything that the App wants to say there.

    About several users it is said of each; the last of these comments is answered.
    """
    core, app, asked = await asked_by_server(request)
    room = await room_of(core, app, asked)
    kind = asked.needed("system_event_type")
    if kind == "custom":
        text, payload = text_in(asked, "message"), asked.object("payload") or {}
        drafts = [Draft(text, SYSTEM_EVENT, {"type": kind, "payload": payload}, extras_in(asked))]
    elif kind in _SENTENCES:
        drafts = await _events(core, app, asked, room, kind)
    else:
        raise Unacceptable("system_event_type", f"must be one of {', '.join(_SENTENCES)}, custom")
    said = await hosting.announce(core, app, room.id, drafts)
    return await _shown(core, app, said[-1])


async def _events(core: Core, app: App, asked: Asked, room: Conversation, kind: str) -> list[Draft]:
    subject_id = asked.needed("subject_user_id", "subject_email")
    objects = asked.texts("object_user_id", "object_email", at_most=MOST_OBJECTS)
    if kind in _ABOUT_SOMEBODY and not objects:
        raise Unacceptable("object_user_id", "is required")
    subject = await find_user(core, app, "subject_user_id", subject_id)
    about = [await find_user(core, app, "object_user_id", it) for it in objects if kind in _ABOUT_SOMEBODY]
    name = text_in(asked, "updated_room_name") or room.title or ""
    faces = await Faces.of(core, app, [subject.id, *(it.id for it in about)])
    return [_event(kind, name, faces.of_user(subject.id), it, extras_in(asked)) for it in _each(about, faces)]


def _each(about: Sequence[User], faces: Faces) -> list[Mapping[str, str]]:
    """Whom the event is about, one by one; it may be about nobody but who did it."""
    return [faces.of_user(it.id) for it in about] or [{"email": "", "username": ""}]


def _event(
    kind: str, room: str, subject: Mapping[str, str], about: Mapping[str, str], extras: Mapping[str, Any]
) -> Draft:
    text = _SENTENCES[kind].format(subject=subject["username"], object=about["username"], room=room)
    payload = {
        "type": kind,
        "subject_email": subject["email"],
        "subject_username": subject["username"],
        "object_email": about["email"],
        "object_username": about["username"],
        "room_name": room,
    }
    return Draft(text, SYSTEM_EVENT, payload, extras)


def _quoting(core: Core, app: App, room: Conversation) -> Quoted:
    async def quoted(message_id: MessageId) -> tuple[Message, Faces]:
        found = (await hosting.said_in(core, app, room.id, MessagesAsked(ids=(message_id,)))).items
        if not found:
            raise NotFound("message")
        return found[0], await Faces.of(core, app, [found[0].sender_id])

    return quoted


async def _shown(core: Core, app: App, it: Message) -> Response:
    faces = await Faces.of(core, app, [it.sender_id])
    return wire.answer({"comment": rest_comment(it, faces)})


async def _listed(core: Core, app: App, found: Sequence[Message]) -> Response:
    faces = await Faces.of(core, app, (it.sender_id for it in found))
    return wire.answer({"comments": [rest_comment(it, faces) for it in found]})


FOR_SERVERS: Final = (
    Call("POST", "post_comment", post),
    *(Call(method, "load_comments", load) for method in ("GET", "POST")),
    Call("GET", "load_comments_with_range", load_range),
    Call("POST", "post_system_event_message", post_event),
)
