"""Rooms, as the App's server sets them up and looks at them. It sees every room of the App, and may change any.

Both spellings of the family are read; ids of rooms are texts in the answers, whichever was asked.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.apps import App
from ...domain.conversations import Conversation, ConversationId, ConversationKind
from ...domain.errors import NotFound, Unacceptable
from ...domain.listings import Between
from ...domain.members import Change
from ...domain.users import User, UserId
from ...services import conversations, hosting
from ...services.core import Core
from ...web.dialect import core_of
from ...web.ids import read_integer
from . import wire
from .auth import app_of_server, find_user, id_of
from .chat_wire import rest_participant, rest_room
from .faces import Faces
from .families import Call
from .names import check_unique_id, room_called
from .participants import part_of
from .reading import Asked, read
from .rooms import LARGEST_PAGE, LAST_PAGE, MOST_NAMED, USUAL_PAGE, looks_of, users_named

USERS: Final = ("user_ids", "emails", "participants")
USER: Final = ("user_id", "user_email", "sender_email", "email")
NAMES: Final = ("room_name", "name")

_DIRECT: Final = frozenset({ConversationKind.DIRECT})
_TYPES: Final = {"single": _DIRECT, "group": frozenset(ConversationKind) - _DIRECT}


async def create(request: Request) -> Response:
    """POST create_room: a group, which its ``creator`` owns."""
    core, app, asked = await asked_by_server(request)
    asked.needed(*NAMES)  # refuses
    owner = await find_user(core, app, "creator", asked.needed("creator"))
    others = await users_named(core, app, asked, "participants", "user_ids", "emails")
    looks = looks_of(asked, *NAMES)
    made = await hosting.host(core, app, ConversationKind.GROUP, [owner.id, *others], looks)
    return wire.answer({"room": rest_room(made)})


async def with_target(request: Request) -> Response:
    """POST or GET get_or_create_room_with_target: of two users."""
    core, app, asked = await asked_by_server(request)
    both = await users_named(core, app, asked, *USERS)
    if len(both) != 2:
        raise Unacceptable("user_ids", "must be two different users'")
    looks = Change(by_door=looks_of(asked, *NAMES).by_door)
    return wire.answer({"room": rest_room(await hosting.host(core, app, ConversationKind.DIRECT, both, looks))})


async def channel(request: Request) -> Response:
    """POST or GET get_or_create_channel: with these users in it; the first owns it, where it is new or was only some
    client's idea."""
    core, app, asked = await asked_by_server(request)
    unique_id = check_unique_id(asked.needed("unique_id", "room_channel_id"))
    users = await users_named(core, app, asked, "participants", "user_ids", "emails")
    looks = looks_of(asked, *NAMES, otherwise=unique_id)
    opened, is_new = await hosting.open_channel(core, app, unique_id, users, looks)
    return wire.answer({"changed": is_new, "room": rest_room(opened)})


async def info(request: Request) -> Response:
    """GET or POST get_rooms_info: those that are there, in the order in which they are named."""
    core, app, asked = await asked_by_server(request)
    found = await _rooms_named(core, app, asked)
    return wire.answer({"rooms": [rest_room(it) for it in found or ()]})


async def update(request: Request) -> Response:
    """POST update_room: what is not given stays. What the two of a direct room look like is their own affair."""
    core, app, asked = await asked_by_server(request)
    it = await room_of(core, app, asked)
    if it.kind is ConversationKind.DIRECT:
        raise Unacceptable("room_id", "must be a group's")
    seen = await conversations.change(core, app, it.id, looks_of(asked, *NAMES))
    return wire.answer({"changed": seen.conversation != it, "room": rest_room(seen.conversation)})


async def participants(request: Request) -> Response:
    """GET get_room_participants: by page, in the order they came."""
    core, app, asked = await asked_by_server(request)
    skip, limit, _ = part_of(asked)
    it = await room_of(core, app, asked)
    members = (await conversations.one_of_app(core, app, it.id)).members[skip : skip + limit]
    return wire.answer({"participants": await _people(core, app, [member.user_id for member in members])})


async def add(request: Request) -> Response:
    """POST add_room_participants: all of them, or nobody."""
    core, app, asked = await asked_by_server(request)
    it = await room_of(core, app, asked)
    users = await users_named(core, app, asked, *USERS)
    before = {member.user_id for member in (await conversations.one_of_app(core, app, it.id)).members}
    await conversations.change(core, app, it.id, Change(add=tuple(users)))
    return wire.answer({"participants_added": await _people(core, app, [id for id in users if id not in before])})


async def remove(request: Request) -> Response:
    """POST remove_room_participants: whatever their role is."""
    core, app, asked = await asked_by_server(request)
    it = await room_of(core, app, asked)
    users = await users_named(core, app, asked, *USERS)
    before = {member.user_id for member in (await conversations.one_of_app(core, app, it.id)).members}
    await conversations.change(core, app, it.id, Change(remove=tuple(users)))
    return wire.answer({"participants_removed": await _people(core, app, [id for id in users if id in before])})


