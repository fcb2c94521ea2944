"""The WebSocket at ``/ws``: who is let in to sign in there."""

from __future__ import annotations

from collections import Counter
from typing import Final

import structlog
from starlette.types import Receive, Scope, Send

from ...services.core import Core
from ...services.limits import party
from ...services.live import Hub
from ...web.dialect import Visit
from ...web.listening import allow_larger_messages
from .jid import Names
from .news import Telling
from .stream import SUBPROTOCOL, Stream
from .watches import Watching
from .xml import LONGEST_FRAME

PATH: Final = "/ws"

MOST_STRANGERS: Final = 100
"""Connections from one network address on which nobody is signed in yet. Against holding them open for nothing; lower
would hurt an office that comes back after its network was away."""

log = structlog.get_logger()


class Chat:
    """``Chat(core, hub)`` is the ASGI application for WebSockets at ``PATH``, behind the edge."""

    def __init__(self, core: Core, hub: Hub) -> None:
        self._core, self._hub = core, hub
        self._telling, self._watching = Telling(Names.at(core.public_url)), Watching(hub)
        self._strangers: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        visit: Visit = scope["acquaint.visit"]
        address = party(visit.address)
        if SUBPROTOCOL not in scope.get("subprotocols", ()):
            await _refuse(send, 400, "This speaks the subprotocol xmpp, and nothing else.")
        elif self._strangers[address] >= MOST_STRANGERS:
            log.info("chat_refused", request_id=visit.request_id, address=visit.address, why="strangers")
            await _refuse(send, 429, "There are too many connections.")
        else:
            await self._serve(scope, receive, send, visit, address)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, visit: Visit, address: str) -> None:
        """Counted among the strangers until somebody is bound, or gone."""
        self._strangers[address] += 1
        is_stranger = True

        def known() -> None:
            nonlocal is_stranger
            if is_stranger:
                is_stranger = False
                self._strangers[address] -= 1
                if not self._strangers[address]:
                    del self._strangers[address]

        def bound() -> None:
            known()
            allow_larger_messages(scope, LONGEST_FRAME)

        mark = f"{int(self._core.clock().timestamp())}-{self._core.chance(12).hex()}"
        stream = Stream(
            self._core,
            self._hub,
            self._telling,
            self._watching,
            visit,
            send,
            mark=mark,
            origin=_origin(scope),
            bound=bound,
        )
        code = None
        try:
            code = await stream.run(receive)
        finally:
            known()
            log.info("chat_disconnected", request_id=visit.request_id, address=visit.address, code=code)


def _origin(scope: Scope) -> str | None:
    """Which page asks, as a browser says it; what is no browser says nothing."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"), None)


async def _refuse(send: Send, status: int, why: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": why.encode()})
