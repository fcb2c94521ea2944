"""What runs between nodes in the tests, and how it is interrupted. ``Road`` is the same for each kind of line."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import asyncpg

from acquaint.adapters.line import Line, LineBus
from acquaint.adapters.postgres_bus import CHANNEL, PostgresBus, PostgresLine
from acquaint.adapters.valkey import ValkeyBus, ValkeyLine
from tests.support.postgres import RunningPostgres
from tests.support.sealing import KEY
from tests.support.valkey import RunningValkey, running_valkey

Keys = Callable[[], Sequence[bytes]]


def keys() -> Sequence[bytes]:
    """What nodes share, and nobody else knows."""
    return [KEY]


class Road(Protocol):
    def bus(self, *, keys: Keys = keys, most_unsaid: int = 1000) -> LineBus: ...
    async def trip(self) -> None:
        """Every connection breaks; new ones are taken at once."""
        ...

    async def cut(self) -> None:
        """Every connection breaks and nobody gets through."""
        ...

    async def mend(self) -> None: ...
    async def freeze(self) -> None:
        """Every connection stays and says nothing any more."""
        ...

    async def shout(self, message: str) -> None:
        """Somebody who is no node says something."""
        ...

    def line(self) -> Line:
        """Of somebody who reaches it, and listens."""
        ...


class ValkeyRoad:
    def __init__(self, server: RunningValkey) -> None:
        self._server = server

    def bus(self, *, keys: Keys = keys, most_unsaid: int = 1000) -> LineBus:
        return ValkeyBus(self._server.url, keys, most_unsaid=most_unsaid)

    async def trip(self) -> None:
        self._server.ask("CLIENT", "KILL", "TYPE", "pubsub")
        self._server.ask("CLIENT", "KILL", "TYPE", "normal")

    async def cut(self) -> None:
        self._server.stop()

    async def mend(self) -> None:
        self._server.start()

    async def freeze(self) -> None:
        self._server.pause()

    async def shout(self, message: str) -> None:
        self._server.ask("PUBLISH", "acquaint:events:0", message)

    def line(self) -> Line:
        return ValkeyLine(self._server.url)


class PostgresRoad:
    """A database of its own on the tests' server, so that nobody else is interrupted."""

    def __init__(self, admin: asyncpg.Connection, url: str, name: str) -> None:
        self._admin, self._url, self._name = admin, url, name
        self._frozen: list[int] = []

    def bus(self, *, keys: Keys = keys, most_unsaid: int = 1000) -> LineBus:
        return PostgresBus(self._url, keys, most_unsaid=most_unsaid)

    async def trip(self) -> None:
        await self._admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", self._name
        )

    async def cut(self) -> None:
        await self._admin.execute(f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS false")
        await self.trip()

    async def mend(self) -> None:
        await self._admin.execute(f"ALTER DATABASE {self._name} ALLOW_CONNECTIONS true")

    async def freeze(self) -> None:
        rows = await self._admin.fetch("SELECT pid FROM pg_stat_activity WHERE datname = $1", self._name)
        self._frozen = [row["pid"] for row in rows]
        for pid in self._frozen:
            os.kill(pid, signal.SIGSTOP)

    async def shout(self, message: str) -> None:
        connection = await asyncpg.connect(self._url)
        await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, message)
        await connection.close()

    def line(self) -> Line:
        return PostgresLine(self._url)

    async def thaw(self) -> None:
        for pid in self._frozen:
            os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def valkey_road(folder: Path) -> AsyncIterator[Road]:
    with running_valkey(folder) as server:
        yield ValkeyRoad(server)


@asynccontextmanager
async def postgres_road(server: RunningPostgres) -> AsyncIterator[Road]:
    admin = await asyncpg.connect(server.url("postgres"), ssl=False)
    name = f"road_{secrets.token_hex(4)}"
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    road = PostgresRoad(admin, server.url(name), name)
    try:
        yield road
    finally:
        await road.thaw()
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()
