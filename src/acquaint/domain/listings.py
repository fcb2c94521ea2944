"""Lists by conditions: what is wanted of conversations and messages, how it is ordered, and where it begins.

Between               a span of time
ConversationsAsked    which of the conversations a session sees
MessagesAsked         which messages of a conversation
Listed                part of a list, and how long all of it is
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Generic, TypeVar

from .conversations import ConversationId, ConversationKind, MessageId
from .errors import Unacceptable
from .users import UserId

T = TypeVar("T")

MOST_LISTED: Final = 100
MOST_SKIPPED: Final = 100_000
"""Against lists that are walked from their beginning for every page; nobody scrolls so far."""
MOST_NAMED: Final = 1_000  # ids in one condition


@dataclass(frozen=True, slots=True)
class Between:
    """From a moment, that is within it, to another, that is not. None is an open end."""

    since: datetime | None = None
    until: datetime | None = None

    def and_(self, other: Between) -> Between:
        """The time that is in both."""
        sinces = [it for it in (self.since, other.since) if it is not None]
        untils = [it for it in (self.until, other.until) if it is not None]
        return Between(max(sinces, default=None), min(untils, default=None))


ALWAYS: Final = Between()


class ConversationOrder(StrEnum):
    LATEST = "latest"  # by the last message, or else when it was started
    CREATED = "created"
    UPDATED = "updated"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationsAsked:
    """Which conversations are wanted. A condition that is None is not asked; one that is empty finds nothing."""

    kinds: frozenset[ConversationKind] | None = None
    ids: tuple[ConversationId, ...] | None = None
    but_ids: tuple[ConversationId, ...] = ()
    title: str | None = None
    title_has: str | None = None  # somewhere in it, in large or small letters
    with_all: tuple[UserId, ...] = ()  # each of these is a member
    with_any: tuple[UserId, ...] | None = None
    created: Between = ALWAYS
    updated: Between = ALWAYS
    said: Between = ALWAYS  # when something was said last
    order: ConversationOrder = ConversationOrder.LATEST
    newest_first: bool = True
    skip: int = 0
    limit: int = MOST_LISTED

    def __post_init__(self) -> None:
        _bounded(self.skip, self.limit)
        for it in (self.ids, self.but_ids, self.with_all, self.with_any):
            if it is not None and len(it) > MOST_NAMED:
                raise Unacceptable("filter", f"names more than {MOST_NAMED}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesAsked:
    """Which messages of a conversation are wanted. A condition that is None is not asked; an empty one finds nothing.

    What was deleted for everybody is not among them.
    """

    ids: tuple[MessageId, ...] | None = None
    client_ids: tuple[str, ...] | None = None  # asked together with ids: by either name
    beyond: MessageId | None = None
    before: MessageId | None = None
    senders: tuple[UserId, ...] | None = None
    but_senders: tuple[UserId, ...] = ()
    sent: Between = ALWAYS
    changed: Between = ALWAYS  # when it was last edited, or else sent
    newest_first: bool = True
    skip: int = 0
    limit: int = MOST_LISTED

    def __post_init__(self) -> None:
        _bounded(self.skip, self.limit)
        for it in (self.ids, self.client_ids, self.senders, self.but_senders):
            if it is not None and len(it) > MOST_NAMED:
                raise Unacceptable("filter", f"names more than {MOST_NAMED}")


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """Part of a list, and how long all of it is."""

    items: tuple[T, ...]
    total: int


def _bounded(skip: int, limit: int) -> None:
    if not 0 <= skip <= MOST_SKIPPED:
        raise Unacceptable("skip", f"must be from 0 to {MOST_SKIPPED}")
    if not 1 <= limit <= MOST_LISTED:
        raise Unacceptable("limit", f"must be from 1 to {MOST_LISTED}")
