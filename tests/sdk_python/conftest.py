"""Acme on a real server, for clients that wait and for clients that await: most tests here run as both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count

import httpx2
import pytest

from tests.sdk_python.hands import Acme, Manner
from tests.support.server import Server

_numbers = count(1)


@pytest.fixture(scope="session")
def operator_key(_shared_server: Server) -> str:
    return str(_shared_server.run("keys", "create", "--server", "--name", "sdk")["api_key"])


@pytest.fixture(params=["waits", "awaits"])
def manner(request: pytest.FixtureRequest) -> Manner:
    return "waits" if request.param == "waits" else "awaits"


@pytest.fixture
async def acme(server: Server, manner: Manner, operator_key: str) -> AsyncIterator[Acme]:
    it = made(server, manner, operator_key)
    yield it
    await it.let_go()


@pytest.fixture
async def globex(server: Server, manner: Manner, operator_key: str) -> AsyncIterator[Acme]:
    """Another App of the same server."""
    it = made(server, manner, operator_key)
    yield it
    await it.let_go()


def made(server: Server, manner: Manner, operator_key: str) -> Acme:
    name = {"name": f"Acme {next(_numbers)}"}
    key = {"Authorization": f"Bearer {operator_key}"}
    answer = httpx2.post(f"{server.url}/acquaint/v1/server/apps", json=name, headers=key)
    assert answer.status_code == 201, answer.text
    return Acme(server, manner, answer.json())
