"""Passwords by argon2id: the promises of ``ports.crypto.PasswordHasher``."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta

import argon2
import pytest

from acquaint.adapters.argon2 import CHEAPEST, OWASP, Argon2Hasher, is_affordable
from acquaint.domain.errors import Busy, Unacceptable
from acquaint.ports.crypto import PasswordHasher
from tests.support.patience import PATIENCE, until

A_BUSY_MACHINE = timedelta(minutes=5)
"""So that nobody is sent away because the tests' machine is slow today."""


@pytest.fixture
async def hasher() -> AsyncIterator[Argon2Hasher]:
    made = Argon2Hasher(CHEAPEST)
    yield made
    made.close()


async def test_a_password_matches_its_own_hash_and_no_other(hasher: PasswordHasher) -> None:
    hashed = await hasher.hash("correct horse battery staple")
    assert await hasher.verify("correct horse battery staple", hashed)
    assert not await hasher.verify("correct horse battery stable", hashed)
    assert not await hasher.verify("", hashed)


async def test_the_same_password_never_has_the_same_hash_twice(hasher: PasswordHasher) -> None:
    assert await hasher.hash("correct horse") != await hasher.hash("correct horse")


async def test_with_no_hash_nothing_is_right(hasher: PasswordHasher) -> None:
    assert not await hasher.verify("anything", None)
    assert not await hasher.verify("", None)


async def test_what_stands_for_nobodys_password_is_a_hash_like_any_other(hasher: Argon2Hasher) -> None:
    """Or verifying it would be refused early, and so tell that nobody is there."""
    nobodys, somebodys = hasher._nobody, await hasher.hash("correct horse")
    assert is_affordable(nobodys)
    assert not hasher.is_outdated(nobodys)
    assert [len(it) for it in nobodys.split("$")] == [len(it) for it in somebodys.split("$")]
    with pytest.raises(argon2.exceptions.VerifyMismatchError):  # it was worked on, to the end
        argon2.PasswordHasher().verify(nobodys, "correct horse")


async def test_accents_typed_on_another_keyboard_are_the_same_password(hasher: PasswordHasher) -> None:
    composed, decomposed, fullwidth = "Zoé-1", "Zoe\u0301-1", "Zoé-１"
    hashed = await hasher.hash(composed)
    assert await hasher.verify(decomposed, hashed)
    assert await hasher.verify(fullwidth, hashed)


async def test_a_password_is_hashed_to_its_end_and_through_nul(hasher: PasswordHasher) -> None:
    long = "x" * 1023
    hashed = await hasher.hash(long + "y")
    assert await hasher.verify(long + "y", hashed)
    assert not await hasher.verify(long + "z", hashed)
    with_nul = await hasher.hash("before\0after")
    assert not await hasher.verify("before\0other", with_nul)


@pytest.mark.parametrize("impossible", ["x" * 1025, "lone \ud800 surrogate"])
async def test_a_password_that_cannot_be_is_refused_when_chosen_and_wrong_when_tried(
    hasher: PasswordHasher, impossible: str
) -> None:
    with pytest.raises(Unacceptable):
        await hasher.hash(impossible)
    assert not await hasher.verify(impossible, await hasher.hash("something else"))
    assert not await hasher.verify(impossible, None)


async def test_hashes_are_made_the_way_owasp_asks_unless_told_otherwise() -> None:
    hasher = Argon2Hasher()
    hashed = await hasher.hash("correct horse")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not hasher.is_outdated(hashed)
    hasher.close()


async def test_a_hash_with_other_parameters_still_works_and_is_outdated(hasher: PasswordHasher) -> None:
    imported = argon2.PasswordHasher(time_cost=3, memory_cost=64, parallelism=2).hash("correct horse")
    assert await hasher.verify("correct horse", imported)
    assert hasher.is_outdated(imported)
    assert hasher.is_outdated(argon2.PasswordHasher(type=argon2.Type.I, memory_cost=64).hash("x"))
    assert hasher.is_outdated("$2b$12$a hash of another kind")


