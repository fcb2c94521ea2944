"""What is kept of a file beside its bytes."""

from __future__ import annotations

from typing import Protocol

from ...domain.files import File
from ...domain.users import UserId


class Files(Protocol):
    async def add(self, file: File, fingerprint: str) -> File: ...
    async def by_key(self, fingerprint: str) -> File | None: ...
    async def forget_of(self, user_id: UserId) -> list[str]:
        """Forgets all of the user's files; answers the fingerprints under which their bytes are still kept."""
        ...
