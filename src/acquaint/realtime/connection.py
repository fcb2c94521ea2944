"""One native live connection: what ``protocol`` decides, done on a WebSocket.

One task reads. What is to be said is written by a second one that lives only while there is something to write, so
that nobody waits for anybody else's network, and a quiet connection costs little.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from starlette.types import Receive, Send

from ..domain.conversations import ConversationId
from ..domain.errors import Busy, NotFound
from ..domain.ids import first_at
from ..domain.sessions import Session
from ..services.core import Core
from ..services.history import News, missed_by
from ..services.live import Cut, Hub, Told, Typed
from . import wire
from .protocol import Effect, HangUp, Protocol, Replay, Say, Type

TIME_TO_RESUME: Final = 1.0
"""Seconds a client has to say from where it goes on. Then it is told what happens; it may still resume, once."""

MOST_REPLAYED: Final = 500
"""Events. Who missed more reads history over HTTP, which is cheaper for both."""

MOST_WAITING: Final = 256
"""Frames that wait for a client's network. Against memory filled by clients that do not read; lower would hurt
phones that lose their network for some seconds in a busy conversation."""

MOST_CHARACTERS: Final = 1024 * 1024  # in those frames

SLOWEST_REPLAY: Final = 20.0
"""Seconds until some of what is replayed must have been taken."""

LAST_WORDS: Final = 2.0
"""Seconds for a client to take what was said last. Then the connection is cut without."""


class Connection:
    """A client of the native protocol: services.live.Listener."""

    __slots__ = (
        "_characters",
        "_code",
        "_core",
        "_hub",
        "_is_accepted",
        "_protocol",
        "_send",
        "_timer",
        "_waiting",
        "_writer",
        "session",
    )

    def __init__(self, core: Core, hub: Hub, session: Session, send: Send) -> None:
        self._core, self._hub, self._send = core, hub, send
        self.session = session
        self._protocol = Protocol(core.clock())
        self._is_accepted = False
        self._code: int | None = None  # to hang up with, once everything is said
        self._waiting: list[str] = []
        self._characters = 0
        self._writer: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, receive: Receive) -> int:
        """Serves the client until it is gone; the code it was closed with."""
        try:
            await self._send({"type": "websocket.accept"})
            self._is_accepted = True
            now = self._core.clock()
            self._say(wire.ready(self.session, now, first_at(now)))
            self._timer = asyncio.get_running_loop().call_later(TIME_TO_RESUME, self._waited)
            while (message := await receive())["type"] == "websocket.receive":
                text = message.get("text")
                await self._do(
                    self._protocol.received_binary()
                    if text is None
                    else self._protocol.received(text, self._core.clock())
                )
            return int(message.get("code", 1006))
        except OSError:  # it went away while we spoke
            return 1006
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._hub.forget(self)

    # services.live.Listener

    def deliver(self, told: Told) -> None:
        frame = self._protocol.told(told.news.event.id, told.in_words(self._words(told.news)))
        if frame is not None:
            self._say(frame)

    def typed(self, typed: Typed) -> None:
        if len(self._waiting) < MOST_WAITING // 2:  # who is behind has better things to wait for
            self._say(wire.typing(typed.conversation_id, typed.user_id, typed.on))

    def missed(self) -> None:
        gap = self._protocol.missed(self._core.clock())
        if gap is not None:
            self._say(gap)

    def cut(self, why: Cut) -> None:
        self._waiting.clear()  # what was not said yet is not theirs any more
        self._characters = 0
        self._perform(self._protocol.cut(why))

    # What is to be done

    async def _do(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Replay(after):
                    await self._replay(after)
                case Type(conversation, on):
                    await self._type(ConversationId(conversation), on)
                case _:
                    self._perform([effect])

    async def _replay(self, after: int) -> None:
        try:
            found = await missed_by(self._core, self.session, after, MOST_REPLAYED)
        except Busy:
            found = None
        for news in found or ():
            self._say(self._words(news)(news))
            if len(self._waiting) > MOST_WAITING // 2:
                await self._catch_up()
        ids = None if found is None else [it.event.id for it in found]
        self._perform(self._protocol.replayed(ids, self._core.clock()))

    async def _catch_up(self) -> None:
        """Waits until the client has taken what it was said."""
        if self._writer is not None:
            _, late = await asyncio.wait([self._writer], timeout=SLOWEST_REPLAY)
            if late:
                self._hub.drop(self, Cut.TOO_SLOW)

    async def _type(self, conversation_id: ConversationId, on: bool) -> None:
        try:
            await self._hub.type(self, conversation_id, on)
        except NotFound:
            self._say(wire.error("not_found", "There is no such conversation."))
        except Busy:
            self._say(wire.error("busy", "Nobody was shown that you type."))

    def _waited(self) -> None:
        self._perform(self._protocol.waited(self._core.clock()))

    def _perform(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Say(frame):
                    self._say(frame)
                case HangUp(code):
                    self._hang_up(code)

    def _words(self, news: News) -> wire.Words:
        is_sender = news.message is not None and news.message.sender_id == self.session.user_id
        return wire.event_for_sender if is_sender else wire.event

    # Writing

    def _say(self, frame: str) -> None:
        if self._code is not None:
            return
        self._waiting.append(frame)
        self._characters += len(frame)
        if len(self._waiting) > MOST_WAITING or self._characters > MOST_CHARACTERS:
            self._hub.drop(self, Cut.TOO_SLOW)
        else:
            self._start_writing()

    def _hang_up(self, code: int) -> None:
        if self._code is None:
            self._code = code
            self._start_writing()
            if self._timer is not None:
                self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_later(LAST_WORDS, self._abort)

    def _start_writing(self) -> None:
        if self._writer is None and self._is_accepted:
            self._writer = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._waiting:
                frame = self._waiting.pop(0)
                self._characters -= len(frame)
                await self._send({"type": "websocket.send", "text": frame})
            if self._code is not None:
                await self._send({"type": "websocket.close", "code": self._code})
        except (OSError, RuntimeError):  # it is gone, or on its way: run() will hear of it
            self._hub.forget(self)
            self._waiting.clear()
        finally:
            self._writer = None

    def _abort(self) -> None:
        """ASGI has no word for this, but a client that reads nothing would keep its connection for ever."""
        transport = getattr(getattr(self._send, "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()
