"""What was answered is there, whatever happens to the process a moment later."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from acquaint.domain import ids
from acquaint.domain.identities import Identifier
from tests.storage.world import World

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("lines", [1, 150, 900])
async def test_kill_9_during_two_hundred_concurrent_writes_loses_nothing_that_was_answered(
    on_sqlite: World, sqlite: str, lines: int
) -> None:
    first_id = ids.first_at(on_sqlite.now) + 10_000_000
    with subprocess.Popen(
        [sys.executable, "-m", "tests.storage.writer", sqlite, "users", str(first_id)], stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        answered = [process.stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        answered += process.stdout.readlines()
    logins = [it.decode().strip() for it in answered if it.endswith(b"\n")]
    assert len(logins) >= lines
    async with on_sqlite.store.read() as tx:
        for login in logins:
            assert await tx.users.find(on_sqlite.acme.id, Identifier.login(login)), f"{login} was answered and is lost"
    await on_sqlite.add_user("the next one")
    with closing(sqlite3.connect(sqlite.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
