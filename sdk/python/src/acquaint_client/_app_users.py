"""The users of the App: who they are, what they come in with, and where they are logged in.

AppUsers          waits
AsyncAppUsers     awaits
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Unpack

from . import _app_calls
from ._app_asking import AppAsking, AsyncAppAsking
from .models import (
    ChatKey,
    Identifiers,
    KnownUser,
    Merge,
    MintedChatKey,
    Page,
    Session,
    User,
    UserChange,
    UserSearch,
)


class AppUsers(AppAsking):
    """What the App's server does about its users."""

    def put_user(self, identifiers: Identifiers, **change: Unpack[UserChange]) -> KnownUser:
        """Makes a user, or brings whoever one of the identifiers names up to date."""
        return self._do(_app_calls.put_user(identifiers, change))

    def users(self, *, limit: int | None = None, after: str | None = None, **search: Unpack[UserSearch]) -> Page[User]:
        """Newest first; with a search, those who meet all of it."""
        return self._do(_app_calls.users(search, limit=limit, after=after))

    def find_user(self, identifiers: Identifiers) -> User:
        """By exactly one identifier. Raises NotFound."""
        return self._do(_app_calls.find_user(identifiers))

    def user(self, user_id: str) -> User:
        """Raises NotFound."""
        return self._do(_app_calls.user(user_id))

    def change_user(self, user_id: str, **change: Unpack[UserChange]) -> User:
        """What is not given stays; None empties."""
        return self._do(_app_calls.change_user(user_id, change))

    def replace_identifiers(self, user_id: str, identifiers: Identifiers) -> User:
        """Names that are not given are theirs no longer. Raises IdentifierTaken, NotFound."""
        return self._do(_app_calls.replace_identifiers(user_id, identifiers))

    def delete_user(self, user_id: str) -> None:
        """Ends every session; what was written goes, unless the Policy keeps it. Raises NotFound."""
        self._do(_app_calls.delete_user(user_id))

    def ban(self, user_id: str) -> User:
        """Ends every session, and lets nobody in as this user. Raises NotFound."""
        return self._do(_app_calls.ban(user_id))

    def lift_ban(self, user_id: str) -> User:
        """They may come in again. Raises NotFound."""
        return self._do(_app_calls.lift_ban(user_id))

    def merge(self, *, source: str, target: str) -> Merge:
        """The source is gone, and what was theirs is the target's, who must be verified. It cannot be undone.

        What was said unverified stays so, on its device. Raises NotFound, or Unacceptable for an unverified target.
        """
        return self._do(_app_calls.merge(source, target))

    def merges_into(self, user_id: str) -> tuple[Merge, ...]:
        """Who was merged into the user, the latest first. Raises NotFound."""
        return self._do(_app_calls.merges_into(user_id))

    # What they come in with

    def set_password(self, user_id: str, password: str, *, ends_sessions: bool = False) -> None:
        """Raises Unacceptable for one that breaks the App's rules, and NotFound."""
        return self._do(_app_calls.set_password(user_id, password, ends_sessions=ends_sessions))

    def mint_chat_key(self, user_id: str, *, ends_sessions: bool = False) -> MintedChatKey:
        """A strong password in place of the user's, for their device to come in with. Its text is shown this once.

        Not repeated when no answer comes: mint another one then. What is open goes on unless ``ends_sessions``.
        """
        return self._do(_app_calls.mint_chat_key(user_id, ends_sessions=ends_sessions))

    def chat_keys_due(self, *, limit: int | None = None, after: str | None = None) -> Page[ChatKey]:
        """Those older than the Policy's ``chat_key_max_age``. They are good until you mint new ones."""
        return self._do(_app_calls.chat_keys_due(limit=limit, after=after))

    def mint_due_chat_keys(self, keep: Callable[[MintedChatKey], None]) -> int:
        """A new key for everybody whose is due, each handed to ``keep`` before the next is minted; how many.

        What ``keep`` raises ends it: mint again for the user of that key, whose old one is void by then.
        """
        minted, after = 0, None
        while True:
            due = self.chat_keys_due(after=after)
            for it in due.items:
                keep(self.mint_chat_key(it.user_id))
                minted += 1
            if due.next is None:
                return minted
            after = due.next

    # Where they are logged in

    def sessions(self, user_id: str) -> tuple[Session, ...]:
        """Where the user is logged in, newest first. Raises NotFound."""
        return self._do(_app_calls.sessions_of(user_id))

    def end_session(self, user_id: str, session_id: str) -> None:
        """At once, on every path."""
        return self._do(_app_calls.end_session_of(user_id, session_id))

    def end_sessions(self, user_id: str) -> int:
        """All of them; how many ended."""
        return self._do(_app_calls.end_sessions_of(user_id))


