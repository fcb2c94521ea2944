"""Whom users know, by number."""

from __future__ import annotations

from sqlalchemy import PrimaryKeyConstraint, Table

from .making import link, metadata, text

address_books = Table(
    "address_books",
    metadata,
    link("users", "user_id", on_delete="CASCADE", optional=False),
    text("phone"),
    text("device"),
    text("name"),
    PrimaryKeyConstraint("user_id", "phone", "device"),
    sqlite_with_rowid=False,
)
