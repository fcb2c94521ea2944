"""The vendor's topics, and what they mean. Whatever is not here is nobody's topic.

filter_in       what a client wants to hear of: ``Filter``
said_in         what a client says, by the topic it publishes to: ``Topic``
topic_of        what a topic is called, where it ``can_be_said``
Subscriptions   what one connection wants to hear of

    <token>/c, /n, /update            new comments, what became of them, edited ones; of the user who holds the token
    <app id>/<unique id>/c            new comments of a channel
    r/<room>/<room>/<user>/t          somebody types, or no longer; and so /d delivered, /r read
    r/<room>/typing                   a bot types
    r/<room>/<room>/e                 what the app's clients tell each other
    u/<user>/s                        somebody is here, or no longer

Where a filter may have a wildcard it stands for the user of a room, and for the room said a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from ...domain.conversations import ConversationId

MOST_SUBSCRIPTIONS: Final = 1_000
"""Of one connection. Against filling the memory; lower would hurt phones, which subscribe to each of their rooms."""

LARGEST_ID: Final = 2**53  # ids of ours are below it


class Kind(Enum):
    COMMENT = auto()
    NOTICE = auto()
    UPDATE = auto()
    CHANNEL = auto()
    TYPING = auto()
    DELIVERED = auto()
    READ = auto()
    BOT_TYPING = auto()
    EVENT = auto()
    PRESENCE = auto()


_OF_TOKENS: Final = {"c": Kind.COMMENT, "n": Kind.NOTICE, "update": Kind.UPDATE}
_OF_MEMBERS: Final = {"t": Kind.TYPING, "d": Kind.DELIVERED, "r": Kind.READ}
_LETTERS: Final = {kind: letter for letter, kind in (_OF_TOKENS | _OF_MEMBERS).items()}


@dataclass(frozen=True, slots=True)
class OfToken:
    """``kind`` of news of whoever holds the token."""

    kind: Kind
    token: str


@dataclass(frozen=True, slots=True)
class OfChannel:
    app: str
    unique_id: str


@dataclass(frozen=True, slots=True)
class OfRoom:
    """``by`` is the vendor's id of a user; None for everybody's, and where the topic names none."""

    kind: Kind
    room: ConversationId
    by: str | None = None


@dataclass(frozen=True, slots=True)
class OfUser:
    """Whether the user of this vendor's id is here."""

    id: str


Filter = OfToken | OfChannel | OfRoom | OfUser
Topic = OfRoom | OfUser
"""What clients may publish to: in rooms, and about themselves."""


def filter_in(text: str) -> Filter | None:
    """None for what is no topic of ours, and for every other wildcard."""
    match text.split("/"):
        case ["u", id, "s"] if _is_name(id):
            return OfUser(id)
        case ["r", room, "typing"] if (number := _room(room)) is not None:
            return OfRoom(Kind.BOT_TYPING, number)
        case ["r", room, again, "e"] if (number := _room(room)) is not None and again in (room, "+"):
            return OfRoom(Kind.EVENT, number)
        case ["r", room, again, by, letter] if letter in _OF_MEMBERS:
            number = _room(room)
            if number is None or again not in (room, "+") or not (by == "+" or _is_name(by)):
                return None
            return OfRoom(_OF_MEMBERS[letter], number, None if by == "+" else by)
        case [token, letter] if letter in _OF_TOKENS and _is_name(token):
            return OfToken(_OF_TOKENS[letter], token)
        case [app, *unique_id, "c"] if unique_id and _is_name(app) and all(_is_name(it) for it in unique_id):
            return OfChannel(app, "/".join(unique_id))
    return None


def said_in(topic: str) -> Topic | None:
    """None for what clients do not publish to."""
    match filter_in(topic):
        case OfUser() as it:
            return it
        case OfRoom(Kind.TYPING | Kind.EVENT) as it:
            return it
    return None


def topic_of(it: Filter) -> str:
    """The topic itself. Raises ValueError for a filter of many topics."""
    match it:
        case OfToken(kind, token):
            return f"{token}/{_LETTERS[kind]}"
        case OfChannel(app, unique_id):
            return f"{app}/{unique_id}/c"
        case OfUser(id):
            return f"u/{id}/s"
        case OfRoom(Kind.BOT_TYPING, room):
            return f"r/{room}/typing"
        case OfRoom(Kind.EVENT, room):
            return f"r/{room}/{room}/e"
        case OfRoom(kind, room, str(by)):
            return f"r/{room}/{room}/{by}/{_LETTERS[kind]}"
    raise ValueError("that is more than one topic")


def can_be_said(it: Filter) -> bool:
    """Whether it is a topic: other doors let in users whose ids MQTT forbids there."""
    return not isinstance(it, OfRoom) or it.by is None or (_is_name(it.by) and "/" not in it.by and "\0" not in it.by)


class Subscriptions:
    """Bounded, by the texts that clients gave: two texts may mean the same."""

    __slots__ = ("_by_text", "_count")

    def __init__(self) -> None:
        self._by_text: dict[str, Filter] = {}
        self._count: dict[Filter, int] = {}

    def __iter__(self) -> Iterator[tuple[str, Filter]]:
        return iter(list(self._by_text.items()))

    def has(self, text: str) -> bool:
        return text in self._by_text

    def add(self, text: str, it: Filter) -> bool:
        """Whether there was room for it; saying it twice is fine."""
        if text in self._by_text:
            return True
        if len(self._by_text) >= MOST_SUBSCRIPTIONS:
            return False
        self._by_text[text] = it
        self._count[it] = self._count.get(it, 0) + 1
        return True

    def remove(self, text: str) -> Filter | None:
        """What nobody here wants to hear of any more."""
        it = self._by_text.pop(text, None)
        if it is None:
            return None
        self._count[it] -= 1
        if self._count[it]:
            return None
        del self._count[it]
        return it

    def wants(self, it: Filter) -> bool:
        """Whether something of this topic is to be heard."""
        return it in self._count or (isinstance(it, OfRoom) and OfRoom(it.kind, it.room) in self._count)


def _is_name(text: str) -> bool:
    return bool(text) and "+" not in text and "#" not in text


def _room(text: str) -> ConversationId | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and str(int(text)) == text):
        return None
    number = int(text)
    return ConversationId(number) if 0 < number < LARGEST_ID else None
