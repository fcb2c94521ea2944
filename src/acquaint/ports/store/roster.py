"""The App's users as a list with numbered pages, for servers that keep records of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ...domain.apps import AppId
from ...domain.conversations import Conversation
from ...domain.listings import Between
from ...domain.places import DeviceId
from ...domain.users import User, UserId


@dataclass(frozen=True, slots=True)
class ConversationCounts:
    """How many conversations somebody is in, and how many of those are closed."""

    every: int = 0
    closed: int = 0


@dataclass(frozen=True, slots=True)
class ConversationsOf:
    """Which conversations of a user are wanted: open ones, those changed since, those they joined on a device."""

    user_id: UserId
    only_open: bool = False
    since: datetime | None = None
    device_id: DeviceId | None = None


class Roster(Protocol):
    async def listed(
        self, app_id: AppId, created: Between, *, skip: int, limit: int, newest_first: bool = True
    ) -> list[User]:
        """Those made in this time, in the order they were made."""
        ...

    async def count(self, app_id: AppId, created: Between) -> int: ...
    async def conversation_counts(self, app_id: AppId, ids: Collection[UserId]) -> dict[UserId, ConversationCounts]:
        """Of each of them who is in a conversation, verified or not."""
        ...

    async def conversations_of(
        self, app_id: AppId, asked: ConversationsOf, *, skip: int, limit: int
    ) -> list[Conversation]:
        """Those the user is in, whoever may see them, the one with the latest message first."""
        ...

    async def count_conversations_of(self, app_id: AppId, asked: ConversationsOf) -> int: ...
