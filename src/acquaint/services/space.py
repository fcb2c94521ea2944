"""How many bytes of files an App may keep: what its Policy says, and never more than the operator of the server allows.

at_most      in all
put          keeps bytes that come, as long as there is space for them
used         how many there are

What is kept is counted in the same write as the file itself (``ports/store/files``), so two that come at once never
share the last of the space. Looking before the bytes come only spares the disk what would be refused anyway.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from ..domain.apps import App
from ..domain.errors import SpaceUsedUp, TooLarge
from .core import Core

MEBIBYTE: Final = 1024 * 1024


def at_most(core: Core, app: App) -> int | None:
    """Bytes; None where there is no limit."""
    allowed = [it * MEBIBYTE for it in (app.policy.file_space, core.file_space) if it is not None]
    return min(allowed, default=None)


async def used(core: Core, app: App) -> int:
    """Bytes."""
    async with core.store.read() as tx:
        return await tx.files.space_of(app.id)


async def put(core: Core, app: App, key: str, content: AsyncIterator[bytes], *, largest: int) -> int:
    """Keeps the content under the key and answers its size. Refuses with TooLarge or SpaceUsedUp, and keeps nothing."""
    most = at_most(core, app)
    if most is None:
        return await core.files.put(key, content, at_most=largest)
    left = most - await used(core, app)
    if left <= 0:
        raise SpaceUsedUp(most)
    try:
        return await core.files.put(key, content, at_most=min(left, largest))
    except TooLarge as refusal:
        if refusal.limit < largest:  # by this sum: whoever sends the content refuses with limits of their own
            raise SpaceUsedUp(most) from refusal
        raise
