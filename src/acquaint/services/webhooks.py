"""Webhooks: where an App's own server hears of what happens.

formats                  what can be asked for, and in whose words
register, change         with a secret that is made here, and shown once
rotate_secret, remove
list_of, one, log        as the App sees them
redeliver, test          once more; and a first time, to see whether it works
sweep                    forgets old deliveries; bootstrap runs it in the background

Deliveries are made with the Events (``ports/store/webhooks``) and sent by ``delivering``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ..domain.apps import App
from ..domain.errors import NotFound, Unacceptable, UnknownApp
from ..domain.events import Event, EventId, EventKind
from ..domain.paging import Page, PageAsked
from ..domain.webhooks import (
    KEPT_FOR,
    MOST_WEBHOOKS,
    OVERLAP,
    SECRET_BYTES,
    Delivery,
    DeliveryState,
    Webhook,
    WebhookId,
    new_secret,
)
from ..ports.formats import Format
from ..ports.store import Transaction
from . import limits
from .core import Core
from .sessions import note

SWEPT_AT_ONCE: Final = 500

Log = Page[tuple[Delivery, Event | None]]
"""Deliveries with what they tell of."""


def formats(core: Core) -> Mapping[str, Format]:
    """By the name of the API in whose words it is told."""
    return core.formats()


async def register(core: Core, app: App, url: str, *, format: str = "native", names: Sequence[str] = ()) -> Webhook:
    """From now on the endpoint hears of what it asks for; without names, of everything the format has.

    Its secret is in the answer. Refuses with Unacceptable.
    """
    asked, kinds = _asked_for(core, format, names)
    now = core.clock()
    secret = new_secret(core.chance(SECRET_BYTES))
    fresh = Webhook(WebhookId(core.new_id()), app.id, url, format, asked, kinds, secret, now, now)
    async with core.store.write() as tx:
        if await tx.apps.hold(app.id) is None:
            raise UnknownApp
        if len(await tx.webhooks.of(app.id)) >= MOST_WEBHOOKS:
            raise Unacceptable("url", f"would be one of more than {MOST_WEBHOOKS}")
        webhook = await tx.webhooks.add(fresh)
        await note(core, tx, EventKind.WEBHOOK_CREATED, app.id, webhook=str(webhook.id), format=format)
    return webhook


async def change(
    core: Core,
    app: App,
    id: WebhookId,
    *,
    url: str | None = None,
    names: Sequence[str] | None = None,
    is_enabled: bool | None = None,
) -> Webhook:
    """What is None stays. One that is enabled again is told what waited meanwhile, unless it is too old.

    Refuses with NotFound, and with Unacceptable.
    """
    now = core.clock()
    async with core.store.write() as tx:
        was = webhook = await _held(tx, app, id)
        if url is not None:
            webhook = replace(webhook, url=url)
        if names is not None:
            asked, kinds = _asked_for(core, webhook.format, names)
            webhook = replace(webhook, names=asked, kinds=kinds)
        if is_enabled is True and not webhook.is_enabled:
            webhook = webhook.enabled(now)
        elif is_enabled is False and webhook.is_enabled:
            webhook = webhook.disabled("", now)
        if webhook != was:
            webhook = replace(webhook, changed_at=now)
            await tx.webhooks.save(webhook)
            await note(core, tx, EventKind.WEBHOOK_CHANGED, app.id, webhook=str(id), enabled=webhook.is_enabled)
    return webhook


async def rotate_secret(core: Core, app: App, id: WebhookId, *, overlap: timedelta = OVERLAP) -> Webhook:
    """With a new secret, which is in the answer; for the overlap everything is signed with both.

    Refuses with NotFound, and with Unacceptable.
    """
    secret = new_secret(core.chance(SECRET_BYTES))
    async with core.store.write() as tx:
        webhook = (await _held(tx, app, id)).rotated(secret, overlap=overlap, now=core.clock())
        await tx.webhooks.save_secrets(webhook)
        await note(core, tx, EventKind.WEBHOOK_CHANGED, app.id, webhook=str(id), secret="rotated")
    return webhook


async def remove(core: Core, app: App, id: WebhookId) -> None:
    """With everything that was on its way to it. Refuses with NotFound."""
    async with core.store.write() as tx:
        await _held(tx, app, id)
        await tx.webhooks.remove(id)
        await note(core, tx, EventKind.WEBHOOK_REMOVED, app.id, webhook=str(id))


async def list_of(core: Core, app: App) -> list[Webhook]:
    """The App's, oldest first."""
    async with core.store.read() as tx:
        return await tx.webhooks.of(app.id)


