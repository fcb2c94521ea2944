"""Finding users by what they are found by: one statement for each shape of a query, and an index for each statement.

    list_user, relist    a user's entries, written beside the user
    search               the ids that a query finds, and how many there are

Users are looked up by the condition that applies to the fewest, and the others are tried on them, until ``COUNTED`` are
found. If that is all of them, they are sorted. If there are more, all users are walked through in the order that is
asked for until the page is full: where many match, that is soon. So neither takes longer because an App has more users,
but for conditions each of which applies to many users and together to hardly any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Boolean, Text, bindparam, delete, select, true

from ..domain.apps import AppId
from ..domain.directory import COUNTED, Condition, Entry, Field, Operator, Query, entries_of
from ..domain.users import User
from . import columns as column
from . import tables as t
from .connection import Connection
from .directory_plans import Plan, Shape, form_of, plan_of
from .inserting import insert
from .statements import Statement, listed

_users, _directory = t.users.c, t.directory.c
_given = listed("entries", field=Text(), value=Text(), is_claimed=Boolean())

_LIST = Statement(
    insert(t.directory)
    .from_select(
        [it.name for it in t.directory.c],
        select(bindparam("app_id", type_=_directory.app_id.type), *_given.c, bindparam("user_id", type_=_users.id.type))
        .select_from(_given)
        .where(true()),  # without it SQLite takes the following ON for that of a join
    )
    .on_conflict_do_nothing()
)
_ENTRIES_OF = Statement(
    select(_directory.field, _directory.value, _directory.is_claimed).where(_directory.user_id == bindparam("user_id"))
)
_UNLIST = Statement(
    delete(t.directory).where(
        *(it == bindparam(it.name) for it in t.directory.c),
    )
)


async def list_user(db: Connection, user: User) -> None:
    """Writes the entries of a new user."""
    await _list(db, user, entries_of(user))


async def relist(db: Connection, user: User) -> None:
    """Brings the entries of a user who changed up to date."""
    rows = await db.rows(_ENTRIES_OF, user_id=user.id)
    was = {Entry(Field(field), value, bool(is_claimed)) for field, value, is_claimed in rows}
    entries = set(entries_of(user))
    for gone in was - entries:
        values = {"field": gone.field.value, "value": gone.value, "is_claimed": gone.is_claimed}
        await db.change(_UNLIST, app_id=user.app_id, user_id=user.id, **values)
    await _list(db, user, sorted(entries - was))


async def search(db: Connection, app_id: AppId, query: Query) -> tuple[list[int], int]:
    """The ids of the page that is asked for, in order, and how many match: counted up to ``COUNTED``."""
    plan = plan_of(Shape.of(query, await _driver(db, app_id, query)))
    values = {"app_id": app_id, "order_field": query.order.value} | _values(query.conditions)
    matching = [row[0] for row in await db.rows(plan.matching, counted=COUNTED, **values)]
    if len(matching) >= COUNTED:
        return await _walked(db, plan, values, query), COUNTED
    if query.order is Field.ID:
        return sorted(matching, reverse=query.is_descending)[query.skip : query.skip + query.limit], len(matching)
    if len(matching) <= query.skip:
        return [], len(matching)
    return await _ids(db, plan.sorted, values | {"ids": matching}, query.skip, query.limit), len(matching)


async def _list(db: Connection, user: User, entries: Sequence[Entry]) -> None:
    if entries:
        given = column.of_data([[it.field.value, it.value, it.is_claimed] for it in entries])
        await db.change(_LIST, app_id=user.app_id, user_id=user.id, entries=given)


async def _driver(db: Connection, app_id: AppId, query: Query) -> int | None:
    """The condition that applies to the fewest users, if there is any that users can be looked up by."""
    may = [place for place, it in enumerate(query.conditions) if it.operator is not Operator.NOT_IN]
    for place in may:
        condition = query.conditions[place]
        if condition.operator is Operator.IN and (condition.field is Field.ID or condition.field.is_owned):
            return place
    best, fewest = may[0] if may else None, COUNTED
    for place in may if len(may) > 1 else ():
        condition = query.conditions[place]
        probe = plan_of(Shape((form_of(condition),), driver=0)).probe
        number = await _number(db, probe, {"app_id": app_id, "counted": fewest} | _values([condition]))
        if number < fewest:
            best, fewest = place, number
    return best


async def _walked(db: Connection, plan: Plan, values: dict[str, Any], query: Query) -> list[int]:
    if plan.in_order_of_ids is not None:
        return await _ids(db, plan.in_order_of_ids, values, query.skip, query.limit)
    found = await _ids(db, plan.walk, values, query.skip, query.limit)
    if len(found) < query.limit and query.order.may_be_missing:
        before = query.skip + len(found)
        if not found and query.skip:
            before = await _number(db, plan.walked, values | {"counted": query.skip})
        rest = query.limit - len(found)
        found += await _ids(db, plan.walk_rest, values, query.skip + len(found) - before, rest)
    return found


async def _ids(db: Connection, statement: Statement, values: dict[str, Any], skip: int, limit: int) -> list[int]:
    return [row[0] for row in await db.rows(statement, skip=skip, limit=limit, **values)]


async def _number(db: Connection, statement: Statement, values: dict[str, Any]) -> int:
    (row,) = await db.rows(statement, **values)
    return int(row[0])


def _values(conditions: Iterable[Condition]) -> dict[str, Any]:
    """What ``Plan`` calls the values of conditions."""
    values: dict[str, Any] = {}
    for place, it in enumerate(conditions):
        values[f"field_{place}"] = it.field.value
        if it.field.is_moment:
            spans = [(column.of_moment(begin), column.of_moment(end)) for begin, end in it.spans()]
            values[f"from_{place}"] = min((begin for begin, _ in spans), default=0)
            values[f"until_{place}"] = max((end for _, end in spans), default=0)
            values[f"values_{place}"] = [begin // column.SECOND for begin, _ in spans]
        else:
            values[f"values_{place}"] = it.values
            values[f"value_{place}"] = it.values[0] if it.values else None
            if it.operator is Operator.STARTS_WITH:
                values[f"until_{place}"] = beyond(it.values[0])
    return values


def beyond(prefix: str) -> str:
    """The first text, by code points, after all those that begin with this one."""
    for length in range(len(prefix), 0, -1):
        last = ord(prefix[length - 1]) + 1
        if last <= _LAST_CHARACTER:
            return prefix[: length - 1] + chr(0xE000 if 0xD800 <= last < 0xE000 else last)  # no text has surrogates
    return chr(_LAST_CHARACTER) * 1024  # longer than any value


_LAST_CHARACTER: Final = 0x10FFFF
