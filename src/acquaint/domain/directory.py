"""The directory: what users are found by, and the queries that find them, as plain data.

    Field, Operator     what may be asked of a user, and how
    Condition, Query    what is asked; a user is found who meets every condition
    entries_of          what a user is found by
    matches             whether a query finds a user: what storage obeys
    sort_key            where in the answer they come

Three things are compared in a spelling of their own: addresses in lower case, phone numbers by their digits, names
without regard to capitals (whoever types "hunter" means Hunter). Logins, tags and the ids of elsewhere are compared
exactly. Moments are compared by whole seconds, as vendors show them.

An e-mail address, phone number or id that somebody merely claims finds them only while nobody in the App has proved
to own it: an impostor is never found under somebody else's proven address.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from . import ids
from .errors import Unacceptable
from .identities import LONGEST_IDENTIFIER, IdentifierKind
from .users import User

MOST_CONDITIONS: Final = 20
MOST_VALUES: Final = 500
"""Values of one condition. Against queries that are long to answer; lower would hurt who resolves a page of ids."""
MOST_FOUND: Final = 200
"""Users in one answer, as of any page of ours."""
COUNTED: Final = 10_000
"""How far matches are counted, and how many may be skipped: beyond it a number tells nobody anything, and costs."""
SECOND: Final = timedelta(seconds=1)
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""Moments of queries are drawn into this span: none of ours is outside, and databases count in microseconds."""

FACEBOOK: Final = "https://www.facebook.com"
X: Final = "https://x.com"
"""The issuers of two kinds of subjects that users are found by."""


KEPT_TAGS: Final = "tags"
KEPT_NUMBER: Final = "external_user_id"
"""Where doors keep, in ``Profile.by_door``, what their users are found by: tags that users gave themselves, and an id
of elsewhere in a door that has a second word for it."""


class Field(StrEnum):
    """What users are found by."""

    ID = "id"
    LOGIN = "login"
    EMAIL = "email"
    NAME = "name"
    PHONE = "phone"
    EXTERNAL_ID = "external_id"
    FACEBOOK_ID = "facebook_id"
    TWITTER_ID = "twitter_id"
    TAG = "tag"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    LAST_SEEN_AT = "last_seen_at"

    @property
    def is_moment(self) -> bool:
        return self in _MOMENTS

    @property
    def is_text(self) -> bool:
        return self is not Field.ID and not self.is_moment

    @property
    def is_owned(self) -> bool:
        """Whether it can be proved to be one user's, so that a mere claim gives way."""
        return self.is_text and self not in (Field.NAME, Field.TAG)

    @property
    def may_be_missing(self) -> bool:
        """Whether there are users without it; sorted by it, they come last."""
        return self.is_text or self is Field.LAST_SEEN_AT


_MOMENTS: Final = frozenset({Field.CREATED_AT, Field.UPDATED_AT, Field.LAST_SEEN_AT})


class Operator(StrEnum):
    """How a value is compared. Of a field with several values, such as tags, one that meets it is enough."""

    IN = "in"
    NOT_IN = "not_in"  # none of the user's values is one of these; a user without any is found
    STARTS_WITH = "starts_with"
    LESS = "less"
    AT_MOST = "at_most"
    MORE = "more"
    AT_LEAST = "at_least"


