"""The edge of the server: what every request meets first, whatever it asks for.

It names the request, finds out from which address it comes, counts it, writes it down without its
secrets, and hands it on: HTTP to the switchboard, WebSockets to whoever listens at their path.
"""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..services.core import Core
from ..services.live import Hub
from . import logs
from .dialect import Visit

log = structlog.get_logger()

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9_-]{8,64}")
_WITH_PORT: Final = re.compile(r"([0-9.]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}")  # as some proxies write an address
_MOST_HOPS: Final = 20
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Edge:
    """An ASGI application. ``seen`` is told each answered request: method, route, status, seconds."""

    def __init__(
        self,
        core: Core,
        http: ASGIApp,
        sockets: Mapping[str, ASGIApp],
        *,
        trusted_proxies: Sequence[Network] = (),
        seen: Callable[[str, str, int, float], None] = lambda method, route, status, seconds: None,
        logs_reads: bool = False,
        hub: Hub | None = None,
    ) -> None:
        self._core, self._http, self._sockets, self._hub = core, http, sockets, hub
        self._proxies, self._seen, self._logs_reads = tuple(trusted_proxies), seen, logs_reads
        self._count = 0
        self._run = core.chance(4).hex()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "websocket":
            scope["acquaint.visit"] = self._visit(scope)
            socket = self._sockets.get(scope["path"])
            if socket is None:
                await send({"type": "websocket.close", "code": 4404, "reason": "No such path"})
            else:
                await socket(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        visit = scope["acquaint.visit"] = self._visit(scope)
        status = 500

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] += (
                    (b"x-request-id", visit.request_id.encode()),
                    (b"x-content-type-options", b"nosniff"),
                )
            await send(message)

        named = logs.REQUEST.set(visit.request_id)
        try:
            await self._http(scope, receive, send_named)
        finally:
            logs.REQUEST.reset(named)
            seconds = time.perf_counter() - began
            method, route = scope["method"], scope.get("acquaint.route") or "none"
            self._seen(method, route, status, seconds)
            if self._logs_reads or status >= 500 or method not in _SAFE_METHODS:
                log.info(
                    "request",
                    request_id=visit.request_id,
                    method=method,
                    route=route,  # the pattern, never the path or query: those may hold somebody's secret
                    status=status,
                    ms=round(seconds * 1000, 2),
                    address=visit.address,
                )

    def _visit(self, scope: Scope) -> Visit:
        peer = (scope.get("client") or ("", 0))[0]
        address, is_secure = peer, scope.get("scheme") in ("https", "wss")
        request_id = None
        if self._proxies and self._is_trusted(peer):
            address, is_secure, request_id = self._as_proxies_tell(scope, peer, is_secure)
        return Visit(self._core, request_id or self._next_id(), address, is_secure, self._hub)

    def _next_id(self) -> str:
        self._count += 1
        return f"{self._run}{self._count:08x}"

    def _as_proxies_tell(self, scope: Scope, peer: str, is_secure: bool) -> tuple[str, bool, str | None]:
        """Walks X-Forwarded-For from the right, over proxies of ours only: what is further left anybody can write."""
        hops: list[str] = []
        request_id = None
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                hops += [it.strip() for it in value.decode("latin-1").split(",")]
            elif name == b"x-forwarded-proto":
                is_secure = value.strip().lower() == b"https"
            elif name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
                request_id = value.decode()
        address = peer
        for hop in reversed(hops[-_MOST_HOPS:]):
            plain = _address(hop.rpartition(":")[0].strip("[]") if _WITH_PORT.fullmatch(hop) else hop)
            if plain is None:
                break
            address = str(plain)
            if not self._is_trusted(address):
                break
        return address, is_secure, request_id

    def _is_trusted(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._proxies)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
