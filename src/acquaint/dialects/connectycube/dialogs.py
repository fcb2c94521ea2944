"""Dialogs: the vendor's word for conversations, over REST. Their messages are in messages.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.conversations import LONGEST_TITLE, ConversationId, ConversationKind, MessageId
from ...domain.errors import NotAllowed, NotFound, Unacceptable
from ...domain.identities import KEEP
from ...domain.members import Change
from ...domain.users import User, UserId
from ...services import conversations, members, users
from ...services.conversations import Seen
from ...services.core import Core
from ...web.dialect import Endpoint, Route, core_of
from ...web.ids import read_hex
from . import wire
from .auth import DOOR, Caller, user_of
from .chat_wire import dialog_object
from .directory import shown
from .filters import dialogs_asked, ids_of, page_asked
from .jid import Names
from .named import named
from .reading import Asked, read
from .routes import both

PREFIXES: Final = ("/chat/Dialog", "/chat/dialog")
MOST_AT_ONCE: Final = 100  # dialogs in one path
MOST_EXTENSIONS: Final = 10
LONGEST_EXTENSION: Final = 255
LONGEST_PHOTO: Final = 2048

_KINDS: Final[Mapping[int, ConversationKind]] = {
    1: ConversationKind.BROADCAST,
    2: ConversationKind.GROUP,
    3: ConversationKind.DIRECT,
    4: ConversationKind.CHANNEL,
}


async def create(request: Request) -> Response:
    """POST /chat/Dialog. A private one that is there is answered."""
    core, caller = core_of(request), await user_of(request)
    asked = await read(request)
    kind = _KINDS.get(asked.number("type") or 0)
    if kind is None:
        raise Unacceptable("type", "should be 1, 2, 3 or 4")
    me = caller.known_user.id
    others = [id for id in ids_of(asked, "occupants_ids") if id != me]
    if not others and kind in (ConversationKind.GROUP, ConversationKind.DIRECT):
        raise Unacceptable("occupants_ids", "cannot be blank")
    if kind is ConversationKind.DIRECT and len(others) > 1:
        raise Unacceptable("occupants_ids", "should be one other user")
    is_direct = kind is ConversationKind.DIRECT
    seen, _ = await conversations.start(
        core,
        caller.recognised,
        kind=kind,
        title=None if is_direct else _name(asked),
        with_users=others,
        looks=Change() if is_direct else _looks(asked, appoint=ids_of(asked, "admins_ids")),
    )
    return await _dialog(core, caller, seen, status=201)


async def list_all(request: Request) -> Response:
    """GET /chat/Dialog"""
    core, caller = core_of(request), await user_of(request)
    asked = await read(request)
    wanted = dialogs_asked(asked)
    found = await conversations.chosen(core, caller.session, wanted)
    if asked.flag("count"):
        return wire.answer({"items": {"count": found.total}})
    page = {"total_entries": found.total, "skip": wanted.skip, "limit": wanted.limit}
    return wire.answer(page | {"items": await dialog_objects(core, caller, found.items)})


async def update(request: Request) -> Response:
    """PUT /chat/Dialog/{dialog}"""
    core, caller, id = core_of(request), await user_of(request), _id(request)
    asked = await read(request)
    push, pull = asked.within("push_all"), asked.within("pull_all")
    change = _looks(
        asked,
        add=ids_of(push, "occupants_ids"),
        remove=ids_of(pull, "occupants_ids"),
        appoint=ids_of(push, "admins_ids"),
        dismiss=ids_of(pull, "admins_ids"),
        pin=await _messages(core, caller, id, push),
        unpin=await _messages(core, caller, id, pull),
    )
    return await _dialog(core, caller, await conversations.change(core, caller.recognised, id, change))


async def set_admins(request: Request) -> Response:
    """PUT /chat/Dialog/{dialog}/admins"""
    core, caller, id = core_of(request), await user_of(request), _id(request)
    asked = await read(request)
    change = Change(
        appoint=ids_of(asked.within("push_all"), "admins_ids"), dismiss=ids_of(asked.within("pull_all"), "admins_ids")
    )
    return await _dialog(core, caller, await conversations.change(core, caller.recognised, id, change))


async def delete(request: Request) -> Response:
    """DELETE /chat/Dialog/{dialog}: one, or several with commas between them. For everybody with ``force``."""
    core, caller = core_of(request), await user_of(request)
    asked = await read(request)
    for_everybody = asked.flag("force")
    names = [it for it in dict.fromkeys(request.path_params["dialog"].split(",")) if it]
    if len(names) > MOST_AT_ONCE:
        raise Unacceptable("base", f"At most {MOST_AT_ONCE} dialogs at once")
    if len(names) == 1:
        await _delete(core, caller, names[0], for_everybody=for_everybody)
        return wire.nothing()
    done: dict[str, list[str]] = {"SuccessfullyDeleted": [], "NotFound": [], "WrongPermissions": []}
    for name in names:
        try:
            await _delete(core, caller, name, for_everybody=for_everybody)
        except NotFound:
            done["NotFound"].append(name)
        except NotAllowed:
            done["WrongPermissions"].append(name)
        else:
            done["SuccessfullyDeleted"].append(name)
    return wire.answer({key: {"ids": ids} for key, ids in done.items()})


async def clear_history(request: Request) -> Response:
    """DELETE /chat/Dialog/clearHistory/{dialog}: for oneself. For everybody it is not done here."""
    core, caller, id = core_of(request), await user_of(request), _id(request)
    if (await read(request)).flag("force"):
        raise NotAllowed
    await members.clear(core, caller.recognised, id)
    return wire.nothing()


async def subscribe(request: Request) -> Response:
    """POST /chat/Dialog/{dialog}/subscribe"""
    core, caller, id = core_of(request), await user_of(request), _id(request)
    await members.join(core, caller.recognised, id)
    return await _dialog(core, caller, await conversations.one_seen(core, caller.session, id))


async def unsubscribe(request: Request) -> Response:
    """DELETE /chat/Dialog/{dialog}/subscribe"""
    core, caller, id = core_of(request), await user_of(request), _id(request)
    await members.leave(core, caller.recognised, id)
    return wire.nothing()


async def notifications(request: Request) -> Response:
    """GET /chat/Dialog/{dialog}/notifications"""
    core, caller, id = core_of(request), await user_of(request), _id(request)
    return _notifications(await conversations.one_seen(core, caller.session, id), caller)


async def set_notifications(request: Request) -> Response:
    """PUT /chat/Dialog/{dialog}/notifications"""
    core, caller, id = core_of(request), await user_of(request), _id(request)
    asked = await read(request)
    asked = asked.within("notifications") if asked.has("notifications") else asked
    asked.needed("enabled") if not isinstance(asked.raw.get("enabled"), bool) else None
    await members.mute(core, caller.recognised, id, not asked.flag("enabled"))
    return _notifications(await conversations.one_seen(core, caller.session, id), caller)


async def occupants(request: Request) -> Response:
    """GET /chat/Dialog/{dialog}/occupants"""
    core, caller, id = core_of(request), await user_of(request), _id(request)
    skip, limit = page_asked(await read(request))
    seen = await conversations.one_seen(core, caller.session, id)
    ids = [it.user_id for it in seen.members[skip : skip + limit]]
    known = await users.many(core, caller.app, ids)
    return wire.answer({"items": [shown(known[it], caller) for it in ids if it in known]})


def _looks(asked: Asked, **others: Any) -> Change:
    """What of the request says how a dialog looks. A photo may be the uid of a blob, and is then kept here."""
    own: dict[str, Any] = {}
    photo: Any = asked.text("photo") if asked.has("photo") else KEEP
    is_address = isinstance(photo, str) and photo.startswith(("https://", "http://"))
    if isinstance(photo, str) and len(photo) > LONGEST_PHOTO:
        raise Unacceptable("photo", f"is longer than {LONGEST_PHOTO} characters")
    if photo is not KEEP:
        own["photo"] = None if is_address else photo
    if asked.has("extensions"):
        own["extensions"] = _extensions(asked)
    if asked.has("permissions"):
        own["permissions"] = _permissions(asked)
    return Change(
        title=_name(asked) if asked.has("name") else KEEP,
        description=asked.text("description") if asked.has("description") else KEEP,
        avatar_url=KEEP if photo is KEEP else photo if is_address else None,
        by_door={DOOR: own} if own else {},
        **others,
    )


def _name(asked: Asked) -> str:
    name = asked.needed("name")
    if len(name) > LONGEST_TITLE:
        raise Unacceptable("name", f"is longer than {LONGEST_TITLE} characters")
    return name


def _extensions(asked: Asked) -> dict[str, str] | None:
    """Texts by name; null takes all of them away."""
    if asked.raw["extensions"] is None:
        return None
    it = asked.within("extensions")
    found = {str(key): it.text_as_is(key) or "" for key in it.raw}
    if len(found) > MOST_EXTENSIONS or any(max(len(key), len(found[key])) > LONGEST_EXTENSION for key in found):
        raise Unacceptable("extensions", f"should be at most {MOST_EXTENSIONS} short texts")
    return found


def _permissions(asked: Asked) -> dict[str, bool] | None:
    """The one that is documented; null takes it away."""
    it = asked.within("permissions")
    return {"allow_preview": it.flag("allow_preview")} if it.has("allow_preview") else None


async def _messages(core: Core, caller: Caller, id: ConversationId, asked: Asked) -> tuple[MessageId, ...]:
    names = asked.texts("pinned_messages_ids", at_most=MOST_AT_ONCE)
    found = await named(core, caller.session, names, dialog=id) if names else {}
    if len(found) < len(set(names)):
        raise NotFound("message")
    return tuple(it.id for it in found.values())


async def _delete(core: Core, caller: Caller, name: str, *, for_everybody: bool) -> None:
    id = dialog_id(name)
    if for_everybody:
        await conversations.delete(core, caller.recognised, id)
    else:
        await members.drop(core, caller.recognised, id)


async def _dialog(core: Core, caller: Caller, seen: Seen, *, status: int = 200) -> Response:
    [dialog] = await dialog_objects(core, caller, [seen])
    return wire.answer(dialog, status)


async def dialog_objects(core: Core, caller: Caller, seen: Iterable[Seen]) -> list[dict[str, Any]]:
    """Dialogs as the caller sees them."""
    seen, me, names = list(seen), caller.known_user.id, Names.at(core.public_url)
    faces = await _faces(core, caller, seen, me)
    return [dialog_object(it, me, names, faces) for it in seen]


async def _faces(core: Core, caller: Caller, seen: Iterable[Seen], me: UserId) -> Mapping[UserId, User]:
    others = {
        member.user_id
        for it in seen
        if it.conversation.kind is ConversationKind.DIRECT
        for member in it.members
        if member.user_id != me
    }
    return await users.many(core, caller.app, others) if others else {}


def _notifications(seen: Seen, caller: Caller) -> Response:
    mine = next(it for it in seen.members if it.user_id == caller.known_user.id)
    return wire.answer({"notifications": {"enabled": int(not mine.is_muted)}})


def _id(request: Request) -> ConversationId:
    return dialog_id(request.path_params["dialog"])


def dialog_id(name: str) -> ConversationId:
    """Refuses with NotFound: what is no id names nothing."""
    id = read_hex(name)
    if id is None:
        raise NotFound("conversation")
    return ConversationId(id)


_ENDPOINTS: Final[tuple[tuple[str, str, Endpoint], ...]] = (
    ("POST", "", create),
    ("GET", "", list_all),
    ("DELETE", "/clearHistory/{dialog}", clear_history),
    ("PUT", "/{dialog}/admins", set_admins),
    ("POST", "/{dialog}/subscribe", subscribe),
    ("DELETE", "/{dialog}/subscribe", unsubscribe),
    ("GET", "/{dialog}/notifications", notifications),
    ("PUT", "/{dialog}/notifications", set_notifications),
    ("GET", "/{dialog}/occupants", occupants),
    ("PUT", "/{dialog}", update),
    ("DELETE", "/{dialog}", delete),
)

ROUTES: Final[list[Route]] = [
    route
    for prefix in PREFIXES
    for method, path, endpoint in _ENDPOINTS
    for route in both(method, prefix + path, endpoint)
]
