"""Rooms: begun, come into, looked at, listed, changed. Who is in them is in participants.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ...domain.apps import App
from ...domain.conversations import LONGEST_TITLE, ConversationId, ConversationKind
from ...domain.errors import NotFound, Unacceptable, Unreadable
from ...domain.identities import KEEP, LONGEST_URL
from ...domain.ids import created_at
from ...domain.listings import ALWAYS, Between, ConversationsAsked
from ...domain.members import Change
from ...domain.users import UserId
from ...services import conversations, hosting
from ...services.acting import count
from ...services.conversations import Seen
from ...services.core import Core
from ...web.dialect import core_of
from . import wire
from .auth import DOOR, Caller, caller_of, find_user
from .chat_wire import OPTIONS, faces_in, kinds_of, listed_room, room_object
from .faces import Faces
from .families import Call
from .names import check_unique_id, room_called, room_number
from .reading import Asked, read
from .said import latest

COMMENTS_SHOWN: Final = 20  # with a room that is opened
USUAL_PAGE: Final = 20
LARGEST_PAGE: Final = 100
LAST_PAGE: Final = 1_000
MOST_NAMED: Final = 100  # rooms or users in one request
LARGEST_OPTIONS: Final = 16_384  # bytes of JSON

SOMETHING_WAS_SAID: Final = Between(since=created_at(0))


async def with_target(request: Request) -> Response:
    """POST get_or_create_room_with_target: the room of two, which there is only one of."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    [id] = asked.texts("emails", "email", at_most=1) or [asked.needed("emails")]
    await count(core, caller.recognised)
    try:
        target = await find_user(core, caller.app, "emails", id)
        if target.id == caller.user.id:
            raise Unacceptable("emails", "must be somebody else's")
        seen, _ = await conversations.start(
            core,
            caller.recognised,
            kind=ConversationKind.DIRECT,
            with_users=[target.id],
            looks=Change(by_door=_options(asked)),
        )
    except NotFound as nobody:
        raise Unreadable("user not found") from nobody  # 400: what the clients look for here
    return await _opened(core, caller, seen)


async def with_unique_id(request: Request) -> Response:
    """POST get_or_create_room_with_unique_id: a channel. Whoever knows what it is called comes into it."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    unique_id = check_unique_id(asked.needed("unique_id"))
    looks = looks_of(asked, "name", otherwise=unique_id)
    seen, is_new = await hosting.come_in(core, caller.recognised, unique_id, looks)
    return await _opened(core, caller, seen, changed=is_new)


async def create(request: Request) -> Response:
    """POST create_room: a group, with everybody who is named or not at all."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    asked.needed("name", "room_name")  # refuses
    looks = looks_of(asked, "name", "room_name")
    await count(core, caller.recognised)
    others = await users_named(core, caller.app, asked, "participants", "emails")
    seen, _ = await conversations.start(
        core, caller.recognised, kind=ConversationKind.GROUP, with_users=others, looks=looks
    )
    return await _opened(core, caller, seen)


async def by_id(request: Request) -> Response:
    """GET get_room_by_id"""
    core, caller = core_of(request), await caller_of(request)
    id = room_number((await read(request)).needed("id", "room_id"))
    return await _opened(core, caller, await conversations.one_seen(core, caller.session, id), is_participant=True)


async def own(request: Request) -> Response:
    """GET user_rooms: by page, the one with the latest comment first. Those without any only with ``show_empty``."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    page, limit = asked.number("page", 1, LAST_PAGE), asked.number("limit", USUAL_PAGE, LARGEST_PAGE)
    found = await conversations.chosen(
        core,
        caller.session,
        ConversationsAsked(
            kinds=kinds_of(asked.text("room_type")),
            said=ALWAYS if asked.flag("show_empty") else SOMETHING_WAS_SAID,
            skip=(page - 1) * limit,
            limit=limit,
        ),
    )
    shown = await _listed(core, caller, found.items, asked)
    return wire.answer({"meta": {"current_page": page, "total_room": found.total}, "rooms_info": shown})


async def info(request: Request) -> Response:
    """POST rooms_info: of those that are named the ones that the caller sees, in their order."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    if not _names(asked, "room_id") and not _names(asked, "room_unique_id"):
        raise Unacceptable("room_id", "is required")
    ids = await rooms_named(core, caller, asked, "room_id", "room_unique_id")
    found = await conversations.chosen(core, caller.session, ConversationsAsked(ids=tuple(ids), limit=MOST_NAMED))
    by_id = {it.conversation.id: it for it in found.items}
    seen = [by_id[id] for id in ids if id in by_id]
    shown = await _listed(core, caller, seen, asked)
    asked_for = len(_names(asked, "room_id")) + len(_names(asked, "room_unique_id"))
    meta = {"request_rooms_total": asked_for, "response_rooms_total": len(shown)}
    return wire.answer({"meta": meta, "rooms_info": shown})


