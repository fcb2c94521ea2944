"""Connections that only hold the server's attention are let go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from acquaint.web import listening
from tests.support.patience import PATIENCE


async def _hello(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


SLOWEST_HEAD = 1.0  # seconds: long for us, who say most things at once


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(listening, "SLOWEST_HEAD", SLOWEST_HEAD)
    config = listening.configuration(_hello)
    config.load()
    state = uvicorn.server.ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: listening.Connection(config, state, {}), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def _connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def _ends(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            return await reader.read() == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


async def test_who_says_nothing_is_let_go(port: int) -> None:
    async with _connected(port) as (reader, _):
        assert await _ends(reader)


async def test_who_never_ends_their_first_sentence_is_let_go(port: int) -> None:
    async with _connected(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nx-")
        assert await _ends(reader)


async def test_who_spoke_properly_once_may_not_trickle_then(port: int) -> None:
    async with _connected(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        writer.write(b"GET / HT")
        assert await _ends(reader)


async def test_who_asks_in_two_pieces_and_then_waits_is_served(port: int) -> None:
    async with _connected(port) as (reader, writer):
        for waits in (1.2 * SLOWEST_HEAD, 0):
            writer.write(b"GET / HTTP/1.1\r\nho")
            await asyncio.sleep(0.05)
            writer.write(b"st: x\r\n\r\n")
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(waits)
