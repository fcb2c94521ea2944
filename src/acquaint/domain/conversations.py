"""Conversations, who is in them, and who may see them.

Conversation, Membership, Message    what people say, and as whom they said it
Visibility                           what a session may see, as plain data; it judges memberships
visibility_of                        the visibility a session has
adopted                              giving a device's anonymous memberships to who signs in on it
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Final, NewType

from .apps import AppId
from .errors import ConversationClosed, Unacceptable
from .identities import Assurance
from .places import DeviceId, Workspace
from .sessions import Session
from .users import UserId

ConversationId = NewType("ConversationId", int)
MessageId = NewType("MessageId", int)

LONGEST_TEXT: Final = 20_000
LONGEST_TITLE: Final = 255
MOST_MEMBERS: Final = 1_000


class ConversationKind(StrEnum):
    """What a conversation is between."""

    SUPPORT = "support"  # a visitor and the App's operators
    DIRECT = "direct"  # two users
    GROUP = "group"  # users who were added
    CHANNEL = "channel"  # users who came


@dataclass(frozen=True, slots=True)
class Membership:
    """One user in one conversation, with the assurance, device and workspace they came in with."""

    conversation_id: ConversationId
    user_id: UserId
    assurance: Assurance
    device_id: DeviceId | None
    workspace: Workspace | None
    joined_at: datetime
    last_read_id: MessageId | None = None
    last_received_id: MessageId | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    id: ConversationId
    app_id: AppId
    kind: ConversationKind
    workspace: Workspace | None
    created_at: datetime
    updated_at: datetime
    title: str | None = None
    unique_id: str | None = None  # a name the App gave it; unique in the App
    custom: Mapping[str, Any] = field(default_factory=dict)
    last_message_id: MessageId | None = None
    closed_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.title is not None and len(self.title) > LONGEST_TITLE:
            raise Unacceptable("title", f"is longer than {LONGEST_TITLE} characters")

    def check_open(self) -> None:
        """Refuses with ConversationClosed when nothing can be said any more."""
        if self.closed_at is not None:
            raise ConversationClosed


class Author(StrEnum):
    """Who a message is from."""

    USER = "user"
    OPERATOR = "operator"
    APP = "app"


@dataclass(frozen=True, slots=True)
class Message:
    id: MessageId
    conversation_id: ConversationId
    author: Author
    sender_id: UserId | None  # the user who wrote it; None for an operator, the App, or a deleted user
    text: str
    created_at: datetime
    kind: str = "text"
    payload: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)
    client_id: str | None = None  # the sender's own id for it: posting it again posts nothing
    edited_at: datetime | None = None
    deleted_at: datetime | None = None

    def __post_init__(self) -> None:
        if len(self.text) > LONGEST_TEXT:
            raise Unacceptable("text", f"is longer than {LONGEST_TEXT} characters")
        if self.client_id is not None and not 0 < len(self.client_id) <= 255:
            raise Unacceptable("client_id", "must have 1 to 255 characters")


class Reason(Enum):
    """Why a session can, or cannot, see a conversation. Value: whether it can, and the sentence that says so."""

    VERIFIED_MEMBER = True, "The session is verified and its user joined the conversation verified."
    THIS_DEVICE = True, "The conversation was joined unverified on this very device."
    OTHER_APP = False, "The conversation belongs to another App."
    NOBODY_YET = False, "The session has nobody in it yet, so nothing can be theirs."
    NOT_A_MEMBER = False, "The session's user is not in the conversation."
    OTHER_WORKSPACE = False, "The user is in the conversation in another workspace."
    NOT_VERIFIED = (
        False,
        "The conversation was joined verified and the session is not: verified history is never shown to it.",
    )
    JOINED_UNVERIFIED = False, "The session is verified and the conversation was joined unverified and not adopted."
    OTHER_DEVICE = False, "The conversation was joined unverified on another device."
    NO_DEVICE = False, "The session names no device, and unverified history belongs to a device."
    SESSION_OVER = False, "The session has ended or expired, so it sees nothing any more."

    @property
    def sees(self) -> bool:
        return bool(self.value[0])

    @property
    def sentence(self) -> str:
        return str(self.value[1])


@dataclass(frozen=True, slots=True)
class Visibility:
    """What a session may see, as plain data: storage reads it as a query, tests as a predicate.

    ``every_workspace`` must be said; no workspace means the conversations without one.
    """

    app_id: AppId
    user_id: UserId | None
    verified: bool
    device_id: DeviceId | None
    workspace: Workspace | None
    every_workspace: bool = False

    def judge(self, conversation: Conversation, memberships: Iterable[Membership]) -> Reason:
        """Whether the conversation is seen, and why."""
        if conversation.app_id != self.app_id:
            return Reason.OTHER_APP
        if self.user_id is None:
            return Reason.NOBODY_YET
        mine = next((it for it in memberships if it.user_id == self.user_id), None)
        if mine is None or mine.conversation_id != conversation.id:
            return Reason.NOT_A_MEMBER
        if not self.every_workspace and mine.workspace != self.workspace:
            return Reason.OTHER_WORKSPACE
        joined_verified = mine.assurance is Assurance.VERIFIED
        if self.verified:
            return Reason.VERIFIED_MEMBER if joined_verified else Reason.JOINED_UNVERIFIED
        if joined_verified:
            return Reason.NOT_VERIFIED
        if self.device_id is None:
            return Reason.NO_DEVICE
        return Reason.THIS_DEVICE if mine.device_id == self.device_id else Reason.OTHER_DEVICE

    def covers(self, conversation: Conversation, memberships: Iterable[Membership]) -> bool:
        """Whether the conversation is seen."""
        return self.judge(conversation, memberships).sees


def visibility_of(session: Session, *, every_workspace: bool = False) -> Visibility:
    """A verified user sees their verified history on every device.

    Anybody else sees what was said unverified, on this device. Verified history is never shown to
    an unverified session, not even on the device it was written on; and a session with no device
    or nobody in it sees nothing rather than everything.
    """
    return Visibility(
        session.app_id,
        session.user_id,
        verified=session.assurance is Assurance.VERIFIED,
        device_id=session.device_id,
        workspace=session.workspace,
        every_workspace=every_workspace and session.assurance is Assurance.VERIFIED,
    )


def adopted(left_behind: Iterable[Membership], by: Session) -> list[Membership]:
    """A device's anonymous memberships as those of the person who just signed in on it.

    Only anonymous ones of this very device: a conversation that somebody *claimed* may be somebody
    else's, and signing in must never show it to the wrong person.
    """
    if by.device_id is None or by.user_id is None or by.assurance is not Assurance.VERIFIED:
        return []
    return [
        replace(it, user_id=by.user_id, assurance=by.assurance)
        for it in left_behind
        if it.assurance is Assurance.ANONYMOUS and it.device_id == by.device_id
    ]
