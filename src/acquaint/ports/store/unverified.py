"""What people nobody verified did where the App wants them verified, counted by day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ...domain.apps import AppId


@dataclass(frozen=True, slots=True)
class UnverifiedCount:
    """How often something was done on a day. ``outcome``: refused, or would_refuse where the Policy only reports."""

    day: int  # days since 1970-01-01, in UTC
    door: str
    act: str
    outcome: str
    times: int


class UnverifiedCounts(Protocol):
    async def count(self, app_id: AppId, day: int, *, door: str, act: str, outcome: str) -> None:
        """Once more."""
        ...

    async def since(self, app_id: AppId, day: int) -> list[UnverifiedCount]:
        """Of that day and later ones, the latest first."""
        ...

    async def forget(self, app_id: AppId, before: int) -> None:
        """What was counted on earlier days goes."""
        ...
