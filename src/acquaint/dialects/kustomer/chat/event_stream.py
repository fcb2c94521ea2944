"""``GET /c/v1/events`` as Server-Sent Events (HTML, section 9.2); ``Last-Event-ID`` goes on from where somebody was."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ....domain.errors import Busy
from ....services.live import Hub
from ....web.dialect import visit_of
from .events import SLOWEST_TAKER, Ear, Said, last_event
from .tracking import caller_of

RETRY: Final = 3_000  # milliseconds a browser waits before it comes again
NOTHING: Final = b":\n\n"  # a comment, when nothing happens

_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def listen(request: Request) -> Response:
    """GET events. Refuses like every route, and with TooManyRequests or Busy when there are too many listeners."""
    visit, caller = visit_of(request), await caller_of(request)
    if request.method == "HEAD":
        return Response(headers=_HEADERS, media_type="text/event-stream")
    if visit.hub is None:
        raise Busy
    ear = Ear(visit.core, visit.hub, caller, last_event(request))
    await visit.hub.welcome(ear)
    return Stream(visit.hub, ear)


class Stream(Response):
    """The answer, which goes on for as long as somebody listens."""

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, ear: Ear) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._hub, self._ear = hub, ear

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async with anyio.create_task_group() as group:
                group.start_soon(_until_gone, receive, group.cancel_scope)
                if await self._tell(send):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                group.cancel_scope.cancel()
        finally:
            self._hub.forget(self._ear)

    async def _tell(self, send: Send) -> bool:
        """Until the listener is cut; False when the client does not take what it is told."""
        head = f"retry: {RETRY}\n".encode()
        async with aclosing(self._ear.heard()) as heard:
            async for said in heard:
                if not await _send(send, head + _lines(said) or NOTHING):
                    return False
                head = b""
        return True


def _lines(said: Sequence[Said]) -> bytes:
    """JSON has no line breaks of its own, so what somebody wrote cannot begin another event."""
    return b"".join(
        (b"" if it.id is None else b"id: %d\n" % it.id)
        + b"event: %s\ndata: %s\n\n" % (it.name.encode(), msgspec.json.encode(it.data))
        for it in said
    )


async def _send(send: Send, body: bytes) -> bool:
    """Whether the client took it in time."""
    with anyio.move_on_after(SLOWEST_TAKER) as scope:
        await send({"type": "http.response.body", "body": body, "more_body": True})
    return not scope.cancelled_caught


async def _until_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
