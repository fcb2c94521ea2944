"""An App behind all of its doors, as pages, phones and its own server ask it over HTTP and WebSocket.

Shop     the App: how its customers come in, what its server does
Held     what somebody was given when they were let in, and what they ask with it
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect

from acquaint.adapters.jose import JoseSigner
from tests.cast import Cast, Person
from tests.support.patience import PATIENCE

NATIVE = "/acquaint/v1"
SDK = "/api/v2/sdk"
REST = "/api/v2.1/rest"
OLD_REST = "/api/v2/rest"


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Shop:
    http: httpx2.AsyncClient
    slug: str
    api_key: str
    signing_secret: str
    chat_key: str = ""
    clock: Callable[[], datetime] = _utc_now

    @classmethod
    def of(cls, http: httpx2.AsyncClient, acme: Cast, clock: Callable[[], datetime]) -> Shop:
        """Of the server in this process."""
        return cls(http, acme.app.slug, acme.api_key, acme.signing_secret, acme.new.chat_key, clock)

    @classmethod
    def made(cls, http: httpx2.AsyncClient, made: dict[str, Any]) -> Shop:
        """As ``apps create`` or ``POST /server/apps`` made it on a running server."""
        slug = made["slug"] if "slug" in made else made["app"]["slug"]
        return cls(http, slug, made["api_key"], made["signing_secret"], made["chat_api_key"])

    # As pages and phones do

    async def native(
        self, method: str, path: str, body: Any = None, *, by: str | None = None, **more: Any
    ) -> httpx2.Response:
        headers = ({"Authorization": f"Bearer {by}"} if by else {}) | more.pop("headers", {})
        if body is not None:
            more["json"] = body
        return await self.http.request(method, NATIVE + path, headers=headers, **more)

    async def qiscus(self, method: str, call: str, body: Any = None, *, by: str | None = None) -> httpx2.Response:
        headers = {"QISCUS-SDK-APP-ID": self.slug} | ({"QISCUS-SDK-TOKEN": by} if by else {})
        return await self.http.request(method, f"{SDK}/{call}", headers=headers, json=body)

    async def arriving(self, **how: Any) -> httpx2.Response:
        return await self.native("POST", "/sessions", {"app": self.slug, **how})

    async def arrives(self, **how: Any) -> Held:
        """Comes in over the native API, by whichever way is sent; with nothing, to look around."""
        return self.held(await self.arriving(**how))

    async def registers(self, who: Person, **more: Any) -> Held:
        return await self.arrives(login=who.login, password=who.password, register=True, **more)

    async def comes_by_token(self, device_secret: str | None = None, **claims: Any) -> Held:
        more = {} if device_secret is None else {"device_secret": device_secret}
        return await self.arrives(token=self.token(**claims), **more)

    async def logging_in(self, id: str, key: str, **more: Any) -> httpx2.Response:
        return await self.qiscus("POST", "login_or_register", {"email": id, "password": key, **more})

    async def logs_in(self, id: str, key: str, **more: Any) -> Held:
        """Comes in over Qiscus."""
        answer = await self.logging_in(id, key, **more)
        assert answer.status_code == 200, answer.text
        user = answer.json()["results"]["user"]
        return Held(self, user["token"], None, str(user["id"]), "")

    def held(self, answer: httpx2.Response) -> Held:
        assert answer.status_code == 201, answer.text
        said = answer.json()
        session = said["session"]
        return Held(self, said["token"], said["device_secret"], session["user_id"], session["id"])

    # As the App's own server does

    def token(self, secret: str | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A JWT, issued now unless ``iat`` says otherwise."""
        said = {"iat": int(self.clock().timestamp())} | claims
        return JoseSigner().sign(said, secret or self.signing_secret, header)

    def identity_token(self, nonce: str, prn: str, **claims: Any) -> str:
        """As Qiscus has it."""
        now = int(self.clock().timestamp())
        said: dict[str, Any] = {"iss": self.slug, "exp": now + 120, "nce": nonce, "prn": prn} | claims
        return self.token(header={"ver": "v2"}, **said)

    async def verifying(self, prn: str, **claims: Any) -> httpx2.Response:
        """Somebody comes with an identity token."""
        nonce = (await self.qiscus("POST", "auth/nonce")).json()["results"]["nonce"]
        return await self.qiscus(
            "POST", "auth/verify_identity_token", {"identity_token": self.identity_token(nonce, prn, **claims)}
        )

    async def server(self, method: str, path: str, body: Any = None) -> Any:
        """What the native API answers to the App's server, which it must not refuse."""
        answer = await self.native(method, f"/app{path}", body, by=self.api_key)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def identifying(self, **claims: Any) -> httpx2.Response:
        """Somebody logs in over Kustomer, on a phone that was never here."""
        org, body = {"x-kustomer-org": self.slug}, {"externalToken": self.token(**claims)}
        return await self.http.post("/c/v1/identity", headers=org, json=body)

    async def vouching(self, device_secret: str | None = None, **identifiers: str) -> httpx2.Response:
        more = {} if device_secret is None else {"device_secret": device_secret}
        return await self.native("POST", "/app/sessions", {"identifiers": identifiers, **more}, by=self.api_key)

    async def vouches(self, device_secret: str | None = None, **identifiers: str) -> Held:
        return self.held(await self.vouching(device_secret, **identifiers))

    async def rest(self, method: str, call: str, prefix: str = REST, **body: Any) -> httpx2.Response:
        headers = {"QISCUS-SDK-APP-ID": self.slug, "QISCUS-SDK-SECRET": self.signing_secret}
        return await self.http.request(method, f"{prefix}/{call}", headers=headers, json=body)


