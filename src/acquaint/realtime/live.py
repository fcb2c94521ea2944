"""The WebSockets: who is let in.

Live       /acquaint/v1/live: whoever is in a session, by a ticket
AppLive    /acquaint/v1/app/live: an App's own server, by an API key
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from datetime import timedelta
from typing import Final, TypeVar
from urllib.parse import parse_qs

import msgspec
import structlog
from starlette.types import Receive, Scope, Send

from ..domain.apps import App
from ..domain.errors import (
    AppClosed,
    Busy,
    Doubt,
    InvalidCredentials,
    NotAllowed,
    OriginRefused,
    Refusal,
    SessionEnded,
    SessionExpired,
    TicketRefused,
    TooManyRequests,
)
from ..domain.keys import Role
from ..services.apps import holder_of
from ..services.core import Core
from ..services.live import Hub
from ..services.tickets import redeem_live
from ..web.dialect import Visit, WireError
from .backends import Backends, OfApp
from .connection import OfSession

REFERENCE: Final = "/acquaint/v1/docs"

_WORDS: Final[Mapping[type[Refusal], WireError]] = {
    TicketRefused: WireError(401, "ticket_refused", "The ticket is unknown, used or expired. Ask for another one."),
    SessionEnded: WireError(401, "session_ended", "The session has ended."),
    SessionExpired: WireError(401, "session_expired", "The session's time is over."),
    InvalidCredentials: WireError(401, "invalid_credentials", "The API key is unknown, revoked or expired."),
    AppClosed: WireError(403, "app_closed", "The App is closed."),
    NotAllowed: WireError(403, "not_allowed", "This is not allowed."),
    OriginRefused: WireError(403, "origin_refused", "The App does not allow pages of this origin."),
    TooManyRequests: WireError(429, "too_many_requests", "There are too many connections, or tries. Wait."),
    Busy: WireError(503, "busy", "The server cannot do this now. Try again."),
}

Somebody = TypeVar("Somebody", OfSession, OfApp)

log = structlog.get_logger()


class Live:
    """``Live(core, hub)`` is the ASGI application for WebSockets at ``/acquaint/v1/live``, behind the edge."""

    def __init__(self, core: Core, hub: Hub) -> None:
        self._core, self._hub = core, hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        visit: Visit = scope["acquaint.visit"]
        connection = await _let_in(self._welcome(scope, send, visit.address), send, visit, "live_refused")
        if connection is not None:
            await _serve(connection, receive, visit)

    async def _welcome(self, scope: Scope, send: Send, address: str) -> OfSession:
        tickets = parse_qs(scope["query_string"].decode("latin-1")).get("ticket", ())
        if len(tickets) != 1:
            raise TicketRefused
        it = await redeem_live(self._core, tickets[0], address)
        _check_origin(scope, it.app)
        connection = OfSession(self._core, self._hub, it.session, send)
        await self._hub.welcome(connection)
        return connection


class AppLive:
    """The ASGI application for WebSockets at ``/acquaint/v1/app/live``, behind the edge.

    The key is in the header, where nothing logs it and no page can put one: whoever says which page it is is refused.
    """

    def __init__(self, core: Core, backends: Backends) -> None:
        self._core, self._backends = core, backends

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        visit: Visit = scope["acquaint.visit"]
        connection = await _let_in(self._welcome(scope, send, visit.address), send, visit, "app_live_refused")
        if connection is not None:
            about = {"request_id": visit.request_id, "app": connection.app.id, "key": connection.key.id}
            log.info("app_live_connected", address=visit.address, **about)
            code = None
            try:
                code = await connection.run(receive)
            finally:
                log.info("app_live_disconnected", code=code, **about)

    async def _welcome(self, scope: Scope, send: Send, address: str) -> OfApp:
        if any(name == b"origin" for name, _ in scope["headers"]):
            raise OriginRefused
        said = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
        scheme, _, key = said[0].partition(" ") if len(said) == 1 else ("", "", "")
        if scheme.lower() != "bearer":
            raise InvalidCredentials(Doubt.UNKNOWN_KEY)
        holder = await holder_of(self._core, key.strip(), Role.USER, address=address)
        connection = OfApp(self._core, self._backends, holder, send)
        await self._backends.welcome(connection)
        return connection


def _check_origin(scope: Scope, app: App) -> None:
    """A browser says which page is asking, and scripts cannot change it; what is no browser says nothing."""
    for name, value in scope["headers"]:
        if name == b"origin" and not app.policy.allows_origin(value.decode("latin-1")):
            raise OriginRefused


async def _let_in(welcome: Awaitable[Somebody], send: Send, visit: Visit, refused: str) -> Somebody | None:
    """Who came in; None where they were refused, which is said and logged."""
    try:
        return await welcome
    except Refusal as refusal:
        words = _words(refusal)
        log.info(refused, request_id=visit.request_id, address=visit.address, why=words.code)
        await _refuse(send, refusal, words)
        return None


async def _serve(connection: OfSession, receive: Receive, visit: Visit) -> None:
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
