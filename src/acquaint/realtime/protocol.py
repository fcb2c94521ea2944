"""What may be said on a native live connection, and when. No socket, no clock, no task.

Rule 1: everything that depends on what was said before is decided here, and nowhere else.
Rule 2: what comes in is handed in (frames, the time, what the hub tells); what is to be done comes out, as effects.
Rule 3: what is told is said in the order it was told, once; while we look up what was missed, it is held back.

A connection begins FRESH: a client that was here before now says from where it goes on, another one that it begins
now. Until it does, or has had time to, nothing is told it, so that what it missed comes first.

                 resume          waited      replayed    hung up
    FRESH        REPLAYING       OPEN                    CLOSED      held back
    OPEN         REPLAYING                               CLOSED      told at once
    REPLAYING    (error)                     RESUMED     CLOSED      held back
    RESUMED      (error)                                 CLOSED      told at once
    CLOSED                                                           nothing is told, nothing is heard

``typing`` and ``ping`` change no state, and what is typed is never held back: it is worth nothing later.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

import msgspec

from ..domain.ids import created_at, first_at
from ..services.live import Cut
from ..web.ids import read_integer
from . import wire

LARGEST_FRAME: Final = 64 * 1024
"""Bytes of a client's frame (OWASP: at most 64 KiB). The server in front of us says so, too."""

MOST_FRAMES: Final = 60
WINDOW: Final = timedelta(seconds=10)
"""A client's frames in a window. Against floods; lower would hurt who types in several conversations at once."""

MOST_BROKEN: Final = 3
"""Frames that were no frames. Against whoever tries things out; an honest client sends none."""

LONGEST_QUOTE: Final = 200  # characters of what a client sent that are repeated to it

MOST_HELD: Final = 200
"""Events held back while we look up what was missed. Beyond it the client is told of a gap, and reads history."""

MOST_HELD_CHARACTERS: Final = 512 * 1024  # in those

TOLD_LATE: Final = timedelta(seconds=10)
"""How late another node's Event may be told. What was replayed is not said again within this time."""

# RFC 6455, section 7.4.1; from 4000 on they are ours
GOING_AWAY: Final = 1001
NOT_TEXT: Final = 1003
TOO_LARGE: Final = 1009
SLOW: Final = 4008
BROKEN: Final = 4400
SIGNED_OUT: Final = 4401
FLOOD: Final = 4429

CODES: Final[Mapping[Cut, int]] = {
    Cut.REVOKED: SIGNED_OUT,
    Cut.EXPIRED: SIGNED_OUT,
    Cut.CHANGED: SIGNED_OUT,
    Cut.GOING_AWAY: GOING_AWAY,
    Cut.TOO_SLOW: SLOW,
}


class State(Enum):
    FRESH = auto()
    OPEN = auto()
    REPLAYING = auto()
    RESUMED = auto()
    CLOSED = auto()


class Move(Enum):
    """What changes the state."""

    RESUME = auto()
    WAITED = auto()
    REPLAYED = auto()
    HUNG_UP = auto()


NEXT: Final[Mapping[tuple[State, Move], State]] = {
    (State.FRESH, Move.RESUME): State.REPLAYING,
    (State.FRESH, Move.WAITED): State.OPEN,
    (State.FRESH, Move.HUNG_UP): State.CLOSED,
    (State.OPEN, Move.RESUME): State.REPLAYING,
    (State.OPEN, Move.HUNG_UP): State.CLOSED,
    (State.REPLAYING, Move.REPLAYED): State.RESUMED,
    (State.REPLAYING, Move.HUNG_UP): State.CLOSED,
    (State.RESUMED, Move.HUNG_UP): State.CLOSED,
}
"""A move that is not here is not made."""

HELD_BACK: Final = frozenset({State.FRESH, State.REPLAYING})


@dataclass(frozen=True, slots=True)
class Say:
    """The frame is to be sent."""

    frame: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """The connection is to be closed, after what was said."""

    code: int


@dataclass(frozen=True, slots=True)
class Replay:
    """What happened beyond the Event is to be looked up and said, oldest first; ``replayed`` is told what it was."""

    after: int


@dataclass(frozen=True, slots=True)
class Type:
    """Others are to be shown that somebody is writing, or no longer."""

    conversation: int
    on: bool


Effect = Say | HangUp | Replay | Type


