"""What may be said on a chat connection, and when. No socket, no clock, no task.

Rule 1: everything that depends on what was said before is decided here, and nowhere else.
Rule 2: what comes in is handed in (frames, the time, what came of an effect); what is to be done comes out, as effects.
Rule 3: who somebody is is what they proved here, never what a stanza says; nothing is done before it is proved.
Rule 4: what is broken ends the connection, with the stream error that says why. What is not understood is answered.

                     open            auth             bind         hung up
    NEW              OPEN                                          CLOSED
    OPEN                             AUTHENTICATED                 CLOSED     (auth: once it is proved)
    AUTHENTICATED    REOPENED                                      CLOSED
    REOPENED                                          BOUND        CLOSED     (bind: once there is a place)
    BOUND                                                          CLOSED     stanzas are heard and said
    CLOSED                                                                    nothing is heard, nothing is said

RFC 6120, RFC 7395 (one element a frame, ``open`` and ``close`` for the stream), XEP-0198 (``enable``, ``r``; nothing
resumes). Effects are done in order, and what came of one is handed in before the next frame is.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from ...services.live import Cut
from ...web.flow import Flow
from . import stanzas
from .asks import LONG_ASKS, Ask, Refused, ask_in
from .jid import Names, Person, read_person
from .xml import CLIENT, Element, Malformed, TooLong, parse

MOST_TRIES: Final = 5
"""Failed sign-ins on one connection, which is all that a stranger can say. Against guessing; services/limits.py counts
those of all connections. An SDK sends one."""

LONGEST_SECRET: Final = 1024  # characters of a password; no longer one is anybody's
LONGEST_ID: Final = 255  # characters of a stanza's id, which is repeated to who sent it

TIME_TO_BIND: Final = timedelta(seconds=60)
"""From the last frame. The vendor's SDK takes a connection that closes after a failed sign-in for a bad network, and
tries the same password again and again: so there is time to see that it failed."""

QUIET: Final = timedelta(seconds=60)  # after which a client is asked whether it is there
TIME_TO_ANSWER: Final = timedelta(seconds=45)

# RFC 6455, section 7.4.1
NORMAL: Final = 1000
GOING_AWAY: Final = 1001
POLICY: Final = 1008

_CUTS: Final[Mapping[Cut, tuple[str, str, int]]] = {
    Cut.REVOKED: ("policy-violation", "The session has ended.", POLICY),
    Cut.EXPIRED: ("policy-violation", "The session has expired.", POLICY),
    Cut.CHANGED: ("conflict", "Somebody else is in the session.", POLICY),
    Cut.TOO_SLOW: ("resource-constraint", "The client does not read.", POLICY),
    Cut.GOING_AWAY: ("system-shutdown", "The server stops.", GOING_AWAY),
}


class State(Enum):
    NEW = auto()
    OPEN = auto()
    AUTHENTICATED = auto()
    REOPENED = auto()
    BOUND = auto()
    CLOSED = auto()


class Move(Enum):
    """What changes the state."""

    OPENED = auto()
    PROVED = auto()
    BOUND = auto()
    HUNG_UP = auto()


NEXT: Final[Mapping[tuple[State, Move], State]] = {
    (State.NEW, Move.OPENED): State.OPEN,
    (State.OPEN, Move.PROVED): State.AUTHENTICATED,
    (State.AUTHENTICATED, Move.OPENED): State.REOPENED,
    (State.REOPENED, Move.BOUND): State.BOUND,
    **{(state, Move.HUNG_UP): State.CLOSED for state in State if state is not State.CLOSED},
}
"""A move that is not here is not made."""


@dataclass(frozen=True, slots=True)
class Say:
    """The frame is to be sent."""

    frame: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """The connection is to be closed, after what was said."""

    code: int


@dataclass(frozen=True, slots=True)
class Pause:
    """The client sends more than we read: nothing is done for it for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Prove:
    """Whether somebody is this person is to be found out, and ``proved`` or ``doubted`` told."""

    who: Person
    secret: str


