"""Load, by wrk, and how two servers are compared under it.

wrk       one short burst against one address
compare   several servers in turn, round after round, so that what the machine does besides hits all alike
"""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .machine import CORES, Process, on
from .size import Size

LUA: Final = Path(__file__).parent / "lua"
CONNECTIONS: Final = 32


class Spoiled(Exception):
    """A measurement that means nothing: answers were errors, or there were none."""


@dataclass(frozen=True)
class Burst:
    """What one burst of load got. ``done`` counts what the script counts: by default, requests."""

    done: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        return self.done / self.seconds

    @property
    def cpu_us(self) -> float:
        """Processor time of the server for one, in microseconds."""
        return self.cpu_seconds / self.done * 1e6

    @property
    def busy(self) -> float:
        """How much of a core the server had. Well below 1 it was not the server that was slow: others were at work."""
        return self.cpu_seconds / self.seconds


def wrk(
    server: Process,
    path: str,
    seconds: int,
    *,
    script: str = "get.lua",
    arguments: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    connections: int = CONNECTIONS,
) -> Burst:
    """Raises Spoiled when anything but 2xx was answered, so that nobody measures how fast refusals are."""
    named = [text for name, value in (headers or {}).items() for text in ("-H", f"{name}: {value}")]
    size = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
    command = ["wrk", *size, *named, "-s", script, server.url + path, "--", *arguments]
    before = server.cpu_seconds()
    ran = subprocess.run(on(CORES.load, command), cwd=LUA, capture_output=True, text=True, check=False)
    used = server.cpu_seconds() - before
    found = _report(ran)
    if found["refused"] or found["broken"] or not found["done"]:
        raise Spoiled(f"{path}: {found['done']} done, {found['refused']} refused, {found['broken']} broken")
    return Burst(found["done"], found["seconds"], found["p50_ms"], found["p99_ms"], used)


def _report(ran: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The line of JSON that lua/report.lua prints last."""
    lines = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    if ran.returncode or not lines:
        raise Spoiled(f"wrk failed: {ran.stdout}{ran.stderr}"[:2000])
    return dict(json.loads(lines[-1]))


Bursts = Mapping[str, list[Burst]]


def compare(contestants: Mapping[str, Callable[[int], Burst]], size: Size) -> Bursts:
    """Each in turn for some seconds, A B A B …, after a second each to warm up."""
    for burst in contestants.values():
        burst(1)
    found: dict[str, list[Burst]] = {name: [] for name in contestants}
    for _ in range(size.rounds):
        for name, burst in contestants.items():
            found[name].append(burst(size.seconds))
    return found


def ratio(bursts: Bursts, one: str, other: str, of: Callable[[Burst], float] = lambda it: it.per_second) -> float:
    """The median of what each round says: neighbours in time are compared, and one disturbed round decides nothing."""
    return statistics.median(of(a) / of(b) for a, b in zip(bursts[one], bursts[other], strict=True))


def median(bursts: Sequence[Burst], of: Callable[[Burst], float] = lambda it: it.per_second) -> float:
    return statistics.median(of(it) for it in bursts)
