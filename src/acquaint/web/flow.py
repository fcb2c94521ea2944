"""How fast a client may talk on a live connection.

Whoever talks faster is not cut off but read more slowly, which their network tells them. A busy group makes honest
clients talk a lot: some SDKs answer every message that arrives with one of their own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

FRAMES: Final = 20.0
"""A second, in the long run. Against floods; lower would slow down who gets many messages at once."""

CHARACTERS: Final = 64 * 1024.0  # a second, in the long run

AT_ONCE: Final = 10.0
"""Seconds' worth that may come in one go."""

LONGEST_PAUSE: Final = 2.0
"""Seconds. Longer ones would outlast the WebSocket's own pings."""


class Flow:
    """Two buckets that fill with time; what is taken beyond them is paid for by waiting."""

    __slots__ = ("_at", "_characters", "_frames")

    def __init__(self, now: datetime) -> None:
        self._at = now
        self._frames, self._characters = FRAMES * AT_ONCE, CHARACTERS * AT_ONCE

    def take(self, characters: int, now: datetime, *, frames: int = 1) -> float:
        """Counts a frame, or several that came at once; answers the seconds until the next one is to be read."""
        passed = max(0.0, (now - self._at).total_seconds())
        self._at = now
        self._frames = min(FRAMES * AT_ONCE, self._frames + passed * FRAMES) - frames
        self._characters = min(CHARACTERS * AT_ONCE, self._characters + passed * CHARACTERS) - characters
        owed = max(-self._frames / FRAMES, -self._characters / CHARACTERS, 0.0)
        return min(owed, LONGEST_PAUSE)
