"""Who is here just now, as realtime clients say and hear it.

The vendor's brokers tell anybody about anybody. Here a user's presence is known to themselves and to whom
services/presence.py names: verified users who share a conversation with them, but not whom they block; or all verified
users where the App's Policy ``shows_online_users``. Who may not know is told nothing, exactly as of nobody.

What a client says about itself goes before everything else that is known of its user. It may say so often, as the
vendor's do: others are told of changes only, and only once in a while.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
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

PAUSE: Final = 1.0
"""Seconds between two rounds in which changes are told. Against a client that comes and goes as fast as it can, each
time to all who watch it; longer would show people late."""

MOST_LEFT: Final = 10_000  # users whose last word that they are gone is remembered
_LATE: Final = timedelta(seconds=30)  # what was on its way may be noted after somebody said that they are gone

log = structlog.get_logger()


class Here(Protocol):
    """A connection of somebody."""

    is_away: bool  # it says itself that nobody is there


class Watcher(Protocol):
    """A connection that wants to know who is here."""

    async def look(self, ids: Collection[str]) -> None:
        """What is to be known of these users may have changed."""
        ...


class Online:
    """Of this node. What is said on others, and through other doors, is known by when a user was last seen."""

    def __init__(self, core: Core, hub: Hub) -> None:
        self._core, self._hub = core, hub
        self._here: dict[tuple[AppId, UserId], set[Here]] = {}
        self._left: OrderedDict[tuple[AppId, UserId], datetime] = OrderedDict()
        self._watchers: dict[tuple[AppId, str], set[Watcher]] = {}
        self._changed: set[tuple[AppId, str]] = set()
        self._round: asyncio.Task[None] | None = None

    # What connections say

    def came(self, app_id: AppId, user_id: UserId, id: str, it: Here) -> None:
        self._here.setdefault((app_id, user_id), set()).add(it)
        self.changed(app_id, user_id, id)

    def went(self, app_id: AppId, user_id: UserId, id: str, it: Here) -> None:
        theirs = self._here.get((app_id, user_id), set())
        theirs.discard(it)
        if not theirs:
            self._here.pop((app_id, user_id), None)
        self.changed(app_id, user_id, id)

    def changed(self, app_id: AppId, user_id: UserId, id: str) -> None:
        """One of theirs came, went, or says something else of itself."""
        key = (app_id, user_id)
        if any(not it.is_away for it in self._here.get(key, ())):
            self._left.pop(key, None)
        else:
            self._left.setdefault(key, self._core.clock())
            if len(self._left) > MOST_LEFT:
                self._left.popitem(last=False)
        if (app_id, id) in self._watchers:
            self._changed.add((app_id, id))
            if self._round is None:
                self._round = asyncio.get_running_loop().create_task(self._tell())

    def watch(self, app_id: AppId, id: str, by: Watcher) -> None:
        self._watchers.setdefault((app_id, id), set()).add(by)

    def unwatch(self, app_id: AppId, id: str, by: Watcher) -> None:
        theirs = self._watchers.get((app_id, id), set())
        theirs.discard(by)
        if not theirs:
            self._watchers.pop((app_id, id), None)

    # What is known

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
        key = (app_id, user_id)
        left_at = self._left.get(key)
        if key in self._here:
            return (True, now) if left_at is None else (False, left_at)
        if self._hub.is_connected(app_id, user_id):
            return True, now
        if left_at is not None and (seen_at is None or seen_at <= left_at + _LATE):
            return False, left_at
        return None if seen_at is None else (seen_at >= now - ONLINE_FOR, seen_at)

    async def _tell(self) -> None:
        try:
            while self._changed:
                changed, self._changed = self._changed, set()
                for app_id, id in changed:
                    for watcher in tuple(self._watchers.get((app_id, id), ())):
                        await _look(watcher, id)
                await asyncio.sleep(PAUSE)
        finally:
            self._round = None

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
