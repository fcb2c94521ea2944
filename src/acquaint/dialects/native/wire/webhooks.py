"""Webhooks, and what is on its way to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from ....domain import webhooks as domain
from ....domain.events import Event
from ....services.webhooks import Log
from . import values
from .values import Id, Moment, Sent, Shown

EndpointUrl = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=2048,
        description="https, to a public address; other places only where the server's operator allows them.",
        examples=["https://acme.example/hooks/acquaint"],
    ),
]
Names = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=64)]],
    Meta(
        min_length=1, max_length=100, description="By the format's names: see `GET /acquaint/v1/app/webhooks/formats`."
    ),
]


class NewWebhook(Sent):
    """Where you want to hear what."""

    url: EndpointUrl
    format: Annotated[
        Annotated[str, Meta(min_length=1, max_length=32)], Meta(description="In whose words: native, or opencx.")
    ] = "native"
    events: Annotated[Names | UnsetType, Meta(description="Without it, everything the format has.")] = UNSET


class WebhookChange(Sent):
    """What to change. What is not sent stays."""

    url: EndpointUrl | UnsetType = UNSET
    events: Names | UnsetType = UNSET
    is_enabled: bool | UnsetType = UNSET


class SecretRotation(Sent):
    """What becomes of the secret before."""

    overlap_seconds: Annotated[
        Annotated[int, Meta(ge=0, le=7 * 86400)], Meta(description="For so long both sign; 0: it is gone at once.")
    ] = 86400

    def overlap(self) -> timedelta:
        return timedelta(seconds=self.overlap_seconds)


class Webhook(Shown):
    """Where the App hears what happens. Its secret is shown when it is made, and never again."""

    id: Id
    url: str
    format: str
    events: list[str]
    is_enabled: bool
    disabled_at: Moment | None
    disabled_because: Annotated[
        Literal["failing", "gone", ""] | None,
        Meta(description="failing: for a day it took nothing; gone: it answered 410; empty: you said so."),
    ]
    failing_since: Annotated[Moment | None, Meta(description="Since then it has taken nothing.")]
    previous_secret_until: Annotated[Moment | None, Meta(description="Until then the secret before signs, too.")]
    created_at: Moment
    changed_at: Moment


class Webhooks(Shown):
    """The App's webhooks, oldest first."""

    items: list[Webhook]


class MadeWebhook(Shown):
    """A webhook with a secret just made. ``secret`` is shown this once."""

    webhook: Webhook
    secret: str


class Delivery(Shown):
    """One Event on its way to a webhook, or arrived there, or given up."""

    event_id: Id
    message_id: Annotated[str, Meta(description="What was sent as webhook-id, each time.")]
    kind: Annotated[str | None, Meta(description="Of the Event.")]
    state: Literal["waiting", "delivered", "given_up"]
    attempts: int
    at: Annotated[Moment, Meta(description="When it happened, or when you asked for it again.")]
    last_at: Annotated[Moment | None, Meta(description="When it was tried last.")]
    next_at: Annotated[
        Moment | None, Meta(description="When it is tried next, or a minute after a try that is going on.")
    ]
    status: Annotated[int | None, Meta(description="What your endpoint answered last.")]
    trouble: Annotated[
        Literal["status", "no_answer", "not_allowed", "too_old", "unwritable"] | None,
        Meta(description="Why the last try failed."),
    ]


class DeliveryPage(Shown):
    """Deliveries of the last two weeks, newest first."""

    items: list[Delivery]
    next: Annotated[Id | None, Meta(description=values.NEXT)]


class Format(Shown):
    """In whose words you can be told, and what of it can be asked for."""

    name: str
    events: list[str]


class Formats(Shown):
    """Every format there is."""

    items: list[Format]


def webhook(it: domain.Webhook) -> Webhook:
    return Webhook(
        id=str(it.id),
        url=it.url,
        format=it.format,
        events=list(it.names),
        is_enabled=it.is_enabled,
        disabled_at=values.optional_moment(it.disabled_at),
        disabled_because=it.disabled_because,  # type: ignore[arg-type]
        failing_since=values.optional_moment(it.failing_since),
        previous_secret_until=values.optional_moment(it.previous_until),
        created_at=values.moment(it.created_at),
        changed_at=values.moment(it.changed_at),
    )


def made(it: domain.Webhook) -> MadeWebhook:
    return MadeWebhook(webhook=webhook(it), secret=it.secret)


def delivery(it: domain.Delivery, event: Event | None = None) -> Delivery:
    last = it.last or domain.Outcome()
    return Delivery(
        event_id=str(it.event_id),
        message_id=it.message_id,
        kind=event.kind.value if event else None,
        state=it.state.value,
        attempts=it.attempts,
        at=values.moment(it.at),
        last_at=values.optional_moment(it.last_at),
        next_at=values.optional_moment(it.due_at),
        status=last.status,
        trouble=last.trouble.value if last.trouble else None,
    )


def deliveries(page: Log) -> DeliveryPage:
    return DeliveryPage(items=[delivery(*it) for it in page.items], next=values.optional_id(page.next))
