"""MQTT 3.1.1 on the wire: packets out of bytes, and bytes of packets. Section numbers are those of the OASIS standard.

Reader      bytes as they come, in whatever pieces; whole packets as soon as they are there
Received    what a client can send
connack, suback, unsuback, puback, pubrec, pubcomp, pingresp, publish    what a server sends

What the standard calls malformed is Malformed, and the connection with it is to be closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

LARGEST_PACKET: Final = 64 * 1024
"""Bytes after the fixed header. Against memory filled by one client; lower would hurt who comes back to many rooms and
subscribes to all of them in one packet."""

LONGEST_TOPIC: Final = 1024  # bytes of UTF-8; ours have three hundred at most, and a room's unique id

LEVEL: Final = 4  # MQTT 3.1.1 (3.1.2.2)
REFUSED: Final = 0x80  # the return code of a subscription that is refused (3.9.3)


class _Kind(IntEnum):
    """What a client may send (2.2.1)."""

    CONNECT = 1
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    UNSUBSCRIBE = 10
    PINGREQ = 12
    DISCONNECT = 14


_FLAGS: Final = {_Kind.PUBREL: 0b0010, _Kind.SUBSCRIBE: 0b0010, _Kind.UNSUBSCRIBE: 0b0010}
"""What the lower half of the first byte must be (2.2.2); zero for those that are not here. PUBLISH has its own."""

_MOST_LENGTH_BYTES: Final = 4  # of the remaining length (2.2.3)


class Malformed(Exception):
    """This is no MQTT 3.1.1, or more of it than we take."""


@dataclass(frozen=True, slots=True)
class Connect:
    """``level`` is the only thing that is read of a version that is not spoken here. Wills are read to know that they
    are well-formed, and forgotten: nobody's last word is said."""

    level: int
    client_id: str = ""
    keep_alive: int = 0  # seconds
    is_clean: bool = True
    user_name: str = ""
    password: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Publish:
    topic: str
    payload: bytes
    qos: int
    packet_id: int | None  # none with QoS 0
    is_retained: bool


@dataclass(frozen=True, slots=True)
class Release:
    """The second half of a publication with QoS 2."""

    packet_id: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Of something that we published, which we never ask for."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    packet_id: int
    asked: tuple[tuple[str, int], ...]  # filters with the QoS that is wanted


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    packet_id: int
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ping:
    pass


@dataclass(frozen=True, slots=True)
class Disconnect:
    pass


Received = Connect | Publish | Release | Acknowledged | Subscribe | Unsubscribe | Ping | Disconnect


class Reader:
    """Keeps what is not whole yet: at most one packet, which is at most ``LARGEST_PACKET`` long."""

    __slots__ = ("_bytes",)

    def __init__(self) -> None:
        self._bytes = bytearray()

    def take(self, data: bytes) -> Iterator[Received]:
        """The packets that are whole now. Raises Malformed at the first one that is none, after those before it."""
        self._bytes += data
        while self._bytes:
            kind, flags = _head(self._bytes[0])  # before the rest of it is waited for
            body = self._cut()
            if body is None:
                return
            yield _packet(kind, flags, _Body(body))

    def _cut(self) -> bytes | None:
        length, shift, begins = 0, 0, 1
        while True:
            if begins >= len(self._bytes):
                return None
            byte = self._bytes[begins]
            begins += 1
            length |= (byte & 0x7F) << shift
            if length > LARGEST_PACKET:
                raise Malformed("it is too large")
            if not byte & 0x80:
                break
            if begins > _MOST_LENGTH_BYTES:
                raise Malformed("the remaining length has no end")
            shift += 7
        if len(self._bytes) < begins + length:
            return None
        body = bytes(self._bytes[begins : begins + length])
        del self._bytes[: begins + length]
        return body


def _head(first: int) -> tuple[_Kind, int]:
    try:
        kind = _Kind(first >> 4)
    except ValueError as error:
        raise Malformed("no client sends this") from error
    flags = first & 0x0F
    if kind is not _Kind.PUBLISH and flags != _FLAGS.get(kind, 0):
        raise Malformed("reserved flags are set")
    return kind, flags


def _packet(kind: _Kind, flags: int, it: _Body) -> Received:
    if kind is _Kind.PUBLISH:
        return _publish(flags, it)
    found = _without_flags(kind, it)
    it.check_end()
    return found


def _without_flags(kind: _Kind, it: _Body) -> Received:
    match kind:
        case _Kind.CONNECT:
            return _connect(it)
        case _Kind.PUBACK | _Kind.PUBREC | _Kind.PUBCOMP:
            it.packet_id()
            return Acknowledged()
        case _Kind.PUBREL:
            return Release(it.packet_id())
        case _Kind.SUBSCRIBE:
            packet_id, asked = it.packet_id(), []
            while it.is_more:
                asked.append((it.filter(), it.qos()))
            if not asked:
                raise Malformed("a subscription to nothing")
            return Subscribe(packet_id, tuple(asked))
        case _Kind.UNSUBSCRIBE:
            packet_id, filters = it.packet_id(), []
            while it.is_more:
                filters.append(it.filter())
            if not filters:
                raise Malformed("the end of a subscription to nothing")
            return Unsubscribe(packet_id, tuple(filters))
        case _Kind.PINGREQ:
            return Ping()
    return Disconnect()


