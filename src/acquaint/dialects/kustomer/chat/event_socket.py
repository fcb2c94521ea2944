"""``/c/v1/events`` as a WebSocket: the same events, each a text frame ``{"event", "id"?, "clipped", "data"}``.

A browser cannot set headers here, so the tracking token may come as a subprotocol, after the one we answer with:

    new WebSocket("wss://acme.api.example.com/c/v1/events", ["kustomer.events", trackingToken])

It is never in the address, which logs and histories keep, and is never said back. No cookie opens anything, so a page
of another origin can only do what a token lets it, and the App's Policy says which pages may. Clients say nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any, Final

import anyio
import msgspec
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from ....domain.errors import Refusal
from ....services.core import Core
from ....services.live import Cut, Hub
from ....web.dialect import Dialect
from ....web.outgoing import Outgoing
from ..errors import ERRORS, error_response
from .events import SLOWEST_TAKER, Ear, Said, last_event
from .tracking import HEADER, caller_of

PATH: Final = "/c/v1/events"
SUBPROTOCOL: Final = "kustomer.events"

# RFC 6455, section 7.4.1; from 4000 on they are ours, and the native protocol's
NOTHING_TO_SAY: Final = 1008  # to a client that says something

CODES: Final[Mapping[Cut, int]] = {
    Cut.CHANGED: 1000,  # come again, and see what there is to see now
    Cut.GOING_AWAY: 1001,
    Cut.TOO_SLOW: 4008,
    Cut.REVOKED: 4401,
    Cut.EXPIRED: 4401,
}

_WORDS: Final = Dialect("kustomer", (), (), ERRORS, error_response)


class Events:
    """``Events(core, hub)`` is the ASGI application for WebSockets at ``PATH``, behind the edge.

    ``refused`` is told whom it does not let in.
    """

    def __init__(
        self,
        core: Core,
        hub: Hub,
        *,
        refused: Callable[[str, Refusal, Request], None] = lambda dialect, refusal, request: None,
    ) -> None:
        self._core, self._hub, self._refused = core, hub, refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        request = _handshake(scope)
        try:
            ear = Ear(self._core, self._hub, await caller_of(request), last_event(request))
            await self._hub.welcome(ear)
        except Refusal as refusal:
            self._refused(_WORDS.name, refusal, request)
            await _WORDS.refuse(refusal)(scope, receive, send)
        else:
            await Listening(self._hub, ear, send).run(receive, is_named=SUBPROTOCOL in scope.get("subprotocols", ()))


class Listening:
    """One client, for as long as it listens."""

    def __init__(self, hub: Hub, ear: Ear, send: Send) -> None:
        self._hub, self._ear, self._send = hub, ear, send
        self._outgoing = Outgoing(send)

    async def run(self, receive: Receive, *, is_named: bool) -> None:
        """Until it is gone."""
        try:
            await self._send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if is_named else None})
            async with anyio.create_task_group() as group:
                group.start_soon(self._tell)
                while (await receive())["type"] == "websocket.receive":
                    self._outgoing.hang_up(NOTHING_TO_SAY)
                group.cancel_scope.cancel()
        except OSError:  # it went away while it was let in
            pass
        finally:
            self._outgoing.gone()
            self._hub.forget(self._ear)

    async def _tell(self) -> None:
        async with aclosing(self._ear.heard()) as heard:
            async for said in heard:
                for it in said:
                    self._outgoing.say(_frame(it))
                    if self._outgoing.is_behind and not await self._is_taken():
                        return
                if not await self._is_taken():
                    return
        self._outgoing.hang_up(CODES[self._ear.why or Cut.REVOKED])

    async def _is_taken(self) -> bool:
        """Whether the client took what was said, in time. Whoever does not is let go."""
        if await self._outgoing.caught_up(SLOWEST_TAKER):
            return True
        self._outgoing.forget_waiting()
        self._outgoing.hang_up(CODES[Cut.TOO_SLOW])
        return False


def _handshake(scope: Scope) -> Request:
    """The request that a WebSocket begins with, a GET (RFC 6455, section 4.1), with the token where others have it."""
    offered = [it for it in scope.get("subprotocols", ()) if it != SUBPROTOCOL]
    headers = list(scope["headers"])
    if len(offered) == 1 and HEADER.encode() not in dict(headers):
        headers.append((HEADER.encode(), offered[0].encode("latin-1", "replace")))
    return Request({**scope, "type": "http", "method": "GET", "headers": headers})


def _frame(it: Said) -> str:
    named: dict[str, Any] = {"event": it.name} | ({} if it.id is None else {"id": str(it.id)})
    return msgspec.json.encode(named | dict(it.data)).decode()
