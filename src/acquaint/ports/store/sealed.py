"""What is kept sealed, wherever it is kept, and with which keys. The other shelves seal and open by themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

Place = tuple[int, tuple[int | str, ...]]
"""Which kind of secret, and the key of its row. The places of a walk are in this order."""


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """A secret as it is kept."""

    place: Place
    about: str  # what it is bound to, and what people are told that it is
    key_id: str | None  # None: it is in clear
    kept: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeptSecrets:
    items: list[KeptSecret]
    next: Place | None  # None: that was the end


class Sealed(Protocol):
    async def keys(self) -> list[str]:
        """The ids of the keys that something may be sealed with, the first that was used first."""
        ...

    async def add_key(self, key_id: str) -> bool:
        """False where another key was added at the same moment: look which."""
        ...

    async def forget_key(self, key_id: str) -> bool:
        """Whether it was there."""
        ...

    async def some(self, after: Place | None, limit: int) -> KeptSecrets:
        """A part of a walk through every secret there is."""
        ...

    async def seal_anew(self, it: KeptSecret) -> bool:
        """Seals it with the newest key. False, and nothing is changed, where it is another one by now.

        Raises CannotOpen.
        """
        ...
