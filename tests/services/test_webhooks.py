"""Acme's own server hears what happens: whatever breaks in between, and nobody else."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from acquaint.adapters.argon2 import CHEAPEST
from acquaint.bootstrap import migrate, open_core
from acquaint.domain.apps import AppId
from acquaint.domain.errors import NotFound, TooManyRequests, Unacceptable
from acquaint.domain.events import EventId, EventKind
from acquaint.domain.paging import PageAsked
from acquaint.domain.webhooks import KEPT_FOR, MOST_WEBHOOKS, DeliveryState, Trouble, Webhook, WebhookId
from acquaint.services import apps, users, webhooks
from acquaint.services.core import Core
from acquaint.services.delivering import LEASE, MOST_AT_ONCE, MOST_OF_APP, MOST_OF_ONE, Courier
from acquaint.settings import Settings
from tests.cast import Cast, ann, ben, eve, laptop
from tests.services.doors import events, verified, visitor, write
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases
from tests.support.endpoints import Endpoint, listening


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Acme's server is on this machine."""
    return replace(settings, outbound_allow=("127.0.0.1",))


@pytest.fixture
async def core(settings: Settings, clock: SetClock) -> AsyncIterator[Core]:
    """Nothing is sent unless a test says so."""
    if settings.database_url:
        await asyncio.to_thread(migrate, settings)
    async with open_core(settings, clock=clock, hashing=CHEAPEST) as core:
        yield core


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with listening() as endpoint:
        yield endpoint


@pytest.fixture
def courier(core: Core) -> Courier:
    return Courier(core)


async def hook(core: Core, acme: Cast, endpoint: Endpoint, *names: str, **other: Any) -> Webhook:
    return await webhooks.register(core, acme.app, endpoint.url, names=names or ("user.created",), **other)


async def put(core: Core, acme: Cast, *people: Any) -> None:
    for it in people:
        await users.put(core, acme.app, it.verified())


async def states(core: Core, acme: Cast, it: Webhook) -> list[tuple[DeliveryState, int]]:
    page = await webhooks.log(core, acme.app, it.id, PageAsked(100))
    return [(delivery.state, delivery.attempts) for delivery, _ in page.items]


@on_both_databases
async def test_acme_hears_what_it_asked_for_signed_and_nothing_else(
    core: Core, acme: Cast, endpoint: Endpoint, courier: Courier
) -> None:
    it = await hook(core, acme, endpoint, "user.created", "message.posted")
    await put(core, acme, ann)
    id = await write(core, await visitor(core, acme, laptop))
    await courier.round()
    assert await courier.round() == 0
    assert sorted(endpoint.names) == ["message.posted", "user.created", "user.created"]
    heard = next(it for it in endpoint.heard if it.said["type"] == "message.posted")
    assert heard.line.startswith("POST /hooks")
    assert heard.headers["content-type"] == "application/json"
    assert heard.is_signed_with(it.secret, core.clock())
    assert not heard.is_signed_with("whsec_" + base64.b64encode(b"another" * 5).decode(), core.clock())
    assert heard.said["data"]["message"]["text"]
    assert heard.said["data"]["conversation_id"] == str(id)
    assert heard.said["data"]["user"]["is_verified"] is False
    assert {state for state, _ in await states(core, acme, it)} == {DeliveryState.DELIVERED}


@on_both_databases
async def test_what_is_not_taken_comes_again_under_the_same_id(
    core: Core, acme: Cast, endpoint: Endpoint, courier: Courier, clock: SetClock
) -> None:
    it = await hook(core, acme, endpoint)
    endpoint.status = "503 Service Unavailable"
    await put(core, acme, ann)
    assert await courier.round() == 1
    assert await courier.round() == 0  # not at once
    clock.forward(seconds=4)
    assert await courier.round() == 0
    endpoint.status = "200 OK"
    clock.forward(seconds=3)
    assert await courier.round() == 1
    first, second = endpoint.heard
    assert first.id == second.id
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert second.is_signed_with(it.secret, clock())
    assert await states(core, acme, it) == [(DeliveryState.DELIVERED, 2)]
    page = await webhooks.log(core, acme.app, it.id, PageAsked(10))
    delivery, event = page.items[0]
    assert event is not None
    assert (event.kind, delivery.last and delivery.last.status) == (EventKind.USER_CREATED, 200)


async def test_who_dies_between_commit_and_delivery_loses_nothing(
    settings: Settings, core: Core, acme: Cast, endpoint: Endpoint, clock: SetClock
) -> None:
    await hook(core, acme, endpoint)
    await put(core, acme, ann)  # nobody was there to send it
    async with open_core(settings, clock=clock, hashing=CHEAPEST) as after_the_crash:
        assert await Courier(after_the_crash).round() == 1
    assert endpoint.names == ["user.created"]


