"""What the core asks of a rate limiter."""

from __future__ import annotations

from typing import Protocol

from ..domain.limits import Left, Limit


class Limiter(Protocol):
    async def take(self, limit: Limit, who: str) -> Left:
        """Counts one try of ``who`` against the limit and answers what is left of it.

        Refuses with TooManyRequests when it is one too many.

        ``who`` is an address, an identifier or the like, already normalised; it is kept only as long as it counts.
        """
        ...

    async def give_back(self, limit: Limit, who: str) -> None:
        """Takes one try back: it proved to be an honest one, and honest people are not counted."""
        ...
