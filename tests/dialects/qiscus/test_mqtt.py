"""What may be said on a realtime connection, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquaint.dialects.qiscus import packets
from acquaint.dialects.qiscus.mqtt import (
    BROKEN,
    GOING_AWAY,
    LONGEST_SILENCE,
    MOST_REFUSED,
    MOST_UNRELEASED,
    NEXT,
    NORMAL,
    POLICY,
    Effect,
    HangUp,
    Hear,
    Move,
    Pause,
    Protocol,
    Say,
    State,
    Told,
    Unhear,
)
from acquaint.services.live import Cut
from acquaint.web.flow import AT_ONCE, FRAMES
from tests.dialects.qiscus.realtime import DISCONNECT, PING, connect, framed, publish, subscribe, text, unsubscribe

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ACCEPTED = Say(packets.connack(0))
AGAIN = framed(0x62, b"\0\1")  # PUBREL


@pytest.fixture
def protocol() -> Protocol:
    return Protocol(NOW)


@pytest.fixture
def connected(protocol: Protocol) -> Protocol:
    assert protocol.received(connect(), NOW) == [ACCEPTED]
    return protocol


def said(*effects: Effect) -> list[Effect]:
    return list(effects)


def test_a_move_that_is_not_in_the_table_is_not_made() -> None:
    assert {move for _, move in NEXT} == set(Move)
    assert all((State.CLOSED, move) not in NEXT for move in Move)


@pytest.mark.parametrize("first", [PING, DISCONNECT, publish("a", b""), subscribe("a"), unsubscribe("a"), AGAIN])
def test_before_connect_nothing_is_heard(protocol: Protocol, first: bytes) -> None:
    assert protocol.received(first + connect(), NOW) == [HangUp(BROKEN)]
    assert protocol.state is State.CLOSED
    assert protocol.received(connect(), NOW) == []


def test_connect_comes_once(connected: Protocol) -> None:
    assert connected.received(connect() + PING, NOW) == [HangUp(BROKEN)]


@pytest.mark.parametrize(
    "how",
    [
        connect("", flags=0x02),
        connect("acme_undefined_1"),
        connect("a", flags=0),  # Android: nothing was kept, and that is said
        connect("a", flags=0b1100_0010, more=text("any") + text(b"thing")),
        connect("a", flags=0b0010_1110, more=text("u/somebody else/s") + text(b"0")),
    ],
)
def test_anybody_may_connect_and_is_nobody(protocol: Protocol, how: bytes) -> None:
    assert protocol.received(how, NOW) == [ACCEPTED]


def test_other_versions_are_told_so(protocol: Protocol) -> None:
    assert protocol.received(connect(level=5), NOW) == [Say(packets.connack(1)), HangUp(NORMAL)]


def test_a_session_that_is_to_be_kept_needs_a_name(protocol: Protocol) -> None:
    assert protocol.received(connect("", flags=0), NOW) == [Say(packets.connack(2)), HangUp(NORMAL)]


def test_what_is_said_becomes_what_is_to_be_done(connected: Protocol) -> None:
    effects = connected.received(
        PING + subscribe("a/c", "b/c", packet_id=7, qos=2) + unsubscribe("a/c", packet_id=8) + publish("u/a/s", b"1"),
        NOW,
    )
    assert effects == [
        Say(packets.pingresp()),
        Hear(7, ("a/c", "b/c")),
        Unhear(("a/c",)),
        Say(packets.unsuback(8)),
        Told("u/a/s", b"1"),
    ]
    assert connected.heard(7, [True, False]) == (Say(packets.suback(7, [0, 0x80])),)


def test_a_publication_is_done_once_whatever_its_qos(connected: Protocol) -> None:
    told = Told("u/a/s", b"1")
    assert connected.received(publish("u/a/s", b"1", qos=1), NOW) == [told, Say(packets.puback(1))]
    twice = publish("u/a/s", b"1", qos=2)
    assert connected.received(twice, NOW) == [told, Say(packets.pubrec(1))]
    assert connected.received(twice, NOW) == [Say(packets.pubrec(1))]
    assert connected.received(AGAIN, NOW) == [Say(packets.pubcomp(1))]
    assert connected.received(AGAIN, NOW) == [Say(packets.pubcomp(1))]
    assert connected.received(twice, NOW) == [told, Say(packets.pubrec(1))]


def test_halves_of_publications_do_not_pile_up(connected: Protocol) -> None:
    for id in range(1, MOST_UNRELEASED + 1):
        connected.received(publish("a", b"", qos=2, packet_id=id), NOW)
    effects = connected.received(publish("a", b"", qos=2, packet_id=MOST_UNRELEASED + 1), NOW)
    assert effects == [HangUp(POLICY)]


def test_disconnect_is_the_end(connected: Protocol) -> None:
    assert connected.received(DISCONNECT + publish("u/a/s", b"1"), NOW) == [HangUp(NORMAL)]
    assert connected.tell("a/c", b"{}") == ()
    assert connected.heard(1, [True]) == ()
    assert connected.cut(Cut.REVOKED) == ()


def test_what_is_broken_is_the_end_after_what_was_whole(connected: Protocol) -> None:
    assert connected.received(PING + b"\xf0\0" + PING, NOW) == [Say(packets.pingresp()), HangUp(BROKEN)]
    assert connected.received(PING, NOW) == []


def test_text_is_no_mqtt(connected: Protocol) -> None:
    assert connected.received_text() == (HangUp(BROKEN),)


@pytest.mark.parametrize(
    ("keep_alive", "silence"),
    [(60, timedelta(seconds=90)), (10, timedelta(seconds=15)), (0, LONGEST_SILENCE), (65535, LONGEST_SILENCE)],
)
def test_silence_ends_it(protocol: Protocol, keep_alive: int, silence: timedelta) -> None:
    protocol.received(connect(keep_alive=keep_alive), NOW)
    assert protocol.waited(NOW + silence) == ()
    assert protocol.waited(NOW + silence + timedelta(seconds=1)) == (HangUp(POLICY),)


def test_a_trickle_of_half_a_packet_is_silence(connected: Protocol) -> None:
    for second, byte in enumerate(subscribe("a" * 100)[:-1]):
        connected.received(bytes([byte]), NOW + timedelta(seconds=second))
    assert connected.waited(NOW + timedelta(seconds=91)) == (HangUp(POLICY),)


def test_a_ping_keeps_it(connected: Protocol) -> None:
    connected.received(PING, NOW + timedelta(seconds=80))
    assert connected.waited(NOW + timedelta(seconds=160)) == ()


def test_who_talks_too_fast_is_read_more_slowly(connected: Protocol) -> None:
    effects = connected.received(PING * int(FRAMES * AT_ONCE * 2), NOW)
    assert isinstance(effects[-1], Pause)
    assert effects[-1].seconds == 2
    many = subscribe(*(f"r/{it}/typing" for it in range(400)))
    assert isinstance(Protocol(NOW).received(connect() + many, NOW)[-1], Pause)


def test_who_tries_out_rooms_is_cut_off(connected: Protocol) -> None:
    assert connected.heard(1, [False] * MOST_REFUSED) == (Say(packets.suback(1, [0x80] * MOST_REFUSED)),)
    assert connected.heard(2, [True, False])[-1] == HangUp(POLICY)


@pytest.mark.parametrize("why", Cut)
def test_every_cut_has_its_code(connected: Protocol, why: Cut) -> None:
    assert connected.cut(why) == (HangUp(GOING_AWAY if why is Cut.GOING_AWAY else POLICY),)
    assert connected.state is State.CLOSED


def test_who_may_have_missed_something_is_to_come_again(connected: Protocol) -> None:
    assert connected.missed() == (HangUp(GOING_AWAY),)


PIECES = st.one_of(
    st.binary(max_size=50),
    st.sampled_from(
        [
            connect(),
            PING,
            DISCONNECT,
            AGAIN,
            publish("u/a/s", b"1", qos=2),
            subscribe("a/c", "#", "+/c"),
            unsubscribe("a/c"),
        ]
    ),
)


@given(st.lists(PIECES, max_size=60), st.booleans())
def test_whatever_comes_it_never_breaks_and_hangs_up_once(pieces: list[bytes], is_connected: bool) -> None:
    protocol = Protocol(NOW)
    effects: list[Effect] = []
    for number, piece in enumerate([connect(), *pieces] if is_connected else pieces):
        effects += protocol.received(piece, NOW + timedelta(seconds=number))
    ends = [it for it in effects if isinstance(it, HangUp)]
    assert len(ends) == (protocol.state is State.CLOSED)
    assert not ends or effects[-1] == ends[0]
    assert len(protocol._unreleased) <= MOST_UNRELEASED
