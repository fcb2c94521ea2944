"""The hand on SQLite: reads in the event loop, searches on threads, writes in turns (``group_commit``).

Reading a row takes a few microseconds, less than handing it to a thread and back, so it simply runs. WAL lets
readers go on beside the writer; synchronous=FULL makes a commit survive a power cut.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from ..domain.errors import Busy
from ..domain.events import Event
from .connection import Own, Row
from .group_commit import LONGEST_WAIT, OVER, GroupCommit, NotNow, Turn, begin_patiently
from .statements import Statement

T = TypeVar("T")

MOST_READERS: Final = 16
MOST_SEARCHES: Final = 2
LONGEST_SEARCH: Final = 10.0  # seconds a statement of a search may take
WRITTEN_AT_ONCE: Final = 200  # rows written behind in one transaction: requests wait for it if they want to write

_CANNOT_NOW: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_ERRORS: Final = (sqlite3.OperationalError, sqlite3.IntegrityError, OverflowError)


class SqliteEngine:
    """One file, opened by one process: a writer, and readers as they are needed."""

    is_embedded = True

    def __init__(self, path: Path, own: Own) -> None:
        self._path, self._own = path, own
        self._its_writer: GroupCommit | None = None
        self._readers = _Readers(path)
        self._threads = ThreadPoolExecutor(max_workers=MOST_SEARCHES, thread_name_prefix="acquaint-search")

    def read(self) -> _Read:
        return _Read(self._own, self._readers)

    def search(self) -> _Search:
        return _Search(self._own, self._readers, self._threads)

    def write(self) -> _Write:
        return _Write(self._own, self._writer)

    async def write_behind(self, statements: Sequence[Statement], rows: Sequence[dict[str, Any]]) -> None:
        spelled = [it.for_sqlite for it in statements]
        for start in range(0, len(rows), WRITTEN_AT_ONCE):
            some = rows[start : start + WRITTEN_AT_ONCE]
            work = [(it.sql, [it.arguments(row) for row in some]) for it in spelled]
            await self._writer.run_errand(lambda connection, work=work: _write_all(connection, work))  # type: ignore[misc]

    def changes(self) -> int | None:
        return self._writer.data_version()

    async def close(self) -> None:
        if self._its_writer is not None:
            await self._its_writer.close()
        self._readers.close()
        self._threads.shutdown(wait=False)

    @property
    def _writer(self) -> GroupCommit:
        if self._its_writer is None:
            self._its_writer = GroupCommit(connect(self._path, wait_for_locks=0), self._own.told)
        return self._its_writer


def connect(path: Path, *, wait_for_locks: float) -> sqlite3.Connection:
    """A connection that begins and ends transactions only when told to; Busy when there is no such file."""
    if not path.exists():
        raise Busy  # SQLite would make an empty file that everybody may read; ``schema.migrate`` makes a proper one
    try:
        connection = sqlite3.connect(
            path, timeout=wait_for_locks, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except sqlite3.OperationalError as error:
        raise _translation(error) from error
    return connection


_PRAGMAS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "temp_store = MEMORY",
    "cache_size = -8000",
)


class _Hand:
    """A transaction whose statements run where they are asked for, on the connection its source has just now."""

    __slots__ = ("_source", "events", "own")

    def __init__(self, own: Own, source: Turn | _Lent) -> None:
        self.own = own
        self.events = source.events
        self._source = source

    async def rows(self, statement: Statement, /, **values: Any) -> list[Row]:
        sql, arguments = statement.for_sqlite
        try:
            rows: list[Row] = self._source.connection.execute(sql, arguments(values)).fetchall()
        except _ERRORS as error:
            raise _translation(error) from error
        return rows

    async def row(self, statement: Statement, /, **values: Any) -> Row | None:
        sql, arguments = statement.for_sqlite
        try:
            row: Row | None = self._source.connection.execute(sql, arguments(values)).fetchone()
        except _ERRORS as error:
            raise _translation(error) from error
        return row

    async def change(self, statement: Statement, /, **values: Any) -> int:
        sql, arguments = statement.for_sqlite
        try:
            changed: int = self._source.connection.execute(sql, arguments(values)).rowcount
        except _ERRORS as error:
            raise _translation(error) from error
        return changed


class _Write:
    """A write block: its turn, and the commit it shares."""

    __slots__ = ("_own", "_turn", "_writer")

    def __init__(self, own: Own, writer: GroupCommit) -> None:
        self._own, self._writer, self._turn = own, writer, Turn()

    async def __aenter__(self) -> _Hand:
        await self._writer.enter(self._turn)
        return _Hand(self._own, self._turn)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if kind is None:
            await self._writer.commit(self._turn)
        else:
            self._writer.undo(self._turn)


class _Lent:
    """A reader's connection, for as long as a block has it."""

    __slots__ = ("connection", "events")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection: sqlite3.Connection | NotNow = connection
        self.events: list[Event] = []


