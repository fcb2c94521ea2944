"""H1: a bearer token in, a user of some 400 bytes out; the session is in the server's memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import budgets
from .findings import Finding, compared
from .load import compare, wrk
from .machine import Process, free_port, serving
from .server import Acquaint
from .size import Size


def measure(acquaint: Acquaint, folder: Path, size: Size) -> list[Finding]:
    native, qiscus = acquaint.native_check(), acquaint.qiscus_check()
    with bare(folder, acquaint.text_of(native)) as reference:
        bursts = compare(
            {
                "bare": lambda seconds: wrk(reference, "/", seconds, headers=native.headers),
                "native": lambda seconds: wrk(acquaint.process, native.path, seconds, headers=native.headers),
                "qiscus": lambda seconds: wrk(acquaint.process, qiscus.path, seconds, headers=qiscus.headers),
            },
            size,
        )
    return [
        compared("H1", "session check, native", bursts, "native", "bare", budgets.SESSION_CHECK_NATIVE),
        compared("H1", "session check, Qiscus my_profile", bursts, "qiscus", "bare", budgets.SESSION_CHECK_VENDOR),
    ]


@contextmanager
def bare(folder: Path, answer: str) -> Iterator[Process]:
    """A Starlette route that answers these bytes, and does nothing else."""
    file, port = folder / "answer", free_port()
    file.write_text(answer)
    command = [sys.executable, "-m", "bench.reference", "bare", str(port), str(file)]
    with serving(command, port=port, log=folder / "bare.log") as it:
        yield it
