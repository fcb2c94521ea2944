"""Where sessions are notified."""

from __future__ import annotations

from sqlalchemy import PrimaryKeyConstraint, Table

from .making import index, link, metadata, number, text, yes_or_no

push_addresses = Table(
    "push_addresses",
    metadata,
    number("app_id"),
    text("platform"),
    text("token"),
    link("sessions", "session_id", on_delete="CASCADE", optional=False),
    text("bundle", optional=True),
    yes_or_no("is_development", otherwise=False),
    number("at"),
    PrimaryKeyConstraint("app_id", "platform", "token"),
    sqlite_with_rowid=False,
)
index("ix_push_addresses_session_id", push_addresses.c.session_id, push_addresses.c.at)
