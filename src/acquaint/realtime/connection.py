"""One native live connection: what ``protocol`` decides, done on a WebSocket.

Connection    of anybody
OfSession     of whoever is in a session

One task reads, and does what the client asks for, one thing after the other. What is told meanwhile is said beside it.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from starlette.types import Receive, Send

from ..domain.conversations import ConversationId
from ..domain.errors import Busy, NotFound
from ..domain.ids import first_at
from ..domain.sessions import Session
from ..services.core import Core
from ..services.history import News, missed_by
from ..services.live import Aside, Cut, Hub, Told, Typed, as_now
from ..web.outgoing import Outgoing
from . import wire
from .protocol import SIGNED_OUT, Effect, HangUp, Protocol, Replay, Say, State, Type

TIME_TO_RESUME: Final = 1.0
"""Seconds a client has to say from where it goes on. Then it is told what happens; it may still resume, once."""

MOST_REPLAYED: Final = 500
"""Events. Who missed more reads history over HTTP, which is cheaper for both."""

SLOWEST_REPLAY: Final = 20.0
"""Seconds until some of what is replayed must have been taken."""


class Connection(ABC):
    """A client of the native protocol."""

    __slots__ = ("_core", "_is_accepted", "_outgoing", "_protocol", "_send")

    def __init__(self, core: Core, send: Send) -> None:
        self._core, self._send = core, send
        self._protocol = Protocol(core.clock())
        self._outgoing = Outgoing(send)
        self._is_accepted = False

    async def run(self, receive: Receive) -> int:
        """Serves the client until it is gone; the code it was closed with."""
        resumes_late = None
        try:
            await self._send({"type": "websocket.accept"})
            self._is_accepted = True
            if self._protocol.state is State.CLOSED:  # it was cut meanwhile
                await self._send({"type": "websocket.close", "code": SIGNED_OUT})
                return SIGNED_OUT
            now = self._core.clock()
            self._outgoing.say(self._greeting(now))
            resumes_late = asyncio.get_running_loop().call_later(TIME_TO_RESUME, self._waited)
            while (message := await receive())["type"] == "websocket.receive":
                for effect in self._heard(message.get("text")):
                    await self._do(effect)
            return int(message.get("code", 1006))
        except OSError:  # it went away while it was let in
            return 1006
        finally:
            if resumes_late is not None:
                resumes_late.cancel()
            self._outgoing.gone()
            self._forget()

    # What depends on who it is

    @abstractmethod
    def _greeting(self, now: datetime) -> str: ...
    @abstractmethod
    async def _missed(self, after: int) -> Sequence[News] | Cut | None:
        """What happened beyond the Event, None when it is too much; or why the connection cannot go on."""

    @abstractmethod
    async def _type(self, conversation_id: ConversationId, on: bool) -> None: ...
    @abstractmethod
    def _words(self, news: News) -> wire.Words: ...
    @abstractmethod
    def _drop(self, why: Cut) -> None: ...
    @abstractmethod
    def _forget(self) -> None: ...

    # What it is told

    def deliver(self, told: Told) -> None:
        frame = self._protocol.told(told.news.event.id, told.in_words(self._words(told.news)))
        if frame is not None:
            self._say(frame)

    def typed(self, typed: Typed) -> None:
        if not self._outgoing.is_behind and self._is_accepted:
            self._say(wire.typing(typed))

    def missed(self) -> None:
        gap = self._protocol.missed(self._core.clock())
        if gap is not None:
            self._say(gap)

    def cut(self, why: Cut) -> None:
        self._outgoing.forget_waiting()  # it is not theirs any more
        effects = self._protocol.cut(why)
        if self._is_accepted:
            self._perform(effects)

    # What is to be done

    def _heard(self, text: str | None) -> Sequence[Effect]:
        return self._protocol.received_binary() if text is None else self._protocol.received(text, self._core.clock())

    async def _do(self, effect: Effect) -> None:
        match effect:
            case Replay(after):
                await self._replay(after)
            case Type(conversation, on):
                await self._type(ConversationId(conversation), on)
            case _:
                self._perform([effect])

    async def _replay(self, after: int) -> None:
        try:
            found = await self._missed(after)
        except Busy:
            found = None
        if isinstance(found, Cut):
            self._drop(found)
            return
        for news in found or ():
            self._say(self._words(news)(news))
            if self._outgoing.is_behind and not await self._outgoing.caught_up(SLOWEST_REPLAY):
                self._drop(Cut.TOO_SLOW)
        ids = None if found is None else [it.event.id for it in found]
        self._perform(self._protocol.replayed(ids, self._core.clock()))

    def _waited(self) -> None:
        self._perform(self._protocol.waited(self._core.clock()))

    def _perform(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Say(frame):
                    self._say(frame)
                case HangUp(code):
                    self._outgoing.hang_up(code)

    def _say(self, frame: str) -> None:
        self._outgoing.say(frame)
        if self._outgoing.is_too_much:
            self._drop(Cut.TOO_SLOW)


class OfSession(Connection):
    """Of whoever is in a session: services.live.Listener."""

    __slots__ = ("_hub", "session")

    def __init__(self, core: Core, hub: Hub, session: Session, send: Send) -> None:
        super().__init__(core, send)
        self._hub = hub
        self.session = session

    def overheard(self, aside: Aside) -> None:
        """The native protocol has no asides."""

    def _greeting(self, now: datetime) -> str:
        return wire.ready(self.session, now, first_at(now))

    async def _missed(self, after: int) -> Sequence[News] | Cut | None:
        found = await missed_by(self._core, self.session, after, MOST_REPLAYED)
        [now_is] = await as_now(self._core, [self.session])
        return now_is if isinstance(now_is, Cut) else found

    async def _type(self, conversation_id: ConversationId, on: bool) -> None:
        try:
            await self._hub.type(self, conversation_id, on)
        except NotFound:
            self._say(wire.error("not_found", "There is no such conversation."))
        except Busy:
            self._say(wire.error("busy", "Nobody was shown that you type."))

    def _drop(self, why: Cut) -> None:
        self._hub.drop(self, why)

    def _forget(self) -> None:
        self._hub.forget(self)

    def _words(self, news: News) -> wire.Words:
        is_sender = news.message is not None and news.message.sender_id == self.session.user_id
        return wire.event_for_sender if is_sender else wire.event
