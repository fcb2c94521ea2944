"""Realtime over TCP, for clients that know of no WebSocket: the same connections, without HTTP before them.

listening   accepts clients for as long as a block lasts
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any, Final

import structlog
from starlette.types import Message

from .broker import Broker

AT_ONCE: Final = 64 * 1024  # bytes that are read in one go, like the largest message of a WebSocket

SLOWEST_HANDSHAKE: Final = 15.0
"""Seconds until TLS must have begun. Against connections held open by a trickle."""

log = structlog.get_logger()


@contextlib.asynccontextmanager
async def listening(broker: Broker, socket: socket.socket, tls: ssl.SSLContext | None) -> AsyncIterator[None]:
    """Whoever is still there at the end is cut off."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        try:
            await _serve(broker, reader, writer)
        except OSError:  # it is gone
            return
        except Exception:
            log.exception("mqtt_connection_broke")
        finally:
            writer.close()

    patience = SLOWEST_HANDSHAKE if tls is not None else None
    server = await asyncio.start_server(
        serve, sock=socket, limit=AT_ONCE, ssl=tls, ssl_handshake_timeout=patience, backlog=2048
    )
    try:
        yield
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _serve(broker: Broker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    address = _address(writer)
    if broker.is_full_for(address):
        return
    line = Line(reader, writer)
    visit = broker.visit_from(address, is_secure=writer.get_extra_info("ssl_object") is not None)
    await broker.serve(visit, line.receive, line.send)


class Line:
    """A connection, in the words that ASGI has for WebSockets."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._code = 1006

    @property
    def transport(self) -> asyncio.WriteTransport:
        """For whoever gives up on a client that reads nothing (web/outgoing.py)."""
        return self._writer.transport

    async def receive(self) -> Message:
        data = await self._reader.read(AT_ONCE)
        if data:
            return {"type": "websocket.receive", "bytes": data}
        return {"type": "websocket.disconnect", "code": self._code}

    async def send(self, message: Any) -> None:
        match message["type"]:
            case "websocket.send":
                self._writer.write(message["bytes"])
                await self._writer.drain()
            case "websocket.close":
                self._code = message["code"]
                self._writer.close()


def _address(writer: asyncio.StreamWriter) -> str:
    peer = writer.get_extra_info("peername")
    return str(peer[0]) if peer else ""