class AsyncAppUsers(AsyncAppAsking):
    """``AppUsers``, awaited."""

    async def put_user(self, identifiers: Identifiers, **change: Unpack[UserChange]) -> KnownUser:
        """Makes a user, or brings whoever one of the identifiers names up to date."""
        return await self._do(_app_calls.put_user(identifiers, change))

    async def users(
        self, *, limit: int | None = None, after: str | None = None, **search: Unpack[UserSearch]
    ) -> Page[User]:
        """Newest first; with a search, those who meet all of it."""
        return await self._do(_app_calls.users(search, limit=limit, after=after))

    async def find_user(self, identifiers: Identifiers) -> User:
        """By exactly one identifier. Raises NotFound."""
        return await self._do(_app_calls.find_user(identifiers))

    async def user(self, user_id: str) -> User:
        """Raises NotFound."""
        return await self._do(_app_calls.user(user_id))

    async def change_user(self, user_id: str, **change: Unpack[UserChange]) -> User:
        """What is not given stays; None empties."""
        return await self._do(_app_calls.change_user(user_id, change))

    async def replace_identifiers(self, user_id: str, identifiers: Identifiers) -> User:
        """Names that are not given are theirs no longer. Raises IdentifierTaken, NotFound."""
        return await self._do(_app_calls.replace_identifiers(user_id, identifiers))

    async def delete_user(self, user_id: str) -> None:
        """Ends every session; what was written goes, unless the Policy keeps it. Raises NotFound."""
        await self._do(_app_calls.delete_user(user_id))

    async def ban(self, user_id: str) -> User:
        """Ends every session, and lets nobody in as this user. Raises NotFound."""
        return await self._do(_app_calls.ban(user_id))

    async def lift_ban(self, user_id: str) -> User:
        """They may come in again. Raises NotFound."""
        return await self._do(_app_calls.lift_ban(user_id))

    async def merge(self, *, source: str, target: str) -> Merge:
        """The source is gone, and what was theirs is the target's, who must be verified. It cannot be undone.

        What was said unverified stays so, on its device. Raises NotFound, or Unacceptable for an unverified target.
        """
        return await self._do(_app_calls.merge(source, target))

    async def merges_into(self, user_id: str) -> tuple[Merge, ...]:
        """Who was merged into the user, the latest first. Raises NotFound."""
        return await self._do(_app_calls.merges_into(user_id))

    # What they come in with

    async def set_password(self, user_id: str, password: str, *, ends_sessions: bool = False) -> None:
        """Raises Unacceptable for one that breaks the App's rules, and NotFound."""
        return await self._do(_app_calls.set_password(user_id, password, ends_sessions=ends_sessions))

    async def mint_chat_key(self, user_id: str, *, ends_sessions: bool = False) -> MintedChatKey:
        """A strong password in place of the user's, for their device to come in with. Its text is shown this once.

        Not repeated when no answer comes: mint another one then. What is open goes on unless ``ends_sessions``.
        """
        return await self._do(_app_calls.mint_chat_key(user_id, ends_sessions=ends_sessions))

    async def chat_keys_due(self, *, limit: int | None = None, after: str | None = None) -> Page[ChatKey]:
        """Those older than the Policy's ``chat_key_max_age``. They are good until you mint new ones."""
        return await self._do(_app_calls.chat_keys_due(limit=limit, after=after))

    async def mint_due_chat_keys(self, keep: Callable[[MintedChatKey], Awaitable[None]]) -> int:
        """A new key for everybody whose is due, each handed to ``keep`` before the next is minted; how many.

        What ``keep`` raises ends it: mint again for the user of that key, whose old one is void by then.
        """
        minted, after = 0, None
        while True:
            due = await self.chat_keys_due(after=after)
            for it in due.items:
                await keep(await self.mint_chat_key(it.user_id))
                minted += 1
            if due.next is None:
                return minted
            after = due.next

    # Where they are logged in

    async def sessions(self, user_id: str) -> tuple[Session, ...]:
        """Where the user is logged in, newest first. Raises NotFound."""
        return await self._do(_app_calls.sessions_of(user_id))

    async def end_session(self, user_id: str, session_id: str) -> None:
        """At once, on every path."""
        return await self._do(_app_calls.end_session_of(user_id, session_id))

    async def end_sessions(self, user_id: str) -> int:
        """All of them; how many ended."""
        return await self._do(_app_calls.end_sessions_of(user_id))
