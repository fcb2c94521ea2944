"""``acquaint providers``: who may testify to an App's users, set up and tried."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any

import click

from .frame import app_named, on_core

if TYPE_CHECKING:
    from ..domain.providers import Provider
    from ..services.core import Core

KINDS = ("custom", "firebase", "openid", "facebook", "twitter")


@click.group()
def providers() -> None:
    """Firebase, OpenID Connect, Facebook, X, or an App's own. APP is a slug or an id."""


_pairs = click.argument("pairs", metavar="[KEY=VALUE]...", nargs=-1)
_file = click.option(
    "--file",
    type=click.File(encoding="utf-8"),
    help="A JSON object of them, above all for secrets; - is standard input.",
)


@providers.command("list")
@click.argument("app")
@on_core()
async def list_providers(core: Core, app: str) -> list[dict[str, Any]]:
    """List an App's providers."""
    from ..services import providers as service

    return [_summary(it) for it in await service.list_of(core, await app_named(core, app))]


@providers.command()
@click.argument("app")
@click.argument("name")
@on_core()
async def show(core: Core, app: str, name: str) -> dict[str, Any]:
    """Show a provider's settings, without its secrets."""
    from ..services.providers.setting_up import kept

    return _whole(await kept(core, await app_named(core, app), name))


@providers.command("set")
@click.argument("app")
@click.argument("name")
@_pairs
@_file
@click.option("--kind", type=click.Choice(KINDS), help="[default: the name, or openid]")
@click.option("--disabled", is_flag=True, help="It can be tried, and lets nobody in yet.")
@on_core()
async def set_up(
    core: Core, app: str, name: str, pairs: tuple[str, ...], file: IO[str] | None, kind: str | None, disabled: bool
) -> dict[str, Any]:
    """Set a provider up, or replace all that it was.

    Lists have commas, objects are JSON: client_ids=one,two response_params='{"uid": "#{user.id}"}'
    """
    from ..services import providers as service

    found, kind = await app_named(core, app), kind or (name if name in KINDS else "openid")
    return _whole(await service.put(core, found, name, kind, _values(pairs, file), is_enabled=not disabled))


@providers.command()
@click.argument("app")
@click.argument("name")
@on_core()
async def remove(core: Core, app: str, name: str) -> None:
    """Remove a provider. It lets nobody in from now on; those it let in stay."""
    from ..services import providers as service

    await service.remove(core, await app_named(core, app), name)


@providers.command("try")
@click.argument("app")
@click.argument("name")
@_pairs
@_file
@on_core()
async def try_it(core: Core, app: str, name: str, pairs: tuple[str, ...], file: IO[str] | None) -> dict[str, Any]:
    """Ask a provider about a credential, and show what it answers and whom that makes. Nobody is let in.

    For custom: login=… password=…; for the others token=…, and secret=… or nonce=… where they want it.
    """
    from ..services import providers as service

    found = await service.try_provider(core, await app_named(core, app), name, _values(pairs, file))
    return {"request": found.request, "answer": found.answer, "mapped": found.mapped, "why_not": found.why_not}


def _values(pairs: tuple[str, ...], file: IO[str] | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if file is not None:
        try:
            values = json.load(file)
        except (ValueError, RecursionError):
            raise click.UsageError("--file is not JSON") from None
        if not isinstance(values, dict):
            raise click.UsageError("--file is not a JSON object")
    for it in pairs:
        name, equals, value = it.partition("=")
        if not equals or name in values:
            raise click.UsageError(f"{name!r} is not KEY=VALUE, or is there twice")
        values[name] = value
    return values


def _summary(it: Provider) -> dict[str, Any]:
    return {"name": it.name, "kind": it.kind.value, "enabled": it.is_enabled, "changed_at": it.changed_at}


def _whole(it: Provider) -> dict[str, Any]:
    return _summary(it) | {"settings": it.as_shown()}
