"""One connection that writes, and everybody who waits for it: turns, committed together.

A commit that survives a power cut costs a trip to the disk, however much it commits. So blocks take turns within one
transaction, each in a savepoint, and share the commit; each is answered after it. What runs where:

    in the event loop   BEGIN IMMEDIATE as long as nobody else holds the file, the blocks' statements, savepoints
    in the writer's     COMMIT, and BEGIN IMMEDIATE when another process has to be waited for; errands (work that
    own thread          needs the connection to itself and would keep the loop from serving)

The connection belongs to the phase: while the thread works on it, the loop only queues.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from functools import partial
from typing import Any, Final, TypeVar

from ..domain.errors import Busy
from ..domain.events import Event
from .connection import Own

T = TypeVar("T")

MOST_TURNS: Final = 256
"""Blocks in one commit: enough that the disk is not what limits, few enough that the first is not kept waiting."""

LONGEST_GROUP: Final = 0.05
"""Seconds until a group commits although more are waiting."""

LONGEST_TURN: Final = 5.0
"""Seconds a block may hold the writer: without an end one block could stop all the others."""

LONGEST_WAIT: Final = 5.0
"""Seconds to wait for another process that is writing."""

ASKED_EVERY: Final = 0.001
"""Seconds between two looks whether the other process has done."""


class Turn:
    """One block's time with the connection. ``connection`` refuses to work before it has begun and after it is over."""

    __slots__ = ("connection", "done", "events", "ready")

    def __init__(self) -> None:
        self.connection: sqlite3.Connection | NotNow = _NOT_YET
        self.events: list[Event] = []
        self.ready: asyncio.Future[None] | None = None
        self.done: asyncio.Future[None] | None = None


class NotNow:
    """Stands where a connection would: whoever uses it learns why there is none."""

    def __init__(self, why: type[Exception], *about: str) -> None:
        self._why, self._about = why, about

    def execute(self, *_: Any) -> Any:
        raise self._why(*self._about)


_NOT_YET: Final = NotNow(RuntimeError, "the block has not begun")
OVER: Final = NotNow(RuntimeError, "the block is over: its shelves are not for use outside of it")
_TAKEN_AWAY: Final = NotNow(Busy)


class _Phase(Enum):
    RESTING = "no transaction"
    BEGINNING = "the thread waits for another process"
    OPEN = "blocks take turns"
    COMMITTING = "the thread commits"
    ERRAND = "the thread works on something of its own"
    CLOSED = "for good"


