"""The query language of ``GET /users/v2``: which parameters mean which query of ours.

    id=5  id[in][]=5&id[in][]=6  full_name[start_with]=hunter  user_tags[nin][]=vip  last_request_at[gt]=…
    offset  limit  sort_asc  sort_desc

Every condition must hold. A list may be written with ``[]``, by repeating its name, or with commas.

query_of        the query that a request's parameters mean
condition       one field and operator of ours, from texts as they were sent; also for the older language
FIELDS          the vendor's names of fields
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ...domain.apps import Policy
from ...domain.directory import COUNTED, Condition, Field, Operator, Query
from ...domain.errors import Unacceptable
from ...web.ids import read_integer
from .moments import read_moment
from .reading import Asked

LARGEST_PAGE: Final = 100  # documented: limit and per_page
PREFIX_PAGE: Final = 5  # documented: start_with sets the limit
SHORTEST_PREFIX: Final = 4  # documented
NOT_SUPPORTED: Final = "is not supported"
NOBODY_NAMED: Final = "Query should contain at least one stand-alone field with primary operator"

FIELDS: Final[Mapping[str, Field]] = {
    "id": Field.ID,
    "login": Field.LOGIN,
    "email": Field.EMAIL,
    "full_name": Field.NAME,
    "phone": Field.PHONE,
    "external_id": Field.EXTERNAL_ID,
    "facebook_id": Field.FACEBOOK_ID,
    "twitter_id": Field.TWITTER_ID,
    "user_tags": Field.TAG,
    "last_request_at": Field.LAST_SEEN_AT,
    "created_at": Field.CREATED_AT,
    "updated_at": Field.UPDATED_AT,
}
CONTACTS: Final = frozenset({Field.EMAIL, Field.PHONE})

_OPERATORS: Final[Mapping[str, Operator]] = {
    "eq": Operator.IN,
    "in": Operator.IN,
    "nin": Operator.NOT_IN,
    "start_with": Operator.STARTS_WITH,
    "gt": Operator.MORE,
    "lt": Operator.LESS,
    "gte": Operator.AT_LEAST,
    "lte": Operator.AT_MOST,
}
_PAGING: Final = frozenset({"offset", "limit", "sort_asc", "sort_desc"})
_OF_OTHERS: Final = frozenset({"application_id", "auth_key", "nonce", "timestamp", "signature", "token"})
"""What older clients add to every request."""


def query_of(asked: Asked, policy: Policy) -> Query:
    """Refuses with Unacceptable what is not of the language, names nobody, or would tell what is not shown."""
    conditions: list[Condition] = []
    for name, value in asked.raw.items():
        if name in _PAGING or name in _OF_OTHERS or value is None:
            continue
        if name not in FIELDS:
            raise Unacceptable(name[:100], NOT_SUPPORTED)
        conditions += _conditions(name, value)
    is_by_prefix = any(it.operator is Operator.STARTS_WITH for it in conditions)
    offset, limit = asked.number("offset"), asked.number("limit")
    if offset is not None and not 0 <= offset <= COUNTED:
        raise Unacceptable("offset", f"should be from 0 to {COUNTED}")
    if limit is not None and limit < 1:
        raise Unacceptable("limit", "should be a positive integer")
    order, is_descending = _order(asked)
    query = Query(
        tuple(conditions),
        order,
        is_descending,
        offset or 0,
        PREFIX_PAGE if is_by_prefix else min(limit or LARGEST_PAGE, LARGEST_PAGE),
    )
    if not query.is_about_somebody(strict=policy.strict_user_queries or not policy.lists_users):
        raise Unacceptable("base", NOBODY_NAMED)
    check_shown(query, policy)
    return query


def check_shown(query: Query, policy: Policy) -> None:
    """Where addresses and numbers are not shown, they are not told by narrowing down either: only whole ones are found.

    Refuses with Unacceptable.
    """
    if policy.shows_emails_and_phones:
        return
    for it in query.conditions:
        if it.field in CONTACTS and it.operator is not Operator.IN:
            raise Unacceptable(name_of(it.field), NOT_SUPPORTED)
    if query.order in CONTACTS:
        raise Unacceptable(name_of(query.order), NOT_SUPPORTED)


def condition(name: str, operator: Operator, texts: Sequence[str]) -> Condition:
    """Refuses with Unacceptable, by the vendor's name of the field."""
    field = FIELDS[name]
    values: list[Any] = [_value(name, field, it, operator) for it in texts]
    try:
        return Condition.of(field, operator, *values)
    except Unacceptable as refusal:
        raise Unacceptable(name, refusal.reason) from refusal


def name_of(field: Field) -> str:
    return next(name for name, it in FIELDS.items() if it is field)


def _conditions(name: str, value: Any) -> list[Condition]:
    if not isinstance(value, Mapping):
        return [condition(name, Operator.IN, _texts(name, value, has_commas=FIELDS[name] is Field.TAG))]
    found = []
    for said, operand in value.items():
        operator = _OPERATORS.get(said)
        if operator is None or operator not in _allowed(FIELDS[name]):
            raise Unacceptable(name, NOT_SUPPORTED)
        if operand is not None:
            texts = _texts(name, operand, has_commas=said in ("in", "nin"))
            if operator is Operator.STARTS_WITH and any(len(it.strip()) < SHORTEST_PREFIX for it in texts):
                raise Unacceptable(name, f"start_with needs at least {SHORTEST_PREFIX} characters")
            found.append(condition(name, operator, texts))
    return found


def _allowed(field: Field) -> frozenset[Operator]:
    """Documented: moments are compared and have no beginning, the others the other way round, and ids have neither."""
    if field.is_moment:
        return frozenset(Operator) - {Operator.STARTS_WITH}
    return _OF_TEXTS if field.is_text else _OF_TEXTS - {Operator.STARTS_WITH}


_OF_TEXTS: Final = frozenset({Operator.IN, Operator.NOT_IN, Operator.STARTS_WITH})


def _texts(name: str, value: Any, *, has_commas: bool) -> list[str]:
    """A value or several, as texts. A list is taken as it is; commas separate only where there is one text."""
    if isinstance(value, list):
        if any(isinstance(it, list | Mapping) for it in value):
            raise Unacceptable(name, NOT_SUPPORTED)
        texts = [Asked({name: it}).text_as_is(name) for it in value]
        return [it for it in texts if it]
    if isinstance(value, Mapping):
        raise Unacceptable(name, NOT_SUPPORTED)
    return Asked({name: value}).texts(name) if has_commas else [Asked({name: value}).text_as_is(name) or ""]


def _value(name: str, field: Field, text: str, operator: Operator) -> Any:
    if field is Field.ID:
        compares = operator not in (Operator.IN, Operator.NOT_IN)
        id = 0 if compares and text.strip() == "0" else read_integer(text.strip())
        if id is None:
            raise Unacceptable(name, "should be a positive integer")
        return id
    if field.is_moment:
        moment = read_moment(text)
        if moment is None:
            raise Unacceptable(name, "should be a date")
        return moment
    return text


def _order(asked: Asked) -> tuple[Field, bool]:
    for parameter, is_descending in (("sort_asc", False), ("sort_desc", True)):
        name = asked.text(parameter)
        if name is not None:
            field = FIELDS.get(name)
            if field is None or field is Field.TAG:
                raise Unacceptable(parameter, NOT_SUPPORTED)
            return field, is_descending
    return Field.ID, False
