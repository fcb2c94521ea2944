"""An App: its rules, keys, secrets and Providers, where it hears what happens, and what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypedDict

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
    requires_confirmed_emails: bool
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
    audit_events_kept: float | None
    live_events_kept: float | None
    file_space: int | None
    enforcement: str
    workspace_names_device: str
    allowed_origins: tuple[str, ...]


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
    requires_confirmed_emails: bool
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
    audit_events_kept: int | str | None
    live_events_kept: int | str | None
    file_space: int | None
    enforcement: Literal["off", "report", "enforce"]
    workspace_names_device: Literal["never", "random", "always"]
    allowed_origins: list[str]


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
class WebhookFormat:
    """In whose words webhooks can be told, and what of it can be asked for."""

    name: str
    events: tuple[str, ...]


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
