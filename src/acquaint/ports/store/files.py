"""What is kept of a file beside its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ...domain.apps import AppId
from ...domain.files import File, FileId, Picture
from ...domain.users import UserId


@dataclass(frozen=True, slots=True)
class Shelved:
    """A file, and what its bytes and its picture are kept under."""

    file: File
    content: str
    picture: str | None


class Files(Protocol):
    """What is added, arrives, is drawn or deleted is counted with it: ``space_of`` is always right.

    ``at_most`` is how many bytes the App may keep in all, None as many as come; what would be more refuses with
    SpaceUsedUp.
    """

    async def space_of(self, app_id: AppId) -> int:
        """The bytes of the App's files, their pictures included."""
        ...

    async def add(self, file: File, fingerprint: str, *, at_most: int | None = None) -> File: ...
    async def by_key(self, fingerprint: str) -> File | None:
        """Never one that has a uid."""
        ...

    async def by_uid(self, uid: str) -> Shelved | None: ...
    async def get(self, app_id: AppId, id: FileId) -> Shelved | None:
        """Only one that has a uid; in a write it stays as it is until the write has ended."""
        ...

    async def of_owner(self, user_id: UserId, *, skip: int, limit: int) -> list[File]:
        """Those that have a uid, newest first."""
        ...

    async def count_of_owner(self, user_id: UserId) -> int: ...
    async def save(self, file: File) -> None:
        """Its name, and what has become of it. Neither its bytes nor its picture: they come by the two below."""
        ...

    async def arrive(self, file: File, kept_under: str, *, at_most: int | None = None) -> bool:
        """The announced file is what came, and is kept under this; False when other bytes were first."""
        ...

    async def draw(self, id: FileId, picture: Picture, kept_under: str, *, at_most: int | None = None) -> str | None:
        """The file has this picture from now on; what an earlier one was kept under."""
        ...

    async def delete(self, id: FileId) -> None: ...
    async def forget_of(self, user_id: UserId) -> list[str]:
        """Forgets all of the user's files; answers what their bytes and pictures are still kept under."""
        ...

    async def sweep(self, before: datetime, limit: int) -> list[str]:
        """Forgets up to ``limit`` files that were announced before the moment and not completed; as ``forget_of``.

        Also answers of files that had no bytes yet: deleting nothing is fine.
        """
        ...
