"""What people nobody verified did where the App wants them verified, by day."""

from __future__ import annotations

from sqlalchemy import PrimaryKeyConstraint, Table

from .making import metadata, number, text

unverified_counts = Table(
    "unverified_counts",
    metadata,
    number("app_id"),
    number("day"),
    text("door"),
    text("act"),
    text("outcome"),
    number("times"),
    PrimaryKeyConstraint("app_id", "day", "door", "act", "outcome"),
    sqlite_with_rowid=False,
)
