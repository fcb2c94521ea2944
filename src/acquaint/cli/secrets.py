"""``acquaint secrets``: what an App's server signs tokens with."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from .frame import app_named, on_core

if TYPE_CHECKING:
    from ..domain.keys import SigningSecret
    from ..services.core import Core


class _Duration(click.ParamType[timedelta]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> timedelta:
        found = re.fullmatch(r"(\d{1,6})([smhd])", value)
        if not found:
            self.fail(f"{value!r} is not like 90s, 15m, 2h or 30d", param, context)
        units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
        return timedelta(**{units[found[2]]: int(found[1])})


@click.group()
def secrets() -> None:
    """Signing secrets of an App. APP is a slug or an id."""


@secrets.command()
@click.argument("app")
@click.option("--grace", type=_Duration(), help="Retire the older ones after this long, such as 2d. [default: not]")
@on_core()
async def rotate(core: Core, app: str, grace: timedelta | None) -> dict[str, Any]:
    """Make a new signing secret, and show it. The older ones go on being believed until they are retired."""
    from ..services import apps

    secret = await apps.rotate_secret(core, await app_named(core, app), grace=grace)
    return _said(secret) | {"signing_secret": secret.text}


@secrets.command("rotate-auth")
@click.argument("app")
@on_core()
async def rotate_auth(core: Core, app: str) -> dict[str, Any]:
    """Make a new auth secret, which ConnectyCube's old SDKs sign with. The one before is refused at once."""
    from ..services import apps

    return {"auth_secret": (await apps.rotate_auth_secret(core, await app_named(core, app))).auth_secret}


@secrets.command("list")
@click.argument("app")
@on_core()
async def list_secrets(core: Core, app: str) -> list[dict[str, Any]]:
    """List the secrets by their last letters, oldest first, retired ones too."""
    from ..services import apps

    return [_said(it) for it in await apps.secrets_of(core, await app_named(core, app))]


@secrets.command()
@click.argument("app")
@click.argument("secret", type=int)
@on_core()
async def retire(core: Core, app: str, secret: int) -> dict[str, Any]:
    """Retire a secret by its id: nothing signed with it is believed from now on."""
    from ..domain.keys import SigningSecretId
    from ..services import apps

    return _said(await apps.retire_secret(core, await app_named(core, app), SigningSecretId(secret)))


def _said(secret: SigningSecret) -> dict[str, Any]:
    return {
        "secret_id": secret.id,
        "ending": secret.text[-4:] or "cannot be opened",
        "created_at": secret.created_at,
        "retired_at": secret.retired_at,
    }
