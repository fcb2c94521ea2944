"""Users that were merged into others, and what passes from one to the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ...domain.apps import AppId
from ...domain.conversations import Membership
from ...domain.sessions import SessionId
from ...domain.users import Merge, MergeId, UserId


class Merges(Protocol):
    async def add(self, merge: Merge) -> Merge:
        """Whoever was merged into the source before is merged into the target now, too."""
        ...

    async def get(self, app_id: AppId, id: MergeId) -> Merge | None: ...
    async def of_source(self, app_id: AppId, user_id: UserId) -> Merge | None:
        """What became of a user that is not there any more."""
        ...

    async def of_target(self, app_id: AppId, user_id: UserId, limit: int) -> list[Merge]:
        """Who was merged into the user, the latest first."""
        ...

    async def memberships_of(self, user_id: UserId, limit: int) -> list[Membership]:
        """Some of the user's memberships; whichever are handed over are not among the next."""
        ...

    async def hand_over(self, source: UserId, target: UserId, sessions: Sequence[SessionId]) -> None:
        """Makes these sessions, and whatever else the source wrote and keeps in files, the target's."""
        ...
