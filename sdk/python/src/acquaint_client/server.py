"""The client of your backend: it holds an API key, and vouches for users. Never ship one to them.

ServerClient          waits
AsyncServerClient     awaits (asyncio); otherwise the same, method by method
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack

import httpx2

from . import _calls, signing
from ._asking import Asking, AsyncAsking
from ._calls import Call
from ._flow import USUAL_RETRIES, Retries, run, run_async
from .models import (
    Admission,
    App,
    AppConversation,
    ChatKey,
    Credential,
    Delivery,
    EnforcementReport,
    Event,
    Identifiers,
    Key,
    KnownUser,
    MadeKey,
    MadeSecret,
    MadeWebhook,
    Message,
    MintedChatKey,
    Order,
    Page,
    Policy,
    PolicyChange,
    Provider,
    ProviderKind,
    Role,
    Session,
    SigningSecret,
    Trial,
    User,
    UserChange,
    UserSearch,
    Visibility,
    Webhook,
)

if TYPE_CHECKING:
    from .live import AsyncInbox, Inbox

T = TypeVar("T")


class ServerClient(Asking):
    """The App's own server. ``api_key`` needs the role ``org.user``; for rules, keys and secrets ``org.admin``.

    ``timeout`` is in seconds, for each request. ``http`` is for those who need a proxy or certificates of their own; it
    is theirs to close. Threads may share a client.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        timeout: float = 10.0,
        retries: Retries = USUAL_RETRIES,
        http: httpx2.Client | None = None,
    ) -> None:
        super().__init__(url, retries, http, timeout)
        self._api_key = api_key

    # Logins

    def vouch_for(
        self,
        identifiers: Identifiers,
        *,
        workspace: str | None = None,
        device_secret: str | None = None,
        **profile: Unpack[UserChange],
    ) -> Admission:
        """A verified session for this user, made if need be. Hand its token to their device."""
        return self._do(_calls.vouch_for(identifiers, profile, workspace=workspace, device_secret=device_secret))

    @staticmethod
    def sign_login(
        secret: str, *, email: str | None = None, external_id: str | None = None, name: str | None = None
    ) -> str:
        """A token for ``Client.log_in``, signed here, without the network: see ``acquaint_client.sign_login``."""
        return signing.sign_login(secret, email=email, external_id=external_id, name=name)

    # Users

    def put_user(self, identifiers: Identifiers, **change: Unpack[UserChange]) -> KnownUser:
        """Makes a user, or brings whoever one of the identifiers names up to date."""
        return self._do(_calls.put_user(identifiers, change))

    def users(self, *, limit: int | None = None, after: str | None = None, **search: Unpack[UserSearch]) -> Page[User]:
        """Newest first; with a search, those who meet all of it."""
        return self._do(_calls.users(search, limit=limit, after=after))

    def find_user(self, identifiers: Identifiers) -> User:
        """By exactly one identifier. Raises NotFound."""
        return self._do(_calls.find_user(identifiers))

    def user(self, user_id: str) -> User:
        return self._do(_calls.user(user_id))

    def change_user(self, user_id: str, **change: Unpack[UserChange]) -> User:
        """What is not given stays; None empties."""
        return self._do(_calls.change_user(user_id, change))

    def replace_identifiers(self, user_id: str, identifiers: Identifiers) -> User:
        return self._do(_calls.replace_identifiers(user_id, identifiers))

    def delete_user(self, user_id: str) -> None:
        return self._do(_calls.delete_user(user_id))

    def ban(self, user_id: str) -> User:
        return self._do(_calls.ban(user_id))

    def lift_ban(self, user_id: str) -> User:
        return self._do(_calls.lift_ban(user_id))

    def set_password(self, user_id: str, password: str, *, ends_sessions: bool = False) -> None:
        return self._do(_calls.set_password(user_id, password, ends_sessions=ends_sessions))

    def mint_chat_key(self, user_id: str, *, ends_sessions: bool = False) -> MintedChatKey:
        """A strong password in place of the user's, for their device to come in with. Its text is shown this once.

        Not repeated when no answer comes: mint another one then. What is open goes on unless ``ends_sessions``.
        """
        return self._do(_calls.mint_chat_key(user_id, ends_sessions=ends_sessions))

    def chat_keys_due(self, *, limit: int | None = None, after: str | None = None) -> Page[ChatKey]:
        """Those older than the Policy's ``chat_key_max_age``. They are good until you mint new ones."""
        return self._do(_calls.chat_keys_due(limit=limit, after=after))

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

    # Sessions

    def sessions(self, user_id: str) -> tuple[Session, ...]:
        return self._do(_calls.sessions_of(user_id))

    def end_session(self, user_id: str, session_id: str) -> None:
        """At once, on every path."""
        return self._do(_calls.end_session_of(user_id, session_id))

    def end_sessions(self, user_id: str) -> int:
        """All of them; how many ended."""
        return self._do(_calls.end_sessions_of(user_id))

    # Conversations

    def conversations(self, *, limit: int | None = None, after: str | None = None) -> Page[AppConversation]:
        """The conversation with the latest message comes first."""
        return self._do(_calls.app_conversations(limit=limit, after=after))

    def conversation(self, conversation_id: str) -> AppConversation:
        return self._do(_calls.app_conversation(conversation_id))

    def history(
        self, conversation_id: str, *, order: Order = "newest", limit: int | None = None, after: str | None = None
    ) -> Page[Message]:
        return self._do(_calls.app_history(conversation_id, order=order, limit=limit, after=after))

    def answer(
        self,
        conversation_id: str,
        text: str,
        *,
        author: Literal["operator", "app"] = "operator",
        payload: Mapping[str, Any] | None = None,
        client_id: str | None = None,
    ) -> Message:
        """Answers, once: ``client_id`` is your own id for it, and is made up without one."""
        return self._do(_calls.answer(conversation_id, text, author=author, payload=payload, client_id=client_id))

    def close_conversation(self, conversation_id: str, *, asks_rating: bool | None = None) -> AppConversation:
        """Nothing more can be said in it. With ``asks_rating`` its visitor is asked what they thought of it."""
        return self._do(_calls.close_conversation(conversation_id, is_closed=True, asks_rating=asks_rating))

    def reopen_conversation(self, conversation_id: str) -> AppConversation:
        return self._do(_calls.close_conversation(conversation_id, is_closed=False))

    def mark_read(self, conversation_id: str, up_to: str) -> str:
        """How far your people have read: the id of the last message. It never moves back; the one it is at."""
        return self._do(_calls.mark_read_by_operators(conversation_id, up_to))

    def show_typing(self, conversation_id: str, on: bool = True, *, operator: str | None = None) -> None:
        """Shows the visitor that one of your people is writing, by this name if any. Repeat it while they are."""
        self._do(_calls.show_typing(conversation_id, on=on, operator=operator))

    def explain_visibility(self, conversation_id: str, session_id: str) -> Visibility:
        """Why does this session see this conversation, or not?"""
        return self._do(_calls.explain_visibility(conversation_id, session_id))

    def live(self) -> Inbox:
        """What happens in all conversations of the App, as it happens; needs ``acquaint-client[live]``."""
        from .live import BackendsWay, Inbox  # which needs websockets

        return Inbox(BackendsWay(self._wire, self._api_key))

    # Rules, keys and secrets

    def app(self) -> App:
        return self._do(_calls.app())

    def policy(self) -> Policy:
        return self._do(_calls.policy())

    def change_policy(self, **change: Unpack[PolicyChange]) -> Policy:
        """What is not given stays."""
        return self._do(_calls.change_policy(change))

    def enforcement(self, *, days: int | None = None) -> EnforcementReport:
        """How often people nobody verified did what ``enforcement`` in the Policy refuses, or would; by day."""
        return self._do(_calls.enforcement(days=days))

    def keys(self) -> tuple[Key, ...]:
        return self._do(_calls.keys())

    def make_key(
        self, name: str, roles: Sequence[Role], *, expires_in_days: int | None = None, network: str | None = None
    ) -> MadeKey:
        """Its text is shown this once. Not repeated when no answer comes: look at ``keys`` then."""
        return self._do(_calls.make_key(name, roles, expires_in_days=expires_in_days, network=network))

    def revoke_key(self, key_id: str) -> Key:
        return self._do(_calls.revoke_key(key_id))

    def secrets(self) -> tuple[SigningSecret, ...]:
        return self._do(_calls.secrets())

    def rotate_secret(self, *, grace_seconds: int | None = None) -> MadeSecret:
        """A new signing secret. The older ones are believed for so long; without it, until they are retired."""
        return self._do(_calls.rotate_secret(grace_seconds=grace_seconds))

    def retire_secret(self, secret_id: str) -> SigningSecret:
        return self._do(_calls.retire_secret(secret_id))

    def providers(self) -> tuple[Provider, ...]:
        """Who may testify to the App's users."""
        return self._do(_calls.providers())

    def put_provider(
        self, name: str, kind: ProviderKind, settings: Mapping[str, Any], *, is_enabled: bool = True
    ) -> Provider:
        """Sets a Provider up, or replaces all that it was, secrets included."""
        return self._do(_calls.put_provider(name, kind, settings, is_enabled=is_enabled))

    def remove_provider(self, name: str) -> None:
        """It lets nobody in from now on; those it let in stay."""
        return self._do(_calls.remove_provider(name))

    def try_provider(self, name: str, **credential: Unpack[Credential]) -> Trial:
        """What the Provider is asked and answers, and whom that would let in, or why nobody. Nobody is let in."""
        return self._do(_calls.try_provider(name, credential))

    def webhooks(self) -> tuple[Webhook, ...]:
        """Where your backend hears what happens."""
        return self._do(_calls.webhooks())

    def webhook(self, webhook_id: str) -> Webhook:
        return self._do(_calls.webhook(webhook_id))

    def register_webhook(self, url: str, *, events: Sequence[str] | None = None, format: str = "native") -> MadeWebhook:
        """What happens is posted there from now on; without ``events`` all of it. Its secret is shown this once.

        Not repeated when no answer comes: look at ``webhooks`` then.
        """
        return self._do(_calls.register_webhook(url, events=events, format=format))

    def change_webhook(
        self,
        webhook_id: str,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        is_enabled: bool | None = None,
    ) -> Webhook:
        """What is not given stays. One that is enabled again is told what waited, unless it is too old."""
        return self._do(_calls.change_webhook(webhook_id, url=url, events=events, is_enabled=is_enabled))

    def remove_webhook(self, webhook_id: str) -> None:
        """With its log, and with what was on its way."""
        return self._do(_calls.remove_webhook(webhook_id))

    def rotate_webhook_secret(self, webhook_id: str, *, overlap_seconds: int | None = None) -> MadeWebhook:
        """A new secret, shown this once. For so long, or a day, everything is signed with both."""
        return self._do(_calls.rotate_webhook_secret(webhook_id, overlap_seconds=overlap_seconds))

    def test_webhook(self, webhook_id: str) -> Delivery:
        """Posts ``webhook.tested`` to it, whatever it asks for."""
        return self._do(_calls.test_webhook(webhook_id))

    def deliveries(self, webhook_id: str, *, limit: int | None = None, after: str | None = None) -> Page[Delivery]:
        """What it was told in the last two weeks, or is to be told, newest first."""
        return self._do(_calls.deliveries(webhook_id, limit=limit, after=after))

    def redeliver(self, webhook_id: str, event_id: str) -> Delivery:
        """Once more, under the same ``webhook-id``."""
        return self._do(_calls.redeliver(webhook_id, event_id))

    def events(
        self,
        *,
        user_id: str | None = None,
        kind: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[Event]:
        """What happened to identities, the App and its keys, newest first."""
        return self._do(_calls.events(user=user_id, kind=kind, limit=limit, after=after))

    def _do(self, call: Call[T]) -> T:
        return run(self._http, self._wire.exchange(call, self._api_key))


class AsyncServerClient(AsyncAsking):
    """``ServerClient``, awaited. ``api_key`` needs the role ``org.user``; for rules, keys and secrets ``org.admin``.

    ``timeout`` is in seconds, for each request. ``http`` is for those who need a proxy or certificates of their own; it
    is theirs to close. Tasks may share a client.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        timeout: float = 10.0,
        retries: Retries = USUAL_RETRIES,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        super().__init__(url, retries, http, timeout)
        self._api_key = api_key

    # Logins

    async def vouch_for(
        self,
        identifiers: Identifiers,
        *,
        workspace: str | None = None,
        device_secret: str | None = None,
        **profile: Unpack[UserChange],
    ) -> Admission:
        """A verified session for this user, made if need be. Hand its token to their device."""
        return await self._do(_calls.vouch_for(identifiers, profile, workspace=workspace, device_secret=device_secret))

    @staticmethod
    def sign_login(
        secret: str, *, email: str | None = None, external_id: str | None = None, name: str | None = None
    ) -> str:
        """A token for ``Client.log_in``, signed here, without the network: see ``acquaint_client.sign_login``."""
        return signing.sign_login(secret, email=email, external_id=external_id, name=name)

    # Users

    async def put_user(self, identifiers: Identifiers, **change: Unpack[UserChange]) -> KnownUser:
        """Makes a user, or brings whoever one of the identifiers names up to date."""
        return await self._do(_calls.put_user(identifiers, change))

    async def users(
        self, *, limit: int | None = None, after: str | None = None, **search: Unpack[UserSearch]
    ) -> Page[User]:
        """Newest first; with a search, those who meet all of it."""
        return await self._do(_calls.users(search, limit=limit, after=after))

    async def find_user(self, identifiers: Identifiers) -> User:
        """By exactly one identifier. Raises NotFound."""
        return await self._do(_calls.find_user(identifiers))

    async def user(self, user_id: str) -> User:
        return await self._do(_calls.user(user_id))

    async def change_user(self, user_id: str, **change: Unpack[UserChange]) -> User:
        """What is not given stays; None empties."""
        return await self._do(_calls.change_user(user_id, change))

    async def replace_identifiers(self, user_id: str, identifiers: Identifiers) -> User:
        return await self._do(_calls.replace_identifiers(user_id, identifiers))

    async def delete_user(self, user_id: str) -> None:
        return await self._do(_calls.delete_user(user_id))

    async def ban(self, user_id: str) -> User:
        return await self._do(_calls.ban(user_id))

    async def lift_ban(self, user_id: str) -> User:
        return await self._do(_calls.lift_ban(user_id))

    async def set_password(self, user_id: str, password: str, *, ends_sessions: bool = False) -> None:
        return await self._do(_calls.set_password(user_id, password, ends_sessions=ends_sessions))

    async def mint_chat_key(self, user_id: str, *, ends_sessions: bool = False) -> MintedChatKey:
        """A strong password in place of the user's, for their device to come in with. Its text is shown this once.

        Not repeated when no answer comes: mint another one then. What is open goes on unless ``ends_sessions``.
        """
        return await self._do(_calls.mint_chat_key(user_id, ends_sessions=ends_sessions))

    async def chat_keys_due(self, *, limit: int | None = None, after: str | None = None) -> Page[ChatKey]:
        """Those older than the Policy's ``chat_key_max_age``. They are good until you mint new ones."""
        return await self._do(_calls.chat_keys_due(limit=limit, after=after))

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

    # Sessions

    async def sessions(self, user_id: str) -> tuple[Session, ...]:
        return await self._do(_calls.sessions_of(user_id))

    async def end_session(self, user_id: str, session_id: str) -> None:
        """At once, on every path."""
        return await self._do(_calls.end_session_of(user_id, session_id))

    async def end_sessions(self, user_id: str) -> int:
        """All of them; how many ended."""
        return await self._do(_calls.end_sessions_of(user_id))

    # Conversations

    async def conversations(self, *, limit: int | None = None, after: str | None = None) -> Page[AppConversation]:
        """The conversation with the latest message comes first."""
        return await self._do(_calls.app_conversations(limit=limit, after=after))

    async def conversation(self, conversation_id: str) -> AppConversation:
        return await self._do(_calls.app_conversation(conversation_id))

    async def history(
        self, conversation_id: str, *, order: Order = "newest", limit: int | None = None, after: str | None = None
    ) -> Page[Message]:
        return await self._do(_calls.app_history(conversation_id, order=order, limit=limit, after=after))

    async def answer(
        self,
        conversation_id: str,
        text: str,
        *,
        author: Literal["operator", "app"] = "operator",
        payload: Mapping[str, Any] | None = None,
        client_id: str | None = None,
    ) -> Message:
        """Answers, once: ``client_id`` is your own id for it, and is made up without one."""
        return await self._do(_calls.answer(conversation_id, text, author=author, payload=payload, client_id=client_id))

    async def close_conversation(self, conversation_id: str, *, asks_rating: bool | None = None) -> AppConversation:
        """Nothing more can be said in it. With ``asks_rating`` its visitor is asked what they thought of it."""
        return await self._do(_calls.close_conversation(conversation_id, is_closed=True, asks_rating=asks_rating))

    async def reopen_conversation(self, conversation_id: str) -> AppConversation:
        return await self._do(_calls.close_conversation(conversation_id, is_closed=False))

    async def mark_read(self, conversation_id: str, up_to: str) -> str:
        """How far your people have read: the id of the last message. It never moves back; the one it is at."""
        return await self._do(_calls.mark_read_by_operators(conversation_id, up_to))

    async def show_typing(self, conversation_id: str, on: bool = True, *, operator: str | None = None) -> None:
        """Shows the visitor that one of your people is writing, by this name if any. Repeat it while they are."""
        await self._do(_calls.show_typing(conversation_id, on=on, operator=operator))

    async def explain_visibility(self, conversation_id: str, session_id: str) -> Visibility:
        """Why does this session see this conversation, or not?"""
        return await self._do(_calls.explain_visibility(conversation_id, session_id))

    def live(self) -> AsyncInbox:
        """What happens in all conversations of the App, as it happens; needs ``acquaint-client[live]``."""
        from .live import AsyncBackendsWay, AsyncInbox  # which needs websockets

        return AsyncInbox(AsyncBackendsWay(self._wire, self._api_key))

    # Rules, keys and secrets

    async def app(self) -> App:
        return await self._do(_calls.app())

    async def policy(self) -> Policy:
        return await self._do(_calls.policy())

    async def change_policy(self, **change: Unpack[PolicyChange]) -> Policy:
        """What is not given stays."""
        return await self._do(_calls.change_policy(change))

    async def enforcement(self, *, days: int | None = None) -> EnforcementReport:
        """How often people nobody verified did what ``enforcement`` in the Policy refuses, or would; by day."""
        return await self._do(_calls.enforcement(days=days))

    async def keys(self) -> tuple[Key, ...]:
        return await self._do(_calls.keys())

    async def make_key(
        self, name: str, roles: Sequence[Role], *, expires_in_days: int | None = None, network: str | None = None
    ) -> MadeKey:
        """Its text is shown this once. Not repeated when no answer comes: look at ``keys`` then."""
        return await self._do(_calls.make_key(name, roles, expires_in_days=expires_in_days, network=network))

    async def revoke_key(self, key_id: str) -> Key:
        return await self._do(_calls.revoke_key(key_id))

    async def secrets(self) -> tuple[SigningSecret, ...]:
        return await self._do(_calls.secrets())

    async def rotate_secret(self, *, grace_seconds: int | None = None) -> MadeSecret:
        """A new signing secret. The older ones are believed for so long; without it, until they are retired."""
        return await self._do(_calls.rotate_secret(grace_seconds=grace_seconds))

    async def retire_secret(self, secret_id: str) -> SigningSecret:
        return await self._do(_calls.retire_secret(secret_id))

    async def providers(self) -> tuple[Provider, ...]:
        """Who may testify to the App's users."""
        return await self._do(_calls.providers())

    async def put_provider(
        self, name: str, kind: ProviderKind, settings: Mapping[str, Any], *, is_enabled: bool = True
    ) -> Provider:
        """Sets a Provider up, or replaces all that it was, secrets included."""
        return await self._do(_calls.put_provider(name, kind, settings, is_enabled=is_enabled))

    async def remove_provider(self, name: str) -> None:
        """It lets nobody in from now on; those it let in stay."""
        return await self._do(_calls.remove_provider(name))

    async def try_provider(self, name: str, **credential: Unpack[Credential]) -> Trial:
        """What the Provider is asked and answers, and whom that would let in, or why nobody. Nobody is let in."""
        return await self._do(_calls.try_provider(name, credential))

    async def webhooks(self) -> tuple[Webhook, ...]:
        """Where your backend hears what happens."""
        return await self._do(_calls.webhooks())

    async def webhook(self, webhook_id: str) -> Webhook:
        return await self._do(_calls.webhook(webhook_id))

    async def register_webhook(
        self, url: str, *, events: Sequence[str] | None = None, format: str = "native"
    ) -> MadeWebhook:
        """What happens is posted there from now on; without ``events`` all of it. Its secret is shown this once.

        Not repeated when no answer comes: look at ``webhooks`` then.
        """
        return await self._do(_calls.register_webhook(url, events=events, format=format))

    async def change_webhook(
        self,
        webhook_id: str,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        is_enabled: bool | None = None,
    ) -> Webhook:
        """What is not given stays. One that is enabled again is told what waited, unless it is too old."""
        return await self._do(_calls.change_webhook(webhook_id, url=url, events=events, is_enabled=is_enabled))

    async def remove_webhook(self, webhook_id: str) -> None:
        """With its log, and with what was on its way."""
        return await self._do(_calls.remove_webhook(webhook_id))

    async def rotate_webhook_secret(self, webhook_id: str, *, overlap_seconds: int | None = None) -> MadeWebhook:
        """A new secret, shown this once. For so long, or a day, everything is signed with both."""
        return await self._do(_calls.rotate_webhook_secret(webhook_id, overlap_seconds=overlap_seconds))

    async def test_webhook(self, webhook_id: str) -> Delivery:
        """Posts ``webhook.tested`` to it, whatever it asks for."""
        return await self._do(_calls.test_webhook(webhook_id))

    async def deliveries(
        self, webhook_id: str, *, limit: int | None = None, after: str | None = None
    ) -> Page[Delivery]:
        """What it was told in the last two weeks, or is to be told, newest first."""
        return await self._do(_calls.deliveries(webhook_id, limit=limit, after=after))

    async def redeliver(self, webhook_id: str, event_id: str) -> Delivery:
        """Once more, under the same ``webhook-id``."""
        return await self._do(_calls.redeliver(webhook_id, event_id))

    async def events(
        self,
        *,
        user_id: str | None = None,
        kind: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[Event]:
        """What happened to identities, the App and its keys, newest first."""
        return await self._do(_calls.events(user=user_id, kind=kind, limit=limit, after=after))

    async def _do(self, call: Call[T]) -> T:
        return await run_async(self._http, self._wire.exchange(call, self._api_key))
