"""A clock that stands still until somebody moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class SetClock:
    """``clock()`` is the time; ``clock.forward(minutes=5)`` moves it on, and ``clock.back`` does the other thing.

    ``clock.monotonic()`` are its seconds as ``time.monotonic`` would count them: they wait when it is set back.
    """

    def __init__(self, now: datetime = datetime(2026, 11, 21, 12, tzinfo=UTC)) -> None:
        self.now = self._latest = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now

    def back(self, **by: float) -> datetime:
        self.now -= timedelta(**by)
        return self.now

    def monotonic(self) -> float:
        self._latest = max(self._latest, self.now)
        return self._latest.timestamp()
