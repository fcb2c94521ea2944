"""Whoever tries out credentials is seen by those who run the server, and nobody fills its log."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import httpx2
import pytest
import structlog

from acquaint.bootstrap import House, build_app
from acquaint.web import refusals
from tests.support.clock import SetClock

Lines = list[MutableMapping[str, Any]]


@pytest.fixture
async def eve(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(build_app(house), client=("198.51.100.66", 40000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://acquaint.test") as client:
        yield client


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is logged."""
    usual = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(20))
    with structlog.testing.capture_logs() as found:
        yield found
    structlog.configure(**usual)


async def tries(client: httpx2.AsyncClient, times: int, *, path: str = "/v1/customers") -> None:
    for number in range(times):
        answer = await client.get(path, headers={"authorization": f"Bearer acqk_invented{number:04d}"})
        assert answer.status_code in (401, 429)


def counted(house: House) -> dict[tuple[str, ...], float]:
    [family] = house.refusals.collect()
    return {tuple(it.labels.values()): it.value for it in family.samples}


def warnings(lines: Lines) -> list[dict[str, Any]]:
    return [dict(it) for it in lines if it["event"] == "credentials_refused"]


async def test_whoever_tries_out_keys_is_in_the_log_and_what_they_tried_is_not(
    house: House, eve: httpx2.AsyncClient, lines: Lines
) -> None:
    await tries(eve, 19)
    assert warnings(lines) == []
    await tries(eve, 30)
    [line] = warnings(lines)
    assert (line["log_level"], line["reason"], line["dialect"]) == ("warning", "unknown_key", "kustomer")
    assert (line["address"], line["times"], line["within_seconds"]) == ("198.51.100.66", 20, 60)
    assert "invented" not in repr(lines)
    assert counted(house) == {("kustomer", "unknown_key"): 49}


async def test_each_dialect_and_each_reason_is_counted_apart(house: House, eve: httpx2.AsyncClient) -> None:
    await eve.get("/acquaint/v1/session", headers={"authorization": "Bearer acqs_invented"})
    await eve.get("/acquaint/v1/app", headers={"authorization": "Bearer acqk_invented"})
    await eve.get("/c/v1/chat/sessions")
    await eve.get("/users.json", headers={"cb-token": "invented"})
    await eve.get("/livez")
    await eve.get("/nowhere")
    found = counted(house)
    assert found["native", "unknown_session"] == found["native", "unknown_key"] == 1
    assert found["kustomer", "unknown_session"] == found["connectycube", "unknown_session"] == 1
    assert sum(found.values()) == 4


async def test_a_minute_later_it_is_said_again(
    house: House, eve: httpx2.AsyncClient, clock: SetClock, lines: Lines
) -> None:
    await tries(eve, 25)
    clock.forward(seconds=61)
    await tries(eve, 25)
    assert [it["times"] for it in warnings(lines)] == [20, 20]


async def test_many_addresses_that_each_try_a_little_are_seen_together_and_fill_neither_log_nor_memory(
    house: House, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    monkeypatch.setattr(refusals, "TOO_MANY", (2,))
    monkeypatch.setattr(refusals, "TOO_MANY_IN_ALL", (100,))
    monkeypatch.setattr(refusals, "MOST_LINES", 3)
    monkeypatch.setattr(refusals, "MOST_ADDRESSES", 40)
    app = build_app(house)
    for number in range(50):
        transport = httpx2.ASGITransport(app, client=(f"198.51.100.{number}", 40000))
        async with httpx2.AsyncClient(transport=transport, base_url="http://acquaint.test") as client:
            await tries(client, 2)
    by_address = Counter(it["address"] for it in warnings(lines))
    assert by_address == {refusals.EVERYWHERE: 1, "198.51.100.0": 1, "198.51.100.1": 1, "198.51.100.2": 1}
    assert len(house.refusals._lately) == 40
    assert counted(house) == {("kustomer", "unknown_key"): 100}


async def test_metrics_show_it(house: House, eve: httpx2.AsyncClient) -> None:
    await tries(eve, 3)
    transport = httpx2.ASGITransport(build_app(house), client=("127.0.0.1", 40000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://acquaint.test") as here:
        text = (await here.get("/metrics")).text
    assert 'acquaint_refused_credentials_total{dialect="kustomer",reason="unknown_key"} 3.0' in text
