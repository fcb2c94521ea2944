"""The vendor's language for lists of dialogs and messages: ``type[in]=2,3&updated_at[gt]=…&sort_desc=…&limit=…``.

dialogs_asked    of GET /chat/Dialog
messages_asked   of GET /chat/Message
page_asked       limit and skip alone
ids_of           users by number
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from ...domain.conversations import ConversationId, ConversationKind, MessageId
from ...domain.errors import Unacceptable
from ...domain.listings import (
    ALWAYS,
    MOST_LISTED,
    MOST_SKIPPED,
    Between,
    ConversationOrder,
    ConversationsAsked,
    MessagesAsked,
)
from ...domain.users import UserId
from ...web.ids import read_hex, read_integer
from .moments import read_moment
from .reading import Asked

TYPES: Final[Mapping[ConversationKind, int]] = {
    ConversationKind.BROADCAST: 1,
    ConversationKind.GROUP: 2,
    ConversationKind.SUPPORT: 2,
    ConversationKind.DIRECT: 3,
    ConversationKind.CHANNEL: 4,
}
"""As the vendor's server has them; its JavaScript SDK has names for 1 and 4 that are the other way round."""

OPERATORS: Final = frozenset({"lt", "lte", "gt", "gte", "ne", "in", "nin", "all", "ctn"})

_DIALOG_FIELDS: Final = frozenset(
    {"_id", "type", "name", "last_message_date_sent", "created_at", "updated_at", "occupants_ids"}
)
_MESSAGE_FIELDS: Final = frozenset({"_id", "date_sent", "created_at", "updated_at", "sender_id"})
_NOT_HERE: Final = frozenset({"message", "recipient_id", "attachments.type"})
"""Documented filters of messages that no index serves. Ignoring one would show everything."""

_ORDERS: Final[Mapping[str, ConversationOrder]] = {
    "last_message_date_sent": ConversationOrder.LATEST,
    "date_sent": ConversationOrder.LATEST,  # as the vendor's own example has it
    "_id": ConversationOrder.CREATED,
    "created_at": ConversationOrder.CREATED,
    "updated_at": ConversationOrder.UPDATED,
}
_SECOND: Final = timedelta(seconds=1)
_MESSAGE_ORDERS: Final = frozenset({"date_sent", "created_at", "_id"})


def dialogs_asked(asked: Asked) -> ConversationsAsked:
    """Refuses with Unacceptable, naming the field: a filter that is not understood would show too much."""
    wanted: dict[str, Any] = {}
    kinds = frozenset(ConversationKind)
    for field, operator in _conditions(asked, _DIALOG_FIELDS):
        texts, text = _values(asked, field, operator)
        match field, operator:
            case "last_message_date_sent", _:
                wanted["said"] = _narrowed(wanted.get("said"), _time(field, operator, text))
            case "created_at" | "updated_at", _:
                name = field.removesuffix("_at")
                wanted[name] = _narrowed(wanted.get(name), _time(field, operator, text))
            case "_id", None | "in":
                wanted["ids"] = tuple(ConversationId(id) for id in _ids(texts))
            case "_id", "ne" | "nin":
                wanted["but_ids"] = (*wanted.get("but_ids", ()), *(ConversationId(id) for id in _ids(texts)))
            case "type", None | "in":
                wanted["kinds"] = kinds = kinds & _kinds(texts)
            case "type", "ne" | "nin":
                wanted["kinds"] = kinds = kinds - _kinds(texts)
            case "name", None:
                wanted["title"] = text
            case "name", "ctn":
                wanted["title_has"] = text
            case "occupants_ids", None | "all":
                wanted["with_all"] = ids_of(Asked({field: texts}), field)
            case "occupants_ids", "in":
                wanted["with_any"] = ids_of(Asked({field: texts}), field)
            case _:
                raise Unacceptable(field, f"cannot be filtered by {operator}")
    order, newest_first = _order(asked, frozenset(_ORDERS))
    skip, limit = page_asked(asked)
    return ConversationsAsked(
        **wanted,
        order=ConversationOrder.LATEST if order is None else _ORDERS[order],
        newest_first=newest_first or order is None,
        skip=skip,
        limit=limit,
    )


