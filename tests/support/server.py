"""A real server: `acquaint serve` in a process of its own, and the real command line beside it.

serving(data)      a running server, ended with the block
Server.url         where it listens: a free port of 127.0.0.1
Server.run         the command line on its data, answers what it printed
Server.create_app  `acquaint apps create --json`
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner

from acquaint.cli import main
from tests.support.patience import PATIENCE
from tests.support.ports import free_port

ACQUAINT = (sys.executable, "-m", "acquaint")
START_SECONDS = 2 * PATIENCE
_SIGNAL_WHEN_PARENT_DIES = 1  # PR_SET_PDEATHSIG of prctl(2)
_libc = ctypes.CDLL(None)


class Server:
    """One data directory, and the process that serves it."""

    def __init__(self, data: Path, command: Sequence[str] = ACQUAINT, **environment: str) -> None:
        self.data, self._command = data, tuple(command)
        foreign = ("ACQUAINT_", "PYTHONDONTWRITEBYTECODE")  # without the latter each start would compile everything
        ours = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        self.environment = ours | {"ACQUAINT_LOG_FORMAT": "json"} | environment
        self.url = ""
        self.log = data.parent / f"{data.name}-{time.monotonic_ns()}.log"
        self._chapter = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws", 1)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self, *, port: int | None = None) -> None:
        """Starts the server, and comes back when it serves."""
        command = [*self._command, "--data", str(self.data), "serve", "--port", str(port or free_port())]
        with self.log.open("ab") as log:
            began = log.tell()
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                preexec_fn=_die_with_parent,
            )
        self.url = self._wait_until_serving(began)

    def _wait_until_serving(self, began: int) -> str:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            for line in self._log_from(began).splitlines():
                if '"event":"serving"' in line:
                    return str(json.loads(line)["url"])
            assert self.process is not None
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"acquaint serve did not start:\n{self._log_from(began)}")

    def stop(self) -> int:
        """As an operator would; answers the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut would."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """On the same port, so that clients find it again."""
        port = self.port
        if self.process is not None:
            self.stop()
        self.start(port=port)

    def _end(self, number: signal.Signals) -> int:
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"acquaint serve did not stop:\n{self.chapter()}") from None

    def run(self, *words: str, code: int = 0) -> Any:
        """`acquaint --data … words --json`: the document it printed; None when it printed nothing."""
        said = self.say(*words, "--json")
        assert said.returncode == code, f"acquaint {' '.join(words)}: {said.returncode}\n{said.stdout}{said.stderr}"
        return json.loads(said.stdout) if said.stdout else None

    def say(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command line as it is, whatever it answers."""
        return subprocess.run(
            [*self._command, "--data", str(self.data), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=2 * PATIENCE,
            check=False,
        )

    def create_app(self, name: str = "Acme", *, slug: str | None = None) -> dict[str, Any]:
        """A fresh App: its ``app_id``, ``slug`` and keys. A process for that alone would take a second of its own."""
        here = InThisProcess(self.data) if self._command == ACQUAINT else self
        here.environment = self.environment
        words = ["apps", "create", "--name", name, *(["--slug", slug] if slug else [])]
        with ThreadPoolExecutor(1) as thread:  # the one that asks may have a loop that runs
            return dict(thread.submit(here.run, *words).result())

    def begin_chapter(self) -> None:
        self._chapter = self.log.stat().st_size

    def chapter(self) -> str:
        """What was logged since the chapter began."""
        return self._log_from(self._chapter)

    def _log_from(self, start: int) -> str:
        """Nothing where nothing was logged, as by one that only ran commands."""
        return self.log.read_bytes()[start:].decode("utf-8", "replace") if self.log.exists() else ""


class InThisProcess(Server):
    """The command line alone. What it changes of the process, how it logs, is as before afterwards."""

    def say(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["--data", str(self.data), *words]
        with _logs_as_they_are():
            done = CliRunner().invoke(main, command, env=self.environment, prog_name="acquaint")
        broke = "".join(traceback.format_exception(done.exception)) if _is_unexpected(done.exception) else ""
        return subprocess.CompletedProcess(command, done.exit_code, done.stdout, done.stderr + broke)


@contextmanager
def _logs_as_they_are() -> Iterator[None]:
    """A logger that is used meanwhile would keep the command's way of logging for ever: none does."""
    before, level, handlers = structlog.get_config(), logging.root.level, logging.root.handlers[:]
    configure = structlog.configure
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", lambda **how: configure(**{**how, "cache_logger_on_first_use": False}))
        try:
            yield
        finally:
            configure(**before)
            logging.root.setLevel(level)
            logging.root.handlers[:] = handlers


def _is_unexpected(error: BaseException | None) -> bool:
    return error is not None and not isinstance(error, SystemExit)


@contextmanager
def serving(data: Path, *, command: Sequence[str] = ACQUAINT, **environment: str) -> Iterator[Server]:
    server = Server(data, command, **environment)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def _die_with_parent() -> None:
    """Should the tests be killed, their servers are as well."""
    _libc.prctl(_SIGNAL_WHEN_PARENT_DIES, signal.SIGKILL)
