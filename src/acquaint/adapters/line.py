"""A Bus over any line that reaches the other nodes: what ValkeyBus and PostgresBus have in common.

A line that was cut may have lost anything, and says nothing about what it lost. So the Bus is not whole from the
moment it learns of the cut; and when it listens again, every listener first forgets what it only believes. What
this node has to say meanwhile waits in a queue; should that overflow, the others are told that they missed something.
Nodes also say how often they told something before: who has heard less knows that it missed some of it.

Whatever is not sealed by a node (``line_sealing``) is counted and ignored: whoever reaches the line may say anything.

What is only mentioned shares the line and comes second: Events wait for at most one message of it. It is said at a pace
that leaves the line free, at most once, and dropped when it is old or there is no room for it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, Protocol

import anyio
import msgspec
import structlog

from ..domain.events import Event
from ..ports.bus import Listener
from .line_sealing import LineSealing, NotBelieved, room_of
from .listeners import Listeners
from .mentions import Mentions

MOST_UNSAID: Final = 10_000
"""Events that wait for the line. Answers a line that is down for long; a lower bound makes the others forget more."""

MOST_AT_ONCE: Final = 500  # events in one message

GATHERED_FOR: Final = 0.005  # seconds between two messages of what is mentioned, in which more comes together

FIRST_PAUSE: Final = 0.05  # seconds before a line that was cut is opened again
LONGEST_PAUSE: Final = 2.0

LAST_WORDS: Final = 1.0  # seconds in which a node that stops may say what it has not said yet

LOGGED_EVERY: Final = 60.0  # seconds, however many messages nobody believes
MOST_NODES: Final = 1_000  # processes of which it is remembered how often they told something

DETAILS_LEFT_OUT: Final = "details_left_out"
"""In the details of an Event that was too long for the line. The whole Event is in the store."""

log = structlog.get_logger()


class Line(Protocol):
    """What connects the nodes. Anything raised here means that the line is cut."""

    longest: int
    """Bytes of one message."""

    mentioned_per_second: int
    """Bytes that nodes may mention without the line being busy with it."""

    async def open(self) -> None:
        """Connects anew, whatever was before. From its return on everything the others say is heard."""
        ...

    async def hear(self) -> bytes | str:
        """The next message of any node. Notices within a second when the line is dead, though silent."""
        ...

    async def say(self, message: bytes) -> None:
        """Sends the message to every node, this one maybe included."""
        ...

    async def close(self) -> None: ...


class LineBus:
    """``tell`` is called in the event loop that ``run`` runs in, which may start later."""

    def __init__(self, line: Line, sealing: LineSealing, *, most_unsaid: int = MOST_UNSAID) -> None:
        self._line, self._sealing = line, sealing
        self._room = room_of(line.longest) - _ENVELOPE
        self._listeners = Listeners()
        self._told = 0  # messages with Events that were said
        self._told_by: dict[str, int] = {}  # the same of other nodes, since this one listens
        self._not_believed, self._logged_at = 0, float("-inf")
        self._most_unsaid = most_unsaid
        self._unsaid: deque[Event] = deque()
        self._on_lips: list[Event] = []  # taken from the queue, and not yet surely said
        self._dropped = 0  # events that fell out of the queue, of which the others do not know yet
        self._mentions = Mentions(time.monotonic)
        self._overhearing: list[Callable[[bytes], None]] = []
        self._mentioned = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._wake = asyncio.Event()
        self._open = asyncio.Event()

    @property
    def is_whole(self) -> bool:
        return self._open.is_set() and not self._dropped

    @property
    def not_believed(self) -> int:
        return self._not_believed

    def tell(self, events: Sequence[Event]) -> None:
        self._listeners.heard(events)
        self._unsaid.extend(events)
        while len(self._unsaid) > self._most_unsaid:
            self._unsaid.popleft()  # what is newest matters most
            self._dropped += 1
        self._wake.set()

    def add(self, listener: Listener) -> None:
        self._listeners.add(listener)

    def mention(self, words: bytes, *, of: int) -> bool:
        has_room = self._mentions.add(words, of)
        self._mentioned.set()
        return has_room

    def listen_in(self, overhears: Callable[[bytes], None]) -> None:
        self._overhearing.append(overhears)

    async def run(self) -> None:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._listen)
                tasks.start_soon(self._speak)
                tasks.start_soon(self._say_mentions)
        finally:
            was_open = self._open.is_set()
            self._open.clear()
            with anyio.move_on_after(LAST_WORDS, shield=True):
                await self._say_last_words(was_open)
            with anyio.move_on_after(LAST_WORDS, shield=True):
                await self._line.close()

    async def _listen(self) -> None:
        pause = FIRST_PAUSE
        while True:
            began = anyio.current_time()
            try:
                await self._line.open()
                self._told_by.clear()
                self._listeners.lost()  # what happened before we listened, nobody will tell
                self._open.set()
                log.info("bus_whole")
                while True:
                    self._hear(await self._line.hear())
            except Exception as cut:
                if self._open.is_set() or pause == FIRST_PAUSE:  # say it once, not at every try
                    log.warning("bus_cut", why=repr(cut))
            self._open.clear()
            if anyio.current_time() - began > 2 * LONGEST_PAUSE:
                pause = FIRST_PAUSE
            await _rest(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _hear(self, message: bytes | str) -> None:
        try:
            opened = self._sealing.open(message)
        except NotBelieved as why:
            self._wonder(str(why))
            return
        if opened is None:
            return  # our own listeners were told before the others
        try:
            heard = _reader.decode(opened.said)
        except (msgspec.MsgspecError, ValueError, RecursionError):  # a node of another version
            log.warning("bus_message_unreadable")
            self._listeners.lost()
            return
        if heard.missed or self._has_missed(opened.node, heard):
            self._listeners.lost()
        self._listeners.heard(heard.events)
        for words in heard.mentions:
            for overhears in self._overhearing:
                try:
                    overhears(bytes(words))
                except Exception:
                    log.exception("overhearing_failed")

    def _has_missed(self, node: str, heard: _Heard) -> bool:
        """Whether the node told something before this that was not heard: it got lost, or was not believed."""
        known = self._told_by.get(node, heard.told)
        if node not in self._told_by and len(self._told_by) >= MOST_NODES:
            self._told_by.clear()
        self._told_by[node] = max(known, heard.told + bool(heard.events))
        return heard.told > known

    def _wonder(self, why: str) -> None:
        """Said once a minute: whoever can say what nobody believes can say a lot of it."""
        self._not_believed += 1
        now = time.monotonic()
        if now - self._logged_at >= LOGGED_EVERY:
            self._logged_at = now
            log.warning("bus_message_not_believed", why=why, so_far=self._not_believed)

    async def _speak(self) -> None:
        pause = FIRST_PAUSE
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._has_something_to_say():
                await self._open.wait()
                try:
                    await self._say_something()
                    pause = FIRST_PAUSE
                except Exception as cut:
                    if pause == FIRST_PAUSE:
                        log.warning("bus_message_unsent", why=repr(cut))
                    await _rest(pause)
                    pause = min(2 * pause, LONGEST_PAUSE)

    async def _say_mentions(self) -> None:
        while True:
            await self._mentioned.wait()
            self._mentioned.clear()
            while self._mentions:
                await self._open.wait()
                words = self._mentions.take(self._room)
                if not words:
                    continue
                size = 0
                try:
                    size = await self._say(_mentioning(words))
                except Exception as cut:
                    log.info("mentions_lost", why=repr(cut), mentions=len(words))
                await anyio.sleep(max(GATHERED_FOR, size / self._line.mentioned_per_second))

    async def _say(self, said: _Said) -> int:
        """How many bytes it took. Sealed when its turn comes: messages are heard in the order in which they are."""
        async with self._one_at_a_time:
            said.told = self._told
            message = self._sealing.seal(msgspec.json.encode(said))
            await self._line.say(message)
            self._told += bool(said.events)
            return len(message)

    async def _say_last_words(self, is_open: bool) -> None:
        try:
            if self._has_something_to_say() and not is_open:
                await self._line.open()
            while self._has_something_to_say():
                await self._say_something()
            while is_open and (words := self._mentions.take(self._room)):
                await self._say(_mentioning(words))
        except Exception as cut:
            log.warning("bus_last_words_unsent", why=repr(cut), events=len(self._on_lips) + len(self._unsaid))

    def _has_something_to_say(self) -> bool:
        return bool(self._on_lips or self._unsaid or self._dropped)

    async def _say_something(self) -> None:
        while self._unsaid and len(self._on_lips) < MOST_AT_ONCE:
            self._on_lips.append(self._unsaid.popleft())
        dropped = self._dropped
        parts = list(_that_fit(self._on_lips, self._room))
        await self._say(_Said(parts, missed=dropped > 0))
        del self._on_lips[: len(parts)]
        self._dropped -= dropped  # what fell out meanwhile is told with the next message


class _Said(msgspec.Struct, omit_defaults=True):
    """``told`` is how many messages with Events the node said before."""

    events: list[msgspec.Raw] = []
    missed: bool = False
    mentions: list[msgspec.Raw] = []
    told: int = 0


class _Heard(msgspec.Struct):
    events: list[Event] = []
    missed: bool = False
    mentions: list[msgspec.Raw] = []
    told: int = 0


_reader = msgspec.json.Decoder(_Heard)
_writer = msgspec.json.Encoder(enc_hook=str)
_ENVELOPE: Final = 100  # bytes of a message around its events, generously


def _mentioning(words: Sequence[bytes]) -> _Said:
    return _Said(mentions=[msgspec.Raw(it) for it in words])


def _that_fit(events: Sequence[Event], most: int) -> Iterator[msgspec.Raw]:
    """The first events, encoded, as many as there is room for. One that is too long alone goes without its details."""
    room = most
    for event in events:
        encoded = _writer.encode(event)
        if len(encoded) > most:
            encoded = _writer.encode(replace(event, details={DETAILS_LEFT_OUT: True}))
        room -= len(encoded) + 1
        if room < 0:
            return
        yield msgspec.Raw(encoded)


async def _rest(pause: float) -> None:
    await anyio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - so that nodes do not come back in step
