"""Where realtime clients come in: the WebSocket at ``/mqtt``, and, where the server listens for it, TCP."""

from __future__ import annotations

from collections import Counter
from typing import Final

import structlog
from starlette.types import Receive, Scope, Send

from ...services.core import Core
from ...services.limits import party
from ...services.live import Hub
from ...web.dialect import Visit
from .news import Telling
from .online import Online
from .stream import SUBPROTOCOL, Stream

PATH: Final = "/mqtt"

MOST_STRANGERS: Final = 500
"""Connections from one network address on which nobody is signed in. The vendor's SDKs connect before anybody logs in
and stay connected after they logged out. Against holding them open for nothing; lower would hurt an office."""

log = structlog.get_logger()


class Broker:
    """``Broker(core, hub)`` is the ASGI application for WebSockets at ``PATH``, behind the edge."""

    def __init__(self, core: Core, hub: Hub) -> None:
        self._core, self._hub = core, hub
        self._telling, self._online = Telling(core), Online(core, hub)
        self._strangers: Counter[str] = Counter()
        self._count = 0
        self._run = core.chance(4).hex()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        visit: Visit = scope["acquaint.visit"]
        if SUBPROTOCOL not in scope.get("subprotocols", ()):
            await _refuse(send, 400, "This speaks the subprotocol mqtt, and nothing else.")
        elif self.is_full_for(visit.address):
            await _refuse(send, 429, "There are too many connections.")
        else:
            await self.serve(visit, receive, send, origin=_origin(scope))

    def is_full_for(self, address: str) -> bool:
        """Whether there are too many strangers from there."""
        if self._strangers[party(address)] < MOST_STRANGERS:
            return False
        log.info("mqtt_refused", address=address, why="strangers")
        return True

    def visit_from(self, address: str, *, is_secure: bool) -> Visit:
        """Of a client that did not come over HTTP."""
        self._count += 1
        return Visit(self._core, f"{self._run}{self._count:08x}", address, is_secure, self._hub)

    async def serve(self, visit: Visit, receive: Receive, send: Send, *, origin: str | None = None) -> None:
        """Until the client is gone; counted among the strangers until somebody is signed in."""
        address, is_stranger = party(visit.address), True
        self._strangers[address] += 1

        def known() -> None:
            nonlocal is_stranger
            if is_stranger:
                is_stranger = False
                self._strangers[address] -= 1
                if not self._strangers[address]:
                    del self._strangers[address]

        stream = Stream(self._core, self._hub, self._telling, self._online, visit, send, origin=origin, known=known)
        code = None
        try:
            code = await stream.run(receive)
        finally:
            known()
            log.info("mqtt_disconnected", request_id=visit.request_id, address=visit.address, code=code)


def _origin(scope: Scope) -> str | None:
    """Which page asks, as a browser says it; what is no browser says nothing."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"), None)


async def _refuse(send: Send, status: int, why: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": why.encode()})
