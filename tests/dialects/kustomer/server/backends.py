"""How tests ask as an App's own server does, with an API key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import httpx2

from acquaint.domain.keys import Role
from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast


@dataclass(frozen=True)
class Backend:
    """Acme's server, with one of its keys."""

    core: Core
    client: httpx2.AsyncClient
    acme: Cast
    key: str

    @property
    def host(self) -> str:
        return f"{self.acme.app.slug}.api.acquaint.test"

    async def ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **body: Any
    ) -> httpx2.Response:
        sent = {"Authorization": f"Bearer {self.key}", "Host": self.host} | (headers or {})
        return await self.client.request(method, path, headers=sent, **body)

    async def done(self, method: str, path: str, *, status: int = 200, **body: Any) -> Any:
        """What is answered, if that is what was hoped for."""
        answer = await self.ask(method, path, **body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def customer(self, **body: Any) -> dict[str, Any]:
        """A new customer."""
        made = await self.done("POST", "/v1/customers", status=201, json=body)
        return dict(made["data"])

    async def with_roles(self, *roles: Role, **more: Any) -> Backend:
        """The same server with another key."""
        _, text = await apps.create_key(self.core, self.acme.app, "another", roles, **more)
        return replace(self, key=text)


def error(answer: httpx2.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The one error of an answer that refuses."""
    assert answer.status_code == status, answer.text
    [found] = answer.json()["errors"]
    assert found["status"] == status
    if code is not None:
        assert found["code"] == code, answer.text
    return dict(found)
