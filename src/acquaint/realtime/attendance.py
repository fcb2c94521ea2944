"""Who is here: connected to this node, or to another one, as far as nodes have told each other.

Each node tells the others, a moment later, who comes and goes; everybody, when one asks, which each does when it begins
to hear or may have missed something; and that it is still there. One that falls silent is forgotten with all it told:
a user is then known by when they were last seen, as where nodes cannot hear each other at all.

What clients say of their user goes before what is known by their being connected.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from enum import IntEnum
from itertools import islice
from typing import Final, NamedTuple

from ..domain.apps import AppId
from ..domain.users import UserId
from ..ports.bus import Bus
from ..ports.crypto import Clock
from ..services.live import Listener, Whereabouts
from .mentioned import MOST_IN_ROLL, Roll, write

MOST_LEFT: Final = 10_000  # users of whom it is remembered when they left

MOST_NODES: Final = 100
MOST_ELSEWHERE: Final = 500_000
"""Users on other nodes, at about 200 bytes. Against memory filled over the Bus; beyond it they are known by when they
were last seen."""

STILL_THERE_EVERY: Final = 2.0  # seconds
SILENT_FOR: Final = 7.0
"""Seconds after which a node that says nothing is taken for dead: three times it was not heard."""

TOLD_EVERY: Final = 0.5  # seconds
ROLLS_AT_ONCE: Final = 30  # of at most 300 users: so that the Bus has time for what people say

CALLED_EVERY: Final = 2.0  # seconds; who asks more often is answered once
CALLED_UNASKED_EVERY: Final = 60.0
"""Seconds. Should something that was said never have been heard, and nobody know it: so long is somebody wrong."""


class Person(NamedTuple):
    app_id: AppId
    user_id: UserId


class State(IntEnum):
    """Of one user at one node. The highest goes before the others."""

    CONNECTED = 0
    AWAY = 1  # their client says that nobody is there
    HERE = 2  # their client says that somebody is


class Attendance:
    """``changed`` is called with everybody of whom something else is known than before; it is quick, and never raises.

    Times are seconds of a clock that never goes back.
    """

    def __init__(self, node: str, clock: Clock, changed: Callable[[AppId, UserId], None]) -> None:
        self._node, self._clock, self._changed = node, clock, changed
        self._here: dict[Person, dict[Listener, bool | None]] = {}  # whether their client says that they are away
        self._left: OrderedDict[Person, datetime] = OrderedDict()
        self._elsewhere: dict[str, _Node] = {}
        self._untold: dict[Person, None] = {}
        self._is_asked = self._asks = True
        self._begins = self._is_calling = False  # everybody is about to be told, or is being told
        self._called_at = self._said_at = float("-inf")

    def of(self, app_id: AppId, user_id: UserId) -> Whereabouts | None:
        """None where nothing is known but, perhaps, when they were last seen."""
        person = Person(app_id, user_id)
        state = self._state(person)
        if state is State.HERE or state is State.CONNECTED:
            return Whereabouts(is_here=True, since=self._clock(), is_connected=True)
        left_at = self._left.get(person)
        return None if left_at is None else Whereabouts(False, left_at, is_connected=state is not None)

    def is_connected(self, app_id: AppId, user_id: UserId) -> bool:
        """To any node."""
        return self._state(Person(app_id, user_id)) is not None

    # What happens here

    def came(self, listener: Listener) -> None:
        self._put(listener, None)

    def says(self, listener: Listener, *, is_away: bool) -> None:
        """What the client says of its user. Nothing, of who is not here."""
        if (person := _whose(listener)) is not None and listener in self._here.get(person, ()):
            self._put(listener, is_away)

    def went(self, listener: Listener) -> None:
        person = _whose(listener)
        if person is None or listener not in self._here.get(person, ()):
            return
        del self._here[person][listener]
        if not self._here[person]:
            del self._here[person]
        self._note(person, is_here=True)

    def _put(self, listener: Listener, is_away: bool | None) -> None:
        person = _whose(listener)
        if person is not None:
            self._here.setdefault(person, {})[listener] = is_away
            self._note(person, is_here=True)

    # What other nodes say

    def heard(self, roll: Roll, now: float) -> None:
        if roll.node == self._node:
            return
        self._is_asked |= roll.asks
        if roll.leaves:
            self._forget(roll.node)
            return
        node = self._elsewhere.get(roll.node)
        if node is None:
            if len(self._elsewhere) >= MOST_NODES:
                return
            node = self._elsewhere[roll.node] = _Node()
            self._asks |= not roll.begins
        node.heard_at = now
        if roll.begins:
            node.unconfirmed = set(node.people)
        for app_id, user_id, state in roll.people:
            self._put_elsewhere(node, Person(AppId(app_id), UserId(user_id)), state)
        if roll.ends:
            unconfirmed, node.unconfirmed = node.unconfirmed, set()
            for person in unconfirmed:
                self._put_elsewhere(node, person, None)

    def missed(self) -> None:
        """Something that was said may not have been heard, here or there."""
        self._asks = self._is_asked = True

    def waited(self, now: float) -> None:
        """Some time passed: whoever was silent for long is forgotten."""
        for name in [name for name, it in self._elsewhere.items() if now - it.heard_at > SILENT_FOR]:
            self._forget(name)

    def _put_elsewhere(self, node: _Node, person: Person, said: int | None) -> None:
        node.unconfirmed.discard(person)
        state = None if said is None else _STATES.get(said)
        if node.people.get(person) is state:
            return
        if state is None:
            del node.people[person]
        elif person in node.people or sum(len(it.people) for it in self._elsewhere.values()) < MOST_ELSEWHERE:
            node.people[person] = state
        self._note(person)

    def _forget(self, name: str) -> None:
        node = self._elsewhere.pop(name, None)
        for person in () if node is None else node.people:
            self._note(person)

    # What is said to them

    def next_roll(self, now: float) -> Roll | None:
        """What is to be said to the others now; None when there is nothing more. Then ``unsaid``, if it cannot be."""
        called_for = now - self._called_at
        if called_for >= (CALLED_EVERY if self._is_asked else CALLED_UNASKED_EVERY) and not self._is_calling:
            self._is_asked, self._begins, self._is_calling, self._called_at = False, True, True, now
            self._untold = dict.fromkeys((*self._untold, *self._here))
        if not (self._untold or self._is_calling or self._asks or now - self._said_at >= STILL_THERE_EVERY):
            return None
        people = list(islice(self._untold, MOST_IN_ROLL))
        for person in people:
            del self._untold[person]
        ends = self._is_calling and not self._untold
        self._is_calling = self._is_calling and not ends
        asks, self._asks, self._said_at = self._asks, False, now
        begins, self._begins = self._begins, False
        return Roll(self._node, [(*it, self._state_here(it)) for it in people], begins=begins, ends=ends, asks=asks)

    def unsaid(self, roll: Roll) -> None:
        """It is to be said later."""
        people = [Person(AppId(app_id), UserId(user_id)) for app_id, user_id, _ in roll.people]
        self._untold = dict.fromkeys((*people, *self._untold))
        self._begins, self._asks = self._begins or roll.begins, self._asks or roll.asks
        self._is_calling = self._is_calling or roll.ends

    async def tell(self, bus: Bus) -> None:
        """Tells the others who is here, until it is cancelled; then that nobody is."""
        now = asyncio.get_running_loop().time
        try:
            while True:
                await asyncio.sleep(TOLD_EVERY)
                self.waited(now())
                for _ in range(ROLLS_AT_ONCE):
                    roll = self.next_roll(now())
                    if roll is None:
                        break
                    if not bus.mention(write(roll), of=_NOBODY):
                        self.unsaid(roll)
                        break
        finally:
            bus.mention(write(Roll(self._node, leaves=True)), of=_NOBODY)

    # What is known

    def _note(self, person: Person, *, is_here: bool = False) -> None:
        """Something is known of them, maybe something else than before."""
        if is_here:
            self._untold[person] = None
        state = self._state(person)
        if state is State.HERE or state is State.CONNECTED:
            self._left.pop(person, None)
        else:
            self._left.setdefault(person, self._clock())
            if len(self._left) > MOST_LEFT:
                self._left.popitem(last=False)
        self._changed(*person)

    def _state(self, person: Person) -> State | None:
        states = [it.people.get(person) for it in self._elsewhere.values()]
        return max((it for it in (self._state_here(person), *states) if it is not None), default=None)

    def _state_here(self, person: Person) -> State | None:
        theirs = self._here.get(person)
        if theirs is None:
            return None
        said = theirs.values()
        return State.HERE if False in said else State.AWAY if True in said else State.CONNECTED


class _Node:
    """Another one. ``unconfirmed`` are those of whom it has not told yet, while it tells of everybody."""

    __slots__ = ("heard_at", "people", "unconfirmed")

    def __init__(self) -> None:
        self.heard_at = 0.0
        self.people: dict[Person, State] = {}
        self.unconfirmed: set[Person] = set()


_NOBODY: Final = 0  # whose words the nodes' own are, on the Bus
_STATES: Final = {int(it): it for it in State}


def _whose(listener: Listener) -> Person | None:
    session = listener.session
    return None if session.user_id is None else Person(session.app_id, session.user_id)
