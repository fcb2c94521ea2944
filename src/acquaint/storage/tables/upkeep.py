"""Whose turn it is to tidy up."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from .making import metadata, number

turns = Table(
    "turns",
    metadata,
    Column("name", Text, primary_key=True),
    number("until"),  # nobody else does it before
    sqlite_with_rowid=False,
)
