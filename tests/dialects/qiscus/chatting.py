"""How tests chat as Qiscus' clients do: people who are logged in, and what they ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx2

from tests.dialects.qiscus.asking import Asking


@dataclass(frozen=True)
class Chatter:
    """Somebody who is logged in."""

    asking: Asking
    id: str
    token: str
    number: int

    async def ask(self, method: str, call: str, body: dict[str, Any] | None = None, **more: Any) -> httpx2.Response:
        return await self.asking.ask(method, call, token=self.token, json=body, **more)

    async def post(self, call: str, **body: Any) -> httpx2.Response:
        return await self.ask("POST", call, body)

    async def get(self, call: str, **query: Any) -> httpx2.Response:
        return await self.ask("GET", call, params=query)

    async def asks(self, method: str, call: str, body: dict[str, Any] | None = None, **more: Any) -> Any:
        """The ``results`` of what goes well."""
        return results_of(await self.ask(method, call, body, **more))

    async def posts(self, call: str, **body: Any) -> Any:
        return results_of(await self.post(call, **body))

    async def gets(self, call: str, **query: Any) -> Any:
        return results_of(await self.get(call, **query))

    async def room_with(self, other: str) -> int:
        return int((await self.posts("get_or_create_room_with_target", emails=other))["room"]["id"])

    async def says(self, room: int, text: str, **more: Any) -> Any:
        return (await self.posts("post_comment", topic_id=str(room), comment=text, **more))["comment"]

    async def reads(self, room: int, **query: Any) -> list[str]:
        return [it["message"] for it in (await self.gets("load_comments", topic_id=room, **query))["comments"]]


@dataclass(frozen=True)
class Chatting:
    asking: Asking

    async def comes(self, id: str) -> Chatter:
        account = await self.asking.account(id, f"the key of {id}", username=id.capitalize())
        return Chatter(self.asking, id, account["token"], account["id"])

    async def server(self, method: str, call: str, **body: Any) -> Any:
        """What the App's server asks; the ``results`` of what goes well."""
        rest = self.asking.rest
        return results_of(await (rest(method, call, params=body) if method == "GET" else rest(method, call, json=body)))


def results_of(answer: httpx2.Response) -> Any:
    assert answer.status_code == 200, answer.text
    whole = answer.json()
    assert whole["status"] == 200
    return whole["results"]
