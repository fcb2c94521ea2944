"""``acquaint keys``: how an App's own server, or the operator of this one, proves itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .frame import app_named, on_core

if TYPE_CHECKING:
    from ..domain.apps import App
    from ..domain.keys import ApiKey, Role
    from ..services.core import Core


class RoleName(click.ParamType["Role"]):
    """Any role that a key of an App may have."""

    name = "role"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Role:
        from ..domain.keys import GIVEN, Role

        roles = [*GIVEN, Role.TRACKING]
        if value not in roles:
            self.fail(f"{value!r} is not one of {', '.join(roles)}.", parameter, context)
        return Role(value)


@click.group()
def keys() -> None:
    """API keys of an App, or of the server's operator (--server). APP is a slug or an id."""


_whose = click.argument("app", nargs=-1, metavar="APP")
_server = click.option("--server", is_flag=True, help="Keys of the server's operator, in place of an App's.")


@keys.command()
@_whose
@_server
@click.option("--name", required=True, help="What the key is for.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=RoleName(),
    metavar="ROLE",
    help="One of Kustomer's names, such as org.admin. May be repeated. [default: org.user]",
)
@click.option("--days", type=int, help="The key expires after so many days. [default: never]")
@click.option("--network", help="The only addresses it may be used from, such as 203.0.113.0/24. [default: any]")
@on_core()
async def create(
    core: Core,
    app: tuple[str, ...],
    server: bool,
    name: str,
    roles: tuple[Role, ...],
    days: int | None,
    network: str | None,
) -> dict[str, Any]:
    """Create a key. It is shown this once."""
    from ..domain.keys import Role
    from ..services import apps

    owner = await _owner(core, app, server)
    if server and roles:
        raise click.UsageError("--server keys have one role, and it needs no --role")
    asked = (Role.OPERATOR,) if server else roles or (Role.USER,)
    key, text = await apps.create_key(core, owner, name, asked, days=days, network=network)
    return _said(key) | {"api_key": text}


@keys.command("list")
@_whose
@_server
@on_core()
async def list_keys(core: Core, app: tuple[str, ...], server: bool) -> list[dict[str, Any]]:
    """List the keys, revoked ones too. Their texts are not kept."""
    from ..services import apps

    return [_said(it) for it in await apps.keys_of(core, await _owner(core, app, server))]


@keys.command()
@_whose
@click.argument("key", type=int)
@_server
@on_core()
async def revoke(core: Core, app: tuple[str, ...], key: int, server: bool) -> dict[str, Any]:
    """Revoke a key by its id. It opens nothing from now on."""
    from ..domain.keys import ApiKeyId
    from ..services import apps

    return _said(await apps.revoke_key(core, await _owner(core, app, server), ApiKeyId(key)))


async def _owner(core: Core, app: tuple[str, ...], server: bool) -> App | None:
    """The App; None for the server. Neither and both are mistakes: nothing never means everything."""
    if len(app) + server != 1:
        raise click.UsageError("say one APP, or --server")
    return None if server else await app_named(core, app[0])


def _said(key: ApiKey) -> dict[str, Any]:
    return {
        "key_id": key.id,
        "name": key.name,
        "roles": [it.value for it in key.roles],
        "ending": key.ending,
        "network": key.network,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "used_at": key.used_at,
    }
