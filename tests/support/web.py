"""Web servers of the tests' own that answer whatever a test wants, however rude."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Talk = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class WebServer:
    port: int = 0
    asked: list[bytes] = field(default_factory=list)
    """What was asked, head and body, one for each connection."""


@asynccontextmanager
async def answering(
    answer: bytes | Talk, *, address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[WebServer]:
    """A server that reads one request from each connection and says ``answer``, or lets ``answer`` talk."""
    server = WebServer()
    talking: dict[asyncio.StreamWriter, asyncio.Event] = {}

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended = talking[writer] = asyncio.Event()
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            _, _, length = head.lower().partition(b"content-length:")
            server.asked.append(head + await reader.readexactly(int(length.split(b"\r\n")[0] or 0)))
            if callable(answer):
                await answer(writer)
            else:
                writer.write(answer)
                await writer.drain()
        with suppress(OSError):
            writer.close()
            await writer.wait_closed()
        ended.set()

    running = await asyncio.start_server(talk, address, port, ssl=tls)
    server.port = running.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        running.close()
        for writer, ended in talking.items():
            writer.close()
            await ended.wait()


def page(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """An answer with these headers; ``content_type`` becomes Content-Type."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
