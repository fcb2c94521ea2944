from __future__ import annotations

from datetime import timedelta

import pytest

from acquaint.domain.errors import IdentifierTaken
from acquaint.ports.store import KeptAnswer
from tests.storage.world import World


async def test_a_file_is_found_by_its_key(world: World) -> None:
    ann = await world.add_user("ann")
    file = world.file(owner_id=ann.id, name="Fähre.png", size=2**40)
    async with world.store.write() as tx:
        assert await tx.files.add(file, "k1") == file
    async with world.store.read() as tx:
        assert await tx.files.by_key("k1") == file
        assert await tx.files.by_key("k2") is None
    with pytest.raises(IdentifierTaken):
        async with world.store.write() as tx:
            await tx.files.add(world.file(), "k1")


async def test_an_answer_is_kept_under_its_key_for_its_caller(world: World) -> None:
    async with world.store.write() as tx:
        assert await tx.answers.claim("acme", "k1", "request", world.now) is None
        assert await tx.answers.claim("acme", "k1", "other", world.now) == KeptAnswer("request", 0, b"", world.now)
        assert await tx.answers.claim("rival", "k1", "request", world.now) is None
        await tx.answers.keep("acme", "k1", 201, b'{"id": 1}\x00\xff')
        kept = await tx.answers.claim("acme", "k1", "request", world.now + timedelta(hours=1))
    assert kept == KeptAnswer("request", 201, b'{"id": 1}\x00\xff', world.now)


async def test_a_released_key_may_be_used_again(world: World) -> None:
    async with world.store.write() as tx:
        assert await tx.answers.claim("acme", "k1", "first", world.now) is None
        await tx.answers.release("acme", "k1")
        assert await tx.answers.claim("acme", "k1", "second", world.now) is None


async def test_old_answers_are_swept(world: World) -> None:
    async with world.store.write() as tx:
        for number in range(3):
            await tx.answers.claim("acme", f"k{number}", "request", world.now + timedelta(minutes=number))
        assert await tx.answers.sweep(world.now, 10) == 0
        assert await tx.answers.sweep(world.now + timedelta(minutes=2), 1) == 1
        assert await tx.answers.sweep(world.now + timedelta(minutes=2), 10) == 1
        assert await tx.answers.claim("acme", "k0", "again", world.now) is None
        assert await tx.answers.claim("acme", "k2", "request", world.now) is not None
