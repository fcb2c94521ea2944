"""The WebSocket at /acquaint/v1/live: who is let in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qs

import msgspec
import structlog
from starlette.types import Receive, Scope, Send

from ..domain.apps import App
from ..domain.errors import (
    Busy,
    NotAllowed,
    OriginRefused,
    Refusal,
    SessionEnded,
    SessionExpired,
    TicketRefused,
    TooManyRequests,
)
from ..services.core import Core
from ..services.live import Hub
from ..services.tickets import redeem_live
from ..web.dialect import Visit, WireError
from .connection import Connection

REFERENCE: Final = "/acquaint/v1/docs"

_WORDS: Final[Mapping[type[Refusal], WireError]] = {
    TicketRefused: WireError(401, "ticket_refused", "The ticket is unknown, used or expired. Ask for another one."),
    SessionEnded: WireError(401, "session_ended", "The session has ended."),
    SessionExpired: WireError(401, "session_expired", "The session's time is over."),
    NotAllowed: WireError(403, "not_allowed", "This is not allowed."),
    OriginRefused: WireError(403, "origin_refused", "The App does not allow pages of this origin."),
    TooManyRequests: WireError(429, "too_many_requests", "There are too many connections, or tries. Wait."),
    Busy: WireError(503, "busy", "The server cannot do this now. Try again."),
}

log = structlog.get_logger()


class Live:
    """``Live(core, hub)`` is the ASGI application for WebSockets at ``/acquaint/v1/live``, behind the edge."""

    def __init__(self, core: Core, hub: Hub) -> None:
        self._core, self._hub = core, hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        visit: Visit = scope["acquaint.visit"]
        try:
            connection = await self._welcome(scope, send, visit.address)
        except Refusal as refusal:
            words = _words(refusal)
            log.info("live_refused", request_id=visit.request_id, address=visit.address, why=words.code)
            await _refuse(send, refusal, words)
        else:
            await _serve(connection, receive, visit)

    async def _welcome(self, scope: Scope, send: Send, address: str) -> Connection:
        tickets = parse_qs(scope["query_string"].decode("latin-1")).get("ticket", ())
        if len(tickets) != 1:
            raise TicketRefused
        it = await redeem_live(self._core, tickets[0], address)
        _check_origin(scope, it.app)
        connection = Connection(self._core, self._hub, it.session, send)
        await self._hub.welcome(connection)
        return connection


def _check_origin(scope: Scope, app: App) -> None:
    """A browser says which page is asking, and scripts cannot change it; what is no browser says nothing."""
    for name, value in scope["headers"]:
        if name == b"origin" and not app.policy.allows_origin(value.decode("latin-1")):
            raise OriginRefused


async def _serve(connection: Connection, receive: Receive, visit: Visit) -> None:
    session = connection.session
    log.info(
        "live_connected",
        request_id=visit.request_id,
        address=visit.address,
        app=session.app_id,
        user=session.user_id,
        session=session.id,
    )
    code = None
    try:
        code = await connection.run(receive)
    finally:
        log.info("live_disconnected", request_id=visit.request_id, session=session.id, code=code)


def _words(refusal: Refusal) -> WireError:
    """Its own, or those of its nearest ancestor; a refusal that nobody thought of is a bug."""
    for kind in type(refusal).__mro__:
        if kind in _WORDS:
            return _WORDS[kind]
    raise refusal


async def _refuse(send: Send, refusal: Refusal, words: WireError) -> None:
    """Refuses the handshake, as HTTP does. Scripts in browsers are told no more than that it failed."""
    problem = {
        "type": f"{REFERENCE}#{words.code}",
        "title": words.message,
        "status": words.status,
        "detail": words.message,
        "code": words.code,
    }
    headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    wait: timedelta | None = getattr(refusal, "retry_after", None)
    if wait is not None:
        headers.append((b"retry-after", str(max(1, round(wait.total_seconds()))).encode()))
    await send({"type": "websocket.http.response.start", "status": words.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": msgspec.json.encode(problem)})
