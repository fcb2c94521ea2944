"""Avatars: a file that everybody looks at is drawn anew first.

What one user sends and every other one's program decodes is how a picture with a flaw in it would travel. So when a
file becomes somebody's avatar, what can be seen in it is drawn anew, small, upright and without whatever else was in
it; from then on that picture is what is shown, and the original is only ever downloaded.

show, show_by_number    of a file that was uploaded and completed
take                    of bytes that come for this alone: the original is not even kept
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from ..domain.apps import App
from ..domain.errors import NeedsUser, SpaceUsedUp, Unacceptable
from ..domain.files import SHOWN_INLINE, FileId, Picture
from ..domain.identities import ProfileChange
from ..domain.users import User, UserId
from ..ports.pictures import NotSeen
from ..ports.store import Recognised
from ..ports.store.files import Shelved
from . import enforcement, limits, space
from .core import Core, fingerprint, new_word
from .files import KEY_LENGTH, LARGEST_FILE, keep
from .users import update_own


async def show(core: Core, app: App, user_id: UserId | None, uid: str) -> None:
    """Makes the file by this uid fit to be the user's avatar. Nothing happens for a text that is no uid of the App's,
    nor for a file that does not begin as a picture does: nobody is shown it, it is only ever downloaded.

    Refuses with Unacceptable (``avatar``) for a file that is another's, not complete, or a picture that cannot be seen.
    """
    async with core.store.read() as tx:
        found = await tx.files.by_uid(uid)
    if found is not None and found.file.app_id == app.id:
        await _show(core, app, user_id, found)


async def show_by_number(core: Core, app: App, user_id: UserId | None, id: FileId) -> None:
    """The same for who names the file by its number, of which others are told nothing they could not know of."""
    async with core.store.read() as tx:
        found = await tx.files.get(app.id, id)
    if found is not None and found.file.is_known_to(user_id):
        await _show(core, app, user_id, found)


async def take(core: Core, it: Recognised, content: AsyncIterator[bytes], address_of: Callable[[str], str]) -> User:
    """What can be seen in the content is the session's user's avatar from now on; ``address_of`` a key is where it is.

    Refuses with NeedsUser, Unacceptable (``avatar``), TooLarge, NotAllowed or TooManyRequests.
    """
    if it.user is None:
        raise NeedsUser
    await enforcement.check(core, it, enforcement.KEEP)
    await core.limiter.take(limits.AVATARS_PER_USER, str(it.user.id))
    for_now = new_word(core, KEY_LENGTH)
    await core.files.put(for_now, content, at_most=LARGEST_FILE)  # all of it first: nobody waits for a slow sender
    try:
        drawn = await core.drawing.draw(core.files.read(for_now))
    except NotSeen as error:
        raise Unacceptable("avatar", f"is a picture that {error}") from error
    finally:
        await core.files.delete(for_now)
    file, key = await keep(
        core, it.app, "avatar", drawn.content_type, _in_one_piece(drawn.content), owner_id=it.user.id
    )
    try:
        return await update_own(core, it, ProfileChange(avatar_url=address_of(key)))
    except BaseException:
        async with core.store.write() as tx:
            await tx.files.delete(file.id)
        await core.files.delete(fingerprint(key))
        raise


async def _show(core: Core, app: App, user_id: UserId | None, found: Shelved) -> None:
    file = found.file
    if user_id is None or file.owner_id != user_id:
        raise Unacceptable("avatar", "is a file of somebody else")
    if not file.is_complete:
        raise Unacceptable("avatar", "is a file that is not complete")
    if file.picture is None and file.content_type in SHOWN_INLINE:
        if file.size > LARGEST_FILE:
            raise Unacceptable("avatar", f"must be a picture of at most {LARGEST_FILE // 1024**2} MiB")
        await core.limiter.take(limits.AVATARS_PER_USER, str(user_id))
        await _draw(core, app, found)


async def _draw(core: Core, app: App, found: Shelved) -> None:
    try:
        drawn = await core.drawing.draw(core.files.read(found.content))
    except (NotSeen, KeyError) as error:
        why = str(error) if isinstance(error, NotSeen) else "is gone"
        raise Unacceptable("avatar", f"is a picture that {why}") from error
    kept_under = new_word(core, KEY_LENGTH)
    await core.files.put(kept_under, _in_one_piece(drawn.content), at_most=LARGEST_FILE)
    picture = Picture(drawn.content_type, len(drawn.content))
    most = space.at_most(core, app)
    replaced: str | None = kept_under
    try:
        async with core.store.write() as tx:
            if await tx.files.get(app.id, found.file.id) is not None:
                replaced = await tx.files.draw(found.file.id, picture, kept_under, at_most=most)
    except SpaceUsedUp:
        await core.files.delete(kept_under)
        raise
    if replaced is not None:
        await core.files.delete(replaced)


async def _in_one_piece(content: bytes) -> AsyncIterator[bytes]:
    yield content
