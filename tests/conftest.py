"""Fixtures for everybody.

    clock            the time, until a test moves it on
    core, house      the server's core on a database of its own; hashing passwords is cheap
    acme             an App with its keys
    client           asks the server in this process, over HTTP and without a network
    server           a real `acquaint serve`, shared by the tests of a run: each test makes its own App
    own_server       starts servers of a test's own, with settings of its own

`core` is on SQLite; ``@on_both_databases`` runs a test on PostgreSQL as well.
"""

from __future__ import annotations

import inspect
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import hypothesis
import pytest
import structlog

from acquaint import bootstrap
from acquaint.adapters import postgres_bus
from acquaint.adapters import valkey as valkey_parts
from acquaint.adapters.argon2 import CHEAPEST
from acquaint.adapters.memory import MemoryLimiter
from acquaint.bootstrap import House, build_app, open_house, parts
from acquaint.services import apps
from acquaint.services.core import Core
from acquaint.settings import Settings
from acquaint.storage import group_commit, lending
from acquaint.storage import postgresql as postgresql_engine
from tests.cast import Cast
from tests.support.clock import SetClock
from tests.support.hanging import pytest_timeout_cancel_timer, pytest_timeout_set_timer, pytest_xdist_make_scheduler
from tests.support.patience import PATIENCE
from tests.support.postgres import postgres, postgresql
from tests.support.server import Server, serving
from tests.support.valkey import valkey, valkey_url

__all__ = ["postgres", "postgresql", "valkey", "valkey_url"]  # fixtures that live beside what they start
__all__ += ["pytest_timeout_cancel_timer", "pytest_timeout_set_timer", "pytest_xdist_make_scheduler"]

# The same examples every time, however long they take; with --hypothesis-profile=default one looks for others.
hypothesis.settings.register_profile(
    "acquaint", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("acquaint")

VISITOR = "203.0.113.7"
"""The address `client` asks from (RFC 5737: nobody's)."""


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The event loop that the server is served on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session", autouse=True)
def _quiet_logs() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))


@pytest.fixture(scope="session", autouse=True)
def _patient_http() -> None:
    """Who asks a server in another process need not say how long they wait: httpx2's own five seconds are too few."""
    default = inspect.signature(httpx2.get).parameters["timeout"].default
    default.connect = default.read = default.write = default.pool = PATIENCE


@pytest.fixture(scope="session", autouse=True)
def _patient_parts() -> Iterator[None]:
    """Databases and lines of this process that are slow, as everything on a busy machine is, do not count as gone."""
    with pytest.MonkeyPatch.context() as patch:
        for module, names in {
            lending: "LONGEST_WAIT",
            group_commit: "LONGEST_TURN LONGEST_WAIT",
            postgresql_engine: "LONGEST_CONNECT LONGEST_SEARCH",
            postgres_bus: "CONNECTS_WITHIN SAID_WITHIN CHECK_WITHIN",
            valkey_parts: "ANSWERS_WITHIN LIMIT_WITHIN LISTENING_CHECKED_EVERY",
        }.items():
            for name in names.split():
                patch.setattr(module, name, PATIENCE)
        for settings in (postgresql_engine._USUAL, postgresql_engine._READING):
            for name in settings.keys() & {"statement_timeout", "idle_in_transaction_session_timeout"}:
                patch.setitem(settings, name, f"{PATIENCE:.0f}s")
        yield


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(scope="session")
def _new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of this version's schema, to be copied: migrating one takes a hundred times as long."""
    settings = Settings(data=tmp_path_factory.mktemp("new"))
    bootstrap.migrate(settings)
    return settings.data / "acquaint.db"


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """Which database: ``sqlite`` unless the test is parametrised."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def settings(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    if database == "postgresql":
        return Settings(data=data, database_url=request.getfixturevalue("postgresql"))
    shutil.copy(request.getfixturevalue("_new_database"), data / "acquaint.db")
    return Settings(data=data, public_url="http://acquaint.test")


@pytest.fixture
async def house(settings: Settings, clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Its limits are counted by the clock as well: how many tries there are does not depend on how long they take."""
    monkeypatch.setattr(parts, "MemoryLimiter", partial(MemoryLimiter, clock.monotonic))
    async with open_house(settings, clock=clock, hashing=CHEAPEST) as house:
        yield house


@pytest.fixture
def core(house: House) -> Core:
    return house.core


@pytest.fixture
async def acme(core: Core) -> Cast:
    return Cast(await apps.create(core, "Acme"))


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(build_app(house), client=(VISITOR, 40000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://acquaint.test") as client:
        yield client


@pytest.fixture(scope="session")
def _shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server") / "data") as server:
        yield server


@pytest.fixture
def server(_shared_server: Server) -> Server:
    _shared_server.begin_chapter()
    return _shared_server


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """``own_server(ACQUAINT_LIMITS="off")`` starts one. All have the same data directory, and end with the test."""
    with ExitStack() as servers:
        yield lambda **environment: servers.enter_context(serving(tmp_path / "data", **environment))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A test that fails shows what its servers said meanwhile."""
    report = yield
    if report.failed:
        for name, it in getattr(item, "funcargs", {}).items():
            if isinstance(it, Server):
                report.sections.append((f"log of {name}", it.chapter()))
    return report
