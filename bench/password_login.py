"""H4: signing in by password, which is slow on purpose: beside the bare hash, and beside session checks.

rate      how many logins a second, of how many hashes the same core could make if it did nothing else
storm     how long session checks take while others sign in
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from . import budgets
from .findings import Finding, compared
from .load import Burst, compare, median, ratio, wrk
from .machine import CORES, on
from .server import JSON, Acquaint
from .size import Size

USERS: Final = 8
WAITING: Final = 4  # logins under way at a time: enough to keep the hashing thread busy
STORM: Final = 20  # logins a second
REST_MS: Final = "4"  # how long each of the connections that check sessions rests on average

_HASHES = """
import sys, time, threading
import argon2
from acquaint.adapters.argon2 import OWASP
hasher = argon2.PasswordHasher.from_parameters(OWASP)
kept, seconds, done = hasher.hash("x"), float(sys.argv[1]), []
def work():
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        hasher.verify(kept, "x")
        done.append(1)
began, before = time.perf_counter(), time.process_time()
workers = [threading.Thread(target=work) for _ in range(int(sys.argv[2]))]
[it.start() for it in workers]
[it.join() for it in workers]
print(len(done), time.perf_counter() - began, time.process_time() - before)
"""


def rate(acquaint: Acquaint, folder: Path, size: Size) -> list[Finding]:
    for number in range(USERS):
        acquaint.ask(acquaint.registration(number))
    logins = [acquaint.password_login(number) for number in range(USERS)]
    file = folder / "passwords"
    file.write_text("\n".join(it.json for it in logins))

    def signing_in(seconds: int) -> Burst:
        arguments, path = [str(file), JSON], logins[0].path
        return wrk(acquaint.process, path, seconds, script="posts.lua", arguments=arguments, connections=WAITING)

    bursts = compare({"raw": raw_hashes, "login": signing_in}, size)
    return [compared("H4", "password login", bursts, "login", "raw", budgets.PASSWORD_LOGIN)]


def raw_hashes(seconds: int) -> Burst:
    """What the server's core makes of argon2id with the server's parameters and threads, if it does nothing else."""
    threads = max(1, len(CORES.server or os.sched_getaffinity(0)) - 1)
    command = on(CORES.server, [sys.executable, "-c", _HASHES, str(seconds), str(threads)])
    done, taken, cpu = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return Burst(int(done), float(taken), 0, 0, float(cpu))


def storm(acquaint: Acquaint, folder: Path, size: Size) -> list[Finding]:
    """``acquaint`` has all the cores, as it would in earnest: the checks here are few, and ask for latency only."""
    check = acquaint.native_check()
    acquaint.ask(acquaint.registration(0))
    taken: list[float] = []

    def checks(seconds: int) -> Burst:
        return wrk(
            acquaint.process,
            check.path,
            seconds,
            script="spaced.lua",
            arguments=[REST_MS],
            headers=check.headers,
            connections=8,
        )

    def checks_in_a_storm(seconds: int) -> Burst:
        with _storming(acquaint, taken):
            return checks(seconds)

    bursts = compare({"quiet": checks, "storm": checks_in_a_storm}, size)
    return [
        Finding(
            "H4",
            f"session check p99, {STORM} logins/s",
            ratio(bursts, "storm", "quiet", lambda it: it.p99_ms),
            "×",
            budgets.CHECK_IN_A_STORM,
            f"{median(bursts['storm'], lambda it: it.p99_ms):.2f} ms",
            f"{median(bursts['quiet'], lambda it: it.p99_ms):.2f} ms quiet",
            more={
                "login_p50_ms": statistics.median(taken or [float("nan")]) * 1000,
                "checks_per_second": median(bursts["storm"]),
                "rounds": [a.p99_ms / b.p99_ms for a, b in zip(bursts["storm"], bursts["quiet"], strict=True)],
            },
        )
    ]


@contextlib.contextmanager
def _storming(acquaint: Acquaint, taken: list[float]) -> Iterator[None]:
    """People sign in at the storm's rate, whether or not those before them are done."""
    login = acquaint.password_login(0)
    over = threading.Event()
    people: list[threading.Thread] = []

    def sign_in() -> None:
        began = time.perf_counter()
        with contextlib.suppress(RuntimeError):  # 503: the machine cannot make as many hashes as the storm asks for
            acquaint.text_of(login)
            taken.append(time.perf_counter() - began)

    def arrive() -> None:
        while not over.wait(1 / STORM):
            people.append(threading.Thread(target=sign_in, daemon=True))
            people[-1].start()

    arriving = threading.Thread(target=arrive, daemon=True)
    arriving.start()
    try:
        yield
    finally:
        over.set()
        arriving.join()
        for it in people:
            it.join(10)
