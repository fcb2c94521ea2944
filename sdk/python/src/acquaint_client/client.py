"""The visitor's client: a bot, a desktop app, a test; whoever talks.

Client          waits
AsyncClient     awaits (asyncio); otherwise the same, method by method

What is here is coming and going, and listening; ``_oneself`` and ``_talking`` have the rest.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Unpack

from ._flow import run, run_async
from ._oneself import AsyncOneself, Oneself
from ._talking import AsyncTalking, Talking
from .models import Admission, Credential, LoggedOut, OwnUser

if TYPE_CHECKING:
    from .live import AsyncLive, Live


class Client(Oneself, Talking):
    """Whoever is in front of it: anonymous from the first call on, until somebody logs in.

    ``url`` is the server's address, ``app`` the App's slug. ``store`` keeps the login from one run to the next; without
    one it is forgotten with the process. ``timeout`` is in seconds, for each request; files have five minutes. ``http``
    is for those who need a proxy or certificates of their own; it is theirs to close. Threads may share a client.
    Raises ValueError for an address that is none.
    """

    # Coming and going

    def log_in(self, jwt: str) -> Admission:
        """With a token that the App's server signed. What was said anonymously here becomes the user's.

        Raises StaleToken or another TokenRefused, UserBanned, and AlreadySignedIn when somebody else is logged in: see
        ``log_out_then_log_in``.
        """
        return self._change(lambda: self._visitor.log_in(jwt))

    def log_in_with_password(
        self, password: str, *, login: str | None = None, email: str | None = None, register: bool = False
    ) -> Admission:
        """With ``register`` the first login makes the user, if the App allows it.

        Raises InvalidCredentials, UserBanned, and AlreadySignedIn when somebody else is logged in.
        """
        return self._change(
            lambda: self._visitor.log_in_with_password(password, register=register, login=login, email=email)
        )

    def log_in_with_provider(self, provider: str, **credential: Unpack[Credential]) -> Admission:
        """By somebody else's credential: ``token`` for most Providers; see docs/providers.md.

        Raises ProviderRefused, ProviderUnavailable, and AlreadySignedIn when it names another person than who is
        logged in.
        """
        return self._change(lambda: self._visitor.log_in_with_provider(provider, credential))

    def register(
        self, password: str, *, login: str | None = None, email: str | None = None, name: str | None = None
    ) -> Admission:
        """Makes a user with a password, and logs them in. Nobody has proved the address: it is a login like any other.

        Raises IdentifierTaken, InvalidCredentials where the App lets nobody register, Unacceptable for a password that
        breaks the rules, and AlreadySignedIn when somebody is logged in.
        """
        return self._change(lambda: self._visitor.register(password, login=login, email=email, name=name))

    def come_in_as_guest(self, name: str | None = None) -> Admission:
        """Somebody with nothing but a name, for a day. Not known again afterwards.

        Raises InvalidCredentials where the App lets no guests in, and AlreadySignedIn when somebody is logged in.
        """
        return self._change(lambda: self._visitor.come_in_as_guest(name))

    def log_out(self) -> LoggedOut:
        """Forgets everything that is kept here, and then tells the server. Works offline, and raises nothing for it."""
        return self._change(lambda: self._visitor.log_out())

    def log_out_then_log_in(self, jwt: str) -> Admission:
        """For the next person on this machine. Raises as ``log_in`` does, and then nobody is logged in."""
        return self._change(lambda: self._visitor.log_out_then_log_in(jwt))

    def ensure_logged_in(self, id: str, fetch_jwt: Callable[[], str]) -> OwnUser | None:
        """Afterwards this person is logged in, and nobody else: ``id`` is their external id or e-mail address.

        ``fetch_jwt`` is called only if they are not logged in yet. Raises SomebodyElse when its token names another.
        """
        with self._lock:
            if not self._visitor.is_person(id):
                jwt = fetch_jwt()
                run(self._http, self._visitor.replace_by(id, jwt))
            return self.user

    def take_over(self, admission: Admission) -> None:
        """Goes on in a session that ``ServerClient.vouch_for`` opened. Raises AlreadySignedIn."""
        self._change(lambda: self._visitor.take_over(admission))

    def live(self) -> Live:
        """What happens, as it happens; needs ``acquaint-client[live]``."""
        from .live import Live  # which needs websockets

        return Live(self)


class AsyncClient(AsyncOneself, AsyncTalking):
    """``Client``, awaited. Whoever is in front of it: anonymous from the first call on, until somebody logs in.

    ``url`` is the server's address, ``app`` the App's slug. ``store`` keeps the login from one run to the next; without
    one it is forgotten with the process. ``timeout`` is in seconds, for each request; files have five minutes. ``http``
    is for those who need a proxy or certificates of their own; it is theirs to close. Tasks may share a client. Raises
    ValueError for an address that is none.
    """

    # Coming and going

    async def log_in(self, jwt: str) -> Admission:
        """With a token that the App's server signed. What was said anonymously here becomes the user's.

        Raises StaleToken or another TokenRefused, UserBanned, and AlreadySignedIn when somebody else is logged in: see
        ``log_out_then_log_in``.
        """
        return await self._change(lambda: self._visitor.log_in(jwt))

    async def log_in_with_password(
        self, password: str, *, login: str | None = None, email: str | None = None, register: bool = False
    ) -> Admission:
        """With ``register`` the first login makes the user, if the App allows it.

        Raises InvalidCredentials, UserBanned, and AlreadySignedIn when somebody else is logged in.
        """
        return await self._change(
            lambda: self._visitor.log_in_with_password(password, register=register, login=login, email=email)
        )

    async def log_in_with_provider(self, provider: str, **credential: Unpack[Credential]) -> Admission:
        """By somebody else's credential: ``token`` for most Providers; see docs/providers.md.

        Raises ProviderRefused, ProviderUnavailable, and AlreadySignedIn when it names another person than who is
        logged in.
        """
        return await self._change(lambda: self._visitor.log_in_with_provider(provider, credential))

    async def register(
        self, password: str, *, login: str | None = None, email: str | None = None, name: str | None = None
    ) -> Admission:
        """Makes a user with a password, and logs them in. Nobody has proved the address: it is a login like any other.

        Raises IdentifierTaken, InvalidCredentials where the App lets nobody register, Unacceptable for a password that
        breaks the rules, and AlreadySignedIn when somebody is logged in.
        """
        return await self._change(lambda: self._visitor.register(password, login=login, email=email, name=name))

    async def come_in_as_guest(self, name: str | None = None) -> Admission:
        """Somebody with nothing but a name, for a day. Not known again afterwards.

        Raises InvalidCredentials where the App lets no guests in, and AlreadySignedIn when somebody is logged in.
        """
        return await self._change(lambda: self._visitor.come_in_as_guest(name))

    async def log_out(self) -> LoggedOut:
        """Forgets everything that is kept here, and then tells the server. Works offline, and raises nothing for it."""
        return await self._change(lambda: self._visitor.log_out())

    async def log_out_then_log_in(self, jwt: str) -> Admission:
        """For the next person on this machine. Raises as ``log_in`` does, and then nobody is logged in."""
        return await self._change(lambda: self._visitor.log_out_then_log_in(jwt))

    async def ensure_logged_in(self, id: str, fetch_jwt: Callable[[], Awaitable[str]]) -> OwnUser | None:
        """Afterwards this person is logged in, and nobody else: ``id`` is their external id or e-mail address.

        ``fetch_jwt`` is called only if they are not logged in yet. Raises SomebodyElse when its token names another.
        """
        async with self._lock:
            if not self._visitor.is_person(id):
                jwt = await fetch_jwt()
                await run_async(self._http, self._visitor.replace_by(id, jwt))
            return self.user

    async def take_over(self, admission: Admission) -> None:
        """Goes on in a session that ``ServerClient.vouch_for`` opened. Raises AlreadySignedIn."""
        await self._change(lambda: self._visitor.take_over(admission))

    def live(self) -> AsyncLive:
        """What happens, as it happens; needs ``acquaint-client[live]``."""
        from .live import AsyncLive  # which needs websockets

        return AsyncLive(self)
