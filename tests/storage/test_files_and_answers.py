from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from acquaint.domain.apps import AppId
from acquaint.domain.errors import IdentifierTaken
from acquaint.domain.files import File, Picture
from acquaint.ports.store import KeptAnswer
from acquaint.ports.store.files import Shelved
from tests.storage.world import World, outcomes


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


def announced(world: World, number: int = 1, **other: Any) -> File:
    return replace(world.file(uid=f"uid-{number}", size=0), **other)


async def test_an_announced_file_is_found_by_its_uid_and_never_by_a_key(world: World) -> None:
    ann = await world.add_user("ann")
    file = announced(world, owner_id=ann.id, is_public=True)
    async with world.store.write() as tx:
        assert await tx.files.add(file, "k1") == file
    async with world.store.read() as tx:
        assert await tx.files.by_uid("uid-1") == Shelved(file, "k1", None)
        assert await tx.files.get(world.acme.id, file.id) == Shelved(file, "k1", None)
        assert await tx.files.get(AppId(world.acme.id + 1), file.id) is None
        assert await tx.files.by_uid("uid-2") is None
        assert await tx.files.by_key("k1") is None
    with pytest.raises(IdentifierTaken):
        async with world.store.write() as tx:
            await tx.files.add(announced(world), "k2")


async def test_a_file_with_a_key_is_not_found_by_its_number(world: World) -> None:
    async with world.store.write() as tx:
        file = await tx.files.add(world.file(), "k1")
        assert await tx.files.get(world.acme.id, file.id) is None


async def test_bytes_arrive_once_and_pictures_are_drawn_again(world: World) -> None:
    file = announced(world)
    came = replace(file, content_type="image/gif", size=7, arrived_at=world.now, updated_at=world.now)
    async with world.store.write() as tx:
        await tx.files.add(file, "nothing")
        assert await tx.files.arrive(came, "first")
        assert not await tx.files.arrive(replace(came, size=8), "second")
        assert await tx.files.by_uid("uid-1") == Shelved(came, "first", None)

        assert await tx.files.draw(file.id, Picture("image/png", 9), "p1") is None
        assert await tx.files.draw(file.id, Picture("image/jpeg", 10), "p2") == "p1"
        shown = replace(came, picture=Picture("image/jpeg", 10))
        assert await tx.files.by_uid("uid-1") == Shelved(shown, "first", "p2")

        done = shown.completed(world.now).renamed("new.gif", world.now)
        await tx.files.save(done)
        assert await tx.files.by_uid("uid-1") == Shelved(done, "first", "p2")
        await tx.files.delete(file.id)
        assert await tx.files.by_uid("uid-1") is None


async def test_of_many_that_arrive_at_once_one_is_kept(world: World) -> None:
    file = announced(world)
    async with world.store.write() as tx:
        await tx.files.add(file, "nothing")

    async def arrive(number: int) -> bool:
        async with world.store.write() as tx:
            return await tx.files.arrive(replace(file, size=number, arrived_at=world.now), f"k{number}")

    found, raised = await outcomes(20, arrive)
    assert (sum(found), raised) == (1, [])


async def test_a_users_files_are_listed_newest_first_and_forgotten_with_their_pictures(world: World) -> None:
    ann, ben = await world.add_user("ann"), await world.add_user("ben")
    async with world.store.write() as tx:
        hers = [await tx.files.add(announced(world, it, owner_id=ann.id), f"k{it}") for it in range(3)]
        await tx.files.add(world.file(owner_id=ann.id), "by key")
        await tx.files.add(announced(world, 9, owner_id=ben.id), "ben's")
        assert await tx.files.of_owner(ann.id, skip=1, limit=5) == [hers[1], hers[0]]
        assert await tx.files.count_of_owner(ann.id) == 3
        await tx.files.draw(hers[0].id, Picture("image/png", 1), "p0")
        assert sorted(await tx.files.forget_of(ann.id)) == ["by key", "k0", "k1", "k2", "p0"]
        assert await tx.files.count_of_owner(ben.id) == 1


async def test_what_was_never_completed_is_swept(world: World) -> None:
    later = world.now + timedelta(hours=1)
    async with world.store.write() as tx:
        await tx.files.add(announced(world, 1), "k1")
        await tx.files.add(announced(world, 2), "k2")
        await tx.files.add(announced(world, 3, arrived_at=world.now, completed_at=world.now), "complete")
        await tx.files.add(announced(world, 4, created_at=later), "later")
        await tx.files.add(world.file(), "by key")
        assert await tx.files.sweep(world.now, 10) == []
        assert len(await tx.files.sweep(later, 1)) == 1
        assert len(await tx.files.sweep(later, 10)) == 1
        assert await tx.files.sweep(later, 10) == []
        assert await tx.files.by_key("by key") is not None
        assert await tx.files.by_uid("uid-3") is not None
        assert await tx.files.by_uid("uid-4") is not None


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
