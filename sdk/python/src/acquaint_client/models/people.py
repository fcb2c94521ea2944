"""Who somebody is, and the sessions they are in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypedDict

Assurance = Literal["anonymous", "claimed", "verified"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifiers:
    """Names that are proved to be the user's. Each is unique in the App."""

    external_id: str | None = None
    email: str | None = None
    login: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What somebody typed about themselves. Proves nothing and names nobody."""

    name: str | None
    email: str | None
    phone: str | None
    custom: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """What other members of a conversation see of a user."""

    id: str
    name: str | None
    avatar_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnUser:
    """A user, as they see themselves."""

    id: str
    identifiers: Identifiers
    name: str | None
    avatar_url: str | None
    phone: str | None
    custom: Mapping[str, Any]
    claimed: Claimed
    is_verified: bool
    is_guest: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class User(OwnUser):
    """A user, as the App's server sees them."""

    tags: tuple[str, ...]
    standing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownUser:
    """A user that was made or brought up to date."""

    user: User
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A user, or nobody yet, on one device in one workspace, believed this far, until then."""

    id: str
    user_id: str | None
    assurance: Assurance
    workspace: str | None
    door: str
    has_device: bool
    opened_at: datetime
    last_seen_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSession(Session):
    """One of the user's sessions."""

    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentSession:
    """The session one is in, and its user if there is one yet."""

    session: Session
    user: OwnUser | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Somebody was let in. ``token`` and ``device_secret`` are secrets: they stay out of ``repr``."""

    token: str = field(repr=False)
    device_secret: str | None = field(repr=False)
    expires_at: datetime | None
    is_new_user: bool
    session: Session
    user: OwnUser | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOut:
    """Nothing is kept here any more. Whether the server was told: if not, the session ends there by itself."""

    told_server: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTicket:
    """What opens one live connection."""

    ticket: str = field(repr=False)
    path: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MintedChatKey:
    """A user's new password, made for their device. ``text`` is shown this once."""

    user_id: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatKey:
    """Whose password was minted for them, and when."""

    user_id: str
    minted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """One user, who is nobody any more, was merged into another."""

    id: str
    source_id: str
    target_id: str
    merged_at: datetime


class Credential(TypedDict, total=False):
    """Somebody else's credential: ``token`` for most Providers; login, email and password for one of the App's own."""

    token: str
    secret: str
    nonce: str
    project_id: str
    login: str
    email: str
    password: str


class Claims(TypedDict, total=False):
    name: str
    email: str
    phone: str
    custom: Mapping[str, Any]


class OwnChange(TypedDict, total=False):
    name: str | None
    avatar_url: str | None
    phone: str | None
    custom: Mapping[str, Any]


class UserChange(TypedDict, total=False):
    name: str | None
    avatar_url: str | None
    phone: str | None
    custom: Mapping[str, Any]
    tags: list[str]


class UserSearch(TypedDict, total=False):
    """Users who meet all of it. What somebody merely claims finds them only while nobody has proved to own it."""

    login: str
    email: str
    phone: str
    external_id: str
    name: str
    name_starts_with: str
    tag: str
    seen_since: datetime
    created_since: datetime
