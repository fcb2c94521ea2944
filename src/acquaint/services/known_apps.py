"""What the process remembers of Apps, so that a request that names one costs no read.

As good as the Bus, like ``recognition``: what an Event says has changed is forgotten, everything is when the Bus may
have missed something, and nothing is asked while the Bus is not whole. API keys are never remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..domain.apps import App, AppId
from ..domain.events import Event, EventKind
from ..domain.keys import SigningSecret
from ..ports.bus import Bus

MOST_KNOWN: Final = 10_000  # Apps; some KiB each
NEVER: Final = -1  # the epoch of what was read while the Bus was not whole

_ABOUT_APPS: Final = frozenset(
    {
        EventKind.APP_CREATED,
        EventKind.APP_CHANGED,
        EventKind.SECRET_ROTATED,
        EventKind.SECRET_RETIRED,
        EventKind.SECRET_SHOWN,  # which makes one where there is none
    }
)


@dataclass(frozen=True, slots=True)
class KnownApp:
    """An App and its signing secrets, oldest first, as they were at that moment."""

    app: App
    secrets: tuple[SigningSecret, ...]
    read_at: datetime


class KnownApps:
    """A bounded memory of Apps, by slug, public key and id; a Listener of the Bus.

    It remembers nothing until it listens. ``epoch`` grows with everything forgotten: what was read from the store
    before it grew may be outdated already and is not remembered.
    """

    def __init__(self, believed_for: timedelta, most: int = MOST_KNOWN) -> None:
        self._believed_for, self._most = believed_for, most
        self._is_listening = False
        self._by_id: dict[AppId, KnownApp] = {}
        self._by_slug: dict[str, AppId] = {}
        self._by_public_key: dict[str, AppId] = {}
        self.epoch = 0

    def listen_to(self, bus: Bus) -> None:
        """What others change is heard from now on, so that what is remembered may be believed."""
        bus.add(self)
        self._is_listening = True

    def get(self, named: str | AppId, now: datetime, *, is_public_key: bool = False) -> KnownApp | None:
        """What is remembered of the App of this slug or public key, or id; None for what is not, or not any more."""
        names = self._by_public_key if is_public_key else self._by_slug
        id = names.get(named) if isinstance(named, str) else named
        it = self._by_id.get(id) if id is not None else None
        if it is not None and not timedelta(0) <= now - it.read_at <= self._believed_for:
            self._forget(it.app.id)
            return None
        return it

    def remember(self, it: KnownApp, *, epoch: int) -> KnownApp:
        """Remembers what was read when ``epoch`` was the epoch; answers it."""
        if epoch == self.epoch and self._is_listening:
            if len(self._by_id) >= self._most:
                self._forget(next(iter(self._by_id)))
            self._by_id[it.app.id] = it
            self._by_slug[it.app.slug] = it.app.id
            for key in (it.app.public_keys.auth_key, it.app.public_keys.widget_token):
                self._by_public_key[key] = it.app.id
        return it

    def heard(self, event: Event) -> None:
        if event.kind in _ABOUT_APPS and event.app_id is not None:
            self._forget(event.app_id)
            self.epoch += 1

    def lost(self) -> None:
        self._by_id.clear()
        self._by_slug.clear()
        self._by_public_key.clear()
        self.epoch += 1

    def _forget(self, id: AppId) -> None:
        it = self._by_id.pop(id, None)
        if it is not None:
            self._by_slug.pop(it.app.slug, None)
            for key in (it.app.public_keys.auth_key, it.app.public_keys.widget_token):
                self._by_public_key.pop(key, None)
