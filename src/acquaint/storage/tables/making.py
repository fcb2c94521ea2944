"""What tables are made of: kinds of columns, indexes, and how constraints are named."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Text,
    false,
    literal_column,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.compiler import DDLCompiler

from ...domain.conversations import Author
from ...domain.identities import Assurance

NEVER: Final = 2**63 - 1
VERIFIED: Final = literal_column(str(Assurance.VERIFIED.value), SmallInteger)
"""Written into statements as it is: a partial index serves only those that say its condition word for word."""
BY_USER: Final = literal_column(f"'{Author.USER.value}'", Text)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def own_id() -> Column[int]:
    """The primary key; in SQLite it is the row's own number, which costs no index of its own."""
    return Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False)


def text(name: str, *, optional: bool = False) -> Column[str]:
    return Column(name, Text, nullable=optional)


def number(name: str, *, optional: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=optional)


def yes_or_no(name: str, *, otherwise: bool) -> Column[bool]:
    """``otherwise`` is what older rows have that were made before the column was."""
    return Column(name, Boolean, nullable=False, server_default=true() if otherwise else false())


def data(name: str, *, empty: str | None = None) -> Column[Any]:
    """``empty`` is what older rows have that were made before the column was."""
    return Column(name, JSON, nullable=False, server_default=empty)


def link(table: str, name: str, *, on_delete: str, optional: bool = True) -> Column[int]:
    return Column(name, BigInteger, ForeignKey(f"{table}.id", ondelete=on_delete), nullable=optional)


def unique(name: str, *columns: Column[Any], where: Any = None) -> Index:
    return Index(name, *columns, unique=True, sqlite_where=where)


def index(name: str, *columns: Column[Any], where: Any = None) -> Index:
    return Index(name, *columns, sqlite_where=where)


@compiles(CreateIndex, "postgresql")
def _where_sqlite_has_it(it: CreateIndex, compiler: DDLCompiler, **how: Any) -> str:
    """Conditions are for both databases, but said in the table they would bring all of PostgreSQL's dialect along."""
    on_postgresql, on_sqlite = (it.element.dialect_options[name] for name in ("postgresql", "sqlite"))
    if on_postgresql["where"] is None:
        on_postgresql["where"] = on_sqlite["where"]
    return str(compiler.visit_create_index(it, **how))  # type: ignore[no-untyped-call]
