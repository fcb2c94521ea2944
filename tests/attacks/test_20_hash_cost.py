"""Attack 20: making the server hash itself to death (Kratos ``hash_limits``, CVE-class CWE-400)."""

from __future__ import annotations

import asyncio
import resource
import time
from datetime import timedelta

import argon2

from acquaint.adapters.argon2 import CHEAPEST, OWASP, Argon2Hasher
from acquaint.domain.errors import Busy

FOUR_GIB = "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"


async def test_an_imported_hash_of_four_gib_is_not_worked_on() -> None:
    assert argon2.extract_parameters(FOUR_GIB).memory_cost == 4 * 1024 * 1024  # the library would do it
    hasher = Argon2Hasher(CHEAPEST)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert not await hasher.verify("correct horse", FOUR_GIB)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 * 1024  # KiB
    hasher.close()


async def test_a_password_of_a_mebibyte_costs_no_hash_at_all() -> None:
    hasher = Argon2Hasher(OWASP, threads=1)
    hashed = await hasher.hash("correct horse")
    busy = asyncio.ensure_future(hasher.hash("somebody else's"))
    await asyncio.sleep(0)
    # Both are answered before the one thread has come to them, so no thread did.
    assert not await hasher.verify("x" * 2**20, hashed)
    assert not await hasher.verify("x" * 2**20, None)
    assert not busy.done()
    await busy
    hasher.close()


async def test_of_two_hundred_logins_at_once_some_wait_and_the_rest_are_sent_away_unharmed() -> None:
    hasher = Argon2Hasher(OWASP, threads=1, longest_wait=timedelta(milliseconds=200))
    hashed = await hasher.hash("correct horse")
    outcomes = await asyncio.gather(
        *(hasher.verify("correct horse", hashed) for _ in range(200)), return_exceptions=True
    )
    served = [it for it in outcomes if it is True]
    sent_away = [it for it in outcomes if isinstance(it, Busy)]
    assert served
    assert sent_away
    assert len(served) + len(sent_away) == 200
    hasher.close()


async def test_asking_for_nobody_costs_the_same_work_as_asking_for_somebody() -> None:
    """Work is CPU time of this process, so a busy machine does not matter."""
    hasher = Argon2Hasher(OWASP, threads=1)
    hashed = await hasher.hash("correct horse")

    async def seconds(asked: str | None) -> float:
        begun = time.process_time()
        assert not await hasher.verify("wrong", asked)
        return time.process_time() - begun

    somebody = min([await seconds(hashed) for _ in range(5)])
    nobody = min([await seconds(None) for _ in range(5)])
    assert somebody / 2 < nobody < somebody * 2
    hasher.close()
