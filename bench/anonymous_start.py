"""H2: somebody arrives, gets a token, and starts their first conversation with its first message: two requests."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from . import budgets
from .findings import Finding, compared
from .load import Burst, compare, wrk
from .machine import Process, free_port, serving
from .recording import copy, record, write_recording
from .server import Acquaint
from .size import Size


def measure(acquaint: Acquaint, folder: Path, size: Size) -> list[Finding]:
    arrival, words = acquaint.arrival(), acquaint.first_words("")
    recording = record(acquaint)
    file, database, port = folder / "recording", folder / "reference.db", free_port()
    write_recording(recording, file)
    copy(acquaint.database, database)

    def starts(server: Process, seconds: int) -> Burst:
        arguments = [arrival.path, arrival.json, words.path, words.json]
        return wrk(server, "/", seconds, script="starts.lua", arguments=arguments)

    command = [sys.executable, "-m", "bench.reference", "commits", str(port), str(file), str(database)]
    with serving(command, port=port, log=folder / "commits.log") as reference:
        bursts = compare({"commits": partial(starts, reference), "acquaint": partial(starts, acquaint.process)}, size)
    return [compared("H2", "anonymous start", bursts, "acquaint", "commits", budgets.ANONYMOUS_START)]
