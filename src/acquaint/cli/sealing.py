"""``acquaint sealing``: the keys of this server that secrets are kept sealed with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .frame import Failed, on_core, settings_of

if TYPE_CHECKING:
    from ..services.core import Core


@click.group()
def sealing() -> None:
    """The server's own keys, which secrets are kept sealed with."""


@sealing.command("list")
@on_core(without_keys=True)
async def list_keys(core: Core) -> list[dict[str, Any]]:
    """List the keys by their ids, and how many secrets are sealed with each."""
    from ..services import sealing as service

    found = await service.count(core)
    async with core.store.read() as tx:
        known = await tx.sealed.keys()
    newest = core.sealing.newest
    ids = dict.fromkeys([*known, *(it for it in found if it), *([newest] if newest else [])])
    rows: list[dict[str, Any]] = [
        {"key": it, "secrets": found[it], "is_here": core.sealing.knows(it), "seals": it == newest} for it in ids
    ]
    if found[None]:
        rows.append({"key": "in clear", "secrets": found[None], "is_here": True, "seals": False})
    return rows


@sealing.command()
@click.pass_context
@on_core()
async def rotate(core: Core, context: click.Context) -> dict[str, Any]:
    """Make a new key, and seal everything with it. The older ones stay in the file: backups need them."""
    from ..bootstrap import key_file

    settings = settings_of(context)
    if settings.secret_keys:
        raise Failed("the keys are in ACQUAINT_SECRET_KEYS: put a new one there, and then `acquaint sealing reseal`")
    try:
        key_file(settings).add()
    except FileExistsError:
        raise Failed(
            f"somebody else is changing {settings.data / 'secret.keys'}; if not, remove the .new file"
        ) from None
    except (OSError, ValueError) as error:
        raise Failed(f"no key was added: {error}") from None
    return await _resealed(core)


@sealing.command()
@on_core()
async def reseal(core: Core) -> dict[str, Any]:
    """Seal with the newest key whatever is not. Every node must have that key by now."""
    return await _resealed(core)


@sealing.command()
@click.argument("key")
@click.pass_context
@on_core(without_keys=True)
async def forget(core: Core, context: click.Context, key: str) -> dict[str, Any]:
    """Go on without a key that is lost. What is sealed with it must be rotated, or set up again."""
    from ..bootstrap import forget_key

    if core.sealing.knows(key):
        raise Failed("this key is not lost; `acquaint sealing reseal` forgets those that nothing is sealed with")
    return {"key": key, "secrets_that_cannot_be_opened": await forget_key(settings_of(context), core, key)}


async def _resealed(core: Core) -> dict[str, Any]:
    from ..services import sealing as service

    sealed, lost = await service.reseal(core)
    return {"key": core.sealing.newest, "secrets_sealed": sealed, "secrets_that_cannot_be_opened": lost}
