"""What a node mentions to the others, and has not said yet: bounded, in order, and worth nothing when it is old."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..ports.bus import LARGEST_MENTION

MOST_WAITING: Final = 2_000_000
"""Bytes. Against memory filled while the line is slow or cut; lower would lose calls in a busy second."""

MOST_OF_ONE: Final = MOST_WAITING // 8  # bytes of the same one: whoever floods the line loses their own words first

STALE_AFTER: Final = 5.0
"""Seconds. A line that was cut for a moment loses nothing; a call that rings much later confuses more than it helps."""


@dataclass(frozen=True, slots=True)
class _Mention:
    words: bytes
    of: int
    until: float


class Mentions:
    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._waiting: deque[_Mention] = deque()
        self._of: Counter[int] = Counter()
        self._size = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, words: bytes, of: int) -> bool:
        """Whether there was room."""
        size, now = len(words), self._monotonic()
        while self._waiting and self._waiting[0].until < now:
            self._forget(self._waiting.popleft())
        if size > LARGEST_MENTION or self._size + size > MOST_WAITING or self._of.get(of, 0) + size > MOST_OF_ONE:
            return False
        self._waiting.append(_Mention(words, of, now + STALE_AFTER))
        self._of[of] += size
        self._size += size
        return True

    def take(self, room: int) -> list[bytes]:
        """Those that come next and are not stale, as many as there is room for, which is at least one."""
        now, taken = self._monotonic(), list[bytes]()
        while self._waiting:
            it = self._waiting[0]
            if it.until >= now:
                if taken and len(it.words) + 1 > room:
                    break
                taken.append(it.words)
                room -= len(it.words) + 1
            self._forget(self._waiting.popleft())
        return taken

    def _forget(self, it: _Mention) -> None:
        size = len(it.words)
        self._size -= size
        self._of[it.of] -= size
        if self._of[it.of] <= 0:
            del self._of[it.of]
