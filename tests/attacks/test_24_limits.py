"""Attack 24: getting around a limit (here: its memory; addresses and headers are tried where they are read)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from acquaint.adapters.memory import MemoryLimiter
from acquaint.adapters.valkey import ValkeyLimiter
from acquaint.domain.errors import TooManyRequests
from acquaint.domain.identities import Claimed, ProfileChange
from acquaint.domain.limits import Limit
from acquaint.services import limits, sign_in, tickets, users
from acquaint.services.core import Core
from tests.cast import Cast, ann, laptop
from tests.services.doors import verified, visitor
from tests.support.valkey import running_valkey

GUESSES = Limit("guesses", 10, timedelta(minutes=1))
VISITS = Limit("visits", 600, timedelta(hours=1))


async def test_flooding_the_memory_with_strangers_washes_away_nobody_who_is_at_their_limit() -> None:
    """A memory that drops the oldest when it is full, as a cache does, would let the guesses begin anew."""
    limiter = MemoryLimiter(lambda: 1000.0, most=1000)
    for _ in range(10):
        await limiter.take(GUESSES, "eve at ann's password")
    for number in range(20_000):
        await limiter.take(VISITS, f"198.51.{number // 256}.{number % 256}")
        assert len(limiter) <= 1001
    with pytest.raises(TooManyRequests):
        await limiter.take(GUESSES, "eve at ann's password")


async def test_waiting_a_little_between_guesses_earns_only_the_even_rate() -> None:
    now = 1000.0
    limiter = MemoryLimiter(lambda: now)
    through = 0
    for _ in range(3600):
        now += 1
        try:
            await limiter.take(GUESSES, "eve")
            through += 1
        except TooManyRequests:
            pass
    assert through <= 10 + 600  # an hour at ten a minute, and one burst


async def test_shooting_down_valkey_does_not_open_the_gates(tmp_path: Path) -> None:
    with running_valkey(tmp_path) as server:
        limiter = ValkeyLimiter(server.url)
        await limiter.take(GUESSES, "eve")
        server.stop()
        through = 0
        for _ in range(100):
            try:
                await limiter.take(GUESSES, "eve")
                through += 1
            except TooManyRequests:
                pass
        assert through == 10
        await limiter.close()


@pytest.mark.parametrize("what", ["claims", "tickets", "profiles"])
async def test_one_session_changes_only_so_much_in_a_minute(core: Core, acme: Cast, what: str) -> None:
    visit = await visitor(core, acme, laptop)
    anns = await verified(core, acme, ann)

    async def change() -> object:
        match what:
            case "claims":
                return await sign_in.claim(core, visit, Claimed("Ann"))
            case "tickets":
                return await tickets.live_ticket(core, anns)
        return await users.update_own(core, anns, ProfileChange(name="Ann"))

    async def flood() -> None:
        for _ in range(limits.CHANGES_PER_SESSION.times * 2):
            await change()

    with pytest.raises(TooManyRequests):
        await flood()
