"""What the core asks of a dialect that tells Apps what happened: to say it in its own words.

Told      an Event with what it is about, as that is now
Notice    what is told, by its name in the dialect
Format    a dialect's words: what an App may ask for, and how it is written
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..domain.apps import App
from ..domain.conversations import Conversation, Membership, Message
from ..domain.events import Event, EventKind
from ..domain.users import User


@dataclass(frozen=True, slots=True)
class Told:
    """An Event with what it is about, as that is when it is told: what was deleted meanwhile is not there any more."""

    app: App
    event: Event
    user: User | None = None  # who did it
    conversation: Conversation | None = None
    member: Membership | None = None  # the first who is in it, of a support conversation: whom it is with
    visitor: User | None = None  # who that is
    message: Message | None = None
    first_message: Message | None = None  # of a support conversation that has just begun


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told. ``body`` is plain data, to be written as JSON.

    ``also`` is what the same Event means beside it, where a vendor has two words for one thing: told after it, each by
    itself and under an id of its own.
    """

    name: str
    body: Mapping[str, Any]
    also: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """How a dialect tells what happened.

    ``kinds`` says from which Events each of its names may come. ``write`` answers None for an Event of which it has
    nothing to tell; it may not refuse.
    """

    kinds: Mapping[str, frozenset[EventKind]]
    write: Callable[[Told], Notice | None]


Formats = Callable[[], Mapping[str, Format]]
"""Every Format, by the name of its dialect. A function, because only few need them."""
