"""Conversations and messages, as those in them and as the App's server sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ....domain import conversations as domain
from ....domain.errors import Unacceptable
from ....domain.members import owner_of
from ....domain.paging import Page
from ....domain.sessions import Session
from ....domain.users import User, UserId
from ....services.conversations import Explanation, Seen
from ....services.messages import Draft
from . import ratings, sessions, users, values
from .users import Face
from .values import Id, Moment, Paging, Sent, Shown, Text, Title

LARGEST_PAYLOAD = 16_384
"""Bytes of JSON, as at the other doors: what is larger is a file. Whoever reads a page reads a hundred of them."""
SHOWN_IN_LISTS = 10  # members: enough to name a conversation after them

Kind = Literal["support", "direct", "group", "channel", "broadcast"]
Author = Literal["user", "operator", "app"]
Role = Literal["member", "admin", "owner"]
Viewer = UserId | Literal["app"]


class NewMessage(Sent):
    """Something to be said."""

    text: Text
    kind: Annotated[Literal["text", "custom"], Meta(description="``custom`` says that ``payload`` is the point.")] = (
        "text"
    )
    payload: Annotated[
        dict[str, Any] | UnsetType, Meta(description="Data that belongs to the message, at most 16 KiB.")
    ] = UNSET
    client_id: Annotated[
        Annotated[str, Meta(min_length=1, max_length=255)] | UnsetType,
        Meta(
            description="Your own id for it: sending it again posts nothing and answers the same message. One of 16 "
            "characters or more is nobody else's in the conversation."
        ),
    ] = UNSET

    def draft(self) -> Draft:
        return Draft(
            self.text,
            self.kind,
            payload_in(self.payload) or {},
            client_id=None if isinstance(self.client_id, UnsetType) else self.client_id,
        )


def payload_in(sent: dict[str, Any] | UnsetType) -> dict[str, Any] | None:
    """None where there is none. Refuses with Unacceptable."""
    if isinstance(sent, UnsetType):
        return None
    if len(msgspec.json.encode(sent)) > LARGEST_PAYLOAD:
        raise Unacceptable("payload", f"is larger than {LARGEST_PAYLOAD} bytes")
    return sent


class Answer(NewMessage):
    """Something to be said by the App's people, or by the App itself."""

    author: Literal["operator", "app"] = "operator"


class NewConversation(Sent):
    """A conversation to be started. ``direct`` with somebody you already have one with answers that one."""

    kind: Annotated[
        Kind,
        Meta(
            description="Everybody in the App may join a channel; in a ``broadcast`` only its owner and admins speak."
        ),
    ] = "support"
    title: Title | UnsetType = UNSET
    users: Annotated[
        Annotated[list[Id], Meta(max_length=999)] | UnsetType,
        Meta(description="Others to bring in. Needs a verified session; each must be a verified user."),
    ] = UNSET
    message: Annotated[NewMessage | UnsetType, Meta(description="The first message.")] = UNSET


class ConversationChange(Sent):
    """Whether anything more can be said."""

    is_closed: bool
    asks_rating: Annotated[
        bool | UnsetType,
        Meta(description="Whether its visitor is to be asked what they thought of it; only with ``is_closed``."),
    ] = UNSET


class ReadMark(Sent):
    """How far somebody has read."""

    up_to: Annotated[Id, Meta(description="The last message that was read.")]


class HistoryPaging(Paging):
    """Which part of a history is wanted."""

    order: Annotated[Literal["newest", "oldest"], Meta(description="Which come first.")] = "newest"


class OfSession(Sent):
    """Whose sight is asked about."""

    session: Annotated[Id, Meta(description="The session.")]


class Message(Shown):
    """Something somebody said."""

    id: Id
    conversation_id: Id
    author: Author
    sender_id: Annotated[Id | None, Meta(description="Null for operators, the App, and users who were deleted.")]
    text: str
    kind: str
    payload: dict[str, Any]
    extras: dict[str, Any]
    client_id: Annotated[str | None, Meta(description="Shown to its sender, and to the App.")]
    created_at: Moment
    edited_at: Moment | None
    deleted_at: Moment | None


class MessagePage(Shown):
    """Part of a history, in the order that was asked for."""

    items: list[Message]
    next: Annotated[Id | None, Meta(description=values.NEXT)]


class Member(Shown):
    """A user in a conversation."""

    user: Face
    joined_at: Moment
    last_read_id: Annotated[Id | None, Meta(description="The last message they have read.")]
    last_received_id: Annotated[Id | None, Meta(description="The last message that reached one of their devices.")]
    role: Role


class AppMember(Member):
    """A user in a conversation, and as whom they came in."""

    assurance: sessions.Assurance
    workspace: str | None


class _Conversation(Shown):
    id: Id
    kind: Kind
    title: str | None
    description: str | None
    avatar_url: str | None
    is_managed: Annotated[bool, Meta(description="Only its owner and admins add members and change how it looks.")]
    workspace: str | None
    custom: dict[str, Any]
    member_count: int
    last_message: Message | None
    created_at: Moment
    updated_at: Moment
    closed_at: Moment | None
    operators_read_id: Annotated[Id | None, Meta(description="The last message that the App's people have read.")]
    asks_rating: Annotated[bool, Meta(description="Whether the App asks its visitor what they thought of it.")]
    rating: ratings.Rating | None


class Conversation(_Conversation):
    """A conversation, as somebody in it sees it."""

    members: Annotated[list[Member], Meta(description=f"In lists, at most the first {SHOWN_IN_LISTS}.")]
    unread: Annotated[int, Meta(description="Messages of others beyond the read mark; 100 stands for more.")]
    is_muted: Annotated[bool, Meta(description="Whether one does not want to be notified.")]


