"""How tests ask as Qiscus' clients and an App's server do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx2

from acquaint.services.core import Core
from tests.cast import Cast

WRONG_PASSWORD = {
    "status": 401,
    "error": {"code": 401306, "message": "wrong password", "detailed_messages": ["wrong password"]},
}
UNAUTHORIZED = {
    "status": 403,
    "error": {"code": 401301, "message": "Unauthorized", "detailed_messages": ["Unauthorized"]},
}


@dataclass(frozen=True)
class Asking:
    """Somebody at one App, by whichever of the vendor's doors."""

    client: httpx2.AsyncClient
    acme: Cast
    prefix: str = "/api/v2/sdk"

    async def ask(
        self, method: str, call: str, *, token: str | None = None, headers: dict[str, str] | None = None, **body: Any
    ) -> httpx2.Response:
        sent = {"QISCUS-SDK-APP-ID": self.acme.app.slug} | ({"QISCUS-SDK-TOKEN": token} if token else {})
        return await self.client.request(method, f"{self.prefix}/{call}", headers=sent | (headers or {}), **body)

    async def log_in(self, id: str, key: str, **more: Any) -> httpx2.Response:
        return await self.ask("POST", "login_or_register", json={"email": id, "password": key, **more})

    async def account(self, id: str, key: str, **more: Any) -> dict[str, Any]:
        answer = await self.log_in(id, key, **more)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["results"]["user"])

    async def profile(self, token: str) -> httpx2.Response:
        return await self.ask("GET", "my_profile", token=token)

    async def rest(self, method: str, call: str, *, secret: str | None = None, **body: Any) -> httpx2.Response:
        headers = {
            "QISCUS-SDK-APP-ID": self.acme.app.slug,
            "QISCUS-SDK-SECRET": secret or self.acme.signing_secret,
        }
        return await self.client.request(method, f"/api/v2.1/rest/{call}", headers=headers, **body)

    async def nonce(self) -> str:
        return str((await self.ask("POST", "auth/nonce")).json()["results"]["nonce"])

    async def verify(self, token: str) -> httpx2.Response:
        return await self.ask("POST", "auth/verify_identity_token", json={"identity_token": token})


def identity_token(
    core: Core,
    acme: Cast,
    nonce: str,
    *,
    header: dict[str, Any] | None = None,
    secret: str | None = None,
    **claims: Any,
) -> str:
    """As the vendor's documents have it; a claim or header that is None is left out."""
    now = int(core.clock().timestamp())
    whole = {"iss": acme.app.slug, "iat": now, "nbf": now, "exp": now + 120, "nce": nonce, "prn": "ann"} | claims
    said = {"ver": "v2"} | (header or {})
    return core.signer.sign(
        {name: value for name, value in whole.items() if value is not None},
        secret or acme.signing_secret,
        {name: value for name, value in said.items() if value is not None},
    )
