"""A hub on the core, and ears: connections that write down what they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from acquaint.domain.sessions import Session
from acquaint.ports.store import Recognised
from acquaint.realtime import hub as module
from acquaint.realtime.hub import Hub
from acquaint.services.core import Core
from acquaint.services.live import Aside, Cut, Told, Typed
from tests.realtime.callers import Acme
from tests.support.patience import PATIENCE
from tests.support.server import Server


class Ear:
    """A connection of no protocol at all."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.heard: list[Told] = []
        self.typing: list[Typed] = []
        self.asides: list[Aside] = []
        self.gaps = 0
        self.cuts: list[Cut] = []

    def deliver(self, told: Told) -> None:
        self.heard.append(told)

    def typed(self, typed: Typed) -> None:
        self.typing.append(typed)

    def overheard(self, aside: Aside) -> None:
        self.asides.append(aside)

    def missed(self) -> None:
        self.gaps += 1

    def cut(self, why: Cut) -> None:
        self.cuts.append(why)

    @property
    def texts(self) -> list[str]:
        return [it.news.message.text for it in self.heard if it.news.message is not None]

    @property
    def kinds(self) -> list[str]:
        return [it.news.event.kind.value for it in self.heard]


@pytest.fixture(autouse=True)
def _nobody_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ears do not go when they are cut."""
    monkeypatch.setattr(module, "LEAVING", 0.01)


@pytest.fixture
async def hub(core: Core) -> AsyncIterator[Hub]:
    hub = Hub(core)
    core.bus.add(hub)
    yield hub
    await hub.close()


Listen = Callable[[Recognised], Any]


@pytest.fixture
def listen(hub: Hub) -> Listen:
    async def listen(it: Recognised) -> Ear:
        ear = Ear(it.session)
        await hub.welcome(ear)
        return ear

    return listen


async def a_moment() -> None:
    """Long enough for what should not happen to have happened."""
    await asyncio.sleep(0.1)


@pytest.fixture(scope="session")
def operator_key(_shared_server: Server) -> str:
    """Makes Apps on the shared server, faster than the command line."""
    return str(_shared_server.run("keys", "create", "--server", "--name", "tests")["api_key"])


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=server.url, timeout=PATIENCE) as http:
        yield http


@pytest.fixture
async def shop(server: Server, http: httpx2.AsyncClient, operator_key: str) -> Acme:
    """Acme, on a running server."""
    return await Acme.made(server, http, operator_key)
