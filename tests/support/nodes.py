"""Two nodes in this process, on one database, that hear each other as real ones do.

    from tests.support.nodes import Nodes, hurry, nodes, valkey_nodes, wired  # fixtures

``nodes`` are on PostgreSQL alone, and on Valkey and a file they share; ``valkey_nodes`` are the latter, and faster.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from acquaint.adapters.argon2 import CHEAPEST
from acquaint.bootstrap import House, open_house, utc_now
from acquaint.realtime import attendance, lookouts
from acquaint.settings import Settings
from tests.support.patience import until

Nodes = tuple[House, House]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {
        "TOLD_EVERY": 0.02,
        "STILL_THERE_EVERY": 0.1,
        "SILENT_FOR": 0.6,
        "CALLED_EVERY": 0.05,
    }.items():
        monkeypatch.setattr(attendance, name, seconds)
    monkeypatch.setattr(lookouts, "PAUSE", 0.02)


@asynccontextmanager
async def two_nodes(settings: Settings) -> AsyncIterator[Nodes]:
    async with (
        open_house(settings, clock=utc_now, hashing=CHEAPEST) as one,
        open_house(settings, clock=utc_now, hashing=CHEAPEST) as other,
    ):
        await until(lambda: one.core.bus.is_whole and other.core.bus.is_whole)
        yield one, other


@pytest.fixture(params=["valkey", pytest.param("postgresql", marks=pytest.mark.postgres)])
def wired(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Nodes on a file they share and Valkey, or on PostgreSQL alone."""
    if request.param == "valkey":
        return replace(settings, bus_url=request.getfixturevalue("valkey_url"))
    return replace(settings, database_url=request.getfixturevalue("postgresql"))


@pytest.fixture
async def nodes(wired: Settings) -> AsyncIterator[Nodes]:
    async with two_nodes(wired) as both:
        yield both


@pytest.fixture
async def valkey_nodes(settings: Settings, valkey_url: str) -> AsyncIterator[Nodes]:
    async with two_nodes(replace(settings, bus_url=valkey_url)) as both:
        yield both
