"""How many bytes of files an App keeps: counted with every file, freed with it, and never more than there may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from acquaint.domain.errors import SpaceUsedUp, TicketRefused, TooLarge, TooManyRequests
from acquaint.domain.files import Picture
from acquaint.domain.paging import PageAsked
from acquaint.domain.users import UserId
from acquaint.ports.store import Recognised
from acquaint.services import avatars, files, limits, named_files, space, uploads, users
from acquaint.services.core import Core
from acquaint.settings import Settings
from tests.cast import Cast, ann, ben, carol, eve, laptop
from tests.services.doors import allow, now, verified, visitor
from tests.services.filing import PNG, announced, pieces, uploaded
from tests.services.test_avatars import photograph
from tests.services.test_uploads import kept
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

MEBIBYTE = space.MEBIBYTE


async def of_size(size: int) -> AsyncIterator[bytes]:
    for start in range(0, size, 65536):
        yield bytes(min(65536, size - start))


async def used(core: Core, acme: Cast) -> int:
    return await space.used(core, acme.app)


async def counted(core: Core, acme: Cast) -> int:
    """Added up from what is there, as the count ought to be."""
    async with core.store.read() as tx:
        found = [it for user in await users_of(core, acme) for it in await tx.files.of_owner(user, skip=0, limit=99)]
    return sum(it.size + (it.picture.size if it.picture else 0) for it in found)


async def users_of(core: Core, acme: Cast) -> list[UserId]:
    return [it.id for it in (await users.newest(core, acme.app, PageAsked())).items]


@on_both_databases
async def test_what_comes_is_counted_and_what_goes_is_not_any_more(core: Core, acme: Cast, clock: SetClock) -> None:
    anns, bens = await verified(core, acme, ann), await verified(core, acme, ben)
    first, second = await uploaded(core, anns), await uploaded(core, bens)
    await announced(core, anns)
    assert await used(core, acme) == 2 * len(PNG) == await counted(core, acme)

    async with core.store.write() as tx:
        await tx.files.draw(first.id, Picture("image/png", 1000), "one")
        await tx.files.draw(first.id, Picture("image/png", 300), "two")
    assert await used(core, acme) == 2 * len(PNG) + 300 == await counted(core, acme)
    await named_files.delete(core, anns, first.id)
    assert await used(core, acme) == len(PNG)

    half, ticket = await announced(core, anns)
    await uploads.receive(core, str(half.uid), ticket, pieces(PNG))
    assert await used(core, acme) == 2 * len(PNG)
    clock.forward(days=1, seconds=1)
    assert await uploads.sweep(core) == 2, "neither was completed"
    assert await used(core, acme) == len(PNG)

    assert second.owner_id
    await users.delete(core, acme.app, second.owner_id)
    assert await used(core, acme) == 0


@on_both_databases
async def test_beyond_the_space_everything_is_refused_and_nothing_is_left_of_it(
    core: Core, acme: Cast, settings: Settings
) -> None:
    await allow(core, acme, file_space=1)
    app, it = await now(core, acme), await verified(core, acme, ann)
    file, _ = await files.keep(core, app, "a", "", of_size(MEBIBYTE - 10))
    for size in (11, 5 * MEBIBYTE):
        with pytest.raises(SpaceUsedUp):
            await files.keep(core, app, "b", "", of_size(size))
    small, ticket = await announced(core, it)
    with pytest.raises(SpaceUsedUp):
        await uploads.receive(core, str(small.uid), ticket, of_size(11))
    assert len(kept(settings)) == 1
    assert await used(core, acme) == MEBIBYTE - 10

    await uploads.receive(core, str(small.uid), ticket, of_size(10))
    with pytest.raises(SpaceUsedUp):
        await files.keep(core, app, "c", "", of_size(1))
    assert await used(core, acme) == MEBIBYTE

    await allow(core, acme, file_space=2)
    await files.keep(core, await now(core, acme), "c", "", of_size(1))
    with pytest.raises(TooLarge) as refusal:
        await files.keep(
            core, replace(acme.app, policy=replace(app.policy, file_space=None)), "d", "", of_size(26 << 20)
        )
    assert type(refusal.value) is TooLarge
    assert file.size == MEBIBYTE - 10


@on_both_databases
async def test_of_many_files_at_once_no_more_are_kept_than_there_is_space_for(
    core: Core, acme: Cast, settings: Settings
) -> None:
    await allow(core, acme, file_space=1)
    app = await now(core, acme)
    part = MEBIBYTE // 4
    tried = await asyncio.gather(
        *(files.keep(core, app, "a", "", of_size(part)) for _ in range(10)), return_exceptions=True
    )
    refused = [it for it in tried if isinstance(it, SpaceUsedUp)]
    assert (len(tried) - len(refused), len(refused)) == (4, 6)
    assert await used(core, acme) == MEBIBYTE
    assert sum(it.stat().st_size for it in kept(settings)) == MEBIBYTE


@on_both_databases
async def test_whatever_comes_and_goes_at_once_the_count_is_right(core: Core, acme: Cast, clock: SetClock) -> None:
    everybody = [await verified(core, acme, it) for it in (ann, ben, eve)]

    async def busy(it: Recognised, keeps: int) -> None:
        for number in range(6):
            file = await uploaded(core, it, PNG + bytes(number * 100))
            if number % 2:
                await named_files.delete(core, it, file.id)
            elif number >= keeps:
                async with core.store.write() as tx:
                    await tx.files.draw(file.id, Picture("image/png", 50 + number), f"{file.id}{number}")

    leaves = await verified(core, acme, carol)
    await uploaded(core, leaves)
    assert leaves.user
    await asyncio.gather(
        *(busy(it, place) for place, it in enumerate(everybody)),
        users.delete(core, acme.app, leaves.user.id),
        uploads.sweep(core),
    )
    assert await used(core, acme) == await counted(core, acme) > 0


@on_both_databases
async def test_of_two_uploads_of_one_file_one_is_counted(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    file, ticket = await announced(core, it)
    came = await asyncio.gather(
        *(uploads.receive(core, str(file.uid), ticket, pieces(PNG)) for _ in range(4)), return_exceptions=True
    )
    assert len([it for it in came if isinstance(it, TicketRefused)]) == 3
    assert await used(core, acme) == len(PNG)


async def test_a_picture_for_which_there_is_no_space_is_not_drawn(core: Core, acme: Cast, settings: Settings) -> None:
    it = await verified(core, acme, ann)
    file = await uploaded(core, it, photograph())
    await allow(core, acme, file_space=1)
    await files.keep(core, await now(core, acme), "a", "", of_size(MEBIBYTE - file.size))
    before = len(kept(settings))
    with pytest.raises(SpaceUsedUp):
        await avatars.show(core, await now(core, acme), it.session.user_id, str(file.uid))
    assert len(kept(settings)) == before
    assert await used(core, acme) == MEBIBYTE


async def test_the_servers_operator_has_the_last_word(core: Core, acme: Cast) -> None:
    await allow(core, acme, file_space=100)
    limited = replace(core, file_space=1)
    app = await now(core, acme)
    assert space.at_most(limited, app) == MEBIBYTE
    assert space.at_most(core, app) == 100 * MEBIBYTE
    with pytest.raises(SpaceUsedUp):
        await files.keep(limited, app, "a", "", of_size(MEBIBYTE + 1))


async def test_nobody_keeps_files_without_end_by_opening_sessions(
    core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FILES_PER_USER", replace(limits.FILES_PER_USER, times=2))

    async def keep(it: Recognised) -> None:
        await files.keep_of(core, it, "a.png", "image/png", pieces(PNG))

    await keep(await visitor(core, acme, laptop))
    again = await visitor(core, acme, laptop)
    await keep(again)
    with pytest.raises(TooManyRequests) as refusal:
        await keep(await visitor(core, acme, laptop))
    assert refusal.value.retry_after > timedelta(hours=1)
    with pytest.raises(TooManyRequests):
        await announced(core, await visitor(core, acme, laptop))
