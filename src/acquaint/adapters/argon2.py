"""Passwords by argon2id, on worker threads of their own.

OWASP, CHEAPEST   how much work a hash is: for people, and for tests
Argon2Hasher      hashes and verifies; refuses with Busy when too many wait
is_affordable     whether verifying somebody else's hash costs a sane amount of work
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Final, TypeVar

import argon2
import structlog
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.low_level import ARGON2_VERSION

from ..domain.errors import Busy, Unacceptable
from ..domain.passwords import LONGEST_PASSWORD, normal

OWASP: Final = argon2.Parameters(
    type=argon2.Type.ID,
    version=ARGON2_VERSION,
    salt_len=16,
    hash_len=32,
    time_cost=2,
    memory_cost=19 * 1024,  # KiB
    parallelism=1,
)
"""OWASP Password Storage Cheat Sheet: m=19 MiB, t=2, p=1. The library's own default costs eight times as much."""

CHEAPEST: Final = argon2.Parameters(
    type=argon2.Type.ID, version=ARGON2_VERSION, salt_len=16, hash_len=32, time_cost=1, memory_cost=8, parallelism=1
)
"""The least argon2 can do, for tests that hash but are not about hashing. It protects nothing."""

DEAREST_MEMORY: Final = 256 * 1024  # KiB
DEAREST_WORK: Final = 512 * 1024  # KiB written in all passes together; 13 times OWASP
DEAREST_PARALLELISM: Final = 8
"""The most an imported hash may cost. Answers hashes made to stop the server (m=4 GiB). Those of Kratos (m=128 MiB),
RFC 9106's low-memory profile (m=64 MiB, t=3, p=4) and every OWASP equivalent stay below; a lower bound would lock
their users out."""

LONGEST_ENCODING: Final = 512  # characters; ours have 97

LONGEST_WAIT: Final = timedelta(seconds=5)
"""How long a password may have to wait for its turn. Answers login storms. Lower refuses honest people in smaller
storms; higher lets them wait until they give up and try again, which makes the storm worse."""

NICENESS: Final = 2
"""How much a hash gives way to the event loop, where threads have a priority of their own (Linux).

Measured at 20 logins a second on one core that session checks keep wholly busy: niceness 0, 2, 3, 5 let a login take
46, 57, 590, 1490 ms (median), and a session check 6.9, 6.2, 6.6, 5.7 ms (p99). With a second core, 28 to 36 ms and 5 ms
whatever the niceness. More would protect session checks a little better and starve logins.
"""

SECONDS_PER_KIB: Final = 0.8e-6
"""What a hash is thought to take for each KiB it writes, until some were made: 0.03 s for OWASP's, as a core of 2020
has it. Too high would send honest people away in a storm on a server that has just begun."""

log = structlog.get_logger()
Result = TypeVar("Result")


