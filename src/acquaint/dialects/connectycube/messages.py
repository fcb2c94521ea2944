"""Messages of dialogs, over REST: read, said, marked, edited, deleted, reacted to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.conversations import ConversationId, ConversationKind, Message, MessageId
from ...domain.errors import NotFound, Unacceptable
from ...domain.users import UserId
from ...services import conversations, messages, saying
from ...services.core import Core
from ...web.dialect import Endpoint, Route, core_of
from ...web.ids import as_hex, read_integer
from . import wire
from .auth import Caller, user_of
from .chat_wire import message_object, said_in
from .dialogs import dialog_id
from .filters import messages_asked
from .named import named
from .reading import Asked, read
from .routes import both

PREFIXES: Final = ("/chat/Message", "/chat/message")
MOST_AT_ONCE: Final = 100  # messages in one path


async def list_all(request: Request) -> Response:
    """GET /chat/Message. What is listed counts as read, and so does everything before it, unless mark_as_read is 0."""
    core, caller = core_of(request), await user_of(request)
    asked = await read(request)
    id, wanted = dialog_id(asked.needed("chat_dialog_id")), messages_asked(asked)
    found = await messages.chosen(core, caller.session, id, wanted)
    if asked.flag("count"):
        return wire.answer({"items": {"count": found.total}})
    if found.items and (asked.flag("mark_as_read") or not asked.has("mark_as_read")):
        await messages.mark_read(core, caller.session, id, max(it.id for it in found.items))
    items = await _objects(core, caller, id, found.items)
    return wire.answer({"skip": wanted.skip, "limit": wanted.limit, "items": items})


async def create(request: Request) -> Response:
    """POST /chat/Message: in a dialog, or to a recipient, with whom there is a private one from then on."""
    core, caller = core_of(request), await user_of(request)
    asked = await read(request)
    draft, dialog = said_in(asked), asked.text("chat_dialog_id")
    if dialog is not None:
        message = await messages.post(core, caller.recognised, dialog_id(dialog), draft)
    else:
        recipient = read_integer(asked.needed("recipient_id"))
        if recipient is None:
            raise Unacceptable("recipient_id", "should be a positive integer")
        seen, _ = await conversations.start(
            core, caller.recognised, first=draft, kind=ConversationKind.DIRECT, with_users=[UserId(recipient)]
        )
        if seen.last_message is None:
            raise NotFound("message")
        message = seen.last_message
    [shown] = await _objects(core, caller, message.conversation_id, [message])
    return wire.answer(shown, 201)


async def update(request: Request) -> Response:
    """PUT /chat/Message/{message}: marks some as read or delivered, or says one of one's own differently."""
    core, caller = core_of(request), await user_of(request)
    asked = await read(request)
    dialog = asked.text("chat_dialog_id")
    names = _names(request)
    found = await named(core, caller.session, names, dialog=None if dialog is None else dialog_id(dialog))
    if len(found) < len(names):
        raise NotFound("message")
    if asked.has("message"):
        if len(found) != 1:
            raise Unacceptable("message", "should be of one message")
        [it] = found.values()
        await saying.edit(core, caller.recognised, it.conversation_id, it.id, text=asked.needed("message"))
    for id, ids in _by_dialog(found.values()).items():
        await _mark(core, caller, id, max(ids), asked)
    return wire.nothing()


async def update_all(request: Request) -> Response:
    """PUT /chat/Message: everything in a dialog is read or delivered."""
    core, caller = core_of(request), await user_of(request)
    asked = await read(request)
    id = dialog_id(asked.needed("chat_dialog_id"))
    last = (await conversations.one_seen(core, caller.session, id)).last_message
    if last is not None:
        await _mark(core, caller, id, last.id, asked)
    return wire.nothing()


