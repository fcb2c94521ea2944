"""What the server tells those who run it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from acquaint.adapters.argon2 import CHEAPEST
from acquaint.bootstrap import House, build_app, open_house
from acquaint.settings import Settings
from tests.conftest import VISITOR


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[House, httpx2.AsyncClient]]:
    async with open_house(settings, hashing=CHEAPEST) as house:
        transport = httpx2.ASGITransport(build_app(house), client=(VISITOR, 40000))
        async with httpx2.AsyncClient(transport=transport, base_url="http://acquaint.test") as client:
            yield house, client


async def test_a_server_that_can_serve_says_so(client: httpx2.AsyncClient) -> None:
    for path, status in (("/livez", "alive"), ("/readyz", "ready")):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": status})
        assert answer.headers["cache-control"] == "no-store"
        assert (await client.head(path)).status_code == 200


async def test_a_database_of_another_version_is_not_ready_and_the_process_lives(
    client: httpx2.AsyncClient, settings: Settings
) -> None:
    with sqlite3.connect(settings.data / "acquaint.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "database"})
    assert (await client.get("/livez")).status_code == 200


async def test_a_bus_that_is_cut_is_said_and_takes_nobody_away(settings: Settings) -> None:
    async with _opened(replace(settings, bus_url="valkey://127.0.0.1:1")) as (_, client):
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ready, without the bus"})


async def test_a_server_that_stops_sends_visitors_elsewhere(house: House, client: httpx2.AsyncClient) -> None:
    await house.stop_serving()
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "stopping"})


async def test_a_path_that_nobody_has_is_refused_in_nobodys_words(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/wp-admin/setup.php")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    wrong = await client.post("/livez")
    assert wrong.status_code == 405
    assert "GET" in wrong.headers["allow"]


async def test_metrics_are_read_by_those_who_may(client: httpx2.AsyncClient, settings: Settings) -> None:
    assert (await client.get("/metrics")).status_code == 404, "by default only this machine reads them"
    async with _opened(replace(settings, metrics_allow=(ip_network("203.0.113.0/24"),))) as (_, allowed):
        assert (await allowed.get("/metrics")).status_code == 200
    async with _opened(replace(settings, metrics_allow=())) as (_, nobody):
        assert (await nobody.get("/metrics")).status_code == 404


@pytest.fixture
async def watched(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with _opened(replace(settings, metrics_allow=(ip_network(VISITOR),))) as (_, client):
        yield client


async def _metrics(client: httpx2.AsyncClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = (await client.get("/metrics")).text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_metrics_count_requests_by_their_route_and_never_by_their_path(watched: httpx2.AsyncClient) -> None:
    for path in ("/livez", "/livez", "/nowhere/acqs_secret", "/acquaint/v1/session?token=acqs_secret"):
        await watched.get(path)
    found = await _metrics(watched)
    counts = {
        (it["method"], it["route"], it["status"]): value
        for (name, labels), value in found.items()
        if name == "acquaint_request_seconds_count" and (it := dict(labels))
    }
    assert counts == {
        ("GET", "/livez", "2xx"): 2,
        ("GET", "none", "4xx"): 1,
        ("GET", "/acquaint/v1/session", "4xx"): 1,
    }
    livez = {"method": "GET", "route": "/livez", "status": "2xx"}
    assert found["acquaint_request_seconds_bucket", frozenset((livez | {"le": "+Inf"}).items())] == 2
    assert found["acquaint_request_seconds_sum", frozenset(livez.items())] > 0


async def test_methods_that_nobody_knows_are_counted_as_one(watched: httpx2.AsyncClient) -> None:
    """Else anybody could fill the memory with methods of their own."""
    for number in range(20):
        await watched.request(f"X{number}", "/livez")
    methods = {dict(labels).get("method") for _, labels in await _metrics(watched)}
    assert methods == {None, "other"}


async def test_metrics_say_how_the_server_does(watched: httpx2.AsyncClient) -> None:
    found = {name: value for (name, labels), value in (await _metrics(watched)).items() if not labels}
    assert found["acquaint_bus_whole"] == 1
    assert found["acquaint_sockets_open"] == 0
    assert found["acquaint_sessions_remembered"] == 0
    assert found["acquaint_passwords_waiting"] == 0
    assert found["process_resident_memory_bytes"] > 1e6
