"""Users, their identifiers, and devices that were left."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
)

from .making import data, index, link, metadata, number, own_id, text, unique, yes_or_no

users = Table(
    "users",
    metadata,
    own_id(),
    number("app_id"),
    text("name", optional=True),
    text("avatar_url", optional=True),
    text("phone", optional=True),
    data("custom"),
    data("tags"),
    data("claimed"),
    data("by_door", empty="{}"),
    number("created_at"),
    number("updated_at"),
    text("device_id", optional=True),
    Column("is_guest", Boolean, nullable=False),
    Column("is_vouched", Boolean, nullable=False),
    text("standing"),
    text("password_hash", optional=True),
    number("last_seen_at", optional=True),
    number("chat_key_at", optional=True),  # when their password was minted for them as a chat key, if it was
)
index("ix_users_app_id", users.c.app_id, users.c.id)
index("ix_users_guests", users.c.created_at, users.c.id, where=users.c.is_guest.is_(True))
index("ix_users_chat_key_at", users.c.app_id, users.c.chat_key_at, users.c.id, where=users.c.chat_key_at.is_not(None))
unique("uq_users_device_id", users.c.app_id, users.c.device_id, where=users.c.device_id.is_not(None))

identifiers = Table(
    "identifiers",
    metadata,
    number("app_id"),
    text("kind"),
    text("value"),
    link("users", "user_id", on_delete="CASCADE", optional=False),
    Column("position", SmallInteger, nullable=False),  # the order in which the user's identifiers are named
    PrimaryKeyConstraint("app_id", "kind", "value"),
    sqlite_with_rowid=False,
)
index("ix_identifiers_user_id", identifiers.c.user_id, identifiers.c.position)
index("ix_identifiers_kind", identifiers.c.app_id, identifiers.c.kind, identifiers.c.user_id)

retired_devices = Table(
    "retired_devices",
    metadata,
    number("app_id"),
    text("device_id"),
    number("retired_at"),
    PrimaryKeyConstraint("app_id", "device_id"),
    sqlite_with_rowid=False,
)

device_words = Table(  # texts that a browser says may be its secret
    "device_words",
    metadata,
    number("app_id"),
    text("word"),
    text("said_by"),
    yes_or_no("is_shared", otherwise=False),
    text("device_id", optional=True),  # where what its first sayer wrote is; none where it is not known
    number("said_at", optional=True),  # for the first time
    PrimaryKeyConstraint("app_id", "word"),
    sqlite_with_rowid=False,
)

merges = Table(  # they outlive both users, so they refer to nothing
    "merges",
    metadata,
    own_id(),
    number("app_id"),
    number("source_id"),
    number("target_id"),
    number("at"),
)
unique("uq_merges_source_id", merges.c.source_id)
index("ix_merges_target_id", merges.c.target_id, merges.c.id)
