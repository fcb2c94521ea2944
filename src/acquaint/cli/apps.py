"""``acquaint apps``: the tenants of this server, and what each of them allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .frame import app_named, on_core

if TYPE_CHECKING:
    from ..domain.apps import App
    from ..services.core import Core


@click.group()
def apps() -> None:
    """Create Apps, and say what they allow. APP is a slug or an id."""


@apps.command()
@click.option("--name", required=True, help="What people call the App.")
@click.option("--slug", help="What machines call it: a-z, 0-9 and -. [default: made from the name]")
@on_core(makes_database=True)
async def create(core: Core, name: str, slug: str | None) -> dict[str, Any]:
    """Create an App with one of each key. The keys are shown this once."""
    from ..services import apps as service

    new = await service.create(core, name, slug)
    return {
        "app_id": new.app.id,
        "slug": new.app.slug,
        "auth_key": new.app.public_keys.auth_key,
        "auth_secret": new.app.auth_secret,
        "signing_secret": new.signing_secret,
        "widget_token": new.app.public_keys.widget_token,
        "chat_api_key": new.chat_key,
        "api_key": new.api_key,
    }


@apps.command("list")
@on_core()
async def list_apps(core: Core) -> list[dict[str, Any]]:
    """List all Apps."""
    from ..services import apps as service

    return [_summary(it) for it in await service.every(core)]


@apps.command("show")
@click.argument("app")
@on_core()
async def show_app(core: Core, app: str) -> dict[str, Any]:
    """Show an App, its public keys, its Policy, and how many bytes its files are."""
    from ..services import space

    found = await app_named(core, app)
    return _whole(found) | {"file_bytes": await space.used(core, found)}


@apps.command()
@click.argument("app")
@click.argument("changes", metavar="[KEY=VALUE]...", nargs=-1)
@on_core()
async def policy(core: Core, app: str, changes: tuple[str, ...]) -> dict[str, Any]:
    """Change rules of an App's Policy, and show it.

    Durations are like 90s, 15m, 2h or 30d, or none; lists have commas: allowed_origins=https://a.example,https://b.example
    """
    from ..services import apps as service

    found = await app_named(core, app)
    values = {}
    for it in changes:
        name, equals, value = it.partition("=")
        if not equals or name in values:
            raise click.UsageError(f"{it!r} is not KEY=VALUE, or is there twice")
        values[name] = value
    if values:
        found = await service.change_policy(core, found, values)
    return found.policy.as_data()


@apps.command()
@click.argument("app")
@click.option("--days", type=int, default=30, show_default=True, help="How far back, today included.")
@on_core()
async def enforcement(core: Core, app: str, days: int) -> list[dict[str, Any]]:
    """Show what people nobody verified did where the Policy reports or enforces, day by day.

    Set it with `apps policy APP enforcement=report`, look here for a while, then set enforcement=enforce.
    """
    from ..services import enforcement as service

    found = await service.counted(core, await app_named(core, app), days)
    return [
        {"day": service.date_of(it.day), "door": it.door, "act": it.act, "outcome": it.outcome, "times": it.times}
        for it in found
    ]


@apps.command()
@click.argument("app")
@on_core()
async def close(core: Core, app: str) -> dict[str, Any]:
    """Switch an App off: every request of it is refused, and nothing is lost."""
    from ..services import apps as service

    return _summary(await service.close(core, await app_named(core, app)))


@apps.command("open")
@click.argument("app")
@on_core()
async def open_app(core: Core, app: str) -> dict[str, Any]:
    """Switch a closed App on again."""
    from ..services import apps as service

    return _summary(await service.open_again(core, await app_named(core, app)))


def _summary(app: App) -> dict[str, Any]:
    return {"app_id": app.id, "slug": app.slug, "name": app.name, "open": app.is_open, "created_at": app.created_at}


def _whole(app: App) -> dict[str, Any]:
    public = {"auth_key": app.public_keys.auth_key, "widget_token": app.public_keys.widget_token}
    return _summary(app) | public | {"policy": app.policy.as_data()}
