"""Webhooks: where the App hears what happens, and what became of it."""

from __future__ import annotations

from typing import Any, Final

from ....domain import errors
from ....domain.apps import App
from ....domain.events import EventId
from ....domain.webhooks import WebhookId
from ....services import webhooks as service
from ..callers import ADMIN_KEY
from ..operation import Asked, Operation
from ..wire import webhooks as wire
from ..wire.values import Nothing, Paging, given

SECTION: Final = "App: webhooks"


async def formats(asked: Asked[App, Nothing, Nothing]) -> wire.Formats:
    found = service.formats(asked.core)
    return wire.Formats(items=[wire.Format(name=name, events=list(it.kinds)) for name, it in found.items()])


async def listed(asked: Asked[App, Nothing, Nothing]) -> wire.Webhooks:
    return wire.Webhooks(items=[wire.webhook(it) for it in await service.list_of(asked.core, asked.who)])


async def register(asked: Asked[App, Nothing, wire.NewWebhook]) -> wire.MadeWebhook:
    body = asked.body
    names = given(body.events) or ()
    return wire.made(await service.register(asked.core, asked.who, body.url, format=body.format, names=names))


async def show(asked: Asked[App, Nothing, Nothing]) -> wire.Webhook:
    return wire.webhook(await service.one(asked.core, asked.who, _webhook(asked)))


async def change(asked: Asked[App, Nothing, wire.WebhookChange]) -> wire.Webhook:
    body = asked.body
    changed = await service.change(
        asked.core,
        asked.who,
        _webhook(asked),
        url=given(body.url),
        names=given(body.events),
        is_enabled=given(body.is_enabled),
    )
    return wire.webhook(changed)


async def remove(asked: Asked[App, Nothing, Nothing]) -> None:
    await service.remove(asked.core, asked.who, _webhook(asked))


async def rotate(asked: Asked[App, Nothing, wire.SecretRotation]) -> wire.MadeWebhook:
    overlap = asked.body.overlap()
    return wire.made(await service.rotate_secret(asked.core, asked.who, _webhook(asked), overlap=overlap))


async def test(asked: Asked[App, Nothing, Nothing]) -> wire.Delivery:
    return wire.delivery(await service.test(asked.core, asked.who, _webhook(asked)))


async def log(asked: Asked[App, Paging, Nothing]) -> wire.DeliveryPage:
    return wire.deliveries(await service.log(asked.core, asked.who, _webhook(asked), asked.query.page()))


async def redeliver(asked: Asked[App, Nothing, Nothing]) -> wire.Delivery:
    event_id = EventId(asked.id("event"))
    return wire.delivery(await service.redeliver(asked.core, asked.who, _webhook(asked), event_id))


def _webhook(asked: Asked[App, Any, Any]) -> WebhookId:
    return WebhookId(asked.id("webhook"))


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/app/webhooks/formats",
        caller=ADMIN_KEY,
        serve=formats,
        query=Nothing,
        body=Nothing,
        answer=wire.Formats,
        section=SECTION,
        summary="List what webhooks can be told",
        description="In our own words, or in those of an API that you had before.",
    ),
    Operation(
        method="GET",
        path="/app/webhooks",
        caller=ADMIN_KEY,
        serve=listed,
        query=Nothing,
        body=Nothing,
        answer=wire.Webhooks,
        section=SECTION,
        summary="List the webhooks",
        description="Without their secrets.",
    ),
    Operation(
        method="POST",
        path="/app/webhooks",
        caller=ADMIN_KEY,
        serve=register,
        query=Nothing,
        body=wire.NewWebhook,
        answer=wire.MadeWebhook,
        status=201,
        section=SECTION,
        summary="Register a webhook",
        description=(
            "From now on what happens is posted there, signed as Standard Webhooks have it. Answer with any status "
            "from 200 to 299 within ten seconds; otherwise it comes again, nine times within a bit more than a day. "
            "The secret is shown this once."
        ),
        holds_secret=True,
        example={"url": "https://acme.example/hooks/acquaint", "events": ["user.deleted", "message.posted"]},
    ),
    Operation(
        method="GET",
        path="/app/webhooks/{webhook}",
        caller=ADMIN_KEY,
        serve=show,
        query=Nothing,
        body=Nothing,
        answer=wire.Webhook,
        section=SECTION,
        summary="Show a webhook",
    ),
    Operation(
        method="PATCH",
        path="/app/webhooks/{webhook}",
        caller=ADMIN_KEY,
        serve=change,
        query=Nothing,
        body=wire.WebhookChange,
        answer=wire.Webhook,
        section=SECTION,
        summary="Change a webhook",
        description=(
            "Where it is, what it is told, and whether. One that is enabled again is told what waited meanwhile, as "
            "far as that is less than three days old."
        ),
        example={"is_enabled": True},
    ),
    Operation(
        method="DELETE",
        path="/app/webhooks/{webhook}",
        caller=ADMIN_KEY,
        serve=remove,
        query=Nothing,
        body=Nothing,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Remove a webhook",
        description="With its log, and with what was on its way.",
    ),
    Operation(
        method="POST",
        path="/app/webhooks/{webhook}/secret",
        caller=ADMIN_KEY,
        serve=rotate,
        query=Nothing,
        body=wire.SecretRotation,
        answer=wire.MadeWebhook,
        status=201,
        section=SECTION,
        summary="Rotate a webhook's secret",
        description=(
            "A new one, which is shown this once. For the overlap every delivery carries a signature of each, so that "
            "your server may know either."
        ),
        holds_secret=True,
        example={"overlap_seconds": 3600},
    ),
    Operation(
        method="POST",
        path="/app/webhooks/{webhook}/test",
        caller=ADMIN_KEY,
        serve=test,
        query=Nothing,
        body=Nothing,
        answer=wire.Delivery,
        status=202,
        section=SECTION,
        summary="Test a webhook",
        description="Posts `webhook.tested` to it, whatever it asks for. Its log says what became of it.",
        refusals=(errors.TooManyRequests,),
    ),
    Operation(
        method="GET",
        path="/app/webhooks/{webhook}/deliveries",
        caller=ADMIN_KEY,
        serve=log,
        query=Paging,
        body=Nothing,
        answer=wire.DeliveryPage,
        section=SECTION,
        summary="Read the log of a webhook",
        description="What was told of the last two weeks, or waits to be, newest first.",
    ),
    Operation(
        method="POST",
        path="/app/webhooks/{webhook}/deliveries/{event}",
        caller=ADMIN_KEY,
        serve=redeliver,
        query=Nothing,
        body=Nothing,
        answer=wire.Delivery,
        status=202,
        section=SECTION,
        summary="Deliver once more",
        description="Whatever became of it before, under the same `webhook-id`.",
        refusals=(errors.TooManyRequests,),
    ),
)
