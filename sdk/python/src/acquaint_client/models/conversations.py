"""What people say, to whom, and what they keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypedDict

from .people import Assurance, Face, Session

Order = Literal["newest", "oldest"]
MessageKind = Literal["text", "custom"]
ConversationKind = Literal["support", "direct", "group", "channel", "broadcast"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something somebody said."""

    id: str
    conversation_id: str
    author: str
    sender_id: str | None
    text: str
    kind: str
    payload: Mapping[str, Any]
    extras: Mapping[str, Any]
    client_id: str | None
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A user in a conversation."""

    user: Face
    joined_at: datetime
    last_read_id: str | None
    last_received_id: str | None = None
    role: str = "member"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppMember(Member):
    """A user in a conversation, and as whom they came in."""

    assurance: Assurance
    workspace: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What a visitor thought of a conversation that had ended: from 1, poor, to 5, great."""

    score: int
    comment: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Conversation:
    id: str
    kind: str
    title: str | None
    workspace: str | None
    custom: Mapping[str, Any]
    member_count: int
    last_message: Message | None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    description: str | None = None
    avatar_url: str | None = None
    is_managed: bool = False
    operators_read_id: str | None = None
    asks_rating: bool = False
    rating: Rating | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation(_Conversation):
    """A conversation, as somebody in it sees it. 100 unread messages stand for more."""

    members: tuple[Member, ...]
    unread: int
    is_muted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AppConversation(_Conversation):
    """A conversation, as the App sees it. Unread is what its visitor said and your people have not read."""

    members: tuple[AppMember, ...]
    unread: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """How far the user has read; never further back than before."""

    last_read_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedAs:
    """As whom a session's user is in a conversation."""

    assurance: Assurance
    workspace: str | None
    joined_at: datetime
    on_this_device: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Visibility:
    """Whether a session sees a conversation, why, and what was judged."""

    sees: bool
    reason: str
    sentence: str
    session: Session
    conversation_id: str
    membership: JoinedAs | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """How far the user's devices have got it; never further back than before."""

    last_received_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """Who thinks so of a message."""

    sign: str
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMessages:
    """What was found, the newest first. It may be short or empty: ``next`` is ``after`` of the search that goes on."""

    items: tuple[Message, ...]
    looked_at: int
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file that the server keeps. Whoever knows its ``url`` may read it; it is shown this once."""

    id: str
    name: str
    content_type: str  # what its first bytes say
    size: int
    url: str = field(repr=False)
    is_shown_inline: bool
    created_at: datetime


class Looks(TypedDict, total=False):
    """How a conversation looks. In a managed group only its owner and admins change that, and bring members in."""

    title: str | None
    description: str | None
    avatar_url: str | None
    is_managed: bool
