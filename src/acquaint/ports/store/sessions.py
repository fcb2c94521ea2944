"""Sessions and tickets, and what a token opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ...domain.apps import App, AppId
from ...domain.places import DeviceId
from ...domain.sessions import Session, SessionId
from ...domain.tickets import Purpose, Ticket
from ...domain.users import User, UserId


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a token opens, read in one go: the hot path asks for all of it."""

    session: Session
    app: App
    user: User | None


class Sessions(Protocol):
    async def add(self, session: Session, fingerprint: str) -> Session: ...
    async def recognise(self, fingerprint: str) -> Recognised | None:
        """Ended sessions too: they say how they refuse."""
        ...

    async def recognise_renewed(self, fingerprint: str) -> Recognised | None:
        """The same for the token that a session had before the one it has."""
        ...

    async def renew(self, session: Session, fingerprint: str) -> None:
        """From now on it goes by another token: keeps that, and the session's ``token_expires_at`` and ``renewed_at``.

        Busy when it ended since it was read.
        """
        ...

    async def expire_token(self, id: SessionId, now: datetime) -> None:
        """Its token opens nothing any more."""
        ...

    async def get(self, app_id: AppId, id: SessionId) -> Session | None: ...
    async def save(self, session: Session) -> None:
        """All but its token's times. Busy when somebody else proved to be in it since it was read."""
        ...

    async def of_user(self, user_id: UserId) -> list[Session]:
        """Those not ended, newest first."""
        ...

    async def crowded_out(self, user_id: UserId, most: int) -> list[Session]:
        """Those of the user's not ended that are too many: all but the ``most`` last used."""
        ...

    async def end(self, ids: Sequence[SessionId], now: datetime) -> None: ...
    async def unverified_on(self, app_id: AppId, device_id: DeviceId) -> list[Session]:
        """Those not ended that are not verified."""
        ...

    async def sweep(self, before: datetime, limit: int) -> int:
        """Deletes up to ``limit`` sessions that ended, or cannot live any more, before the moment; answers how many."""
        ...


class Tickets(Protocol):
    async def add(self, ticket: Ticket, fingerprint: str) -> Ticket: ...
    async def take(self, purpose: Purpose, fingerprint: str, now: datetime) -> Ticket | None:
        """Spends the ticket in one step; None when unknown, spent or expired. Of many at once, one gets it."""
        ...

    async def find(self, purpose: Purpose, fingerprint: str, now: datetime) -> Ticket | None:
        """The ticket, which stays unspent; None when unknown, spent or expired."""
        ...

    async def known(self, purpose: Purpose, fingerprint: str) -> Ticket | None:
        """The ticket, spent and expired or not."""
        ...

    async def void(self, user_id: UserId, purpose: Purpose) -> None:
        """Spends all of the user's tickets of this purpose."""
        ...

    async def sweep(self, before: datetime, limit: int) -> int:
        """Deletes up to ``limit`` tickets that expired before the moment; answers how many."""
        ...
