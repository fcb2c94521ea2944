"""What the core asks of cryptography, chance and the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from ..domain.claims import SignedToken


class Clock(Protocol):
    """The present moment, in UTC."""

    def __call__(self) -> datetime: ...


class Chance(Protocol):
    """Unpredictable bytes."""

    def __call__(self, count: int) -> bytes: ...


class PasswordHasher(Protocol):
    """Slow on purpose, so both are awaited: never hash inside a transaction.

    Both refuse with Busy when more passwords are waiting than can be worked off in reasonable time.
    """

    async def hash(self, password: str) -> str: ...

    async def verify(self, password: str, hashed: str | None) -> bool:
        """False for a wrong password; with no hash, False after the same work."""
        ...

    def is_outdated(self, hashed: str) -> bool:
        """Whether the hash was made with other parameters than today's, so that it should be made anew."""
        ...


class TokenSigner(Protocol):
    """HS256 and nothing else."""

    def verify(self, token: str, secrets: Sequence[str]) -> SignedToken:
        """Header and claims, if any of the secrets signed it; otherwise refuses with TokenRefused.

        The algorithm is checked before any key is used; a key in the header is never used; an
        unknown ``crit``, duplicate claims and tokens over 4 KiB are refused.
        """
        ...

    def sign(self, claims: Mapping[str, Any], secret: str, header: Mapping[str, Any] | None = None) -> str:
        """A compact token, its header ``{"alg": "HS256", "typ": "JWT"}`` and what ``header`` adds."""
        ...
