"""What every Limiter promises (``ports.limits``), counted in memory and in Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as some

from acquaint.adapters import valkey as module
from acquaint.adapters.memory import MemoryLimiter, step_of
from acquaint.adapters.valkey import LIMIT_ALONE_FOR, LOGGED_EVERY, ValkeyLimiter
from acquaint.domain.errors import TooManyRequests
from acquaint.domain.limits import Left, Limit
from acquaint.ports.limits import Limiter
from tests.support.valkey import RunningValkey, running_valkey

FIVE_AN_HOUR = Limit("five", 5, timedelta(hours=1))
OTHER = Limit("other", 1, timedelta(hours=1))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningValkey]:
    with running_valkey(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture(params=["memory", "valkey"])
async def limiter(request: pytest.FixtureRequest) -> AsyncIterator[Limiter]:
    if request.param == "memory":
        yield MemoryLimiter()
    else:
        server = request.getfixturevalue("server")
        server.ask("FLUSHALL")
        remote = ValkeyLimiter(server.url)
        yield remote
        await remote.close()


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    usual = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(20))
    with structlog.testing.capture_logs() as lines:
        yield lines
    structlog.configure(**usual)


async def allowed(limiter: Limiter, limit: Limit, who: str, tries: int) -> int:
    """How many of so many tries at once are let through."""
    outcomes = await asyncio.gather(*(limiter.take(limit, who) for _ in range(tries)), return_exceptions=True)
    assert all(isinstance(it, Left | TooManyRequests) for it in outcomes), outcomes
    return sum(isinstance(it, Left) for it in outcomes)


async def test_as_many_as_allowed_are_let_through_at_once_and_not_one_more(limiter: Limiter) -> None:
    assert await allowed(limiter, FIVE_AN_HOUR, "ann", 50) == 5


async def test_whoever_is_let_through_is_told_what_is_left(limiter: Limiter) -> None:
    said = [await limiter.take(FIVE_AN_HOUR, "ann") for _ in range(5)]
    assert [it.times for it in said] == [4, 3, 2, 1, 0]
    assert [round(it.whole_in / timedelta(minutes=12), 1) for it in said] == [1, 2, 3, 4, 5]
    await limiter.give_back(FIVE_AN_HOUR, "ann")
    assert (await limiter.take(FIVE_AN_HOUR, "ann")).times == 0


async def test_what_is_left_is_what_is_let_through(limiter: Limiter) -> None:
    left = (await limiter.take(FIVE_AN_HOUR, "ann")).times
    assert await allowed(limiter, FIVE_AN_HOUR, "ann", 50) == left


async def test_who_is_refused_is_told_when_to_come_back(limiter: Limiter) -> None:
    await allowed(limiter, FIVE_AN_HOUR, "ann", 5)
    with pytest.raises(TooManyRequests) as refusal:
        await limiter.take(FIVE_AN_HOUR, "ann")
    assert timedelta(minutes=11) < refusal.value.retry_after <= timedelta(minutes=12)


async def test_a_refused_try_does_not_make_the_wait_longer(limiter: Limiter) -> None:
    await allowed(limiter, FIVE_AN_HOUR, "ann", 100)
    with pytest.raises(TooManyRequests) as refusal:
        await limiter.take(FIVE_AN_HOUR, "ann")
    assert refusal.value.retry_after <= timedelta(minutes=12)


async def test_after_the_wait_one_more_is_let_through(limiter: Limiter) -> None:
    quick = Limit("quick", 4, timedelta(seconds=1))
    refused: TooManyRequests | None = None
    for _ in range(1000):  # while a slow machine tries, time goes by
        try:
            await limiter.take(quick, "ann")
        except TooManyRequests as refusal:
            refused = refusal
            break
    assert refused is not None
    await asyncio.sleep(refused.retry_after.total_seconds() + 0.01)
    await limiter.take(quick, "ann")


async def test_everybody_and_every_limit_is_counted_apart(limiter: Limiter) -> None:
    await allowed(limiter, FIVE_AN_HOUR, "ann", 5)
    await limiter.take(FIVE_AN_HOUR, "ben")
    await limiter.take(OTHER, "ann")
    with pytest.raises(TooManyRequests):
        await limiter.take(OTHER, "ann")


async def test_a_try_that_is_given_back_was_never_counted(limiter: Limiter) -> None:
    for _ in range(50):
        await limiter.take(FIVE_AN_HOUR, "ann")
        await limiter.give_back(FIVE_AN_HOUR, "ann")
    assert await allowed(limiter, FIVE_AN_HOUR, "ann", 50) == 5
    await limiter.give_back(FIVE_AN_HOUR, "ann")
    assert await allowed(limiter, FIVE_AN_HOUR, "ann", 50) == 1


async def test_nobody_can_save_up_by_giving_back(limiter: Limiter) -> None:
    for _ in range(50):
        await limiter.give_back(FIVE_AN_HOUR, "ann")
    await limiter.take(FIVE_AN_HOUR, "ann")
    for _ in range(50):
        await limiter.give_back(FIVE_AN_HOUR, "ann")
    assert await allowed(limiter, FIVE_AN_HOUR, "ann", 50) == 5


async def test_a_limit_of_nothing_lets_nothing_through(limiter: Limiter) -> None:
    assert await allowed(limiter, Limit("closed", 0, timedelta(hours=1)), "ann", 5) == 0


@pytest.mark.parametrize(
    "who", ["", "ann@example.com|203.0.113.9", "Zoé 😀", "lone \ud800", "x" * 10_000, "a\0b\r\nDEL x"]
)
async def test_who_may_be_any_text(limiter: Limiter, who: str) -> None:
    await limiter.take(OTHER, who)
    with pytest.raises(TooManyRequests):
        await limiter.take(OTHER, who)


# In memory


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(some.integers(1, 20), some.integers(1, 100_000), some.lists(some.floats(0, 30), min_size=1, max_size=80))
async def test_in_no_stretch_of_time_are_more_let_through_than_a_burst_and_an_even_stream(
    times: int, milliseconds: int, pauses: list[float]
) -> None:
    limit, time = Limit("any", times, timedelta(milliseconds=milliseconds)), Time()
    limiter = MemoryLimiter(time)
    through: list[float] = []
    waits: list[timedelta] = []
    for pause in pauses:
        time.now += pause
        for _ in range(3):
            try:
                await limiter.take(limit, "ann")
                through.append(time.now)
            except TooManyRequests as refusal:
                waits.append(refusal.retry_after)
    assert all(timedelta(0) < it <= limit.per / times + timedelta(microseconds=1) for it in waits)
    step = step_of(limit) / 1_000_000
    for first, began in enumerate(through):
        for last in range(first, len(through)):
            assert last - first + 1 <= times + (through[last] - began) / step + 1e-3


async def test_whoever_used_nothing_any_more_is_forgotten() -> None:
    time = Time()
    limiter = MemoryLimiter(time)
    for number in range(1000):
        await limiter.take(FIVE_AN_HOUR, f"early {number}")
    time.now += 3600
    await limiter.take(FIVE_AN_HOUR, "late")
    assert len(limiter) == 1


async def test_one_who_comes_back_after_the_wait_finds_one_place_and_after_the_whole_time_all() -> None:
    time = Time()
    limiter = MemoryLimiter(time)
    assert await allowed(limiter, FIVE_AN_HOUR, "ann", 9) == 5
    time.now += 12 * 60
    assert await allowed(limiter, FIVE_AN_HOUR, "ann", 9) == 1
    time.now += 60 * 60
    assert await allowed(limiter, FIVE_AN_HOUR, "ann", 9) == 5


# In Valkey


async def test_nodes_count_together(server: RunningValkey) -> None:
    server.ask("FLUSHALL")
    nodes = [ValkeyLimiter(server.url) for _ in range(3)]
    outcomes = [await allowed(node, FIVE_AN_HOUR, "ann", 3) for node in nodes]
    assert outcomes == [3, 2, 0]
    for node in nodes:
        await node.close()


async def test_valkey_is_told_no_names_and_forgets_by_itself(server: RunningValkey) -> None:
    server.ask("FLUSHALL")
    limiter = ValkeyLimiter(server.url)
    await limiter.take(FIVE_AN_HOUR, "ann@example.com")
    key = "acquaint:limit:five:" + "0" * 32
    assert server.ask("DBSIZE") == b":1"
    found = server.say("KEYS", "*").split(b"\r\n")[2].decode()
    assert len(found) == len(key)
    assert "ann" not in found
    assert 0 < int(server.ask("PTTL", found)[1:]) <= 12 * 60 * 1000
    await limiter.give_back(FIVE_AN_HOUR, "ann@example.com")
    assert server.ask("DBSIZE") == b":0"
    await limiter.close()


async def test_without_valkey_each_node_counts_for_itself_and_with_it_again_all_together(
    tmp_path: Path, logged: list[MutableMapping[str, Any]]
) -> None:
    with running_valkey(tmp_path) as server:
        time = Time()
        one, other = ValkeyLimiter(server.url, time), ValkeyLimiter(server.url, time)
        assert await allowed(one, FIVE_AN_HOUR, "ann", 9) == 5
        assert await allowed(other, FIVE_AN_HOUR, "ann", 9) == 0
        server.stop()
        assert await allowed(one, FIVE_AN_HOUR, "ann", 9) == 5
        assert await allowed(other, FIVE_AN_HOUR, "ann", 9) == 5
        await one.give_back(FIVE_AN_HOUR, "ann")
        assert await allowed(one, FIVE_AN_HOUR, "ann", 9) == 1
        for _ in range(3):
            time.now += LIMIT_ALONE_FOR
            assert await allowed(one, FIVE_AN_HOUR, "ann", 9) == 0
        assert [it["event"] for it in logged] == ["limits_counted_alone"] * 2  # once a minute and node
        time.now += LOGGED_EVERY
        await allowed(one, OTHER, "ann", 1)
        assert len(logged) == 3
        server.start()
        time.now += LIMIT_ALONE_FOR
        for node in (one, other):  # the first to come finds out that Valkey is there again
            await allowed(node, OTHER, "cat", 1)
        assert await allowed(one, FIVE_AN_HOUR, "ben", 3) == 3
        assert await allowed(other, FIVE_AN_HOUR, "ben", 9) == 2
        await one.close()
        await other.close()


async def test_a_valkey_that_hangs_holds_up_one_request_and_not_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIMIT_WITHIN", 0.25)
    with running_valkey(tmp_path) as server:
        time = Time()
        limiter = ValkeyLimiter(server.url, time)
        await limiter.take(FIVE_AN_HOUR, "ann")
        server.pause()
        assert await allowed(limiter, FIVE_AN_HOUR, "ann", 5) == 5  # all asked at once: all waited, together
        time.now += LIMIT_ALONE_FOR
        waiting = asyncio.create_task(allowed(limiter, FIVE_AN_HOUR, "ben", 1))
        await asyncio.sleep(0)
        assert await allowed(limiter, FIVE_AN_HOUR, "cat", 9) == 5  # these did not ask, and are answered first
        assert not waiting.done()
        assert await waiting == 1
        server.go_on()
        await limiter.close()
