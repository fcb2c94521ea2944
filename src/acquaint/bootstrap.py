"""Where everything meets: settings become a core, the core a house, and the house is opened, served and closed.

    make_folder, migrate   what must be there before
    open_core              the ports in one hand, for as long as it is needed
    open_house             a core that serves: with the tasks that go on beside requests
    build_app              the ASGI application in front of a house
    serve                  listens until told to stop

Only here is anything chosen: which database, bus and mailer, and which dialects. What costs time to import and is not
always needed is imported where it is chosen, so that the command line and an embedded server start quickly.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sqlite3
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from . import __version__
from .adapters.argon2 import OWASP, Argon2Hasher
from .adapters.disk import DiskShelf
from .adapters.jose import JoseSigner
from .adapters.memory import MemoryBus, MemoryLimiter
from .adapters.outbox import OutboxMailer
from .domain.errors import Busy
from .domain.limits import Limit
from .ports.bus import Bus
from .ports.crypto import Clock
from .ports.limits import Limiter
from .ports.mail import Mailer
from .services import sessions, users
from .services.core import Core, IdMaker
from .services.recognition import BELIEVED_AMONG_NODES, BELIEVED_FOR, RecognisedSessions
from .settings import Settings, strangers, without_password
from .storage.schema import migrate as migrate_database
from .storage.store import SqlStore
from .storage.watch import watch

if TYPE_CHECKING:
    import argon2

    from .realtime.hub import Hub
    from .web.edge import Edge
    from .web.health import Gauges, Health, Requests

log = structlog.get_logger()

SWEEP_PAUSE: Final = 0.1  # seconds between two parts of one sweep: requests come first
RESTARTED_AFTER: Final = 1.0  # seconds until a task that broke is begun anew


class NotReady(Exception):
    """The server cannot do this as things are. The text says why, and what to do about it."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def chance(count: int) -> bytes:
    return os.urandom(count)


def make_folder(settings: Settings) -> None:
    """The data directory, for its owner only: it holds signing secrets and everybody's messages."""
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NotReady(f"{settings.data} cannot be made: {error}") from error


def migrate(settings: Settings) -> str:
    """Brings the database to this version's schema, and answers its name."""
    return asyncio.run(_migrate(settings))


@contextlib.asynccontextmanager
async def open_core(
    settings: Settings,
    *,
    makes_database: bool = False,
    clock: Clock = utc_now,
    hashing: argon2.Parameters = OWASP,
) -> AsyncIterator[Core]:
    """The core on the settings' database, closed at the end. Raises NotReady when the database is not as it should be.

    Nothing goes on in the background, and what others do is not heard: that takes a house.
    """
    async with _open(settings, makes_database=makes_database, clock=clock, hashing=hashing) as open_parts:
        yield open_parts.core


@dataclass(frozen=True)
class House:
    """A core that serves, and what lives through time beside it."""

    settings: Settings
    core: Core
    hub: Hub
    requests: Requests
    health: Health

    async def stop_serving(self) -> None:
        """No more visitors: load balancers are told, and live sockets closed so that clients go elsewhere."""
        self.health.stop_serving()
        await self.hub.close()


@contextlib.asynccontextmanager
async def open_house(
    settings: Settings, *, clock: Clock = utc_now, hashing: argon2.Parameters = OWASP
) -> AsyncIterator[House]:
    """A house with its tasks running. An embedded database is made and migrated first; others must be ready."""
    from .realtime.hub import Hub
    from .web.health import Health, Requests

    async with _open(settings, makes_database=True, clock=clock, hashing=hashing) as parts:
        core = parts.core
        hub, requests = Hub(core), Requests()
        health = Health(core.store, core.bus, requests, _gauges(parts, hub), settings.metrics_allow)
        house = House(settings, core, hub, requests, health)
        core.bus.add(core.recognised)
        core.bus.add(hub)
        try:
            async with _running(_tasks(house, parts.store)):
                yield house
        finally:
            await hub.close()
            with contextlib.suppress(Busy):
                await sessions.write_behind(core)


def build_app(house: House) -> Edge:
    """The ASGI application. ``scope["type"]`` is http or websocket; there is no lifespan, that is the house's."""
    from .dialects import ALL
    from .realtime.live import Live
    from .web.edge import Edge
    from .web.health import own_words
    from .web.switchboard import Switchboard

    own = own_words(house.health)
    return Edge(
        house.core,
        Switchboard([*ALL, own], others=own),
        {"/acquaint/v1/live": Live(house.core, house.hub)},
        trusted_proxies=house.settings.trusted_proxies,
        seen=house.requests.seen,
        logs_reads=house.settings.log_reads,
    )


def serve(settings: Settings) -> None:
    """Listens until SIGTERM or SIGINT; then accepts nobody, closes live sockets, finishes requests, writes behind."""
    import uvloop

    from .web import logs

    logs.set_up(settings.log_level, settings.log_format)
    _warn(settings)
    with _listening(settings) as listening, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(replace(settings, port=listening.getsockname()[1]), listening))


async def _serve(settings: Settings, listening: socket.socket) -> None:
    from .web.listening import Listener, configuration

    async with open_house(settings) as house:
        config = configuration(build_app(house), tls_cert=settings.tls_cert, tls_key=settings.tls_key)
        try:
            config.load()
        except (OSError, ssl.SSLError) as error:
            raise NotReady(f"{settings.tls_cert} and {settings.tls_key} cannot be used: {error}") from error
        await Listener(
            config,
            listens=lambda: log.info(
                "serving",
                url=settings.listens_at,
                database=without_password(settings.database),
                version=__version__,
                pid=os.getpid(),
            ),
            stops=house.stop_serving,
        ).serve([listening])
        log.info("stopping")
    log.info("stopped")