async def test_who_dies_in_the_middle_of_it_has_it_sent_again_by_another(
    core: Core, acme: Cast, endpoint: Endpoint, courier: Courier, clock: SetClock
) -> None:
    await hook(core, acme, endpoint)
    await put(core, acme, ann)
    endpoint.waits = asyncio.Event()
    dying = asyncio.create_task(courier.round())
    await endpoint.next()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    endpoint.waits.set()
    clock.forward(seconds=LEASE.total_seconds() - 1)
    assert await Courier(core).round() == 0  # the other might still be at it
    clock.forward(seconds=1)
    assert await Courier(core).round() == 1
    assert len({it.id for it in endpoint.heard}) == 1
    assert len(endpoint.heard) == 2


@on_both_databases
async def test_many_couriers_never_send_one_delivery_at_once(core: Core, acme: Cast, endpoint: Endpoint) -> None:
    await hook(core, acme, endpoint)
    await put(core, acme, *(replace(ann, login=f"ann{it}") for it in range(10)))
    couriers = [Courier(core) for _ in range(6)]
    for _ in range(4):
        await asyncio.gather(*(it.round() for it in couriers))
    assert len(endpoint.heard) == 10
    assert len({it.id for it in endpoint.heard}) == 10


async def test_what_is_rolled_back_is_told_to_nobody(
    core: Core, acme: Cast, endpoint: Endpoint, courier: Courier
) -> None:
    await hook(core, acme, endpoint)

    async def fails() -> None:
        async with core.store.write() as tx:
            await tx.events.add(await an_event(core, acme.app.id))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert await courier.round() == 0
    assert endpoint.heard == []


async def an_event(core: Core, app_id: AppId) -> Any:
    from acquaint.domain.events import Event

    return Event(EventId(core.new_id()), app_id, EventKind.USER_CREATED, core.clock())


async def test_another_app_hears_nothing(core: Core, acme: Cast, endpoint: Endpoint, courier: Courier) -> None:
    other = Cast(await apps.create(core, "Other"))
    it = await hook(core, other, endpoint)
    await put(core, acme, ann)
    assert await courier.round() == 0
    for refused in (
        webhooks.one(core, acme.app, it.id),
        webhooks.change(core, acme.app, it.id, is_enabled=False),
        webhooks.rotate_secret(core, acme.app, it.id),
        webhooks.remove(core, acme.app, it.id),
        webhooks.log(core, acme.app, it.id, PageAsked(10)),
        webhooks.test(core, acme.app, it.id),
        webhooks.redeliver(core, acme.app, it.id, EventId(1)),
    ):
        with pytest.raises(NotFound):
            await refused
    assert (await webhooks.one(core, other.app, it.id)) == it


async def test_a_rotated_secret_signs_beside_the_one_before_for_a_day(
    core: Core, acme: Cast, endpoint: Endpoint, courier: Courier, clock: SetClock
) -> None:
    first = await hook(core, acme, endpoint)
    second = await webhooks.rotate_secret(core, acme.app, first.id)
    assert first.secret != second.secret
    await put(core, acme, ann)
    await courier.round()
    clock.forward(hours=24)
    await put(core, acme, ben)
    await courier.round()
    during, after = endpoint.heard
    assert during.is_signed_with(first.secret, clock() - timedelta(hours=24))
    assert during.is_signed_with(second.secret, clock() - timedelta(hours=24))
    assert not after.is_signed_with(first.secret, clock())
    assert after.is_signed_with(second.secret, clock())


async def test_an_endpoint_that_is_gone_is_not_asked_again_and_acme_is_told(
    core: Core, acme: Cast, endpoint: Endpoint, courier: Courier
) -> None:
    it = await hook(core, acme, endpoint)
    endpoint.status = "410 Gone"
    await put(core, acme, ann)
    await courier.round()
    await put(core, acme, ben)
    assert await courier.round() == 0
    assert (await webhooks.one(core, acme.app, it.id)).disabled_because == "gone"
    last = [event for event in await events(core, acme) if event.kind is EventKind.WEBHOOK_DISABLED]
    assert [event.details for event in last] == [{"webhook": str(it.id), "why": "gone"}]


