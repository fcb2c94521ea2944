"""``acquaint users``: the people of an App."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .frame import app_named, on_core

if TYPE_CHECKING:
    from ..domain.apps import App
    from ..domain.users import User
    from ..services.core import Core


@click.group()
def users() -> None:
    """Users of an App. APP is a slug or an id; USER is an id, or names somebody: login:ann, email:ann@example.com."""


@users.command("list")
@click.argument("app")
@click.option("--limit", type=int, default=50, show_default=True, help="How many at most.")
@click.option("--after", type=int, help="Go on after this id.")
@on_core()
async def list_users(core: Core, app: str, limit: int, after: int | None) -> list[dict[str, Any]]:
    """List users, newest first. What is claimed they say themselves: it proves nothing."""
    from ..domain.paging import PageAsked
    from ..services import users as service

    page = await service.newest(core, await app_named(core, app), PageAsked(limit, after))
    return [_summary(it) | {"claimed": _claimed(it)} for it in page.items]


@users.command("show")
@click.argument("app")
@click.argument("user")
@on_core()
async def show_user(core: Core, app: str, user: str) -> dict[str, Any]:
    """Show a user."""
    found = await user_named(core, await app_named(core, app), user)
    profile = found.profile
    return _summary(found) | {
        "guest": found.is_guest,
        "avatar_url": profile.avatar_url,
        "phone": profile.phone,
        "custom": dict(profile.custom),
        "claimed": _claimed(found) | {"custom": dict(profile.claimed.custom)},
        "tags": list(profile.tags),
        "updated_at": found.updated_at,
    }


@users.command()
@click.argument("app")
@click.argument("user")
@on_core()
async def delete(core: Core, app: str, user: str) -> dict[str, Any]:
    """Delete a user: frees the identifiers and ends the sessions, at once."""
    from ..services import users as service

    owner = await app_named(core, app)
    found = await user_named(core, owner, user)
    await service.delete(core, owner, found.id)
    return {"user_id": found.id, "deleted": True}


@users.command()
@click.argument("app")
@click.argument("user")
@on_core()
async def ban(core: Core, app: str, user: str) -> dict[str, Any]:
    """Let a user in no more, and end their sessions, at once."""
    from ..services import users as service

    owner = await app_named(core, app)
    return _summary(await service.ban(core, owner, (await user_named(core, owner, user)).id))


@users.command()
@click.argument("app")
@click.argument("user")
@on_core()
async def unban(core: Core, app: str, user: str) -> dict[str, Any]:
    """Let a banned user in again."""
    from ..services import users as service

    owner = await app_named(core, app)
    return _summary(await service.admit_again(core, owner, (await user_named(core, owner, user)).id))


@users.command()
@click.argument("app")
@click.argument("source")
@click.argument("target")
@on_core()
async def merge(core: Core, app: str, source: str, target: str) -> dict[str, Any]:
    """Merge SOURCE into TARGET, who must be verified. It cannot be undone."""
    from ..services import merging

    owner = await app_named(core, app)
    leaving, staying = [(await user_named(core, owner, it)).id for it in (source, target)]
    made = await merging.merge(core, owner, source=leaving, target=staying)
    return {"merge_id": made.id, "source_id": made.source_id, "target_id": made.target_id}


async def user_named(core: Core, app: App, text: str) -> User:
    """The user with this id or, written as kind:value, this identifier."""
    from ..domain.identities import Identifier
    from ..domain.users import UserId
    from ..services import users as service

    if text.isdecimal() and text.isascii() and len(text) <= 16:
        return await service.get(core, app, UserId(int(text)))
    kind, _, value = text.partition(":")
    makers = {
        "login": Identifier.login,
        "email": Identifier.email,
        "phone": Identifier.phone,
        "external_id": Identifier.external_id,
    }
    if kind not in makers or not value:
        raise click.UsageError(f"{text!r} is neither an id nor one of {', '.join(f'{it}:…' for it in makers)}")
    return await service.find(core, app, makers[kind](value))


def _claimed(user: User) -> dict[str, Any]:
    claimed = user.profile.claimed
    said = {"name": claimed.name, "email": claimed.email, "phone": claimed.phone, "external_id": claimed.external_id}
    return {name: it for name, it in said.items() if it is not None}


def _summary(user: User) -> dict[str, Any]:
    return {
        "user_id": user.id,
        "name": user.profile.name,
        "identifiers": {it.kind.value: it.value for it in user.identifiers},
        "verified": user.is_verified,
        "standing": user.standing.value,
        "created_at": user.created_at,
    }
