"""Statements: written once with SQLAlchemy, spelled for a database at their first use, then run by its own driver.

SQLAlchemy's part ends with the text: running a compiled statement through it costs four times what the driver takes
(SQLite, an insert: 18 µs and 3 µs). So values are converted by hand (``columns``), and a row is what the driver
read.

    Statement      one statement and the names of its values
    among, listed  a column's value is one of a list; a whole table as one value
    later          the larger of a column and a value
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    ARRAY,
    BindParameter,
    Column,
    ColumnElement,
    Dialect,
    Select,
    Table,
    TableValuedAlias,
    Text,
    TypeDecorator,
    bindparam,
    case,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


class Spelled(NamedTuple):
    """A statement in one database's words, and how its arguments are made of named values."""

    sql: str
    arguments: Callable[[Mapping[str, Any]], Sequence[Any]]


class Statement:
    """One statement. Its values are the ``bindparam`` names in it; what was written into it stays as written.

    A write that selects ``holds``' rows finds them as they are until it has ended: what it decides by them is not
    overtaken by another write. SQLite's writes take turns and need no words for it.
    """

    def __init__(self, clause: Executable, *, holds: Table | None = None) -> None:
        self.clause, self.holds = clause, holds
        self._for_sqlite: Spelled | None = None
        self._for_postgresql: Spelled | None = None
        self._for_postgresql_write: Spelled | None = None

    @property
    def for_sqlite(self) -> Spelled:
        it = self._for_sqlite
        if it is None:
            it = self._for_sqlite = _spelled(self.clause, _SQLITE, _as_json)
        return it

    @property
    def for_postgresql(self) -> Spelled:
        it = self._for_postgresql
        if it is None:
            it = self._for_postgresql = _spelled(self.clause, _postgresql(), list)
        return it

    @property
    def for_postgresql_write(self) -> Spelled:
        it = self._for_postgresql_write
        if it is None:
            it = self._for_postgresql_write = self._holding() or self.for_postgresql
        return it

    def _holding(self) -> Spelled | None:
        if self.holds is None or not isinstance(self.clause, Select):
            return None
        return _spelled(self.clause.with_for_update(of=self.holds, key_share=True), _postgresql(), list)


class among(ColumnElement[bool]):  # noqa: N801 - it reads as a word of the query
    """Whether the column's value is in the list that is given under the name. No list is too long, or too short."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.list: BindParameter[Any] = bindparam(name, type_=_ListOf(column.type))


def later(column: Column[int], name: str) -> ColumnElement[int]:
    """The larger of the column and the value of that name; a column that is empty is smaller than anything."""
    given: BindParameter[int] = bindparam(name, type_=column.type)
    return case((given.is_(None) | (column > given), column), else_=given)


def listed(name: str, **columns: TypeEngine[Any]) -> TableValuedAlias:
    """A table handed over as one value of that name: JSON text, a list of rows that are lists of columns."""
    return _Listed(name, columns).table_valued(*(Column(it, of) for it, of in columns.items()), name=name)


class _Listed(FunctionElement[Any]):
    inherit_cache = False

    def __init__(self, name: str, columns: Mapping[str, TypeEngine[Any]]) -> None:
        super().__init__()
        self.text: BindParameter[str] = bindparam(name, type_=Text)
        self.columns_of_row = columns


_SQLITE: Dialect = sqlite.dialect()


@cache
def _postgresql() -> Dialect:
    from sqlalchemy.dialects.postgresql import asyncpg  # only now: a server on SQLite starts without it

    return asyncpg.dialect()  # type: ignore[no-untyped-call]


class _ListOf(TypeDecorator[Any]):
    """A list handed over as one value: an array where there are arrays, else JSON."""

    impl = Text
    cache_ok = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(self.of) if dialect.name == "postgresql" else Text())


@compiles(among, "sqlite")
def _among_for_sqlite(it: among, compiler: SQLCompiler, **how: Any) -> str:
    column, values = compiler.process(it.column, **how), compiler.process(it.list, **how)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - names and placeholders


@compiles(among, "postgresql")
def _among_for_postgresql(it: among, compiler: SQLCompiler, **how: Any) -> str:
    return f"{compiler.process(it.column, **how)} = ANY ({compiler.process(it.list, **how)})"


@compiles(_Listed, "sqlite")
def _listed_for_sqlite(it: _Listed, compiler: SQLCompiler, **how: Any) -> str:
    values = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(it.columns_of_row))
    return f"(SELECT {values} FROM json_each({compiler.process(it.text)}))"  # noqa: S608 - names and placeholders


@compiles(_Listed, "postgresql")
def _listed_for_postgresql(it: _Listed, compiler: SQLCompiler, **how: Any) -> str:
    values = ", ".join(
        f"CAST(value ->> {place} AS {compiler.dialect.type_compiler_instance.process(of)}) AS {name}"
        for place, (name, of) in enumerate(it.columns_of_row.items())
    )
    given = f"json_array_elements(CAST({compiler.process(it.text)} AS JSON))"
    return f"(SELECT {values} FROM {given})"  # noqa: S608 - names and placeholders


def _spelled(clause: Executable, dialect: Dialect, of_list: Callable[[Any], Any]) -> Spelled:
    compiled = clause.compile(dialect=dialect)  # type: ignore[attr-defined]
    names: list[str] = list(compiled.positiontup or ())
    written = {name: compiled.params[name] for name in names if not compiled.binds[name].required}
    lists = frozenset(name for name in names if isinstance(compiled.binds[name].type, _ListOf))

    def arguments(values: Mapping[str, Any]) -> Sequence[Any]:
        return [
            written[name] if name in written else of_list(values[name]) if name in lists else values[name]
            for name in names
        ]

    quick = arguments if written or lists else _picked(names)
    return Spelled(str(compiled), quick)


def _picked(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    """The same, for the many statements all of whose values are given one by one."""
    if len(names) > 1:
        return itemgetter(*names)
    return (lambda values: (values[names[0]],)) if names else (lambda values: ())


def _as_json(values: Any) -> str:
    return msgspec.json.encode(list(values)).decode()
