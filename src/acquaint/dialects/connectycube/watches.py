"""Whose comings and goings a chat connection is told of, as ``subscribeToUserLastActivityStatus`` asks for it.

Watching   which connections of this node watch whom
Watches    those of one connection

Told are those who may know it, by services/presence.py; others hear nothing, exactly as of somebody who never comes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

import structlog

from ...domain.apps import AppId
from ...domain.errors import Busy, NotFound, TooManyRequests
from ...domain.users import UserId
from ...ports.store import Recognised
from ...services import limits
from ...services.core import Core
from ...services.live import Hub
from ...services.presence import whereabouts_by
from . import stanzas
from .jid import Names, Person

MOST_WATCHED: Final = 200
"""Users whose comings and goings one connection asks for. Each costs a look at the database once a minute."""

log = structlog.get_logger()


class Watching:
    def __init__(self, hub: Hub) -> None:
        self._watches: dict[tuple[AppId, UserId], set[Watches]] = {}
        hub.look_out(self._changed)

    def add(self, of: tuple[AppId, UserId], by: Watches) -> None:
        self._watches.setdefault(of, set()).add(by)

    def discard(self, of: tuple[AppId, UserId], by: Watches) -> None:
        theirs = self._watches.get(of, set())
        theirs.discard(by)
        if not theirs:
            self._watches.pop(of, None)

    async def _changed(self, app_id: AppId, user_ids: frozenset[UserId]) -> None:
        for user_id in user_ids:
            for it in tuple(self._watches.get((app_id, user_id), ())):
                try:
                    await it.look([user_id])
                except Busy:
                    continue  # it looks again by itself
                except Exception:
                    log.exception("chat_look_broke")


class Watches:
    """``say`` sends a stanza without ``to`` to the client."""

    def __init__(
        self, core: Core, hub: Hub, watching: Watching, it: Recognised, names: Names, say: Callable[[str], None]
    ) -> None:
        self._core, self._hub, self._watching, self._it = core, hub, watching, it
        self._names, self._say = names, say
        self._shown: dict[UserId, bool | None] = {}  # what the client was told of them

    async def ask(self, of: Person, *, on: bool) -> None:
        """From now on, or no longer. Refuses with TooManyRequests for too many, with NotFound for another App's."""
        await self._core.limiter.take(limits.ASIDES_PER_SESSION, str(self._it.session.id))
        if of.app_id != self._it.app.id:
            raise NotFound("user")
        key = (of.app_id, of.user_id)
        if not on:
            self._shown.pop(of.user_id, None)
            self._watching.discard(key, self)
            return
        if of.user_id not in self._shown and len(self._shown) >= MOST_WATCHED:
            raise TooManyRequests(limits.MINUTE)
        self._shown[of.user_id] = None
        self._watching.add(key, self)
        await self.look([of.user_id])

    async def look(self, ids: Collection[UserId] | None = None) -> None:
        """Tells what has changed, of these or of everybody. Raises Busy."""
        asked = [id for id in (self._shown if ids is None else ids) if id in self._shown]
        for id, it in (await whereabouts_by(self._core, self._hub, self._it, asked)).items():
            if id in self._shown and self._shown[id] is not it.is_here:
                self._shown[id] = it.is_here
                seconds = 0 if it.is_here else max(1, int((self._core.clock() - it.since).total_seconds()))
                mark = f"{self._core.chance(8).hex()}:status"
                self._say(stanzas.last_activity(self._names.bare(self._it.app.id, id), seconds, mark))

    def close(self) -> None:
        for id in self._shown:
            self._watching.discard((self._it.app.id, id), self)
        self._shown.clear()
