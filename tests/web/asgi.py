"""Requests as a server hands them over, byte for byte: what no well-behaved client would send, too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope

Headers = Iterable[tuple[str, str]]


def scope_of(method: str, path: str, headers: Headers = (), *, peer: str = "192.0.2.1", **more: Any) -> Scope:
    """``path`` is the decoded one, as ASGI has it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("utf-8", "surrogateescape"),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": (peer, 4321),
        "server": ("testserver", 80),
    } | more


def receiving(*chunks: bytes) -> Receive:
    async def receive() -> Message:
        try:
            return await anext(messages)
        except StopAsyncIteration:
            return {"type": "http.disconnect"}

    async def each() -> AsyncIterator[Message]:
        for place, chunk in enumerate(chunks, start=1):
            yield {"type": "http.request", "body": chunk, "more_body": place < len(chunks)}

    messages = each()
    return receive


def request(body: bytes | tuple[bytes, ...] = b"", headers: Headers = (), query: str = "") -> Request:
    chunks = body if isinstance(body, tuple) else (body,)
    return Request(scope_of("POST", "/", headers, query_string=query.encode()), receiving(*chunks))


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


async def ask(app: ASGIApp, scope: Scope, *chunks: bytes) -> Answer:
    answer = Answer()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")

    await app(scope, receiving(*(chunks or (b"",))), send)
    return answer
