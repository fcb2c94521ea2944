"""A device of somebody's: a small client of the native API, as any app or page would have one.

It keeps what devices keep: a secret that names it, the token of its session, and an open socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PATIENCE: Final = 5.0  # seconds to hear what should be heard at once


class Refused(Exception):
    """The server said no, and why."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or problem.get("title") or status))
        self.status, self.problem = status, problem


@dataclass
class Device:
    """``await device.arrive()`` opens a session, ``listen`` a socket; ``heard`` is what came over it."""

    server: str
    app: str
    secret: str | None = None
    token: str | None = None
    session: dict[str, Any] = field(default_factory=dict)
    heard: list[dict[str, Any]] = field(default_factory=list)
    cut_at: float | None = None  # when the socket was closed by the server, on time.monotonic's clock
    _socket: ClientConnection | None = None
    _listening: asyncio.Task[None] | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._http = httpx2.AsyncClient(base_url=f"{self.server}/acquaint/v1", trust_env=False)

    async def arrive(self, **how: Any) -> dict[str, Any]:
        """Comes in: as nobody in particular, or with ``token=`` as somebody the customer's backend vouches for."""
        known = {"device_secret": self.secret} if self.secret else {}
        found = await self.ask("POST", "/sessions", {"app": self.app, **known, **how})
        await self.hang_up()
        self.token, self.secret, self.session = found["token"], found["device_secret"], found["session"]
        return found

    async def write(self, text: str) -> None:
        """Into the conversation it sees, or a new one where it sees none."""
        seen = await self.conversations()
        if seen:
            await self.ask("POST", f"/conversations/{seen[0]['id']}/messages", {"text": text})
        else:
            await self.ask("POST", "/conversations", {"message": {"text": text}})
            self.session = (await self.ask("GET", "/session"))["session"]

    async def claim(self, **claims: str) -> None:
        self.session = await self.ask("PATCH", "/session/claims", claims)

    async def conversations(self) -> list[dict[str, Any]]:
        return list((await self.ask("GET", "/conversations"))["items"])

    async def reads(self) -> list[str]:
        """Every text it can see, oldest first."""
        texts = []
        for it in reversed(await self.conversations()):
            page = await self.ask("GET", f"/conversations/{it['id']}/messages?order=oldest")
            texts += [message["text"] for message in page["items"]]
        return texts

    async def log_out(self) -> None:
        """The session and the device's secret are forgotten on both sides."""
        await self.ask("DELETE", "/session")
        await self.hang_up()
        self.token = self.secret = None

    async def listen(self) -> None:
        """Opens the socket, with a ticket instead of the token: addresses are written into logs."""
        ticket = (await self.ask("POST", "/live/tickets"))["ticket"]
        live = self.server.replace("http", "ws", 1)
        self._socket = await connect(f"{live}/acquaint/v1/live?ticket={ticket}", proxy=None)
        self._listening = asyncio.create_task(self._hear(self._socket))
        ready = await self.hears("ready")
        await self._socket.send(json.dumps({"type": "resume", "after": ready["last_event"]}))  # it missed nothing
        await self.hears("resumed")

    async def hears(self, what: str, text: str | None = None) -> dict[str, Any]:
        """Waits for a frame of this type or an event of this kind; raises TimeoutError when it does not come."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for it in self.heard:
                    said = (it.get("message") or {}).get("text")
                    if what in (it["type"], it.get("kind")) and (text is None or said == text):
                        return it
                self._news.clear()
                await self._news.wait()

    async def is_cut(self) -> float:
        """Waits for the server to close the socket, and answers when it did."""
        if self._listening is None:
            raise TypeError("this device does not listen")
        async with asyncio.timeout(PATIENCE):
            await self._listening
        return self.cut_at or 0.0

    async def hang_up(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
        self._socket = self._listening = self.cut_at = None
        self.heard.clear()

    async def close(self) -> None:
        await self.hang_up()
        await self._http.aclose()

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Raises Refused."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token and path != "/sessions" else {}
        answer = await self._http.request(method, path, json=body, headers=headers)
        found = dict(answer.json()) if answer.content else {}
        if answer.is_error:
            raise Refused(answer.status_code, found)
        return found

    async def _hear(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for frame in socket:
                self.heard.append(json.loads(frame))
                self._news.set()
        self.cut_at = time.monotonic()
