"""What happens in one's conversations, or in all of an App's, as it happens. Needs ``acquaint-client[live]``.

    with client.live() as live:              async with client.live() as live:
        for it in live:                          async for it in live:
            ...                                      ...

    LiveEvent     something happened: ``message`` is there when something was said, ``up_to`` when something was read
    Typing        somebody is writing, or no longer
    Gap           more was missed than is told again: read ``history``

    Live, AsyncLive      a visitor's
    Inbox, AsyncInbox    the App's own server's: ``ServerClient.live``

A connection that breaks is made again, and goes on where it was. It belongs to the session that it was opened in, or to
the API key: when that has ended, the loop ends with SessionEnded or InvalidCredentials. Once the block was entered,
nothing is missed; what happened just before may be told as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, Self
from urllib.parse import urlencode

import websockets.asyncio.client
import websockets.sync.client
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from . import _calls
from ._flow import PREFIX, Wire
from ._listening import Gap, Listening, LiveEvent, News, Typing, frame_of
from .errors import KINDS, AcquaintError, Offline, Refused, StrangeAnswer, TicketRefused, TryLater
from .models import LiveTicket

if TYPE_CHECKING:
    from .client import AsyncClient, Client

__all__ = ["AsyncInbox", "AsyncLive", "Gap", "Inbox", "Live", "LiveEvent", "News", "Typing"]

OPEN_TIMEOUT: Final = 10.0
LARGEST_FRAME: Final = 2**22


class Inbox:
    """A live connection. One thread listens; another one may close it."""

    def __init__(self, way: _Way) -> None:
        self._way, self._listening = way, Listening()
        self._socket: websockets.sync.client.ClientConnection | None = None
        self._leave: Callable[[], None] = contextlib.ExitStack().close
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        self._socket = self._open(self._way.first())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the loop, too."""
        self._closed.set()
        self._leave()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> News:
        news = self.wait(None)
        if news is None:
            raise StopIteration
        return news

    def wait(self, timeout: float | None) -> News | None:
        """The next of it; None when it was closed. Raises TimeoutError after so many seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        while not self._closed.is_set() and self._socket is not None:
            try:
                text = self._socket.recv(None if until is None else max(0.0, until - time.monotonic()))
            except ConnectionClosed as error:
                if not self._closed.is_set():
                    self._come_back(error, until)
                continue
            news = self._listening.received(text)
            if news is not None:
                return news
        return None

    def _come_back(self, error: Exception, until: float | None) -> None:
        while True:
            pause = self._listening.pause(error)
            left = pause if until is None else until - time.monotonic()
            if self._closed.wait(max(0.0, min(pause, left))):
                return
            if left < pause:
                raise TimeoutError
            try:
                self._socket = self._open(self._way.again())
            except AcquaintError as another:
                error = another
            else:
                if self._closed.is_set():  # meanwhile
                    self._leave()
                return

    def _open(self, to: _Address) -> websockets.sync.client.ClientConnection:
        self._leave()
        try:
            with contextlib.ExitStack() as opening:
                socket = opening.enter_context(
                    websockets.sync.client.connect(
                        to.url, additional_headers=to.headers, open_timeout=OPEN_TIMEOUT, max_size=LARGEST_FRAME
                    )
                )
                if not self._listening.is_ready(socket.recv(OPEN_TIMEOUT)):
                    raise ConnectionError("the server did not say ready")
                socket.send(self._listening.opening())
                self._leave = opening.pop_all().close
        except _FAILURES as error:
            raise _refusal(error) from error
        return socket


class Live(Inbox):
    """A visitor's."""

    def __init__(self, client: Client) -> None:
        super().__init__(_VisitorsWay(client))

    def typing(self, conversation_id: str, on: bool = True) -> None:
        """Shows the others that one is writing. Lost when the connection is: it is worth nothing later."""
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                self._socket.send(_typing(conversation_id, on))