class Argon2Hasher:
    """Hashes on as many threads as there are cores beyond the event loop's, at least one.

    Passwords are hashed in their normal spelling (``domain.passwords.normal``). One that can never be right,
    being longer than any we accept or no Unicode text, is wrong without any work, whoever is asked about.
    """

    def __init__(
        self,
        parameters: argon2.Parameters = OWASP,
        *,
        threads: int | None = None,
        longest_wait: timedelta = LONGEST_WAIT,
        niceness: int = NICENESS,
    ) -> None:
        self._hasher = argon2.PasswordHasher.from_parameters(parameters)
        self._threads = threads or max(1, _cores() - 1)
        self._longest_wait = longest_wait.total_seconds()
        self._nobody = _nobodys(parameters)
        self._seconds = SECONDS_PER_KIB * parameters.memory_cost * parameters.time_cost  # what one hash takes
        self._unfinished = 0  # waiting or being worked on
        self._lock = threading.Lock()  # over the two above: workers write them too
        self._closed = threading.Event()
        self._workers = ThreadPoolExecutor(
            self._threads, thread_name_prefix="argon2", initializer=_give_way, initargs=(niceness,)
        )

    @property
    def unfinished(self) -> int:
        """Passwords that wait for their turn or are being worked on."""
        return self._unfinished

    async def hash(self, password: str) -> str:
        secret = _bytes_of(password)
        if secret is None:
            raise Unacceptable("password", f"must be Unicode text of at most {LONGEST_PASSWORD} characters")
        return await self._work(lambda: self._hasher.hash(secret))

    async def verify(self, password: str, hashed: str | None) -> bool:
        secret = _bytes_of(password)
        if secret is None:
            return False
        if hashed is not None and not is_affordable(hashed):
            log.warning("password_hash_refused", why="it is not of argon2, or its parameters are absurd")
            hashed = None
        matches = await self._work(lambda: self._matches(secret, hashed or self._nobody))
        return matches and hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        try:
            return self._hasher.check_needs_rehash(hashed)
        except InvalidHashError:
            return True

    def close(self) -> None:
        """Lets the hashes that are being worked on finish, and refuses the others with Busy."""
        self._closed.set()
        self._workers.shutdown(cancel_futures=True)

    def _matches(self, secret: bytes, hashed: str) -> bool:
        try:
            return self._hasher.verify(hashed, secret)
        except (Argon2Error, InvalidHashError):
            return False

    async def _work(self, task: Callable[[], Result]) -> Result:
        with self._lock:
            wait = self._unfinished // self._threads * self._seconds
            if self._closed.is_set() or wait > self._longest_wait:
                raise Busy(timedelta(seconds=max(1.0, wait)))
            self._unfinished += 1
        try:
            future = self._workers.submit(self._timed, task)
        except RuntimeError:  # closed in between
            self._finished()
            raise Busy from None
        future.add_done_callback(self._finished)  # also when whoever waited went away before it was its turn
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if self._closed.is_set() and not _is_cancelled():
                raise Busy from None
            raise

    def _timed(self, task: Callable[[], Result]) -> Result:
        begun = time.perf_counter()
        try:
            return task()
        finally:
            taken = time.perf_counter() - begun
            with self._lock:
                self._seconds += (taken - self._seconds) / 8  # kept up to date; one slow hash is no slow machine

    def _finished(self, _: Future[Result] | None = None) -> None:
        with self._lock:
            self._unfinished -= 1


def _nobodys(its: argon2.Parameters) -> str:
    """A hash that nothing was hashed for, which costs as much to verify as any other, and is of no password."""
    salt, tag = (b64encode(os.urandom(length)).rstrip(b"=").decode() for length in (its.salt_len, its.hash_len))
    kind, cost = its.type.name.lower(), f"m={its.memory_cost},t={its.time_cost},p={its.parallelism}"
    return f"$argon2{kind}$v={its.version}${cost}${salt}${tag}"


def is_affordable(hashed: str) -> bool:
    """Whether the text is an argon2 hash that costs a sane amount of work to verify."""
    if len(hashed) > LONGEST_ENCODING:
        return False
    try:
        its = argon2.extract_parameters(hashed)
    except (InvalidHashError, ValueError):
        return False
    return (
        0 < its.memory_cost <= DEAREST_MEMORY
        and 0 < its.memory_cost * its.time_cost <= DEAREST_WORK
        and 0 < its.parallelism <= DEAREST_PARALLELISM
    )


def _bytes_of(password: str) -> bytes | None:
    if len(password) > LONGEST_PASSWORD:
        return None
    try:
        return normal(password).encode()
    except UnicodeEncodeError:  # lone surrogates
        return None


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _give_way(niceness: int) -> None:
    """Lowers the calling thread's own priority. Only Linux has one per thread; elsewhere it would be the process's."""
    if sys.platform == "linux" and niceness:
        me = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, me, min(19, os.getpriority(os.PRIO_PROCESS, me) + niceness))


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
