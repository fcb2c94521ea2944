"""Apps, what their servers prove themselves and sign with, and who testifies to their users.

Secrets are kept sealed. One that cannot be opened is an empty text, so that everything else goes on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ...domain.apps import App, AppId
from ...domain.keys import ApiKey, ApiKeyId, SigningSecret
from ...domain.providers import Provider


class Apps(Protocol):
    async def add(self, app: App) -> App:
        """Refuses with IdentifierTaken("slug") when another App has the slug."""
        ...

    async def get(self, id: AppId) -> App | None: ...
    async def hold(self, id: AppId) -> App | None:
        """``get``, for a write that changes the App, its keys or secrets: the next one waits until it has ended."""
        ...

    async def by_slug(self, slug: str) -> App | None: ...
    async def by_public_key(self, text: str) -> App | None:
        """The App whose auth key or widget token this is."""
        ...

    async def all(self) -> list[App]: ...
    async def save(self, app: App) -> None:
        """All but its ``auth_secret``."""
        ...

    async def save_secret(self, app: App) -> None:
        """Its ``auth_secret`` alone."""
        ...


class Keys(Protocol):
    """API keys and signing secrets."""

    async def add(self, key: ApiKey, fingerprint: str) -> ApiKey: ...
    async def by_fingerprint(self, fingerprint: str) -> ApiKey | None: ...
    async def get(self, id: ApiKeyId) -> ApiKey | None: ...
    async def of(self, app_id: AppId | None) -> list[ApiKey]:
        """The App's keys, oldest first, revoked ones too; those of the server's operator for None."""
        ...

    async def save(self, key: ApiKey) -> None: ...
    async def used(self, id: ApiKeyId, at: datetime) -> None:
        """Writes down when it was last used; ``save`` leaves that alone."""
        ...

    async def add_secret(self, secret: SigningSecret) -> SigningSecret: ...
    async def secrets_of(self, app_id: AppId) -> list[SigningSecret]:
        """Oldest first, retired ones too; with an empty text where it cannot be opened."""
        ...

    async def save_secret(self, secret: SigningSecret) -> None:
        """When it is retired; its text never changes."""
        ...


class Providers(Protocol):
    """Of an App, by name; secrets included. Reading one whose settings cannot be opened raises CannotOpen."""

    async def get(self, app_id: AppId, name: str) -> Provider | None: ...
    async def of(self, app_id: AppId) -> list[Provider]:
        """All of the App's, by name."""
        ...

    async def names_of(self, app_id: AppId) -> list[str]: ...
    async def put(self, provider: Provider) -> None:
        """Adds it, or replaces the one of this name."""
        ...

    async def remove(self, app_id: AppId, name: str) -> bool:
        """Whether it was there."""
        ...