class AsyncInbox:
    """A live connection. One task listens; another one may close it."""

    def __init__(self, way: _AsyncWay) -> None:
        self._way, self._listening = way, Listening()
        self._socket: websockets.asyncio.client.ClientConnection | None = None
        self._closed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._socket = await self._open(await self._way.first())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the loop, too."""
        self._closed.set()
        if self._socket is not None:
            await self._socket.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> News:
        news = await self.wait(None)
        if news is None:
            raise StopAsyncIteration
        return news

    async def wait(self, timeout: float | None) -> News | None:
        """The next of it; None when it was closed. Raises TimeoutError after so many seconds."""
        async with asyncio.timeout(timeout):
            while not self._closed.is_set() and self._socket is not None:
                try:
                    text = await self._socket.recv()
                except ConnectionClosed as error:
                    if not self._closed.is_set():
                        await self._come_back(error)
                    continue
                news = self._listening.received(text)
                if news is not None:
                    return news
        return None

    async def _come_back(self, error: Exception) -> None:
        while True:
            pause = self._listening.pause(error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._closed.wait()
                return
            try:
                self._socket = await self._open(await self._way.again())
            except AcquaintError as another:
                error = another
            else:
                if self._closed.is_set():  # meanwhile
                    await self._socket.close()
                return

    async def _open(self, to: _Address) -> websockets.asyncio.client.ClientConnection:
        socket = None
        try:
            socket = await websockets.asyncio.client.connect(
                to.url, additional_headers=to.headers, open_timeout=OPEN_TIMEOUT, max_size=LARGEST_FRAME
            )
            async with asyncio.timeout(OPEN_TIMEOUT):
                if not self._listening.is_ready(await socket.recv()):
                    raise ConnectionError("the server did not say ready")
                await socket.send(self._listening.opening())
        except _FAILURES as error:
            if socket is not None:
                await socket.close()
            raise _refusal(error) from error
        except asyncio.CancelledError:
            if socket is not None:
                socket.transport.abort()
            raise
        return socket


class AsyncLive(AsyncInbox):
    """A visitor's."""

    def __init__(self, client: AsyncClient) -> None:
        super().__init__(_AsyncVisitorsWay(client))

    async def typing(self, conversation_id: str, on: bool = True) -> None:
        """Shows the others that one is writing. Lost when the connection is: it is worth nothing later."""
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(_typing(conversation_id, on))


# Where a connection is made to, the first time and later


@dataclass(frozen=True, slots=True)
class _Address:
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class _Way(Protocol):
    def first(self) -> _Address: ...
    def again(self) -> _Address: ...


class _AsyncWay(Protocol):
    async def first(self) -> _Address: ...
    async def again(self) -> _Address: ...


class _VisitorsWay:
    """By a ticket of the session that it was opened in first, and of no other."""

    def __init__(self, client: Client) -> None:
        self._client, self._token = client, ""

    def first(self) -> _Address:
        ticket = self._client._do(_calls.live_ticket())
        self._token = _token_of(self._client)
        return _address(self._client, ticket)

    def again(self) -> _Address:
        return _address(self._client, self._client._do_as(self._token, _calls.live_ticket()))


class _AsyncVisitorsWay:
    def __init__(self, client: AsyncClient) -> None:
        self._client, self._token = client, ""

    async def first(self) -> _Address:
        ticket = await self._client._do(_calls.live_ticket())
        self._token = _token_of(self._client)
        return _address(self._client, ticket)

    async def again(self) -> _Address:
        return _address(self._client, await self._client._do_as(self._token, _calls.live_ticket()))


class BackendsWay:
    """By the API key."""

    def __init__(self, wire: Wire, api_key: str) -> None:
        url = wire.url.replace("http", "ws", 1) + PREFIX + "/app/live"
        self._address = _Address(url, {"Authorization": f"Bearer {api_key}"})

    def first(self) -> _Address:
        return self._address

    again = first


class AsyncBackendsWay:
    def __init__(self, wire: Wire, api_key: str) -> None:
        self._way = BackendsWay(wire, api_key)

    async def first(self) -> _Address:
        return self._way.first()

    again = first


_FAILURES: Final = (OSError, TimeoutError, EOFError, ConnectionClosed, InvalidHandshake, InvalidURI)


def _refusal(error: Exception) -> AcquaintError:
    """Why there is no connection, in our words."""
    if isinstance(error, InvalidStatus):
        status, headers = error.response.status_code, error.response.headers
        seconds = headers.get("Retry-After", "")
        more: dict[str, Any] = {"status": status, "request_id": headers.get("X-Request-Id")}
        if seconds.isascii() and seconds.isdigit():
            more["evidence"] = {"retry_after": int(seconds)}
        code = frame_of(bytes(error.response.body or b"")).get("code")
        if code in ("invalid_credentials", "app_closed"):
            return KINDS[code]("The live connection was refused.", code=code, **more)
        if status == 401:
            return TicketRefused("The ticket for the live connection was refused.", code="ticket_refused", **more)
        if status in (429, 503):
            return TryLater("No live connection now.", code="busy", **more)
        if status == 403:
            return Refused("The live connection was refused.", code="not_allowed", **more)
        return StrangeAnswer(
            f"The live connection was answered with HTTP status {status}.", code="strange_answer", **more
        )
    return Offline(f"No live connection: {str(error) or type(error).__name__}.")


def _address(client: Client | AsyncClient, ticket: LiveTicket) -> _Address:
    base = client._visitor.wire.url.replace("http", "ws", 1)
    return _Address(f"{base}{ticket.path}?{urlencode({'ticket': ticket.ticket})}")


def _token_of(client: Client | AsyncClient) -> str:
    kept = client._visitor.kept
    return "" if kept is None else kept.admission.token


def _typing(conversation_id: str, on: bool) -> str:
    return json.dumps({"type": "typing", "conversation": conversation_id, "on": on})
