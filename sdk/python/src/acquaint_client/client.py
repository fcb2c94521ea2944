"""The visitor's client: a bot, a desktop app, a test; whoever talks.

Client          waits
AsyncClient     awaits (asyncio); otherwise the same, method by method
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

import httpx2

from . import _calls
from ._asking import Asking, AsyncAsking
from ._calls import Call
from ._flow import USUAL_RETRIES, Flow, Retries, run, run_async
from ._visitor import Over, Visitor
from .models import (
    Admission,
    Claims,
    Conversation,
    Credential,
    CurrentSession,
    LoggedOut,
    Message,
    Order,
    OwnChange,
    OwnSession,
    OwnUser,
    Page,
    Rating,
    Read,
    Session,
)
from .store import MemoryStore, Store

if TYPE_CHECKING:
    from .live import AsyncLive, Live

T = TypeVar("T")


class Client(Asking):
    """Whoever is in front of it: anonymous from the first call on, until somebody logs in.

    ``url`` is the server's address, ``app`` the App's slug. ``store`` keeps the login from one run to the next; without
    one it is forgotten with the process. ``timeout`` is in seconds, for each request. ``http`` is for those who need a
    proxy or certificates of their own; it is theirs to close. Threads may share a client.
    """

    def __init__(
        self,
        url: str,
        app: str,
        *,
        workspace: str | None = None,
        store: Store | None = None,
        timeout: float = 10.0,
        retries: Retries = USUAL_RETRIES,
        http: httpx2.Client | None = None,
    ) -> None:
        super().__init__(url, retries, http, timeout)
        self._visitor = Visitor(self._wire, store or MemoryStore(), app=app, workspace=workspace)
        self._lock = threading.Lock()

    # Who is here: without the network

    @property
    def user(self) -> OwnUser | None:
        """Who is here, as far as is known without asking; ``me`` asks."""
        return self._visitor.user

    def is_logged_in(
        self, *, email: str | None = None, external_id: str | None = None, user_id: str | None = None
    ) -> bool:
        """Whether somebody is logged in; with a name, whether it is they. ``user_id`` is Acquaint's id of the user."""
        return self._visitor.is_logged_in(email=email, external_id=external_id, user_id=user_id)

    # Coming and going

    def log_in(self, jwt: str) -> Admission:
        """With a token that the App's server signed. What was said anonymously here becomes the user's.

        Raises AlreadySignedIn when somebody else is: see ``log_out_then_log_in``.
        """
        return self._change(lambda: self._visitor.log_in(jwt))

    def log_in_with_password(
        self, password: str, *, login: str | None = None, email: str | None = None, register: bool = False
    ) -> Admission:
        """With ``register`` the first login makes the user, if the App allows it."""
        return self._change(
            lambda: self._visitor.log_in_with_password(password, register=register, login=login, email=email)
        )

    def log_in_with_provider(self, provider: str, **credential: Unpack[Credential]) -> Admission:
        """By somebody else's credential: ``token`` for most providers; see docs/providers.md.

        Raises AlreadySignedIn when it names another person than who is logged in.
        """
        return self._change(lambda: self._visitor.log_in_with_provider(provider, credential))

    def log_out(self) -> LoggedOut:
        """Forgets everything that is kept here, and then tells the server. Works offline, and raises nothing for it."""
        return self._change(lambda: self._visitor.log_out())

    def log_out_then_log_in(self, jwt: str) -> Admission:
        """For the next person on this machine."""
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
        """Goes on in a session that ``ServerClient.vouch_for`` opened."""
        self._change(lambda: self._visitor.take_over(admission))

    # Oneself

    def me(self) -> CurrentSession:
        """Who is here, as the server says."""
        found = self._do(_calls.current_session())
        self._change(lambda: self._visitor.saw(found))
        return found

    def say_who_i_am(self, **claims: Unpack[Claims]) -> Session:
        """For visitors who are not logged in: a name, an address. Believed by nobody."""
        return self._do(_calls.claim(claims))

    def change_profile(self, **change: Unpack[OwnChange]) -> OwnUser:
        """What is not given stays; None empties."""
        user = self._do(_calls.change_self(change))
        self._change(lambda: self._visitor.saw_user(user))
        return user

    def sessions(self) -> tuple[OwnSession, ...]:
        """Where one is logged in."""
        return self._do(_calls.own_sessions())

    def end_session(self, session_id: str) -> None:
        """At once, on every path."""
        return self._do(_calls.end_own_session(session_id))

    def end_other_sessions(self) -> int:
        """How many ended."""
        return self._do(_calls.end_other_sessions())

    # Conversations

    def start_conversation(
        self,
        text: str | None = None,
        *,
        kind: str = "support",
        title: str | None = None,
        users: Sequence[str] = (),
        payload: Mapping[str, Any] | None = None,
    ) -> Conversation:
        """With the App's people (``support``), or with ``users``, by their ids (``direct``, ``group``)."""
        return self._do(_calls.start_conversation(text, kind=kind, title=title, users=users, payload=payload))

    def conversations(self, *, limit: int | None = None, after: str | None = None) -> Page[Conversation]:
        """What one sees; the conversation with the latest message comes first."""
        return self._do(_calls.conversations(limit=limit, after=after))

    def conversation(self, conversation_id: str) -> Conversation:
        return self._do(_calls.conversation(conversation_id))

    def history(
        self, conversation_id: str, *, order: Order = "newest", limit: int | None = None, after: str | None = None
    ) -> Page[Message]:
        return self._do(_calls.history(conversation_id, order=order, limit=limit, after=after))

    def post(
        self,
        conversation_id: str,
        text: str,
        *,
        payload: Mapping[str, Any] | None = None,
        client_id: str | None = None,
    ) -> Message:
        """Says something, once: ``client_id`` is your own id for it, and is made up without one."""
        return self._do(_calls.post(conversation_id, text, payload=payload, client_id=client_id))

    def mark_read(self, conversation_id: str, up_to: str) -> Read:
        """``up_to`` is the id of the last message that was read."""
        return self._do(_calls.mark_read(conversation_id, up_to))

    def rate(self, conversation_id: str, score: int, comment: str | None = None) -> Rating:
        """What one thought of it, from 1 to 5, once it was closed. A comment may follow, another score may not."""
        return self._do(_calls.rate(conversation_id, score, comment))

    def edit(self, conversation_id: str, message_id: str, text: str) -> Message:
        """Says one of one's own messages differently; everybody sees that it was edited."""
        return self._do(_calls.edit(conversation_id, message_id, text))

    def delete_message(self, conversation_id: str, message_id: str, *, for_oneself: bool = False) -> None:
        """For everybody: one's own, or others' where one may. For oneself: any, and nobody else notices."""
        self._do(_calls.delete_message(conversation_id, message_id, "oneself" if for_oneself else "everybody"))

    def add_members(self, conversation_id: str, users: Sequence[str]) -> Conversation:
        """Brings users in, by their ids."""
        return self._do(_calls.add_members(conversation_id, users))

    def remove_member(self, conversation_id: str, user_id: str) -> None:
        """They see nothing of it any more."""
        self._do(_calls.remove_member(conversation_id, user_id))

    def leave(self, conversation_id: str) -> None:
        """A group, channel or broadcast."""
        self._do(_calls.leave(conversation_id))

    def clear(self, conversation_id: str) -> None:
        """What was said until now one does not see any more, on any device."""
        self._do(_calls.clear(conversation_id))

    def live(self) -> Live:
        """What happens, as it happens; needs ``acquaint-client[live]``."""
        from .live import Live  # which needs websockets

        return Live(self)

    # How calls are made

    def _do(self, call: Call[T]) -> T:
        if self._visitor.needs_session:
            self._change(lambda: self._visitor.arrive())
        try:
            return run(self._http, self._visitor.ask(call))
        except Over as it:
            over = it
        self._change(lambda: self._visitor.come_back(over))
        return self._do_again(call)

    def _do_again(self, call: Call[T]) -> T:
        try:
            return run(self._http, self._visitor.ask(call))
        except Over as over:
            raise over.refusal from None

    def _do_as(self, token: str, call: Call[T]) -> T:
        return run(self._http, self._visitor.ask_as(token, call))

    def _change(self, flow: Callable[[], Flow[T]]) -> T:
        """One change of who is here at a time."""
        with self._lock:
            return run(self._http, flow())


