"""How tests ask as the widget does: a browser keeps a token and an external_id, a page is what is loaded in it."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from acquaint.domain.conversations import ConversationId
from acquaint.services.core import Core
from acquaint.web.ids import read_uuid
from tests.cast import Cast

V2 = "/backend/widget/v2"
AUTHENTICATE = "/widget/authenticate-user"


def new_uuid() -> str:
    return str(uuid.uuid4())


@dataclass
class Page:
    """A page with the widget on it."""

    client: httpx2.AsyncClient
    acme: Cast
    token: str | None = None
    external_id: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Of every call of the widget but the upload: the content type even where there is no body."""
        sent = {
            "x-bot-token": self.acme.app.public_keys.widget_token,
            "content-type": "application/json",
            "accept": "application/json",
            "origin": "https://shop.test",
        }
        return sent if self.token is None else sent | {"authorization": f"Bearer {self.token}"}

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        content = b"" if body is None else json.dumps(body).encode()
        headers = self.headers | more.pop("headers", {})
        return await self.client.request(method, V2 + path, content=content, headers=headers, **more)

    async def asked(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = await self.ask(method, path, body, **more)
        assert answer.status_code == (200 if method == "GET" else 201), answer.text
        return answer.json()

    async def lists(self, filters: Mapping[str, Any] | None = None, **more: str) -> httpx2.Response:
        if filters is None:
            filters = {} if self.external_id is None else {"external_id": self.external_id}
        return await self.ask("GET", "/sessions", params={"filters": json.dumps(filters), **more})

    async def sees(self, filters: Mapping[str, Any] | None = None) -> list[str]:
        answer = await self.lists(filters)
        assert answer.status_code == 200, answer.text
        return [it["id"] for it in answer.json()["items"]]

    async def start(self, **custom: Any) -> str:
        if self.external_id is not None:
            custom["external_id"] = self.external_id
        return str((await self.asked("POST", "/create-session", {"customData": custom} if custom else {}))["id"])

    async def send(self, session: str, text: str, **more: Any) -> httpx2.Response:
        body = {
            "uuid": new_uuid(),
            "bot_token": self.acme.app.public_keys.widget_token,
            "session_id": session,
            "content": text,
            "attachments": [],
            "custom_data": {},
            **more,
        }
        return await self.ask("POST", "/chat/send", body)

    async def says(self, session: str, text: str, **more: Any) -> dict[str, Any]:
        answer = await self.send(session, text, **more)
        assert answer.status_code == 201, answer.text
        assert answer.json()["success"] is True, answer.text
        return dict(answer.json())

    async def chat(self, text: str = "Hello") -> str:
        """A session with a first message."""
        session = await self.start()
        await self.says(session, text)
        return session

    async def polls(self, session: str, since: str | None = None) -> dict[str, Any]:
        params = {} if since is None else {"lastMessageTimestamp": since}
        return dict(await self.asked("GET", f"/poll/{session}", params=params))

    async def reads(self, session: str) -> list[str]:
        return [it["content"]["text"] for it in (await self.polls(session))["history"] if it["content"]["text"]]

    async def upload(self, name: str, content: bytes, kind: str) -> httpx2.Response:
        headers = {name: value for name, value in self.headers.items() if name not in ("content-type", "accept")}
        return await self.client.post(V2 + "/upload", files={"file": (name, content, kind)}, headers=headers)

    async def uploads(self, name: str, content: bytes, kind: str) -> str:
        answer = await self.upload(name, content, kind)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["fileUrl"])


@dataclass
class Browser:
    """Somebody's browser: what the widget keeps in it between loads of a page."""

    client: httpx2.AsyncClient
    acme: Cast
    token: str | None = None
    external_id: str | None = field(default=None)

    async def anonymous(self, external_id: str | None = None) -> Page:
        """A page without ``user``: the token is made once, and kept."""
        if self.token is None:
            self.token = await self._mint({})
        return self._page(external_id)

    async def form(self, email: str, name: str, external_id: str | None = None) -> Page:
        """A page with ``collectUserData``: filled in once, kept like an anonymous one's."""
        if self.token is None:
            self.token = await self._mint({"email": email, "non_verified_name": name})
        return self._page(external_id)

    async def user_data(self, email: str, external_id: str | None = None, **data: Any) -> Page:
        """A page with ``user.data`` that has an email: another token on each load."""
        self.token = await self._mint({"email": email, **data})
        return self._page(external_id)

    def verified(self, token: str, external_id: str | None = None) -> Page:
        """A page with ``user.token``: nothing is kept."""
        return Page(self.client, self.acme, token, external_id)

    def _page(self, external_id: str | None) -> Page:
        self.external_id = external_id or self.external_id or new_uuid()
        return Page(self.client, self.acme, self.token, self.external_id)

    async def _mint(self, body: dict[str, Any]) -> str:
        token = (await Page(self.client, self.acme).asked("POST", "/contact/create-unverified", body))["token"]
        return str(token)


@dataclass(frozen=True)
class Server:
    """The App's own server."""

    client: httpx2.AsyncClient
    acme: Cast

    async def authenticate(self, email: str, *, key: str | None = None, **more: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {key or self.acme.api_key}"}
        return await self.client.post(AUTHENTICATE, json={"email": email, **more}, headers=headers)

    async def token_of(self, email: str, **more: Any) -> str:
        answer = await self.authenticate(email, **more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    async def native(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.acme.api_key}"}
        return await self.client.request(method, f"/acquaint/v1/app{path}", json=body, headers=headers)

    async def answers(self, session: str, text: str, **more: Any) -> None:
        """As an operator, over the native API."""
        body = {"text": text, "author": "operator", **more}
        answer = await self.native("POST", f"/conversations/{id_of(session)}/messages", body)
        assert answer.status_code == 201, answer.text


def id_of(session: str) -> ConversationId:
    return ConversationId(read_uuid(session) or 0)


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def forged(core: Core, token: str, **claims: Any) -> str:
    """Another text around the same session, as its holder can make one."""
    was = claims_of(token)
    return core.signer.sign({**was, **claims}, was["jti"])


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    """Status and message of a refusal, which has the one shape of all."""
    body = answer.json()
    assert set(body) == {"statusCode", "message", "error"}
    assert body["statusCode"] == answer.status_code
    return answer.status_code, body["message"]
