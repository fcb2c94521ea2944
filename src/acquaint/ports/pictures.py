"""What the core asks of whoever draws pictures anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture of pixels that were looked at and nothing else: no note, no place, no frame after the first."""

    content_type: str
    content: bytes


class NotSeen(Exception):
    """Nothing can be seen in it: it is no picture, broken, or larger than anybody looks at. The text says which."""


class Drawing(Protocol):
    async def draw(self, content: AsyncIterator[bytes]) -> Drawn:
        """What can be seen in a PNG, JPEG, GIF or WebP, upright, its sides at most 1024 pixels.

        The content must be at hand: others wait while it is read.

        Raises NotSeen; refuses with Busy when too many wait already.
        """
        ...
