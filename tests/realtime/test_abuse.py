"""Clients that say too much, or nonsense, or listen too slowly: they are cut, and nobody else notices."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import socket
import struct
import time
from collections.abc import Iterator

import pytest
from websockets import ConnectionClosed

from tests.cast import ann, ben
from tests.realtime.callers import Acme, Client, opened
from tests.support.patience import PATIENCE, PROMISED, until


async def test_a_frame_over_64_kib_is_the_end(shop: Acme) -> None:
    async with (await shop.vouched(ann)).live() as live:
        await live.socket.send('{"type":"ping"}' + " " * 64 * 1024)
        assert (await live.end())[1] == 1009


async def test_so_is_one_in_pieces_that_are_small_enough(shop: Acme) -> None:
    async with (await shop.vouched(ann)).live() as live:
        with contextlib.suppress(ConnectionClosed):
            await live.socket.send(" " * 1000 for _ in range(100))
        assert (await live.end())[1] in (1009, 1006)  # 1006: the last pieces met a closed door


async def test_a_frame_of_64_kib_is_fine(shop: Acme) -> None:
    async with (await shop.vouched(ann)).live() as live:
        await live.socket.send('{"type":"ping"}' + " " * (64 * 1024 - 15))
        assert (await live.frame())["type"] == "pong"


async def test_bytes_are_the_end(shop: Acme) -> None:
    async with (await shop.vouched(ann)).live() as live:
        await live.socket.send(b'{"type":"ping"}')
        assert (await live.end())[1] == 1003


async def test_broken_utf_8_is_the_end(shop: Acme) -> None:
    async with (await shop.vouched(ann)).live() as live:
        await live.socket.send(b'{"type":"\xff\xfe"}', text=True)
        assert (await live.end())[1] == 1007


async def test_nonsense_is_answered_twice_and_then_the_end(shop: Acme) -> None:
    async with (await shop.vouched(ann)).live() as live:
        for nonsense in ("{", '{"type":"typing"}', "\x00"):
            await live.socket.send(nonsense)
        assert (await live.end())[1] == 4400
        assert [it["code"] for it in live.seen] == ["unreadable", "unacceptable", "unreadable"]


async def test_a_flood_is_the_end_and_others_do_not_notice(shop: Acme) -> None:
    flooder, honest = await shop.vouched(ann), await shop.vouched(ben)
    conversation = await honest.start("0")
    async with honest.live() as kept:

        async def flood() -> int:
            async with flooder.live() as live:
                for _ in range(2000):
                    await live.socket.send('{"type":"ping"}')
                return (await live.end())[1]

        flooding = asyncio.create_task(flood())
        while not flooding.done():
            await honest.post(conversation, "hello")
            await kept.text("hello")
        assert await flooding == 4429


@pytest.mark.parametrize("text", ['{"type":"sing"}', '{"type":"typing","conversation":"42","on":true}'])
async def test_what_is_only_useless_is_a_flood_too(shop: Acme, text: str) -> None:
    async with (await shop.vouched(ann)).live() as live:
        for _ in range(61):
            await live.socket.send(text)
        assert (await live.end())[1] == 4429


async def test_a_connection_is_resumed_once(shop: Acme) -> None:
    async with opened(shop.server, await (await shop.vouched(ann)).ticket()) as live:
        await live.say(type="resume", after=live.ready["last_event"])
        await live.until(lambda frame: frame["type"] == "resumed")
        await live.say(type="resume", after=live.ready["last_event"])
        assert (await live.frame())["code"] == "already_resumed"


async def test_who_reads_nothing_is_dropped_and_others_are_not_delayed(shop: Acme) -> None:
    slow, quick = await shop.vouched(ann), await shop.vouched(ann)
    conversation = await quick.start("0")
    with deaf(shop, await slow.ticket()):
        async with quick.live() as live:
            slowest = 0.0
            for number in range(400):  # some megabytes fit into the buffers of two kernels
                text = f"{number} {'x' * 20_000}"[:20_000]
                began = time.monotonic()
                await shop.answer(conversation, text)
                await live.text(text)
                slowest = max(slowest, time.monotonic() - began)
            assert slowest < PROMISED
        await until(lambda: has_gone(shop, slow))
    async with slow.live() as live:  # they may come again
        await shop.answer(conversation, "back")
        await live.text("back")


async def test_who_reads_nothing_is_cut_at_once_when_their_session_ends(shop: Acme) -> None:
    slow, quick = await shop.vouched(ann), await shop.vouched(ann)
    conversation = await quick.start("0")
    with deaf(shop, await slow.ticket()) as stuck:
        for _ in range(30):
            await shop.answer(conversation, "x" * 20_000)
        await quick.ask("DELETE", f"/sessions/{slow.session}")
        heard = await asyncio.to_thread(everything, stuck)
        assert b"revoked" in heard[-200:]


async def test_half_a_second_of_silence_is_no_reason(shop: Acme) -> None:
    """A phone in a tunnel: what was said meanwhile comes afterwards."""
    phone, laptop = await shop.vouched(ann), await shop.vouched(ann)
    conversation = await laptop.start("0")
    async with phone.live() as live:
        live.socket.transport.pause_reading()
        for number in range(200):
            await shop.answer(conversation, str(number))
        live.socket.transport.resume_reading()
        await live.text("199")
        assert live.texts == [str(it) for it in range(200)]


@contextlib.contextmanager
def deaf(shop: Acme, ticket: str) -> Iterator[socket.socket]:
    """A client that opens a connection and reads nothing from it."""
    with contextlib.closing(socket.socket()) as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.connect(("127.0.0.1", shop.server.port))
        key = base64.b64encode(os.urandom(16)).decode()
        stuck.sendall(
            f"GET /acquaint/v1/live?ticket={ticket} HTTP/1.1\r\nHost: acquaint\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        assert stuck.recv(12) == b"HTTP/1.1 101"
        frame = b'{"type":"resume"}'
        stuck.sendall(struct.pack("!BB4s", 0x81, 0x80 | len(frame), bytes(4)) + frame)
        yield stuck


def has_gone(shop: Acme, client: Client) -> bool:
    """Whether the server keeps nothing more for the client's connection, whatever the client does."""
    lines = shop.server.chapter().splitlines()
    return any('"live_disconnected"' in it and f'"session":{client.session},' in it for it in lines)


def everything(stuck: socket.socket) -> bytes:
    stuck.settimeout(PATIENCE)
    heard = b""
    try:
        while chunk := stuck.recv(65536):
            heard += chunk
            if heard.endswith(struct.pack("!H", 4401)):
                break
    except (ConnectionResetError, TimeoutError):
        pass
    return heard
