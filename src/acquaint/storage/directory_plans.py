"""The statements that find users: a plan for each shape of a query, whose values are not part of it.

    Form, Shape      what of a condition, and of a query, is written into statements
    plan_of          the plan of a shape, remembered
    Plan             its statements, each made when it is needed first

Values are called by the place of their condition: ``field_0``, ``value_0``, ``values_0``, ``from_0``, ``until_0``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    bindparam,
    exists,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    type_coerce,
)

from ..domain.directory import Condition, Field, Operator, Query
from . import columns as column
from . import tables as t
from .statements import Statement, among

MOST_SHAPES: Final = 512
"""Shapes of queries whose statements are kept. There are more, and whoever asks for them all makes ours anew."""

_users = t.users.c


@dataclass(frozen=True, slots=True)
class Form:
    """What of a condition is written into the statement."""

    field: Field  # NAME stands for every text that nobody owns, EMAIL for those somebody may
    operator: Operator
    is_single: bool  # one value, so that what has it is in the order of ids already
    is_proven: bool = False  # what is only claimed counts for nothing


def form_of(condition: Condition, *, is_proven: bool = False) -> Form:
    field = condition.field
    if field.is_text:
        field = Field.EMAIL if field.is_owned else Field.NAME
    return Form(field, condition.operator, len(condition.values) == 1, is_proven)


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a query is written into its statements: all but the values."""

    forms: tuple[Form, ...]
    order: Field = Field.ID  # NAME stands for every text
    is_descending: bool = False
    knows_visitors: bool = False
    driver: int | None = None  # the place of the condition that users are looked up by
    is_proven: bool = False  # whether what is only claimed comes nowhere in the order

    @classmethod
    def of(cls, query: Query, driver: int | None) -> Shape:
        order = Field.NAME if query.order.is_text else query.order
        forms = tuple(form_of(it, is_proven=query.doubts(it.field)) for it in query.conditions)
        doubts = query.doubts(query.order)
        return cls(forms, order, query.is_descending, query.knows_visitors, driver, doubts)


@lru_cache(maxsize=MOST_SHAPES)
def plan_of(shape: Shape) -> Plan:
    return Plan(shape)


