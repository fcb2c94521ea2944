"""``acquaint sessions``: who is signed in where, and ending it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .frame import app_named, on_core
from .users import user_named

if TYPE_CHECKING:
    from ..domain.sessions import Session
    from ..services.core import Core


@click.group()
def sessions() -> None:
    """Sessions of an App's users. APP is a slug or an id; USER is an id, or names somebody: login:ann."""


@sessions.command("list")
@click.argument("app")
@click.argument("user")
@on_core()
async def list_sessions(core: Core, app: str, user: str) -> list[dict[str, Any]]:
    """List a user's live sessions, newest first."""
    from ..services import sessions as service

    owner = await app_named(core, app)
    return [_said(it) for it in await service.list_of(core, owner, (await user_named(core, owner, user)).id)]


@sessions.command()
@click.argument("app")
@click.argument("session", type=int, required=False)
@click.option("--user", help="All sessions of this user.")
@click.option("--all", "everybody", is_flag=True, help="All sessions of every user of the App.")
@on_core()
async def end(core: Core, app: str, session: int | None, user: str | None, everybody: bool) -> dict[str, Any]:
    """End one session by its id, or all of a user's, or all of the App's users'. Refused everywhere at once."""
    from ..domain.sessions import SessionId
    from ..services import sessions as service

    if (session is not None) + (user is not None) + everybody != 1:
        raise click.UsageError("say one SESSION, or --user USER, or --all")
    owner = await app_named(core, app)
    if session is not None:
        await service.end(core, owner, SessionId(session))
        return {"ended": 1}
    if user is not None:
        return {"ended": await service.end_all(core, owner, (await user_named(core, owner, user)).id)}
    return {"ended": await _end_everybodys(core, owner)}


async def _end_everybodys(core: Core, app: Any) -> int:
    from ..domain.errors import NotFound
    from ..domain.paging import LARGEST_PAGE, PageAsked
    from ..services import sessions as service
    from ..services import users

    ended, after = 0, None
    while True:
        page = await users.newest(core, app, PageAsked(LARGEST_PAGE, after))
        for user in page.items:
            try:
                ended += await service.end_all(core, app, user.id)
            except NotFound:
                continue  # deleted meanwhile, and their sessions with them
        if page.next is None:
            return ended
        after = page.next


def _said(session: Session) -> dict[str, Any]:
    return {
        "session_id": session.id,
        "assurance": session.assurance.name.lower(),
        "door": session.door,
        "workspace": session.workspace,
        "created_at": session.created_at,
        "last_seen_at": session.last_seen_at,
        "expires_at": session.expires_at,
    }
