"""The store: transactions, and the shelves they open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Final

from sqlalchemy import column, select, table

from ..domain.errors import Busy
from ..domain.events import Event
from ..ports.crypto import Clock, Sealing
from ..ports.store import LastSeen
from .address_books import SqlAddressBooks
from .answers import SqlAnswers
from .apps import SqlApps
from .blocks import SqlBlocks
from .connection import Connection, Own
from .deliveries import SqlDeliveries
from .devices import SqlDevices
from .engine import open_engine
from .events import SqlEvents
from .files import SqlFiles
from .keys import SqlKeys
from .listings import SqlListedConversations, SqlListedMessages
from .merges import SqlMerges
from .providers import SqlProviders
from .push_addresses import SqlPushAddresses
from .roster import SqlRoster
from .schema import HEAD
from .sealed import SqlSealed
from .sessions import SEEN, SqlSessions, values_of_seen
from .statements import Statement
from .tickets import SqlTickets
from .unverified import SqlUnverifiedCounts
from .upkeep import SqlUpkeep
from .users import SqlUsers
from .webhooks import SqlWebhooks

CONNECTIONS: Final = 10  # to PostgreSQL, for reading and for writing each

_VERSION = Statement(select(column("version_num")).select_from(table("alembic_version")))


class SqlStore:
    """A database of Acquaint's, SQLite or PostgreSQL.

    ``told`` hears of the events of every commit of this process, before ``write()`` lets go of whoever
    wrote them, and also when that one was cancelled meanwhile: what is committed is always told.
    """

    def __init__(
        self,
        url: str,
        *,
        new_id: Callable[[], int],
        clock: Clock,
        told: Callable[[Sequence[Event]], None],
        sealing: Sealing,
        connections: int = CONNECTIONS,
    ) -> None:
        self._engine = open_engine(url, Own(new_id, clock, told, sealing, number=new_id()), connections=connections)

    @property
    def is_embedded(self) -> bool:
        """Whether this process looks after the database itself: a file, to be migrated at start and to be watched."""
        return self._engine.is_embedded

    def read(self) -> _Block:
        return _Block(self._engine.read())

    def search(self) -> _Block:
        return _Block(self._engine.search())

    def write(self) -> _Block:
        return _Block(self._engine.write())

    async def write_last_seen(self, seen: Sequence[LastSeen]) -> None:
        if seen:
            await self._engine.write_behind(SEEN, values_of_seen(seen))

    async def check(self) -> None:
        try:
            async with self._engine.search() as connection:
                row = await connection.row(_VERSION)
        except Busy:
            raise
        except Exception as error:
            raise Busy from error
        if row is None or row[0] != HEAD:
            raise Busy

    def changes(self) -> int | None:
        """A number that changes when another process wrote to the database; None where nobody can tell."""
        return self._engine.changes()

    async def close(self) -> None:
        await self._engine.close()


class SqlTransaction:
    """The shelves. Only for use inside of the block that opened it."""

    __slots__ = ("_db",)

    def __init__(self, db: Connection) -> None:
        self._db = db

    @property
    def apps(self) -> SqlApps:
        return SqlApps(self._db)

    @property
    def keys(self) -> SqlKeys:
        return SqlKeys(self._db)

    @property
    def providers(self) -> SqlProviders:
        return SqlProviders(self._db)

    @property
    def users(self) -> SqlUsers:
        return SqlUsers(self._db)

    @property
    def devices(self) -> SqlDevices:
        return SqlDevices(self._db)

    @property
    def merges(self) -> SqlMerges:
        return SqlMerges(self._db)

    @property
    def roster(self) -> SqlRoster:
        return SqlRoster(self._db)

    @property
    def sessions(self) -> SqlSessions:
        return SqlSessions(self._db)

    @property
    def tickets(self) -> SqlTickets:
        return SqlTickets(self._db)

    @property
    def conversations(self) -> SqlListedConversations:
        return SqlListedConversations(self._db)

    @property
    def messages(self) -> SqlListedMessages:
        return SqlListedMessages(self._db)

    @property
    def events(self) -> SqlEvents:
        return SqlEvents(self._db)

    @property
    def files(self) -> SqlFiles:
        return SqlFiles(self._db)

    @property
    def blocks(self) -> SqlBlocks:
        return SqlBlocks(self._db)

    @property
    def push_addresses(self) -> SqlPushAddresses:
        return SqlPushAddresses(self._db)

    @property
    def address_books(self) -> SqlAddressBooks:
        return SqlAddressBooks(self._db)

    @property
    def answers(self) -> SqlAnswers:
        return SqlAnswers(self._db)

    @property
    def webhooks(self) -> SqlWebhooks:
        return SqlWebhooks(self._db)

    @property
    def deliveries(self) -> SqlDeliveries:
        return SqlDeliveries(self._db)

    @property
    def unverified(self) -> SqlUnverifiedCounts:
        return SqlUnverifiedCounts(self._db)

    @property
    def sealed(self) -> SqlSealed:
        return SqlSealed(self._db)

    @property
    def upkeep(self) -> SqlUpkeep:
        return SqlUpkeep(self._db)


class _Block:
    """One transaction, with the shelves on it."""

    __slots__ = ("_of_engine",)

    def __init__(self, of_engine: AbstractAsyncContextManager[Connection]) -> None:
        self._of_engine = of_engine

    async def __aenter__(self) -> SqlTransaction:
        return SqlTransaction(await self._of_engine.__aenter__())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._of_engine.__aexit__(kind, error, trace)
