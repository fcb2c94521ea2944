"""Where sessions are notified."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ...domain.apps import AppId
from ...domain.push import Platform, PushAddress
from ...domain.sessions import SessionId
from ...domain.users import UserId


class PushAddresses(Protocol):
    """They go with their sessions."""

    async def put(self, address: PushAddress) -> None:
        """Adds it, or moves it to this session: a device has one owner at a time."""
        ...

    async def remove(self, session_id: SessionId, platform: Platform | None, token: str) -> bool:
        """Answers whether the session had it."""
        ...

    async def of_session(self, session_id: SessionId) -> list[PushAddress]:
        """The oldest first."""
        ...

    async def of_user(self, app_id: AppId, user_id: UserId) -> list[PushAddress]:
        """Of all sessions of the user's that have not ended."""
        ...

    async def forget(self, sessions: Sequence[SessionId]) -> None:
        """All of these sessions' addresses."""
        ...
