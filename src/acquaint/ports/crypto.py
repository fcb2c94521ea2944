"""What the core asks of cryptography, chance and the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NewType, Protocol

from ..domain.claims import SignedToken

IssuerKey = NewType("IssuerKey", object)
"""A public key that an issuer publishes; what it is made of is the adapter's affair."""


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


class Sealing(Protocol):
    """Keeps a text so that only this server reads it, and only where it was kept.

    ``about`` names that place: what is sealed for one cannot be opened for another. A sealed text names its key.
    """

    def __hash__(self) -> int: ...  # what it opened may be remembered

    @property
    def newest(self) -> str | None:
        """The id of the key that seals; None when there is none."""
        ...

    def knows(self, key_id: str) -> bool: ...
    def seal(self, text: str, about: str) -> str: ...
    def open(self, kept: str, about: str) -> str:
        """The text; one that was never sealed, as it is. Raises CannotOpen."""
        ...

    def key_of(self, kept: str) -> str | None:
        """The id of the key that it says it is sealed with; None for a text in clear."""
        ...


class IdTokenReader(Protocol):
    """What other issuers sign (RSA, elliptic curves, Ed25519), with keys that they publish."""

    def keys_in(self, document: bytes) -> Mapping[str, IssuerKey]:
        """The keys that sign tokens, by ``kid``; one without a kid is under the empty text.

        The document is a JSON Web Key Set, or Google's form: certificates by kid. What is of another kind, or too
        weak, is left out. Raises ValueError for a document of neither form.
        """
        ...

    def kid_of(self, token: str) -> str:
        """The ``kid`` that the token names, or the empty text. Refuses with TokenRefused what could not be verified."""
        ...

    def verify(self, token: str, key: IssuerKey) -> SignedToken:
        """Header and claims, if the key signed it; otherwise refuses with TokenRefused.

        The algorithm must be the one that the key is for; a key in the header is never used; an unknown ``crit``,
        duplicate claims and tokens over 8 KiB are refused.
        """
        ...


class RequestSigner(Protocol):
    """OAuth 1.0a with HMAC-SHA1 (RFC 5849), as X wants it."""

    def authorization(
        self,
        method: str,
        url: str,
        *,
        consumer_key: str,
        consumer_secret: str,
        token: str,
        token_secret: str,
        nonce: str,
        timestamp: int,
    ) -> str:
        """The value of the Authorization header for a request without a body. Raises ValueError for texts it cannot."""
        ...
