"""MQTT on the wire: bytes that are packets, and bytes that are none."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquaint.dialects.qiscus import packets
from acquaint.dialects.qiscus.packets import (
    LARGEST_PACKET,
    LONGEST_TOPIC,
    Acknowledged,
    Connect,
    Disconnect,
    Malformed,
    Ping,
    Publish,
    Reader,
    Received,
    Release,
    Subscribe,
    Unsubscribe,
)
from tests.dialects.qiscus.realtime import (
    DISCONNECT,
    PING,
    Packet,
    connect,
    framed,
    packets_in,
    publish,
    subscribe,
    text,
    unsubscribe,
)

WILL = text("u/ann/s") + text(b"0")

GOOD: list[tuple[bytes, Received]] = [
    (connect("a"), Connect(4, "a", 60, True)),
    (connect("", flags=0), Connect(4, "", 60, False)),
    (connect("a", keep_alive=0), Connect(4, "a", 0, True)),
    (connect("a", flags=0b0000_0110, more=WILL), Connect(4, "a", 60, True)),
    (connect("a", flags=0b0010_1110, more=text("u/ann/s") + text(b"")), Connect(4, "a", 60, True)),
    (connect("a", flags=0b1000_0010, more=text("name")), Connect(4, "a", 60, True, "name")),
    (connect("a", flags=0b1100_0010, more=text("name") + text(b"\xff")), Connect(4, "a", 60, True, "name", b"\xff")),
    (
        connect("a", flags=0b1111_0110, more=WILL + text("name") + text(b"word")),
        Connect(4, "a", 60, True, "name", b"word"),
    ),
    (connect("a", level=5, more=b"whatever comes"), Connect(5)),
    (connect("a", name="MQIsdp", level=3), Connect(3)),
    (connect("a", name="MQIsdp", level=4), Connect(0)),
    (publish("u/ann/s", b"1"), Publish("u/ann/s", b"1", 0, None, False)),
    (publish("u/ann/s", b"", retained=True), Publish("u/ann/s", b"", 0, None, True)),
    (publish("u/ann/s", b"1", qos=1, packet_id=7), Publish("u/ann/s", b"1", 1, 7, False)),
    (publish("u/ännchen/s", b"1", qos=2, packet_id=65535), Publish("u/ännchen/s", b"1", 2, 65535, False)),
    (subscribe("a/c", "a/n", packet_id=9, qos=2), Subscribe(9, (("a/c", 2), ("a/n", 2)))),
    (unsubscribe("a/c", packet_id=9), Unsubscribe(9, ("a/c",))),
    (b"\x40\x02\0\1", Acknowledged()),
    (b"\x50\x02\0\1", Acknowledged()),
    (b"\x70\x02\0\1", Acknowledged()),
    (b"\x62\x02\0\1", Release(1)),
    (PING, Ping()),
    (DISCONNECT, Disconnect()),
]

BAD = {
    "no client sends packet type 0": b"\0\0",
    "no client sends CONNACK": b"\x20\x02\0\0",
    "no client sends SUBACK": b"\x90\x03\0\1\0",
    "no client sends PINGRESP": b"\xd0\0",
    "type 15 is reserved": b"\xf0\0",
    "a length of five bytes": b"\xc0\x80\x80\x80\x80\x01",
    "a length that never ends": b"\x30\xff\xff\xff\xff\xff",
    "a length beyond the largest": framed(0x30, b"")[:1] + b"\x81\x80\x04",
    "flags on PINGREQ": b"\xc1\0",
    "a body in PINGREQ": b"\xc0\x01\0",
    "a body in DISCONNECT": b"\xe0\x01\0",
    "SUBSCRIBE without its flag": b"\x80" + subscribe("a")[1:],
    "UNSUBSCRIBE without its flag": b"\xa0" + unsubscribe("a")[1:],
    "PUBREL without its flag": b"\x60\x02\0\1",
    "another protocol": connect(name="HTTP"),
    "the reserved flag of CONNECT": connect(flags=0x03),
    "a will of QoS 3": connect(flags=0b0001_1110, more=WILL),
    "a QoS without a will": connect(flags=0b0000_1010),
    "a kept will without a will": connect(flags=0b0010_0010),
    "a password without a name": connect(flags=0b0100_0010, more=text("word")),
    "a will that is missing": connect(flags=0b0000_0110),
    "a will to a wildcard": connect(flags=0b0000_0110, more=text("u/+/s") + text(b"0")),
    "a will to nothing": connect(flags=0b0000_0110, more=text("") + text(b"0")),
    "more in CONNECT than belongs there": connect(more=b"x"),
    "a client id that is too short": framed(0x10, text("MQTT") + b"\4\2\0\x3c\0\5abc"),
    "a client id that is not UTF-8": framed(0x10, text("MQTT") + b"\4\2\0\x3c" + text(b"\xff")),
    "a surrogate": framed(0x10, text("MQTT") + b"\4\2\0\x3c" + text(b"\xed\xa0\x80")),
    "a NUL": connect("a\0b"),
    "PUBLISH of QoS 3": b"\x36" + publish("a", b"", qos=2)[1:],
    "a duplicate of QoS 0": b"\x38" + publish("a", b"")[1:],
    "PUBLISH to nothing": publish("", b"x"),
    "PUBLISH to everything": publish("#", b"x"),
    "PUBLISH to a wildcard": publish("u/+/s", b"1"),
    "PUBLISH without a packet id": framed(0x32, text("a")),
    "PUBLISH number zero": publish("a", b"", qos=1, packet_id=0),
    "a topic that is too long": publish("a" * (LONGEST_TOPIC + 1), b""),
    "SUBSCRIBE to nothing": framed(0x82, b"\0\1"),
    "SUBSCRIBE to an empty filter": subscribe(""),
    "SUBSCRIBE with QoS 3": subscribe("a", qos=3),
    "SUBSCRIBE number zero": subscribe("a", packet_id=0),
    "SUBSCRIBE without a QoS": framed(0x82, b"\0\1" + text("a")),
    "UNSUBSCRIBE of nothing": framed(0xA2, b"\0\1"),
    "PUBACK without a packet id": b"\x40\x01\0",
}


@pytest.mark.parametrize(("data", "packet"), GOOD)
def test_these_bytes_are_this_packet(data: bytes, packet: Received) -> None:
    assert list(Reader().take(data)) == [packet]


@pytest.mark.parametrize(("data", "packet"), GOOD)
def test_the_same_one_byte_at_a_time(data: bytes, packet: Received) -> None:
    reader = Reader()
    found = [it for byte in data for it in reader.take(bytes([byte]))]
    assert found == [packet]


def test_many_at_once() -> None:
    assert list(Reader().take(b"".join(data for data, _ in GOOD))) == [packet for _, packet in GOOD]


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_these_are_none(data: bytes) -> None:
    with pytest.raises(Malformed):
        list(Reader().take(data))


def test_what_came_before_a_broken_packet_is_still_taken() -> None:
    taken = Reader().take(PING + b"\xf0\0")
    assert next(taken) == Ping()
    with pytest.raises(Malformed):
        next(taken)


def test_a_packet_may_be_as_large_as_the_largest_and_no_larger() -> None:
    payload = b"x" * (LARGEST_PACKET - len(text("a")))
    [packet] = Reader().take(publish("a", payload))
    assert isinstance(packet, Publish)
    assert packet.payload == payload
    with pytest.raises(Malformed):
        list(Reader().take(publish("a", payload + b"x")[:5]))  # known by its head already


@given(st.lists(st.binary(max_size=300), max_size=30))
def test_whatever_comes_is_packets_or_malformed_and_not_kept_without_bound(pieces: list[bytes]) -> None:
    reader = Reader()
    with contextlib.suppress(Malformed):
        for it in pieces:
            for _ in reader.take(it):
                pass
            assert len(reader._bytes) <= LARGEST_PACKET + 5


@given(st.sampled_from([data for data, _ in GOOD]), st.integers(0, 200), st.integers(0, 255))
def test_one_wrong_byte_breaks_nothing_but_the_packet(data: bytes, at: int, byte: int) -> None:
    broken = bytearray(data)
    broken[at % len(broken)] = byte
    with contextlib.suppress(Malformed):
        list(Reader().take(bytes(broken)))


@given(st.text(min_size=1, max_size=40), st.binary(max_size=40_000), st.booleans())
def test_what_is_published_is_read_again(topic: str, payload: bytes, retained: bool) -> None:
    [packet] = packets_in(packets.publish(topic, payload, retained=retained))
    assert (packet.topic, packet.payload, packet.is_retained) == (topic, payload, retained)


def test_the_answers() -> None:
    said = [
        packets.connack(0),
        packets.suback(258, [0, 0x80]),
        packets.unsuback(2),
        packets.puback(3),
        packets.pubrec(4),
        packets.pubcomp(5),
        packets.pingresp(),
    ]
    assert packets_in(b"".join(said)) == [
        Packet(0x20, b"\0\0"),
        Packet(0x90, b"\x01\x02\x00\x80"),
        Packet(0xB0, b"\0\2"),
        Packet(0x40, b"\0\3"),
        Packet(0x50, b"\0\4"),
        Packet(0x70, b"\0\5"),
        Packet(0xD0, b""),
    ]
