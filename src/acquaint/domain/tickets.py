"""A Ticket: single-use, purposed, expiring proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from .apps import AppId
from .errors import TicketRefused
from .sessions import SessionId
from .users import UserId

TicketId = NewType("TicketId", int)


class Purpose(StrEnum):
    """What a ticket is good for. One made for one purpose is nothing for another."""

    LIVE = "live"  # opens one WebSocket, so that no token is in a URL
    NONCE = "nonce"  # makes one signed identity token usable once
    PASSWORD_RESET = "password_reset"
    EMAIL_CONFIRMATION = "email_confirmation"
    RENEWAL = "renewal"  # the next token of one session
    UPLOAD = "upload"  # brings the bytes of one file that was announced
    DOWNLOAD = "download"  # reads one file, until it expires: a link is opened more than once


@dataclass(frozen=True, slots=True)
class Ticket:
    id: TicketId
    app_id: AppId | None  # None: given out before the App was known; whoever redeems it binds it
    purpose: Purpose
    expires_at: datetime
    user_id: UserId | None = None
    session_id: SessionId | None = None
    used_at: datetime | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def consumed(self, now: datetime) -> Ticket:
        """The ticket after its one use; refuses when it was used or its time is over."""
        if self.used_at is not None or now >= self.expires_at:
            raise TicketRefused
        return replace(self, used_at=now)
