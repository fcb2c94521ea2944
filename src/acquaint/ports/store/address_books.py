"""Address books: whom users know, by number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ...domain.address_book import Entry
from ...domain.apps import AppId
from ...domain.users import UserId


class AddressBooks(Protocol):
    """They go with their users."""

    async def of(self, user_id: UserId) -> list[Entry]:
        """On all devices, by number."""
        ...

    async def put(self, user_id: UserId, entries: Sequence[Entry]) -> None:
        """Adds them, or gives those that are there another name."""
        ...

    async def remove(self, user_id: UserId, entries: Sequence[Entry]) -> None: ...
    async def registered(self, app_id: AppId, user_id: UserId) -> list[tuple[Entry, UserId]]:
        """The entries whose number is another user's, proven: an Identifier, not what somebody says of themselves."""
        ...
