"""Reading what Kustomer's clients send: JSON objects, flat, sometimes with nothing in them.

read          a request's body; read_list, where it is a list of objects
query         a request's parameters
Asked         either of them, read as what a route wants of it
read_id       an id of the vendor's 24 digits
check_custom  custom attributes, whose names say their types

A field is called as the body has it, ``custom.planStr``; a parameter of the query begins with ``?``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.requests import Request

from ...domain.errors import Unacceptable
from ...web.ids import read_hex
from ...web.reading import check_texts, parse_json, read_body

LARGEST_BODY: Final = 100_000  # bytes; the vendor's own limit for request bodies is 100 kB
NOT_KNOWN: Final = "is not known here"
NOTHING_GIVEN: Final = "needs at least one field"
LONGEST_CUSTOM_TEXT: Final = 1024  # of a custom attribute (the vendor's OpenAPI)
LONGEST_CUSTOM_NAME: Final = 64
MOST_CUSTOM: Final = 100  # custom attributes of one object (the vendor's OpenAPI)

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_CUSTOM_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*?(Num|At|Str|Txt|Bool|Url|Tree)")


async def read(request: Request) -> Asked:
    """The body, which is a JSON object or nothing at all; clients say application/json of either."""
    body = await read_body(request, LARGEST_BODY)
    return Asked(parse_json(body, dict[str, Any]) if body.strip() else {})


async def read_list(request: Request, at_most: int) -> list[Asked]:
    """The body, which is a list of objects with something in it."""
    found = Asked({"items": parse_json(await read_body(request, LARGEST_BODY), list[Any])}).objects("items", at_most)
    if not found:
        raise Unacceptable("", "must be a list with something in it")
    return found


def query(request: Request) -> Asked:
    """The parameters in the address; one that is given twice is refused."""
    values: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in values:
            raise Unacceptable(f"?{name}", "is given more than once")
        values[name] = value
    check_texts(values)
    return Asked(values, "?")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, by name. Null is not given. Each reading refuses with Unacceptable.

    ``at`` is what the names of its fields begin with: ``?`` for a query, ``emails[0].`` for an object within a body.
    """

    values: Mapping[str, Any]
    at: str = ""

    def only(self, *names: str) -> Asked:
        """Refuses fields of other names, where the vendor does."""
        for name in self.values:
            if name not in names:
                raise Unacceptable(self.at + name, NOT_KNOWN)
        return self

    def has(self, *names: str) -> bool:
        """Whether one of these is given, be it null."""
        return any(name in self.values for name in names)

    def text(self, name: str, longest: int = 1024) -> str | None:
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise Unacceptable(self.at + name, "must be a string")
        if len(value) > longest:
            raise Unacceptable(self.at + name, f"is longer than {longest} characters")
        return value

    def needed(self, name: str, longest: int = 1024) -> str:
        """A text that is not blank."""
        value = self.text(name, longest)
        if value is None or not value.strip():
            raise Unacceptable(self.at + name, "is required")
        return value

    def flag(self, name: str) -> bool | None:
        """True or false; in a query also spelled so."""
        value = self.values.get(name)
        if value is None or isinstance(value, bool):
            return value
        if self.at == "?" and value in ("true", "false"):
            return bool(value == "true")
        raise Unacceptable(self.at + name, "must be true or false")

    def number(self, name: str, usual: int, least: int, most: int) -> int:
        """A whole number; in a query as digits."""
        value = self.values.get(name)
        if value is None:
            return usual
        if self.at == "?" and isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # some clients count in floating point
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Unacceptable(self.at + name, f"must be a whole number from {least} to {most}")
        return value

    def object(self, name: str) -> dict[str, Any] | None:
        value = self.values.get(name)
        if value is not None and not isinstance(value, dict):
            raise Unacceptable(self.at + name, "must be an object")
        return value

    def objects(self, name: str, at_most: int) -> list[Asked] | None:
        """A list of objects."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(it, dict) for it in value):
            raise Unacceptable(self.at + name, "must be a list of objects")
        if len(value) > at_most:
            raise Unacceptable(self.at + name, f"has more than {at_most} items")
        return [Asked(it, f"{self.at}{name}[{number}].") for number, it in enumerate(value)]

    def texts(self, name: str, at_most: int, longest: int = 256) -> list[str] | None:
        """A list of texts."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(it, str) and len(it) <= longest for it in value):
            raise Unacceptable(self.at + name, f"must be a list of strings of at most {longest} characters")
        if len(value) > at_most:
            raise Unacceptable(self.at + name, f"has more than {at_most} items")
        return value

    def moment(self, name: str) -> datetime | None:
        """A date and time of ISO 8601, with any precision."""
        value = self.text(name, 64)
        if value is None:
            return None
        found = moment_in(value)
        if found is None:
            raise Unacceptable(self.at + name, "must be a date and time of ISO 8601")
        return found

    def id(self, name: str) -> int | None:
        value = self.text(name, 64)
        return None if value is None else read_id(value, self.at + name)


def read_id(text: str, field: str = "id") -> int:
    """The id in the vendor's 24 hexadecimal digits. Refuses with Unacceptable what is none.

    One that looks like it and is not ours is the id of nothing: no object of ours is called 0.
    """
    if not re.fullmatch(r"[0-9a-f]{24}", text):
        raise Unacceptable(field, "is malformed: an id has 24 hexadecimal digits")
    return read_hex(text) or 0


def moment_in(text: str) -> datetime | None:
    """A date and time with its zone; None for anything else."""
    try:
        found = datetime.fromisoformat(text) if _DATE.fullmatch(text) else None
        return found.astimezone(UTC) if found else None
    except (ValueError, OverflowError):
        return None


def check_custom(values: Mapping[str, Any], field: str = "custom") -> dict[str, Any]:
    """Custom attributes whose names end in their type: ``planStr``, ``ageNum``, ``bornAt``, ``paysBool``, ``siteUrl``.

    Null is for every type: it empties the attribute. Refuses with Unacceptable, naming the attribute.
    """
    if len(values) > MOST_CUSTOM:
        raise Unacceptable(field, f"has more than {MOST_CUSTOM} attributes")
    for name, value in values.items():
        at = f"{field}.{name}"
        found = _CUSTOM_NAME.fullmatch(name) if len(name) <= LONGEST_CUSTOM_NAME else None
        if found is None:
            raise Unacceptable(at[:100], NOT_KNOWN)
        rule, fits = _CUSTOM_TYPES[found[1]]
        if value is not None and not fits(value):
            raise Unacceptable(at, rule)
    return dict(values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) < 1e15


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or len(value) > 64:
        return False
    if not _DAY.fullmatch(value):
        return moment_in(value) is not None
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_CUSTOM_TEXT


def _is_address(value: Any) -> bool:
    """Of the web: what is shown to people as a link must not be a script."""
    if not _is_text(value):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


_CUSTOM_TYPES: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "Num": ("must be a number", _is_number),
    "At": ("must be a date, or a date and time of ISO 8601", _is_date),
    "Str": (f"must be a string of at most {LONGEST_CUSTOM_TEXT} characters", _is_text),
    "Txt": (f"must be a string of at most {LONGEST_CUSTOM_TEXT} characters", _is_text),
    "Tree": (f"must be a string of at most {LONGEST_CUSTOM_TEXT} characters", _is_text),
    "Bool": ("must be true or false", lambda it: isinstance(it, bool)),
    "Url": ("must be the address of a page", _is_address),
}
