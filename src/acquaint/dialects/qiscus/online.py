"""Who is here just now, as realtime clients say and hear it.

The vendor's brokers tell anybody about anybody. Here a user's presence is known to themselves and to whom
services/presence.py names: verified users who share a conversation with them, but not whom they block; or all verified
users where the App's Policy ``shows_online_users``. Who may not know is told nothing, exactly as of nobody.

What a client says about itself goes before everything else that is known of its user, on whichever node. It may say so
often, as the vendor's do: others are told of changes only, and only once in a while.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Protocol

import structlog

from ...domain.apps import AppId
from ...domain.errors import Busy
from ...domain.users import UserId
from ...services.core import Core
from ...services.live import Hub
from .auth import id_of

MOST_AT_ONCE: Final = 500  # users that are read at the same time

log = structlog.get_logger()


class Watcher(Protocol):
    """A connection that wants to know who is here."""

    async def look(self, ids: Collection[str]) -> None:
        """What is to be known of these users may have changed."""
        ...


class Online:
    """Which connections of this node watch whom, by the vendor's ids: those that nobody has yet, too."""

    def __init__(self, core: Core, hub: Hub) -> None:
        self._core = core
        self._watchers: dict[AppId, dict[str, set[Watcher]]] = {}
        hub.look_out(self._changed)

    def watch(self, app_id: AppId, id: str, by: Watcher) -> None:
        self._watchers.setdefault(app_id, {}).setdefault(id, set()).add(by)

    def unwatch(self, app_id: AppId, id: str, by: Watcher) -> None:
        watched = self._watchers.get(app_id, {})
        theirs = watched.get(id, set())
        theirs.discard(by)
        if not theirs:
            watched.pop(id, None)
        if not watched:
            self._watchers.pop(app_id, None)

    async def _changed(self, app_id: AppId, user_ids: frozenset[UserId]) -> None:
        ids, them = list(user_ids), self._watchers.get(app_id, {})
        for start in range(0, len(ids) if them else 0, MOST_AT_ONCE):
            async with self._core.store.search() as tx:
                found = await tx.users.many(app_id, ids[start : start + MOST_AT_ONCE])
            for id in [id_of(it) for it in found.values()]:
                for watcher in tuple(them.get(id, ())):
                    await _look(watcher, id)


async def _look(watcher: Watcher, id: str) -> None:
    """One that cannot look now looks again by itself, a little later."""
    try:
        await watcher.look([id])
    except Busy:
        return
    except Exception:
        log.exception("mqtt_look_broke")
