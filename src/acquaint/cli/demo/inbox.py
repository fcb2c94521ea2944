"""What the customer's backend hears live, with its API key: in which conversations a visitor is typing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from .customer import Customer

TYPING_IS_OVER: Final = 6.0  # seconds without another sign of it; docs/live.md leaves it to whoever listens


@dataclass
class Inbox:
    _until: dict[str, float] = field(default_factory=dict)

    def is_typing(self, conversation: str) -> bool:
        return self._until.get(conversation, 0.0) > time.monotonic()

    async def hear(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for frame in socket:
                said = json.loads(frame)
                if said["type"] == "typing" and said["user"] is not None:
                    self._until[said["conversation"]] = time.monotonic() + TYPING_IS_OVER if said["on"] else 0.0
                elif said.get("kind") == "message.posted":
                    self._until.pop(said["conversation"], None)


@contextlib.asynccontextmanager
async def listening(customer: Customer) -> AsyncIterator[Inbox]:
    """Hears until the block ends, or the server does."""
    inbox, live = Inbox(), customer.server.replace("http", "ws", 1)
    key = {"Authorization": f"Bearer {customer.api_key}"}
    async with connect(f"{live}/acquaint/v1/app/live", additional_headers=key, proxy=None) as socket:
        await socket.send(json.dumps({"type": "resume"}))
        hearing = asyncio.create_task(inbox.hear(socket))
        try:
            yield inbox
        finally:
            hearing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await hearing
