"""What users are found by."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, PrimaryKeyConstraint, Table, Text

from .making import index, link, metadata, number, text
from .users import users

directory = Table(
    "directory",
    metadata,
    number("app_id"),
    text("field"),
    # by code points on both databases, so that an index finds how a text begins
    Column("value", Text().with_variant(Text(collation="C"), "postgresql"), nullable=False),
    Column("is_claimed", Boolean, nullable=False),  # false sorts first: who proved a value is found at once
    link("users", "user_id", on_delete="CASCADE", optional=False),
    PrimaryKeyConstraint("app_id", "field", "value", "is_claimed", "user_id"),
    sqlite_with_rowid=False,
)
index("ix_directory_user_id", directory.c.user_id, directory.c.field, directory.c.value)

index("ix_users_created_at", users.c.app_id, users.c.created_at, users.c.id)
index("ix_users_updated_at", users.c.app_id, users.c.updated_at, users.c.id)
index("ix_users_last_seen_at", users.c.app_id, users.c.last_seen_at, users.c.id)
