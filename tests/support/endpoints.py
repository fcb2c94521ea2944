"""An App's own server that hears of what happens: it keeps what it was told, and answers as a test wants.

Signatures are checked as the specification of Standard Webhooks says, by code that is not ours to share: it knows
nothing of ``acquaint``.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.support.web import answering, page


@dataclass(frozen=True)
class Heard:
    """One request, as it came."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def is_signed_with(self, secret: str, now: datetime, *, tolerance: int = 300) -> bool:
        """As a receiver checks it: the moment is near, and one of the signatures is right."""
        moment = int(self.headers["webhook-timestamp"])
        if abs(now.timestamp() - moment) > tolerance or not secret.startswith("whsec_"):
            return False
        key = base64.b64decode(secret.split("_", 1)[1])
        content = f"{self.id}.{moment}.".encode() + self.body
        right = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        versions = [it.split(",", 1) for it in self.headers["webhook-signature"].split(" ")]
        return any(version == "v1" and hmac.compare_digest(right, it) for version, it in versions)


@dataclass
class Endpoint:
    """``status`` is what it answers next, and ``more`` headers of that; ``waits`` keeps everybody waiting."""

    url: str = ""
    status: str = "204 No Content"
    more: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    waits: asyncio.Event | None = None
    asked: list[bytes] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def heard(self) -> list[Heard]:
        return [_heard(it) for it in self.asked]

    @property
    def names(self) -> list[str]:
        return [it.said.get("type") or it.said.get("event") for it in self.heard]

    async def next(self) -> Heard:
        """Waits until something comes that was not there before."""
        await self.arrived.wait()
        self.arrived.clear()
        return self.heard[-1]


@asynccontextmanager
async def listening() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()

    async def talk(writer: asyncio.StreamWriter) -> None:
        endpoint.arrived.set()
        if endpoint.waits is not None:
            await endpoint.waits.wait()
        writer.write(page(endpoint.body, endpoint.status, **endpoint.more))
        await writer.drain()

    async with answering(talk) as server:
        endpoint.asked = server.asked
        endpoint.url = f"http://127.0.0.1:{server.port}/hooks?token=in-the-address"
        yield endpoint


def _heard(request: bytes) -> Heard:
    head, _, body = request.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (it.partition(":") for it in lines)}
    return Heard(line, headers, body)
