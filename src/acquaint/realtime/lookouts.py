"""Who wants to know whose whereabouts change. They are told of many at once, and only once in a while."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from ..domain.apps import AppId
from ..domain.errors import Busy
from ..domain.users import UserId
from ..services.live import LookOut

PAUSE: Final = 1.0
"""Seconds between two rounds. Against a client that comes and goes as fast as it can, each time told to all who watch
it; longer would show people late."""

MOST_CHANGED: Final = 10_000  # users, between two rounds; of others it is seen when their watchers look by themselves

log = structlog.get_logger()


class Lookouts:
    def __init__(self) -> None:
        self._all: list[LookOut] = []
        self._changed: dict[AppId, set[UserId]] = {}
        self._count = 0
        self._is_telling = False

    def add(self, look_out: LookOut) -> None:
        self._all.append(look_out)

    def note(self, app_id: AppId, user_id: UserId) -> bool:
        """Whether ``tell`` is to be started."""
        if not self._all or self._count >= MOST_CHANGED:
            return False
        theirs = self._changed.setdefault(app_id, set())
        self._count += user_id not in theirs
        theirs.add(user_id)
        starts, self._is_telling = not self._is_telling, True
        return starts

    async def tell(self) -> None:
        """Until nothing changes any more. Never raises."""
        try:
            while self._changed:
                changed, self._changed, self._count = self._changed, {}, 0
                for app_id, user_ids in changed.items():
                    for look_out in self._all:
                        await _try(look_out, app_id, user_ids)
                await asyncio.sleep(PAUSE)
        finally:
            self._is_telling = False


async def _try(look_out: LookOut, app_id: AppId, user_ids: set[UserId]) -> None:
    try:
        await look_out(app_id, frozenset(user_ids))
    except Busy:
        return  # they look by themselves a little later
    except Exception:
        log.exception("look_out_broke")
