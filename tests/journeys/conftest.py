"""A shop, wherever it is served.

shop       in this process, with a clock to set
other      another App beside it
corner     on the shared server, over the network: new for each test
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast
from tests.journeys.shop import Shop
from tests.support.clock import SetClock
from tests.support.patience import PATIENCE
from tests.support.server import Server


@pytest.fixture
def shop(client: httpx2.AsyncClient, acme: Cast, clock: SetClock) -> Shop:
    return Shop.of(client, acme, clock)


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=server.url, timeout=PATIENCE) as http:
        yield http


@pytest.fixture(scope="session")
def operator_key(_shared_server: Server) -> str:
    """Makes Apps faster than the command line does."""
    return str(_shared_server.run("keys", "create", "--server", "--name", "journeys")["api_key"])


@pytest.fixture
async def corner(http: httpx2.AsyncClient, operator_key: str) -> Shop:
    answer = await http.post(
        "/acquaint/v1/server/apps", json={"name": "Corner"}, headers={"Authorization": f"Bearer {operator_key}"}
    )
    return Shop.made(http, answer.json())


@pytest.fixture
async def other(core: Core, client: httpx2.AsyncClient, clock: SetClock) -> Shop:
    """Another App, in this process as well."""
    return Shop.of(client, Cast(await apps.create(core, "Globex")), clock)
