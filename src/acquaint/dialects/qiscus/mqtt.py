"""What may be said on a realtime connection, and when. No socket, no clock, no task.

Rule 1: bytes come in, and what came of an effect, and the time; what is to be done comes out, as effects, in order.
Rule 2: client ids and wills prove nothing, and are read and forgotten: two connections may have the same client id and
        neither is in the other's way, and nobody's last word is said in anybody else's name.
Rule 3: who somebody is is what the token in a topic opens (``topics.OfToken``), or the ticket that is the password; a
        password that is none is as no password. What they may hear and say is not decided here but by whoever does the
        effects.
Rule 4: what is broken ends the connection, as the standard has it; there are no words for why.
Rule 5: nothing is kept for who is away, and nothing is sent twice: what was missed is read over HTTP. So every
        subscription is granted QoS 0, and every session is a clean one.

                 connect        others       hung up
    NEW          CONNECTED      (broken)     CLOSED
    CONNECTED    (broken)       CONNECTED    CLOSED     subscribing, publishing, pings
    CLOSED                                              nothing is heard, nothing is said

MQTT 3.1.1 (OASIS Standard, 29 October 2014), as far as a server that keeps nothing needs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from ...domain.tokens import TokenKind, is_well_formed
from ...services.live import Cut
from ...web.flow import Flow
from . import packets
from .packets import LEVEL, Connect, Malformed, Publish, Reader

SLACK: Final = 1.5  # times the keep-alive that a client may be silent (3.1.2.10)

LONGEST_SILENCE: Final = timedelta(minutes=30)
"""Also for who asks for a longer keep-alive, or for none. Against connections whose other end is gone; lower would hurt
phones that save power."""

MOST_UNRELEASED: Final = 100
"""Publications with QoS 2 whose second half did not come. Against filling the memory."""

MOST_REFUSED: Final = 500
"""Subscriptions of one connection that were refused. Against trying rooms out; lower would hurt a phone that was
removed from many rooms while it was away."""

# RFC 6455, section 7.4.1; over TCP the connection is closed without one
NORMAL: Final = 1000
GOING_AWAY: Final = 1001
BROKEN: Final = 1002
POLICY: Final = 1008

_CUTS: Final[Mapping[Cut, int]] = {
    Cut.REVOKED: POLICY,
    Cut.EXPIRED: POLICY,
    Cut.CHANGED: POLICY,
    Cut.TOO_SLOW: POLICY,
    Cut.GOING_AWAY: GOING_AWAY,
}


class State(Enum):
    NEW = auto()
    CONNECTED = auto()
    CLOSED = auto()


class Move(Enum):
    """What changes the state."""

    CONNECTED = auto()
    HUNG_UP = auto()


NEXT: Final[Mapping[tuple[State, Move], State]] = {
    (State.NEW, Move.CONNECTED): State.CONNECTED,
    (State.NEW, Move.HUNG_UP): State.CLOSED,
    (State.CONNECTED, Move.HUNG_UP): State.CLOSED,
}
"""A move that is not here is not made."""


@dataclass(frozen=True, slots=True)
class Say:
    """The packet is to be sent."""

    packet: bytes


@dataclass(frozen=True, slots=True)
class HangUp:
    """The connection is to be closed, after what was said."""

    code: int


@dataclass(frozen=True, slots=True)
class Pause:
    """The client sends more than we read: nothing is read of it for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Prove:
    """The client says who it is, and has a ticket of theirs."""

    user_name: str
    ticket: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hear:
    """The client wants to hear of these; ``heard`` is to be told which of them it may."""

    packet_id: int
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unhear:
    """The client does not want to hear of these any more."""

    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """The client says this to whoever hears the topic."""

    topic: str
    payload: bytes


Effect = Say | HangUp | Pause | Prove | Hear | Unhear | Told


