"""Webhooks and what is on its way to them: made with the Event, and claimed by one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from acquaint.domain.apps import AppId
from acquaint.domain.errors import NotFound
from acquaint.domain.events import Event, EventId, EventKind
from acquaint.domain.paging import PageAsked
from acquaint.domain.webhooks import Delivery, DeliveryState, Outcome, Trouble, Webhook, WebhookId
from acquaint.storage.store import SqlStore
from tests.storage.world import World
from tests.support.sealing import SEALING

CREATED, BANNED = EventKind.USER_CREATED, EventKind.USER_BANNED
ALL = PageAsked(100)


def webhook(world: World, *kinds: EventKind, app_id: AppId | None = None) -> Webhook:
    asked = frozenset(kinds or {CREATED})
    names = tuple(sorted(it.value for it in asked))
    id = WebhookId(world.new_id())
    return Webhook(
        id, app_id or world.acme.id, "https://acme.example/", "native", names, asked, "whsec_AA==", world.now, world.now
    )


async def added(world: World, *kinds: EventKind, app_id: AppId | None = None) -> Webhook:
    async with world.store.write() as tx:
        return await tx.webhooks.add(webhook(world, *kinds, app_id=app_id))


async def happens(world: World, kind: EventKind = CREATED) -> EventId:
    async with world.store.write() as tx:
        event = await tx.events.add(Event(EventId(world.new_id()), world.acme.id, kind, world.now))
    return event.id


async def saved(world: World, it: Webhook) -> None:
    async with world.store.write() as tx:
        await tx.webhooks.save(it)


async def deliveries(world: World, it: Webhook) -> Sequence[Delivery]:
    async with world.store.read() as tx:
        return (await tx.deliveries.of(it.id, ALL)).items


async def due(world: World, after: int = 0) -> list[WebhookId]:
    async with world.store.read() as tx:
        return [id for _, id in await tx.webhooks.due(world.now, after=after, limit=10)]


async def test_a_webhook_comes_back_as_it_was(world: World) -> None:
    it = await added(world, CREATED, BANNED)
    later = world.now + timedelta(hours=1)
    everything = replace(
        it,
        url="https://other.example/",
        secret="whsec_BB==",
        previous_secret="whsec_AA==",
        previous_until=later,
        disabled_at=later,
        disabled_because="failing",
        failures=3,
        failing_since=world.now,
        paused_until=later,
    )
    await saved(world, everything)
    async with world.store.read() as tx:
        but_for_its_secrets = replace(everything, secret=it.secret, previous_secret=None, previous_until=None)
        assert await tx.webhooks.get(world.acme.id, it.id) == but_for_its_secrets
    async with world.store.write() as tx:
        await tx.webhooks.save_secrets(everything)
    async with world.store.read() as tx:
        assert await tx.webhooks.get(world.acme.id, it.id) == everything
        assert await tx.webhooks.of(world.acme.id) == [everything]
        assert await tx.webhooks.get(AppId(1), it.id) is None
        assert await tx.webhooks.of(AppId(1)) == []


async def test_an_event_is_delivered_to_those_who_ask_for_its_kind(world: World) -> None:
    asks, other, off, elsewhere = (
        await added(world, CREATED),
        await added(world, BANNED),
        await added(world, CREATED),
        await added(world, CREATED, app_id=AppId(77)),
    )
    await saved(world, off.disabled("", world.now))
    id = await happens(world)
    assert await deliveries(world, asks) == (Delivery(asks.id, id, world.now, due_at=world.now),)
    assert [await deliveries(world, it) for it in (other, off, elsewhere)] == [(), (), ()]
    await saved(world, off.enabled(world.now))
    await saved(world, replace(asks, names=("user.banned",), kinds=frozenset({BANNED})))
    await happens(world)
    assert [len(await deliveries(world, it)) for it in (asks, off)] == [1, 1]


async def test_what_is_due_is_found_in_turns_and_not_while_paused_or_disabled(world: World) -> None:
    one, two, three = await added(world), await added(world), await added(world)
    await happens(world)
    assert await due(world) == [one.id, two.id, three.id]
    assert await due(world, after=one.id) == [two.id, three.id]
    await saved(world, two.disabled("", world.now))
    await saved(world, replace(three, paused_until=world.now + timedelta(seconds=5)))
    assert await due(world) == [one.id]
    world.clock.forward(seconds=5)
    assert await due(world) == [one.id, three.id]
    async with world.store.write() as tx:
        await tx.webhooks.remove(one.id)
    assert await due(world) == [three.id]
    assert await deliveries(world, one) == ()


async def test_of_many_who_claim_a_delivery_one_has_it(world: World) -> None:
    it = await added(world)
    for _ in range(5):
        await happens(world)

    async def claim() -> int:
        async with world.store.write() as tx:
            found = await tx.deliveries.due(it.id, world.now, 10)
            mine = [one.claimed(world.now + timedelta(minutes=1), world.now) for one in found]
            kept = [await tx.deliveries.save(new, was_due_at=old.due_at) for new, old in zip(mine, found, strict=True)]
        return sum(kept)

    assert sum(await asyncio.gather(*(claim() for _ in range(8)))) == 5
    assert [one.attempts for one in await deliveries(world, it)] == [1] * 5


async def test_whoever_comes_back_late_changes_nothing(world: World) -> None:
    it = await added(world)
    await happens(world)
    [fresh] = await deliveries(world, it)
    slow = fresh.claimed(world.now + timedelta(minutes=1), world.now)
    quick = slow.claimed(world.now + timedelta(minutes=2), world.now)
    done = quick.tried(Outcome.answered(204), jitter=0, now=world.now)
    failed = slow.tried(Outcome(trouble=Trouble.NO_ANSWER), jitter=0, now=world.now)
    async with world.store.write() as tx:
        assert await tx.deliveries.save(slow, was_due_at=fresh.due_at)
        assert await tx.deliveries.save(quick, was_due_at=slow.due_at)
        assert await tx.deliveries.save(done, was_due_at=quick.due_at)
        assert not await tx.deliveries.save(failed, was_due_at=slow.due_at)
        assert await tx.deliveries.get(it.id, fresh.event_id) == done
    assert done.state is DeliveryState.DELIVERED


async def test_deliveries_are_listed_page_by_page_and_forgotten_in_parts(world: World) -> None:
    it = await added(world)
    ids = [await happens(world) for _ in range(5)]
    async with world.store.read() as tx:
        first = await tx.deliveries.of(it.id, PageAsked(3))
        second = await tx.deliveries.of(it.id, PageAsked(3, first.next))
    assert [one.event_id for one in (*first.items, *second.items)] == ids[::-1]
    assert second.next is None
    async with world.store.write() as tx:
        assert await tx.deliveries.sweep(world.now, 10) == 0
        assert await tx.deliveries.sweep(world.now + timedelta(seconds=1), 3) == 3
        assert await tx.deliveries.sweep(world.now + timedelta(seconds=1), 3) == 2


async def test_who_begins_to_ask_hears_of_the_very_next_event(world: World) -> None:
    await happens(world)  # nobody asks for anything yet, and that may be remembered
    it = await added(world)
    event_id = await happens(world)
    assert [told.event_id for told in await deliveries(world, it)] == [event_id]
    await saved(world, replace(it, kinds=frozenset({BANNED})))
    await happens(world)
    banned = await happens(world, BANNED)
    assert {told.event_id for told in await deliveries(world, it)} == {event_id, banned}


async def test_what_was_undone_is_not_believed(world: World) -> None:
    it = await added(world)
    event_id = await happens(world)

    async def refused() -> None:
        async with world.store.write() as tx:
            await tx.webhooks.remove(it.id)
            await tx.events.add(Event(EventId(world.new_id()), world.acme.id, CREATED, world.now))
            raise NotFound("webhook")

    with pytest.raises(NotFound):
        await refused()
    later = await happens(world)
    assert {told.event_id for told in await deliveries(world, it)} == {event_id, later}


async def test_another_process_begins_to_ask_and_the_next_event_here_is_told(world: World, url: str) -> None:
    await happens(world)
    elsewhere = SqlStore(url, new_id=world.new_id, clock=world.clock, sealing=SEALING, told=lambda _: None)
    try:
        async with elsewhere.write() as tx:
            it = await tx.webhooks.add(webhook(world))
    finally:
        await elsewhere.close()
    event_id = await happens(world)
    assert [told.event_id for told in await deliveries(world, it)] == [event_id]
