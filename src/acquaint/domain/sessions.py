"""A Session: a user, or nobody yet, on one device in one workspace, believed this far, until then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NewType

from .apps import AppId
from .errors import SessionEnded, SessionExpired
from .identities import Assurance
from .places import DeviceId, Workspace
from .users import UserId

SessionId = NewType("SessionId", int)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lives: after its last use, and at most. ``None``: no such end."""

    idle: timedelta | None = None
    at_most: timedelta | None = None

    def __post_init__(self) -> None:
        for it in (self.idle, self.at_most):
            if it is not None and it <= timedelta(0):
                raise ValueError("a lifetime is positive")


@dataclass(frozen=True, slots=True)
class Session:
    id: SessionId
    app_id: AppId
    user_id: UserId | None
    device_id: DeviceId | None
    workspace: Workspace | None
    assurance: Assurance
    door: str  # the dialect it was opened through, for people who read lists of sessions
    lifetime: Lifetime
    created_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None = None
    token_expires_at: datetime | None = None  # the session goes on, for who renews its token; None: it has no such end
    renewed_at: datetime | None = None  # when the token was last replaced by another

    @property
    def good_until(self) -> datetime | None:
        """When its token opens nothing any more, if nobody uses or renews it before."""
        return min((it for it in (self.expires_at, self.token_expires_at) if it is not None), default=None)

    @property
    def expires_at(self) -> datetime | None:
        """When it ends if nobody uses it again."""
        ends = []
        if self.lifetime.idle is not None:
            ends.append(self.last_seen_at + self.lifetime.idle)
        if self.lifetime.at_most is not None:
            ends.append(self.created_at + self.lifetime.at_most)
        return min(ends, default=None)

    def check_live(self, now: datetime) -> None:
        """Refuses with SessionEnded or SessionExpired when it no longer is, or its token is no longer good."""
        if self.ended_at is not None:
            raise SessionEnded
        good_until = self.good_until
        if good_until is not None and now >= good_until:
            raise SessionExpired

    def check_renewable(self, now: datetime) -> None:
        """The same, whether or not its token is still good."""
        replace(self, token_expires_at=None).check_live(now)

    def seen(self, now: datetime) -> Session:
        """Every use buys another idle period. Time never runs backwards, whatever the clock does."""
        return replace(self, last_seen_at=max(now, self.last_seen_at))

    def taken_by(self, user_id: UserId, assurance: Assurance, workspace: Workspace | None, now: datetime) -> Session:
        """The same session, and the same token, with somebody in it."""
        return replace(self.seen(now), user_id=user_id, assurance=assurance, workspace=workspace)

    def left(self) -> Session:
        """The same session with nobody in it and no device: what was seen before is not seen again."""
        return replace(self, user_id=None, assurance=Assurance.ANONYMOUS, device_id=None)
