"""Who is here just now, as realtime clients say and hear it.

The vendor's brokers tell anybody about anybody. Here a user's presence is known to themselves and to whom
services/presence.py names: verified users who share a conversation with them, but not whom they block; or all verified
users where the App's Policy ``shows_online_users``. Who may not know is told nothing, exactly as of nobody.

What a client says about itself goes before everything else that is known of its user, on whichever node. It may say so
often, as the vendor's do: others are told of changes only, and only once in a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from ...domain.apps import AppId
from ...domain.errors import Busy
from ...domain.users import UserId
from ...ports.store import Recognised
from ...services.core import Core
from ...services.directory import ONLINE_FOR
from ...services.live import Hub
from ...services.presence import seen_by
from .auth import id_of

PAUSE: Final = 1.0
"""Seconds between two rounds in which changes are told. Against a client that comes and goes as fast as it can, each
time to all who watch it; longer would show people late."""

MOST_CHANGED: Final = 10_000  # users, between two rounds; of others it is seen when watchers look again by themselves
MOST_AT_ONCE: Final = 500  # users that are read at the same time
_LATE: Final = timedelta(seconds=30)  # what was on its way may be noted after somebody said that they are gone

log = structlog.get_logger()


class Watcher(Protocol):
    """A connection that wants to know who is here."""

    async def look(self, ids: Collection[str]) -> None:
        """What is to be known of these users may have changed."""
        ...


class Online:
    """Who of the connections of this node watches whom."""

    def __init__(self, core: Core, hub: Hub) -> None:
        self._core, self._hub = core, hub
        self._watchers: dict[AppId, dict[str, set[Watcher]]] = {}
        self._changed: dict[AppId, set[UserId]] = {}
        self._round: asyncio.Task[None] | None = None
        hub.look_out(self._may_have_changed)

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

    async def seen_by(self, by: Recognised, ids: Collection[UserId]) -> dict[UserId, tuple[bool, datetime]]:
        """Whether they are here, and since when not; without those of whom nobody may tell, or nothing is known."""
        now = self._core.clock()
        known = await seen_by(self._core, by, ids, is_connected=lambda _: True)
        found = {}
        for id, it in known.items():
            is_here = self._is_here(by.app.id, id, it.last_seen_at, now) if it.is_online else None
            if is_here is not None:
                found[id] = is_here
        return found

    def _is_here(
        self, app_id: AppId, user_id: UserId, seen_at: datetime | None, now: datetime
    ) -> tuple[bool, datetime] | None:
        known = self._hub.whereabouts(app_id, user_id)
        if known is not None and (known.is_connected or seen_at is None or seen_at <= known.since + _LATE):
            return known.is_here, known.since
        return None if seen_at is None else (seen_at >= now - ONLINE_FOR, seen_at)

    # Telling those who watch

    def _may_have_changed(self, app_id: AppId, user_id: UserId) -> None:
        if app_id not in self._watchers or sum(len(it) for it in self._changed.values()) >= MOST_CHANGED:
            return
        self._changed.setdefault(app_id, set()).add(user_id)
        if self._round is None:
            self._round = asyncio.get_running_loop().create_task(self._tell())

    async def _tell(self) -> None:
        try:
            while self._changed:
                changed, self._changed = self._changed, {}
                for app_id, user_ids in changed.items():
                    await self._tell_of(app_id, list(user_ids))
                await asyncio.sleep(PAUSE)
        finally:
            self._round = None

    async def _tell_of(self, app_id: AppId, user_ids: list[UserId]) -> None:
        for start in range(0, len(user_ids), MOST_AT_ONCE):
            try:
                async with self._core.store.search() as tx:
                    found = await tx.users.many(app_id, user_ids[start : start + MOST_AT_ONCE])
            except Busy:
                return  # watchers look again by themselves
            for id in [id_of(it) for it in found.values()]:
                for watcher in tuple(self._watchers.get(app_id, {}).get(id, ())):
                    await _look(watcher, id)

    def close(self) -> None:
        if self._round is not None:
            self._round.cancel()


async def _look(watcher: Watcher, id: str) -> None:
    """One that cannot look now looks again by itself, a little later."""
    try:
        await watcher.look([id])
    except Busy:
        return
    except Exception:
        log.exception("mqtt_look_broke")