class Protocol:
    """The server's side of one connection."""

    __slots__ = ("_flow", "_heard_at", "_longest_silence", "_reader", "_refused", "_unreleased", "state")

    def __init__(self, now: datetime) -> None:
        self.state: State = State.NEW
        self._reader, self._flow = Reader(), Flow(now)
        self._heard_at, self._longest_silence = now, LONGEST_SILENCE
        self._unreleased: set[int] = set()
        self._refused = 0

    # What comes in

    def received(self, data: bytes, now: datetime) -> Sequence[Effect]:
        """Some bytes, which may be a part of a packet, or many."""
        effects: list[Effect] = []
        weight = 0
        try:
            for packet in self._reader.take(data) if self.state is not State.CLOSED else ():
                self._heard_at = now
                weight += len(packet.asked) if isinstance(packet, packets.Subscribe) else 1
                effects += self._heard(packet)
                if self.state is State.CLOSED:
                    return effects
        except Malformed:
            return [*effects, *self._hang_up(BROKEN)]
        pause = self._flow.take(len(data), now, frames=weight)
        return [*effects, Pause(pause)] if pause else effects

    def received_text(self) -> Sequence[Effect]:
        """The client sent text, which MQTT over WebSocket forbids (6.0-1)."""
        return self._hang_up(BROKEN)

    def heard(self, packet_id: int, are_heard: Sequence[bool]) -> Sequence[Effect]:
        """Which of the filters of ``Hear`` the client hears from now on, in their order."""
        if self.state is not State.CONNECTED:
            return ()
        codes = [0 if it else packets.REFUSED for it in are_heard]
        self._refused += codes.count(packets.REFUSED)
        answer = Say(packets.suback(packet_id, codes))
        return (answer,) if self._refused <= MOST_REFUSED else (answer, *self._hang_up(POLICY))

    def tell(self, topic: str, payload: bytes, *, retained: bool = False) -> Sequence[Effect]:
        """Something is to be heard by the client."""
        return (Say(packets.publish(topic, payload, retained=retained)),) if self.state is State.CONNECTED else ()

    def waited(self, now: datetime) -> Sequence[Effect]:
        """Some time passed."""
        return self._hang_up(POLICY) if now - self._heard_at > self._longest_silence else ()

    def missed(self) -> Sequence[Effect]:
        """Something may have happened that nobody will tell. A client that connects again reads what it missed."""
        return self._hang_up(GOING_AWAY)

    def cut(self, why: Cut) -> Sequence[Effect]:
        """The server ends it."""
        return self._hang_up(_CUTS[why])

    # What it means

    def _heard(self, packet: packets.Received) -> Sequence[Effect]:
        if isinstance(packet, Connect):
            return self._connect(packet)
        if self.state is State.NEW:
            return self._hang_up(BROKEN)  # the first packet is CONNECT (3.1-1)
        match packet:
            case packets.Subscribe(packet_id, asked):
                return (Hear(packet_id, tuple(it for it, _ in asked)),)
            case packets.Unsubscribe(packet_id, filters):
                return (Unhear(filters), Say(packets.unsuback(packet_id)))
            case Publish():
                return self._publish(packet)
            case packets.Release(packet_id):
                self._unreleased.discard(packet_id)
                return (Say(packets.pubcomp(packet_id)),)
            case packets.Ping():
                return (Say(packets.pingresp()),)
            case packets.Disconnect():
                return self._hang_up(NORMAL)
        return ()

    def _connect(self, packet: Connect) -> Sequence[Effect]:
        if self.state is not State.NEW:
            return self._hang_up(BROKEN)  # once only (3.1-2)
        if packet.level != LEVEL:
            return (Say(packets.connack(packets.NOT_THIS_VERSION)), *self._hang_up(NORMAL))
        if not packet.client_id and not packet.is_clean:
            return (Say(packets.connack(packets.NOT_THIS_CLIENT_ID)), *self._hang_up(NORMAL))  # 3.1.3-8
        self._move(Move.CONNECTED)
        if packet.keep_alive:
            self._longest_silence = min(timedelta(seconds=packet.keep_alive * SLACK), LONGEST_SILENCE)
        accepted = Say(packets.connack(packets.ACCEPTED))
        ticket = packet.password.decode("ascii", "replace")
        if not packet.user_name or not is_well_formed(ticket, TokenKind.TICKET):
            return (accepted,)
        return (Prove(packet.user_name, ticket), accepted)

    def _publish(self, packet: Publish) -> Sequence[Effect]:
        """What may not be said is acknowledged all the same: MQTT 3.1.1 has no other answer (3.3.5-2)."""
        told = Told(packet.topic, packet.payload)
        if packet.packet_id is None:
            return (told,)
        if packet.qos == 1:
            return (told, Say(packets.puback(packet.packet_id)))
        if packet.packet_id in self._unreleased:
            return (Say(packets.pubrec(packet.packet_id)),)
        if len(self._unreleased) >= MOST_UNRELEASED:
            return self._hang_up(POLICY)
        self._unreleased.add(packet.packet_id)
        return (told, Say(packets.pubrec(packet.packet_id)))

    def _hang_up(self, code: int) -> Sequence[Effect]:
        return (HangUp(code),) if self._move(Move.HUNG_UP) else ()

    def _move(self, move: Move) -> bool:
        to = NEXT.get((self.state, move))
        if to is None:
            return False
        self.state = to
        return True
