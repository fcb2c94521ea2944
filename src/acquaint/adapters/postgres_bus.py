"""The Bus over PostgreSQL's LISTEN and NOTIFY, where there is no Valkey.

A notification holds less than 8000 bytes. A longer message is said in parts, in one transaction: PostgreSQL then tells
them in order, with nothing of anybody else in between.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

import asyncpg

from .line import MOST_UNSAID, LineBus
from .line_sealing import LineSealing

CHANNEL: Final = "acquaint_events"

LONGEST_NOTIFICATION: Final = 7900  # bytes; PostgreSQL takes less than 8000
MOST_PARTS: Final = 22  # of one message: what LARGEST_MENTION takes, sealed

CONNECTS_WITHIN: Final = 2.0  # seconds
SAID_WITHIN: Final = 1.0  # seconds; a PostgreSQL that takes longer is as good as gone
LISTENING_CHECKED_EVERY: Final = 0.4  # seconds of silence
CHECK_WITHIN: Final = 0.4  # seconds


class PostgresBus(LineBus):
    """Nodes on the same database hear each other. Its one connection must not go through a pool of transactions.

    ``keys`` are those that nodes share, the newest first: whoever may connect to the database may notify.
    """

    def __init__(self, url: str, keys: Callable[[], Sequence[bytes]], *, most_unsaid: int = MOST_UNSAID) -> None:
        super().__init__(PostgresLine(url), LineSealing(keys), most_unsaid=most_unsaid)


class PostgresLine:
    """One connection to listen and to speak, one thing at a time."""

    longest = (LONGEST_NOTIFICATION - 20) * MOST_PARTS
    mentioned_per_second = 512 * 1024

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+asyncpg:", "postgresql:", 1)
        self._connection: asyncpg.Connection | None = None
        self._one_at_a_time = asyncio.Lock()
        self._heard: asyncio.Queue[str | None] = asyncio.Queue()  # None: the connection ended
        self._parts: list[str] = []  # of a message that is not all here yet

    async def open(self) -> None:
        await self.close()
        heard: asyncio.Queue[str | None] = asyncio.Queue()
        connection = await asyncpg.connect(self._url, timeout=CONNECTS_WITHIN, command_timeout=SAID_WITHIN)
        connection.add_termination_listener(lambda _: heard.put_nowait(None))
        self._connection, self._heard, self._parts = connection, heard, []
        async with self._one_at_a_time:
            await connection.add_listener(CHANNEL, lambda _c, _p, _ch, message: heard.put_nowait(message))

    async def hear(self) -> str:
        while True:
            try:
                async with asyncio.timeout(LISTENING_CHECKED_EVERY):
                    message = await self._heard.get()
            except TimeoutError:
                await self._check()
                continue
            if message is None:
                raise ConnectionError("PostgreSQL ended the connection")
            whole = self._put_together(message)
            if whole is not None:
                return whole

    async def say(self, message: bytes) -> None:
        notifications = [message.decode()] if len(message) <= LONGEST_NOTIFICATION else list(_in_parts(message))
        async with self._one_at_a_time:
            await self._open_connection().execute(_SAY, CHANNEL, notifications)

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection.terminate()

    def _put_together(self, message: str) -> str | None:
        """The message that is whole now. What nobody can put together is nobody's message: it is handed on as it is."""
        found = _PART.match(message)
        if found is None:
            return message
        number, count = int(found[1]), int(found[2])
        if number == 1:
            self._parts = []
        if number != len(self._parts) + 1 or not number <= count <= MOST_PARTS:
            return message
        self._parts.append(message[found.end() :])
        if number < count:
            return None
        parts, self._parts = self._parts, []
        return "".join(parts)

    async def _check(self) -> None:
        if self._one_at_a_time.locked():
            return  # something is being said: that will tell
        async with self._one_at_a_time:
            await self._open_connection().execute("SELECT 1", timeout=CHECK_WITHIN)

    def _open_connection(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            raise ConnectionError("there is no connection to PostgreSQL")
        return self._connection


_SAY: Final = "SELECT pg_notify($1, it) FROM unnest($2::text[]) WITH ORDINALITY AS parts(it, number) ORDER BY number"
_PART: Final = re.compile(r"([1-9][0-9]?)/([1-9][0-9]?) ")


def _in_parts(message: bytes) -> Iterator[str]:
    """Each says which it is and of how many."""
    size = LONGEST_NOTIFICATION - 20
    pieces = [message[start : start + size].decode() for start in range(0, len(message), size)]
    return (f"{number}/{len(pieces)} {piece}" for number, piece in enumerate(pieces, 1))
