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
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..domain.apps import App, AppId
from ..domain.conversations import Conversation, ConversationId, Membership, Message, MessageId, Visibility
from ..domain.events import Event, EventKind
from ..domain.files import File
from ..domain.identities import Identifier, IdentifierKind
from ..domain.keys import ApiKey, ApiKeyId, SigningSecret
from ..domain.paging import Page, PageAsked
from ..domain.places import DeviceId
from ..domain.sessions import Session, SessionId
from ..domain.tickets import Purpose, Ticket
from ..domain.users import User, UserId


class Apps(Protocol):
    async def add(self, app: App) -> App:
        """Refuses with IdentifierTaken("slug") when another App has the slug."""
        ...

    async def get(self, id: AppId) -> App | None: ...
    async def hold(self, id: AppId) -> App | None:
        """``get``, for a write that changes the App, its keys or secrets: the next one waits until it has ended."""
        ...

    async def by_slug(self, slug: str) -> App | None: ...
    async def by_public_key(self, text: str) -> App | None:
        """The App whose auth key or widget token this is."""
        ...

    async def all(self) -> list[App]: ...
    async def save(self, app: App) -> None: ...


class Keys(Protocol):
    """API keys and signing secrets."""

    async def add(self, key: ApiKey, fingerprint: str) -> ApiKey: ...
    async def by_fingerprint(self, fingerprint: str) -> ApiKey | None: ...
    async def get(self, id: ApiKeyId) -> ApiKey | None: ...
    async def of(self, app_id: AppId | None) -> list[ApiKey]:
        """The App's keys, oldest first, revoked ones too; those of the server's operator for None."""
        ...

    async def save(self, key: ApiKey) -> None: ...
    async def add_secret(self, secret: SigningSecret) -> SigningSecret: ...
    async def secrets_of(self, app_id: AppId) -> list[SigningSecret]:
        """Oldest first, retired ones too."""
        ...

    async def save_secret(self, secret: SigningSecret) -> None: ...


class Users(Protocol):
    async def add(self, user: User, *, password_hash: str | None = None) -> User:
        """Refuses with IdentifierTaken when another user of the App has one of the identifiers, or is the device's."""
        ...

    async def get(self, app_id: AppId, id: UserId) -> User | None: ...
    async def many(self, app_id: AppId, ids: Collection[UserId]) -> dict[UserId, User]: ...
    async def find(self, app_id: AppId, identifier: Identifier) -> User | None: ...
    async def on_device(self, app_id: AppId, device_id: DeviceId) -> User | None:
        """The unverified user that belongs to the device."""
        ...

    async def newest(self, app_id: AppId, page: PageAsked) -> Page[User]:
        """Newest first."""
        ...

    async def known_by(
        self, app_id: AppId, kind: IdentifierKind, *, skip: int, limit: int, newest_first: bool
    ) -> list[User]:
        """Those that have an identifier of this kind, by creation; for vendors whose lists have numbered pages."""
        ...

    async def count_known_by(self, app_id: AppId, kind: IdentifierKind) -> int: ...

    async def save(self, user: User) -> None:
        """Identifiers included; refuses with IdentifierTaken like ``add``."""
        ...

    async def password_hash(self, id: UserId) -> str | None: ...
    async def set_password_hash(self, id: UserId, password_hash: str | None) -> None: ...
    async def guests(self, before: datetime, limit: int) -> list[User]:
        """Guests of any App that were created before the moment, oldest first."""
        ...

    async def delete(self, id: UserId) -> None:
        """With identifiers, sessions, tickets and memberships. Their messages stay, from nobody, until erased."""
        ...


class Devices(Protocol):
    """Devices are only remembered when they are left: a device that nobody retired is good."""

    async def retire(self, app_id: AppId, device_id: DeviceId, now: datetime) -> None:
        """A new epoch began on the machine: from now on this device names nobody."""
        ...

    async def is_retired(self, app_id: AppId, device_id: DeviceId) -> bool: ...


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a token opens, read in one go: the hot path asks for all of it."""

    session: Session
    app: App
    user: User | None


class Sessions(Protocol):
    async def add(self, session: Session, fingerprint: str) -> Session: ...
    async def recognise(self, fingerprint: str) -> Recognised | None:
        """Ended sessions too: they say how they refuse."""
        ...

    async def get(self, app_id: AppId, id: SessionId) -> Session | None: ...
    async def save(self, session: Session) -> None:
        """Busy when somebody else proved to be in it since it was read."""
        ...

    async def of_user(self, user_id: UserId) -> list[Session]:
        """Those not ended, newest first."""
        ...

    async def end(self, ids: Sequence[SessionId], now: datetime) -> None: ...
    async def unverified_on(self, app_id: AppId, device_id: DeviceId) -> list[Session]:
        """Those not ended that are not verified."""
        ...

    async def sweep(self, before: datetime, limit: int) -> int:
        """Deletes up to ``limit`` sessions that ended, or cannot live any more, before the moment; answers how many."""
        ...


class Tickets(Protocol):
    async def add(self, ticket: Ticket, fingerprint: str) -> Ticket: ...
    async def take(self, purpose: Purpose, fingerprint: str, now: datetime) -> Ticket | None:
        """Spends the ticket in one step; None when unknown, spent or expired. Of many at once, one gets it."""
        ...

    async def void(self, user_id: UserId, purpose: Purpose) -> None:
        """Spends all of the user's tickets of this purpose."""
        ...

    async def sweep(self, before: datetime, limit: int) -> int:
        """Deletes up to ``limit`` tickets that expired before the moment; answers how many."""
        ...


