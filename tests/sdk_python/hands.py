"""The two clients, held alike: whoever waits does so in a thread of its own."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeVar

from acquaint_client import AsyncClient, AsyncServerClient, Client, MemoryStore, ServerClient, sign_login
from tests.cast import Person
from tests.support.server import Server

Manner = Literal["waits", "awaits"]
T = TypeVar("T")


class Hand:
    """``await hand.log_in(…)``, whichever client it holds. ``hand.it`` is the client."""

    def __init__(self, it: Any) -> None:
        self.it = it

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.it, name)

        async def call(*values: Any, **more: Any) -> Any:
            if inspect.iscoroutinefunction(method):
                return await method(*values, **more)
            return await asyncio.to_thread(method, *values, **more)

        return call

    @asynccontextmanager
    async def live(self) -> AsyncIterator[Hand]:
        live = self.it.live()
        if hasattr(live, "__aenter__"):
            async with live:
                yield Hand(live)
        else:
            await asyncio.to_thread(live.__enter__)
            try:
                yield Hand(live)
            finally:
                await asyncio.to_thread(live.close)


class Acme:
    """An App of a test's own on a running server, its backend, and its visitors."""

    def __init__(self, server: Server, manner: Manner, made: dict[str, Any]) -> None:
        self.server, self.manner, self.url = server, manner, server.url
        self.slug, self.api_key = str(made["app"]["slug"]), str(made["api_key"])
        self.secret = str(made["signing_secret"])
        kind = ServerClient if manner == "waits" else AsyncServerClient
        self._hands: list[Hand] = []
        self.backend = self._held(kind(server.url, self.api_key))

    def visitor(self, store: Any = None, **more: Any) -> Hand:
        """Somebody at a device of their own."""
        kind = Client if self.manner == "waits" else AsyncClient
        return self._held(kind(self.url, self.slug, store=store or MemoryStore(), **more))

    def jwt(self, who: Person) -> str:
        return sign_login(self.secret, external_id=who.external_id, name=who.name)

    def fetches(self, jwt: str) -> Any:
        """What an app asks its own backend with."""

        async def awaited() -> str:
            return jwt

        return awaited if self.manner == "awaits" else lambda: jwt

    def _held(self, it: Any) -> Hand:
        self._hands.append(Hand(it))
        return self._hands[-1]

    async def let_go(self) -> None:
        for it in self._hands:
            await it.close()
