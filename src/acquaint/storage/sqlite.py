"""The hand on SQLite: reads in the event loop, searches on threads, writes in turns (``group_commit``).

Reading a row takes a few microseconds, less than handing it to a thread and back, so it simply runs. WAL lets
readers go on beside the writer; synchronous=FULL makes a commit survive a power cut.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from ..domain.errors import Busy, Refusal
from ..domain.events import Event
from .connection import Own, Row
from .group_commit import OVER, GroupCommit, NotNow, Turn, begin_patiently
from .lending import Lending
from .statements import Statement

T = TypeVar("T")

MOST_READERS: Final = 16
MOST_SEARCHES: Final = 2
LONGEST_SEARCH: Final = 10.0  # seconds a statement of a search may take
ASKED_EVERY: Final = 50_000  # steps of SQLite's machine, about a millisecond: then a search asks whether to go on
WRITTEN_AT_ONCE: Final = 200  # rows written behind in one transaction: requests wait for it if they want to write

_CANNOT_NOW: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
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
        self._path, self._own = path, replace(own, wanted={})
        self._its_writer: GroupCommit | None = None
        self._readers = Lending(
            MOST_READERS,
            open=self._open_reader,
            is_good=lambda _: True,
            close=_close,
            abandon=lambda it: it.close(),
        )
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
            await self._writer.run_errand(partial(_write_all, work=work))

    def changes(self) -> int | None:
        return self._writer.data_version()

    async def close(self) -> None:
        if self._its_writer is not None:
            await self._its_writer.close()
        await self._readers.close()
        self._threads.shutdown(wait=False)

    async def _open_reader(self) -> sqlite3.Connection:
        connection = connect(self._path, wait_for_locks=1)
        connection.execute("PRAGMA query_only = ON").fetchall()
        return connection

    @property
    def _writer(self) -> GroupCommit:
        if self._its_writer is None:
            self._its_writer = GroupCommit(connect(self._path, wait_for_locks=0), self._own)
        return self._its_writer


def connect(path: Path, *, wait_for_locks: float) -> sqlite3.Connection:
    """A connection that begins and ends transactions only when told to; Busy when there is no such file."""
    if not path.exists():
        raise Busy  # SQLite would make an empty file that everybody may read; ``schema.migrate`` makes a proper one
    connection = None
    try:
        connection = sqlite3.connect(
            path, timeout=wait_for_locks, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise _translation(error) from error
    return connection


_PRAGMAS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "temp_store = MEMORY",
    "secure_delete = ON",  # what was in clear, or is deleted, is overwritten
    "cache_size = -8000",
    "wal_autocheckpoint = 4000",  # pages: the same page written by many commits is copied back once
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
        elif isinstance(error, Refusal):
            await self._writer.refuse(self._turn)
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

    def __init__(self, own: Own, readers: Lending[sqlite3.Connection]) -> None:
        self._own, self._readers = own, readers

    async def __aenter__(self) -> _Hand:
        self._connection = self._readers.at_hand() or await self._readers.take()
        self._connection.execute("BEGIN")
        self._lent = _Lent(self._connection)
        return _Hand(self._own, self._lent)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self._lent.connection = OVER
        _give_back(self._connection, self._readers)


class _Search:
    """A read block whose statements run on a thread, so that one that takes long keeps nobody waiting."""

    def __init__(self, own: Own, readers: Lending[sqlite3.Connection], threads: ThreadPoolExecutor) -> None:
        self._own, self._readers, self._threads = own, readers, threads

    async def __aenter__(self) -> _SearchHand:
        self._connection = await self._readers.take()
        self._connection.execute("BEGIN")
        self._hand = _SearchHand(self._own, self._connection, self._threads)
        return self._hand

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        running = self._hand.leave()
        if running is None:
            self._over()
        else:  # left in the middle of a statement: the connection is free when its thread has let go of it
            loop = asyncio.get_running_loop()
            running.add_done_callback(lambda _: loop.call_soon_threadsafe(self._over))

    def _over(self) -> None:
        self._connection.set_progress_handler(None, 0)
        _give_back(self._connection, self._readers)


class _SearchHand:
    """A transaction whose statements run on a thread."""

    def __init__(self, own: Own, connection: sqlite3.Connection, threads: ThreadPoolExecutor) -> None:
        self.own = own
        self.events: list[Event] = []
        self._connection, self._threads = connection, threads
        self._running: Future[Any] | None = None
        self._is_left = False
        connection.set_progress_handler(lambda: self._is_left, ASKED_EVERY)

    async def rows(self, statement: Statement, /, **values: Any) -> list[Row]:
        return await self._run(statement, values, lambda cursor: cursor.fetchall())

    async def row(self, statement: Statement, /, **values: Any) -> Row | None:
        return await self._run(statement, values, lambda cursor: cursor.fetchone())

    async def change(self, statement: Statement, /, **values: Any) -> int:
        return await self._run(statement, values, lambda cursor: cursor.rowcount)

    def leave(self) -> Future[Any] | None:
        """Stops what is running; answers it, when it needs a moment to stop."""
        self._is_left = True
        running = self._running
        return None if running is None or running.cancel() or running.done() else running

    async def _run(self, statement: Statement, values: dict[str, Any], fetch: Callable[[sqlite3.Cursor], T]) -> T:
        if self._is_left:
            OVER.execute()
        sql, arguments = statement.for_sqlite
        given = arguments(values)
        running = self._threads.submit(lambda: fetch(self._connection.execute(sql, given)))
        self._running = running
        finished, _ = await asyncio.wait({asyncio.wrap_future(running)}, timeout=LONGEST_SEARCH)
        if not finished:
            self._is_left = True
            raise Busy
        try:
            return running.result()
        except _ERRORS as error:
            raise _translation(error) from error


async def _close(connection: sqlite3.Connection) -> None:
    connection.close()


def _give_back(connection: sqlite3.Connection, readers: Lending[sqlite3.Connection]) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    readers.give_back(connection)


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
