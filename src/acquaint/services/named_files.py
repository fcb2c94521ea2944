"""Files that have a uid: found, read, renamed and deleted.

by_number, by_uid     what is known of one, for who is in a session
listed                a user's own
readable              one whose bytes may be read: by whom, and with what proof
link                  a text that opens a private one for an hour, so that no token has to be in a URL
content               its bytes, or those of its picture, or a part of them
rename, delete        by its owner
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Final

from ..domain.apps import App
from ..domain.errors import AppClosed, NeedsUser, NotFound
from ..domain.files import File, FileId
from ..domain.tickets import Purpose, Ticket, TicketId
from ..domain.tokens import TokenKind
from ..domain.users import User
from ..ports.store import Recognised
from ..ports.store.files import Shelved
from . import limits
from .core import Core, fingerprint, new_text
from .files import file_name, peek
from .sessions import present
from .tickets import is_backed

LINK_LIFETIME: Final = timedelta(hours=1)


async def by_number(core: Core, it: Recognised, id: FileId) -> File:
    """One's own, one that is public, or somebody's avatar; of anything else a number tells nothing (NotFound)."""
    user = _who(it)
    async with core.store.read() as tx:
        found = await tx.files.get(it.app.id, id)
    if found is None or not found.file.is_known_to(user.id):
        raise NotFound("file")
    return found.file


async def by_uid(core: Core, it: Recognised, uid: str) -> File:
    """Whoever is in a session of the App and knows the uid may know about the file; NotFound while it is not complete.

    Its owner always may.
    """
    user = _who(it)
    async with core.store.read() as tx:
        found = await tx.files.by_uid(uid)
    if found is None or found.file.app_id != it.app.id:
        raise NotFound("file")
    if not found.file.is_complete and found.file.owner_id != user.id:
        raise NotFound("file")
    return found.file


async def listed(core: Core, it: Recognised, *, skip: int, limit: int) -> tuple[list[File], int]:
    """The session's user's own files, newest first; and how many there are."""
    user = _who(it)
    async with core.store.search() as tx:
        return await tx.files.of_owner(user.id, skip=skip, limit=limit), await tx.files.count_of_owner(user.id)


async def readable(
    core: Core, uid: str, *, ticket: str | None, by: Callable[[], Awaitable[Recognised]]
) -> tuple[Shelved, App]:
    """A complete file that may be read: by anybody if it is public, else with a link's ticket or by a user of the App.

    ``by`` finds out who asks, and refuses where nobody does; it is called only where that matters. Refuses with
    NotFound (also for a session of another App), NeedsUser or AppClosed.
    """
    now = core.clock()
    async with core.store.read() as tx:
        found = await tx.files.by_uid(uid)
        if found is None or not found.file.is_complete:
            raise NotFound("file")
        app = await tx.apps.get(found.file.app_id)
        opened = await tx.tickets.find(Purpose.DOWNLOAD, fingerprint(ticket), now) if ticket else None
        if opened is not None and not await is_backed(tx, opened):
            opened = None
    if app is None or not app.is_open:
        raise AppClosed
    if found.file.is_public or (opened is not None and opened.details.get("file") == found.file.id):
        return found, app
    it = await by()
    if it.app.id != found.file.app_id:
        raise NotFound("file")
    _who(it)
    return found, app


async def link(core: Core, it: Recognised, file: File) -> tuple[str, Ticket]:
    """A ticket with which the file may be read for an hour, any number of times."""
    await core.limiter.take(limits.FILE_LINKS_PER_SESSION, str(it.session.id))
    text, expires_at = new_text(core, TokenKind.TICKET), core.clock() + LINK_LIFETIME
    async with core.store.write() as tx:
        session, user = await present(tx, it.session)
        ticket = Ticket(
            TicketId(core.new_id()),
            it.app.id,
            Purpose.DOWNLOAD,
            expires_at,
            None if user is None else user.id,
            session.id,
            details={"file": file.id},
        )
        return text, await tx.tickets.add(ticket, fingerprint(text))


async def content(core: Core, kept_under: str, *, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
    """The bytes kept under this, or a part of them. Refuses with NotFound before the first, should they be gone."""
    try:
        _, part = await peek(core.files.read(kept_under, start=start, length=length))
    except KeyError:
        raise NotFound("file") from None
    return part


async def rename(core: Core, it: Recognised, id: FileId, name: str) -> File:
    """By its owner. Refuses with NotFound, NotAllowed or Unacceptable."""
    name = file_name(name)
    async with core.store.write() as tx:
        _, user = await present(tx, it.session)
        found = await tx.files.get(it.app.id, id)
        if user is None:
            raise NeedsUser
        if found is None:
            raise NotFound("file")
        found.file.check_owner(user.id)
        file = found.file.renamed(name, core.clock())
        if file is not found.file:
            await tx.files.save(file)
    return file


async def delete(core: Core, it: Recognised, id: FileId) -> None:
    """By its owner: what is known of it, its bytes and its picture. Refuses with NotFound or NotAllowed."""
    async with core.store.write() as tx:
        _, user = await present(tx, it.session)
        found = await tx.files.get(it.app.id, id)
        if user is None:
            raise NeedsUser
        if found is None:
            raise NotFound("file")
        found.file.check_owner(user.id)
        await tx.files.delete(found.file.id)
    await core.files.delete(found.content)
    if found.picture is not None:
        await core.files.delete(found.picture)


def _who(it: Recognised) -> User:
    if it.user is None:
        raise NeedsUser
    return it.user
