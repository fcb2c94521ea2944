"""What the core asks of a database.

One transaction is one ``async with store.write() as tx`` block: leaving it commits, raising out of it
rolls back, and nothing after it runs before the commit is durable. ``store.read()`` is the same without
the right to change anything, ``store.search()`` is ``read`` for work that may take long. Nothing else is
awaited inside: no hashing, mail or HTTP.

A user or a conversation that a write has found stays as it was found until the write has ended: whoever else wants to
write about them waits. (A ban is not undone by a profile that was read before it.)

Finders answer None when there is nothing. ``add`` answers what it kept: the same value, under another id
in the rare case that another node took this one in the same millisecond; use the answer. Events that a
write adds are told over the Bus after its commit. Every method is scoped by App where App ids are given.

Each shelf has a file of its own here, and its twin in storage/.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ...domain.sessions import SessionId
from ...domain.users import UserId
from .address_books import AddressBooks
from .answers import Answers, KeptAnswer
from .apps import Apps, Keys, Providers
from .blocks import Blocks
from .conversations import Conversations, Messages
from .events import Events
from .files import Files
from .merges import Merges
from .push_addresses import PushAddresses
from .roster import ConversationCounts, ConversationsOf, Roster
from .sealed import Sealed
from .sessions import Recognised, Sessions, Tickets
from .unverified import UnverifiedCount, UnverifiedCounts
from .upkeep import Upkeep
from .users import ChatKey, Devices, Users
from .webhooks import Deliveries, Webhooks

__all__ = [
    "AddressBooks",
    "Answers",
    "Apps",
    "Blocks",
    "ChatKey",
    "ConversationCounts",
    "Conversations",
    "ConversationsOf",
    "Deliveries",
    "Devices",
    "Events",
    "Files",
    "KeptAnswer",
    "Keys",
    "LastSeen",
    "Merges",
    "Messages",
    "Providers",
    "PushAddresses",
    "Reading",
    "Recognised",
    "Roster",
    "Sealed",
    "Sessions",
    "Store",
    "Tickets",
    "Transaction",
    "UnverifiedCount",
    "UnverifiedCounts",
    "Upkeep",
    "Users",
    "Webhooks",
]


class Reading(Protocol):
    @property
    def address_books(self) -> AddressBooks: ...
    @property
    def apps(self) -> Apps: ...
    @property
    def blocks(self) -> Blocks: ...
    @property
    def push_addresses(self) -> PushAddresses: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def providers(self) -> Providers: ...
    @property
    def users(self) -> Users: ...
    @property
    def devices(self) -> Devices: ...
    @property
    def merges(self) -> Merges: ...
    @property
    def roster(self) -> Roster: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def tickets(self) -> Tickets: ...
    @property
    def conversations(self) -> Conversations: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def events(self) -> Events: ...
    @property
    def files(self) -> Files: ...
    @property
    def answers(self) -> Answers: ...
    @property
    def webhooks(self) -> Webhooks: ...
    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def unverified(self) -> UnverifiedCounts: ...
    @property
    def sealed(self) -> Sealed: ...
    @property
    def upkeep(self) -> Upkeep: ...


Transaction = Reading
"""The same shelves; those of a write may also be changed."""


@dataclass(frozen=True, slots=True)
class LastSeen:
    """When a session was last used."""

    session_id: SessionId
    at: datetime
    user_id: UserId | None = None


class Store(Protocol):
    """Raises Busy when the database cannot be reached or does not answer in time."""

    def read(self) -> AbstractAsyncContextManager[Reading]: ...
    def search(self) -> AbstractAsyncContextManager[Reading]: ...
    def write(self) -> AbstractAsyncContextManager[Transaction]: ...
    async def write_last_seen(self, seen: Sequence[LastSeen]) -> None:
        """Writes behind when sessions were used, off the event loop; an older moment never replaces a newer one."""
        ...

    async def check(self) -> None:
        """Raises Busy unless the database answers and its schema is the one this version wrote."""
        ...

    async def close(self) -> None: ...
