"""Realtime clients in this process: the server without a network, at the tests' own time.

connect, subscribe, publish, …   the bytes that a client sends
Packet                           one that the server sent
Line                             one connection, packet by packet
Realtime                         people who log in, connect, and talk
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from starlette.types import ASGIApp, Message

from acquaint.bootstrap import House, build_app
from acquaint.dialects.qiscus.auth import DOOR, QISCUS_LIFETIME
from acquaint.dialects.qiscus.news import Telling
from acquaint.dialects.qiscus.stream import Stream
from acquaint.domain.apps import App
from acquaint.domain.conversations import ConversationId, ConversationKind
from acquaint.domain.identities import NO_CHANGE
from acquaint.domain.users import UserId
from acquaint.ports.store import Recognised
from acquaint.realtime.hub import Hub
from acquaint.services import apps, conversations, sessions, sign_in
from acquaint.services.admission import Place
from tests.cast import Cast, Person
from tests.support.patience import PATIENCE, until

ADDRESS = "203.0.113.7"
REFUSED = 0x80
PING = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"
LOOKS_UP = {Stream._say_all.__qualname__, Telling._write.__qualname__}


def framed(first: int, body: bytes) -> bytes:
    """With as many bytes of length as it takes."""
    head, length = bytearray([first]), len(body)
    while length > 127:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + body


def text(it: str | bytes) -> bytes:
    it = it.encode() if isinstance(it, str) else it
    return len(it).to_bytes(2, "big") + it


def connect(
    client_id: str = "acme_undefined_1",
    *,
    name: str = "MQTT",
    level: int = 4,
    flags: int = 0x02,
    keep_alive: int = 60,
    more: bytes = b"",
) -> bytes:
    return framed(0x10, text(name) + bytes([level, flags]) + keep_alive.to_bytes(2, "big") + text(client_id) + more)


def subscribe(*filters: str, packet_id: int = 1, qos: int = 0) -> bytes:
    return framed(0x82, packet_id.to_bytes(2, "big") + b"".join(text(it) + bytes([qos]) for it in filters))


def unsubscribe(*filters: str, packet_id: int = 1) -> bytes:
    return framed(0xA2, packet_id.to_bytes(2, "big") + b"".join(text(it) for it in filters))


def publish(topic: str, payload: bytes, *, qos: int = 0, packet_id: int = 1, retained: bool = False) -> bytes:
    id = packet_id.to_bytes(2, "big") if qos else b""
    return framed(0x30 | qos << 1 | retained, text(topic) + id + payload)


@dataclass(frozen=True)
class Packet:
    first: int
    body: bytes

    @property
    def kind(self) -> int:
        return self.first >> 4

    @property
    def is_retained(self) -> bool:
        return bool(self.first & 1)

    @property
    def topic(self) -> str:
        assert self.kind == 3, self
        return self.body[2 : 2 + int.from_bytes(self.body[:2], "big")].decode()

    @property
    def payload(self) -> bytes:
        return self.body[2 + int.from_bytes(self.body[:2], "big") :]

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.payload)

    @property
    def codes(self) -> list[int]:
        assert self.kind == 9, self
        return list(self.body[2:])


def packets_in(data: bytes) -> list[Packet]:
    found, at = [], 0
    while at < len(data):
        first, length, shift = data[at], 0, 0
        while True:
            at += 1
            length |= (data[at] & 0x7F) << shift
            shift += 7
            if not data[at] & 0x80:
                break
        found.append(Packet(first, data[at + 1 : at + 1 + length]))
        at += 1 + length
    return found


def is_looked_up() -> bool:
    """Whether something that is about to be told is looked up first."""
    return any(it.get_coro().__qualname__ in LOOKS_UP for it in asyncio.all_tasks())  # type: ignore[union-attr]


class Line:
    """A connection. What is not waited for stays to be read."""

    def __init__(
        self,
        app: ASGIApp,
        hub: Hub,
        *,
        address: str = ADDRESS,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        subprotocols: tuple[str, ...] = ("mqtt",),
    ) -> None:
        scope = {
            "type": "websocket",
            "path": "/mqtt",
            "query_string": b"wss://",
            "headers": headers,
            "client": (address, 40000),
            "scheme": "ws",
            "subprotocols": list(subprotocols),
        }
        self._hub = hub
        self._to_them: asyncio.Queue[Message] = asyncio.Queue()
        self._packets: asyncio.Queue[Packet | None] = asyncio.Queue()
        self._to_them.put_nowait({"type": "websocket.connect"})
        self._reads = asyncio.Event()
        self._reads.set()
        self.refused: int | None = None
        self.code: int | None = None
        self.subprotocol: str | None = None
        self._task = asyncio.get_running_loop().create_task(self._run(app, scope))

    async def _run(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        try:
            await app(scope, self._to_them.get, self._heard)
        finally:
            self._packets.put_nowait(None)

    async def _heard(self, message: Any) -> None:
        await self._reads.wait()
        match message["type"]:
            case "websocket.accept":
                self.subprotocol = message["subprotocol"]
            case "websocket.http.response.start":
                self.refused = message["status"]
            case "websocket.send":
                for packet in packets_in(message["bytes"]):
                    self._packets.put_nowait(packet)
            case "websocket.close":
                self.code = message["code"]
                self._to_them.put_nowait({"type": "websocket.disconnect", "code": message["code"]})

    def say(self, *packets: bytes) -> None:
        for it in packets:
            self._to_them.put_nowait({"type": "websocket.receive", "bytes": it})

    def say_text(self, said: str) -> None:
        self._to_them.put_nowait({"type": "websocket.receive", "text": said})

    def stops_reading(self) -> None:
        self._reads.clear()

    def hang_up(self) -> None:
        self._to_them.put_nowait({"type": "websocket.disconnect", "code": 1006})

    async def packet(self) -> Packet:
        async with asyncio.timeout(PATIENCE):
            packet = await self._packets.get()
        if packet is None:
            self._packets.put_nowait(None)
            raise EOFError("the connection is closed")
        return packet

    async def until(self, holds: Callable[[Packet], Any]) -> Packet:
        while True:
            packet = await self.packet()
            if holds(packet):
                return packet

    async def end(self) -> list[Packet]:
        """Reads to the end."""
        packets = []
        try:
            while True:
                packets.append(await self.packet())
        except EOFError:
            await self._task
            return packets

    async def rest(self) -> list[Packet]:
        """All that was told up to now, and not read: what was asked before is done, and its news are told."""
        packets = await self._until_answered()
        await until(lambda: not self._hub._untold and not is_looked_up())
        return packets + await self._until_answered()

    async def _until_answered(self) -> list[Packet]:
        self.say(PING)
        packets = []
        while (packet := await self.packet()).kind != 13:
            packets.append(packet)
        return packets

    async def open(self, **how: Any) -> None:
        self.say(connect(**how))
        assert await self.packet() == Packet(0x20, b"\0\0")

    async def subscribe(self, *filters: str) -> list[int]:
        """The code of each; what is told meanwhile is put back."""
        self.say(subscribe(*filters))
        before = []
        while (packet := await self.packet()).kind != 9:
            before.append(packet)
        for it in before:
            self._packets.put_nowait(it)
        return packet.codes


class Talker(Line):
    """Somebody's connection, with their session."""

    def __init__(self, app: ASGIApp, hub: Hub, it: Recognised, token: str, name: str, **how: Any) -> None:
        super().__init__(app, hub, **how)
        self.it, self.token, self.name = it, token, name

    @property
    def id(self) -> UserId:
        return cast(UserId, self.it.session.user_id)

    async def come_in(self) -> None:
        await self.open(client_id=f"acme_{self.name}_1")
        assert await self.subscribe(*(f"{self.token}/{it}" for it in ("c", "n", "update"))) == [0, 0, 0]

    async def enter(self, room: ConversationId, peer: str | None = None) -> list[int]:
        """As the vendor's SDK does when a room is opened."""
        filters = [f"r/{room}/typing", *(f"r/{room}/{room}/+/{it}" for it in "tdr")]
        return await self.subscribe(*([] if peer is None else [f"u/{peer}/s"]), *filters)

    def type(self, room: ConversationId, on: bool = True, *, as_: str | None = None) -> None:
        self.say(publish(f"r/{room}/{room}/{as_ or self.name}/t", b"1" if on else b"0"))

    def is_here(self, payload: bytes = b"1", *, as_: str | None = None) -> None:
        self.say(publish(f"u/{as_ or self.name}/s", payload, retained=True))


