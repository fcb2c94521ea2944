"""The client of your backend: it holds an API key, and vouches for users. Never ship one to them.

ServerClient          waits
AsyncServerClient     awaits (asyncio); otherwise the same, method by method

What is here is logins, and listening; ``_app_users``, ``_app_conversations``, ``_app_rules`` and ``_app_webhooks`` have
the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from . import _app_calls, signing
from ._app_conversations import AppConversations, AsyncAppConversations
from ._app_rules import AppRules, AsyncAppRules
from ._app_users import AppUsers, AsyncAppUsers
from ._app_webhooks import AppWebhooks, AsyncAppWebhooks
from .models import Admission, Identifiers, UserChange

if TYPE_CHECKING:
    from .live import AsyncInbox, Inbox


class ServerClient(AppUsers, AppConversations, AppRules, AppWebhooks):
    """The App's own server. ``api_key`` needs the role ``org.user``; for rules, keys and secrets ``org.admin``.

    ``timeout`` is in seconds, for each request; files have five minutes. ``http`` is for those who need a proxy or
    certificates of their own; it is theirs to close. Threads may share a client. Everything raises InvalidCredentials
    for a key that is not believed, and NotAllowed for one that may not. Raises ValueError for an address that is none.
    """

    def vouch_for(
        self,
        identifiers: Identifiers,
        *,
        workspace: str | None = None,
        device_secret: str | None = None,
        **profile: Unpack[UserChange],
    ) -> Admission:
        """A verified session for this user, made if need be. Hand its token to their device."""
        return self._do(_app_calls.vouch_for(identifiers, profile, workspace=workspace, device_secret=device_secret))

    @staticmethod
    def sign_login(
        secret: str, *, email: str | None = None, external_id: str | None = None, name: str | None = None
    ) -> str:
        """A token for ``Client.log_in``, signed here, without the network: see ``acquaint_client.sign_login``."""
        return signing.sign_login(secret, email=email, external_id=external_id, name=name)

    def live(self) -> Inbox:
        """What happens in all conversations of the App, as it happens; needs ``acquaint-client[live]``."""
        from .live import BackendsWay, Inbox  # which needs websockets

        return Inbox(BackendsWay(self._wire, self._api_key))


class AsyncServerClient(AsyncAppUsers, AsyncAppConversations, AsyncAppRules, AsyncAppWebhooks):
    """``ServerClient``, awaited. ``api_key`` needs the role ``org.user``; for rules, keys and secrets ``org.admin``.

    ``timeout`` is in seconds, for each request; files have five minutes. ``http`` is for those who need a proxy or
    certificates of their own; it is theirs to close. Tasks may share a client. Everything raises InvalidCredentials
    for a key that is not believed, and NotAllowed for one that may not. Raises ValueError for an address that is none.
    """

    async def vouch_for(
        self,
        identifiers: Identifiers,
        *,
        workspace: str | None = None,
        device_secret: str | None = None,
        **profile: Unpack[UserChange],
    ) -> Admission:
        """A verified session for this user, made if need be. Hand its token to their device."""
        return await self._do(
            _app_calls.vouch_for(identifiers, profile, workspace=workspace, device_secret=device_secret)
        )

    @staticmethod
    def sign_login(
        secret: str, *, email: str | None = None, external_id: str | None = None, name: str | None = None
    ) -> str:
        """A token for ``Client.log_in``, signed here, without the network: see ``acquaint_client.sign_login``."""
        return signing.sign_login(secret, email=email, external_id=external_id, name=name)

    def live(self) -> AsyncInbox:
        """What happens in all conversations of the App, as it happens; needs ``acquaint-client[live]``."""
        from .live import AsyncBackendsWay, AsyncInbox  # which needs websockets

        return AsyncInbox(AsyncBackendsWay(self._wire, self._api_key))