@dataclass(frozen=True)
class Held:
    shop: Shop
    token: str
    device_secret: str | None
    user: str | None
    session: str

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        return await self.shop.native(method, path, body, by=self.token, **more)

    async def gets(self, method: str, path: str, body: Any = None) -> Any:
        """What is answered to what must not be refused."""
        answer = await self.ask(method, path, body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def says(self, text: str, **more: Any) -> str:
        """Starts a conversation, and answers its id."""
        return str((await self.gets("POST", "/conversations", {"message": {"text": text}, **more}))["id"])

    async def sees(self) -> list[list[str]]:
        """The texts of every conversation, the newest conversation and message first."""
        found = []
        for it in (await self.gets("GET", "/conversations"))["items"]:
            history = await self.gets("GET", f"/conversations/{it['id']}/messages")
            found.append([message["text"] for message in history["items"]])
        return found

    async def is_in(self) -> bool:
        """Whether the session is served, by both doors alike."""
        native = (await self.ask("GET", "/session")).status_code
        assert native in (200, 401, 403)
        return native == 200

    async def code(self, method: str = "GET", path: str = "/session", body: Any = None) -> str:
        """The code that refuses it; empty when nothing does."""
        answer = await self.ask(method, path, body)
        return "" if answer.is_success else str(answer.json()["code"])

    async def ticket(self) -> str:
        return str((await self.gets("POST", "/live/tickets", {}))["ticket"])

    @asynccontextmanager
    async def live(self) -> AsyncIterator[Live]:
        async with connecting(self.shop.http, await self.ticket()) as socket:
            live = Live(socket)
            assert (await live.frame())["type"] == "ready"
            await live.says(type="resume")
            yield live


class Live:
    """A live connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def frame(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            return dict(json.loads(await self.socket.recv()))

    async def says(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def hears(self, text: str) -> dict[str, Any]:
        """Reads until somebody says it."""
        while True:
            frame = await self.frame()
            if frame.get("message", {}).get("text") == text:
                return frame


def connecting(http: httpx2.AsyncClient, ticket: str, query: str = "ticket={}", **more: Any) -> connect:
    """A WebSocket of the server that the client asks over HTTP."""
    base = str(http.base_url).rstrip("/").replace("http", "ws", 1)
    return connect(f"{base}{NATIVE}/live?{query.format(ticket)}", proxy=None, compression=None, **more)