async def one(core: Core, app: App, id: WebhookId) -> Webhook:
    """Refuses with NotFound."""
    async with core.store.read() as tx:
        webhook = await tx.webhooks.get(app.id, id)
    if webhook is None:
        raise NotFound("webhook")
    return webhook


async def log(core: Core, app: App, id: WebhookId, page: PageAsked) -> Log:
    """What was told, or is to be, of the last two weeks, newest first. Refuses with NotFound."""
    async with core.store.search() as tx:
        if await tx.webhooks.get(app.id, id) is None:
            raise NotFound("webhook")
        found = await tx.deliveries.of(id, page)
        events = await tx.events.many([it.event_id for it in found.items])
    return Page(tuple((it, events.get(it.event_id)) for it in found.items), found.next)


async def redeliver(core: Core, app: App, id: WebhookId, event_id: EventId) -> Delivery:
    """Tells it once more, however often it was told; under the same id, by which the receiver knows it.

    Refuses with NotFound for what is not in the log, and with TooManyRequests.
    """
    await core.limiter.take(limits.WEBHOOK_WISHES_PER_APP, str(app.id))
    async with core.store.write() as tx:
        await _enabled(tx, app, id)
        was = await tx.deliveries.get(id, event_id)
        if was is None:
            raise NotFound("delivery")
        delivery = was.once_more(core.clock())
        await tx.deliveries.add(delivery)
    return delivery


async def test(core: Core, app: App, id: WebhookId) -> Delivery:
    """Tells it that it is tested, whatever it asks for. Refuses with NotFound, and with TooManyRequests."""
    await core.limiter.take(limits.WEBHOOK_WISHES_PER_APP, str(app.id))
    now = core.clock()
    async with core.store.write() as tx:
        await _enabled(tx, app, id)
        event = await tx.events.add(
            Event(EventId(core.new_id()), app.id, EventKind.WEBHOOK_TESTED, now, details={"webhook": str(id)})
        )
        delivery = Delivery(id, event.id, now, DeliveryState.WAITING, due_at=now)
        await tx.deliveries.add(delivery)
    return delivery


async def sweep(core: Core) -> int:
    """Forgets some deliveries that are older than the log is long; answers how many."""
    async with core.store.write() as tx:
        return await tx.deliveries.sweep(core.clock() - KEPT_FOR, SWEPT_AT_ONCE)


def _asked_for(core: Core, format: str, names: Sequence[str]) -> tuple[tuple[str, ...], frozenset[EventKind]]:
    """The names, each once, and the kinds of Events they may come from."""
    known = core.formats().get(format)
    if known is None:
        raise Unacceptable("format", f"must be one of {', '.join(sorted(core.formats()))}")
    asked = tuple(dict.fromkeys(names)) or tuple(known.kinds)
    for it in asked:
        if it not in known.kinds:
            raise Unacceptable("events", f"must be among {', '.join(known.kinds)}")
    return asked, frozenset().union(*(known.kinds[it] for it in asked))


async def _held(tx: Transaction, app: App, id: WebhookId) -> Webhook:
    webhook = await tx.webhooks.get(app.id, id)
    if webhook is None:
        raise NotFound("webhook")
    return webhook


async def _enabled(tx: Transaction, app: App, id: WebhookId) -> Webhook:
    webhook = await _held(tx, app, id)
    if not webhook.is_enabled:
        raise Unacceptable("webhook", "is disabled: nothing is sent to it")
    return webhook
