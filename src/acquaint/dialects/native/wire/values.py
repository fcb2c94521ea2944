"""Values that many shapes share, and how domain values are written."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Final, TypeVar

from msgspec import Meta, Struct, UnsetType

from ....domain.conversations import LONGEST_TEXT, LONGEST_TITLE
from ....domain.errors import Unacceptable
from ....domain.identities import KEEP, LONGEST_EMAIL, LONGEST_IDENTIFIER, MOST_CUSTOM_FIELDS, MOST_TAGS, Keep
from ....domain.paging import LARGEST_PAGE, USUAL_PAGE, PageAsked
from ....domain.passwords import LONGEST_PASSWORD
from ....domain.places import LONGEST_WORKSPACE
from ....web.ids import read_integer

T = TypeVar("T")


class Sent(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a caller sends. A field nobody declared is refused."""


class Shown(Struct, kw_only=True):
    """What a caller is shown. Later versions may add fields; none is ever taken away or left out."""


class Nothing(Sent):
    """No field at all."""


Id = Annotated[
    str,
    Meta(
        title="Id",
        pattern="^[1-9][0-9]{0,15}$",
        description="A whole number below 2^53, written as text. Larger ids are younger.",
        examples=["7204822912614400"],
    ),
]
Moment = Annotated[
    str,
    Meta(
        title="Moment",
        description="A moment in UTC, with milliseconds.",
        examples=["2026-03-14T09:26:53.589Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
Since = Annotated[
    str,
    Meta(
        min_length=10,
        max_length=40,
        description="A moment as RFC 3339 writes it.",
        examples=["2026-03-14T09:26:53Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
Slug = Annotated[str, Meta(min_length=1, max_length=63, description="The App's slug.", examples=["acme"])]
Secret = Annotated[str, Meta(min_length=1, max_length=255)]
Name = Annotated[str, Meta(max_length=255)]
Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]
Title = Annotated[str, Meta(max_length=LONGEST_TITLE)]
Login = Annotated[str, Meta(min_length=1, max_length=LONGEST_IDENTIFIER)]
Email = Annotated[str, Meta(min_length=3, max_length=LONGEST_EMAIL, examples=["ann@acme.example"])]
Phone = Annotated[str, Meta(min_length=5, max_length=64, examples=["+49 30 901820"])]
Password = Annotated[str, Meta(min_length=1, max_length=LONGEST_PASSWORD)]
Workspace = Annotated[str, Meta(max_length=LONGEST_WORKSPACE)]
Url = Annotated[str, Meta(max_length=2048, pattern="^https?://[^\\s]+$", examples=["https://acme.example/ann.png"])]
Custom = Annotated[dict[str, Any], Meta(max_length=MOST_CUSTOM_FIELDS, examples=[{"plan": "gold"}])]
Tags = Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=MOST_TAGS)]


class Paging(Sent):
    """Which part of a list is wanted."""

    limit: Annotated[int, Meta(ge=1, le=LARGEST_PAGE, description="At most so many.")] = USUAL_PAGE
    after: Annotated[
        Annotated[str, Meta(pattern="^[1-9][0-9]{0,15}$")] | None, Meta(description="``next`` of the page before.")
    ] = None

    def page(self) -> PageAsked:
        return PageAsked(self.limit, None if self.after is None else id_of(self.after, "after"))


NEXT: Final = "``after`` of the following page; null at the end."


@lru_cache(maxsize=10_000)  # the same few moments are written again with every check of a session
def moment(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds. Every moment of ours is in UTC already."""
    return at.isoformat(timespec="milliseconds")[:23] + "Z"


def read_moment(text: str | None, field: str) -> datetime | None:
    """The moment that was sent; refuses with Unacceptable what is none, or says no time zone."""
    try:
        found = None if text is None else datetime.fromisoformat(text)
    except ValueError as error:
        raise Unacceptable(field, "is not a moment") from error
    if found is not None and found.tzinfo is None:
        raise Unacceptable(field, "says no time zone")
    return found


def optional_moment(at: datetime | None) -> str | None:
    return None if at is None else moment(at)


def id_of(text: str, field: str) -> int:
    """The id that was sent in a field; refuses with Unacceptable."""
    id = read_integer(text)
    if id is None:
        raise Unacceptable(field, "is not an id")
    return id


def optional_id(id: int | None) -> str | None:
    return None if id is None else str(id)


def given(value: T | UnsetType) -> T | None:
    """A field that may be left out and may not be null."""
    return None if isinstance(value, UnsetType) else value


def kept(value: str | UnsetType | None) -> str | Keep | None:
    """A field that was not sent stays as it is; one that was sent as null is emptied."""
    return KEEP if isinstance(value, UnsetType) else value
