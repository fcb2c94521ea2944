"""Every table.

Ids are made in the process, so no column counts by itself. Moments and durations are microseconds (``columns``).
Apps are never deleted, so what belongs to one names it without a foreign key: PostgreSQL would lock the App's row
for every user, session and conversation that is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    and_,
    literal_column,
)

from ..domain.conversations import Author
from ..domain.identities import Assurance

NEVER: Final = 2**63 - 1
VERIFIED: Final = literal_column(str(Assurance.VERIFIED.value), SmallInteger)
"""Written into statements as it is: a partial index serves only those that say its condition word for word."""
BY_USER: Final = literal_column(f"'{Author.USER.value}'", Text)

TAKEN: Final[Mapping[str, str]] = {
    "uq_apps_slug": "slug",
    "uq_apps_auth_key": "auth_key",
    "uq_apps_widget_token": "widget_token",
    "uq_users_device_id": "device",
    "uq_conversations_unique_id": "unique_id",
    "uq_conversations_direct": "direct",
}
"""What it means when a change runs into one of these."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    """The primary key; in SQLite it is the row's own number, which costs no index of its own."""
    return Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False)


def _text(name: str, *, optional: bool = False) -> Column[str]:
    return Column(name, Text, nullable=optional)


def _number(name: str, *, optional: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=optional)


def _data(name: str) -> Column[Any]:
    return Column(name, JSON, nullable=False)


def _of(table: str, name: str, *, on_delete: str, optional: bool = True) -> Column[int]:
    return Column(name, BigInteger, ForeignKey(f"{table}.id", ondelete=on_delete), nullable=optional)


def _unique(name: str, *columns: Column[Any], where: Any = None) -> Index:
    return Index(name, *columns, unique=True, sqlite_where=where, postgresql_where=where)


def _index(name: str, *columns: Column[Any], where: Any = None) -> Index:
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


apps = Table(
    "apps",
    metadata,
    _id(),
    _text("slug"),
    _text("name"),
    _text("auth_key"),
    _text("widget_token"),
    _text("auth_secret"),
    _data("policy"),
    _number("created_at"),
    _number("closed_at", optional=True),
)
_unique("uq_apps_slug", apps.c.slug)
_unique("uq_apps_auth_key", apps.c.auth_key)
_unique("uq_apps_widget_token", apps.c.widget_token)

api_keys = Table(
    "api_keys",
    metadata,
    _id(),
    _of("apps", "app_id", on_delete="CASCADE"),
    _text("fingerprint"),
    _text("name"),
    _data("roles"),
    _text("ending"),
    _number("created_at"),
    _number("expires_at", optional=True),
    _number("revoked_at", optional=True),
)
_unique("uq_api_keys_fingerprint", api_keys.c.fingerprint)
_index("ix_api_keys_app_id", api_keys.c.app_id, api_keys.c.id)

signing_secrets = Table(
    "signing_secrets",
    metadata,
    _id(),
    _of("apps", "app_id", on_delete="CASCADE", optional=False),
    _text("text"),
    _number("created_at"),
    _number("retired_at", optional=True),
)
_index("ix_signing_secrets_app_id", signing_secrets.c.app_id, signing_secrets.c.id)

users = Table(
    "users",
    metadata,
    _id(),
    _number("app_id"),
    _text("name", optional=True),
    _text("avatar_url", optional=True),
    _text("phone", optional=True),
    _data("custom"),
    _data("tags"),
    _data("claimed"),
    _number("created_at"),
    _number("updated_at"),
    _text("device_id", optional=True),
    Column("is_guest", Boolean, nullable=False),
    Column("is_vouched", Boolean, nullable=False),
    _text("standing"),
    _text("password_hash", optional=True),
    _number("last_seen_at", optional=True),
)
_index("ix_users_app_id", users.c.app_id, users.c.id)
_index("ix_users_guests", users.c.created_at, users.c.id, where=users.c.is_guest.is_(True))
_unique("uq_users_device_id", users.c.app_id, users.c.device_id, where=users.c.device_id.is_not(None))

