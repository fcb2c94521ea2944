"""Who does not want to hear from whom."""

from __future__ import annotations

from sqlalchemy import PrimaryKeyConstraint, Table

from .making import index, link, metadata, number, yes_or_no

blocks = Table(
    "blocks",
    metadata,
    link("users", "user_id", on_delete="CASCADE", optional=False),
    link("users", "blocked_id", on_delete="CASCADE", optional=False),
    number("at"),
    yes_or_no("is_mutual", otherwise=False),
    PrimaryKeyConstraint("user_id", "blocked_id"),
    sqlite_with_rowid=False,
)
index("ix_blocks_blocked_id", blocks.c.blocked_id, blocks.c.user_id)
