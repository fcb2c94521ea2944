"""What is kept of a file beside its bytes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Table, and_, false

from .making import index, link, metadata, number, own_id, text, unique

files = Table(
    "files",
    metadata,
    own_id(),
    number("app_id"),
    link("users", "owner_id", on_delete="SET NULL"),
    text("fingerprint"),  # what its bytes are kept under: of a file with a key, the key's fingerprint
    text("name"),
    text("content_type"),
    number("size"),
    number("created_at"),
    text("uid", optional=True),
    Column("is_public", Boolean, nullable=False, server_default=false()),
    number("updated_at", optional=True),
    number("arrived_at", optional=True),
    number("completed_at", optional=True),
    text("picture", optional=True),  # what its picture is kept under
    text("picture_type", optional=True),
    number("picture_size", optional=True),
)
unique("uq_files_fingerprint", files.c.fingerprint)
unique("uq_files_uid", files.c.uid)
index("ix_files_owner_id", files.c.owner_id, files.c.id)
index(
    "ix_files_unfinished",
    files.c.created_at,
    where=and_(files.c.uid.is_not(None), files.c.completed_at.is_(None)),
)

file_space = Table(  # how many bytes each App's files and their pictures are, changed with every one of them
    "file_space",
    metadata,
    Column("app_id", BigInteger, primary_key=True, autoincrement=False),
    number("size"),
    sqlite_with_rowid=False,
)
