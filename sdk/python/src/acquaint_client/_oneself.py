"""Oneself: who one is, one's profile and password, where one is logged in, and going for good.

Oneself          waits
AsyncOneself     awaits
"""

from __future__ import annotations

from typing import Unpack

from . import _calls
from ._visiting import AsyncVisiting, Visiting
from .models import Claims, CurrentSession, LoggedOut, OwnChange, OwnSession, OwnUser, Session


class Oneself(Visiting):
    """What somebody does about themselves."""

    def me(self) -> CurrentSession:
        """Who is here, as the server says."""
        found = self._do(_calls.current_session())
        self._change(lambda: self._visitor.saw(found))
        return found

    def say_who_i_am(self, **claims: Unpack[Claims]) -> Session:
        """For visitors who are not logged in: a name, an address. Believed by nobody. Raises AlreadySignedIn."""
        return self._do(_calls.claim(claims))

    def change_profile(self, **change: Unpack[OwnChange]) -> OwnUser:
        """What is not given stays; None empties. Raises NeedsUser, and NotAllowed for who is not logged in."""
        user = self._do(_calls.change_self(change))
        self._change(lambda: self._visitor.saw_user(user))
        return user

    def change_avatar(self, picture: bytes) -> OwnUser:
        """PNG, JPEG, GIF or WebP, at most 25 MiB. The server draws it anew, without what a camera notes.

        Raises NeedsUser, NotAllowed for visitors who are not logged in, Unacceptable for what is no picture, TooLarge
        and SpaceUsedUp. Empty it with ``change_profile(avatar_url=None)``.
        """
        user = self._do(_calls.change_avatar(picture))
        self._change(lambda: self._visitor.saw_user(user))
        return user

    def change_password(self, *, old: str, new: str) -> None:
        """Afterwards only the new one lets in, and one is logged out elsewhere, unless the App's Policy keeps sessions.

        Raises InvalidCredentials when the old one is wrong, Unacceptable for one that breaks the rules, NeedsUser.
        """
        self._do(_calls.change_password(old, new))

    def ask_for_new_password(self, email: str) -> None:
        """Asks for a mail with a ticket in it, good for an hour, for who forgot their password.

        It is sent only if somebody with a password has the address; whether, nobody is told. Raises NotAllowed where
        the App has no such mails, and TooManyRequests.
        """
        self._do_openly(_calls.ask_for_new_password(self._visitor.app, email))

    def choose_new_password(self, ticket: str, password: str) -> None:
        """With the ticket from the mail. The user is logged out everywhere; log in with the new one.

        Raises TicketRefused for one that is spent or too old; a password that breaks the rules leaves it good.
        """
        self._do_openly(_calls.choose_new_password(ticket, password))

    def ask_for_confirmation(self, email: str) -> None:
        """Asks once more for the mail that confirms an address, where the App lets nobody in without.

        It is sent only if somebody registered with the address and has not confirmed it; whether, nobody is told.
        Signing in has it sent as well. Raises NotAllowed where the App requires none, and TooManyRequests.
        """
        self._do_openly(_calls.ask_for_confirmation(self._visitor.app, email))

    def confirm_email(self, ticket: str, password: str) -> None:
        """With the ticket from the mail, and the password one chose. Log in with it afterwards.

        Raises TicketRefused for one that is spent or too old, InvalidCredentials for another password, and
        IdentifierTaken where somebody else has proved meanwhile that the address is theirs.
        """
        self._do_openly(_calls.confirm_email(ticket, password))

    def sessions(self) -> tuple[OwnSession, ...]:
        """Where one is logged in."""
        return self._do(_calls.own_sessions())

    def end_session(self, session_id: str) -> None:
        """At once, on every path. Raises NotFound."""
        self._do(_calls.end_own_session(session_id))

    def end_other_sessions(self) -> int:
        """How many ended."""
        return self._do(_calls.end_other_sessions())

    def delete_oneself(self) -> LoggedOut:
        """For good: one's names are free again, and what one said is gone, unless the App's Policy keeps it.

        Nobody is here afterwards, as after a log out. Raises NeedsUser when nobody said anything yet.
        """
        self._do(_calls.delete_oneself())
        return self._change(lambda: self._visitor.log_out())