async def update(request: Request) -> Response:
    """POST update_room: what is not given stays."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    id = room_number(asked.needed("id", "room_id"))
    seen = await conversations.change(core, caller.recognised, id, looks_of(asked, "room_name", "name"))
    faces = await Faces.of(core, caller.app, faces_in([seen]))
    return wire.answer({"changed": True, "room": room_object(seen, caller.user.id, faces)})


def looks_of(asked: Asked, *names: str, otherwise: str | None = None) -> Change:
    """How a room is to look. Refuses with Unacceptable, in the vendor's words."""
    title, avatar_url = asked.text(*names) or otherwise, asked.text("avatar_url", "room_avatar_url")
    if title is not None and len(title) > LONGEST_TITLE:
        raise Unacceptable(names[0], f"is longer than {LONGEST_TITLE} characters")
    if avatar_url is not None and len(avatar_url) > LONGEST_URL:
        raise Unacceptable("avatar_url", f"is longer than {LONGEST_URL} characters")
    return Change(
        title=KEEP if title is None else title,
        avatar_url=KEEP if avatar_url is None else avatar_url,
        by_door=_options(asked),
    )


async def users_named(core: Core, app: App, asked: Asked, *names: str) -> list[UserId]:
    """Users by the vendor's ids; refuses with NotFound unless all of them are there."""
    ids = asked.texts(*names, at_most=MOST_NAMED)
    if not ids:
        raise Unacceptable(names[0], "is required")
    return [(await find_user(core, app, names[0], it)).id for it in dict.fromkeys(ids)]


async def rooms_named(core: Core, caller: Caller, asked: Asked, by_number: str, by_name: str) -> list[ConversationId]:
    """Rooms by what the client calls them; what names nothing is left out."""
    found: list[ConversationId] = []
    for name in _names(asked, by_number):
        try:
            found.append(room_number(name))
        except NotFound:
            continue
    for name in _names(asked, by_name):
        try:
            found.append(await room_called(core, caller.app, name))
        except NotFound:
            continue
    return list(dict.fromkeys(found))[:MOST_NAMED]


def _names(asked: Asked, name: str) -> list[str]:
    return asked.texts(name, f"{name}s", at_most=MOST_NAMED)


def _options(asked: Asked) -> dict[str, dict[str, str]]:
    """As the text of a JSON object, which is how they are told."""
    options = asked.object("options") or asked.object("room_options")
    if options is None:
        return {}
    text = msgspec.json.encode(options).decode()
    if len(text.encode()) > LARGEST_OPTIONS:
        raise Unacceptable("options", f"are larger than {LARGEST_OPTIONS} bytes")
    return {DOOR: {OPTIONS: text}}


async def _opened(core: Core, caller: Caller, seen: Seen, **more: Any) -> Response:
    """A room, and what was said in it last."""
    said = await latest(core, caller, seen, limit=COMMENTS_SHOWN)
    faces = await Faces.of(core, caller.app, faces_in([seen]) | said.authors)
    room = room_object(seen, caller.user.id, faces)
    return wire.answer({"room": room, "comments": said.shown(seen, caller.user.id, faces), **more})


async def _listed(core: Core, caller: Caller, seen: Sequence[Seen], asked: Asked) -> list[dict[str, Any]]:
    shows = asked.flag("show_participants")
    faces = await Faces.of(core, caller.app, faces_in(seen))
    return [listed_room(it, caller.user.id, faces, shows_participants=shows) for it in seen]


FOR_CLIENTS: Final = (
    Call("POST", "get_or_create_room_with_target", with_target),
    Call("POST", "get_or_create_room_with_unique_id", with_unique_id),
    Call("POST", "create_room", create),
    Call("GET", "get_room_by_id", by_id),
    Call("GET", "user_rooms", own),
    Call("POST", "rooms_info", info),
    Call("POST", "update_room", update),
)