@on_both_databases
async def test_an_endpoint_that_fails_for_more_than_a_day_is_disabled_and_can_be_enabled_again(
    core: Core, acme: Cast, endpoint: Endpoint, courier: Courier, clock: SetClock
) -> None:
    it = await hook(core, acme, endpoint)
    endpoint.status = "500 Internal Server Error"
    await put(core, acme, ann)
    for _ in range(40):
        await courier.round()
        clock.forward(hours=1)
    assert len(endpoint.heard) == 9
    off = await webhooks.one(core, acme.app, it.id)
    assert (off.is_enabled, off.disabled_because) == (False, "failing")
    await put(core, acme, ben)  # while it is off, nothing is kept for it
    endpoint.status = "200 OK"
    await webhooks.change(core, acme.app, it.id, is_enabled=True)
    assert await courier.round() == 0
    again = await webhooks.redeliver(core, acme.app, it.id, await first_event(core, acme, it))
    assert again.state is DeliveryState.WAITING
    assert await courier.round() == 1
    assert await states(core, acme, it) == [(DeliveryState.DELIVERED, 1)]
    assert len({heard.id for heard in endpoint.heard}) == 1


async def first_event(core: Core, acme: Cast, it: Webhook) -> EventId:
    page = await webhooks.log(core, acme.app, it.id, PageAsked(100))
    return page.items[-1][0].event_id


async def test_what_waited_while_it_was_disabled_is_told_unless_it_is_too_old(
    core: Core, acme: Cast, endpoint: Endpoint, courier: Courier, clock: SetClock
) -> None:
    it = await hook(core, acme, endpoint)
    await put(core, acme, ann)
    clock.forward(days=2)
    await put(core, acme, ben)
    await webhooks.change(core, acme.app, it.id, is_enabled=False)
    assert await courier.round() == 0
    clock.forward(days=2)
    await webhooks.change(core, acme.app, it.id, is_enabled=True)
    await courier.round()
    assert [heard.said["data"]["user_id"] for heard in endpoint.heard] != []
    assert len(endpoint.heard) == 1
    page = await webhooks.log(core, acme.app, it.id, PageAsked(10))
    assert [delivery.last and delivery.last.trouble for delivery, _ in page.items] == [None, Trouble.TOO_OLD]


async def test_a_test_reaches_a_webhook_that_asked_for_something_else(
    core: Core, acme: Cast, endpoint: Endpoint, courier: Courier
) -> None:
    it = await hook(core, acme, endpoint)
    await webhooks.test(core, acme.app, it.id)
    await courier.round()
    assert endpoint.names == ["webhook.tested"]
    await webhooks.change(core, acme.app, it.id, is_enabled=False)
    with pytest.raises(Unacceptable):
        await webhooks.test(core, acme.app, it.id)


async def test_nobody_has_us_knock_as_often_as_they_like(core: Core, acme: Cast, endpoint: Endpoint) -> None:
    it = await hook(core, acme, endpoint)

    async def knocks() -> None:
        for _ in range(100):
            await webhooks.test(core, acme.app, it.id)

    with pytest.raises(TooManyRequests):
        await knocks()


async def test_what_was_deleted_meanwhile_is_not_told(
    core: Core, acme: Cast, endpoint: Endpoint, courier: Courier
) -> None:
    await hook(core, acme, endpoint, "message.posted")
    it = await verified(core, acme, ann)
    await write(core, it, "my secret is out")
    assert it.user is not None
    await users.delete(core, acme.app, it.user.id)
    await courier.round()
    assert endpoint.heard
    assert b"my secret is out" not in endpoint.heard[0].body
    assert b"Ann Archer" not in endpoint.heard[0].body


async def test_what_is_asked_for_can_be_changed(core: Core, acme: Cast, endpoint: Endpoint, courier: Courier) -> None:
    it = await hook(core, acme, endpoint)
    await webhooks.change(core, acme.app, it.id, names=["user.banned"])
    await put(core, acme, ann)
    assert await courier.round() == 0
    await webhooks.remove(core, acme.app, it.id)
    assert await webhooks.list_of(core, acme.app) == []


async def test_what_nobody_can_ask_for_is_refused(core: Core, acme: Cast, endpoint: Endpoint) -> None:
    for names, other in (
        (["user.invented"], {}),
        (["webhook.tested"], {}),
        (["user.created"], {"format": "carrier pigeon"}),
    ):
        with pytest.raises(Unacceptable):
            await webhooks.register(core, acme.app, endpoint.url, names=names, **other)
    everything = await webhooks.register(core, acme.app, endpoint.url)
    assert "message.posted" in everything.names
    for _ in range(MOST_WEBHOOKS - 1):
        await hook(core, acme, endpoint)
    with pytest.raises(Unacceptable):
        await hook(core, acme, endpoint)


