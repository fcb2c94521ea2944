"""Reading what OpenCX' widget and the App's server send.

read             a body as a shape; fields that we do not know are passed over
scalars          custom data: flat, of texts, numbers and booleans
as_text          such a value as filters compare it
read_session_id, read_moment, is_uuid
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from starlette.requests import Request

from ...domain.conversations import ConversationId
from ...domain.errors import NotFound, Unacceptable
from ...web.ids import read_uuid
from ...web.reading import read_json

Shape = TypeVar("Shape")
Scalar = str | int | float | bool

MOST_CUSTOM: Final = 50  # fields of custom data
LONGEST_NAME: Final = 100
LONGEST_VALUE: Final = 2_000

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UUID4: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


async def read(request: Request, shape: type[Shape]) -> Shape:
    """Refuses with UnsupportedMedia, TooLarge, Unreadable or Unacceptable."""
    return await read_json(request, shape)


def scalars(values: Mapping[str, Any] | None, field: str) -> dict[str, Scalar]:
    """Custom data. Nothing in it is nested (the vendor: 400); null says nothing. Refuses with Unacceptable."""
    found: dict[str, Scalar] = {}
    for name, value in (values or {}).items():
        if not 0 < len(name) <= LONGEST_NAME:
            raise Unacceptable(field, f"has a name that is empty or longer than {LONGEST_NAME} characters")
        if value is None:
            continue
        if not isinstance(value, str | int | float | bool):
            raise Unacceptable(f"{field}.{name}", "must be a string, a number or a boolean")
        if isinstance(value, str) and len(value) > LONGEST_VALUE:
            raise Unacceptable(f"{field}.{name}", f"is longer than {LONGEST_VALUE} characters")
        if isinstance(value, int | float) and not (math.isfinite(value) and abs(value) <= 2**53):
            raise Unacceptable(f"{field}.{name}", "is a number beyond measure")
        found[name] = value
    if len(found) > MOST_CUSTOM:
        raise Unacceptable(field, f"has more than {MOST_CUSTOM} fields")
    return found


def as_text(value: Any) -> str:
    """A value of custom data as the vendor compares it: as JavaScript spells it."""
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
    return str(value)


def read_session_id(text: str) -> ConversationId:
    """Refuses with NotFound what cannot be one: whether an id is there is told to nobody."""
    id = read_uuid(text)
    if id is None:
        raise NotFound("conversation")
    return ConversationId(id)


def read_moment(text: str | None, field: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text) if len(text) <= 64 else None
    except ValueError:
        found = None
    if found is None:
        raise Unacceptable(field, "must be a date and time of ISO 8601")
    try:
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except OverflowError as error:
        raise Unacceptable(field, "is a time beyond measure") from error


def check_uuid(text: str, field: str) -> str:
    if not _UUID.fullmatch(text):
        raise Unacceptable(field, "must be a UUID")
    return text


def is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def is_random_uuid(text: str) -> bool:
    """Whether it is a UUID of version 4 as a browser makes one: 122 random bits, if whoever made it is honest."""
    return _UUID4.fullmatch(text) is not None
