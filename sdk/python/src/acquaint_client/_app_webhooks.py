"""Where the App hears what happens. What is told is read with ``verify_webhook``.

AppWebhooks          waits
AsyncAppWebhooks     awaits
"""

from __future__ import annotations

from collections.abc import Sequence

from . import _app_calls
from ._app_asking import AppAsking, AsyncAppAsking
from .models import Delivery, MadeWebhook, Page, Webhook, WebhookFormat


class AppWebhooks(AppAsking):
    """What the App's server decides of webhooks. Needs a key of the role ``org.admin``; raises NotAllowed."""

    def webhook_formats(self) -> tuple[WebhookFormat, ...]:
        """In whose words webhooks can be told, and what of it can be asked for."""
        return self._do(_app_calls.webhook_formats())

    def webhooks(self) -> tuple[Webhook, ...]:
        """Where your backend hears what happens."""
        return self._do(_app_calls.webhooks())

    def webhook(self, webhook_id: str) -> Webhook:
        """Raises NotFound."""
        return self._do(_app_calls.webhook(webhook_id))

    def register_webhook(self, url: str, *, events: Sequence[str] | None = None, format: str = "native") -> MadeWebhook:
        """What happens is posted there from now on; without ``events`` all of it. Its secret is shown this once.

        Not repeated when no answer comes: look at ``webhooks`` then.
        """
        return self._do(_app_calls.register_webhook(url, events=events, format=format))

    def change_webhook(
        self,
        webhook_id: str,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        is_enabled: bool | None = None,
    ) -> Webhook:
        """What is not given stays. One that is enabled again is told what waited, unless it is too old."""
        return self._do(_app_calls.change_webhook(webhook_id, url=url, events=events, is_enabled=is_enabled))

    def remove_webhook(self, webhook_id: str) -> None:
        """With its log, and with what was on its way."""
        return self._do(_app_calls.remove_webhook(webhook_id))

    def rotate_webhook_secret(self, webhook_id: str, *, overlap_seconds: int | None = None) -> MadeWebhook:
        """A new secret, shown this once. For so long, or a day, everything is signed with both."""
        return self._do(_app_calls.rotate_webhook_secret(webhook_id, overlap_seconds=overlap_seconds))

    def test_webhook(self, webhook_id: str) -> Delivery:
        """Posts ``webhook.tested`` to it, whatever it asks for."""
        return self._do(_app_calls.test_webhook(webhook_id))

    def deliveries(self, webhook_id: str, *, limit: int | None = None, after: str | None = None) -> Page[Delivery]:
        """What it was told in the last two weeks, or is to be told, newest first."""
        return self._do(_app_calls.deliveries(webhook_id, limit=limit, after=after))

    def redeliver(self, webhook_id: str, event_id: str) -> Delivery:
        """Once more, under the same ``webhook-id``."""
        return self._do(_app_calls.redeliver(webhook_id, event_id))


class AsyncAppWebhooks(AsyncAppAsking):
    """``AppWebhooks``, awaited."""

    async def webhook_formats(self) -> tuple[WebhookFormat, ...]:
        """In whose words webhooks can be told, and what of it can be asked for."""
        return await self._do(_app_calls.webhook_formats())

    async def webhooks(self) -> tuple[Webhook, ...]:
        """Where your backend hears what happens."""
        return await self._do(_app_calls.webhooks())

    async def webhook(self, webhook_id: str) -> Webhook:
        """Raises NotFound."""
        return await self._do(_app_calls.webhook(webhook_id))

    async def register_webhook(
        self, url: str, *, events: Sequence[str] | None = None, format: str = "native"
    ) -> MadeWebhook:
        """What happens is posted there from now on; without ``events`` all of it. Its secret is shown this once.

        Not repeated when no answer comes: look at ``webhooks`` then.
        """
        return await self._do(_app_calls.register_webhook(url, events=events, format=format))

    async def change_webhook(
        self,
        webhook_id: str,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        is_enabled: bool | None = None,
    ) -> Webhook:
        """What is not given stays. One that is enabled again is told what waited, unless it is too old."""
        return await self._do(_app_calls.change_webhook(webhook_id, url=url, events=events, is_enabled=is_enabled))

    async def remove_webhook(self, webhook_id: str) -> None:
        """With its log, and with what was on its way."""
        return await self._do(_app_calls.remove_webhook(webhook_id))

    async def rotate_webhook_secret(self, webhook_id: str, *, overlap_seconds: int | None = None) -> MadeWebhook:
        """A new secret, shown this once. For so long, or a day, everything is signed with both."""
        return await self._do(_app_calls.rotate_webhook_secret(webhook_id, overlap_seconds=overlap_seconds))

    async def test_webhook(self, webhook_id: str) -> Delivery:
        """Posts ``webhook.tested`` to it, whatever it asks for."""
        return await self._do(_app_calls.test_webhook(webhook_id))

    async def deliveries(
        self, webhook_id: str, *, limit: int | None = None, after: str | None = None
    ) -> Page[Delivery]:
        """What it was told in the last two weeks, or is to be told, newest first."""
        return await self._do(_app_calls.deliveries(webhook_id, limit=limit, after=after))

    async def redeliver(self, webhook_id: str, event_id: str) -> Delivery:
        """Once more, under the same ``webhook-id``."""
        return await self._do(_app_calls.redeliver(webhook_id, event_id))