async def test_slow_endpoints_of_one_app_do_not_keep_another_waiting(
    core: Core, acme: Cast, endpoint: Endpoint, courier: Courier
) -> None:
    assert MOST_OF_APP < MOST_AT_ONCE
    for _ in range(MOST_AT_ONCE):
        await hook(core, acme, endpoint)
    await put(core, acme, *(replace(ann, login=f"ann{it}") for it in range(MOST_OF_ONE * 2)))
    endpoint.waits = asyncio.Event()
    async with AsyncExitStack() as ending:
        other = await ending.enter_async_context(listening())
        others = Cast(await apps.create(core, "Other"))
        await hook(core, others, other)
        await put(core, others, ben)
        running = asyncio.create_task(courier.run())
        await other.next()
        while len(endpoint.asked) < MOST_OF_APP * MOST_OF_ONE:
            await endpoint.next()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        endpoint.waits.set()
    assert len(endpoint.asked) == MOST_OF_APP * MOST_OF_ONE


async def test_a_courier_that_runs_sends_at_once(core: Core, acme: Cast, endpoint: Endpoint, courier: Courier) -> None:
    core.bus.add(courier)
    await hook(core, acme, endpoint)
    running = asyncio.create_task(courier.run())
    await put(core, acme, ann)
    assert (await endpoint.next()).said["type"] == "user.created"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_the_log_is_two_weeks_long(
    core: Core, acme: Cast, endpoint: Endpoint, courier: Courier, clock: SetClock
) -> None:
    it = await hook(core, acme, endpoint)
    await put(core, acme, ann)
    await courier.round()
    assert await webhooks.sweep(core) == 0
    clock.forward(seconds=KEPT_FOR.total_seconds() + 1)
    assert await webhooks.sweep(core) == 1
    assert await states(core, acme, it) == []


async def test_every_kind_of_event_can_be_written(core: Core, acme: Cast) -> None:
    from acquaint.domain.events import Event
    from acquaint.ports.formats import Told

    for format in webhooks.formats(core).values():
        for kind in EventKind:
            event = Event(EventId(1), acme.app.id, kind, core.clock(), details={})
            notice = format.write(Told(acme.app, event))
            assert notice is None or isinstance(notice.body, dict)


async def test_an_unknown_delivery_is_not_found(core: Core, acme: Cast, endpoint: Endpoint) -> None:
    it = await hook(core, acme, endpoint)
    for webhook_id, event_id in ((it.id, 1), (WebhookId(1), 1)):
        with pytest.raises(NotFound):
            await webhooks.redeliver(core, acme.app, webhook_id, EventId(event_id))


async def test_what_happens_to_a_webhook_is_in_the_trail(core: Core, acme: Cast, endpoint: Endpoint) -> None:
    it = await hook(core, acme, endpoint)
    await webhooks.change(core, acme.app, it.id, is_enabled=False)
    await webhooks.change(core, acme.app, it.id, is_enabled=True)
    await webhooks.rotate_secret(core, acme.app, it.id)
    await webhooks.test(core, acme.app, it.id)
    await webhooks.remove(core, acme.app, it.id)
    left = [event for event in await events(core, acme) if event.kind.value.startswith("webhook.")]
    assert [event.kind.value.removeprefix("webhook.") for event in left] == [
        "created", "changed", "changed", "changed", "tested", "removed"
    ]  # fmt: skip
    assert {event.details["webhook"] for event in left} == {str(it.id)}
    assert "whsec_" not in repr(left)


async def test_what_a_format_cannot_write_is_tried_again_and_hurts_nobody_else(
    core: Core, acme: Cast, endpoint: Endpoint
) -> None:
    def fails(told: Any) -> Any:
        raise ValueError(told.event.kind)

    broken = await hook(core, acme, endpoint)
    formats = {"native": replace(core.formats()["native"], write=fails), "opencx": core.formats()["opencx"]}
    await put(core, acme, ann)
    await Courier(replace(core, formats=lambda: formats)).round()
    page = await webhooks.log(core, acme.app, broken.id, PageAsked(10))
    [(delivery, _)] = page.items
    assert (delivery.state, delivery.last and delivery.last.trouble) == (DeliveryState.WAITING, Trouble.UNWRITABLE)
    assert (await webhooks.one(core, acme.app, broken.id)).failing_since is None
    assert endpoint.heard == []


async def test_the_log_is_read_page_by_page_newest_first(
    core: Core, acme: Cast, endpoint: Endpoint, courier: Courier
) -> None:
    it = await hook(core, acme, endpoint)
    await put(core, acme, ann, ben, eve)
    while await courier.round():
        pass
    first = await webhooks.log(core, acme.app, it.id, PageAsked(2))
    last = await webhooks.log(core, acme.app, it.id, PageAsked(2, first.next))
    assert (len(first.items), len(last.items), last.next) == (2, 1, None)
    read = [delivery.event_id for delivery, _ in first.items + last.items]
    assert read == sorted(set(read), reverse=True)
    other = await hook(core, acme, endpoint)
    assert (await webhooks.log(core, acme.app, other.id, PageAsked(2))).items == ()
