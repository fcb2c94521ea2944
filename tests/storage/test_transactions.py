"""What a block promises, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from acquaint.domain.conversations import ConversationId
from acquaint.domain.errors import Busy
from acquaint.domain.events import Event
from acquaint.domain.identities import Identifier, Profile
from acquaint.domain.users import UserId
from acquaint.ports.store import Store
from acquaint.storage.store import SqlStore
from tests.storage.world import World
from tests.support.patience import until
from tests.support.sealing import SEALING


def is_a_store(store: SqlStore) -> Store:
    """Looked at by mypy: the shelves keep the port's promises to the letter."""
    return store


async def test_raising_out_of_a_block_undoes_all_of_it_and_tells_nobody(world: World) -> None:
    async def change_and_raise() -> None:
        async with world.store.write() as tx:
            await tx.users.add(world.user("ann"))
            await tx.events.add(world.event())
            raise LookupError("a refusal, or a bug")

    with pytest.raises(LookupError):
        await change_and_raise()
    assert world.told == []
    async with world.store.read() as tx:
        assert await tx.users.find(world.acme.id, Identifier.login("ann")) is None
        assert await tx.events.after(0, app_id=None) == []


async def test_events_are_told_once_they_are_committed_and_before_the_block_is_left(url: str, world: World) -> None:
    heard: list[tuple[Event, bool]] = []

    def told(events: Sequence[Event]) -> None:
        heard.extend((it, has_returned) for it in events)

    store = SqlStore(url, new_id=world.new_id, clock=world.clock, sealing=SEALING, told=told)
    has_returned = False
    first, second = world.event(), world.event()
    async with store.write() as tx:
        await tx.events.add(first)
        await tx.events.add(second)
        assert heard == []
    has_returned = True
    assert heard == [(first, False), (second, False)]
    await store.close()


async def test_a_block_sees_what_it_wrote_and_others_see_it_afterwards(world: World) -> None:
    async with world.store.write() as tx:
        ann = await tx.users.add(world.user("ann"))
        assert await tx.users.get(world.acme.id, ann.id) == ann
        async with world.store.read() as other:
            assert await other.users.get(world.acme.id, ann.id) is None
    for block in (world.store.read(), world.store.search(), world.store.write()):
        async with block as tx:
            assert await tx.users.get(world.acme.id, ann.id) == ann


@pytest.mark.parametrize("kind", ["read", "search"])
async def test_reading_cannot_change_anything(world: World, kind: str) -> None:
    with pytest.raises(Busy):
        async with getattr(world.store, kind)() as tx:
            await tx.users.add(world.user("ann"))
    async with world.store.read() as tx:
        assert await tx.users.find(world.acme.id, Identifier.login("ann")) is None


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_shelves_are_of_no_use_after_their_block(world: World, kind: str) -> None:
    async with getattr(world.store, kind)() as tx:
        pass
    with pytest.raises(RuntimeError, match="over"):
        await tx.users.get(world.acme.id, UserId(1))


async def test_many_more_blocks_than_connections_are_all_served(world: World) -> None:
    async def look() -> None:
        async with world.store.read() as tx:
            await asyncio.sleep(0.01)
            assert await tx.apps.get(world.acme.id) == world.acme

    await asyncio.gather(*(look() for _ in range(100)))


async def test_being_cancelled_inside_a_block_undoes_it_and_holds_nobody_up(world: World) -> None:
    is_inside = asyncio.Event()

    async def dawdle() -> None:
        async with world.store.write() as tx:
            await tx.users.add(world.user("ann"))
            is_inside.set()
            await asyncio.sleep(60)

    dawdling = asyncio.ensure_future(dawdle())
    await is_inside.wait()
    dawdling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dawdling
    await world.add_user("ann")  # the name is free: nothing was kept
    assert world.told == []


