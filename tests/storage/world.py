"""Values for tests of the store, with only what matters said: Ann and Ben, their sessions, what they say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from itertools import count
from typing import Any, TypeVar

from acquaint.domain import ids
from acquaint.domain.apps import App, AppId, PublicKeys
from acquaint.domain.conversations import (
    Author,
    Conversation,
    ConversationId,
    ConversationKind,
    Membership,
    Message,
    MessageId,
)
from acquaint.domain.events import Event, EventId, EventKind
from acquaint.domain.files import File, FileId
from acquaint.domain.identities import Assurance, Identifier, Profile
from acquaint.domain.keys import ApiKey, ApiKeyId, Role, SigningSecret, SigningSecretId
from acquaint.domain.places import DeviceId, Workspace
from acquaint.domain.sessions import Lifetime, Session, SessionId
from acquaint.domain.tickets import Purpose, Ticket, TicketId
from acquaint.domain.users import User, UserId
from acquaint.storage.store import SqlStore
from tests.support.clock import SetClock
from tests.support.sealing import SEALING

T = TypeVar("T")

LAPTOP, PHONE, KIOSK = DeviceId("laptop"), DeviceId("phone"), DeviceId("kiosk")
SALES, CARE = Workspace("sales"), Workspace("care")
FOREVER = Lifetime()


@dataclass
class World:
    """A store with Acme in it, and the ids of one process."""

    store: SqlStore
    clock: SetClock
    ids: Iterator[int]
    told: list[Event]
    acme: App = field(init=False)

    def new_id(self) -> int:
        return next(self.ids)

    @property
    def now(self) -> datetime:
        return self.clock()

    async def begin(self) -> None:
        """Acme is there before anybody."""
        async with self.store.write() as tx:
            self.acme = await tx.apps.add(self.app("acme"))
        self.told.clear()

    def app(self, slug: str, **other: Any) -> App:
        keys = PublicKeys(f"auth-{slug}", f"widget-{slug}")
        return replace(App(AppId(self.new_id()), slug, slug.title(), keys, f"secret-{slug}", self.now), **other)

    def key(self, **other: Any) -> ApiKey:
        key = ApiKey(ApiKeyId(self.new_id()), self.acme.id, "backend", (Role.ADMIN,), "abcd", self.now)
        return replace(key, **other)

    def secret(self, **other: Any) -> SigningSecret:
        return replace(SigningSecret(SigningSecretId(self.new_id()), self.acme.id, "s3cret", self.now), **other)

    def user(self, *identifiers: str | Identifier, **other: Any) -> User:
        """A user known by these logins or identifiers."""
        known_as = tuple(Identifier.login(it) if isinstance(it, str) else it for it in identifiers)
        name = known_as[0].value.title() if known_as else None
        return replace(User(UserId(self.new_id()), self.acme.id, known_as, Profile(name), self.now, self.now), **other)

    def session(self, user: User | None = None, **other: Any) -> Session:
        user_id, assurance = (None, Assurance.ANONYMOUS) if user is None else (user.id, Assurance.VERIFIED)
        usual = Session(
            SessionId(self.new_id()),
            self.acme.id,
            user_id,
            None,
            None,
            assurance,
            "native",
            FOREVER,
            created_at=self.now,
            last_seen_at=self.now,
        )
        return replace(usual, **other)

    def ticket(self, **other: Any) -> Ticket:
        expires_at = self.clock.now.replace(year=self.clock.now.year + 1)
        return replace(Ticket(TicketId(self.new_id()), self.acme.id, Purpose.LIVE, expires_at), **other)

    def conversation(self, **other: Any) -> Conversation:
        usual = Conversation(
            ConversationId(self.new_id()), self.acme.id, ConversationKind.SUPPORT, None, self.now, self.now
        )
        return replace(usual, **other)

    def member(self, user: User, conversation: Conversation | None = None, **other: Any) -> Membership:
        """Joined verified, on no device, unless said otherwise."""
        id = ConversationId(0) if conversation is None else conversation.id
        return replace(Membership(id, user.id, Assurance.VERIFIED, None, None, self.now), **other)

    def message(self, conversation: Conversation, sender: User | None, text: str = "Hello", **other: Any) -> Message:
        author, sender_id = (Author.APP, None) if sender is None else (Author.USER, sender.id)
        usual = Message(MessageId(self.new_id()), conversation.id, author, sender_id, text, self.now)
        return replace(usual, **other)

    def event(self, kind: EventKind = EventKind.USER_CHANGED, **other: Any) -> Event:
        return replace(Event(EventId(self.new_id()), self.acme.id, kind, self.now), **other)

    def file(self, **other: Any) -> File:
        usual = File(FileId(self.new_id()), self.acme.id, None, "photo.png", "image/png", 1234, self.now)
        return replace(usual, **other)

    async def add_user(self, *identifiers: str | Identifier, **other: Any) -> User:
        async with self.store.write() as tx:
            return await tx.users.add(self.user(*identifiers, **other))

    async def add_session(self, user: User | None = None, **other: Any) -> Session:
        session = self.session(user, **other)
        async with self.store.write() as tx:
            return await tx.sessions.add(session, fingerprint(session))

    async def start(self, *members: User | Membership, **other: Any) -> Conversation:
        joined = [it if isinstance(it, Membership) else self.member(it) for it in members]
        async with self.store.write() as tx:
            return await tx.conversations.add(self.conversation(**other), joined)

    async def say(self, conversation: Conversation, sender: User | None, text: str = "Hello", **other: Any) -> Message:
        async with self.store.write() as tx:
            message, _ = await tx.messages.add(self.message(conversation, sender, text, **other))
        return message


def fingerprint(of: object) -> str:
    """Sixty-four digits that are always the same for the same thing."""
    return sha256(repr(of).encode()).hexdigest()


@asynccontextmanager
async def living(url: str, clock: SetClock) -> AsyncIterator[World]:
    """A world on the database, which is migrated and empty."""
    told: list[Event] = []
    numbers = count(ids.first_at(clock()))
    world = World(
        SqlStore(url, new_id=lambda: next(numbers), clock=clock, sealing=SEALING, told=told.extend),
        clock,
        numbers,
        told,
    )
    try:
        await world.begin()
        yield world
    finally:
        await world.store.close()


async def outcomes(times: int, attempt: Callable[[int], Awaitable[T]]) -> tuple[list[T], list[BaseException]]:
    """What came of as many attempts at once: answers, and what was raised."""
    found: Sequence[T | BaseException] = await asyncio.gather(*map(attempt, range(times)), return_exceptions=True)
    raised = [it for it in found if isinstance(it, BaseException)]
    return [it for it in found if not isinstance(it, BaseException)], raised
