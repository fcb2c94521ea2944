"""A User: one person in one App. A Merge: two of them turned out to be one person."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType

from .apps import AppId
from .identities import Assurance, Identifier, IdentifierKind, Identity, Profile
from .places import DeviceId

UserId = NewType("UserId", int)
MergeId = NewType("MergeId", int)


class Standing(StrEnum):
    """Whether the App lets the user in."""

    ACTIVE = "active"
    BANNED = "banned"


@dataclass(frozen=True, slots=True)
class User:
    id: UserId
    app_id: AppId
    identifiers: tuple[Identifier, ...]
    profile: Profile
    created_at: datetime
    updated_at: datetime
    device_id: DeviceId | None = None  # set while nobody verified the user: they are whoever holds the device
    is_guest: bool = False
    is_vouched: bool = False  # the App itself has said who this is; until then it is whoever registered first
    standing: Standing = field(default=Standing.ACTIVE)
    last_seen_at: datetime | None = None  # as far as it is written down, which takes up to a minute; never saved

    @classmethod
    def from_identity(
        cls, id: UserId, app_id: AppId, identity: Identity, *, device_id: DeviceId | None, is_guest: bool, now: datetime
    ) -> User:
        """A new user. Only a verified identity brings identifiers; any other one is tied to the device."""
        verified = identity.assurance is Assurance.VERIFIED
        if not verified and device_id is None:
            raise ValueError("an unverified user belongs to a device")
        return cls(
            id,
            app_id,
            identity.identifiers,
            Profile().changed(identity.profile).claiming(identity.claimed),
            created_at=now,
            updated_at=now,
            device_id=None if verified else device_id,
            is_guest=is_guest,
            is_vouched=identity.is_vouched,
        )

    @property
    def is_verified(self) -> bool:
        """Whether somebody proved to be this user; an unverified user belongs to a device or a guest session."""
        return self.device_id is None and not self.is_guest

    @property
    def may_act(self) -> bool:
        """Whether any path may serve this user. Every path asks this one."""
        return self.standing is Standing.ACTIVE

    def known_as(self, kind: IdentifierKind) -> str | None:
        """The user's identifier of this kind, if they have one."""
        return next((it.value for it in self.identifiers if it.kind is kind), None)

    @property
    def unproven_email(self) -> str | None:
        """The address that the user gives and has not proved, if the App does not say itself who they are."""
        typed = self.profile.claimed.email
        if typed is None or self.is_vouched or not self.is_verified:
            return None
        return typed if typed != self.known_as(IdentifierKind.EMAIL) else None

    @property
    def is_by_unproven_email(self) -> bool:
        """Whether they registered with the address, and nobody proved any of theirs. One they gave later is no name."""
        typed = self.unproven_email
        if typed is None or self.known_as(IdentifierKind.EMAIL) is not None:
            return False
        return Identifier.login(typed) in self.identifiers

    def with_proven_email(self, now: datetime) -> User:
        """The user after they proved the address that they give. One of before is theirs no longer, nor a login."""
        proven, before = self.unproven_email, self.known_as(IdentifierKind.EMAIL)
        if proven is None:
            return self
        gone = set() if before is None else {Identifier.email(before), Identifier.login(before)}
        identifiers = tuple(it for it in self.identifiers if it not in gone)
        return replace(self, identifiers=(*identifiers, Identifier.email(proven)), updated_at=now)

    def met_again(self, identity: Identity, *, now: datetime) -> User:
        """The user after the same person came with a newer profile."""
        profile = self.profile.changed(identity.profile).claiming(identity.claimed)
        return self if profile == self.profile else replace(self, profile=profile, updated_at=now)

    def absorbing(self, other: User, *, now: datetime) -> User:
        """The user after another one turned out to be the same person, and has gone.

        What this user has wins, everywhere; their other identifiers are further ones. What the other was not proved to
        be stays a claim.
        """
        return replace(
            self,
            identifiers=tuple(dict.fromkeys(self.identifiers + other.identifiers)),
            profile=self.profile.absorbing(other.profile),
            created_at=min(self.created_at, other.created_at),
            updated_at=now,
        )


@dataclass(frozen=True, slots=True)
class Merge:
    """One user was merged into another, and what named them names that one."""

    id: MergeId
    app_id: AppId
    source_id: UserId  # is not there any more
    target_id: UserId
    at: datetime