class Conversations(Protocol):
    async def add(self, conversation: Conversation, members: Sequence[Membership]) -> Conversation:
        """The memberships are kept under the id of the conversation that is answered.

        Refuses with IdentifierTaken("unique_id") when the App has a conversation by that name, and with
        IdentifierTaken("direct") when it is a direct one and its two users have one already.
        """
        ...

    async def get(self, app_id: AppId, id: ConversationId) -> Conversation | None: ...
    async def by_unique_id(self, app_id: AppId, unique_id: str) -> Conversation | None: ...
    async def direct_between(self, app_id: AppId, one: UserId, other: UserId) -> Conversation | None: ...
    async def save(self, conversation: Conversation) -> None: ...
    async def visible(self, to: Visibility, page: PageAsked) -> Page[Conversation]:
        """Those the visibility covers, by last message (or else creation), newest first; ``after`` is that id."""
        ...

    async def of_app(self, app_id: AppId, page: PageAsked) -> Page[Conversation]:
        """All of the App, in the same order: for its operators."""
        ...

    async def members(self, id: ConversationId) -> list[Membership]:
        """In the order they joined."""
        ...

    async def membership(self, id: ConversationId, user_id: UserId) -> Membership | None: ...
    async def put_member(self, membership: Membership) -> None:
        """Adds the membership, or changes the one that is there."""
        ...

    async def remove_member(self, id: ConversationId, user_id: UserId) -> None: ...
    async def of_member(self, app_id: AppId, user_id: UserId) -> list[ConversationId]:
        """All the user is a member of, whoever may see them now; the 1,000 with the latest messages."""
        ...

    async def left_on(self, app_id: AppId, device_id: DeviceId) -> list[Membership]:
        """What was joined unverified on the device."""
        ...

    async def hand_over(self, membership: Membership, *, was: UserId) -> None:
        """Makes the membership of ``was``, and what they wrote there, the membership's user's."""
        ...


class Messages(Protocol):
    async def add(self, message: Message) -> tuple[Message, bool]:
        """The message as kept, and whether it is new: a sender's client_id in a conversation names one message."""
        ...

    async def get(self, conversation_id: ConversationId, id: MessageId) -> Message | None: ...
    async def many(self, ids: Collection[MessageId]) -> dict[MessageId, Message]: ...
    async def save(self, message: Message) -> None: ...
    async def history(self, id: ConversationId, page: PageAsked, *, newest_first: bool = True) -> Page[Message]: ...
    async def unread(self, memberships: Sequence[Membership]) -> Mapping[ConversationId, int]:
        """How many messages of others are beyond each membership's last_read_id; at most 100 are counted."""
        ...

    async def erase_from(self, user_id: UserId) -> None:
        """Empties everything the user wrote: text, payload, extras and client id go, the rows stay as deleted."""
        ...


class Events(Protocol):
    async def add(self, event: Event) -> Event: ...
    async def after(
        self,
        id: int,
        *,
        app_id: AppId | None,
        kinds: Collection[EventKind] | None = None,
        conversation_ids: Collection[ConversationId] | None = None,
        user_id: UserId | None = None,
        limit: int = 200,
    ) -> list[Event]:
        """Events beyond the id, oldest first; None leaves a filter out, an empty collection matches nothing."""
        ...

    async def latest(
        self, app_id: AppId, page: PageAsked, *, kinds: Collection[EventKind], user_id: UserId | None
    ) -> Page[Event]:
        """Newest first: the audit trail."""
        ...


class Files(Protocol):
    async def add(self, file: File, fingerprint: str) -> File: ...
    async def by_key(self, fingerprint: str) -> File | None: ...
    async def forget_of(self, user_id: UserId) -> list[str]:
        """Forgets all of the user's files; answers the fingerprints under which their bytes are still kept."""
        ...


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer kept under an Idempotency-Key. ``status`` 0: the first request is still being served, or died."""

    request: str  # fingerprint of what was asked
    status: int
    body: bytes
    at: datetime


class Answers(Protocol):
    async def claim(self, caller: str, key: str, request: str, now: datetime) -> KeptAnswer | None:
        """None when the key is new and now the caller's; else what is kept under it. Of many at once, one gets None."""
        ...

    async def keep(self, caller: str, key: str, status: int, body: bytes) -> None: ...
    async def release(self, caller: str, key: str) -> None:
        """The request did nothing: the key may be used again."""
        ...

    async def sweep(self, before: datetime, limit: int) -> int: ...


class Reading(Protocol):
    @property
    def apps(self) -> Apps: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def users(self) -> Users: ...
    @property
    def devices(self) -> Devices: ...
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
