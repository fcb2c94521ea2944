"""What live connections cost (performance.md, H5): ``python -m tests.realtime.measure [connections] [listeners]``.

Acquaint beside a bare ASGI application on the same server with the same settings: memory for each quiet connection,
and the time from a message to its arrival at every listener. What counts are the ratios of one run on one machine.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import httpx2

from tests.support.server import serving

ROUNDS = 40
TEXT = "x" * 200


class Counting(asyncio.Protocol):
    """A client that answers nothing and counts frames of one kind."""

    def __init__(self, request: bytes, wanted: bytes, counter: Counter) -> None:
        self._request, self._wanted, self._counter = request, wanted, counter
        self.transport: asyncio.Transport | None = None
        self.is_open = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self.is_open.done():
            self.is_open.set_result(data.startswith(b"HTTP/1.1 101"))
        if found := data.count(self._wanted):
            self._counter.add(found)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.is_open.done():
            self.is_open.set_result(False)


class Counter:
    def __init__(self) -> None:
        self.count, self.goal = 0, 0
        self.reached = asyncio.Event()

    def expect(self, goal: int) -> None:
        self.count, self.goal = 0, goal
        self.reached.clear()

    def add(self, found: int) -> None:
        self.count += found
        if self.count >= self.goal:
            self.reached.set()


async def open_socket(port: int, path: str, counter: Counter, wanted: bytes) -> Counting:
    key = base64.b64encode(os.urandom(16)).decode()
    request = (
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nUser-Agent: Mozilla/5.0 (measure)\r\n\r\n"
    )
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(lambda: Counting(request.encode(), wanted, counter), "127.0.0.1", port)
    assert await client.is_open, "refused"
    return client


def resident(pid: int) -> int:
    """KiB that are the process's own."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(it.split()[1]) for it in lines if it.startswith(("Private_Clean", "Private_Dirty")))


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def deliver(
    pid: int, listeners: int, counter: Counter, say: Callable[[], Awaitable[Any]]
) -> tuple[float, float, float]:
    """Median and worst milliseconds until everybody has heard, and microseconds of the server's work for each."""
    times: list[float] = []
    began_cpu = 0.0
    for number in range(ROUNDS + 5):
        if number == 5:
            began_cpu = cpu(pid)
        counter.expect(listeners)
        began = time.perf_counter()
        saying = asyncio.ensure_future(say())
        await counter.reached.wait()
        times.append((time.perf_counter() - began) * 1000)
        await saying
        await asyncio.sleep(0.02)
    work = (cpu(pid) - began_cpu) / ROUNDS / listeners * 1e6
    return statistics.median(times[5:]), max(times[5:]), work


async def acquaint(connections: int, listeners: int) -> tuple[float, ...]:
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "data", ACQUAINT_LIMITS="off") as server:
        os.sched_setaffinity(server.pid, {0})
        app = server.create_app()
        async with httpx2.AsyncClient(base_url=f"{server.url}/acquaint/v1", timeout=60) as http:
            ours = {"Authorization": f"Bearer {app['api_key']}"}
            people = []
            for number in range(connections):
                answer = await http.post(
                    "/app/sessions", json={"identifiers": {"login": f"user-{number}"}}, headers=ours
                )
                people.append(answer.json())
            first, others = people[0], people[1:listeners]
            theirs = {"Authorization": f"Bearer {first['token']}"}
            body = {"kind": "group", "users": [it["user"]["id"] for it in others]}
            conversation = (await http.post("/conversations", json=body, headers=theirs)).json()["id"]

            async def ticket(person: Any) -> str:
                theirs = {"Authorization": f"Bearer {person['token']}"}
                return str((await http.post("/live/tickets", json={}, headers=theirs)).json()["ticket"])

            for person in people:
                await ticket(person)  # now they are remembered, which costs the same without a connection
            before = resident(server.pid)
            counter = Counter()
            sockets = []
            took = 0.0
            for person in people:
                path = f"/acquaint/v1/live?ticket={await ticket(person)}"
                began = time.perf_counter()
                sockets.append(await open_socket(server.port, path, counter, b'"message.posted"'))
                took += time.perf_counter() - began
            await asyncio.sleep(2)
            each = (resident(server.pid) - before) / connections

            async def say() -> None:
                path = f"/app/conversations/{conversation}/messages"
                await http.post(path, json={"text": TEXT}, headers=ours)

            found = await deliver(server.pid, listeners, counter, say)
            return (each, connections / took, *found)


async def bare(connections: int, listeners: int) -> tuple[float, ...]:
    with bare_server() as (port, process):
        counter = Counter()
        await asyncio.sleep(0.5)
        warm = await open_socket(port, "/?", counter, b'"message.posted"')
        before = resident(process.pid)
        sockets = []
        began = time.perf_counter()
        for number in range(connections):
            path = f"/acquaint/v1/live?ticket=acqt_{number:049d}"
            sockets.append(await open_socket(port, path, counter, b'"message.posted"'))
        took = time.perf_counter() - began
        await asyncio.sleep(2)
        each = (resident(process.pid) - before) / connections
        for extra in sockets[listeners - 1 :]:
            assert extra.transport is not None
            extra.transport.close()
        await asyncio.sleep(1)

        async def say() -> None:
            assert warm.transport is not None
            frame = f'{{"type":"message.posted","text":"{TEXT * 2}"}}'.encode()
            warm.transport.write(b"\x81\xfe" + len(frame).to_bytes(2, "big") + bytes(4) + frame)

        found = await deliver(process.pid, listeners, counter, say)
        return (each, connections / took, *found)


@contextmanager
def bare_server() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listening:
        command = [sys.executable, "-m", "tests.realtime.measure", "bare", str(listening.fileno())]
        process = subprocess.Popen(command, pass_fds=[listening.fileno()])
        os.sched_setaffinity(process.pid, {0})
        try:
            yield listening.getsockname()[1], process
        finally:
            process.kill()
            process.wait()


def serve_bare(number: int) -> None:
    import uvloop

    from acquaint.web.listening import Listener, configuration

    everybody: set[Any] = set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        everybody.add(send)
        while (message := await receive())["type"] == "websocket.receive":
            frame = {"type": "websocket.send", "text": message["text"]}
            for it in everybody:
                await it(frame)
        everybody.discard(send)

    async def nothing() -> None:
        pass

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        listener = Listener(configuration(app), listens=lambda: None, stops=nothing)
        runner.run(listener.serve([socket.socket(fileno=number)]))


def main() -> None:
    import uvloop

    if sys.argv[1:2] == ["bare"]:
        serve_bare(int(sys.argv[2]))
        return
    connections = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    listeners = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    os.sched_setaffinity(0, {1})
    for name, measure in (("bare", bare), ("acquaint", acquaint)):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            each, rate, median, worst, work = runner.run(measure(connections, listeners))
        print(
            json.dumps(
                {
                    "what": name,
                    "KiB a connection": round(each, 1),
                    "connects/s": round(rate),
                    f"ms to {listeners}, median": round(median, 2),
                    "worst": round(worst, 2),
                    "us a delivery": round(work, 2),
                }
            )
        )


if __name__ == "__main__":
    main()
