"""Avatars: a file that everybody looks at is drawn anew first.

What one user sends and every other one's program decodes is how a picture with a flaw in it would travel. So when a
file becomes somebody's avatar, what can be seen in it is drawn anew, small, upright and without whatever else was in
it; from then on that picture is what is shown, and the original is only ever downloaded.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from ..domain.apps import App
from ..domain.errors import Unacceptable
from ..domain.files import SHOWN_INLINE, File, FileId, Picture
from ..domain.users import UserId
from ..ports.pictures import NotSeen
from ..ports.store.files import Shelved
from . import limits
from .core import Core, new_word
from .files import KEY_LENGTH, LARGEST_FILE


async def show(core: Core, app: App, user_id: UserId | None, uid: str) -> None:
    """Makes the file by this uid fit to be the user's avatar. Nothing happens for a text that is no uid of the App's.

    Refuses with Unacceptable (``avatar``) for a file that is another's, not complete, or cannot be seen.
    """
    async with core.store.read() as tx:
        found = await tx.files.by_uid(uid)
    if found is not None and found.file.app_id == app.id:
        await _show(core, user_id, found, "avatar")


async def show_by_number(core: Core, app: App, user_id: UserId | None, id: FileId) -> None:
    """The same for who names the file by its number (``blob_id``)."""
    async with core.store.read() as tx:
        found = await tx.files.get(app.id, id)
    if found is not None:
        await _show(core, user_id, found, "blob_id")


async def _show(core: Core, user_id: UserId | None, found: Shelved, field: str) -> None:
    file = found.file
    if user_id is None or file.owner_id != user_id:
        raise Unacceptable(field, "is a file of somebody else")
    if not file.is_complete:
        raise Unacceptable(field, "is a file that is not complete")
    if file.picture is None:
        _check_kind(file, field)
        await core.limiter.take(limits.AVATARS_PER_USER, str(user_id))
        await _draw(core, found, field)


def _check_kind(file: File, field: str) -> None:
    if file.content_type not in SHOWN_INLINE:
        raise Unacceptable(field, "must be a PNG, JPEG, GIF or WebP picture")
    if file.size > LARGEST_FILE:
        raise Unacceptable(field, f"must be a picture of at most {LARGEST_FILE // 1024**2} MiB")


async def _draw(core: Core, found: Shelved, field: str) -> None:
    try:
        drawn = await core.drawing.draw(core.files.read(found.content))
    except (NotSeen, KeyError) as error:
        why = str(error) if isinstance(error, NotSeen) else "is gone"
        raise Unacceptable(field, f"is a picture that {why}") from error
    kept_under = new_word(core, KEY_LENGTH)
    await core.files.put(kept_under, _in_one_piece(drawn.content), at_most=LARGEST_FILE)
    picture = Picture(drawn.content_type, len(drawn.content))
    async with core.store.write() as tx:
        still_there = await tx.files.get(found.file.app_id, found.file.id)
        replaced = await tx.files.draw(found.file.id, picture, kept_under) if still_there else kept_under
    if replaced is not None:
        await core.files.delete(replaced)


async def _in_one_piece(content: bytes) -> AsyncIterator[bytes]:
    yield content
