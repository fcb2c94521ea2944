"""What nobody needs any more, found a few rows at a time; and whose turn it is to look.

A walk goes through a table in the order of its keys. Each part of it answers what may go, and where the next part
begins, or None at the end. Whatever may go is judged again in the write that forgets it: somebody may have come back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from ...domain.apps import AppId
from ...domain.events import EventId
from ...domain.places import DeviceId
from ...domain.users import UserId

COUNTED: Final = 1_000_000
"""Rows of a table; of more, this is said."""


@dataclass(frozen=True, slots=True)
class Named:
    """A word, or a device, of an App."""

    app_id: AppId
    text: str


@dataclass(frozen=True, slots=True)
class WalkedNames:
    unneeded: list[Named]
    next: Named | None


@dataclass(frozen=True, slots=True)
class WalkedUsers:
    unneeded: list[UserId]
    next: DeviceId | None


@dataclass(frozen=True, slots=True)
class WalkedEvents:
    unneeded: list[EventId]
    next: EventId | None


class Upkeep(Protocol):
    async def take_turn(self, name: str, *, until: datetime, now: datetime) -> bool:
        """Whether it is the caller's turn, and nobody else's before ``until``. Of many at once, one hears yes."""
        ...

    async def words(self, before: datetime, *, after: Named | None, limit: int) -> WalkedNames:
        """Words first said before the moment, where nothing is on the device that they name.

        A word whose device is not known is never among them.
        """
        ...

    async def forget_word(self, it: Named, before: datetime) -> bool: ...
    async def retired_devices(self, before: datetime, *, after: Named | None, limit: int) -> WalkedNames:
        """Devices left before the moment, on which nothing is any more."""
        ...

    async def forget_retired_device(self, it: Named, before: datetime) -> bool: ...
    async def unused_users(
        self, app_id: AppId, before: datetime, now: datetime, *, after: DeviceId | None, limit: int
    ) -> WalkedUsers:
        """Unverified users who were not seen since ``before``, left nothing behind, and have no session that is open.

        Nothing: no conversation, message, file or identifier. A banned one is never among them.
        """
        ...

    async def is_unused(self, id: UserId, before: datetime, now: datetime) -> bool:
        """The same of one user."""
        ...

    async def old_events(
        self,
        app_id: AppId,
        *,
        audit_before: datetime | None,
        live_before: datetime | None,
        after: EventId | None,
        limit: int,
    ) -> WalkedEvents:
        """The App's Events from before these moments: those of the audit trail, and all others. None: not any."""
        ...

    async def forget_events(self, ids: Sequence[EventId]) -> int:
        """How many of them were there. Nothing can have changed them meanwhile."""
        ...

    async def sizes(self) -> Mapping[str, int]:
        """How many rows tables have that grow with time, counted up to ``COUNTED``; and the bytes of all files."""
        ...
