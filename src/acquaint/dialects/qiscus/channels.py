"""Channels by what they are called: listed, looked at, come into and left. Opening one is in rooms.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.conversations import Conversation, ConversationId
from ...domain.errors import NotFound, Unacceptable
from ...domain.listings import ConversationsAsked
from ...domain.members import OPEN
from ...ports.store import Recognised
from ...services import conversations, hosting, members
from ...services.core import Core
from ...web.dialect import core_of
from . import wire
from .auth import caller_of
from .chat_wire import channel_object
from .families import Call
from .reading import Asked, read
from .rooms import MOST_NAMED


async def own(request: Request) -> Response:
    """GET channels: those one is in, the one with the latest comment first."""
    core, caller = core_of(request), await caller_of(request)
    found = await conversations.chosen(core, caller.session, ConversationsAsked(kinds=OPEN))
    return _answer(core, [(it.conversation, True) for it in found.items])


async def info(request: Request) -> Response:
    """POST channels/info: of those that are named the ones that are there. Whoever knows a name may come in anyway."""
    core, caller = core_of(request), await caller_of(request)
    return _answer(core, await hosting.channels(core, caller.recognised, _names(await read(request))))


async def join(request: Request) -> Response:
    """POST channels/join: all of them, or none that is not there."""
    return await _each(request, members.join, is_joined=False)


async def leave(request: Request) -> Response:
    """POST channels/leave"""
    return await _each(request, members.leave, is_joined=True)


async def _each(
    request: Request, move: Callable[[Core, Recognised, ConversationId], Awaitable[None]], *, is_joined: bool
) -> Response:
    """Nothing happens unless all of them are there. Refuses with NotFound."""
    core, caller = core_of(request), await caller_of(request)
    names = _names(await read(request))
    found = await hosting.channels(core, caller.recognised, names)
    if len(found) < len(names):
        raise NotFound("conversation")
    for it, was_joined in found:
        if was_joined is is_joined:
            await move(core, caller.recognised, it.id)
    return _answer(core, [(it, not is_joined) for it, _ in found])


def _names(asked: Asked) -> list[str]:
    names = asked.texts("unique_ids", "unique_id", at_most=MOST_NAMED)
    if not names:
        raise Unacceptable("unique_ids", "is required")
    return list(dict.fromkeys(names))


def _answer(core: Core, found: list[tuple[Conversation, bool]]) -> Response:
    shown: list[dict[str, Any]] = [channel_object(it, core.public_url, is_joined=is_in) for it, is_in in found]
    return wire.answer({"channels": shown})


FOR_CLIENTS: Final = (
    Call("GET", "channels", own),
    Call("POST", "channels/info", info),
    Call("POST", "channels/join", join),
    Call("POST", "channels/leave", leave),
)
