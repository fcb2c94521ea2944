"""The ports in one hand: which database, bus, mailer and limiter, by the settings.

What costs time to import and is not always needed is imported where it is chosen, so that the command line and an
embedded server start quickly.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ..adapters.argon2 import OWASP, Argon2Hasher
from ..adapters.disk import DiskShelf
from ..adapters.memory import MemoryBus, MemoryLimiter
from ..adapters.outbox import OutboxMailer
from ..adapters.pillow import PillowDrawing
from ..domain.errors import Busy
from ..domain.limits import Left, Limit
from ..ports.bus import Bus
from ..ports.crypto import Clock
from ..ports.formats import Format
from ..ports.limits import Limiter
from ..ports.mail import Mailer
from ..services.core import Core, IdMaker
from ..services.known_apps import KnownApps
from ..services.known_newest import KnownNewest
from ..services.outside import Outside
from ..services.recognition import BELIEVED_AMONG_NODES, BELIEVED_FOR, RecognisedSessions
from ..settings import Settings, without_password
from ..storage.schema import migrate as migrate_database
from ..storage.store import SqlStore
from . import late
from .readiness import NotReady
from .sealing import keys_of, prepare, sealing_of
from .tasks import kept_running, running

if TYPE_CHECKING:
    from pathlib import Path

    import argon2


def utc_now() -> datetime:
    return datetime.now(UTC)


def chance(count: int) -> bytes:
    return os.urandom(count)


def make_folder(settings: Settings) -> None:
    """The data directory, for its owner only: it holds keys and everybody's messages."""
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NotReady(f"{settings.data} cannot be made: {error}") from error


def migrate(settings: Settings) -> str:
    """Brings the database to this version's schema, and answers its name."""
    return asyncio.run(_migrate(settings))


def move(settings: Settings, file: Path) -> dict[str, int]:
    """What is in an SQLite file goes into the PostgreSQL database of the settings: how many rows of each table."""
    from ..storage.moving import CannotMove
    from ..storage.moving import move as move_rows

    if settings.is_embedded:
        raise NotReady("ACQUAINT_DATABASE_URL names no PostgreSQL database to move to")
    try:
        return asyncio.run(move_rows(file, settings.database))
    except CannotMove as error:
        raise NotReady(str(error)) from error
    except Busy as error:
        raise NotReady(f"{without_password(settings.database)} does not answer: {error.__cause__}") from error


def make_keys(settings: Settings) -> None:
    """What secrets are sealed with is there from now on; doing it again changes nothing."""

    async def begin() -> None:
        async with open_core(settings):
            pass

    asyncio.run(begin())


@contextlib.asynccontextmanager
async def open_core(
    settings: Settings,
    *,
    makes_database: bool = False,
    without_keys: bool = False,
    clock: Clock = utc_now,
    hashing: argon2.Parameters = OWASP,
) -> AsyncIterator[Core]:
    """The core on the settings' database, closed at the end. Raises NotReady when the database is not as it should be.

    Nothing goes on in the background, and what others do is not heard: that takes a house. ``without_keys`` is for
    looking after the keys that secrets are sealed with: one that is missing is no reason to stop.
    """
    async with open_parts(
        settings, makes_database=makes_database, without_keys=without_keys, clock=clock, hashing=hashing
    ) as parts:
        yield parts.core


@dataclass(frozen=True)
class Parts:
    """A core, and what of it is more than its port."""

    core: Core
    store: SqlStore
    hasher: Argon2Hasher


@contextlib.asynccontextmanager
async def open_parts(
    settings: Settings,
    *,
    makes_database: bool,
    without_keys: bool = False,
    clock: Clock,
    hashing: argon2.Parameters,
) -> AsyncIterator[Parts]:
    if makes_database and settings.is_embedded:
        make_folder(settings)
        await _migrate(settings)
    new_id = IdMaker(clock, chance)
    bus = _bus(settings)
    sealing = sealing_of(settings)
    async with contextlib.AsyncExitStack() as closing:
        store = SqlStore(settings.database, new_id=new_id, clock=clock, told=bus.tell, sealing=sealing)
        closing.push_async_callback(store.close)
        await _check(settings, store)
        hasher = Argon2Hasher(hashing, threads=settings.hash_threads or None)
        closing.callback(hasher.close)
        outbound = late.outbound(settings, closing)
        core = Core(
            store=store,
            hasher=hasher,
            signer=late.signer(),
            id_tokens=late.id_tokens(),
            oauth1=late.oauth1(),
            sealing=sealing,
            clock=clock,
            chance=chance,
            limiter=_limiter(settings, closing),
            bus=bus,
            mailer=_mailer(settings, clock),
            outbound=outbound,
            outside=Outside(outbound, clock),
            files=DiskShelf(settings.data / "files"),
            drawing=PillowDrawing(),
            new_id=new_id,
            recognised=RecognisedSessions(believed_for=_believed_for(bus)),
            known_apps=KnownApps(_believed_for(bus)),
            known_newest=KnownNewest(_believed_for(bus)),
            formats=_formats,
            file_space=settings.file_space or None,
            public_url=settings.public,
        )
        if not without_keys:
            await prepare(settings, core)
        async with running([kept_running("bus", bus.run)]):
            yield Parts(core, store, hasher)


async def _migrate(settings: Settings) -> str:
    try:
        return await migrate_database(settings.database)
    except (Busy, OSError, ValueError, sqlite3.Error) as error:
        why = f": {error}" if str(error) else ""
        raise NotReady(f"{without_password(settings.database)} cannot be prepared{why}") from error


async def _check(settings: Settings, store: SqlStore) -> None:
    try:
        await store.check()
    except Busy as error:
        where = without_password(settings.database)
        raise NotReady(
            f"{where} does not answer, or was not prepared for this version: "
            + ("run `acquaint init`" if settings.is_embedded else "run `acquaint migrate`")
        ) from error


def _bus(settings: Settings) -> Bus:
    if settings.bus_url:
        from ..adapters.valkey import ValkeyBus

        return ValkeyBus(settings.bus_url, keys_of(settings))
    if settings.is_embedded:
        return MemoryBus()
    from ..adapters.postgres_bus import PostgresBus

    return PostgresBus(settings.database, keys_of(settings))


def _believed_for(bus: Bus) -> timedelta:
    return BELIEVED_FOR if isinstance(bus, MemoryBus) else BELIEVED_AMONG_NODES


def _mailer(settings: Settings, clock: Clock) -> Mailer:
    try:
        if settings.smtp_url:
            from ..adapters.smtp import SmtpMailer

            return SmtpMailer(settings.smtp_url, settings.sender, clock=clock)
        return OutboxMailer(settings.data / "outbox", settings.sender, clock=clock)
    except ValueError as error:
        raise NotReady(f"mail cannot be sent like this: {error}") from None


def _formats() -> Mapping[str, Format]:
    from ..dialects import FORMATS

    return FORMATS


def _limiter(settings: Settings, closing: contextlib.AsyncExitStack) -> Limiter:
    if not settings.limits:
        return Unlimited()
    if not settings.bus_url:
        return MemoryLimiter()
    from ..adapters.valkey import ValkeyLimiter

    limiter = ValkeyLimiter(settings.bus_url)
    closing.push_async_callback(limiter.close)
    return limiter


class Unlimited:
    """Counts nothing, for load tests."""

    async def take(self, limit: Limit, who: str) -> Left:
        """Everything is allowed."""
        return Left(limit.times, timedelta(0))

    async def give_back(self, limit: Limit, who: str) -> None:
        """Nothing was taken."""
