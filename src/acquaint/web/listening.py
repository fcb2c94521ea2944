"""uvicorn as we run it: bounds that it lacks, and an end in the right order.

Connection   the head of a request may be so large and take so long, and no more
Live         messages of a WebSocket may be so large, and larger where who serves it has come to know who is there
Listener     says when it listens, closes live sockets before it waits for requests, and leaves signals alone after
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

LARGEST_HEAD: Final = 64 * 1024
"""Bytes of a request's line and headers. Answers memory filled by endless headers; lower would hurt large cookies."""

SLOWEST_HEAD: Final = 15.0
"""Seconds for a head to be complete. Answers connections held open by a trickle; lower would hurt bad networks."""

KEPT_ALIVE: Final = 75
"""Seconds a quiet connection is kept. Longer than proxies keep theirs (nginx: 60), so that none is closed in use."""

GRACE: Final = 10
"""Seconds for requests under way to be finished when the server stops."""

LARGEST_FRAME: Final = 64 * 1024
"""Bytes of a WebSocket message (OWASP: at most 64 KiB)."""

_LARGER: Final = "acquaint.larger_messages"

_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Connection(HttpToolsProtocol):
    """What comes in one piece, as nearly every head does, costs no timer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True  # a connection that says nothing is one whose head does not come
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer = self.loop.call_later(SLOWEST_HEAD, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._size = True, 0

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._in_head:
            if self._timer is not None:
                self._stop_timer()
            return
        self._size += len(data)
        if self._size > LARGEST_HEAD:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        elif self._timer is None:
            self._timer = self.loop.call_later(SLOWEST_HEAD, self.transport.abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Live(WebSocketsSansIOProtocol):
    """What a stranger sends is bounded before it is read; what somebody sends who signed in may be let be larger."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["extensions"][_LARGER] = {"allow": self._allow}

    def _allow(self, octets: int) -> None:
        self.conn.max_message_size = octets


def allow_larger_messages(scope: Mapping[str, Any], octets: int) -> None:
    """From the next one on. Nothing where another server than this one listens, which has its own bounds."""
    larger = scope.get("extensions", {}).get(_LARGER)
    if larger is not None:
        larger["allow"](octets)


class Listener(uvicorn.Server):
    """``stops`` is called when no more connections are accepted and requests under way are still being answered."""

    def __init__(
        self, config: uvicorn.Config, *, listens: Callable[[], None], stops: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(config)
        self._listens, self._stops = listens, stops

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listens()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await self._stops()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does, but the process is not killed by the same signal before everything else is closed."""
        before = {it: signal.signal(it, self.handle_exit) for it in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def configuration(app: Any, *, tls_cert: str = "", tls_key: str = "") -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Connection,
        ws=Live,
        ws_max_size=LARGEST_FRAME,
        ws_per_message_deflate=False,  # it costs far more memory than our short messages are worth
        lifespan="off",  # bootstrap opens and closes what lives, around all of this
        interface="asgi3",
        log_config=None,
        access_log=False,  # the edge writes down requests, without what is secret in them
        proxy_headers=False,  # the edge believes those proxies that the settings name
        server_header=False,
        timeout_keep_alive=KEPT_ALIVE,
        timeout_graceful_shutdown=GRACE,
        ssl_certfile=tls_cert or None,
        ssl_keyfile=tls_key or None,
    )
