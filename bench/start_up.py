"""Starting: from ``acquaint serve`` on an empty folder to the first 200, and the memory that is taken then."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Final

from . import budgets
from .findings import Finding
from .machine import free_port, serving
from .server import ACQUAINT, ENVIRON
from .size import Size

TIMES: Final = 3


def measure(folder: Path, size: Size) -> list[Finding]:
    seconds, resident = [], []
    for number in range(min(TIMES, size.rounds)):
        port = free_port()
        command = [*ACQUAINT, "--data", str(folder / f"empty-{number}"), "serve", "--port", str(port)]
        with serving(command, port=port, log=folder / "start.log", ready="/readyz", environ=ENVIRON, cores=()) as it:
            seconds.append(it.first_answer)
            resident.append(it.resident_mb())
    taken, memory = statistics.median(seconds), statistics.median(resident)
    return [
        Finding("start", "first 200 on an empty folder", taken, "s", budgets.FIRST_ANSWER, more={"all": seconds}),
        Finding("start", "resident then", memory, "MB", budgets.RESIDENT, more={"all": resident}),
    ]
