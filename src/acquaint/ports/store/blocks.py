"""Who does not want to hear from whom."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from ...domain.conversations import ConversationId
from ...domain.users import UserId


class Blocks(Protocol):
    """They go with their users."""

    async def put(self, user_id: UserId, blocked_id: UserId, at: datetime) -> bool:
        """From now on the first does not hear from the second. Answers whether that is new."""
        ...

    async def remove(self, user_id: UserId, blocked_id: UserId) -> bool:
        """Answers whether there was anything to remove."""
        ...

    async def of(self, user_id: UserId, *, skip: int, limit: int) -> list[UserId]:
        """Whom the user blocks, the latest first."""
        ...

    async def count(self, user_id: UserId) -> int: ...
    async def blocking(self, blocked_id: UserId, others: Collection[UserId]) -> set[UserId]:
        """Those of the others who block the user."""
        ...

    async def blocking_in(self, id: ConversationId, blocked_id: UserId) -> list[UserId]:
        """The members of the conversation who block the user."""
        ...

    async def hand_over(self, source: UserId, target: UserId) -> None:
        """What the one blocks, and who blocks them, holds for the other as well."""
        ...
