"""The world on both databases: every test that asks for it runs twice."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acquaint.storage.schema import migrate
from tests.storage.world import World, living
from tests.support.clock import SetClock
from tests.support.postgres import empty_postgresql  # noqa: F401 - a fixture


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database of this version's schema, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "acquaint.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite(migrated_file: Path, tmp_path: Path) -> str:
    """The URL of an SQLite database of the test's own."""
    shutil.copy(migrated_file, tmp_path / "acquaint.db")
    return f"sqlite:///{tmp_path / 'acquaint.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


@pytest.fixture
async def world(url: str, clock: SetClock) -> AsyncIterator[World]:
    async with living(url, clock) as world:
        yield world


@pytest.fixture
async def on_sqlite(sqlite: str, clock: SetClock) -> AsyncIterator[World]:
    """The world on SQLite alone, for what only happens there."""
    async with living(sqlite, clock) as world:
        yield world