_COMPARES: Final = frozenset({Operator.LESS, Operator.AT_MOST, Operator.MORE, Operator.AT_LEAST})


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold of a user. Made by ``of``, which spells the values as they are compared.

    Numbers for ids, datetimes for moments, texts for the rest. IN with no values holds of nobody, and NOT_IN with
    none of everybody.
    """

    field: Field
    operator: Operator
    values: tuple[Any, ...]

    @classmethod
    def of(cls, field: Field, operator: Operator, *values: Any) -> Condition:
        """Refuses with Unacceptable what cannot be compared so, or is too much or too long."""
        if len(values) > MOST_VALUES:
            raise Unacceptable(field, f"has more than {MOST_VALUES} values")
        if operator not in (Operator.IN, Operator.NOT_IN) and len(values) != 1:
            raise Unacceptable(field, "needs exactly one value here")
        if operator is Operator.STARTS_WITH and not field.is_text:
            raise Unacceptable(field, "is not a text that begins with anything")
        known = tuple(_spelled(field, it) for it in values)
        if operator is Operator.STARTS_WITH and not known[0]:
            raise Unacceptable(field, "cannot be blank")
        return cls(field, operator, known)

    @property
    def is_primary(self) -> bool:
        """Whether it names whom it is about, by a value of their own or how it begins; not by a moment."""
        return self.operator in (Operator.IN, Operator.STARTS_WITH) and not self.field.is_moment

    @property
    def compares(self) -> bool:
        """Whether it asks for more or less than a value."""
        return self.operator in _COMPARES

    def spans(self) -> Iterator[tuple[datetime, datetime]]:
        """The spans of time, from and until, of which the moment must be in one, or for NOT_IN in none."""
        for value in self.values:
            second = value.replace(microsecond=0)
            after = second + SECOND
            match self.operator:
                case Operator.LESS:
                    yield EARLIEST, second if value == second else after
                case Operator.AT_MOST:
                    yield EARLIEST, after
                case Operator.MORE:
                    yield after, LATEST
                case Operator.AT_LEAST:
                    yield second if value == second else after, LATEST
                case _ if value == second:
                    yield second, after


@dataclass(frozen=True, slots=True)
class Query:
    """Who is asked for. A user is found who meets every condition; none at all finds everybody.

    ``knows_visitors``: whether those are found, too, whom nobody has verified: visitors, who belong to a device. They
    are for the App's own server to see, and not for other users.

    ``proven_emails``: whether an address that nobody proved counts for nothing, in conditions and in the order.
    """

    conditions: tuple[Condition, ...] = ()
    order: Field = Field.ID
    is_descending: bool = False
    skip: int = 0
    limit: int = 100
    knows_visitors: bool = False
    proven_emails: bool = False

    def __post_init__(self) -> None:
        if len(self.conditions) > MOST_CONDITIONS:
            raise Unacceptable("query", f"has more than {MOST_CONDITIONS} conditions")
        if self.order is Field.TAG:
            raise Unacceptable(self.order, "cannot be sorted by: a user has many")
        if not 0 <= self.skip <= COUNTED:
            raise Unacceptable("skip", f"must be from 0 to {COUNTED}")
        if not 1 <= self.limit <= MOST_FOUND:
            raise Unacceptable("limit", f"must be from 1 to {MOST_FOUND}")

    def doubts(self, field: Field) -> bool:
        """Whether what is only claimed counts for nothing in this field."""
        return self.proven_emails and field is Field.EMAIL

    @property
    def names_somebody(self) -> bool:
        """Whether it asks for few at once, by what can only be theirs; any other may apply to everybody."""
        return any(it.operator is Operator.IN and (it.field is Field.ID or it.field.is_owned) for it in self.conditions)

    def is_about_somebody(self, *, strict: bool) -> bool:
        """Whether it asks for more than "everybody but": a primary condition or, unless strict, a span of time."""
        return any(it.is_primary or (not strict and it.field.is_moment and it.compares) for it in self.conditions)


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One value that a user is found by, spelled as it is compared."""

    field: Field
    value: str
    is_claimed: bool = False  # the user says so, and somebody else may prove that it is theirs


def entries_of(user: User) -> tuple[Entry, ...]:
    """What the user is found by, beside their id and moments. What is both proved and claimed counts as proved."""
    found: dict[tuple[Field, str], Entry] = {}
    for field, value, is_claimed in _said(user):
        spelled = normal(field, value)
        if 0 < len(spelled) <= LONGEST_IDENTIFIER and (field, spelled) not in found:
            found[field, spelled] = Entry(field, spelled, is_claimed)
    return tuple(found.values())


def matches(query: Query, user: User, believed: Callable[[Entry], bool]) -> bool:
    """Whether the query finds the user. ``believed`` says of a claimed entry that nobody else has proved it."""
    if user.device_id is not None and not query.knows_visitors:
        return False
    entries = [it for it in entries_of(user) if not it.is_claimed or (believed(it) and not query.doubts(it.field))]
    return all(_holds(condition, user, entries) for condition in query.conditions)


def sort_key(query: Query, user: User) -> tuple[bool, Any, int]:
    """Where the user comes: those without the field last, the others by it (of several values the first), then by id.

    Compare the last two the other way round where the query is descending.
    """
    if query.order.is_text:
        has = (it for it in entries_of(user) if it.field is query.order)
        value: Any = min((it.value for it in has if not it.is_claimed or not query.doubts(it.field)), default=None)
    else:
        value = _own_value(query.order, user)
    return value is None, "" if value is None and query.order.is_text else value, user.id


