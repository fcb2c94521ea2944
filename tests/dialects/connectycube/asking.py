"""How tests ask as ConnectyCube's clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx2

from acquaint.domain.apps import App
from tests.cast import Cast

OVER = {"errors": {"base": ["Required session does not exist"]}}
NO_TOKEN = {"errors": ["Token is required"]}
NEEDS_USER = {"errors": {"base": ["Forbidden. Need user."]}}
WRONG_PASSWORD = {"errors": ["Invalid password"]}
UNKNOWN_USER = {"errors": ["User not found"]}
UNAUTHORIZED = {"errors": ["Unauthorized"]}
NOT_OWNER = {"errors": {"base": ["You are not owner of this object"]}}

PASSWORD = "secret77"
"""The one of the vendor's documents; everybody's, unless a test is about passwords."""


@dataclass(frozen=True)
class Cube:
    """Clients of one App."""

    client: httpx2.AsyncClient
    app: App

    @classmethod
    def of(cls, client: httpx2.AsyncClient, acme: Cast) -> Cube:
        return cls(client, acme.app)

    @property
    def credentials(self) -> dict[str, Any]:
        return {"application_id": self.app.id, "auth_key": self.app.public_keys.auth_key}

    async def ask(
        self, method: str, path: str, token: str | None = None, *, headers: dict[str, str] | None = None, **body: Any
    ) -> httpx2.Response:
        sent = ({} if token is None else {"CB-Token": token}) | (headers or {})
        return await self.client.request(method, path, headers=sent, **body)

    async def open(self, **more: Any) -> httpx2.Response:
        return await self.ask("POST", "/session", json=self.credentials | more)

    async def session(self, **more: Any) -> dict[str, Any]:
        answer = await self.open(**more)
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["session"])

    async def log_in(self, login: str, password: str = PASSWORD, /, **more: Any) -> dict[str, Any]:
        """A session of somebody, who is made on the fly."""
        return await self.session(user={"login": login, "password": password} | more)

    async def token(self, login: str, password: str = PASSWORD) -> str:
        return str((await self.log_in(login, password))["token"])

    async def sign_up(self, **user: Any) -> httpx2.Response:
        headers = {"CB-AuthKey": self.app.public_keys.auth_key}
        return await self.ask("POST", "/users", headers=headers, json={"user": {"password": PASSWORD} | user})

    async def update(self, token: str, /, **user: Any) -> httpx2.Response:
        return await self.ask("PUT", "/users", token, json={"user": user})

    async def me(self, token: str) -> dict[str, Any]:
        """The user in the session."""
        answer = await self.ask("GET", "/session", token)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["session"]["user"])

    async def is_open(self, token: str) -> bool:
        return (await self.ask("GET", "/session", token)).status_code == 200


def unacceptable(**fields: str) -> dict[str, Any]:
    return {"errors": {name: [text] for name, text in fields.items()}}