def _connect(it: _Body) -> Connect:
    name, level = it.text(), it.byte()
    if name not in ("MQTT", "MQIsdp"):
        raise Malformed("it is not MQTT")
    if level != LEVEL or name != "MQTT":
        it.rest()
        return Connect(level if level != LEVEL else 0)
    flags, keep_alive = it.byte(), it.number()
    has_will, will_qos, keeps_will = flags & 0x04, flags >> 3 & 0b11, flags & 0x20
    has_password, has_name = flags & 0x40, flags & 0x80
    if flags & 0x01 or will_qos == 3 or (not has_will and (will_qos or keeps_will)) or (has_password and not has_name):
        raise Malformed("flags of CONNECT that cannot be")
    client_id = it.text()
    if has_will:
        it.topic()
        it.binary()
    user_name = it.text() if has_name else ""
    password = it.binary() if has_password else b""
    return Connect(level, client_id, keep_alive, bool(flags & 0x02), user_name, password)


def _publish(flags: int, it: _Body) -> Publish:
    qos = flags >> 1 & 0b11
    if qos == 3 or (qos == 0 and flags & 0b1000):
        raise Malformed("flags of PUBLISH that cannot be")
    topic = it.topic()
    packet_id = it.packet_id() if qos else None
    return Publish(topic, it.rest(), qos, packet_id, bool(flags & 0b0001))


class _Body:
    """What follows the fixed header, read from its beginning to its end."""

    __slots__ = ("_at", "_bytes")

    def __init__(self, body: bytes) -> None:
        self._bytes, self._at = body, 0

    @property
    def is_more(self) -> bool:
        return self._at < len(self._bytes)

    def check_end(self) -> None:
        if self.is_more:
            raise Malformed("there is more in it than belongs there")

    def byte(self) -> int:
        return self._take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self._take(2), "big")

    def packet_id(self) -> int:
        found = self.number()
        if found == 0:
            raise Malformed("zero names no packet")  # 2.3.1
        return found

    def binary(self) -> bytes:
        return self._take(self.number())

    def text(self) -> str:
        """UTF-8 without NUL, and without surrogates, which Python's decoder refuses (1.5.3)."""
        try:
            found = self.binary().decode()
        except UnicodeDecodeError as error:
            raise Malformed("a text is not UTF-8") from error
        if "\0" in found:
            raise Malformed("there is a NUL in a text")
        return found

    def filter(self) -> str:
        found = self.text()
        if not 0 < len(found.encode()) <= LONGEST_TOPIC:
            raise Malformed("a topic is empty or too long")
        return found

    def topic(self) -> str:
        """What is published to: no wildcard (3.3.2.1)."""
        found = self.filter()
        if "+" in found or "#" in found:
            raise Malformed("nothing is published to a wildcard")
        return found

    def qos(self) -> int:
        found = self.byte()
        if found > 2:
            raise Malformed("there is no such QoS")
        return found

    def rest(self) -> bytes:
        return self._take(len(self._bytes) - self._at)

    def _take(self, count: int) -> bytes:
        found = self._bytes[self._at : self._at + count]
        if len(found) != count:
            raise Malformed("it ends too early")
        self._at += count
        return found


# What a server sends

ACCEPTED: Final = 0
NOT_THIS_VERSION: Final = 1
NOT_THIS_CLIENT_ID: Final = 2


def connack(code: int) -> bytes:
    """There is never a session of before: what was missed is read over HTTP."""
    return bytes((0x20, 2, 0, code))


def suback(packet_id: int, codes: Sequence[int]) -> bytes:
    return _framed(0x90, packet_id.to_bytes(2, "big") + bytes(codes))


def unsuback(packet_id: int) -> bytes:
    return _framed(0xB0, packet_id.to_bytes(2, "big"))


def puback(packet_id: int) -> bytes:
    return _framed(0x40, packet_id.to_bytes(2, "big"))


def pubrec(packet_id: int) -> bytes:
    return _framed(0x50, packet_id.to_bytes(2, "big"))


def pubcomp(packet_id: int) -> bytes:
    return _framed(0x70, packet_id.to_bytes(2, "big"))


def pingresp() -> bytes:
    return bytes((0xD0, 0))


def publish(topic: str, payload: bytes, *, retained: bool = False) -> bytes:
    """With QoS 0, which is all that we promise. ``retained`` is said of what was so before somebody subscribed."""
    name = topic.encode()
    return _framed(0x31 if retained else 0x30, len(name).to_bytes(2, "big") + name + payload)


def _framed(first: int, body: bytes) -> bytes:
    head, length = bytearray((first,)), len(body)
    while True:
        length, byte = length >> 7, length & 0x7F
        head.append(byte | 0x80 if length else byte)
        if not length:
            return bytes(head) + body