def _listening(settings: Settings) -> socket.socket:
    """Bound before anything else is done: a second server on the same port does not get as far as the database."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        raise NotReady(f"cannot listen on {settings.host} port {settings.port}: {error.strerror or error}") from error


def _warn(settings: Settings) -> None:
    if not settings.limits:
        log.warning("limits_are_off", why="ACQUAINT_LIMITS says so; anybody may guess passwords as fast as they can")
    for name in strangers():
        log.warning("setting_unknown", name=name, why="it looks like a setting of this server and is none")


@dataclass(frozen=True)
class _Parts:
    """A core, and what of it is more than its port."""

    core: Core
    store: SqlStore
    hasher: Argon2Hasher


@contextlib.asynccontextmanager
async def _open(
    settings: Settings, *, makes_database: bool, clock: Clock, hashing: argon2.Parameters
) -> AsyncIterator[_Parts]:
    if makes_database and settings.is_embedded:
        make_folder(settings)
        await _migrate(settings)
    new_id = IdMaker(clock, chance)
    bus = _bus(settings)
    async with contextlib.AsyncExitStack() as closing:
        store = SqlStore(settings.database, new_id=new_id, clock=clock, told=bus.tell)
        closing.push_async_callback(store.close)
        await _check(settings, store)
        hasher = Argon2Hasher(hashing, threads=settings.hash_threads or None)
        closing.callback(hasher.close)
        core = Core(
            store=store,
            hasher=hasher,
            signer=JoseSigner(),
            clock=clock,
            chance=chance,
            limiter=_limiter(settings, closing),
            bus=bus,
            mailer=_mailer(settings, clock),
            files=DiskShelf(settings.data / "files"),
            new_id=new_id,
            recognised=RecognisedSessions(believed_for=_believed_for(bus)),
            public_url=settings.public,
        )
        async with _running([_kept_running("bus", bus.run)]):
            yield _Parts(core, store, hasher)


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
        from .adapters.valkey import ValkeyBus

        return ValkeyBus(settings.bus_url)
    if settings.is_embedded:
        return MemoryBus()
    from .adapters.postgres_bus import PostgresBus

    return PostgresBus(settings.database)


def _believed_for(bus: Bus) -> timedelta:
    return BELIEVED_FOR if isinstance(bus, MemoryBus) else BELIEVED_AMONG_NODES


def _mailer(settings: Settings, clock: Clock) -> Mailer:
    try:
        if settings.smtp_url:
            from .adapters.smtp import SmtpMailer

            return SmtpMailer(settings.smtp_url, settings.sender, clock=clock)
        return OutboxMailer(settings.data / "outbox", settings.sender, clock=clock)
    except ValueError as error:
        raise NotReady(f"mail cannot be sent like this: {error}") from None


def _limiter(settings: Settings, closing: contextlib.AsyncExitStack) -> Limiter:
    if not settings.limits:
        return Unlimited()
    if not settings.bus_url:
        return MemoryLimiter()
    from .adapters.valkey import ValkeyLimiter

    limiter = ValkeyLimiter(settings.bus_url)
    closing.push_async_callback(limiter.close)
    return limiter


def _gauges(parts: _Parts, hub: Hub) -> Gauges:
    from .web.health import Gauges

    core, hasher = parts.core, parts.hasher

    return Gauges(
        {
            "sessions_remembered": ("Sessions in memory.", lambda: len(core.recognised)),
            "sockets_open": ("Live connections.", lambda: len(hub)),
            "passwords_waiting": ("Passwords that wait or are being hashed.", lambda: hasher.unfinished),
            "bus_whole": ("1 while events of other nodes are heard.", lambda: core.bus.is_whole),
        }
    )


class Unlimited:
    """Counts nothing, for load tests."""

    async def take(self, limit: Limit, who: str) -> None:
        """Everything is allowed."""

    async def give_back(self, limit: Limit, who: str) -> None:
        """Nothing was taken."""


def _tasks(house: House, store: SqlStore) -> list[Coroutine[Any, Any, None]]:
    core = house.core

    async def sweep() -> None:
        gone = 1
        while gone:
            gone = await sessions.sweep(core) + await users.sweep_guests(core)
            await asyncio.sleep(SWEEP_PAUSE)

    async def write_behind() -> None:
        await sessions.write_behind(core)

    async def watch_others() -> None:
        await watch(store, core.bus.tell, core.clock)

    tasks = [
        _every(sessions.SEEN_WRITTEN_EVERY, "write_behind", write_behind),
        _every(sessions.SWEPT_EVERY, "sweep", sweep),
    ]
    if house.settings.is_embedded:  # the command line writes to the same file; elsewhere the bus tells
        tasks.append(_kept_running("watch", watch_others))
    return tasks


@contextlib.asynccontextmanager
async def _running(work: list[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """The tasks go on for as long as the block, and have ended after it."""
    tasks = [asyncio.create_task(it) for it in work]
    await asyncio.sleep(0)  # each has begun, so that each also tidies up
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _every(period: timedelta, name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Does the work again and again. A database that is away does not end it, and neither does a mistake of ours."""
    while True:
        await asyncio.sleep(period.total_seconds())
        try:
            await work()
        except Busy:
            log.warning("task_put_off", task=name, why="the database does not answer")
        except Exception:
            log.exception("task_broke", task=name)


async def _kept_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception("task_broke", task=name)
        await asyncio.sleep(RESTARTED_AFTER)
