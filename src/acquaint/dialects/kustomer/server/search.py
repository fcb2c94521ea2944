"""``POST /v1/customers/search``: a part of the vendor's query language, as much of it as an index can answer.

    {"and": [{"customer_email": {"equals": "ann@example.com"}}, {"customer_created_at": {"gte": "2026-01-01"}}],
     "or":  [{"customer_tags": {"equals": "vip"}}, {"customer_tags": {"equals": "beta"}}],
     "sort": [{"customer_updated_at": "desc"}]}

Everything in ``and`` must hold, and something in ``or``, which is about one field. An address, number or external id
finds whom it names, as the App or a proof has it: what somebody merely says of themselves finds nobody here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from starlette.responses import Response

from ....domain.directory import COUNTED, Condition, Field, Operator, Query
from ....domain.errors import NotFound, Unacceptable
from ....domain.identities import Identifier
from ....services import directory, roster, users
from ..reading import NOT_KNOWN, Asked, moment_in, query, read, read_id
from .callers import Server
from .customer_wire import NOBODY, customer
from .customers import numbered, page_of

MOST_ASKED: Final = 20
LONGEST_VALUE: Final = 256

NAMING: Final = {
    "customer_email": Identifier.email,
    "customer_phone": Identifier.phone,
    "customer_external_id": Identifier.external_id,
}
"""What names one customer."""

TEXTS: Final[Mapping[str, Field]] = {"customer_name": Field.NAME, "customer_tags": Field.TAG}
MOMENTS: Final[Mapping[str, Field]] = {
    "customer_created_at": Field.CREATED_AT,
    "customer_updated_at": Field.UPDATED_AT,
    "customer_last_seen_at": Field.LAST_SEEN_AT,
}
SORTED: Final[Mapping[str, Field]] = {**MOMENTS, "customer_name": Field.NAME}
COMPARED: Final[Mapping[str, Operator]] = {
    "lt": Operator.LESS,
    "lte": Operator.AT_MOST,
    "gt": Operator.MORE,
    "gte": Operator.AT_LEAST,
}


async def search(server: Server) -> Response:
    """POST customers/search, by numbered pages."""
    pages = query(server.request).only("page", "pageSize")
    page, size = page_of(pages)
    if page * size > COUNTED:
        raise Unacceptable("?page", f"is beyond the first {COUNTED} customers: ask for fewer at once")
    asked = (await read(server.request)).only("and", "or", "sort", "queryContext", "timeZone")
    if (asked.text("queryContext", 32) or "customer") != "customer":
        raise Unacceptable("queryContext", "must be customer")
    if (asked.text("timeZone", 64) or "GMT").upper() not in ("GMT", "UTC"):
        raise Unacceptable("timeZone", "must be GMT: send moments in UTC")
    conditions = [await _condition(server, *it) for it in _parts(asked, "and")]
    conditions += await _any_of(server, list(_parts(asked, "or")))
    order, is_descending = _sort(asked)
    wanted = Query(
        tuple(conditions),
        order=order,
        is_descending=is_descending,
        skip=(page - 1) * size,
        limit=size,
        knows_visitors=True,
    )
    found = await directory.find(server.core, server.app, wanted)
    counts = await roster.counts(server.core, server.app, [it.id for it in found.users])
    shown = [customer(server.app, it, counts.get(it.id, NOBODY)) for it in found.users]
    return numbered(server, pages, shown, page, size, found.total)


Part = tuple[str, str, str, Any]
"""Where it is, and the field, the operator and the value."""


def _parts(asked: Asked, name: str) -> Iterable[Part]:
    for it in asked.objects(name, MOST_ASKED) or []:
        at = it.at.rstrip(".")
        if len(it.values) != 1:
            raise Unacceptable(at, "must name one field")
        [(field, compared)] = it.values.items()
        if not isinstance(compared, dict) or len(compared) != 1:
            raise Unacceptable(f"{at}.{field}"[:100], "must be an object with one operator")
        [(operator, value)] = compared.items()
        yield f"{at}.{field}"[:100], field, operator, value


async def _any_of(server: Server, parts: list[Part]) -> list[Condition]:
    """One condition, of one field that equals one of several values; none where nothing is asked."""
    if not parts:
        return []
    at, field, _, _ = parts[0]
    if any((its_field, operator) != (field, "equals") for _, its_field, operator, _ in parts):
        raise Unacceptable(at, "must, like everything in or, say what one and the same field equals")
    each = [await _condition(server, *it) for it in parts]
    return [Condition.of(each[0].field, Operator.IN, *dict.fromkeys(it for one in each for it in one.values))]


async def _condition(server: Server, at: str, field: str, operator: str, value: Any) -> Condition:
    if field in MOMENTS and operator in COMPARED:
        return Condition.of(MOMENTS[field], COMPARED[operator], _moment(at, value))
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_VALUE:
        raise Unacceptable(at, f"must be compared with a string of 1 to {LONGEST_VALUE} characters")
    match field, operator:
        case "customer_id", "equals":
            return Condition.of(Field.ID, Operator.IN, read_id(value, at))
        case (("customer_email" | "customer_phone" | "customer_external_id"), "equals"):
            return await _named(server, at, field, value)
        case (("customer_name" | "customer_tags"), "equals"):
            return Condition.of(TEXTS[field], Operator.IN, value)
        case "customer_name", "starts_with":
            return Condition.of(Field.NAME, Operator.STARTS_WITH, value)
        case "customer_tags", "not_equals":
            return Condition.of(Field.TAG, Operator.NOT_IN, value)
    raise Unacceptable(at, NOT_KNOWN if field not in _ALL else f"cannot be compared by {operator[:32]}")


_ALL: Final = frozenset({"customer_id", *NAMING, *TEXTS, *MOMENTS})


async def _named(server: Server, at: str, field: str, value: str) -> Condition:
    """By the id of whom it names: the directory would also find who merely claims it."""
    try:
        who = NAMING[field](value)
    except Unacceptable as rule:
        raise Unacceptable(at, rule.reason) from rule
    try:
        found = [(await users.find(server.core, server.app, who)).id]
    except NotFound:
        found = []
    return Condition.of(Field.ID, Operator.IN, *found)


def _moment(at: str, value: Any) -> datetime:
    """A moment, or a day, which begins at midnight in UTC."""
    text = value if isinstance(value, str) and len(value) <= 64 else ""
    found = moment_in(text if "T" in text else f"{text}T00:00Z")
    if found is None:
        raise Unacceptable(at, "must be compared with a day, or a date and time of ISO 8601")
    return found.astimezone(UTC)


def _sort(asked: Asked) -> tuple[Field, bool]:
    given = asked.objects("sort", 1) or []
    if not given:
        return Field.ID, True
    [(field, direction)] = given[0].values.items() if len(given[0].values) == 1 else [("", "")]
    if field not in SORTED or direction not in ("asc", "desc"):
        raise Unacceptable("sort", f"must be one of {', '.join(SORTED)}, asc or desc")
    return SORTED[field], direction == "desc"