class _Read:
    """A read block. What it reads is of one moment, however many statements it takes."""

    __slots__ = ("_connection", "_lent", "_own", "_readers")

    def __init__(self, own: Own, readers: _Readers) -> None:
        self._own, self._readers = own, readers

    async def __aenter__(self) -> _Hand:
        self._connection = await self._readers.take()
        self._lent = _Lent(self._connection)
        return _Hand(self._own, self._lent)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self._lent.connection = OVER
        self._readers.give_back(self._connection)


class _Search:
    """A read block whose statements run on a thread, so that one that takes long keeps nobody waiting."""

    def __init__(self, own: Own, readers: _Readers, threads: ThreadPoolExecutor) -> None:
        self._own, self._readers, self._threads = own, readers, threads

    async def __aenter__(self) -> _SearchHand:
        self._connection = await self._readers.take()
        self._hand = _SearchHand(self._own, self._connection, self._threads)
        return self._hand

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        running = self._hand.running
        if running is None or running.done():
            self._readers.give_back(self._connection)
        else:  # left in the middle of a statement: the connection is free when its thread has let go of it
            self._connection.interrupt()
            running.add_done_callback(lambda _: self._readers.give_back(self._connection))


class _SearchHand:
    def __init__(self, own: Own, connection: sqlite3.Connection, threads: ThreadPoolExecutor) -> None:
        self.own = own
        self.events: list[Event] = []
        self.running: asyncio.Future[Any] | None = None
        self._connection, self._threads = connection, threads

    async def rows(self, statement: Statement, /, **values: Any) -> list[Row]:
        return await self._run(statement, values, lambda cursor: cursor.fetchall())

    async def row(self, statement: Statement, /, **values: Any) -> Row | None:
        return await self._run(statement, values, lambda cursor: cursor.fetchone())

    async def change(self, statement: Statement, /, **values: Any) -> int:
        return await self._run(statement, values, lambda cursor: cursor.rowcount)

    async def _run(self, statement: Statement, values: dict[str, Any], fetch: Callable[[sqlite3.Cursor], T]) -> T:
        sql, arguments = statement.for_sqlite
        given = arguments(values)
        running = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: fetch(self._connection.execute(sql, given))
        )
        self.running = running
        finished, _ = await asyncio.wait({running}, timeout=LONGEST_SEARCH)
        if not finished:
            raise Busy
        try:
            return running.result()
        except _ERRORS as error:
            raise _translation(error) from error


class _Readers:
    """Connections that can only read, opened as they are needed and kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._free: list[sqlite3.Connection] = []
        self._open = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed = False

    async def take(self) -> sqlite3.Connection:
        """A connection with a transaction begun."""
        while not self._free and self._open >= MOST_READERS:
            await self._wait()
        if self._free:
            connection = self._free.pop()
        else:
            connection = connect(self._path, wait_for_locks=1)
            connection.execute("PRAGMA query_only = ON").fetchall()
            self._open += 1
        connection.execute("BEGIN")
        return connection

    def give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if self._closed:
            connection.close()
            return
        self._free.append(connection)
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)
                break

    def close(self) -> None:
        self._closed = True
        while self._free:
            self._free.pop().close()

    async def _wait(self) -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        done, _ = await asyncio.wait({waiting}, timeout=LONGEST_WAIT)
        if not done:
            self._waiting.remove(waiting)
            raise Busy


def _write_all(connection: sqlite3.Connection, work: Sequence[tuple[str, Sequence[Sequence[Any]]]]) -> None:
    begin_patiently(connection)
    try:
        for sql, rows in work:
            connection.executemany(sql, rows)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _translation(error: Exception) -> Exception:
    """What an error of the driver means to those above; itself, when it is a bug of ours."""
    if isinstance(error, OverflowError):
        return ValueError(str(error))
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF in _CANNOT_NOW:
        return Busy()
    if code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        return Busy()  # what it refers to was deleted meanwhile; trying again finds that out
    return error
