"""``GET /c/v1/events``: what happens, as it happens (ours; the vendor's realtime is two companies' closed networks).

    identity.update      somebody came into the session: read the token and the conversations again
    session.update       a conversation began or changed: read it again
    session.end          a conversation has ended
    message.send         a message, whole; message.update when it was changed or taken back
    customer.deleted     whoever was in the session is gone
    token.revoked        the token opens nothing any more
    missed               something may have happened that is not told: read everything again

Each is ``{"clipped", "data"}`` as in the vendor's push messages: what is clipped is to be read again by its id. The
events are of Server-Sent Events (HTML, section 9.2); ``Last-Event-ID`` goes on from where somebody was.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ....domain.apps import App
from ....domain.conversations import ConversationKind
from ....domain.errors import Busy
from ....domain.events import EventKind
from ....domain.ids import LARGEST, first_at
from ....domain.sessions import Session
from ....services import merging, users
from ....services.core import Core
from ....services.history import News, missed_by
from ....services.live import Aside, Cut, Hub, Told, Typed, as_now
from ....services.support import Chat
from ....web.dialect import visit_of
from ....web.ids import as_hex
from .. import wire
from . import resources
from .tracking import Caller, caller_of

HEARTBEAT: Final = timedelta(seconds=25)
"""How often something is said when nothing happens: proxies cut connections that are silent for a minute."""

MOST_WAITING: Final = 256
"""Events that wait for a client's network. Against memory filled by clients that do not read."""

MOST_REPLAYED: Final = 500
SLOWEST_TAKER: Final = 20.0  # seconds in which a client must take what is sent
RETRY: Final = 3_000  # milliseconds a browser waits before it comes again

_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def listen(request: Request) -> Response:
    """GET events. Refuses like every route, and with TooManyRequests or Busy when there are too many listeners."""
    visit, caller = visit_of(request), await caller_of(request)
    if request.method == "HEAD":
        return Response(headers=_HEADERS, media_type="text/event-stream")
    if visit.hub is None:
        raise Busy
    last = request.headers.get("last-event-id", "")
    after = int(last) if re.fullmatch(r"[0-9]{1,16}", last) and int(last) <= LARGEST else None
    stream = Stream(visit.core, visit.hub, caller, after)
    await visit.hub.welcome(stream)
    return stream


class Stream(Response):
    """One listener, and the answer that goes on for as long as it listens: services.live.Listener."""

    media_type = "text/event-stream"

    def __init__(self, core: Core, hub: Hub, caller: Caller, after: int | None) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._core, self._hub, self._app, self._after = core, hub, caller.app, after
        self.session: Session = caller.session
        self._waiting: list[bytes] = []
        self._has_some = asyncio.Event()
        self._why: Cut | None = None
        self._replayed: frozenset[int] = frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async with anyio.create_task_group() as group:
                group.start_soon(_until_gone, receive, group.cancel_scope)
                if await self._tell(send):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                group.cancel_scope.cancel()
        finally:
            self._hub.forget(self)

    async def _tell(self, send: Send) -> bool:
        """Until the listener is cut; False when the client does not take what it is told."""
        start = _event("ready", {}, first_at(self._core.clock()))
        if not await _send(send, f"retry: {RETRY}\n".encode() + start + await self._missed_until_now()):
            return False
        while True:
            if not self._waiting and self._why is None:
                with anyio.move_on_after(HEARTBEAT.total_seconds()):
                    await self._has_some.wait()
            self._has_some.clear()
            waiting, self._waiting = self._waiting, []
            if self._why is not None:
                return await _send(send, await self._last_words(self._why))
            if not await _send(send, b"".join(waiting) or b":\n\n"):
                return False
            self._core.recognised.went_on(self.session, self._core.clock())

    async def _missed_until_now(self) -> bytes:
        """What happened since the client was here last."""
        if self._after is None:
            return b""
        try:
            found = await missed_by(self._core, self.session, self._after, MOST_REPLAYED)
            [now_is] = await as_now(self._core, [self.session])
        except Busy:
            return _event("missed", {})
        if isinstance(now_is, Cut):
            self._hub.drop(self, now_is)
            return b""
        if found is None:
            return _event("missed", {})
        self._replayed = frozenset(it.event.id for it in found)
        return b"".join(_said(self._app, self.session, it) for it in found if it.event.id > self._after)

    async def _last_words(self, why: Cut) -> bytes:
        match why:
            case Cut.CHANGED:
                return _event("identity.update", {"clipped": True, "data": {"type": "tracking_token"}})
            case Cut.REVOKED | Cut.EXPIRED:
                said = b""
                if await self._is_gone():
                    gone = {"type": "customer", "id": as_hex(self.session.user_id or 0)}
                    said = _event("customer.deleted", {"clipped": True, "data": gone})
                return said + _event("token.revoked", {"clipped": True, "data": {"type": "tracking_token"}})
        return b""

    async def _is_gone(self) -> bool:
        """Whether whoever was in the session was deleted, and not merged into somebody else."""
        id = self.session.user_id
        try:
            if id is None or id in await users.many(self._core, self._app, [id]):
                return False
            return await merging.became_of(self._core, self._app, id) is None
        except Busy:
            return False

    # services.live.Listener

    def deliver(self, told: Told) -> None:
        if told.news.event.id not in self._replayed:
            self._say(_said(self._app, self.session, told.news))

    def typed(self, typed: Typed) -> None:
        """Not told: operators do not type here, and visitors' SDKs show nobody else."""

    def overheard(self, aside: Aside) -> None:
        """Nothing of another protocol is told."""

    def missed(self) -> None:
        self._say(_event("missed", {}))

    def cut(self, why: Cut) -> None:
        self._waiting.clear()  # it is not theirs any more
        self._why = why
        self._has_some.set()

    def _say(self, said: bytes) -> None:
        if said and self._why is None:
            self._waiting.append(said)
            self._has_some.set()
            if len(self._waiting) > MOST_WAITING:
                self._hub.drop(self, Cut.TOO_SLOW)


def _said(app: App, session: Session, news: News) -> bytes:
    """An Event in this dialect's words; nothing where it has none."""
    mine = next((it for it in news.members if it.user_id == session.user_id), None)
    if mine is None or news.conversation.kind is not ConversationKind.SUPPORT:
        return b""
    id, kind = news.event.id, news.event.kind
    if kind in (EventKind.MESSAGE_POSTED, EventKind.MESSAGE_CHANGED, EventKind.MESSAGE_DELETED):
        if news.message is None:
            return b""
        chat = Chat(news.conversation, mine, news.message)
        whole = {"clipped": False, "data": resources.chat_message(app, session, news.message, chat)}
        return _event("message.send" if kind is EventKind.MESSAGE_POSTED else "message.update", whole, id)
    has_ended = kind is EventKind.CONVERSATION_CHANGED and news.event.details.get("closed") is True
    reference = wire.reference("chat_session", news.conversation.id)
    return _event("session.end" if has_ended else "session.update", {"clipped": True, **reference}, id)


def _event(name: str, data: Mapping[str, Any], id: int | None = None) -> bytes:
    """JSON has no line breaks of its own, so what somebody wrote cannot begin another event."""
    head = b"" if id is None else b"id: %d\n" % id
    return head + b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))


async def _send(send: Send, body: bytes) -> bool:
    """Whether the client took it in time."""
    with anyio.move_on_after(SLOWEST_TAKER) as scope:
        await send({"type": "http.response.body", "body": body, "more_body": True})
    return not scope.cancelled_caught


async def _until_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
