"""What the server shows, as values. Names are the server's own; fields of later versions are left out.

``read`` makes one of JSON, ``plain`` makes JSON of one. Ids are texts; moments are aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Generic, Literal, TypedDict, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")

Assurance = Literal["anonymous", "claimed", "verified"]
Order = Literal["newest", "oldest"]
ProviderKind = Literal["custom", "firebase", "openid", "facebook", "twitter"]
Role = Literal[
    "org.admin",
    "org.admin.apps",
    "org.admin.security",
    "org.user",
    "org.user.customer.read",
    "org.user.customer.write",
    "org.user.customer.delete",
    "org.permission",
    "org.permission.security",
    "org.permission.customer",
    "org.permission.customer.read",
    "org.permission.customer.create",
    "org.permission.customer.update",
    "org.permission.customer.delete",
    "org.permission.customer_merge.create",
    "org.permission.conversation",
    "org.permission.conversation.read",
    "org.permission.conversation.create",
    "org.permission.conversation.update",
    "org.permission.conversation.delete",
    "org.permission.message",
    "org.permission.message.read",
    "org.permission.message.create",
    "org.permission.message.update",
    "org.permission.message.delete",
]


# Who somebody is


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


# Sessions


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


# Conversations


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


# The App


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the App allows. Durations are seconds."""

    registers_on_login: bool
    registers_on_token: bool
    adopts_on_sign_in: bool
    allows_guests: bool
    token_max_age: float
    token_max_future: float | None
    token_requires_typ: bool
    session_idle: float | None
    session_at_most: float | None
    token_lifetime: float | None
    sessions_per_user: int
    password_min_length: int | None
    ends_sessions_on_password_change: bool
    allows_sign_up: bool
    resets_passwords_by_mail: bool
    tells_of_new_passwords: bool
    sends_welcome_mails: bool
    mail_texts: dict[str, Any]
    chat_key_max_age: float | None
    server_requests_per_minute: int
    lists_users: bool
    strict_user_queries: bool
    shows_online_users: bool
    shows_emails_and_phones: bool
    keeps_messages_of_deleted_users: bool
    unverified_users_kept: float | None
    file_space: int | None
    enforcement: str
    workspace_names_device: str
    allowed_origins: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """How often people nobody verified did something on a day, and what became of it."""

    day: str
    door: str
    act: str
    outcome: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnforcementReport:
    """What enforcement refused, or would have; the latest day first."""

    enforcement: str
    items: tuple[Unverified, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """A tenant: its Policy and its public names."""

    id: str
    slug: str
    name: str
    auth_key: str
    widget_token: str
    policy: Policy
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """How the App's server proves itself. The text is not kept; ``ending`` helps to tell keys apart."""

    id: str
    name: str
    roles: tuple[str, ...]
    ending: str
    network: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeKey:
    """A key just made. ``text`` is shown this once."""

    key: Key
    text: str = field(repr=False)


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
class SigningSecret:
    """What the App's server signs tokens with. Several may be believed at once, so that rotation is calm."""

    id: str
    is_believed: bool
    created_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSecret:
    """A signing secret just made. ``text`` is shown this once."""

    secret: SigningSecret
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Who may testify to the App's users. Secrets are never shown again."""

    name: str
    kind: str
    settings: Mapping[str, Any]
    is_enabled: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a Provider was asked and answered, and whom that would have let in, or why nobody."""

    request: Mapping[str, Any] | None
    answer: Mapping[str, Any] | None
    mapped: Mapping[str, Any] | None
    why_not: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where the App hears what happens."""

    id: str
    url: str
    format: str
    events: tuple[str, ...]
    is_enabled: bool
    disabled_at: datetime | None
    disabled_because: str | None  # failing, gone, or empty: you said so
    failing_since: datetime | None
    previous_secret_until: datetime | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeWebhook:
    """A webhook with a secret just made. ``secret`` is shown this once."""

    webhook: Webhook
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One Event on its way to a webhook, or arrived there, or given up."""

    event_id: str
    message_id: str  # what is sent as webhook-id
    kind: str | None
    state: str  # waiting, delivered or given_up
    attempts: int
    at: datetime
    last_at: datetime | None
    next_at: datetime | None
    status: int | None
    trouble: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to an identity, the App or a key."""

    id: str
    kind: str
    at: datetime
    user_id: str | None
    session_id: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Part of a list. ``next`` is ``after`` of the following page; None at the end."""

    items: tuple[T, ...]
    next: str | None


# What is sent. What is left out stays as it is; None empties.


class UserChange(TypedDict, total=False):
    name: str | None
    avatar_url: str | None
    phone: str | None
    custom: Mapping[str, Any]
    tags: list[str]


class Credential(TypedDict, total=False):
    """Somebody else's credential: ``token`` for most Providers; login, email and password for one of the App's own."""

    token: str
    secret: str
    nonce: str
    project_id: str
    login: str
    email: str
    password: str


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


class OwnChange(TypedDict, total=False):
    name: str | None
    avatar_url: str | None
    phone: str | None
    custom: Mapping[str, Any]


class Claims(TypedDict, total=False):
    name: str
    email: str
    phone: str
    custom: Mapping[str, Any]


class PolicyChange(TypedDict, total=False):
    registers_on_login: bool
    registers_on_token: bool
    adopts_on_sign_in: bool
    allows_guests: bool
    token_max_age: int | str
    token_max_future: int | str | None
    token_requires_typ: bool
    session_idle: int | str | None
    session_at_most: int | str | None
    token_lifetime: int | str | None
    sessions_per_user: int
    password_min_length: int | None
    ends_sessions_on_password_change: bool
    allows_sign_up: bool
    resets_passwords_by_mail: bool
    tells_of_new_passwords: bool
    sends_welcome_mails: bool
    mail_texts: dict[str, dict[str, str] | None]
    chat_key_max_age: int | str | None
    server_requests_per_minute: int
    lists_users: bool
    strict_user_queries: bool
    shows_online_users: bool
    shows_emails_and_phones: bool
    keeps_messages_of_deleted_users: bool
    unverified_users_kept: int | str | None
    file_space: int | None
    enforcement: Literal["off", "report", "enforce"]
    workspace_names_device: Literal["never", "random", "always"]
    allowed_origins: list[str]


# Reading and writing


def read(kind: type[T], value: Any) -> T:
    """The value that JSON means; raises ValueError for JSON of another shape."""
    return cast(T, _read(kind, value, kind.__name__))


def read_page(kind: type[T], value: Any) -> Page[T]:
    if not isinstance(value, dict):
        raise ValueError("a page must be an object")
    items = _read(tuple[kind, ...], value.get("items"), "items")  # type: ignore[valid-type]
    return Page(items=items, next=_read(str | None, value.get("next"), "next"))


def plain(it: Any) -> Any:
    """JSON that ``read`` reads."""
    return _plain(asdict(it))


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case dict():
            return {name: _plain(it) for name, it in value.items()}
        case list() | tuple():
            return [_plain(it) for it in value]
        case _:
            return value


def _read(kind: Any, value: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        if value is None:
            return None
        return _read(next(it for it in get_args(kind) if it is not NoneType), value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{where} must be a list")
        return tuple(_read(get_args(kind)[0], it, where) for it in value)
    if is_dataclass(kind):
        return _read_fields(kind, value, where)
    if kind is datetime and isinstance(value, str):
        return datetime.fromisoformat(value)
    if kind is float and isinstance(value, int):
        return float(value)
    expected = str if origin is Literal else dict if origin is not None else kind  # words of later versions are read
    if not isinstance(value, expected):
        raise ValueError(f"{where} must be {expected.__name__}")
    return value


def _read_fields(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{where} must be an object")
    hints = _hints(kind)
    return kind(**{it.name: _read(hints[it.name], value.get(it.name), f"{where}.{it.name}") for it in fields(kind)})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