class Realtime:
    def __init__(self, house: House, acme: Cast) -> None:
        self.house, self.core, self.acme = house, house.core, acme
        self.app = build_app(house)
        self.tickets: dict[str, str] = {}  # what renews a token

    async def signed_up(self, who: Person, app: App | None = None) -> tuple[Recognised, str]:
        """A session of theirs, and its token."""
        app = app or await apps.named(self.core, str(self.acme.app.id))
        place = Place(DOOR, QISCUS_LIFETIME, ADDRESS, renews=True)
        admission = await sign_in.login_or_register(self.core, app, who.by_login, who.password, NO_CHANGE, place)
        assert admission.token is not None
        self.tickets[admission.token] = admission.renewal or ""
        return await sessions.resume(self.core, admission.token), admission.token

    def line(self, **how: Any) -> Line:
        return Line(self.app, self.house.hub, **how)

    async def talker(self, who: Person, app: App | None = None, **how: Any) -> Talker:
        """Somebody who is connected."""
        it, token = await self.signed_up(who, app)
        talker = Talker(self.app, self.house.hub, it, token, who.by_login.value, **how)
        await talker.come_in()
        return talker

    async def room(
        self, owner: Talker, *others: Talker, kind: ConversationKind = ConversationKind.GROUP, **how: Any
    ) -> ConversationId:
        title = None if kind is ConversationKind.DIRECT else "Rowing"
        seen, _ = await conversations.start(
            self.core, owner.it, kind=kind, title=title, with_users=[it.id for it in others], **how
        )
        return seen.conversation.id