def messages_asked(asked: Asked) -> MessagesAsked:
    """The oldest first, unless it is said otherwise. Refuses like ``dialogs_asked``."""
    wanted: dict[str, Any] = {}
    for field, operator in _conditions(asked, _MESSAGE_FIELDS):
        texts, text = _values(asked, field, operator)
        match field, operator:
            case "date_sent" | "created_at", _:
                wanted["sent"] = _narrowed(wanted.get("sent"), _time(field, operator, text))
            case "updated_at", _:
                wanted["changed"] = _narrowed(wanted.get("changed"), _time(field, operator, text))
            case "_id", None | "in":
                wanted["ids"] = tuple(MessageId(id) for id in _ids(texts))
                wanted["client_ids"] = tuple(texts)
            case "_id", "gt":
                wanted["beyond"] = _one_id(text)
            case "_id", "lt":
                wanted["before"] = _one_id(text)
            case "sender_id", None | "in":
                wanted["senders"] = ids_of(Asked({field: texts}), field)
            case "sender_id", "ne" | "nin":
                wanted["but_senders"] = ids_of(Asked({field: texts}), field)
            case _:
                raise Unacceptable(field, f"cannot be filtered by {operator}")
    _, newest_first = _order(asked, _MESSAGE_ORDERS)
    skip, limit = page_asked(asked)
    return MessagesAsked(**wanted, newest_first=newest_first, skip=skip, limit=limit)


def page_asked(asked: Asked) -> tuple[int, int]:
    """``skip`` and ``limit``: more than a hundred are a hundred."""
    skip, limit = asked.number("skip") or 0, asked.number("limit")
    if not 0 <= skip <= MOST_SKIPPED:
        raise Unacceptable("skip", f"should be from 0 to {MOST_SKIPPED}")
    if limit is not None and limit < 1:
        raise Unacceptable("limit", "should be a positive integer")
    return skip, MOST_LISTED if limit is None else min(limit, MOST_LISTED)


def ids_of(asked: Asked, field: str) -> tuple[UserId, ...]:
    """The users of a list, each once; refuses with Unacceptable."""
    found = []
    for text in asked.texts(field):
        id = read_integer(text)
        if id is None:
            raise Unacceptable(field, "should be a list of positive integers")
        found.append(UserId(id))
    return tuple(dict.fromkeys(found))


def _conditions(asked: Asked, fields: frozenset[str]) -> Iterator[tuple[str, str | None]]:
    """Each filter that is asked: the field, and the operator if there is one. Other parameters are no filters."""
    for field, value in asked.raw.items():
        if isinstance(value, Mapping):
            if field not in fields:
                raise Unacceptable(field[:100], "cannot be filtered by")
            for operator in value:
                if operator not in OPERATORS:
                    raise Unacceptable(field, f"knows no operator {str(operator)[:20]}")
                yield field, operator
        elif field in fields and value is not None:
            yield field, None
        elif field in _NOT_HERE and fields is _MESSAGE_FIELDS:
            raise Unacceptable(field, "cannot be filtered by")


def _values(asked: Asked, field: str, operator: str | None) -> tuple[list[str], str]:
    """The values of a filter as a list, and as one text. A list where one value is wanted is read as none."""
    where, name = (asked, field) if operator is None else (asked.within(field), operator)
    texts = where.texts(name)
    return texts, ",".join(texts) if isinstance(where.raw.get(name), list) else where.text(name) or ""


def _time(field: str, operator: str | None, text: str) -> Between:
    """For which ``field[operator]=text`` holds; without an operator it is that second, as moments are shown."""
    at = read_moment(text)
    if at is None:
        raise Unacceptable(field, "is not a date")
    at = at.replace(microsecond=0)
    try:
        match operator:
            case "gt":
                return Between(since=at + _SECOND)
            case "gte":
                return Between(since=at)
            case "lt":
                return Between(until=at)
            case "lte":
                return Between(until=at + _SECOND)
            case None:
                return Between(at, at + _SECOND)
    except OverflowError:
        raise Unacceptable(field, "is not a date") from None
    raise Unacceptable(field, f"cannot be filtered by {operator}")


def _kinds(texts: list[str]) -> frozenset[ConversationKind]:
    if not all(it in {"1", "2", "3", "4"} for it in texts):
        raise Unacceptable("type", "should be 1, 2, 3 or 4")
    return frozenset(kind for kind, type in TYPES.items() if str(type) in texts)


def _ids(texts: list[str]) -> list[int]:
    """What is no id of ours names nothing."""
    return [id for it in texts if (id := read_hex(it)) is not None]


def _one_id(text: str) -> MessageId:
    id = read_hex(text)
    if id is None:
        raise Unacceptable("_id", "is not an id that can be compared")
    return MessageId(id)


def _narrowed(before: Between | None, now: Between) -> Between:
    return (before or ALWAYS).and_(now)


def _order(asked: Asked, known: frozenset[str]) -> tuple[str | None, bool]:
    """By what, and whether the newest comes first."""
    for name in ("sort_desc", "sort_asc"):
        order = asked.text(name)
        if order is not None:
            if order not in known:
                raise Unacceptable(name, f"cannot be {order[:50]}")
            return order, name == "sort_desc"
    return None, False
