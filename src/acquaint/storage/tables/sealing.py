"""The keys that secrets are sealed with: which, not what they are."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table

from .making import metadata, number, text, unique

sealing_keys = Table(
    "sealing_keys",
    metadata,
    Column("place", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
    text("id"),
    number("since"),
)
unique("uq_sealing_keys_id", sealing_keys.c.id)
