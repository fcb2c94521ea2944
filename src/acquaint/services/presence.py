"""Who is here just now, and who may know it.

seen_by          of users, as a session may know it
whereabouts_by   the same by what their connections tell, for those who are told of each change
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..domain.identities import Assurance
from ..domain.users import UserId
from ..ports.store import Recognised
from .core import Core
from .directory import ONLINE_FOR
from .live import Hub, Whereabouts

_LATE: Final = timedelta(seconds=30)  # what was on its way may be noted after somebody went


@dataclass(frozen=True, slots=True)
class Presence:
    """Of one user. Who may not know it reads the same of everybody: not here, and never seen."""

    is_online: bool = False
    last_seen_at: datetime | None = None


async def seen_by(
    core: Core, by: Recognised, ids: Collection[UserId], *, is_connected: Callable[[UserId], bool] = lambda _: False
) -> dict[UserId, Presence]:
    """Of each of them that is there: known to themselves and to verified users who share a conversation with them,
    but not to whom they block; to all verified users where the Policy ``shows_online_users``.

    ``is_connected`` says who has a connection.
    """
    own = by.session.user_id
    if own is None or not ids:
        return {}
    async with core.store.search() as tx:
        app = await tx.apps.get(by.app.id)  # as it is now: whoever is connected may ask for days
        found = await tx.users.many(by.app.id, set(ids))
        if by.session.assurance is not Assurance.VERIFIED:
            known = {own}
        elif app is not None and app.policy.shows_online_users:
            known = set(found)
        else:
            known = {own, *await tx.conversations.companions(own, found)}
        known -= await tx.blocks.blocking(own, found)
    since = core.clock() - ONLINE_FOR
    presences = {}
    for id, user in found.items():
        seen_at = user.last_seen_at
        is_online = is_connected(id) or (seen_at is not None and seen_at >= since)
        presences[id] = Presence(is_online and user.may_act, seen_at) if id in known else Presence()
    return presences


async def whereabouts_by(core: Core, hub: Hub, by: Recognised, ids: Collection[UserId]) -> dict[UserId, Whereabouts]:
    """Without those of whom the session may not know it, or nothing is known.

    Who is connected to nothing is here for as long as they count as online after they were last seen.
    """
    now = core.clock()
    seen = await seen_by(core, by, ids, is_connected=lambda _: True)
    found = {}
    for id, it in seen.items():
        known, seen_at = hub.whereabouts(by.app.id, id), it.last_seen_at
        if not it.is_online:
            continue
        if known is not None and (known.is_connected or seen_at is None or seen_at <= known.since + _LATE):
            found[id] = known
        elif seen_at is not None:
            found[id] = Whereabouts(seen_at >= now - ONLINE_FOR, seen_at, is_connected=False)
    return found