class ConversationPage(Shown):
    """Conversations, the one with the latest message first."""

    items: list[Conversation]
    next: Annotated[Id | None, Meta(description=values.NEXT)]


class AppConversation(_Conversation):
    """A conversation, as the App sees it."""

    members: Annotated[list[AppMember], Meta(description=f"In lists, at most the first {SHOWN_IN_LISTS}.")]
    unread: Annotated[
        int, Meta(description="What its visitor said and the App's people have not read; 100 stands for more.")
    ]


class AppConversationPage(Shown):
    """Conversations of the App, the one with the latest message first."""

    items: list[AppConversation]
    next: Annotated[Id | None, Meta(description=values.NEXT)]


class Read(Shown):
    """How far the user has read; never further back than before."""

    last_read_id: Id


class JoinedAs(Shown):
    """As whom the session's user is in the conversation."""

    assurance: sessions.Assurance
    workspace: str | None
    joined_at: Moment
    on_this_device: Annotated[bool, Meta(description="Whether they joined on the session's device.")]


class Visibility(Shown):
    """Whether a session sees a conversation, why, and what was judged."""

    sees: bool
    reason: str
    sentence: Annotated[str, Meta(description="The reason, for people.")]
    session: sessions.Session
    conversation_id: Id
    membership: Annotated[JoinedAs | None, Meta(description="Null when its user is not in the conversation.")]


def message(it: domain.Message, viewer: Viewer) -> Message:
    """The message, as a user sees it or the App."""
    return Message(
        id=str(it.id),
        conversation_id=str(it.conversation_id),
        author=it.author.value,
        sender_id=values.optional_id(it.sender_id),
        text=it.text,
        kind=it.kind,
        payload=dict(it.payload),
        extras=dict(it.extras),
        client_id=it.client_id if viewer in ("app", it.sender_id) else None,
        created_at=values.moment(it.created_at),
        edited_at=values.optional_moment(it.edited_at),
        deleted_at=values.optional_moment(it.deleted_at),
    )


def messages(page: Page[domain.Message], viewer: Viewer) -> MessagePage:
    return MessagePage(items=[message(it, viewer) for it in page.items], next=values.optional_id(page.next))


def conversation(it: Seen, faces: Mapping[UserId, User], viewer: Viewer, most: int | None = None) -> Conversation:
    owner = _owner(it)
    members = [
        Member(
            user=users.face(faces[member.user_id]),
            joined_at=values.moment(member.joined_at),
            last_read_id=values.optional_id(member.last_read_id),
            last_received_id=values.optional_id(member.last_received_id),
            role=_role(member, owner),
        )
        for member in it.members[:most]
        if member.user_id in faces
    ]
    is_muted = any(member.is_muted for member in it.members if member.user_id == viewer)
    return Conversation(**_shared(it, viewer), members=members, unread=it.unread, is_muted=is_muted)


def app_conversation(it: Seen, faces: Mapping[UserId, User], most: int | None = None) -> AppConversation:
    owner = _owner(it)
    members = [
        AppMember(
            user=users.face(faces[member.user_id]),
            joined_at=values.moment(member.joined_at),
            last_read_id=values.optional_id(member.last_read_id),
            last_received_id=values.optional_id(member.last_received_id),
            role=_role(member, owner),
            assurance=sessions.assurance(member.assurance),
            workspace=member.workspace,
        )
        for member in it.members[:most]
        if member.user_id in faces
    ]
    return AppConversation(**_shared(it, "app"), members=members, unread=it.unread)


def visibility(it: Explanation) -> Visibility:
    return Visibility(
        sees=it.reason.sees,
        reason=it.reason.name.lower(),
        sentence=it.reason.sentence,
        session=sessions.session(it.session),
        conversation_id=str(it.conversation.id),
        membership=None if it.membership is None else _joined_as(it.membership, it.session),
    )


def _role(member: domain.Membership, owner: UserId | None) -> Role:
    if member.user_id == owner:
        return "owner"
    return "admin" if member.role is domain.MemberRole.ADMIN else "member"


def _owner(it: Seen) -> UserId | None:
    """Nobody's are direct conversations, whose two are equals, and what is said with the App's people."""
    if it.conversation.kind in (domain.ConversationKind.DIRECT, domain.ConversationKind.SUPPORT):
        return None
    owner = owner_of(it.members)
    return None if owner is None else owner.user_id


def _joined_as(it: domain.Membership, session: Session) -> JoinedAs:
    return JoinedAs(
        assurance=sessions.assurance(it.assurance),
        workspace=it.workspace,
        joined_at=values.moment(it.joined_at),
        on_this_device=it.device_id is not None and it.device_id == session.device_id,
    )


def _shared(it: Seen, viewer: Viewer) -> dict[str, Any]:
    found = it.conversation
    return {
        "id": str(found.id),
        "kind": found.kind.value,
        "title": found.title,
        "description": found.description,
        "avatar_url": found.avatar_url,
        "is_managed": found.is_managed,
        "workspace": found.workspace,
        "custom": dict(found.custom),
        "member_count": len(it.members),
        "last_message": it.last_message and message(it.last_message, viewer),
        "created_at": values.moment(found.created_at),
        "updated_at": values.moment(found.updated_at),
        "closed_at": values.optional_moment(found.closed_at),
        "operators_read_id": values.optional_id(found.operators_read_id),
        "asks_rating": found.asks_rating and not found.is_rated,
        "rating": found.rating and ratings.rating(found.rating),
    }