def normal(field: Field, text: str) -> str:
    """The one spelling in which a text of this field is kept and compared; blank when nothing of it is left."""
    text = unicodedata.normalize("NFC", text.strip()[: LONGEST_IDENTIFIER + 1])
    match field:
        case Field.EMAIL:
            return text.lower()
        case Field.NAME:
            return unicodedata.normalize("NFC", text.casefold())[:LONGEST_IDENTIFIER]
        case Field.PHONE:
            return re.sub(r"[^0-9]", "", text)
    return text


def _spelled(field: Field, value: Any) -> Any:
    if field is Field.ID:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= ids.LARGEST:
            raise Unacceptable(field, "should be a positive integer")
        return value
    if field.is_moment:
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise Unacceptable(field, "is not a moment")
        return min(max(value, EARLIEST), LATEST)
    if not isinstance(value, str):
        raise Unacceptable(field, "is not a text")
    if len(value) > LONGEST_IDENTIFIER:
        raise Unacceptable(field, f"is longer than {LONGEST_IDENTIFIER} characters")
    if "\x00" in value or any("\ud800" <= it <= "\udfff" for it in value):
        raise Unacceptable(field, "contains characters that are not text")
    return normal(field, value)


_KINDS: Final = {
    IdentifierKind.LOGIN: Field.LOGIN,
    IdentifierKind.EMAIL: Field.EMAIL,
    IdentifierKind.PHONE: Field.PHONE,
    IdentifierKind.EXTERNAL_ID: Field.EXTERNAL_ID,
}
_ISSUERS: Final = {FACEBOOK: Field.FACEBOOK_ID, X: Field.TWITTER_ID}


def _said(user: User) -> Iterator[tuple[Field, str, bool]]:
    """Every value as it was said, those that are proved first."""
    profile, claimed = user.profile, user.profile.claimed
    addresses = (claimed.email, user.known_as(IdentifierKind.EMAIL))
    for it in user.identifiers:
        if it.kind is IdentifierKind.SUBJECT:
            issuer, _, subject = it.value.partition("|")
            if issuer in _ISSUERS:
                yield _ISSUERS[issuer], subject, False
        elif it.kind is not IdentifierKind.LOGIN or it.value not in addresses:
            yield _KINDS[it.kind], it.value, False  # a login that is only the address one registered with is no login
    if name := profile.name or claimed.name:
        yield Field.NAME, name, False
    for tag in (*profile.tags, *(tag for kept in profile.by_door.values() for tag in _texts_in(kept.get(KEPT_TAGS)))):
        yield Field.TAG, tag, False
    for field, value in (
        (Field.EMAIL, claimed.email),
        (Field.PHONE, profile.phone),
        (Field.PHONE, claimed.phone),
        (Field.EXTERNAL_ID, claimed.external_id),
    ):
        if value:
            yield field, value, True
    for issuer, subject in claimed.subjects.items():
        if issuer in _ISSUERS:
            yield _ISSUERS[issuer], subject, True
    for kept in profile.by_door.values():
        for number in _texts_in([kept.get(KEPT_NUMBER)]):
            yield Field.EXTERNAL_ID, number, True


def _texts_in(kept: Any) -> list[str]:
    """What is a text, or a number, of a list that a door keeps; whatever else is there is its own affair."""
    items = kept if isinstance(kept, list | tuple) else []
    return [str(it) for it in items if isinstance(it, str | int) and not isinstance(it, bool)]


def _own_value(field: Field, user: User) -> Any:
    match field:
        case Field.ID:
            return user.id
        case Field.CREATED_AT:
            return user.created_at
        case Field.UPDATED_AT:
            return user.updated_at
    return user.last_seen_at


def _holds(condition: Condition, user: User, entries: list[Entry]) -> bool:
    if condition.field.is_text:
        own: list[Any] = [it.value for it in entries if it.field is condition.field]
    else:
        value = _own_value(condition.field, user)
        own = [] if value is None else [value.replace(microsecond=0) if isinstance(value, datetime) else value]
    if condition.operator is Operator.NOT_IN:
        return not any(it in condition.values for it in own)
    return any(_meets(condition, it) for it in own)


def _meets(condition: Condition, own: Any) -> bool:
    values = condition.values
    match condition.operator:
        case Operator.STARTS_WITH:
            return bool(own.startswith(values[0]))
        case Operator.LESS:
            return bool(own < values[0])
        case Operator.AT_MOST:
            return bool(own <= values[0])
        case Operator.MORE:
            return bool(own > values[0])
        case Operator.AT_LEAST:
            return bool(own >= values[0])
    return own in values
