"""Users and their devices."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ...domain.apps import AppId
from ...domain.directory import Query
from ...domain.identities import Identifier, IdentifierKind
from ...domain.paging import Page, PageAsked
from ...domain.places import DeviceId
from ...domain.users import User, UserId


@dataclass(frozen=True, slots=True)
class ChatKey:
    """Whose password was minted for them, and when."""

    user_id: UserId
    minted_at: datetime


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

    async def search(self, app_id: AppId, query: Query) -> tuple[list[User], int]:
        """Those on the page that the query asks for, and how many match: counted up to ``directory.COUNTED``."""
        ...

    async def save(self, user: User) -> None:
        """Identifiers included; refuses with IdentifierTaken like ``add``."""
        ...

    async def password_hash(self, id: UserId) -> str | None: ...
    async def set_password_hash(self, id: UserId, password_hash: str | None, *, is_same: bool = False) -> None:
        """``is_same``: it is another hash of the same password. Any other password is no chat key, until marked so."""
        ...

    async def mark_chat_key(self, id: UserId, at: datetime) -> None:
        """The user's password was minted for them."""
        ...

    async def chat_keys_before(self, app_id: AppId, moment: datetime, page: PageAsked) -> Page[ChatKey]:
        """Those minted before the moment, by the id of their users."""
        ...

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
    async def only_said_by(self, app_id: AppId, word: str) -> str | None:
        """Who said the word (a fingerprint of it), if one alone did; empty where several have, None where nobody."""
        ...

    async def say(self, app_id: AppId, word: str, by: str, *, device_id: DeviceId | None, now: datetime) -> None:
        """Remembers that they said the word, and on which device what they do is, if on one. Again is fine."""
        ...