class AsyncOneself(AsyncVisiting):
    """``Oneself``, awaited."""

    async def me(self) -> CurrentSession:
        """Who is here, as the server says."""
        found = await self._do(_calls.current_session())
        await self._change(lambda: self._visitor.saw(found))
        return found

    async def say_who_i_am(self, **claims: Unpack[Claims]) -> Session:
        """For visitors who are not logged in: a name, an address. Believed by nobody. Raises AlreadySignedIn."""
        return await self._do(_calls.claim(claims))

    async def change_profile(self, **change: Unpack[OwnChange]) -> OwnUser:
        """What is not given stays; None empties. Raises NeedsUser, and NotAllowed for who is not logged in."""
        user = await self._do(_calls.change_self(change))
        await self._change(lambda: self._visitor.saw_user(user))
        return user

    async def change_avatar(self, picture: bytes) -> OwnUser:
        """PNG, JPEG, GIF or WebP, at most 25 MiB. The server draws it anew, without what a camera notes.

        Raises NeedsUser, NotAllowed for visitors who are not logged in, Unacceptable for what is no picture, TooLarge
        and SpaceUsedUp. Empty it with ``change_profile(avatar_url=None)``.
        """
        user = await self._do(_calls.change_avatar(picture))
        await self._change(lambda: self._visitor.saw_user(user))
        return user

    async def change_password(self, *, old: str, new: str) -> None:
        """Afterwards only the new one lets in, and one is logged out elsewhere, unless the App's Policy keeps sessions.

        Raises InvalidCredentials when the old one is wrong, Unacceptable for one that breaks the rules, NeedsUser.
        """
        await self._do(_calls.change_password(old, new))

    async def ask_for_new_password(self, email: str) -> None:
        """Asks for a mail with a ticket in it, good for an hour, for who forgot their password.

        It is sent only if somebody with a password has the address; whether, nobody is told. Raises NotAllowed where
        the App has no such mails, and TooManyRequests.
        """
        await self._do_openly(_calls.ask_for_new_password(self._visitor.app, email))

    async def choose_new_password(self, ticket: str, password: str) -> None:
        """With the ticket from the mail. The user is logged out everywhere; log in with the new one.

        Raises TicketRefused for one that is spent or too old; a password that breaks the rules leaves it good.
        """
        await self._do_openly(_calls.choose_new_password(ticket, password))

    async def ask_for_confirmation(self, email: str) -> None:
        """Asks once more for the mail that confirms an address, where the App lets nobody in without.

        It is sent only if somebody registered with the address and has not confirmed it; whether, nobody is told.
        Signing in has it sent as well. Raises NotAllowed where the App requires none, and TooManyRequests.
        """
        await self._do_openly(_calls.ask_for_confirmation(self._visitor.app, email))

    async def confirm_email(self, ticket: str, password: str) -> None:
        """With the ticket from the mail, and the password one chose. Log in with it afterwards.

        Raises TicketRefused for one that is spent or too old, InvalidCredentials for another password, and
        IdentifierTaken where somebody else has proved meanwhile that the address is theirs.
        """
        await self._do_openly(_calls.confirm_email(ticket, password))

    async def sessions(self) -> tuple[OwnSession, ...]:
        """Where one is logged in."""
        return await self._do(_calls.own_sessions())

    async def end_session(self, session_id: str) -> None:
        """At once, on every path. Raises NotFound."""
        await self._do(_calls.end_own_session(session_id))

    async def end_other_sessions(self) -> int:
        """How many ended."""
        return await self._do(_calls.end_other_sessions())

    async def delete_oneself(self) -> LoggedOut:
        """For good: one's names are free again, and what one said is gone, unless the App's Policy keeps it.

        Nobody is here afterwards, as after a log out. Raises NeedsUser when nobody said anything yet.
        """
        await self._do(_calls.delete_oneself())
        return await self._change(lambda: self._visitor.log_out())
