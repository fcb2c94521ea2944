"""Who is in a room: listed, brought in and taken out."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import Unacceptable
from ...domain.members import Change
from ...services import conversations
from ...services.acting import count
from ...web.dialect import core_of
from . import wire
from .auth import caller_of, id_of
from .chat_wire import participant_object
from .faces import Faces
from .families import Call
from .names import room_called, room_number
from .reading import Asked, read
from .rooms import LARGEST_PAGE, USUAL_PAGE, users_named

LAST_PAGE: Final = 1_000
_SORTED: Final = {"asc": False, "desc": True}


async def list_all(request: Request) -> Response:
    """GET room_participants: by page or from an offset, in the order they came, or the latest first."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    name = asked.text("room_unique_id")
    id = room_number(asked.needed("room_id")) if name is None else await room_called(core, caller.app, name)
    seen = await conversations.one_seen(core, caller.session, id)
    newest_first = _SORTED.get((asked.text("sorting") or "asc").lower())
    if newest_first is None:
        raise Unacceptable("sorting", "must be asc or desc")
    skip, limit, page = part_of(asked)
    members = seen.members[::-1] if newest_first else seen.members
    shown = members[skip : skip + limit]
    faces = await Faces.of(core, caller.app, (it.user_id for it in shown))
    meta = {"current_offset": skip, "current_page": page, "per_page": limit, "total": len(members)}
    return wire.answer({"meta": meta, "participants": [participant_object(it, faces) for it in shown]})


async def add(request: Request) -> Response:
    """POST add_room_participants: all of them, or nobody."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    id = room_number(asked.needed("room_id"))
    await count(core, caller.recognised)
    before = {it.user_id for it in (await conversations.one_seen(core, caller.session, id)).members}
    wanted = await users_named(core, caller.app, asked, "emails", "user_ids")
    seen = await conversations.change(core, caller.recognised, id, Change(add=tuple(wanted)))
    faces = await Faces.of(core, caller.app, wanted)
    added = [it for it in seen.members if it.user_id in wanted and it.user_id not in before]
    return wire.answer({"participants_added": [participant_object(it, faces) for it in added]})


async def remove(request: Request) -> Response:
    """POST remove_room_participants: those of a lower role than one's own. Whoever removes themselves leaves."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    id = room_number(asked.needed("room_id"))
    await count(core, caller.recognised)
    before = {it.user_id for it in (await conversations.one_seen(core, caller.session, id)).members}
    wanted = await users_named(core, caller.app, asked, "emails", "user_ids")
    await conversations.change(core, caller.recognised, id, Change(remove=tuple(wanted)))
    faces = await Faces.of(core, caller.app, wanted)
    removed = [id_of(faces.known[it]) for it in wanted if it in before and it in faces.known]
    return wire.answer({"participants_removed": removed})


def part_of(asked: Asked) -> tuple[int, int, int]:
    """How many to skip, how many to show, and which page that is."""
    page, limit = asked.number("page", 1, LAST_PAGE), asked.number("limit", USUAL_PAGE, LARGEST_PAGE)
    offset = asked.text("offset")
    if offset is None or offset == "0":
        return (page - 1) * limit, limit, page
    skip = asked.number("offset", 1, LAST_PAGE * LARGEST_PAGE)
    return skip, limit, skip // limit + 1


FOR_CLIENTS: Final = (
    Call("GET", "room_participants", list_all),
    Call("POST", "add_room_participants", add),
    Call("POST", "remove_room_participants", remove),
)
