"""This machine: which cores servers and load get, and the servers that are started on it.

CORES      the server on one, the load on the others, where that can be arranged
serving    a server process, from its first 200 to its end
Process    what a running one has cost so far: processor time and memory
"""

from __future__ import annotations

import http.client
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PATIENCE: Final = 60.0  # seconds for a server to answer at all
TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cores:
    """Which cores whom. Empty means wherever the system likes."""

    server: tuple[int, ...]
    load: tuple[int, ...]

    @property
    def are_apart(self) -> bool:
        return bool(self.server)

    @property
    def all(self) -> tuple[int, ...]:
        return self.server + self.load


def _divide() -> Cores:
    mine = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
    if len(mine) < 2 or shutil.which("taskset") is None:
        return Cores((), ())
    return Cores((mine[0],), tuple(mine[1:]))


CORES: Final = _divide()


def on(cores: Sequence[int], command: Sequence[str]) -> list[str]:
    """The command, kept to these cores."""
    return ["taskset", "-c", ",".join(map(str, cores)), *command] if cores else [*command]


def describe() -> str:
    where = "server and load on cores of their own" if CORES.are_apart else "server and load share the cores"
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {where}"
    )


@dataclass(frozen=True)
class Process:
    """A running server. Its processor time tells more than requests a second where the machine is busy otherwise."""

    url: str
    pid: int
    first_answer: float  # seconds from its start to its first 200

    def cpu_seconds(self) -> float:
        """Of all its threads, so far; 0 where the system does not tell."""
        try:
            after_name = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(after_name[11]) + int(after_name[12])) / TICKS

    def resident_mb(self) -> float:
        """Memory that is really there, in MB; 0 where the system does not tell."""
        try:
            lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        except OSError:
            return 0.0
        return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmRSS:")), 0.0)


def free_port() -> int:
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return int(it.getsockname()[1])


@contextmanager
def serving(
    command: Sequence[str],
    *,
    port: int,
    log: Path,
    ready: str = "/",
    environ: Mapping[str, str] | None = None,
    cores: Sequence[int] = CORES.server,
) -> Iterator[Process]:
    """The command as a server on the port; inside, ``ready`` has answered 200. What it says goes to the log."""
    foreign = ("ACQUAINT_", "PYTHONDONTWRITEBYTECODE")  # without the latter each start would compile everything
    ours = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    env = ours | dict(environ or {})
    with log.open("ab") as said:
        began = time.perf_counter()
        it = subprocess.Popen(on(cores, command), stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=env)
    try:
        first_answer = _first_answer(it, port, ready, log) - began
        yield Process(f"http://127.0.0.1:{port}", it.pid, first_answer)
    finally:
        it.send_signal(signal.SIGTERM)
        try:
            it.wait(15)
        except subprocess.TimeoutExpired:
            it.kill()
            it.wait()


def _first_answer(it: subprocess.Popen[bytes], port: int, path: str, log: Path) -> float:
    until = time.perf_counter() + PATIENCE
    while it.poll() is None and time.perf_counter() < until:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return time.perf_counter()
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.005)
    said = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"the server did not answer {path} with 200:\n{said}")
