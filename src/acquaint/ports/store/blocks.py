"""Who does not want to hear from whom."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ...domain.conversations import ConversationId
from ...domain.users import UserId


@dataclass(frozen=True, slots=True)
class Block:
    """``is_mutual``: nor does who blocks say anything to the other."""

    by: UserId
    of: UserId
    is_mutual: bool


class Blocks(Protocol):
    """They go with their users."""

    async def put(self, user_id: UserId, blocked_id: UserId, at: datetime, *, is_mutual: bool | None = None) -> bool:
        """From now on the first does not hear from the second. Answers whether that is new.

        Whether a block that is there is mutual stays as it is for None, and is else changed, which is new as well.
        """
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

    async def shunned(self, user_id: UserId, others: Collection[UserId]) -> set[UserId]:
        """Those of the others whom the user blocks mutually."""
        ...

    async def all_of(self, user_id: UserId, *, limit: int) -> list[Block]:
        """All blocks by the user, in no order that matters."""
        ...

    async def between(self, id: ConversationId, user_id: UserId) -> list[Block]:
        """Those by members of the conversation of the user, and by the user of members."""
        ...

    async def hand_over(self, source: UserId, target: UserId) -> None:
        """What the one blocks, and who blocks them, holds for the other as well."""
        ...
