"""What is kept of a file beside its bytes."""

from __future__ import annotations

from sqlalchemy import (
    Table,
)

from .making import index, link, metadata, number, own_id, text, unique

files = Table(
    "files",
    metadata,
    own_id(),
    number("app_id"),
    link("users", "owner_id", on_delete="SET NULL"),
    text("fingerprint"),
    text("name"),
    text("content_type"),
    number("size"),
    number("created_at"),
)
unique("uq_files_fingerprint", files.c.fingerprint)
index("ix_files_owner_id", files.c.owner_id)