class GroupCommit:
    """Gives turns and commits them. The events of every commit are told before the blocks' tasks go on; what blocks
    remember of the database is forgotten when somebody else wrote, and when something was undone."""

    def __init__(self, connection: sqlite3.Connection, own: Own) -> None:
        self._connection, self._own = connection, own
        self._version_seen: int | None = None  # by the blocks so far
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="acquaint-writer")
        self._phase = _Phase.RESTING
        self._waiting: deque[Turn] = deque()
        self._errands: deque[tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]]] = deque()
        self._inside: Turn | None = None
        self._group: list[Turn] = []
        self._begun_at = 0.0
        self._watchdog: asyncio.TimerHandle | None = None
        self._version = _data_version(connection)

    async def enter(self, turn: Turn) -> None:
        """Returns when it is the turn's turn; Busy when the database cannot be written to."""
        if self._phase is _Phase.RESTING:
            self._begin()
        if self._phase is _Phase.OPEN and self._inside is None and not self._waiting and not self._is_full():
            self._give(turn)
            return
        if self._phase is _Phase.CLOSED:
            raise Busy
        turn.ready = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._go_on()  # or nobody might: a group that has just begun is over when the machine stood still meanwhile
        try:
            await turn.ready
        except BaseException:
            if turn is self._inside:  # cancelled at the very moment it was given
                self._undo(turn)
                self._go_on()
            elif turn in self._waiting:
                self._waiting.remove(turn)
            raise

    async def commit(self, turn: Turn) -> None:
        """The block came to its end: returns when what it did is durable; Busy when it could not be made so."""
        if turn is not self._inside:
            raise Busy  # it took too long, and was undone
        try:
            self._connection.execute("RELEASE turn")
        except sqlite3.Error as error:
            self._break(error)
            raise Busy from error
        turn.connection = OVER
        turn.done = asyncio.get_running_loop().create_future()
        self._inside = None
        self._group.append(turn)
        self._go_on()
        await turn.done

    async def refuse(self, turn: Turn) -> None:
        """The block refused: it does nothing, and is answered with its neighbours' commit all the same.

        What it was refused for may be what one of them wrote: whoever then looks for it finds it. Busy
        when that commit failed: the reason is gone.
        """
        if turn is not self._inside:
            return
        self._undo(turn)
        if self._group:
            turn.events.clear()
            turn.done = asyncio.get_running_loop().create_future()
            self._group.append(turn)
        self._go_on()
        if turn.done is not None:
            await turn.done

    def undo(self, turn: Turn) -> None:
        """The block was raised out of: it does nothing, and its neighbours do not notice."""
        if turn is self._inside:
            self._undo(turn)
            self._go_on()

    async def run_errand(self, errand: Callable[[sqlite3.Connection], T]) -> T:
        """Runs the function in the writer's thread, between two groups and with no transaction begun."""
        if self._phase is _Phase.CLOSED:
            raise Busy
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._errands.append((errand, done))
        if self._phase is _Phase.RESTING:
            self._next()
        return await done

    def data_version(self) -> int:
        """A number that changes when another process wrote; at most one group behind."""
        if self._phase is _Phase.RESTING:
            self._version = _data_version(self._connection)
        return self._version

    async def close(self) -> None:
        """Lets everybody finish who is in the queue, then closes the connection."""
        while self._phase is not _Phase.CLOSED:
            await self.run_errand(lambda _: None)
            if self._phase is _Phase.RESTING and not self._waiting and not self._errands:
                self._phase = _Phase.CLOSED
                await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
                self._thread.shutdown(wait=False)

    # From group to group

    def _next(self) -> None:
        """Called at rest: an errand first, so that groups cannot starve it; they come next."""
        while self._errands:
            errand, done = self._errands.popleft()
            if not done.done():
                self._phase = _Phase.ERRAND
                self._in_thread(partial(_run, errand, self._connection), self._ran, done)
                return
        if self._waiting:
            self._begin()
            if self._phase is _Phase.OPEN:
                self._go_on()

    def _ran(self, result: asyncio.Future[Any], done: asyncio.Future[Any]) -> None:
        self._phase = _Phase.RESTING
        if not done.done():
            if error := result.exception():
                done.set_exception(_as_refusal(error))
            else:
                value, self._version = result.result()
                done.set_result(value)
        if self._waiting:  # after an errand, a group: neither starves the other
            self._begin()
            if self._phase is _Phase.OPEN:
                self._go_on()
        elif self._errands:
            self._next()

    def _begin(self) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            self._phase = _Phase.BEGINNING
            self._in_thread(partial(begin_patiently, self._connection), self._began)
        else:
            self._open()

    def _began(self, result: asyncio.Future[Any]) -> None:
        if error := result.exception():
            self._phase = _Phase.RESTING
            disappointed, self._waiting = self._waiting, deque()
            _refuse(disappointed, error)
            self._next()
        else:
            self._open()
            self._go_on()

    def _open(self) -> None:
        self._phase = _Phase.OPEN
        if (version := _data_version(self._connection)) != self._version_seen:
            self._version_seen = version
            self._own.forget()
        self._begun_at = time.monotonic()
        self._watchdog = asyncio.get_running_loop().call_later(LONGEST_TURN, self._take_away)

    def _is_full(self) -> bool:
        return len(self._group) >= MOST_TURNS or time.monotonic() - self._begun_at > LONGEST_GROUP

    # Within a group

    def _give(self, turn: Turn) -> None:
        try:
            self._connection.execute("SAVEPOINT turn")
        except sqlite3.Error as error:
            self._break(error)
            raise Busy from error
        turn.connection = self._connection
        self._inside = turn

    def _go_on(self) -> None:
        """Nobody is inside: the next one's turn, or the commit."""
        while self._phase is _Phase.OPEN and self._inside is None:
            if self._is_full() or not self._waiting:
                break
            turn = self._waiting.popleft()
            if turn.ready is None or turn.ready.done():
                continue  # cancelled while it waited
            try:
                self._give(turn)
            except Busy as busy:
                turn.ready.set_exception(busy)
            else:
                turn.ready.set_result(None)
        if self._phase is not _Phase.OPEN or self._inside is not None:
            return
        if self._is_full():
            self._commit()
        else:  # tasks that are ready to run come in first: they would only wait for the next commit
            asyncio.get_running_loop().call_soon(self._commit_if_quiet, self._begun_at)

    def _commit_if_quiet(self, begun_at: float) -> None:
        if self._phase is _Phase.OPEN and self._inside is None and begun_at == self._begun_at:
            self._commit()

    def _commit(self) -> None:
        if not self._group:  # everybody was refused
            self._connection.execute("ROLLBACK")
            self._rest()
            self._next()
            return
        self._phase = _Phase.COMMITTING
        self._in_thread(partial(_commit, self._connection), self._committed)

    def _committed(self, result: asyncio.Future[int]) -> None:
        group = self._group
        self._rest()
        if error := result.exception():
            self._own.forget()
            _refuse(group, error)
        else:
            self._version = result.result()
            self._own.tell([event for turn in group for event in turn.events])
            for turn in group:
                if turn.done is not None and not turn.done.done():
                    turn.done.set_result(None)
        self._next()

    def _undo(self, turn: Turn, why: NotNow = OVER) -> None:
        turn.connection = why
        self._inside = None
        self._own.forget()
        try:
            self._connection.execute("ROLLBACK TO turn")
            self._connection.execute("RELEASE turn")
        except sqlite3.Error as error:
            self._break(error)

    def _take_away(self) -> None:
        """The block inside is absurdly slow, or waits for what it must not wait for: others go on without it."""
        if self._phase is _Phase.OPEN and self._inside is not None:
            self._undo(self._inside, why=_TAKEN_AWAY)
            self._go_on()

    def _break(self, error: BaseException) -> None:
        """The transaction itself is gone (a full disk, say), and with it everything that was done in this group."""
        group = self._group
        if self._inside is not None:
            self._inside.connection = _TAKEN_AWAY
            self._inside = None
        _roll_back(self._connection)
        self._own.forget()
        self._rest()
        _refuse(group, error)
        asyncio.get_running_loop().call_soon(self._next_if_resting)

    def _next_if_resting(self) -> None:
        if self._phase is _Phase.RESTING:
            self._next()

    def _rest(self) -> None:
        self._phase = _Phase.RESTING
        self._group = []
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None

    def _in_thread(self, work: Callable[[], Any], then: Callable[..., None], *more: Any) -> None:
        done = asyncio.get_running_loop().run_in_executor(self._thread, work)
        done.add_done_callback(lambda result: then(result, *more))


def _run(errand: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> tuple[T, int]:
    return errand(connection), _data_version(connection)


def begin_patiently(connection: sqlite3.Connection) -> None:
    """Begins to write as soon as no other process does. Only for a thread that may wait.

    SQLite's own waiting asks more and more rarely, and would miss the moments between the commits of a busy process.
    """
    until = time.monotonic() + LONGEST_WAIT
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(ASKED_EVERY)
        else:
            return


def _commit(connection: sqlite3.Connection) -> int:
    try:
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise
    return _data_version(connection)


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _data_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _refuse(turns: Sequence[Turn] | deque[Turn], error: BaseException) -> None:
    for turn in turns:
        waited_for = turn.ready if turn.done is None else turn.done
        if waited_for is not None and not waited_for.done():
            waited_for.set_exception(_as_refusal(error))


def _as_refusal(error: BaseException) -> BaseException:
    if not isinstance(error, sqlite3.Error):
        return error
    refusal = Busy()
    refusal.__cause__ = error
    return refusal
