"""Who an App lets testify to its users."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, PrimaryKeyConstraint, Table

from .making import metadata, number, text

providers = Table(
    "providers",
    metadata,
    number("app_id"),
    text("name"),
    text("kind"),
    text("settings"),  # JSON, sealed
    Column("is_enabled", Boolean, nullable=False),
    number("changed_at"),
    PrimaryKeyConstraint("app_id", "name"),
    sqlite_with_rowid=False,
)
