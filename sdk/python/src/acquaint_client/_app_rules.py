"""The App's rules, keys, secrets and Providers, and what happened.

AppRules          waits
AsyncAppRules     awaits
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from . import _app_calls
from ._app_asking import AppAsking, AsyncAppAsking
from .models import (
    App,
    Credential,
    EnforcementReport,
    Event,
    Key,
    MadeKey,
    MadeSecret,
    Page,
    Policy,
    PolicyChange,
    Provider,
    ProviderKind,
    Role,
    SigningSecret,
    Trial,
)


class AppRules(AppAsking):
    """What the App's server decides. Nearly all of it needs a key of the role ``org.admin``; raises NotAllowed."""

    def app(self) -> App:
        """Its Policy and its public names."""
        return self._do(_app_calls.app())

    def policy(self) -> Policy:
        """What the App allows."""
        return self._do(_app_calls.policy())

    def change_policy(self, **change: Unpack[PolicyChange]) -> Policy:
        """What is not given stays."""
        return self._do(_app_calls.change_policy(change))

    def enforcement(self, *, days: int | None = None) -> EnforcementReport:
        """How often people nobody verified did what ``enforcement`` in the Policy refuses, or would; by day."""
        return self._do(_app_calls.enforcement(days=days))

    def events(
        self,
        *,
        user_id: str | None = None,
        kind: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[Event]:
        """What happened to identities, the App and its keys, newest first."""
        return self._do(_app_calls.events(user=user_id, kind=kind, limit=limit, after=after))

    # Keys and secrets

    def keys(self) -> tuple[Key, ...]:
        """Of the App's servers; their texts are shown to nobody."""
        return self._do(_app_calls.keys())

    def make_key(
        self, name: str, roles: Sequence[Role], *, expires_in_days: int | None = None, network: str | None = None
    ) -> MadeKey:
        """Its text is shown this once. Not repeated when no answer comes: look at ``keys`` then."""
        return self._do(_app_calls.make_key(name, roles, expires_in_days=expires_in_days, network=network))

    def revoke_key(self, key_id: str) -> Key:
        """At once, on every path. Raises NotFound."""
        return self._do(_app_calls.revoke_key(key_id))

    def secrets(self) -> tuple[SigningSecret, ...]:
        """Oldest first; their texts are shown to nobody."""
        return self._do(_app_calls.secrets())

    def rotate_secret(self, *, grace_seconds: int | None = None) -> MadeSecret:
        """A new signing secret. The older ones are believed for so long; without it, until they are retired."""
        return self._do(_app_calls.rotate_secret(grace_seconds=grace_seconds))

    def retire_secret(self, secret_id: str) -> SigningSecret:
        """What it signs is not believed any more. Raises NotFound."""
        return self._do(_app_calls.retire_secret(secret_id))

    # Providers

    def providers(self) -> tuple[Provider, ...]:
        """Who may testify to the App's users."""
        return self._do(_app_calls.providers())

    def put_provider(
        self, name: str, kind: ProviderKind, settings: Mapping[str, Any], *, is_enabled: bool = True
    ) -> Provider:
        """Sets a Provider up, or replaces all that it was, secrets included."""
        return self._do(_app_calls.put_provider(name, kind, settings, is_enabled=is_enabled))

    def remove_provider(self, name: str) -> None:
        """It lets nobody in from now on; those it let in stay."""
        return self._do(_app_calls.remove_provider(name))

    def try_provider(self, name: str, **credential: Unpack[Credential]) -> Trial:
        """What the Provider is asked and answers, and whom that would let in, or why nobody. Nobody is let in."""
        return self._do(_app_calls.try_provider(name, credential))


class AsyncAppRules(AsyncAppAsking):
    """``AppRules``, awaited."""

    async def app(self) -> App:
        """Its Policy and its public names."""
        return await self._do(_app_calls.app())

    async def policy(self) -> Policy:
        """What the App allows."""
        return await self._do(_app_calls.policy())

    async def change_policy(self, **change: Unpack[PolicyChange]) -> Policy:
        """What is not given stays."""
        return await self._do(_app_calls.change_policy(change))

    async def enforcement(self, *, days: int | None = None) -> EnforcementReport:
        """How often people nobody verified did what ``enforcement`` in the Policy refuses, or would; by day."""
        return await self._do(_app_calls.enforcement(days=days))

    async def events(
        self,
        *,
        user_id: str | None = None,
        kind: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Page[Event]:
        """What happened to identities, the App and its keys, newest first."""
        return await self._do(_app_calls.events(user=user_id, kind=kind, limit=limit, after=after))

    # Keys and secrets

    async def keys(self) -> tuple[Key, ...]:
        """Of the App's servers; their texts are shown to nobody."""
        return await self._do(_app_calls.keys())

    async def make_key(
        self, name: str, roles: Sequence[Role], *, expires_in_days: int | None = None, network: str | None = None
    ) -> MadeKey:
        """Its text is shown this once. Not repeated when no answer comes: look at ``keys`` then."""
        return await self._do(_app_calls.make_key(name, roles, expires_in_days=expires_in_days, network=network))

    async def revoke_key(self, key_id: str) -> Key:
        """At once, on every path. Raises NotFound."""
        return await self._do(_app_calls.revoke_key(key_id))

    async def secrets(self) -> tuple[SigningSecret, ...]:
        """Oldest first; their texts are shown to nobody."""
        return await self._do(_app_calls.secrets())

    async def rotate_secret(self, *, grace_seconds: int | None = None) -> MadeSecret:
        """A new signing secret. The older ones are believed for so long; without it, until they are retired."""
        return await self._do(_app_calls.rotate_secret(grace_seconds=grace_seconds))

    async def retire_secret(self, secret_id: str) -> SigningSecret:
        """What it signs is not believed any more. Raises NotFound."""
        return await self._do(_app_calls.retire_secret(secret_id))

    # Providers

    async def providers(self) -> tuple[Provider, ...]:
        """Who may testify to the App's users."""
        return await self._do(_app_calls.providers())

    async def put_provider(
        self, name: str, kind: ProviderKind, settings: Mapping[str, Any], *, is_enabled: bool = True
    ) -> Provider:
        """Sets a Provider up, or replaces all that it was, secrets included."""
        return await self._do(_app_calls.put_provider(name, kind, settings, is_enabled=is_enabled))

    async def remove_provider(self, name: str) -> None:
        """It lets nobody in from now on; those it let in stay."""
        return await self._do(_app_calls.remove_provider(name))

    async def try_provider(self, name: str, **credential: Unpack[Credential]) -> Trial:
        """What the Provider is asked and answers, and whom that would let in, or why nobody. Nobody is let in."""
        return await self._do(_app_calls.try_provider(name, credential))
