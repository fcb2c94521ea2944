"""The hand on PostgreSQL: asyncpg, READ COMMITTED, one connection a block.

A write holds the rows it decides by (``Statement.holds``), in this order: the user, then the conversation.
Reading needs no transaction at READ COMMITTED, where each statement sees what is committed just then: readers have
connections of their own that cannot write, and a read of one statement is one trip to the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final, NoReturn

import asyncpg

from ..domain.errors import Busy, IdentifierTaken
from ..domain.events import Event
from . import tables as t
from .connection import Own, Row
from .lending import Lending
from .statements import Statement

LONGEST_STATEMENT: Final = 5.0  # seconds
LONGEST_SEARCH: Final = 10.0  # seconds
LONGEST_PAUSE: Final = 5.0  # seconds a write may idle between two statements: it holds locks that others wait for
LONGEST_CONNECT: Final = 5.0  # seconds
WRITTEN_AT_ONCE: Final = 200  # rows written behind in one transaction

_USUAL: Final = {
    "application_name": "acquaint",
    "jit": "off",  # compiling takes longer than any query of ours
    "idle_in_transaction_session_timeout": f"{LONGEST_PAUSE}s",
    "statement_timeout": f"{LONGEST_STATEMENT}s",
}
_READING: Final = {"default_transaction_read_only": "on", "statement_timeout": f"{LONGEST_SEARCH}s"}

_CANNOT_NOW: Final = (
    OSError,  # TimeoutError too
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, or the statement took too long
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,  # a deadlock, say
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # a replica that has not taken over yet
    asyncpg.InvalidCachedStatementError,  # somebody migrated the database under our eyes
    asyncpg.ForeignKeyViolationError,  # what it refers to was deleted meanwhile; trying again finds that out
)
_ERRORS: Final = (*_CANNOT_NOW, asyncpg.DataError, asyncpg.UniqueViolationError, asyncpg.InterfaceError)


class PostgresEngine:
    """One database, reached over two sets of connections: for reading and for writing."""

    is_embedded = False

    def __init__(self, address: str, own: Own, *, connections: int) -> None:
        self._address, self._own = address, own
        self._readers = self._lending(connections, _USUAL | _READING)
        self._writers = self._lending(connections, _USUAL)
        self._finishing: set[asyncio.Task[None]] = set()

    def read(self) -> _Read:
        return _Read(self._own, self._readers)

    def search(self) -> _Read:
        return self.read()

    def write(self) -> _Write:
        return _Write(self._own, self._writers, self.finish)

    async def write_behind(self, statements: Sequence[Statement], rows: Sequence[dict[str, Any]]) -> None:
        for start in range(0, len(rows), WRITTEN_AT_ONCE):
            async with self.write() as hand:
                for statement in statements:
                    await hand.change_all(statement, rows[start : start + WRITTEN_AT_ONCE])

    def changes(self) -> int | None:
        return None

    async def close(self) -> None:
        while self._finishing:
            await asyncio.wait(self._finishing)
        await self._readers.close()
        await self._writers.close()

    async def finish(self, work: Coroutine[Any, Any, None]) -> None:
        """Sees the work through, whether or not whoever waits for it is cancelled meanwhile."""
        task = asyncio.ensure_future(work)
        self._finishing.add(task)
        task.add_done_callback(self._finished)
        await asyncio.shield(task)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._finishing.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has heard of it; if they were cancelled, nobody has to

    def _lending(self, connections: int, settings: dict[str, str]) -> Lending[asyncpg.Connection]:
        async def connect() -> asyncpg.Connection:
            try:
                return await asyncpg.connect(
                    self._address,
                    timeout=LONGEST_CONNECT,
                    command_timeout=LONGEST_SEARCH + 1,  # the server says so first, unless it is gone
                    statement_cache_size=512,
                    server_settings=settings,
                )
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                raise Busy from error

        return Lending(
            connections,
            open=connect,
            is_good=lambda it: not it.is_closed() and not it.is_in_transaction(),
            close=_close,
            abandon=lambda it: it.terminate(),
        )


class _Hand:
    """A transaction on one connection."""

    __slots__ = ("_connection", "_writes", "events", "own")

    def __init__(self, own: Own, connection: asyncpg.Connection, *, writes: bool = False) -> None:
        self.own, self._writes = own, writes
        self.events: list[Event] = []
        self._connection: asyncpg.Connection | None = connection

    async def rows(self, statement: Statement, /, **values: Any) -> list[Row]:
        sql, arguments = statement.for_postgresql_write if self._writes else statement.for_postgresql
        connection = self._open_connection()
        try:
            rows: list[Row] = await connection.fetch(sql, *arguments(values))
        except _ERRORS as error:
            _raise(error, connection)
        return rows

    async def row(self, statement: Statement, /, **values: Any) -> Row | None:
        sql, arguments = statement.for_postgresql_write if self._writes else statement.for_postgresql
        connection = self._open_connection()
        try:
            row: Row | None = await connection.fetchrow(sql, *arguments(values))
        except _ERRORS as error:
            _raise(error, connection)
        return row

    async def change(self, statement: Statement, /, **values: Any) -> int:
        sql, arguments = statement.for_postgresql
        connection = self._open_connection()
        try:
            said: str = await connection.execute(sql, *arguments(values))
        except _ERRORS as error:
            _raise(error, connection)
        return int(said.rpartition(" ")[2])  # "INSERT 0 1", "UPDATE 3"

    async def change_all(self, statement: Statement, rows: Sequence[dict[str, Any]]) -> None:
        sql, arguments = statement.for_postgresql
        connection = self._open_connection()
        try:
            await connection.executemany(sql, [arguments(row) for row in rows])
        except _ERRORS as error:
            _raise(error, connection)

    def leave(self) -> None:
        """The block is over: nothing that kept a shelf can use the connection that somebody else has now."""
        self._connection = None

    def _open_connection(self) -> asyncpg.Connection:
        if self._connection is None:
            raise RuntimeError("the block is over: its shelves are not for use outside of it")
        return self._connection


class _Read:
    """A read block."""

    __slots__ = ("_connection", "_hand", "_own", "_readers")

    def __init__(self, own: Own, readers: Lending[asyncpg.Connection]) -> None:
        self._own, self._readers = own, readers

    async def __aenter__(self) -> _Hand:
        self._connection = await self._readers.take()
        self._hand = _Hand(self._own, self._connection)
        return self._hand

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self._hand.leave()
        if kind is None or not issubclass(kind, asyncio.CancelledError | TimeoutError):
            self._readers.give_back(self._connection)
        else:
            self._readers.drop(self._connection)  # the server may still be at work on the statement


class _Write:
    """A write block: one transaction."""

    __slots__ = ("_connection", "_finish", "_hand", "_own", "_writers")

    def __init__(
        self,
        own: Own,
        writers: Lending[asyncpg.Connection],
        finish: Callable[[Coroutine[Any, Any, None]], Awaitable[None]],
    ) -> None:
        self._own, self._writers, self._finish = own, writers, finish

    async def __aenter__(self) -> _Hand:
        self._connection = await self._writers.take()
        try:
            await self._connection.execute("BEGIN")
        except BaseException as error:
            self._writers.drop(self._connection)
            if isinstance(error, _ERRORS):
                _raise(error, self._connection)
            raise
        self._hand = _Hand(self._own, self._connection, writes=True)
        return self._hand

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self._hand.leave()
        if kind is None:
            await self._finish(self._commit())
        elif issubclass(kind, asyncio.CancelledError):
            self._writers.drop(self._connection)  # which rolls back, without anybody having to wait for it
        else:
            await self._finish(self._roll_back())

    async def _commit(self) -> None:
        said = await self._finally("COMMIT")
        if said != "COMMIT":
            raise Busy  # a statement failed, the block went on, and the server has rolled back
        self._own.tell(self._hand.events)

    async def _roll_back(self) -> None:
        with suppress(Busy):  # a connection that is lost is rolled back by the server
            await self._finally("ROLLBACK")

    async def _finally(self, statement: str) -> str:
        try:
            said: str = await self._connection.execute(statement)
        except BaseException as error:
            self._writers.drop(self._connection)
            if isinstance(error, _ERRORS):
                _raise(error, self._connection)
            raise
        self._writers.give_back(self._connection)
        return said


async def _close(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=LONGEST_CONNECT)
    except _ERRORS:
        connection.terminate()


def _raise(error: Exception, connection: asyncpg.Connection) -> NoReturn:
    """Raises what an error of the driver means to those above; itself, when it is a bug of ours."""
    if isinstance(error, TimeoutError):
        connection.terminate()  # nobody answers there any more: it is not lent again
    if isinstance(error, _CANNOT_NOW):
        raise Busy from error
    if isinstance(error, asyncpg.DataError):
        raise ValueError("a value that PostgreSQL cannot keep") from None  # its own words quote the value
    if isinstance(error, asyncpg.UniqueViolationError) and error.constraint_name in t.TAKEN:
        raise IdentifierTaken(t.TAKEN[error.constraint_name]) from error
    if isinstance(error, asyncpg.InterfaceError) and connection.is_closed():
        raise Busy from error
    raise error