class AsyncClient(AsyncAsking):
    """``Client``, awaited. Whoever is in front of it: anonymous from the first call on, until somebody logs in.

    ``url`` is the server's address, ``app`` the App's slug. ``store`` keeps the login from one run to the next; without
    one it is forgotten with the process. ``timeout`` is in seconds, for each request. ``http`` is for those who need a
    proxy or certificates of their own; it is theirs to close. Tasks may share a client, in one event loop.
    """

    def __init__(
        self,
        url: str,
        app: str,
        *,
        workspace: str | None = None,
        store: Store | None = None,
        timeout: float = 10.0,
        retries: Retries = USUAL_RETRIES,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        super().__init__(url, retries, http, timeout)
        self._visitor = Visitor(self._wire, store or MemoryStore(), app=app, workspace=workspace)
        self._lock = asyncio.Lock()

    # Who is here: without the network

    @property
    def user(self) -> OwnUser | None:
        """Who is here, as far as is known without asking; ``me`` asks."""
        return self._visitor.user

    def is_logged_in(
        self, *, email: str | None = None, external_id: str | None = None, user_id: str | None = None
    ) -> bool:
        """Whether somebody is logged in; with a name, whether it is they. ``user_id`` is Acquaint's id of the user."""
        return self._visitor.is_logged_in(email=email, external_id=external_id, user_id=user_id)

    # Coming and going

    async def log_in(self, jwt: str) -> Admission:
        """With a token that the App's server signed. What was said anonymously here becomes the user's.

        Raises AlreadySignedIn when somebody else is: see ``log_out_then_log_in``.
        """
        return await self._change(lambda: self._visitor.log_in(jwt))

    async def log_in_with_password(
        self, password: str, *, login: str | None = None, email: str | None = None, register: bool = False
    ) -> Admission:
        """With ``register`` the first login makes the user, if the App allows it."""
        return await self._change(
            lambda: self._visitor.log_in_with_password(password, register=register, login=login, email=email)
        )

    async def log_in_with_provider(self, provider: str, **credential: Unpack[Credential]) -> Admission:
        """By somebody else's credential: ``token`` for most providers; see docs/providers.md.

        Raises AlreadySignedIn when it names another person than who is logged in.
        """
        return await self._change(lambda: self._visitor.log_in_with_provider(provider, credential))

    async def log_out(self) -> LoggedOut:
        """Forgets everything that is kept here, and then tells the server. Works offline, and raises nothing for it."""
        return await self._change(lambda: self._visitor.log_out())

    async def log_out_then_log_in(self, jwt: str) -> Admission:
        """For the next person on this machine."""
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
        """Goes on in a session that ``ServerClient.vouch_for`` opened."""
        await self._change(lambda: self._visitor.take_over(admission))

    # Oneself

    async def me(self) -> CurrentSession:
        """Who is here, as the server says."""
        found = await self._do(_calls.current_session())
        await self._change(lambda: self._visitor.saw(found))
        return found

    async def say_who_i_am(self, **claims: Unpack[Claims]) -> Session:
        """For visitors who are not logged in: a name, an address. Believed by nobody."""
        return await self._do(_calls.claim(claims))

    async def change_profile(self, **change: Unpack[OwnChange]) -> OwnUser:
        """What is not given stays; None empties."""
        user = await self._do(_calls.change_self(change))
        await self._change(lambda: self._visitor.saw_user(user))
        return user

    async def sessions(self) -> tuple[OwnSession, ...]:
        """Where one is logged in."""
        return await self._do(_calls.own_sessions())

    async def end_session(self, session_id: str) -> None:
        """At once, on every path."""
        return await self._do(_calls.end_own_session(session_id))

    async def end_other_sessions(self) -> int:
        """How many ended."""
        return await self._do(_calls.end_other_sessions())

    # Conversations

    async def start_conversation(
        self,
        text: str | None = None,
        *,
        kind: str = "support",
        title: str | None = None,
        users: Sequence[str] = (),
        payload: Mapping[str, Any] | None = None,
    ) -> Conversation:
        """With the App's people (``support``), or with ``users``, by their ids (``direct``, ``group``)."""
        return await self._do(_calls.start_conversation(text, kind=kind, title=title, users=users, payload=payload))

    async def conversations(self, *, limit: int | None = None, after: str | None = None) -> Page[Conversation]:
        """What one sees; the conversation with the latest message comes first."""
        return await self._do(_calls.conversations(limit=limit, after=after))

    async def conversation(self, conversation_id: str) -> Conversation:
        return await self._do(_calls.conversation(conversation_id))

    async def history(
        self, conversation_id: str, *, order: Order = "newest", limit: int | None = None, after: str | None = None
    ) -> Page[Message]:
        return await self._do(_calls.history(conversation_id, order=order, limit=limit, after=after))

    async def post(
        self,
        conversation_id: str,
        text: str,
        *,
        payload: Mapping[str, Any] | None = None,
        client_id: str | None = None,
    ) -> Message:
        """Says something, once: ``client_id`` is your own id for it, and is made up without one."""
        return await self._do(_calls.post(conversation_id, text, payload=payload, client_id=client_id))

    async def mark_read(self, conversation_id: str, up_to: str) -> Read:
        """``up_to`` is the id of the last message that was read."""
        return await self._do(_calls.mark_read(conversation_id, up_to))

    async def rate(self, conversation_id: str, score: int, comment: str | None = None) -> Rating:
        """What one thought of it, from 1 to 5, once it was closed. A comment may follow, another score may not."""
        return await self._do(_calls.rate(conversation_id, score, comment))

    async def edit(self, conversation_id: str, message_id: str, text: str) -> Message:
        """Says one of one's own messages differently; everybody sees that it was edited."""
        return await self._do(_calls.edit(conversation_id, message_id, text))

    async def delete_message(self, conversation_id: str, message_id: str, *, for_oneself: bool = False) -> None:
        """For everybody: one's own, or others' where one may. For oneself: any, and nobody else notices."""
        await self._do(_calls.delete_message(conversation_id, message_id, "oneself" if for_oneself else "everybody"))

    async def add_members(self, conversation_id: str, users: Sequence[str]) -> Conversation:
        """Brings users in, by their ids."""
        return await self._do(_calls.add_members(conversation_id, users))

    async def remove_member(self, conversation_id: str, user_id: str) -> None:
        """They see nothing of it any more."""
        await self._do(_calls.remove_member(conversation_id, user_id))

    async def leave(self, conversation_id: str) -> None:
        """A group, channel or broadcast."""
        await self._do(_calls.leave(conversation_id))

    async def clear(self, conversation_id: str) -> None:
        """What was said until now one does not see any more, on any device."""
        await self._do(_calls.clear(conversation_id))

    def live(self) -> AsyncLive:
        """What happens, as it happens; needs ``acquaint-client[live]``."""
        from .live import AsyncLive  # which needs websockets

        return AsyncLive(self)

    # How calls are made

    async def _do(self, call: Call[T]) -> T:
        if self._visitor.needs_session:
            await self._change(lambda: self._visitor.arrive())
        try:
            return await run_async(self._http, self._visitor.ask(call))
        except Over as it:
            over = it
        await self._change(lambda: self._visitor.come_back(over))
        return await self._do_again(call)

    async def _do_again(self, call: Call[T]) -> T:
        try:
            return await run_async(self._http, self._visitor.ask(call))
        except Over as over:
            raise over.refusal from None

    async def _do_as(self, token: str, call: Call[T]) -> T:
        return await run_async(self._http, self._visitor.ask_as(token, call))

    async def _change(self, flow: Callable[[], Flow[T]]) -> T:
        """One change of who is here at a time."""
        async with self._lock:
            return await run_async(self._http, flow())