@dataclass(frozen=True, slots=True)
class Enter:
    """Whether there is a place for one more connection is to be found out, and ``entered`` or ``turned_away`` told."""

    stanza: Element


@dataclass(frozen=True, slots=True)
class Do:
    """What the person asks for is to be done."""

    ask: Ask
    stanza: Element


Effect = Say | HangUp | Pause | Prove | Enter | Do


class Protocol:
    """The server's side of one connection. Streams and the resource are called by ``mark``, which is nobody else's."""

    __slots__ = ("_count", "_flow", "_heard_at", "_mark", "_names", "_pinged", "_tries", "person", "state")

    def __init__(self, names: Names, mark: str, now: datetime) -> None:
        self.state: State = State.NEW
        self.person: Person | None = None
        self._names, self._mark = names, mark
        self._flow = Flow(now)
        self._heard_at = now
        self._pinged = False
        self._tries = 0
        self._count: int | None = None  # stanzas since the client asked for them to be counted

    @property
    def resource(self) -> str:
        """Long, and part of no address of anybody else: the SDK ignores messages whose sender's address holds it."""
        return self._mark

    @property
    def bare(self) -> str:
        """The person's address. Only once there is one."""
        if self.person is None:
            raise RuntimeError("nobody has signed in here")
        return self._names.bare(self.person.app_id, self.person.user_id)

    @property
    def jid(self) -> str:
        return f"{self.bare}/{self.resource}"

    # What comes in

    def received(self, text: str, now: datetime) -> Sequence[Effect]:
        """The client said something."""
        if self.state is State.CLOSED:
            return ()
        self._heard_at, self._pinged = now, False
        pause = self._flow.take(len(text), now)
        try:
            it = parse(text, LONG_ASKS if self.state is State.BOUND else None)
        except Malformed as error:
            return self._broke(error.condition)
        except TooLong as error:
            effects = self._unread(error.outermost)
        else:
            effects = self._heard(it)
        return (Pause(pause), *effects) if pause else effects

    def received_binary(self) -> Sequence[Effect]:
        """The client sent bytes, which nobody here understands (RFC 7395, section 3.2)."""
        return () if self.state is State.CLOSED else self._broke("bad-format")

    def proved(self, who: Person) -> Sequence[Effect]:
        if not self._move(Move.PROVED):
            return ()
        self.person = who
        return (Say(stanzas.success()),)

    def doubted(self, condition: str = "not-authorized") -> Sequence[Effect]:
        """The person is somebody else, or nobody; or, by another condition, it cannot be told now."""
        if self.state is not State.OPEN:
            return ()
        self._tries += 1
        failure = Say(stanzas.failure(condition))
        return (failure,) if self._tries < MOST_TRIES else (failure, *self._broke("policy-violation"))

    def entered(self, stanza: Element) -> Sequence[Effect]:
        return (Say(stanzas.bound(stanza, self.jid)),) if self._move(Move.BOUND) else ()

    def turned_away(self, stanza: Element) -> Sequence[Effect]:
        """There are too many connections of this person."""
        if self.state is not State.REOPENED:
            return ()
        return (Say(stanzas.error(stanza, "resource-constraint")), *self._broke("resource-constraint"))

    def waited(self, now: datetime) -> Sequence[Effect]:
        """Some time passed."""
        silence = now - self._heard_at
        if self.state is State.CLOSED or silence < QUIET:
            return ()
        if self.state is not State.BOUND:
            return self._broke("connection-timeout") if silence >= TIME_TO_BIND else ()
        if not self._pinged:
            self._pinged = True
            return (Say(stanzas.ping(f"{self._mark}:ping", self._names.domain, self.jid)),)
        return self._broke("connection-timeout") if silence >= QUIET + TIME_TO_ANSWER else ()

    def missed(self) -> Sequence[Effect]:
        """Something may have happened that nobody will tell. A client that connects again reads history."""
        return () if self.state is State.CLOSED else self._broke("reset", NORMAL)

    def cut(self, why: Cut) -> Sequence[Effect]:
        """The server ends it: says why, and hangs up."""
        condition, text, code = _CUTS[why]
        return () if self.state is State.CLOSED else self._broke(condition, code, text)

    # What it means

    def _heard(self, it: Element) -> Sequence[Effect]:
        if it.namespace == stanzas.FRAMING:
            return self._framed(it)
        if self.state is State.BOUND:
            return self._counted(it) if it.namespace == stanzas.ACKNOWLEDGING else self._stanza(it)
        match self.state, it.name, it.namespace:
            case State.OPEN, "auth", stanzas.SASL:
                return self._auth(it)
            case State.OPEN, "abort" | "response", stanzas.SASL:
                return self.doubted("aborted" if it.name == "abort" else "malformed-request")
            case State.REOPENED, "iq", _ if it.child("bind", stanzas.BIND) is not None and it.get("type") == "set":
                return (Enter(it),) if 0 < len(it.get("id")) <= LONGEST_ID else self._broke("bad-format")
        return self._broke("not-authorized")  # RFC 6120, section 4.9.3.12: too early for a stanza

    def _framed(self, it: Element) -> Sequence[Effect]:
        if it.name == "close":
            self._move(Move.HUNG_UP)
            return (Say(stanzas.closed()), HangUp(NORMAL))
        if it.name != "open" or not self._move(Move.OPENED):
            return self._broke("bad-format")
        again = self.state is State.REOPENED
        id = f"{self._mark}-{2 if again else 1}"
        offer = stanzas.offering_bind() if again else stanzas.offering_sasl()
        return (Say(stanzas.opened(self._names.domain, id)), Say(offer))

    def _auth(self, it: Element) -> Sequence[Effect]:
        if it.get("mechanism") != "PLAIN":
            return self.doubted("invalid-mechanism")
        try:
            said = base64.b64decode(it.text.strip().encode(), validate=True).decode()
        except (binascii.Error, UnicodeError):
            return self.doubted("incorrect-encoding")
        parts = said.split("\0")
        if len(parts) != 3:
            return self.doubted("malformed-request")
        authority, name, secret = parts
        who = read_person(name)
        if authority and authority.partition("@")[0] != name:
            return self.doubted("invalid-authzid")
        if who is None or not 0 < len(secret) <= LONGEST_SECRET:
            return self.doubted()
        return (Prove(who, secret),)

    def _counted(self, it: Element) -> Sequence[Effect]:
        match it.name:
            case "enable":
                self._count = 0
                return (Say(stanzas.acknowledging()),)
            case "r" if self._count is not None:
                return (Say(stanzas.acknowledged(self._count)),)
            case "resume":
                return (Say(stanzas.not_resumed()),)
        return ()

    def _stanza(self, it: Element) -> Sequence[Effect]:
        if it.namespace != CLIENT:
            return self._broke("invalid-namespace")
        if it.name not in ("message", "presence", "iq"):
            return self._broke("unsupported-stanza-type")
        if self._count is not None:
            self._count = (self._count + 1) % 2**32
        if len(it.get("id")) > LONGEST_ID:
            return self._broke("policy-violation")
        try:
            return (Do(ask_in(it), it),)
        except Refused as refused:
            return (Say(stanzas.error(it, refused.condition, refused.text, to=self.jid)),)

    def _unread(self, it: Element) -> Sequence[Effect]:
        """A stanza of which there is more than is read: whoever sent it is told, and everything goes on."""
        if it.namespace != CLIENT or it.name not in ("message", "presence", "iq") or len(it.get("id")) > LONGEST_ID:
            return self._broke("policy-violation")
        if self._count is not None:
            self._count = (self._count + 1) % 2**32
        if it.get("type") in ("error", "result"):
            return ()
        return (Say(stanzas.error(it, "not-acceptable", "This is too long.", to=self.jid)),)

    def _broke(self, condition: str, code: int = POLICY, text: str | None = None) -> Sequence[Effect]:
        self._move(Move.HUNG_UP)
        return (Say(stanzas.stream_error(condition, text)), Say(stanzas.closed()), HangUp(code))

    def _move(self, move: Move) -> bool:
        to = NEXT.get((self.state, move))
        if to is None:
            return False
        self.state = to
        return True
