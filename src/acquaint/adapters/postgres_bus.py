"""The Bus over PostgreSQL's LISTEN and NOTIFY, where there is no Valkey."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

import asyncpg

from .line import MOST_UNSAID, LineBus

CHANNEL: Final = "acquaint_events"

LONGEST_NOTIFICATION: Final = 7900  # bytes; PostgreSQL takes less than 8000

CONNECTS_WITHIN: Final = 2.0  # seconds
SAID_WITHIN: Final = 1.0  # seconds; a PostgreSQL that takes longer is as good as gone
LISTENING_CHECKED_EVERY: Final = 0.4  # seconds of silence
CHECK_WITHIN: Final = 0.4  # seconds


class PostgresBus(LineBus):
    """Nodes on the same database hear each other. Its one connection must not go through a pool of transactions."""

    def __init__(self, url: str, *, most_unsaid: int = MOST_UNSAID) -> None:
        super().__init__(_PostgresLine(url), most_unsaid=most_unsaid)


class _PostgresLine:
    """One connection to listen and to speak, one thing at a time."""

    longest = LONGEST_NOTIFICATION

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+asyncpg:", "postgresql:", 1)
        self._connection: asyncpg.Connection | None = None
        self._one_at_a_time = asyncio.Lock()
        self._heard: asyncio.Queue[str | None] = asyncio.Queue()  # None: the connection ended

    async def open(self) -> None:
        await self.close()
        heard: asyncio.Queue[str | None] = asyncio.Queue()
        connection = await asyncpg.connect(self._url, timeout=CONNECTS_WITHIN, command_timeout=SAID_WITHIN)
        connection.add_termination_listener(lambda _: heard.put_nowait(None))
        self._connection, self._heard = connection, heard
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
            return message

    async def say(self, message: bytes) -> None:
        async with self._one_at_a_time:
            await self._open_connection().execute("SELECT pg_notify($1, $2)", CHANNEL, message.decode())

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection.terminate()

    async def _check(self) -> None:
        if self._one_at_a_time.locked():
            return  # something is being said: that will tell
        async with self._one_at_a_time:
            await self._open_connection().execute("SELECT 1", timeout=CHECK_WITHIN)

    def _open_connection(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            raise ConnectionError("there is no connection to PostgreSQL")
        return self._connection
