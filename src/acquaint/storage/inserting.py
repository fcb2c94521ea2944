"""Inserting what may be there already, spelled for either database.

SQLAlchemy has such an ``insert`` in each of its dialects. They say the same; but PostgreSQL's brings all of its dialect
with it, of which a server on SQLite has no use, and SQLite's cannot be spelled for PostgreSQL, whose compiler asks
whether a constraint is meant by its name. None ever is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from sqlalchemy import Column, ColumnElement, Table
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite.dml import OnConflictDoNothing, OnConflictDoUpdate


class Insert(SqliteInsert):
    """``excluded`` has the values of the row that was not added."""

    inherit_cache = True

    def on_conflict_do_nothing(self) -> Self:  # type: ignore[override]
        return self.ext(_DoNothing())

    def on_conflict_do_update(  # type: ignore[override]
        self,
        *,
        index_elements: Sequence[Column[Any]],
        set_: Mapping[str, ColumnElement[Any]],
        where: ColumnElement[bool] | None = None,
    ) -> Self:
        return self.ext(_DoUpdate(index_elements, set_=dict(set_), where=where))


def insert(table: Table) -> Insert:
    return Insert(table)


class _DoNothing(OnConflictDoNothing):
    constraint_target = None


class _DoUpdate(OnConflictDoUpdate):
    constraint_target = None
