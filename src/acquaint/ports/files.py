"""What the core asks of a place for files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol


class FileShelf(Protocol):
    """Bytes under keys of our making (``[A-Za-z0-9_]`` only)."""

    async def put(self, key: str, content: AsyncIterator[bytes], *, at_most: int) -> int:
        """Keeps the content and answers its size; refuses with TooLarge and keeps nothing beyond ``at_most`` bytes."""
        ...

    def read(self, key: str, *, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The content or a part of it, in chunks; raises KeyError when there is none."""
        ...

    async def delete(self, key: str) -> None:
        """Nothing is kept under the key from now on. Deleting nothing is fine."""
        ...