@pytest.mark.parametrize(
    "broken", ["", "plain text", "$argon2id$", "$2b$12$LQv3c1yqBWVHxkd0LHAkCOYz6TtxMQJqhN8/Lew", "$" * 600]
)
async def test_what_is_no_hash_matches_nothing(hasher: PasswordHasher, broken: str) -> None:
    assert not await hasher.verify("plain text", broken)


def test_hashes_of_honest_servers_are_affordable_and_absurd_ones_are_not() -> None:
    def made_with(parameters: str) -> str:
        return f"$argon2id$v=19${parameters}$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"

    for honest in ("m=19456,t=2,p=1", "m=47104,t=1,p=1", "m=7168,t=5,p=1", "m=65536,t=3,p=4", "m=131072,t=1,p=1"):
        assert is_affordable(made_with(honest))
    for absurd in (
        "m=4194304,t=1,p=1",
        "m=8,t=4294967295,p=1",
        "m=262144,t=3,p=1",
        "m=1024,t=1,p=1024",
        "m=-8,t=-1,p=1",
    ):
        assert not is_affordable(made_with(absurd))


async def test_the_event_loop_goes_on_while_passwords_are_hashed() -> None:
    hasher = Argon2Hasher(OWASP, longest_wait=A_BUSY_MACHINE)
    hashing = [asyncio.ensure_future(hasher.hash("correct horse")) for _ in range(8)]
    turns = 0
    while not all(it.done() for it in hashing):
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100  # were the hashes made in the loop, it would have turned a few times for each
    hasher.close()


async def test_when_too_many_wait_the_next_is_told_when_to_come_back() -> None:
    hasher = Argon2Hasher(OWASP, threads=1, longest_wait=timedelta(0))
    first, second = (asyncio.ensure_future(hasher.hash("correct horse")) for _ in range(2))
    with pytest.raises(Busy) as refusal:
        await asyncio.gather(first, second)
    assert refusal.value.retry_after >= timedelta(seconds=1)
    await asyncio.wait([first, second])
    assert await hasher.hash("correct horse")  # and once it is quiet, everybody is served again
    hasher.close()


async def test_who_stops_waiting_makes_room_for_others() -> None:
    hasher = Argon2Hasher(OWASP, threads=1, longest_wait=A_BUSY_MACHINE)
    waiting = [asyncio.ensure_future(hasher.hash("correct horse")) for _ in range(20)]
    await asyncio.sleep(0)
    for it in waiting:
        it.cancel()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(it, asyncio.CancelledError) for it in outcomes)
    assert await hasher.verify("correct horse", await hasher.hash("correct horse"))
    assert hasher._unfinished == 0
    hasher.close()


class Slow:
    """Hashes, and takes as long for it as a test wants."""

    def __init__(self, hasher: argon2.PasswordHasher) -> None:
        self._hasher = hasher
        self.has_begun, self.may_end = threading.Event(), threading.Event()

    def hash(self, password: str) -> str:
        self.has_begun.set()
        assert self.may_end.wait(PATIENCE)
        return self._hasher.hash(password)


async def test_closing_lets_running_hashes_finish_and_refuses_the_rest() -> None:
    hasher = Argon2Hasher(OWASP, threads=1, longest_wait=A_BUSY_MACHINE)
    slow = Slow(hasher._hasher)
    hasher._hasher = slow  # type: ignore[assignment]
    waiting = [asyncio.ensure_future(hasher.hash("correct horse")) for _ in range(5)]
    await until(slow.has_begun.is_set)
    closing = asyncio.create_task(asyncio.to_thread(hasher.close))
    await asyncio.wait(waiting[1:])
    slow.may_end.set()
    await closing
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(outcomes[0], str)
    assert isinstance(outcomes[-1], Busy)
    with pytest.raises(Busy):
        await hasher.hash("too late")
    assert not any(it.name.startswith("argon2") for it in threading.enumerate())
