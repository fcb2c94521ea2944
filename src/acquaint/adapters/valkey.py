"""Valkey or Redis, between nodes.

ValkeyBus       tells them what happened, by publishing and subscribing
ValkeyLimiter   counts tries for all of them together, by the same algorithm as MemoryLimiter
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, Protocol, cast

import structlog
from valkey.asyncio import ConnectionPool, Valkey
from valkey.commands.core import AsyncScript
from valkey.exceptions import ValkeyError

from ..domain.errors import TooManyRequests
from ..domain.limits import Left, Limit
from .line import MOST_UNSAID, LineBus
from .line_sealing import LineSealing
from .memory import MemoryLimiter, burst_of, left_of, step_of

ANSWERS_WITHIN: Final = 2.0  # seconds; a Valkey that takes longer is as good as gone
LISTENING_CHECKED_EVERY: Final = 0.4  # seconds of silence; twice that, and the line counts as cut
LIMIT_WITHIN: Final = 0.25  # seconds a request waits for a count, when Valkey hangs
LIMIT_ALONE_FOR: Final = 1.0  # seconds for which a node then counts by itself before it asks again
LOGGED_EVERY: Final = 60.0  # seconds

log = structlog.get_logger()


class ValkeyBus(LineBus):
    """Over ``valkey://``, ``valkeys://``, ``redis://`` or ``rediss://``; nodes on the same database hear each other.

    ``keys`` are those that nodes share, the newest first.
    """

    def __init__(self, url: str, keys: Callable[[], Sequence[bytes]], *, most_unsaid: int = MOST_UNSAID) -> None:
        super().__init__(ValkeyLine(url), LineSealing(keys), most_unsaid=most_unsaid)


class ValkeyLimiter:
    """While Valkey does not answer, each node counts for itself: limits hold, less strictly."""

    def __init__(self, url: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._valkey = Valkey.from_pool(_pool(url, within=LIMIT_WITHIN))
        self._take = self._valkey.register_script(_TAKE)
        self._give_back = self._valkey.register_script(_GIVE_BACK)
        self._monotonic = monotonic
        self._here = MemoryLimiter(monotonic)
        self._is_alone = False
        self._may_ask_at = self._may_log_at = 0.0

    async def take(self, limit: Limit, who: str) -> Left:
        answer = None
        if limit.times > 0:
            answer = await self._ask(self._take, _key(limit, who), step_of(limit), burst_of(limit))
        if answer is None:
            return await self._here.take(limit, who)
        if answer > 0:
            raise TooManyRequests(timedelta(microseconds=answer))
        return left_of(limit, -answer)

    async def give_back(self, limit: Limit, who: str) -> None:
        await self._here.give_back(limit, who)
        await self._ask(self._give_back, _key(limit, who), step_of(limit))

    async def close(self) -> None:
        with suppress(ValkeyError, OSError):
            await self._valkey.aclose()

    async def _ask(self, script: AsyncScript, key: str, *numbers: int) -> int | None:
        """What Valkey answers; None when it does not, or did not a moment ago."""
        now = self._monotonic()
        if self._is_alone and now < self._may_ask_at:
            return None
        self._may_ask_at = now + LIMIT_ALONE_FOR  # of many that wait for Valkey to come back, one asks
        try:
            answer = int(await script(keys=[key], args=list(numbers)))
        except (ValkeyError, OSError) as why:
            self._is_alone = True
            if now >= self._may_log_at:
                self._may_log_at = now + LOGGED_EVERY
                log.warning("limits_counted_alone", why=repr(why))
            return None
        self._is_alone = False
        return answer


_TAKE: Final = """-- how long to wait; or else, below zero, how far ahead of an even spread that is
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local step, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local till = math.max(now, tonumber(redis.call('GET', KEYS[1])) or 0)
local wait = till - now - burst
if wait > 0 then return wait end
till = till + step
redis.call('SET', KEYS[1], string.format('%.0f', till), 'PX', math.ceil((till - now) / 1000))
return now - till
"""

_GIVE_BACK: Final = """
local found = tonumber(redis.call('GET', KEYS[1]))
if not found then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local till = found - tonumber(ARGV[1])
if till <= now then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], string.format('%.0f', till), 'PX', math.ceil((till - now) / 1000))
return 0
"""


def _key(limit: Limit, who: str) -> str:
    """Whom it counts is nobody's business but ours: a fingerprint does."""
    return f"acquaint:limit:{limit.name}:{hashlib.sha256(who.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


class _Connection(Protocol):
    """What we use of ``valkey.asyncio.Connection``, which has hardly any types."""

    async def connect(self) -> None: ...
    async def send_command(self, *words: Any) -> None: ...
    async def read_response(self, *, timeout: float | None = None) -> Any: ...
    async def disconnect(self, nowait: bool = False) -> None: ...


class ValkeyLine:
    """One connection to listen and one to speak. The library's own PubSub reconnects in silence; we must know."""

    longest = 256 * 1024
    mentioned_per_second = 4 * 1024 * 1024

    def __init__(self, url: str) -> None:
        pool = _pool(url, within=ANSWERS_WITHIN)
        self._channel = f"acquaint:events:{pool.connection_kwargs.get('db', 0)}"
        self._ear, self._mouth = (cast(_Connection, cast(Any, pool).make_connection()) for _ in range(2))

    async def open(self) -> None:
        await self._ear.disconnect(nowait=True)
        await self._ear.connect()
        await self._ear.send_command("SUBSCRIBE", self._channel)
        await self._ear.read_response()

    async def hear(self) -> bytes:
        asked = False
        while True:
            heard = await self._ear.read_response(timeout=LISTENING_CHECKED_EVERY)
            if heard is not None and heard[0] == b"message":
                message: bytes = heard[2]
                return message
            if heard is None and asked:
                raise TimeoutError("nothing was heard, not even an answer to PING")
            if heard is None:
                await self._ear.send_command("PING")
            asked = heard is None

    async def say(self, message: bytes) -> None:
        await self._mouth.send_command("PUBLISH", self._channel, message)
        await self._mouth.read_response()

    async def close(self) -> None:
        for connection in (self._ear, self._mouth):
            with suppress(ValkeyError, OSError):
                await connection.disconnect(nowait=True)


def _pool(url: str, *, within: float) -> ConnectionPool:
    options: dict[str, Any] = {"socket_timeout": within, "socket_connect_timeout": within, "protocol": 2}
    if url.startswith(("valkeys:", "rediss:")):
        options["ssl_check_hostname"] = True  # the library would take any certificate of a known authority
    return ConnectionPool.from_url(url, **options)
