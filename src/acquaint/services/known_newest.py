"""What the process remembers of the latest message that people see, so that a client that begins costs no read.

As good as the Bus, like ``recognition``: whatever happens in a conversation of an App may have changed it for anybody
there, so all that is remembered of the App is forgotten. Everything is when the Bus may have missed something, and
nothing is asked while it is not whole.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from ..domain.apps import AppId
from ..domain.conversations import MessageId, Visibility
from ..domain.events import LIVE_KINDS, Event, EventKind
from ..ports.bus import Bus

MOST_KNOWN: Final = 100_000  # people, as a session sees for them; some 400 bytes each
NEVER: Final = -1  # the epoch of what was read while the Bus was not whole

_CHANGES_NOTHING: Final = frozenset({EventKind.MESSAGES_READ, EventKind.MESSAGES_RECEIVED})
_ABOUT_WHAT_IS_SEEN: Final = (LIVE_KINDS | {EventKind.USER_MERGED, EventKind.HISTORY_ADOPTED}) - _CHANGES_NOTHING


class Newest(NamedTuple):
    """The latest message of what somebody sees, None where nothing was said; as it was at that moment."""

    id: MessageId | None
    read_at: datetime


class KnownNewest:
    """A bounded memory of latest messages, by what a session sees; a Listener of the Bus.

    It remembers nothing until it listens. ``epoch`` grows with everything forgotten: what was read from the store
    before it grew may be outdated already and is not remembered.
    """

    def __init__(self, believed_for: timedelta, most: int = MOST_KNOWN) -> None:
        self._believed_for, self._most = believed_for, most
        self._is_listening = False
        self._by_app: dict[AppId, dict[Visibility, Newest]] = {}
        self._count = 0
        self.epoch = 0

    def __len__(self) -> int:
        return self._count

    def listen_to(self, bus: Bus) -> None:
        """What others say is heard from now on, so that what is remembered may be believed."""
        bus.add(self)
        self._is_listening = True

    def get(self, sees: Visibility, now: datetime) -> Newest | None:
        """What is remembered; None for what is not, or not any more."""
        it = self._by_app.get(sees.app_id, {}).get(sees)
        return it if it is not None and timedelta(0) <= now - it.read_at <= self._believed_for else None

    def remember(self, sees: Visibility, it: Newest, *, epoch: int) -> Newest:
        """Remembers what was read when ``epoch`` was the epoch; answers it."""
        if epoch == self.epoch and self._is_listening:
            if self._count >= self._most:
                self._forget_all()
            theirs = self._by_app.setdefault(sees.app_id, {})
            self._count += sees not in theirs
            theirs[sees] = it
        return it

    def heard(self, event: Event) -> None:
        if event.kind in _ABOUT_WHAT_IS_SEEN and event.app_id is not None:
            self._count -= len(self._by_app.pop(event.app_id, ()))
            self.epoch += 1

    def lost(self) -> None:
        self._forget_all()
        self.epoch += 1

    def _forget_all(self) -> None:
        self._by_app.clear()
        self._count = 0