async def test_what_is_committed_is_told_even_if_the_writer_was_cancelled_meanwhile(world: World) -> None:
    is_done = asyncio.Event()
    event = world.event()

    async def write() -> None:
        async with world.store.write() as tx:
            await tx.events.add(event)
            is_done.set()

    writing = asyncio.ensure_future(write())
    await is_done.wait()
    writing.cancel()  # now it waits for its commit
    with pytest.raises(asyncio.CancelledError):
        await writing
    await world.add_user("ann")
    async with world.store.read() as tx:
        assert await tx.events.after(0, app_id=None) == [event]
    await until(lambda: world.told)
    assert world.told == [event]


async def test_blocks_cancelled_while_they_wait_leave_no_gap(world: World) -> None:
    may_go = asyncio.Event()

    async def hold() -> None:
        async with world.store.write() as tx:
            await tx.users.add(world.user("ann"))
            await may_go.wait()

    holding = asyncio.ensure_future(hold())
    await asyncio.sleep(0.01)
    waiting = [asyncio.ensure_future(world.add_user(f"user-{it}")) for it in range(20)]
    await asyncio.sleep(0.01)
    for it in waiting[::2]:
        it.cancel()
    may_go.set()
    await holding
    await asyncio.gather(*waiting, return_exceptions=True)
    async with world.store.read() as tx:
        for number, it in enumerate(waiting):
            found = await tx.users.find(world.acme.id, Identifier.login(f"user-{number}"))
            assert (found is None) == it.cancelled()


async def test_what_refers_to_something_that_was_deleted_meanwhile_may_be_tried_again(world: World) -> None:
    ann = await world.add_user("ann")
    async with world.store.write() as tx:
        await tx.users.delete(ann.id)
    with pytest.raises(Busy):
        await world.add_session(ann)


async def test_somebody_cannot_join_a_conversation_that_is_not_there(world: World) -> None:
    ann = await world.add_user("ann")
    async with world.store.write() as tx:
        await tx.conversations.put_member(world.member(ann, world.conversation()))
        assert await tx.conversations.members(ConversationId(404)) == []


@pytest.mark.parametrize("text", ["a\x00b", "\x00", "\ud800", "a\udfffb"])
@pytest.mark.parametrize("where", ["name", "custom", "identifier"])
async def test_texts_that_a_database_cannot_keep_are_kept_or_refused_and_never_break_it(
    world: World, text: str, where: str
) -> None:
    strange = world.user("ann")
    match where:
        case "name":
            strange = replace(strange, profile=Profile(text))
        case "custom":
            strange = replace(strange, profile=Profile(custom={"text": text}))
        case _:
            strange = replace(strange, identifiers=(replace(Identifier.login("ann"), value=text),))
    try:
        async with world.store.write() as tx:
            await tx.users.add(strange)
    except ValueError:
        async with world.store.write() as tx:
            await tx.users.add(world.user("ann"))
    else:
        async with world.store.read() as tx:
            assert await tx.users.get(world.acme.id, strange.id) == strange


async def test_numbers_beyond_the_database_are_refused_as_values(world: World) -> None:
    async with world.store.read() as tx:
        with pytest.raises(ValueError):  # noqa: PT011 - each driver has its own words
            await tx.users.get(world.acme.id, UserId(2**70))


async def test_a_listener_that_raises_does_not_make_a_write_look_as_if_it_had_failed(url: str, world: World) -> None:
    def stumble(_: Sequence[Event]) -> None:
        raise RuntimeError("a bug of a listener's")

    reported: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, it: reported.append(it["message"]))
    store = SqlStore(url, new_id=world.new_id, clock=world.clock, sealing=SEALING, told=stumble)
    events = [world.event() for _ in range(20)]  # more than there are connections: none is lost
    for it in events:
        async with store.write() as tx:
            await tx.events.add(it)
    await store.close()
    asyncio.get_running_loop().set_exception_handler(None)
    assert len(reported) == 20
    async with world.store.read() as tx:
        assert await tx.events.after(0, app_id=None) == events
