"""Sessions that go on on another device, and texts that may name one."""

from __future__ import annotations

import asyncio

import pytest

from acquaint.domain.errors import TooManyRequests, UserBanned
from acquaint.domain.users import UserId
from acquaint.services import moving, sessions, users
from acquaint.services.core import Core, device_of
from tests.cast import Cast, ann, kiosk, laptop, phone
from tests.services.doors import sees, verified, visitor, write
from tests.support.databases import on_both_databases

WORD = "2f1d3c5e-7a9b-4c1d-8e2f-3a4b5c6d7e8f"


@on_both_databases
async def test_a_word_is_somebodys_until_another_one_says_it_and_then_nobodys(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    assert await moving.says(core, it, WORD, "ann")
    assert await moving.says(core, it, WORD, "ann")
    assert not await moving.says(core, it, WORD, "eve")
    assert not await moving.says(core, it, WORD, "ann")
    assert await moving.says(core, it, WORD.upper(), "eve")


@on_both_databases
async def test_of_two_who_say_a_word_at_once_it_is_not_both_theirs(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    said = await asyncio.gather(*(moving.says(core, it, WORD, who) for who in ("ann", "eve", "ann", "eve")))
    assert not all(said)
    assert not await moving.says(core, it, WORD, "ann")
    assert not await moving.says(core, it, WORD, "eve")


async def test_nobody_says_words_without_end(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    for number in range(20):
        await moving.says(core, it, f"{WORD}{number}", "eve")
    with pytest.raises(TooManyRequests):
        await moving.says(core, it, WORD, "eve")
    assert await moving.says(core, it, f"{WORD}7", "eve"), "what is known already costs nothing"


@on_both_databases
async def test_a_session_that_moves_sees_what_was_said_on_the_device_and_goes_by_its_token(
    core: Core, acme: Cast
) -> None:
    before = await visitor(core, acme, phone)
    id = await write(core, before)
    moved = await moving.move(core, await visitor(core, acme, laptop), device_of(phone))
    assert moved.user is not None
    assert list(await sees(core, moved)) == [id]
    assert await moving.move(core, moved, device_of(kiosk)) == moved


@on_both_databases
async def test_who_has_written_or_signed_in_does_not_move_and_nobody_comes_to_a_device_that_was_left(
    core: Core, acme: Cast
) -> None:
    wrote = await visitor(core, acme, laptop)
    await write(core, wrote)
    stays = await moving.move(core, wrote, device_of(phone))
    assert stays.session.device_id == device_of(laptop)
    anns = await verified(core, acme, ann)
    assert (await moving.move(core, anns, device_of(phone))).session.device_id is None

    left = await visitor(core, acme, kiosk)
    await sessions.log_out(core, left.session)
    new = await visitor(core, acme, phone)
    assert (await moving.move(core, new, device_of(kiosk))).session.device_id == device_of(phone)


@on_both_databases
async def test_whoever_is_banned_does_not_come_in_by_another_session(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, phone)
    await write(core, it)
    async with core.store.read() as tx:
        user = await tx.users.on_device(acme.app.id, device_of(phone))
    assert user is not None
    await users.ban(core, acme.app, UserId(user.id))
    with pytest.raises(UserBanned):
        await moving.move(core, await visitor(core, acme, laptop), device_of(phone))
