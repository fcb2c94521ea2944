"""A Valkey (or Redis) of the tests' own, on a free port of 127.0.0.1, in a temporary folder.

    from tests.support.valkey import valkey, valkey_url  # noqa: F401 - fixtures, in a conftest

``valkey_url`` is the address of one that the whole test session shares; ``valkey`` is that server, which a test may
stop, start, pause and go on with, if it leaves it running. Nothing is kept on disk.
"""

from __future__ import annotations

import ctypes
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE
from tests.support.ports import free_port

_LET_GO_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux' prctl


class RunningValkey:
    """One server, always on the same port."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("valkey-server") or shutil.which("redis-server")
        assert program, "neither valkey-server nor redis-server is installed"
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"valkey://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        assert self._process is None
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": self._folder}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent,
            )
        until = time.monotonic() + PATIENCE
        while self.ask("PING") != b"+PONG":
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < until, "Valkey does not answer"
            time.sleep(0.02)

    def stop(self) -> None:
        """At once, as if it had crashed."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """It is there and says nothing: what a cut cable looks like from here."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ask(self, *words: str) -> bytes:
        """The first line of the answer to a command; empty when nobody answers."""
        try:
            return self.say(*words).split(b"\r\n")[0]
        except OSError:
            return b""

    def say(self, *words: str) -> bytes:
        """The answer to a command as it came, if it is short."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            said = [f"${len(it.encode())}\r\n{it}\r\n" for it in words]
            connection.sendall(f"*{len(words)}\r\n{''.join(said)}".encode())
            return connection.recv(4096)


@contextmanager
def running_valkey(folder: Path) -> Iterator[RunningValkey]:
    server = RunningValkey(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningValkey]:
    with running_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def valkey_url(valkey: RunningValkey) -> str:
    return valkey.url


def _end_with_parent() -> None:
    """A test run that is killed takes its server with it (on Linux)."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_LET_GO_WITH_PARENT, signal.SIGKILL)
