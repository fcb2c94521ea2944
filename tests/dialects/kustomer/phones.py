"""How tests ask as Kustomer's SDKs do: a phone holds a tracking token, and logs in with what Acme's server signs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from acquaint.domain.conversations import ConversationId
from acquaint.services.core import Core
from acquaint.web.ids import read_hex
from tests.cast import Cast

SESSIONS = "/c/v1/chat/sessions"
CURRENT = "/c/v1/tracking/tokens/current"
TOKENS = "/c/v1/tracking/tokens"


@dataclass
class Phone:
    """One install of Acme's app, or one browser."""

    client: httpx2.AsyncClient
    acme: Cast
    token: str | None = None

    @property
    def host(self) -> str:
        return f"{self.acme.app.slug}.api.chat.test"

    async def ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **body: Any) -> Any:
        sent = {"host": self.host, "x-kustomer": "kustomer"}
        if self.token is not None:
            sent["x-kustomer-tracking-token"] = self.token
        whole = {name.encode(): value.encode() for name, value in (sent | dict(headers or {})).items()}
        return await self.client.request(method, path, headers=whole, **body)

    async def asked(self, method: str, path: str, **body: Any) -> Any:
        """The ``data`` of an answer that went well."""
        answer = await self.ask(method, path, **body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["data"]

    async def begin(self) -> Phone:
        """The first call of every SDK."""
        self.token = (await self.asked("GET", CURRENT))["attributes"]["token"]
        return self

    async def tracking_id(self) -> str:
        return str((await self.asked("GET", CURRENT))["attributes"]["trackingId"])

    async def is_verified(self) -> bool:
        return bool((await self.asked("GET", CURRENT))["attributes"]["verified"])

    async def log_in(self, jwt: str) -> Any:
        return await self.ask("POST", "/c/v1/identity", json={"externalToken": jwt})

    async def logged_in(self, jwt: str) -> dict[str, Any]:
        answer = await self.log_in(jwt)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json()["data"])

    async def log_out(self) -> None:
        """As Android does: at once, with the old token in the header."""
        self.token = (await self.asked("POST", TOKENS))["attributes"]["token"]

    async def start(self, title: str = "Hello") -> str:
        return str((await self.asked("POST", SESSIONS, json={"title": title}))["id"])

    async def say(self, session: str, text: str) -> dict[str, Any]:
        return dict(await self.asked("POST", "/c/v1/chat/messages", json={"session": session, "body": text}))

    async def chat(self, text: str) -> str:
        """A conversation with a first message."""
        session = await self.start(text)
        await self.say(session, text)
        return session

    async def sees(self) -> list[str]:
        """The names of the conversations it lists."""
        return [it["attributes"]["name"] for it in await self.asked("GET", SESSIONS)]

    async def reads(self, session: str) -> list[str]:
        return [it["attributes"]["body"] for it in await self.asked("GET", f"{SESSIONS}/{session}/messages")]


def signed(core: Core, acme: Cast, *, secret: str | None = None, **claims: Any) -> str:
    """A log-in token as Acme's server signs it; a claim that is None is left out."""
    whole = {"iat": int(core.clock().timestamp())} | claims
    return core.signer.sign(
        {name: value for name, value in whole.items() if value is not None}, secret or acme.signing_secret
    )


def id_of(session: str) -> ConversationId:
    """What the core calls a conversation."""
    return ConversationId(read_hex(session) or 0)


def refusal(answer: httpx2.Response) -> tuple[int, str, str]:
    """Status, code and detail of a refusal, which has the one shape of all."""
    [error] = answer.json()["errors"]
    assert set(error) == {"status", "code", "title", "message", "detail", "source", "meta"}
    assert error["status"] == answer.status_code
    return error["status"], error["code"], error["detail"]