identifiers = Table(
    "identifiers",
    metadata,
    _number("app_id"),
    _text("kind"),
    _text("value"),
    _of("users", "user_id", on_delete="CASCADE", optional=False),
    Column("position", SmallInteger, nullable=False),  # the order in which the user's identifiers are named
    PrimaryKeyConstraint("app_id", "kind", "value"),
    sqlite_with_rowid=False,
)
_index("ix_identifiers_user_id", identifiers.c.user_id, identifiers.c.position)
_index("ix_identifiers_kind", identifiers.c.app_id, identifiers.c.kind, identifiers.c.user_id)

retired_devices = Table(
    "retired_devices",
    metadata,
    _number("app_id"),
    _text("device_id"),
    _number("retired_at"),
    PrimaryKeyConstraint("app_id", "device_id"),
    sqlite_with_rowid=False,
)

_ENDS: Final = (
    f"coalesce(ended_at, {NEVER})",
    f"coalesce(last_seen_at + idle, {NEVER})",
    f"coalesce(created_at + at_most, {NEVER})",
)
_OVER_AT: Final = (
    f"CASE WHEN {_ENDS[0]} <= {_ENDS[1]} AND {_ENDS[0]} <= {_ENDS[2]} THEN {_ENDS[0]}"
    f" WHEN {_ENDS[1]} <= {_ENDS[2]} THEN {_ENDS[1]} ELSE {_ENDS[2]} END"
)
sessions = Table(
    "sessions",
    metadata,
    _id(),
    _number("app_id"),
    _of("users", "user_id", on_delete="CASCADE"),
    _text("fingerprint"),
    _text("device_id", optional=True),
    _text("workspace", optional=True),
    Column("assurance", SmallInteger, nullable=False),
    _text("door"),
    _number("idle", optional=True),
    _number("at_most", optional=True),
    _number("created_at"),
    _number("last_seen_at"),
    _number("ended_at", optional=True),
    Column(  # when it ended or will have: the domain decides who may still come in, this only finds what to sweep
        "over_at",
        BigInteger,
        Computed(
            _OVER_AT,
            persisted=True,
        ),
    ),
)
_unique("uq_sessions_fingerprint", sessions.c.fingerprint)
_index("ix_sessions_user_id", sessions.c.user_id, sessions.c.id)
_index(
    "ix_sessions_device_id",
    sessions.c.app_id,
    sessions.c.device_id,
    where=and_(sessions.c.ended_at.is_(None), sessions.c.assurance < VERIFIED),
)
_index("ix_sessions_over_at", sessions.c.over_at)

tickets = Table(
    "tickets",
    metadata,
    _id(),
    _number("app_id", optional=True),
    _text("purpose"),
    _text("fingerprint"),
    _of("users", "user_id", on_delete="CASCADE"),
    _of("sessions", "session_id", on_delete="CASCADE"),
    _number("expires_at"),
    _number("used_at", optional=True),
    _data("details"),
)
_unique("uq_tickets_fingerprint", tickets.c.fingerprint)
_index("ix_tickets_user_id", tickets.c.user_id)
_index("ix_tickets_session_id", tickets.c.session_id)
_index("ix_tickets_expires_at", tickets.c.expires_at)

conversations = Table(
    "conversations",
    metadata,
    _id(),
    _number("app_id"),
    _text("kind"),
    _text("workspace", optional=True),
    _text("title", optional=True),
    _text("unique_id", optional=True),
    _data("custom"),
    _number("created_at"),
    _number("updated_at"),
    _number("closed_at", optional=True),
    _number("last_message_id", optional=True),
    Column(
        "latest_id", BigInteger, Computed("coalesce(last_message_id, id)", persisted=True)
    ),  # lists are in its order
    _number("direct_low", optional=True),  # the two users of a direct conversation, the smaller id first
    _number("direct_high", optional=True),
)
_index("ix_conversations_latest_id", conversations.c.app_id, conversations.c.latest_id)
_unique(
    "uq_conversations_unique_id",
    conversations.c.app_id,
    conversations.c.unique_id,
    where=conversations.c.unique_id.is_not(None),
)
_unique(
    "uq_conversations_direct",
    conversations.c.direct_low,
    conversations.c.direct_high,
    conversations.c.app_id,
    where=conversations.c.direct_low.is_not(None),
)

