"""One realtime connection: what ``mqtt`` decides, done on a WebSocket, or on whatever looks like one.

One task reads, and does what the client asks for, one thing after the other. What is told meanwhile is looked up and
said beside it, in the order in which it was told.

It has at most one Ear, which is who it is of: a later token of somebody else takes the place of an earlier one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Final

import structlog
from starlette.types import Receive, Send

from ...domain.conversations import ConversationId, visibility_of
from ...domain.errors import Busy, NotFound, Refusal, SessionEnded
from ...domain.identities import Assurance
from ...domain.users import UserId
from ...ports.store import Recognised
from ...services import sessions, tickets
from ...services.core import Core
from ...services.live import Cut, Hub, Told, Typed
from ...services.presence import whereabouts_by
from ...services.visibility import visible
from ...web.dialect import Visit
from ...web.outgoing import Outgoing
from . import saying, topics
from .auth import find_user, id_of
from .ear import Ear
from .mqtt import Effect, HangUp, Hear, Pause, Protocol, Prove, Say, State, Unhear
from .mqtt import Told as Said
from .news import Telling, Words
from .online import Online
from .topics import Kind, OfChannel, OfRoom, OfToken, OfUser, Subscriptions

SUBPROTOCOL: Final = "mqtt"  # MQTT 3.1.1, section 6
TIME_TO_CONNECT: Final = 10.0  # seconds in which CONNECT must have come, whole
LOOKED_AFTER: Final = 15.0  # seconds between two looks at whether the client is still there
LOOKS_AROUND: Final = 4  # every so many of those looks, at who is here: who asks over HTTP is connected to nothing

MOST_UNSAID: Final = 256
"""News that are being looked up. Against memory filled by a client in a busy room; beyond it the client is cut."""

MOST_WATCHED: Final = 200
"""Users whose presence one connection asks for. Each costs a look at the database once a minute."""

log = structlog.get_logger()


class Stream:
    def __init__(
        self,
        core: Core,
        hub: Hub,
        telling: Telling,
        online: Online,
        visit: Visit,
        send: Send,
        *,
        origin: str | None,
        known: Callable[[], None],
    ) -> None:
        self._core, self._hub, self._telling, self._online = core, hub, telling, online
        self._visit, self._send, self._origin, self._known = visit, send, origin, known
        self._protocol = Protocol(core.clock())
        self._outgoing = Outgoing(send)
        self._subscriptions = Subscriptions()
        self._ear: Ear | None = None
        self._shown: dict[str, bool] = {}  # whose presence the client was told, and which
        self._unsaid: deque[Callable[[], Awaitable[None]]] = deque()
        self._saying: asyncio.Task[None] | None = None

    async def run(self, receive: Receive) -> int:
        """Serves the client until it is gone; the code it was closed with."""
        looking = asyncio.get_running_loop().create_task(self._look_after())
        try:
            await self._send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
            try:
                async with asyncio.timeout(TIME_TO_CONNECT) as patience:
                    while (message := await receive())["type"] == "websocket.receive":
                        await self._heard(message.get("bytes"))
                        if self._protocol.state is not State.NEW and patience.when() is not None:
                            patience.reschedule(None)
            except TimeoutError:
                self._perform(self._protocol.cut(Cut.TOO_SLOW))
                return await _end_of(receive)
            return int(message.get("code", 1006))
        except OSError:  # it went away while it was let in
            return 1006
        finally:
            looking.cancel()
            self._outgoing.gone()
            self._unsaid.clear()
            if self._saying is not None:
                self._saying.cancel()
            self._leave()

    # What is told to them

    def told(self, ear: Ear, told: Told) -> None:
        words = told.in_words(self._telling.words)

        async def say() -> None:
            found = await asyncio.shield(words)
            if found is not None and ear is self._ear:
                self._say_words(ear, found)

        self._later(say)

    def saw_typing(self, ear: Ear, typed: Typed) -> None:
        user_id = typed.user_id
        if user_id is None:  # an operator has no id, and the vendor's topics are named by whose they are
            return

        async def say() -> None:
            id = await self._telling.id_of(ear.session.app_id, user_id)
            if id is not None and ear is self._ear:
                self.tell(OfRoom(Kind.TYPING, typed.conversation_id, id), b"1" if typed.on else b"0")

        if not self._outgoing.is_behind and len(self._unsaid) < MOST_UNSAID // 2:
            self._later(say)

    def tell(self, topic: topics.Filter, payload: bytes, *, retained: bool = False) -> bool:
        """Says it, if the client wants to hear of that; whether it does."""
        if not self._subscriptions.wants(topic) or not topics.can_be_said(topic):
            return False
        self._perform(self._protocol.tell(topics.topic_of(topic), payload, retained=retained))
        return True

    def missed(self) -> None:
        self._perform(self._protocol.missed())

    def cut(self, why: Cut) -> None:
        self._outgoing.forget_waiting()  # it is not theirs any more
        self._unsaid.clear()
        self._perform(self._protocol.cut(why))

    def _say_words(self, ear: Ear, words: Words) -> None:
        payload = words.payload_for(ear.user_id)
        if payload is None:
            return
        if isinstance(words.topic, OfRoom):
            self.tell(words.topic, payload)
            return
        channel = None if words.unique_id is None else OfChannel(ear.it.app.slug, words.unique_id)
        if words.topic is Kind.COMMENT and channel is not None and self.tell(channel, payload):
            return  # once is enough
        self.tell(OfToken(words.topic, ear.token), payload)

    def _later(self, work: Callable[[], Awaitable[None]]) -> None:
        if self._protocol.state is not State.CONNECTED:
            return
        self._unsaid.append(work)
        if len(self._unsaid) > MOST_UNSAID and self._ear is not None:
            self._hub.drop(self._ear, Cut.TOO_SLOW)
        elif self._saying is None:
            self._saying = asyncio.get_running_loop().create_task(self._say_all())

    async def _say_all(self) -> None:
        try:
            while self._unsaid:
                await self._unsaid.popleft()()
        except Busy:
            self.missed()
        except Exception:
            log.exception("mqtt_telling_broke", request_id=self._visit.request_id)
            self.missed()
        finally:
            self._saying = None

    # What they ask for

    async def _heard(self, data: bytes | None) -> None:
        now = self._core.clock()
        effects = self._protocol.received_text() if data is None else self._protocol.received(data, now)
        for effect in effects:
            try:
                await self._do(effect)
            except Busy:
                self.missed()
        ear = self._ear
        if ear is not None and self._protocol.state is State.CONNECTED:  # whoever is here uses their session
            ear.used = self._core.recognised.went_on(ear.used, self._core.clock())

    async def _do(self, effect: Effect) -> None:
        match effect:
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Prove(user_name, ticket) if self._protocol.state is State.CONNECTED:
                await self._prove(user_name, ticket)
            case Hear() if self._protocol.state is State.CONNECTED:
                await self._hear(effect)
            case Unhear(filters):
                for text in filters:
                    self._unhear(text)
            case Said() if self._ear is not None and self._protocol.state is State.CONNECTED:
                await self._say(self._ear, effect)
            case _:
                self._perform([effect])

    async def _say(self, ear: Ear, effect: Said) -> None:
        here = saying.Here(self._core, self._hub, ear, ear.user_id, ear.id)
        try:
            found = await saying.say(here, effect.topic, effect.payload)
        except SessionEnded:
            self._hub.drop(ear, Cut.REVOKED)
        except Refusal:
            return  # there is no word for that (3.3.5-2)
        except Exception:
            log.exception("mqtt_broke", request_id=self._visit.request_id)
        else:
            if isinstance(found, bool) and found is not ear.is_away:
                ear.is_away = found
                self._hub.says(ear, is_away=found)

    async def _hear(self, effect: Hear) -> None:
        """Tokens first: what else is in the packet may be asked for by who they are of."""
        asked = [(text, topics.filter_in(text)) for text in effect.filters]
        tokens = {it.token: False for _, it in asked if isinstance(it, OfToken)}
        for token in tokens:
            tokens[token] = await self._come_in(token)
        if not all(tokens.values()):
            log.info("mqtt_refused", **self._whence, tokens=list(tokens.values()).count(False))
        seen = await self._seen({it.room for _, it in asked if isinstance(it, OfRoom)})
        are_heard, looked_at = [], []
        for text, it in asked:
            match it:
                case OfToken():
                    may = tokens[it.token]
                case OfRoom():
                    may = it.room in seen
                case OfChannel():
                    may = self._ear is None or it.app == self._ear.it.app.slug
                case OfUser():
                    may = self._subscriptions.has(text) or len(self._watched()) < MOST_WATCHED
                case None:
                    may = False
            may = may and it is not None and self._subscriptions.add(text, it)
            if may and isinstance(it, OfUser):
                self._watch(it.id)
                looked_at.append(it.id)
            are_heard.append(may)
        self._perform(self._protocol.heard(effect.packet_id, are_heard))
        if looked_at:
            await self.look(looked_at, again=True)

    def _unhear(self, text: str) -> None:
        it = self._subscriptions.remove(text)
        if isinstance(it, OfUser):
            self._shown.pop(it.id, None)
            if self._ear is not None:
                self._online.unwatch(self._ear.session.app_id, it.id, self)

    async def _seen(self, rooms: Collection[ConversationId]) -> set[ConversationId]:
        """Those that the session sees. Nobody is asked who they are yet: the hub tells nothing to nobody."""
        if self._ear is None or not rooms:
            return set(rooms)
        found = set()
        async with self._core.store.read() as tx:
            for room in rooms:
                try:
                    found.add((await visible(tx, visibility_of(self._ear.session), room)).id)
                except NotFound:
                    continue
        return found

    # Who they are

    async def _prove(self, user_name: str, ticket: str) -> None:
        """By a ticket of ``mqtt_config``. One that is spent does nothing: who comes back says the same again, and then
        the token in their topics says who they are."""
        with contextlib.suppress(Busy, Refusal):
            it = await tickets.redeem_live(self._core, ticket, self._visit.address)
            if it.user is not None and id_of(it.user) == user_name:
                await self._enter(it, "")

    async def _come_in(self, token: str) -> bool:
        """Whether it opens a session that may be here. Raises Busy."""
        try:
            it = await sessions.resume(self._core, token)
            if self._ear is not None and self._ear.session.id == it.session.id:
                self._ear.token = token
                return True
            return await self._enter(it, token)
        except Busy:
            raise
        except Refusal:
            return False

    async def _enter(self, it: Recognised, token: str) -> bool:
        """Whether they may be here; from then on they are. Nothing is told to a token that is not known yet."""
        if it.user is None or it.session.assurance is not Assurance.VERIFIED:
            return False
        if self._origin is not None and not it.app.policy.allows_origin(self._origin):
            return False
        ear = Ear(self, it, it.user, token)
        await self._hub.welcome(ear)
        self._leave()
        if self._protocol.state is not State.CONNECTED:  # it was cut meanwhile
            self._hub.forget(ear)
            return False
        self._arrive(ear)
        await self.look(self._watched())
        return True

    def _arrive(self, ear: Ear) -> None:
        session = ear.session
        log.info("mqtt_connected", **self._whence, app=session.app_id, user=ear.user_id, session=session.id)
        self._ear = ear
        self._known()
        self._hub.says(ear, is_away=False)
        for id in self._watched():
            self._watch(id)

    def _leave(self) -> None:
        ear, self._ear = self._ear, None
        if ear is None:
            return
        self._hub.forget(ear)
        for id in self._watched():
            self._online.unwatch(ear.session.app_id, id, self)
        self._shown.clear()

    @property
    def _whence(self) -> dict[str, str]:
        return {"request_id": self._visit.request_id, "address": self._visit.address}

    # Who else is here

    def _watched(self) -> list[str]:
        return [it.id for _, it in self._subscriptions if isinstance(it, OfUser)]

    def _watch(self, id: str) -> None:
        if self._ear is not None:
            self._online.watch(self._ear.session.app_id, id, self)

    async def look(self, ids: Collection[str], *, again: bool = False) -> None:
        """Tells what has changed of these users; everything, if the client asks again. Raises Busy."""
        ear = self._ear
        if ear is None or not ids:
            return
        names: dict[UserId, str] = {}
        for id in dict.fromkeys(ids):
            try:
                names[(await find_user(self._core, ear.it.app, "user_id", id)).id] = id
            except Refusal as refusal:
                if isinstance(refusal, Busy):
                    raise
        for user_id, it in (await whereabouts_by(self._core, self._hub, ear.it, names)).items():
            id = names[user_id]
            if ear is self._ear and (again or self._shown.get(id) is not it.is_here):
                payload = f"{int(it.is_here)}:{int(it.since.timestamp() * 1000)}".encode()
                if self.tell(OfUser(id), payload, retained=again):
                    self._shown[id] = it.is_here

    # As time goes by

    async def _look_after(self) -> None:
        looks = 0
        while True:
            await asyncio.sleep(LOOKED_AFTER)
            self._perform(self._protocol.waited(self._core.clock()))
            looks += 1
            if looks % LOOKS_AROUND == 0:
                try:
                    await self.look(self._watched())
                except Busy:
                    continue
                except Exception:
                    log.exception("mqtt_look_broke", request_id=self._visit.request_id)

    def _perform(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case Say(packet):
                    self._outgoing.say(packet)
                    if self._outgoing.is_too_much:
                        self._too_slow()
                case HangUp(code):
                    self._outgoing.hang_up(code)

    def _too_slow(self) -> None:
        if self._ear is not None:
            self._hub.drop(self._ear, Cut.TOO_SLOW)
        else:
            self.cut(Cut.TOO_SLOW)


async def _end_of(receive: Receive) -> int:
    while (message := await receive())["type"] != "websocket.disconnect":
        continue
    return int(message.get("code", 1006))
