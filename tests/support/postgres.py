"""A PostgreSQL of the tests' own, on a free port of 127.0.0.1, in a temporary folder.

    from tests.support.postgres import postgres, postgresql  # noqa: F401 - fixtures, in a conftest

``postgres`` is a server that the whole test session shares and that ends with it; a test may stop and start it, if it
leaves it running. ``postgresql`` is the URL of a database of this version's schema, in which there is nothing.
Nothing is synced to disk: a commit survives the server's crash here, though not the machine's.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from acquaint.storage.schema import migrate
from acquaint.storage.tables import metadata
from tests.support.patience import PATIENCE
from tests.support.ports import free_port

SUPERUSER = "acquaint"
MIGRATED = "migrated"
"""The database of this version's schema. It is emptied for each test: making one takes twenty times as long."""

_ALONE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()"
_EMPTY = ";".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables))  # noqa: S608 - our own tables

_QUICK = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}
_LET_GO_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux' prctl
_numbers = count(1)


class RunningPostgres:
    """One server, always on the same port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._as_somebody: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            self._as_somebody = {"user": "postgres", "group": "postgres", "extra_groups": []}
            shutil.chown(folder, "postgres", "postgres")
        self.port = free_port()

    def make(self) -> None:
        """An empty cluster; whoever can reach the port may do everything."""
        options = ["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={SUPERUSER}"]
        subprocess.run(
            [_program("initdb"), *options, "--pgdata", self._folder / "cluster"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
            **self._as_somebody,
        )

    def start(self) -> None:
        """From the main thread: the server ends with the thread that started it."""
        assert self._process is None
        settings = _QUICK | {"listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": ""}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [_program("postgres"), "-D", self._folder / "cluster", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                preexec_fn=_end_with_parent,
                **self._as_somebody,
            )
        until = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < until, "PostgreSQL does not answer"
            time.sleep(0.02)

    def stop(self) -> None:
        """At once, as if it had crashed: nobody's connection is closed politely."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """A new database; answers its URL."""
        self.tell(f'CREATE DATABASE "{database}" TEMPLATE template0')
        return self.url(database)

    def drop(self, database: str) -> None:
        self.tell(f'DROP DATABASE "{database}" WITH (FORCE)')

    def tell(self, statement: str, database: str = "postgres") -> None:
        """Runs a statement, or several of them."""

        async def run() -> None:
            connection = await asyncpg.connect(self.url(database), ssl=False)
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        with ThreadPoolExecutor(1) as apart:  # whoever asks may have an event loop of their own
            apart.submit(asyncio.run, run()).result()

    def _answers(self) -> bool:
        try:
            self.tell("SELECT 1")
        except (OSError, asyncpg.PostgresError):
            return False
        return True


@contextmanager
def running_postgres() -> Iterator[RunningPostgres]:
    """A new cluster with the database MIGRATED in it, running; gone without a trace afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="acquaint-postgres-"))
    server = RunningPostgres(folder)
    try:
        server.make()
        server.start()
        asyncio.run(migrate(server.create(MIGRATED)))
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[RunningPostgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def empty_postgresql(postgres: RunningPostgres) -> Iterator[str]:
    """The URL of a database without any tables."""
    name = f"test_{next(_numbers)}"
    yield postgres.create(name)
    postgres.drop(name)


@pytest.fixture
def postgresql(postgres: RunningPostgres) -> str:
    postgres.tell(_ALONE.format(MIGRATED))  # whoever an earlier test left behind
    postgres.tell(_EMPTY, MIGRATED)
    return postgres.url(MIGRATED)


def _program(name: str) -> str:
    """Debian keeps the server's programs out of the path."""
    found = shutil.which(name) or max((str(it) for it in Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default="")
    assert found, f"{name} is not installed: PostgreSQL is one of the two databases, and tested like the other"
    return found


def _end_with_parent() -> None:
    """A test run that is killed takes its server with it (on Linux)."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_LET_GO_WITH_PARENT, signal.SIGQUIT)
