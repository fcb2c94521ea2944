"""``acquaint webhooks``: where Apps hear what happens, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .frame import app_named, on_core

if TYPE_CHECKING:
    from ..domain.events import Event
    from ..domain.webhooks import Delivery, Webhook
    from ..services.core import Core


@click.group()
def webhooks() -> None:
    """Where an App's own server hears what happens. APP is a slug or an id, WEBHOOK an id."""


_names = click.option("--event", "names", multiple=True, help="What it is told; may be repeated. [default: all]")


@webhooks.command("list")
@click.argument("app")
@on_core()
async def list_webhooks(core: Core, app: str) -> list[dict[str, Any]]:
    """List an App's webhooks."""
    from ..services import webhooks as service

    return [_summary(it) for it in await service.list_of(core, await app_named(core, app))]


@webhooks.command("add")
@click.argument("app")
@click.argument("url")
@click.option("--format", "format_", default="native", show_default=True, help="In whose words: native or opencx.")
@_names
@on_core()
async def add(core: Core, app: str, url: str, format_: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Register a webhook. Its secret is shown this once."""
    from ..services import webhooks as service

    made = await service.register(core, await app_named(core, app), url, format=format_, names=names)
    return _summary(made) | {"secret": made.secret}


@webhooks.command()
@click.argument("app")
@click.argument("webhook", type=int)
@on_core()
async def enable(core: Core, app: str, webhook: int) -> dict[str, Any]:
    """Enable a webhook. It is told what waited meanwhile, as far as that is less than three days old."""
    return await _change(core, app, webhook, is_enabled=True)


@webhooks.command()
@click.argument("app")
@click.argument("webhook", type=int)
@on_core()
async def disable(core: Core, app: str, webhook: int) -> dict[str, Any]:
    """Disable a webhook. Nothing is sent to it until it is enabled."""
    return await _change(core, app, webhook, is_enabled=False)


@webhooks.command()
@click.argument("app")
@click.argument("webhook", type=int)
@on_core()
async def remove(core: Core, app: str, webhook: int) -> None:
    """Remove a webhook, with its log and with what was on its way."""
    from ..domain.webhooks import WebhookId
    from ..services import webhooks as service

    await service.remove(core, await app_named(core, app), WebhookId(webhook))


@webhooks.command()
@click.argument("app")
@click.argument("webhook", type=int)
@click.option("--overlap-hours", type=click.IntRange(0, 168), default=24, show_default=True, help="Both sign so long.")
@on_core()
async def rotate(core: Core, app: str, webhook: int, overlap_hours: int) -> dict[str, Any]:
    """Make a new secret, which is shown this once."""
    from datetime import timedelta

    from ..domain.webhooks import WebhookId
    from ..services import webhooks as service

    overlap = timedelta(hours=overlap_hours)
    made = await service.rotate_secret(core, await app_named(core, app), WebhookId(webhook), overlap=overlap)
    return _summary(made) | {"secret": made.secret}


@webhooks.command("test")
@click.argument("app")
@click.argument("webhook", type=int)
@on_core()
async def test_it(core: Core, app: str, webhook: int) -> dict[str, Any]:
    """Tell it that it is tested: a server that runs posts it within a second, and the log says what became of it."""
    from ..domain.webhooks import WebhookId
    from ..services import webhooks as service

    return _delivery(await service.test(core, await app_named(core, app), WebhookId(webhook)), None)


@webhooks.command("log")
@click.argument("app")
@click.argument("webhook", type=int)
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@on_core()
async def show_log(core: Core, app: str, webhook: int, limit: int) -> list[dict[str, Any]]:
    """Show what it was told, or is to be told, newest first."""
    from ..domain.paging import PageAsked
    from ..domain.webhooks import WebhookId
    from ..services import webhooks as service

    page = await service.log(core, await app_named(core, app), WebhookId(webhook), PageAsked(limit))
    return [_delivery(*it) for it in page.items]


@webhooks.command()
@click.argument("app")
@click.argument("webhook", type=int)
@click.argument("event", type=int)
@on_core()
async def redeliver(core: Core, app: str, webhook: int, event: int) -> dict[str, Any]:
    """Tell it once more what the EVENT of the log was."""
    from ..domain.events import EventId
    from ..domain.webhooks import WebhookId
    from ..services import webhooks as service

    found = await app_named(core, app)
    return _delivery(await service.redeliver(core, found, WebhookId(webhook), EventId(event)), None)


async def _change(core: Core, app: str, webhook: int, *, is_enabled: bool) -> dict[str, Any]:
    from ..domain.webhooks import WebhookId
    from ..services import webhooks as service

    found = await app_named(core, app)
    return _summary(await service.change(core, found, WebhookId(webhook), is_enabled=is_enabled))


def _summary(it: Webhook) -> dict[str, Any]:
    return {
        "id": it.id,
        "url": it.url,
        "format": it.format,
        "events": list(it.names),
        "enabled": it.is_enabled,
        "disabled_because": it.disabled_because,
        "failing_since": it.failing_since,
    }


def _delivery(it: Delivery, event: Event | None) -> dict[str, Any]:
    last = it.last
    return {
        "event": it.event_id,
        "kind": event.kind.value if event else None,
        "state": it.state.value,
        "attempts": it.attempts,
        "at": it.at,
        "next_at": it.due_at,
        "status": last.status if last else None,
        "trouble": last.trouble.value if last and last.trouble else None,
    }