async def delete(request: Request) -> Response:
    """DELETE /chat/Message/{message}: for oneself; for everybody with ``force``."""
    core, caller = core_of(request), await user_of(request)
    for_everybody = (await read(request)).flag("force")
    names = _names(request)
    found = await named(core, caller.session, names)
    called = {it.id: name for name, it in found.items()}
    done: dict[str, list[str]] = {
        "SuccessfullyDeleted": [],
        "NotFound": [it for it in names if it not in found],
        "WrongPermissions": [],
    }
    for id, ids in _by_dialog(found.values()).items():
        deleted = await saying.delete(core, caller.recognised, id, ids, for_everybody=for_everybody)
        done["SuccessfullyDeleted"] += [called[it] for it in deleted.done]
        done["NotFound"] += [called[it] for it in deleted.not_found]
        done["WrongPermissions"] += [called[it] for it in deleted.not_allowed]
    return wire.answer({key: {"ids": ids} for key, ids in done.items()})


async def unread(request: Request) -> Response:
    """GET /chat/Message/unread: in all of one's dialogs, and in each that is named and seen."""
    core, caller = core_of(request), await user_of(request)
    names = (await read(request)).texts("chat_dialog_ids")
    found = await conversations.unread(core, caller.session)
    each = {as_hex(id): count for id, count in found.items()}
    return wire.answer({"total": sum(found.values())} | {name: each[name] for name in names if name in each})


async def react(request: Request) -> Response:
    """PUT /chat/Message/{message}/reactions"""
    core, caller = core_of(request), await user_of(request)
    asked = await read(request)
    it = await _one(core, caller, request)
    await saying.react(
        core, caller.recognised, it.conversation_id, it.id, add=asked.text("add"), withdraw=asked.text("remove")
    )
    return wire.nothing()


async def reactions(request: Request) -> Response:
    """GET /chat/Message/{message}/reactions: who thinks what."""
    core, caller = core_of(request), await user_of(request)
    it = await _one(core, caller, request)
    found: dict[str, list[int]] = {}
    for reaction in await saying.reactions(core, caller.session, it.conversation_id, it.id):
        found.setdefault(reaction.sign, []).append(reaction.user_id)
    return wire.answer(found)


async def _one(core: Core, caller: Caller, request: Request) -> Message:
    name = request.path_params["message"]
    found = await named(core, caller.session, [name])
    if name not in found:
        raise NotFound("message")
    return found[name]


async def _mark(core: Core, caller: Caller, id: ConversationId, up_to: MessageId, asked: Asked) -> None:
    if asked.flag("read"):
        await messages.mark_read(core, caller.session, id, up_to)
    elif asked.flag("delivered"):
        await messages.mark_received(core, caller.session, id, up_to)


async def _objects(core: Core, caller: Caller, id: ConversationId, said: Sequence[Message]) -> list[dict[str, Any]]:
    seen = await conversations.one_seen(core, caller.session, id)
    tallies = await saying.tallies(core, caller.session, id, [it.id for it in said])
    return [message_object(it, seen.conversation, seen.members, tallies.get(it.id, ())) for it in said]


def _by_dialog(said: Iterable[Message]) -> dict[ConversationId, list[MessageId]]:
    found: dict[ConversationId, list[MessageId]] = {}
    for it in said:
        found.setdefault(it.conversation_id, []).append(it.id)
    return found


def _names(request: Request) -> list[str]:
    names = [it for it in dict.fromkeys(request.path_params["message"].split(",")) if it]
    if len(names) > MOST_AT_ONCE:
        raise Unacceptable("base", f"At most {MOST_AT_ONCE} messages at once")
    return names


_ENDPOINTS: Final[tuple[tuple[str, str, Endpoint], ...]] = (
    ("POST", "", create),
    ("GET", "", list_all),
    ("PUT", "", update_all),
    ("GET", "/unread", unread),
    ("GET", "/{message}/reactions", reactions),
    ("PUT", "/{message}/reactions", react),
    ("PUT", "/{message}", update),
    ("DELETE", "/{message}", delete),
)

ROUTES: Final[list[Route]] = [
    route
    for prefix in PREFIXES
    for method, path, endpoint in _ENDPOINTS
    for route in both(method, prefix + path, endpoint)
]
