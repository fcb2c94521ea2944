"""One chat connection: what ``xmpp`` decides, done on a WebSocket.

One task reads, and does what the client asks for, one thing after the other. What is told meanwhile is said beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Final

import structlog
from starlette.types import Receive, Send

from ...domain.conversations import ConversationKind
from ...domain.errors import Busy, NotFound, OriginRefused, Refusal, SessionEnded, TooManyRequests
from ...domain.sessions import Session
from ...ports.store import Recognised
from ...services import sessions
from ...services.admission import Place
from ...services.core import Core
from ...services.live import Aside, Cut, Hub, Told, Typed
from ...services.sign_in_by_id import Entrance, enter_by_id
from ...web.dialect import Visit
from ...web.outgoing import Outgoing
from . import stanzas
from .acts import PROTOCOL, Here, act
from .asks import CHAT_STATES
from .auth import DOOR, LIFETIME
from .jid import Person
from .news import Stanza, Telling
from .watches import Watches, Watching
from .xml import Element, element, with_children, write
from .xmpp import Do, Effect, Enter, HangUp, Pause, Protocol, Prove, Say, State

LOOKED_AFTER: Final = 15.0  # seconds between two looks at whether the client is still there
LOOKS_AROUND: Final = 4  # every so many of those looks, at who is here: who asks over HTTP is connected to nothing
SUBPROTOCOL: Final = "xmpp"  # RFC 7395, section 3.1

log = structlog.get_logger()


class Stream:
    """A client of the vendor's chat: services.live.Listener, once somebody is bound to it."""

    def __init__(
        self,
        core: Core,
        hub: Hub,
        telling: Telling,
        watching: Watching,
        visit: Visit,
        send: Send,
        *,
        mark: str,
        origin: str | None,
        bound: Callable[[], None],
    ) -> None:
        self._core, self._hub, self._telling, self._watching = core, hub, telling, watching
        self._visit, self._send = visit, send
        self._origin, self._bound = origin, bound
        self._protocol = Protocol(telling.names, mark, core.clock())
        self._outgoing = Outgoing(send)
        self._entrance: Entrance | None = None
        self._here: Here | None = None
        self._used: Session | None = None

    @property
    def is_bound(self) -> bool:
        return self._protocol.state is State.BOUND

    async def run(self, receive: Receive) -> int:
        """Serves the client until it is gone; the code it was closed with."""
        looking = asyncio.get_running_loop().create_task(self._look_after())
        try:
            await self._send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            while (message := await receive())["type"] == "websocket.receive":
                text, now = message.get("text"), self._core.clock()
                heard = self._protocol.received_binary() if text is None else self._protocol.received(text, now)
                for effect in heard:
                    await self._do(effect)
                self._used_now()
            return int(message.get("code", 1006))
        except OSError:  # it went away while it was let in
            return 1006
        finally:
            looking.cancel()
            self._outgoing.gone()
            if self._here is not None:
                self._here.watches.close()
                self._hub.forget(self)
            if self._entrance is not None and self._entrance.is_new:
                await self._end(self._entrance.it)

    # services.live.Listener

    @property
    def session(self) -> Session:
        if self._entrance is None:
            raise RuntimeError("nobody has signed in here")
        return self._entrance.it.session

    def deliver(self, told: Told) -> None:
        for stanza in told.in_words(self._telling.words):
            self._hear(stanza)

    def overheard(self, aside: Aside) -> None:
        if (stanza := aside.read(PROTOCOL, Stanza)) is not None:
            self._hear(stanza)

    def typed(self, typed: Typed) -> None:
        if self._here is None or self._outgoing.is_behind or typed.user_id is None:
            return  # an operator has no address to write from
        names, app_id = self._telling.names, self.session.app_id
        is_direct = typed.kind is ConversationKind.DIRECT
        address = names.bare(app_id, typed.user_id)
        if not is_direct:
            address = names.room(app_id, typed.conversation_id, typed.user_id)
        said = element("message", from_=address, type="chat" if is_direct else "groupchat")
        state = element("composing" if typed.on else "paused", CHAT_STATES)
        self._say_to_them(write(with_children(said, state)))

    def missed(self) -> None:
        self._perform(self._protocol.missed())

    def cut(self, why: Cut) -> None:
        self._outgoing.forget_waiting()  # it is not theirs any more
        self._perform(self._protocol.cut(why))

    # What is to be done

    async def _do(self, effect: Effect) -> None:
        match effect:
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Prove(who, secret):
                await self._prove(who, secret)
            case Enter(stanza):
                await self._enter(stanza)
            case Do() if self._here is not None:
                await self._act(self._here, effect)
            case _:
                self._perform([effect])

    async def _prove(self, who: Person, secret: str) -> None:
        place = Place(DOOR, LIFETIME, address=self._visit.address)
        try:
            entrance = await enter_by_id(self._core, who.app_id, who.user_id, secret, place)
        except (TooManyRequests, Busy) as refusal:
            self._doubt(who, refusal, "temporary-auth-failure")
            return
        except Refusal as refusal:
            self._doubt(who, refusal)
            return
        if self._origin is not None and not entrance.it.app.policy.allows_origin(self._origin):
            if entrance.is_new:
                await self._end(entrance.it)
            self._doubt(who, OriginRefused())
            return
        self._entrance, self._used = entrance, entrance.it.session
        self._perform(self._protocol.proved(who))

    def _doubt(self, who: Person, refusal: Refusal, condition: str = "not-authorized") -> None:
        log.info(
            "chat_refused",
            request_id=self._visit.request_id,
            address=self._visit.address,
            app=who.app_id,
            user=who.user_id,
            why=type(refusal).__name__,
        )
        self._perform(self._protocol.doubted(condition))

    async def _enter(self, stanza: Element) -> None:
        entrance = self._entrance
        if entrance is None or entrance.it.user is None:
            raise RuntimeError("nobody has signed in here")
        jid, resource = self._protocol.jid, self._protocol.resource
        core, hub, telling, it = self._core, self._hub, self._telling, entrance.it
        watches = Watches(core, hub, self._watching, it, telling.names, self._say_to_them)
        here = Here(core, hub, telling, self, it, entrance.it.user.id, jid, resource, watches)
        self._here = here
        try:
            await self._hub.welcome(self)
        except SessionEnded:
            self.cut(Cut.REVOKED)
            return
        except Busy:
            self.cut(Cut.GOING_AWAY)
            return
        except TooManyRequests:
            self._perform(self._protocol.turned_away(stanza))
            return
        log.info(
            "chat_connected",
            request_id=self._visit.request_id,
            address=self._visit.address,
            app=self.session.app_id,
            user=self.session.user_id,
            session=self.session.id,
        )
        self._bound()
        self._perform(self._protocol.entered(stanza))

    async def _act(self, here: Here, effect: Do) -> None:
        if self._protocol.state is not State.BOUND:
            return  # it was cut meanwhile
        try:
            frames = await act(here, effect.ask, effect.stanza)
        except SessionEnded:
            self._hub.drop(self, Cut.REVOKED)
            return
        except Exception:
            log.exception("chat_broke", request_id=self._visit.request_id, ask=type(effect.ask).__name__)
            frames = [stanzas.error(effect.stanza, "internal-server-error", to=here.jid)]
        for frame in frames:
            self._say(frame)

    def _hear(self, stanza: Stanza) -> None:
        here = self._here
        if here is None or self._protocol.state is not State.BOUND:
            return
        if stanza.only_for is not None and stanza.only_for != here.user_id:
            return
        if stanza.is_direct and stanza.by == here.user_id:
            if here.hears_copies and stanza.resource != here.resource and stanza.other is not None:
                copy = stanzas.carbon(self._protocol.bare, stanzas.addressed(stanza.text, stanza.other))
                self._say_to_them(copy)
            return
        self._say_to_them(stanza.text)

    def _say_to_them(self, stanza: str) -> None:
        self._say(stanzas.addressed(stanza, self._protocol.jid))

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
            self._hub.drop(self, Cut.TOO_SLOW)

    # As time goes by

    def _used_now(self) -> None:
        """Whoever is connected and answers uses their session, be it by answering that they are there."""
        if self._used is not None and self.is_bound:
            self._used = self._core.recognised.went_on(self._used, self._core.clock())

    async def _look_after(self) -> None:
        looks = 0
        while True:
            await asyncio.sleep(LOOKED_AFTER)
            self._perform(self._protocol.waited(self._core.clock()))
            looks += 1
            if looks % LOOKS_AROUND == 0 and self._here is not None:
                try:
                    await self._here.watches.look()
                except Busy:
                    continue
                except Exception:
                    log.exception("chat_look_broke", request_id=self._visit.request_id)

    async def _end(self, it: Recognised) -> None:
        """A session that a password opened here is nobody's once the connection is gone: nobody has its token."""
        with contextlib.suppress(Busy, NotFound):
            await sessions.end(self._core, it.app, it.session.id)
