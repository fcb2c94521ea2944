"""Comments: read, said, said differently, deleted. How far they came is in marks.py."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.conversations import ConversationId, Message, MessageId
from ...domain.errors import NotAllowed, NotFound, Unacceptable
from ...domain.identities import KEEP
from ...domain.listings import ALWAYS, Between
from ...services import conversations, members, messages, saying
from ...services.core import Core
from ...web.dialect import core_of
from ...web.ids import read_integer
from . import wire
from .auth import Caller, caller_of
from .chat_wire import REPLY, faces_in, room_object
from .comment_draft import Quoted, draft_in, extras_in, payload_in, text_in
from .faces import Faces
from .families import Call
from .names import comments_called, room_number
from .reading import Asked, read
from .rooms import LARGEST_PAGE, rooms_named
from .said import Said, latest, one

USUAL_PAGE: Final = 20
MOST_AT_ONCE: Final = 100  # comments in one request


async def load(request: Request) -> Response:
    """GET load_comments: the newest first; before a comment, or with ``after`` beyond it, or up to a time."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    id = room_number(asked.needed("topic_id", "room_id"))
    at, is_after = comment_number(asked, "last_comment_id"), asked.flag("after")
    said = await latest(
        core,
        caller,
        seen := await conversations.one_seen(core, caller.session, id),
        limit=asked.number("limit", USUAL_PAGE, LARGEST_PAGE),
        before=None if is_after else at,
        after=at if is_after else None,
        sent=_sent(asked, is_after),
    )
    faces = await Faces.of(core, caller.app, faces_in([seen]) | said.authors)
    return wire.answer({"comments": said.shown(seen, caller.user.id, faces)})


async def post(request: Request) -> Response:
    """POST post_comment. Whoever posts again by the same ``unique_temp_id`` says nothing new."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    id = room_number(asked.needed("topic_id", "room_id"))
    draft = await draft_in(asked, _quoting(core, caller, id), text_of="comment")
    message = await messages.post(core, caller.recognised, id, draft)
    return await _shown(core, caller, message)


async def update(request: Request) -> Response:
    """POST update_message: one's own. What is not given stays."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    name = asked.needed("unique_id", "unique_temp_id")
    found = await comments_called(core, caller.session, [name])
    if name not in found:
        raise NotFound("message")
    it = found[name]
    it.check_of(caller.user.id)
    text = text_in(asked, "comment") if asked.text("comment") is not None else it.text
    payload: Any = KEEP
    if asked.object("payload") is not None:
        payload = await payload_in(asked, it.kind, text, _quoting(core, caller, it.conversation_id))
    elif it.kind == REPLY:
        payload = {**it.payload, "text": text}  # a reply says its text there, too
    extras = extras_in(asked)
    changed = await saying.edit(
        core, caller.recognised, it.conversation_id, it.id, text=text, payload=payload, extras=extras or KEEP
    )
    return await _shown(core, caller, changed)


async def delete(request: Request) -> Response:
    """DELETE delete_messages: for everybody, unless ``is_delete_for_everyone`` is false.

    Refuses with NotAllowed or NotFound where nothing at all could be deleted.
    """
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    names = asked.texts("unique_ids", "unique_id", at_most=MOST_AT_ONCE)
    if not names:
        raise Unacceptable("unique_ids", "is required")
    for_everybody = "is_delete_for_everyone" not in asked.values or asked.flag("is_delete_for_everyone")
    found = await comments_called(core, caller.session, names)
    gone: list[Message] = []
    may_not = False
    for id, theirs in _by_room(found.values()).items():
        deleted = await saying.delete(
            core, caller.recognised, id, [it.id for it in theirs], for_everybody=for_everybody
        )
        gone += [it.deleted(core.clock()) for it in theirs if it.id in deleted.done]
        may_not = may_not or bool(deleted.not_allowed)
    if not gone:
        raise NotAllowed if may_not else NotFound("message")
    return wire.answer({"comments": await _objects(core, caller, gone)})


async def clear(request: Request) -> Response:
    """DELETE clear_room_messages: for oneself. Rooms that the caller does not see are left out."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    ids = await rooms_named(core, caller, asked, "room_id", "room_channel_id")
    seen = []
    for id in ids:
        try:
            await members.clear(core, caller.recognised, id)
            seen.append(await conversations.one_seen(core, caller.session, id))
        except NotFound:
            continue
    faces = await Faces.of(core, caller.app, faces_in(seen))
    return wire.answer({"rooms": [room_object(it, caller.user.id, faces) for it in seen]})


def comment_number(asked: Asked, name: str) -> MessageId | None:
    """None where none is given: the clients say 0, and before anything was said -1 or less."""
    text = asked.text(name)
    if text is None or text == "0" or text.startswith("-"):
        return None
    id = read_integer(text)
    if id is None:
        raise Unacceptable(name, "is no comment's")
    return MessageId(id)


def _sent(asked: Asked, is_after: bool) -> Between:
    text = asked.text("timestamp")
    if text is None:
        return ALWAYS
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unacceptable("timestamp", "must be a date and time as in 2026-01-01T00:00:00Z") from error
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return Between(since=at) if is_after else Between(until=at)


def _quoting(core: Core, caller: Caller, id: ConversationId) -> Quoted:
    async def quoted(message_id: MessageId) -> tuple[Message, Faces]:
        it = await saying.one(core, caller.session, id, message_id)
        return it, await Faces.of(core, caller.app, [it.sender_id])

    return quoted


async def _shown(core: Core, caller: Caller, it: Message) -> Response:
    said = await one(core, caller, it)
    [shown] = await _of_room(core, caller, it.conversation_id, said)
    return wire.answer({"comment": shown})


async def _objects(core: Core, caller: Caller, said: Iterable[Message]) -> list[dict[str, Any]]:
    return [
        shown
        for id, theirs in _by_room(said).items()
        for it in theirs
        for shown in await _of_room(core, caller, id, Said([it]))
    ]


async def _of_room(core: Core, caller: Caller, id: ConversationId, said: Said) -> list[dict[str, Any]]:
    seen = await conversations.one_seen(core, caller.session, id)
    faces = await Faces.of(core, caller.app, faces_in([seen]) | said.authors)
    return said.shown(seen, caller.user.id, faces)


def _by_room(said: Iterable[Message]) -> dict[ConversationId, list[Message]]:
    found: dict[ConversationId, list[Message]] = {}
    for it in said:
        found.setdefault(it.conversation_id, []).append(it)
    return found


FOR_CLIENTS: Final = (
    Call("GET", "load_comments", load),
    Call("POST", "post_comment", post),
    Call("POST", "update_message", update),
    Call("DELETE", "delete_messages", delete),
    Call("DELETE", "clear_room_messages", clear),
)
