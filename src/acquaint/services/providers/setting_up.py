"""Which Providers an App has, and what they are asked with.

list_of, put, remove     set up by the App's server or the operator
enabled, kept            the one that a sign-in, or the App, names
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...domain.apps import App
from ...domain.errors import NotFound, Unacceptable, UnknownApp
from ...domain.events import EventKind
from ...domain.providers import MOST_PROVIDERS, Doors, Provider, ProviderKind, settings_of
from ..core import Core
from ..sessions import note


async def list_of(core: Core, app: App) -> list[Provider]:
    """The App's Providers, by name."""
    async with core.store.read() as tx:
        return await tx.providers.of(app.id)


async def put(
    core: Core, app: App, name: str, kind: str, settings: Mapping[str, Any], *, is_enabled: bool = True
) -> Provider:
    """Sets the Provider up, or replaces all that it was. Refuses with Unacceptable, naming the setting."""
    provider = Provider(app.id, name, settings_of(kind, settings), core.clock(), is_enabled)
    async with core.store.write() as tx:
        if await tx.apps.hold(app.id) is None:
            raise UnknownApp
        others = [it for it in await tx.providers.names_of(app.id) if it != name]
        if len(others) >= MOST_PROVIDERS:
            raise Unacceptable("name", f"would be one of more than {MOST_PROVIDERS}")
        await tx.providers.put(provider)
        await note(core, tx, EventKind.APP_CHANGED, app.id, provider=name, enabled=is_enabled)
    return provider


async def remove(core: Core, app: App, name: str) -> None:
    """From now on it lets nobody in; the users and sessions it let in stay. Refuses with NotFound."""
    async with core.store.write() as tx:
        if await tx.apps.hold(app.id) is None:
            raise UnknownApp
        if not await tx.providers.remove(app.id, name):
            raise NotFound("provider")
        await note(core, tx, EventKind.APP_CHANGED, app.id, provider=name, removed=True)


async def enabled(core: Core, app: App, name: str) -> Provider:
    """The Provider that clients know by this name; refuses with Unacceptable, before anything is asked of anybody."""
    provider = await _kept(core, app, name)
    if provider is None or not provider.is_enabled:
        raise Unacceptable("provider", "is not set up in this App")
    return provider


async def kept(core: Core, app: App, name: str) -> Provider:
    """The same for the App itself, enabled or not; refuses with NotFound."""
    provider = await _kept(core, app, name)
    if provider is None:
        raise NotFound("provider")
    return provider


async def _kept(core: Core, app: App, name: str) -> Provider | None:
    async with core.store.read() as tx:
        return await tx.providers.get(app.id, ProviderKind.FIREBASE.value if name in set(Doors) else name)