class Plan:
    """The statements of one shape, each made when it is needed first."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    @cached_property
    def probe(self) -> Statement:
        """How many the driver alone applies to, claims and visitors included: enough to compare."""
        form, place = self._shape.forms[0], 0
        if form.field.is_text:
            where = (_driver_entry.c.app_id == bindparam("app_id"), *_entry_is(_driver_entry, form, place))
            return _counting(select(_driver_entry.c.user_id).where(*where))
        return _counting(select(_users.id).where(_users.app_id == bindparam("app_id"), _own_is(form, place)))

    @cached_property
    def matching(self) -> Statement:
        """The ids of those who match, in no order, as far as they are counted."""
        return Statement(self._by_driver().limit(bindparam("counted")))

    @cached_property
    def sorted(self) -> Statement:
        """A page of the users of these ids, sorted by other than the id."""
        if self._shape.order.is_text:
            has = (_sorted_entry.c.user_id == _users.id, *self._is_sorted_by(_sorted_entry))
            key: ColumnElement[Any] = (
                select(func.min(_sorted_entry.c.value)).where(*has).correlate(t.users).scalar_subquery()
            )
        else:
            key = _OWN[self._shape.order] + _NONE  # so that no index is tempted to walk in its order
        found = select(_users.id).where(among(_users.id, "ids"))
        return _paged(found.order_by(key.is_(None), self._way(key), self._way(_users.id)))

    @cached_property
    def in_order_of_ids(self) -> Statement | None:
        """Those the driver finds, where an index has them in the order of ids, and that is what is asked for."""
        shape = self._shape
        if shape.driver is None or shape.order is not Field.ID:
            return None
        form = shape.forms[shape.driver]
        if form.field is not Field.NAME or form.operator is not Operator.IN or not form.is_single:
            return None
        return _paged(self._by_driver().order_by(self._way(_driver_entry.c.user_id)))

    @cached_property
    def walk(self) -> Statement:
        """Everybody who has what is sorted by, in that order, as far as they match."""
        if self._shape.order.is_text:
            order = [self._way(_sorted_entry.c.value), self._way(_sorted_entry.c.user_id)]
        else:
            key = _OWN[self._shape.order]
            order = [self._way(it) for it in dict.fromkeys((key, _users.id))]
        return _paged(self._walking().order_by(*order))

    @cached_property
    def walked(self) -> Statement:
        """How many the walk passes."""
        return _counting(self._walking())

    @cached_property
    def walk_rest(self) -> Statement:
        """Everybody who has not what is sorted by, as far as they match."""
        if self._shape.order.is_text:
            lacks: ColumnElement[bool] = ~exists().where(
                _sorted_entry.c.user_id == _users.id, *self._is_sorted_by(_sorted_entry)
            )
        else:
            lacks = _OWN[self._shape.order].is_(None)
        found = select(_users.id).where(_users.app_id == bindparam("app_id"), lacks, *self._filters())
        return _paged(found.order_by(self._way(_users.id)))

    def _walking(self) -> Select[Any]:
        if not self._shape.order.is_text:
            key = _OWN[self._shape.order]
            has = [key.is_not(None)] if self._shape.order.may_be_missing else []
            found = select(_users.id).where(_users.app_id == bindparam("app_id"), *has)
            return found.where(*self._filters(indexed=self._shape.order))
        smaller = t.directory.alias("smaller")
        is_first = ~exists().where(
            smaller.c.user_id == _sorted_entry.c.user_id,
            *self._is_sorted_by(smaller),
            smaller.c.value < _sorted_entry.c.value,
        )
        return (
            select(_sorted_entry.c.user_id)
            .join_from(_sorted_entry, t.users, _users.id == _sorted_entry.c.user_id)
            .where(
                _sorted_entry.c.app_id == bindparam("app_id"),
                *self._is_sorted_by(_sorted_entry),
                is_first,
                *self._filters(),
            )
        )

    def _by_driver(self) -> Select[Any]:
        place = self._shape.driver
        if place is None:
            return select(_users.id).where(_users.app_id == bindparam("app_id"), *self._filters())
        form, others = self._shape.forms[place], self._filters(but=place)
        if not form.field.is_text:
            return select(_users.id).where(_users.app_id == bindparam("app_id"), _own_is(form, place), *others)
        found = (
            select(_driver_entry.c.user_id)
            .join_from(_driver_entry, t.users, _users.id == _driver_entry.c.user_id)
            .where(_driver_entry.c.app_id == bindparam("app_id"), *_entry_is(_driver_entry, form, place), *others)
        )
        if form.operator is Operator.IN and form.is_single:
            return found
        # Of several entries of one user the first. DISTINCT would make PostgreSQL read them all before it tells one.
        same = t.directory.alias("same")
        is_first = ~exists().where(
            same.c.user_id == _driver_entry.c.user_id,
            same.c.value < _driver_entry.c.value,
            *_entry_is(same, form, place, proven="same_proven"),
        )
        return found.where(is_first)

    def _is_sorted_by(self, entry: FromClause) -> Iterator[ColumnElement[bool]]:
        yield entry.c.field == bindparam("order_field")
        if self._shape.is_proven:
            yield entry.c.is_claimed == false()

    def _filters(self, *, but: int | None = None, indexed: Field | None = None) -> Iterator[ColumnElement[bool]]:
        """What must hold of a user besides; no index but that of ``indexed`` is to be tempted by it."""
        if not self._shape.knows_visitors:
            yield _users.device_id.is_(None)
        for place, form in enumerate(self._shape.forms):
            if place == but:
                continue
            if not form.field.is_text:
                yield _own_is(form, place, plainly=form.field is indexed)
                continue
            entry = t.directory.alias(f"entry_{place}")
            has = exists().where(entry.c.user_id == _users.id, *_entry_is(entry, form, place))
            yield ~has if form.operator is Operator.NOT_IN else has

    def _way(self, key: ColumnElement[Any]) -> ColumnElement[Any]:
        return key.desc() if self._shape.is_descending else key.asc()


_driver_entry, _sorted_entry = t.directory.alias("driver"), t.directory.alias("sorted")
_NONE: Final = literal_column("0", _users.id.type)
_OWN: Final = {
    Field.ID: _users.id,
    Field.CREATED_AT: _users.created_at,
    Field.UPDATED_AT: _users.updated_at,
    Field.LAST_SEEN_AT: _users.last_seen_at,
}


def _own_is(form: Form, place: int, *, plainly: bool = True) -> ColumnElement[bool]:
    """Whether the condition holds of the user's own column."""
    own, given = _OWN[form.field], bindparam(f"value_{place}", type_=_users.id.type)
    value: ColumnElement[Any] = own if plainly else own + _NONE
    if form.field is Field.ID:
        match form.operator:
            case Operator.IN:
                return among(own, f"values_{place}")
            case Operator.NOT_IN:
                return not_(among(own, f"values_{place}"))
        return _compared(value, form.operator, given)
    seconds = among(type_coerce(own // column.SECOND, own.type), f"values_{place}")
    if form.operator is Operator.NOT_IN:
        return or_(own.is_(None), not_(seconds))
    begin, end = (bindparam(f"{it}_{place}", type_=own.type) for it in ("from", "until"))
    within = (value >= begin) & (value < end)
    return within & seconds if form.operator is Operator.IN else within


def _entry_is(entry: FromClause, form: Form, place: int, *, proven: str = "proven") -> Iterator[ColumnElement[bool]]:
    """Whether the entry is what the condition asks for, and is believed."""
    value, given = entry.c.value, bindparam(f"value_{place}", type_=Text())
    yield entry.c.field == bindparam(f"field_{place}")
    match form.operator:
        case Operator.STARTS_WITH:
            yield (value >= given) & (value < bindparam(f"until_{place}", type_=Text()))
        case Operator.IN | Operator.NOT_IN if not form.is_single:
            yield among(type_coerce(value, Text()), f"values_{place}")
        case Operator.IN | Operator.NOT_IN:
            yield value == given
        case _:
            yield _compared(value, form.operator, given)
    if form.field is Field.NAME or form.is_proven:
        yield entry.c.is_claimed == false()
        return
    owner = t.directory.alias(f"{proven}_{place}")
    is_proven = exists().where(
        owner.c.app_id == entry.c.app_id,
        owner.c.field == entry.c.field,
        owner.c.value == entry.c.value,
        owner.c.is_claimed == false(),
    )
    yield or_(entry.c.is_claimed == false(), ~is_proven)


def _compared(value: ColumnElement[Any], operator: Operator, given: ColumnElement[Any]) -> ColumnElement[bool]:
    match operator:
        case Operator.LESS:
            return value < given
        case Operator.AT_MOST:
            return value <= given
        case Operator.MORE:
            return value > given
    return value >= given


def _counting(found: Select[Any]) -> Statement:
    return Statement(select(func.count()).select_from(found.limit(bindparam("counted")).subquery("found")))


def _paged(found: Select[Any]) -> Statement:
    return Statement(found.limit(bindparam("limit")).offset(bindparam("skip")))