class Protocol:
    """The server's side of one connection."""

    __slots__ = ("_broken", "_frames", "_held", "_held_characters", "_overflowed", "_replayed", "_window", "state")

    def __init__(self, now: datetime) -> None:
        self.state: State = State.FRESH
        self._window, self._frames = now, 0
        self._broken = 0
        self._held: list[tuple[int, str]] | None = None
        self._held_characters = 0
        self._overflowed = False
        self._replayed: Collection[int] = ()  # the ids that may yet be told a second time

    def received(self, text: str, now: datetime) -> Sequence[Effect]:
        """The client said something."""
        if self.state is State.CLOSED:
            return ()
        if len(text) > LARGEST_FRAME or (not text.isascii() and len(text.encode(errors="replace")) > LARGEST_FRAME):
            return self._hang_up(TOO_LARGE)
        if not WINDOW > now - self._window >= timedelta(0):
            self._window, self._frames = now, 0
        self._frames += 1
        if self._frames > MOST_FRAMES:
            return self._hang_up(FLOOD)
        try:
            frame = wire.read(text)
        except msgspec.ValidationError as error:
            return self._misunderstood(text, str(error))
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return self._broke(wire.error("unreadable", "The frame is not valid JSON."))
        match frame:
            case wire.Ping():
                return (Say(wire.pong(now)),)
            case wire.Typing():
                return self._typed(frame)
            case wire.Resume():
                return self._resume(frame, now)

    def received_binary(self) -> Sequence[Effect]:
        """The client sent bytes, which nobody here understands."""
        return () if self.state is State.CLOSED else self._hang_up(NOT_TEXT)

    def waited(self, now: datetime) -> Sequence[Effect]:
        """The client had its time to resume."""
        return self._release(now) if self._move(Move.WAITED) else ()

    def told(self, id: int, frame: str) -> str | None:
        """Something happened: the frame, if it is to be said now."""
        if self.state in HELD_BACK:
            self._hold(id, frame)
            return None
        if self.state is State.CLOSED or (self._replayed and self._was_replayed(id)):
            return None
        return frame

    def missed(self, now: datetime) -> str | None:
        """Something may have happened that nobody will tell: the frame that says so, if it is to be said now."""
        if self.state in HELD_BACK:
            self._overflowed = True
            return None
        return None if self.state is State.CLOSED else wire.gap(first_at(now))

    def replayed(self, ids: Sequence[int] | None, now: datetime) -> Sequence[Effect]:
        """What was looked up has been said; None when it was too much."""
        if not self._move(Move.REPLAYED):
            return ()
        is_whole = ids is not None and not self._overflowed
        self._overflowed = not is_whole
        self._replayed = frozenset(ids or ())
        effects = self._release(now)
        if is_whole:
            effects.append(Say(wire.resumed(first_at(now))))
        late_from = first_at(now - TOLD_LATE)
        self._replayed = frozenset(id for id in self._replayed if id >= late_from) or ()
        return effects

    def cut(self, why: Cut) -> Sequence[Effect]:
        """The server ends it: says why, and hangs up."""
        return (Say(wire.bye(why.value)), *self._hang_up(CODES[why])) if self.state is not State.CLOSED else ()

    def _typed(self, frame: wire.Typing) -> Sequence[Effect]:
        conversation = read_integer(frame.conversation)
        if conversation is None:
            return self._broke(wire.error("unacceptable", "conversation is not an id"))
        return (Type(conversation, frame.on),)

    def _resume(self, frame: wire.Resume, now: datetime) -> Sequence[Effect]:
        if frame.after is None:  # from now on
            return self.waited(now)
        after = read_integer(frame.after)
        if after is None:
            return self._broke(wire.error("unacceptable", "after is not an id"))
        if not self._move(Move.RESUME):
            return (Say(wire.error("already_resumed", "A connection is resumed once, with its first frame.")),)
        return (Replay(after),)

    def _misunderstood(self, text: str, why: str) -> Sequence[Effect]:
        try:
            kind = wire.type_of(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return self._broke(wire.error("unreadable", "The frame is not valid JSON."))
        if isinstance(kind, str) and kind not in wire.TYPES:  # of a later version than ours, perhaps
            return (Say(wire.error("unknown_type", "There is no frame of this type.")),)
        return self._broke(wire.error("unacceptable", why[:LONGEST_QUOTE]))

    def _broke(self, error: str) -> Sequence[Effect]:
        self._broken += 1
        hang_up = self._hang_up(BROKEN) if self._broken >= MOST_BROKEN else ()
        return (Say(error), *hang_up)

    def _hang_up(self, code: int) -> Sequence[HangUp]:
        self._move(Move.HUNG_UP)
        self._held = None
        return (HangUp(code),)

    def _move(self, move: Move) -> bool:
        to = NEXT.get((self.state, move))
        if to is None:
            return False
        self.state = to
        return True

    def _hold(self, id: int, frame: str) -> None:
        if self._held is None:
            self._held, self._held_characters = [], 0
        self._held_characters += len(frame)
        if len(self._held) < MOST_HELD and self._held_characters <= MOST_HELD_CHARACTERS:
            self._held.append((id, frame))
        else:
            self._overflowed = True

    def _release(self, now: datetime) -> list[Effect]:
        held, self._held = self._held or (), None
        effects: list[Effect] = [Say(frame) for id, frame in held if id not in self._replayed]
        if self._overflowed:
            self._overflowed = False
            effects.append(Say(wire.gap(first_at(now))))
        return effects

    def _was_replayed(self, id: int) -> bool:
        if created_at(id) - created_at(max(self._replayed)) > TOLD_LATE:
            self._replayed = ()  # nobody tells of those any more
            return False
        return id in self._replayed
