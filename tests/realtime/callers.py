"""Clients of a running server: what they ask over HTTP, and the live connections they hold."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import websockets
from websockets.asyncio.client import ClientConnection, connect

from tests.cast import Person
from tests.support.patience import PATIENCE
from tests.support.server import Server


class Acme:
    """An App of a test's own on a running server, and its server's API key."""

    def __init__(self, server: Server, http: httpx2.AsyncClient, operator_key: str, made: dict[str, Any]) -> None:
        self.server, self.http, self.operator_key = server, http, operator_key
        self.slug, self.api_key = made["app"]["slug"], made["api_key"]

    @classmethod
    async def made(cls, server: Server, http: httpx2.AsyncClient, operator_key: str, name: str = "Acme") -> Acme:
        made = await _ask(http, "POST", "/server/apps", {"name": name}, operator_key)
        return cls(server, http, operator_key, made)

    async def other(self) -> Acme:
        return await self.made(self.server, self.http, self.operator_key, "Other")

    async def close(self) -> None:
        await _ask(self.http, "PATCH", f"/server/apps/{self.slug}", {"is_closed": True}, self.operator_key)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """By Acme's own server."""
        return await _ask(self.http, method, path, body, self.api_key)

    async def vouched(self, who: Person, **more: Any) -> Client:
        answer = await self.ask("POST", "/app/sessions", {"identifiers": {"login": who.login}, **more})
        return Client(self, answer)

    async def visitor(self, **more: Any) -> Client:
        return Client(self, await _ask(self.http, "POST", "/sessions", {"app": self.slug, **more}))

    async def registered(self, who: Person) -> Client:
        body = {"app": self.slug, "login": who.login, "password": who.password, "register": True}
        return Client(self, await _ask(self.http, "POST", "/sessions", body))

    async def answer(self, conversation: str, text: str) -> dict[str, Any]:
        body = {"text": text}
        return dict(await self.ask("POST", f"/app/conversations/{conversation}/messages", body))

    async def policy(self, **rules: Any) -> None:
        await self.ask("PATCH", "/app/policy", rules)


class Client:
    """One device of somebody's, with its session."""

    def __init__(self, acme: Acme, admission: dict[str, Any]) -> None:
        self.acme = acme
        self.token: str = admission["token"]
        self.device_secret: str | None = admission["device_secret"]
        self.session: str = admission["session"]["id"]
        self.user: str | None = admission["session"]["user_id"]

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        return await _ask(self.acme.http, method, path, body, self.token)

    async def start(self, text: str | None = None, **more: Any) -> str:
        body = more if text is None else {"message": {"text": text}, **more}
        return str((await self.ask("POST", "/conversations", body))["id"])

    async def post(self, conversation: str, text: str, **more: Any) -> dict[str, Any]:
        return dict(await self.ask("POST", f"/conversations/{conversation}/messages", {"text": text, **more}))

    async def ticket(self) -> str:
        return str((await self.ask("POST", "/live/tickets", {}))["ticket"])

    @asynccontextmanager
    async def live(self, *, after: str | None = None, origin: str | None = None) -> AsyncIterator[Live]:
        async with opened(self.acme.server, await self.ticket(), origin=origin) as live:
            await live.say(type="resume", after=after)
            yield live


class Live:
    """A live connection that was told ``ready``."""

    def __init__(self, socket: ClientConnection, ready: dict[str, Any]) -> None:
        self.socket, self.ready = socket, ready
        self.seen: list[dict[str, Any]] = []

    async def say(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def frame(self, seconds: float = PATIENCE) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            frame = json.loads(await self.socket.recv())
        self.seen.append(frame)
        return dict(frame)

    async def until(self, holds: Callable[[dict[str, Any]], Any], seconds: float = PATIENCE) -> dict[str, Any]:
        """Reads until a frame that is so, and answers it."""
        while True:
            frame = await self.frame(seconds)
            if holds(frame):
                return frame

    async def text(self, text: str) -> dict[str, Any]:
        """Reads until somebody says this."""
        return await self.until(lambda frame: frame.get("message", {}) and frame.get("message", {}).get("text") == text)

    async def nothing(self, seconds: float = 0.3) -> None:
        """Nothing comes for a while."""
        try:
            frame = await self.frame(seconds)
        except TimeoutError:
            return
        raise AssertionError(f"this came: {frame}")

    async def end(self, seconds: float = PATIENCE) -> tuple[str | None, int]:
        """Reads to the end: the reason that was given, and the code."""
        try:
            while True:
                await self.frame(seconds)
        except websockets.ConnectionClosed:
            byes = [it["reason"] for it in self.seen if it["type"] == "bye"]
            return (byes[-1] if byes else None), self.socket.close_code or 0

    @property
    def texts(self) -> list[str]:
        return [it["message"]["text"] for it in self.seen if it.get("kind") == "message.posted"]


@asynccontextmanager
async def opened(server: Server, ticket: str, **how: Any) -> AsyncIterator[Live]:
    async with connection(server, f"ticket={ticket}", **how) as socket:
        live = Live(socket, {})
        live.ready = await live.frame()
        assert live.ready["type"] == "ready"
        live.seen.clear()
        yield live


def connection(
    server: Server, query: str, *, origin: str | None = None, headers: dict[str, str] | None = None
) -> connect:
    return connect(
        f"{server.socket_url}/acquaint/v1/live?{query}",
        origin=origin,  # type: ignore[arg-type]
        additional_headers=headers,
        compression=None,
        max_size=2**22,
        open_timeout=PATIENCE,
        close_timeout=1,
        proxy=None,
    )


async def refused(server: Server, query: str, **how: Any) -> tuple[int, str]:
    """The status and code with which the handshake is refused."""
    try:
        async with connection(server, query, **how):
            raise AssertionError("the handshake was not refused")
    except websockets.InvalidStatus as refusal:
        body = refusal.response.body or b""
        is_ours = refusal.response.headers.get("Content-Type") == "application/problem+json"
        return refusal.response.status_code, json.loads(body)["code"] if is_ours else body.decode()


async def _ask(http: httpx2.AsyncClient, method: str, path: str, body: Any, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = await http.request(method, f"/acquaint/v1{path}", json=body, headers=headers)
    assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None
