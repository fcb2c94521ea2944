"""H1: a bearer token in, a user of some 400 bytes out; the session is in the server's memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import budgets
from .findings import Budget, Finding, compared
from .load import Burst, compare, wrk
from .machine import Process, free_port, serving
from .server import Acquaint, Call
from .size import Size


def measure(acquaint: Acquaint, folder: Path, size: Size) -> list[Finding]:
    native = acquaint.native_check()
    checks = {
        "native": native,
        "Qiscus my_profile": acquaint.qiscus_check(),
        "ConnectyCube GET session": acquaint.connectycube_check(),
        "Kustomer tokens/current": acquaint.kustomer_check(),
        "OpenCX sessions": acquaint.opencx_check(),
    }

    def asking(server: Process, path: str, call: Call) -> Callable[[int], Burst]:
        return lambda seconds: wrk(server, path, seconds, headers=call.headers)

    with bare(folder, acquaint.text_of(native)) as reference:
        servers = {name: asking(acquaint.process, it.path, it) for name, it in checks.items()}
        bursts = compare({"bare": asking(reference, "/", native), **servers}, size)
    return [compared("H1", f"session check, {name}", bursts, name, "bare", _budget_of(name)) for name in checks]


def _budget_of(name: str) -> Budget:
    return budgets.SESSION_CHECK_NATIVE if name == "native" else budgets.SESSION_CHECK_VENDOR


@contextmanager
def bare(folder: Path, answer: str) -> Iterator[Process]:
    """A Starlette route that answers these bytes, and does nothing else."""
    file, port = folder / "answer", free_port()
    file.write_text(answer)
    command = [sys.executable, "-m", "bench.reference", "bare", str(port), str(file)]
    with serving(command, port=port, log=folder / "bare.log") as it:
        yield it
