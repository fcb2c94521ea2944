"""Conversations, who is in them, and who may see them.

Conversation, Membership, Message    what people say, and as whom they said it; who may change what is in members.py
Reaction, Tally                      what somebody thinks of a message, in one sign; how many do
Visibility                           what a session may see, as plain data; it judges memberships
visibility_of                        the visibility a session has
adopted                              giving a device's anonymous memberships to who signs in on it
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, IntEnum, StrEnum
from typing import Any, Final, NewType

from .apps import AppId
from .errors import ConversationClosed, NotAllowed, NotFound, Unacceptable
from .identities import LONGEST_URL, Assurance
from .places import DeviceId, Workspace
from .sessions import Session
from .users import UserId

ConversationId = NewType("ConversationId", int)
MessageId = NewType("MessageId", int)

LONGEST_TEXT: Final = 20_000
LONGEST_TITLE: Final = 255
LONGEST_DESCRIPTION: Final = 2_000
LEAST_NAME: Final = 16
"""Characters from which on a client id is a name: too long to be met by chance, so that others may say it, too."""
LONGEST_REACTION: Final = 32  # characters: an emoji of a family has eleven
MOST_MEMBERS: Final = 1_000
MOST_PINNED: Final = 50
MOST_REACTIONS: Final = 5  # of one user to one message
MOST_SIGNS: Final = 50  # different ones, to one message
BEST_SCORE: Final = 5  # as OpenCX and Kustomer ask it
LONGEST_COMMENT: Final = 2_000  # characters that go with a rating


class ConversationKind(StrEnum):
    """What a conversation is between."""

    SUPPORT = "support"  # a visitor and the App's operators
    DIRECT = "direct"  # two users
    GROUP = "group"  # users who were added
    CHANNEL = "channel"  # users who came
    BROADCAST = "broadcast"  # a channel in which only its owner and admins speak


class MemberRole(IntEnum):
    """What a member is to a conversation. Ordered; what each may do is in members.py."""

    MEMBER = 0
    ADMIN = 1
    OWNER = 2


@dataclass(frozen=True, slots=True)
class Membership:
    """One user in one conversation, with the assurance, device and workspace they came in with.

    What they cleared they never see again, up to and including ``cleared_up_to``. A conversation they hid is not
    listed until something is said beyond ``hidden_up_to``. Both are their own affair: nobody else notices.
    """

    conversation_id: ConversationId
    user_id: UserId
    assurance: Assurance
    device_id: DeviceId | None
    workspace: Workspace | None
    joined_at: datetime
    last_read_id: MessageId | None = None
    last_received_id: MessageId | None = None
    role: MemberRole = MemberRole.MEMBER
    cleared_up_to: MessageId | None = None
    hidden_up_to: int | None = None  # the conversation's last message, or itself where nothing was said
    is_muted: bool = False

    def may_read(self, id: MessageId) -> bool:
        """Whether the message is beyond what they cleared."""
        return self.cleared_up_to is None or id > self.cleared_up_to

    def has_read(self, message: Message) -> bool:
        return message.sender_id == self.user_id or _reached(self.last_read_id, message.id)

    def has_received(self, message: Message) -> bool:
        return self.has_read(message) or _reached(self.last_received_id, message.id)


@dataclass(frozen=True, slots=True)
class Rating:
    """What a visitor thought of a conversation that had ended: from 1, poor, to 5, great."""

    score: int
    at: datetime
    comment: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.score <= BEST_SCORE:
            raise Unacceptable("score", f"must be from 1 to {BEST_SCORE}")
        if self.comment is not None and len(self.comment) > LONGEST_COMMENT:
            raise Unacceptable("comment", f"is longer than {LONGEST_COMMENT} characters")

    def then(self, later: Rating) -> Rating:
        """The two as one. It is given once: a comment may follow, a change of mind may not (NotAllowed)."""
        if later.score != self.score or self.comment not in (None, later.comment or self.comment):
            raise NotAllowed
        return replace(self, comment=self.comment or later.comment)


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
    description: str | None = None
    avatar_url: str | None = None
    is_managed: bool = False  # of a group: only its owner and admins add members and change what it is called
    pinned: tuple[MessageId, ...] = ()
    by_door: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # what only one dialect has a word for
    operators_read_id: MessageId | None = None  # how far the App's people have read
    asks_rating: bool = False  # whether its visitor is to be asked what they thought of it
    rating: Rating | None = None

    def __post_init__(self) -> None:
        for name, text, longest in (
            ("title", self.title, LONGEST_TITLE),
            ("description", self.description, LONGEST_DESCRIPTION),
            ("avatar_url", self.avatar_url, LONGEST_URL),
        ):
            if text is not None and len(text) > longest:
                raise Unacceptable(name, f"is longer than {longest} characters")
        if self.avatar_url is not None and not self.avatar_url.startswith(("https://", "http://")):
            raise Unacceptable("avatar_url", "must begin with https:// or http://")
        if len(self.pinned) > MOST_PINNED:
            raise Unacceptable("pinned", f"are more than {MOST_PINNED}")

    @property
    def latest_id(self) -> int:
        """Where it stands in lists: its last message, or itself where nothing was said."""
        return self.id if self.last_message_id is None else self.last_message_id

    @property
    def is_rated(self) -> bool:
        """Whether it was rated since it was closed: whoever opens it again may ask again."""
        return self.rating is not None and self.closed_at is not None and self.rating.at >= self.closed_at

    def rated(self, rating: Rating) -> Conversation:
        """Refuses with NotAllowed while the conversation goes on, and a second rating that contradicts the first."""
        if self.closed_at is None:
            raise NotAllowed
        given = self.rating.then(rating) if self.rating is not None and self.is_rated else rating
        return replace(self, rating=given, asks_rating=False)

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

    @property
    def name(self) -> str | None:
        """What anybody may call it by: nobody else's message in the conversation is called so."""
        return self.client_id if self.client_id is not None and len(self.client_id) >= LEAST_NAME else None

    @property
    def changed_at(self) -> datetime:
        """When it last became what it is."""
        return self.deleted_at or self.edited_at or self.created_at

    def check_of(self, user_id: UserId) -> None:
        """Refuses with NotFound for a message that was deleted, with NotAllowed for somebody else's."""
        if self.deleted_at is not None:
            raise NotFound("message")
        if self.sender_id != user_id:
            raise NotAllowed

    def deleted(self, now: datetime) -> Message:
        """What is left of it: that it was there. Its client id stays, so that sending it again says nothing."""
        return replace(self, text="", payload={}, extras={}, deleted_at=self.deleted_at or now)


@dataclass(frozen=True, slots=True)
class Reaction:
    """What somebody thinks of a message, in one sign."""

    message_id: MessageId
    user_id: UserId
    sign: str

    def __post_init__(self) -> None:
        if not 0 < len(self.sign) <= LONGEST_REACTION or any(it.isspace() or it < " " for it in self.sign):
            raise Unacceptable("reaction", f"must be a sign of at most {LONGEST_REACTION} characters")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many people thought so of a message, and whether somebody is among them."""

    sign: str
    count: int
    is_own: bool


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


def _reached(mark: MessageId | None, id: MessageId) -> bool:
    return mark is not None and mark >= id


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