memberships = Table(
    "memberships",
    metadata,
    _of("conversations", "conversation_id", on_delete="CASCADE", optional=False),
    _of("users", "user_id", on_delete="CASCADE", optional=False),
    _number("app_id"),  # the conversation's, so that what somebody may see is judged by their own rows alone
    Column("assurance", SmallInteger, nullable=False),
    _text("device_id", optional=True),
    _text("workspace", optional=True),
    _number("joined_at"),
    _number("last_read_id", optional=True),
    _number("last_received_id", optional=True),
    PrimaryKeyConstraint("conversation_id", "user_id"),
    sqlite_with_rowid=False,
)
_index("ix_memberships_user_id", memberships.c.user_id, memberships.c.conversation_id)
_index(
    "ix_memberships_device_id",
    memberships.c.app_id,
    memberships.c.device_id,
    where=and_(memberships.c.device_id.is_not(None), memberships.c.assurance < VERIFIED),
)

messages = Table(
    "messages",
    metadata,
    _id(),
    _of("conversations", "conversation_id", on_delete="CASCADE", optional=False),
    _text("author"),
    _of("users", "sender_id", on_delete="SET NULL"),
    _text("kind"),
    _text("text"),
    _data("payload"),
    _data("extras"),
    _text("client_id", optional=True),
    _number("created_at"),
    _number("edited_at", optional=True),
    _number("deleted_at", optional=True),
)
_index("ix_messages_conversation_id", messages.c.conversation_id, messages.c.id)
_index("ix_messages_sender_id", messages.c.sender_id, messages.c.id, where=messages.c.sender_id.is_not(None))
_unique(
    "uq_messages_client_id",
    messages.c.conversation_id,
    messages.c.sender_id,
    messages.c.client_id,
    where=and_(messages.c.client_id.is_not(None), messages.c.sender_id.is_not(None)),
)
_unique(  # an operator or the App writes as nobody, and may repeat itself just the same
    "uq_messages_client_id_of_nobody",
    messages.c.conversation_id,
    messages.c.author,
    messages.c.client_id,
    where=and_(messages.c.client_id.is_not(None), messages.c.sender_id.is_(None), messages.c.author != BY_USER),
)

events = Table(  # they outlive what they tell of, so they refer to nothing
    "events",
    metadata,
    _id(),
    _number("app_id", optional=True),
    _text("kind"),
    _number("at"),
    _number("user_id", optional=True),
    _number("session_id", optional=True),
    _number("conversation_id", optional=True),
    _data("details"),
    Column("is_audit", Boolean, nullable=False),  # of IDENTITY_KINDS: few among many messages
    _number("written_by"),  # the process that wrote it: others are told by watching for what is not theirs
)
_index("ix_events_app_id", events.c.app_id, events.c.id)
_index("ix_events_audit", events.c.app_id, events.c.id, where=events.c.is_audit.is_(True))
_index("ix_events_user_id", events.c.user_id, events.c.id, where=events.c.user_id.is_not(None))
_index(
    "ix_events_conversation_id",
    events.c.conversation_id,
    events.c.id,
    where=events.c.conversation_id.is_not(None),
)

files = Table(
    "files",
    metadata,
    _id(),
    _number("app_id"),
    _of("users", "owner_id", on_delete="SET NULL"),
    _text("fingerprint"),
    _text("name"),
    _text("content_type"),
    _number("size"),
    _number("created_at"),
)
_unique("uq_files_fingerprint", files.c.fingerprint)
_index("ix_files_owner_id", files.c.owner_id)

answers = Table(
    "answers",
    metadata,
    _text("caller"),
    _text("key"),
    _text("request"),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _number("at"),
    PrimaryKeyConstraint("caller", "key"),
    sqlite_with_rowid=False,
)
_index("ix_answers_at", answers.c.at)
