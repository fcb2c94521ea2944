"""The older query language, of ``GET /users``: filters and an order, each one text.

    filter[]=number id in 51941,51946       <type> <field> <operator> <value>; all of them must hold
    order=desc string created_at            <asc or desc> <type> <field>

What the type says does not count: the SDK guesses it from how a value happens to be kept in JavaScript, and an id kept
as text is still an id. Words may be separated by spaces or by plus signs, which some clients encode.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from ...domain.directory import Condition, Field, Operator
from ...domain.errors import Unacceptable
from .errors import StrangeFilter
from .moments import read_day
from .query import FIELDS, condition
from .reading import Asked

MOST_FILTERS: Final = 20
LONGEST_FILTER: Final = 10_000  # characters; a hundred ids of sixteen digits are a fifth of it

_FILTER: Final = re.compile(r"\w{1,20}[ +](\w{1,40})[ +](\w{1,10})[ +](.*)", re.DOTALL)
_ORDER: Final = re.compile(r"(asc|desc)[ +]\w{1,20}[ +](\w{1,40})")
_OPERATORS: Final[Mapping[str, Operator]] = {
    "gt": Operator.MORE,
    "lt": Operator.LESS,
    "ge": Operator.AT_LEAST,
    "le": Operator.AT_MOST,
    "eq": Operator.IN,
    "eg": Operator.IN,  # as the vendor's own example of it is spelled
    "ne": Operator.NOT_IN,
    "in": Operator.IN,
}
_ALSO: Final = {"external_user_id": "external_id", "tags": "user_tags"}
"""Other names of fields. The deprecated number of an elsewhere is looked for together with the text it became."""


def filters_of(asked: Asked) -> tuple[Condition, ...]:
    """Refuses with StrangeFilter or Unacceptable."""
    found = [it for text in _filters(asked.raw.get("filter")) for it in _read(text)]
    named = asked.text("external_user_id")  # the SDK makes a parameter of what it has no route for
    if named is not None:
        found.append(condition("external_id", Operator.IN, [named]))
    return tuple(found)


def order_of(asked: Asked) -> tuple[Field, bool]:
    """The field, and whether it is descending. Refuses with StrangeFilter."""
    text = asked.text("order")
    if text is None:
        return Field.ID, False
    match = _ORDER.fullmatch(text)
    name = "" if match is None else _ALSO.get(match[2], match[2])
    if match is None or name not in FIELDS or FIELDS[name] is Field.TAG:
        raise StrangeFilter(f'Incorrect order string "{text[:100]}"')
    return FIELDS[name], match[1] == "desc"


def _filters(value: Any) -> list[str]:
    """Every text: of ``filter[]``, of ``filter`` alone, or of ``filter[gt]`` and the like."""
    values = list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else [value]
    flat = [it for one in values for it in (one if isinstance(one, list) else [one]) if it is not None]
    if len(flat) > MOST_FILTERS:
        raise Unacceptable("filter", f"has more than {MOST_FILTERS} values")
    if not all(isinstance(it, str) and len(it) <= LONGEST_FILTER for it in flat):
        raise Unacceptable("filter", "should be texts, and not too long")
    return flat


def _read(text: str) -> Iterator[Condition]:
    match = _FILTER.fullmatch(text.strip())
    if match is None:
        raise StrangeFilter(f'Incorrect filter string "{text[:100]}"')
    said, operator, value = match.groups()
    name = _ALSO.get(said, said)
    if name not in FIELDS:
        raise StrangeFilter(f'Incorrect search field - "{said}" for filter string "{text[:100]}"')
    if operator == "between":
        yield from _between(name, value, text)
    elif operator not in _OPERATORS:
        raise StrangeFilter(f'Incorrect search operator - "{operator}" for filter string "{text[:100]}"')
    elif operator in ("eq", "eg") and FIELDS[name].is_moment and read_day(value) is not None:
        yield from _between(name, f"{value},{value}", text)  # a day is all of it
    else:
        values = [it.strip() for it in value.split(",") if it.strip()] if operator == "in" else [value]
        yield condition(name, _OPERATORS[operator], values)


def _between(name: str, value: str, text: str) -> Iterator[Condition]:
    """Both ends belong to it; a day that ends it does so as a whole."""
    first, comma, last = (it.strip() for it in value.partition(","))
    if not comma or not first or not last:
        raise StrangeFilter(f'Incorrect filter string "{text[:100]}"')
    yield condition(name, Operator.AT_LEAST, [first])
    day = read_day(last) if FIELDS[name].is_moment else None
    if day is None or day.year > 9000:  # after which there are no days any more
        yield condition(name, Operator.AT_MOST, [last])
    else:
        yield Condition.of(FIELDS[name], Operator.LESS, day + timedelta(days=1))