async def of_user(request: Request) -> Response:
    """GET get_user_rooms: by page, the one with the latest comment first."""
    core, app, asked = await asked_by_server(request)
    user = await user_of(core, app, asked)
    page, limit = asked.number("page", 1, LAST_PAGE), asked.number("limit", LARGEST_PAGE, LARGEST_PAGE)
    room_type = asked.text("room_type")
    if room_type is not None and room_type not in _TYPES:
        raise Unacceptable("room_type", "must be single or group")
    kinds = frozenset(ConversationKind) if room_type is None else _TYPES[room_type]
    found = await hosting.of_kinds(core, app, user.id, kinds, skip=(page - 1) * limit, limit=limit)
    meta = {"current_page": page, "total_room": found.total}
    return wire.answer({"meta": meta, "rooms": [rest_room(it) for it in found.items]})


async def unread(request: Request) -> Response:
    """GET get_unread_count: of a user, in the rooms that are named, or else in all of theirs."""
    core, app, asked = await asked_by_server(request)
    counts = await hosting.unread_of(core, app, (await user_of(core, app, asked)).id)
    named = await _rooms_named(core, app, asked)
    wanted = [*counts] if named is None else [it.id for it in named]
    shown = [{"room_id": str(id), "unread_count": counts[id]} for id in wanted if id in counts]
    return wire.answer({"unread_counts": shown})


async def unread_of_users(request: Request) -> Response:
    """GET get_user_unread_count: of each user, in all of their rooms. Between two times it is not counted here."""
    core, app, asked = await asked_by_server(request)
    for name in ("start_time", "end_time"):
        if asked.text(name) is not None:
            raise Unacceptable(name, "is not read here: comments are unread, whenever they were posted")
    ids = asked.texts("user_ids", "user_id", at_most=MOST_NAMED)
    if not ids:
        raise Unacceptable("user_ids", "is required")
    counts = []
    for id in dict.fromkeys(ids):
        user = await find_user(core, app, "user_ids", id)
        counts.append({"user_id": id, "unread_count": sum((await hosting.unread_of(core, app, user.id)).values())})
    return wire.answer({"user_unread_count": counts})


async def unread_users(request: Request) -> Response:
    """GET get_unread_users: who has unread comments of this time, by page."""
    core, app, asked = await asked_by_server(request)
    page, limit = asked.number("page", 1, LAST_PAGE), asked.number("limit", USUAL_PAGE, LARGEST_PAGE)
    during = Between(_moment(asked, "start_time"), _moment(asked, "end_time"))
    found = (await hosting.behind(core, app, during))[(page - 1) * limit : page * limit]
    faces = await Faces.of(core, app, found)
    return wire.answer({"user_ids": [id_of(faces.known[id]) for id in found if id in faces.known]})


def _moment(asked: Asked, name: str) -> datetime | None:
    """As the vendor writes them; in UTC, since they say no zone."""
    text = asked.text(name)
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise Unacceptable(name, "must be a time as in 2026-01-31 23:59:59") from error


async def asked_by_server(request: Request) -> tuple[Core, App, Asked]:
    """Who asks is found out before what they ask is read."""
    app = await app_of_server(request)
    return core_of(request), app, await read(request)


async def user_of(core: Core, app: App, asked: Asked) -> User:
    """Whom the request is about. Refuses with NotFound."""
    return await find_user(core, app, USER[0], asked.needed(*USER))


async def room_of(core: Core, app: App, asked: Asked) -> Conversation:
    """The room of the App that the request is about. Refuses with NotFound."""
    number = asked.text("room_id", "id")
    if number is not None:
        return await _by_id(core, app, number)
    return await _by_name(core, app, asked.needed("room_id", "room_channel_id"))


async def _rooms_named(core: Core, app: App, asked: Asked) -> list[Conversation] | None:
    """Those of them that are there, in the order in which they are named; None where none is named."""
    numbers, names = _listed(asked, "room_ids", "room_id"), _listed(asked, "room_channel_ids", "room_channel_id")
    found: dict[ConversationId, Conversation] = {}
    for find, name in [*((_by_id, it) for it in numbers), *((_by_name, it) for it in names)]:
        with suppress(NotFound):
            it = await find(core, app, name)
            found[it.id] = it
    return [*found.values()] if numbers or names else None


async def _by_id(core: Core, app: App, name: str) -> Conversation:
    """By number, or else by unique id. Digits are a number: a channel called like a room that is gone is not meant."""
    number = read_integer(name)
    if number is None:
        return await _by_name(core, app, name)
    return (await conversations.one_of_app(core, app, ConversationId(number))).conversation


async def _by_name(core: Core, app: App, name: str) -> Conversation:
    return (await conversations.one_of_app(core, app, await room_called(core, app, name))).conversation


def _listed(asked: Asked, *names: str) -> list[str]:
    return asked.texts(*names, at_most=MOST_NAMED)


async def _people(core: Core, app: App, ids: list[UserId]) -> list[dict[str, Any]]:
    faces = await Faces.of(core, app, ids)
    return [rest_participant(id, faces) for id in ids if id in faces.known]


FOR_SERVERS: Final = (
    Call("POST", "create_room", create),
    *(Call(method, "get_or_create_room_with_target", with_target) for method in ("POST", "GET")),
    *(Call(method, "get_or_create_channel", channel) for method in ("POST", "GET")),
    *(Call(method, "get_rooms_info", info) for method in ("GET", "POST")),
    Call("POST", "update_room", update),
    Call("GET", "get_room_participants", participants),
    Call("POST", "add_room_participants", add),
    Call("POST", "remove_room_participants", remove),
    Call("GET", "get_user_rooms", of_user),
    Call("GET", "get_unread_count", unread),
    Call("GET", "get_unread_users", unread_users),
    Call("GET", "get_user_unread_count", unread_of_users),
)
