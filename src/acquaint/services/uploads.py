"""Files that are announced before their bytes come.

announce    a name, a kind, and whether it is public; answers the ticket that the bytes come with
receive     the bytes, from whoever has the ticket
complete    its owner says that it is all there: from then on others may read it
sweep       announced long ago and never completed
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

import anyio

from ..domain.errors import AppClosed, NeedsUser, NotFound, TicketRefused
from ..domain.files import File, FileId
from ..domain.tickets import Purpose, Ticket, TicketId
from ..domain.tokens import TokenKind, is_well_formed
from ..ports.store import Recognised
from . import enforcement, limits, space
from .core import Core, fingerprint, new_text, new_word
from .files import KEY_LENGTH, LARGEST_UPLOAD, MEDIA_TYPE, UNKNOWN, file_name, kind_of, peek
from .sessions import present
from .tickets import is_backed

UPLOAD_LIFETIME: Final = timedelta(hours=1)  # ConnectyCube: the write access of a blob
UNFINISHED_KEPT: Final = timedelta(days=1)
UID_LENGTH: Final = 40  # letters and digits: 238 bits


async def announce(
    core: Core, it: Recognised, name: str, media_type: str, *, is_public: bool
) -> tuple[File, str, Ticket]:
    """The file, and the ticket that its bytes come with, once, within the hour.

    Refuses with NeedsUser, Unacceptable, TooManyRequests, or NotAllowed where the Policy wants people verified.
    """
    name = file_name(name)
    await enforcement.check(core, it, enforcement.KEEP)
    await core.limiter.take(limits.FILES_PER_SESSION, str(it.session.id))
    if it.session.user_id is not None:
        await core.limiter.take(limits.FILES_PER_USER, str(it.session.user_id))
    text, now = new_text(core, TokenKind.TICKET), core.clock()
    async with core.store.write() as tx:
        session, user = await present(tx, it.session)
        if user is None:
            raise NeedsUser
        file = File(
            FileId(core.new_id()),
            it.app.id,
            user.id,
            name,
            media_type if MEDIA_TYPE.fullmatch(media_type) else UNKNOWN,
            0,
            now,
            uid=new_word(core, UID_LENGTH),
            is_public=is_public,
        )
        file = await tx.files.add(file, new_word(core, KEY_LENGTH))
        ticket = Ticket(
            TicketId(core.new_id()),
            it.app.id,
            Purpose.UPLOAD,
            now + UPLOAD_LIFETIME,
            user.id,
            session.id,
            details={"file": file.id},
        )
        ticket = await tx.tickets.add(ticket, fingerprint(text))
    return file, text, ticket


async def receive(core: Core, uid: str, text: str, content: AsyncIterator[bytes]) -> File:
    """Keeps what comes as the bytes of the announced file; its kind is what they say, not what was announced.

    The ticket is spent by bytes that are all here: one that broke off may be sent again. Of two at once one is kept.
    Refuses with TicketRefused (also when whoever announced it has logged out or is gone), TooLarge, SpaceUsedUp or
    AppClosed.
    """
    began, mark = core.clock(), fingerprint(text)
    if not is_well_formed(text, TokenKind.TICKET):
        raise TicketRefused
    async with core.store.read() as tx:
        ticket = await tx.tickets.find(Purpose.UPLOAD, mark, began)
        found = await tx.files.by_uid(uid)
        if ticket is None or found is None or ticket.details.get("file") != found.file.id:
            raise TicketRefused
        file, app = found.file, await tx.apps.get(found.file.app_id)
        if app is None or not app.is_open:
            raise AppClosed
        if not await is_backed(tx, ticket):
            raise TicketRefused
    await core.limiter.take(limits.UPLOADS_PER_TICKET, str(ticket.id))
    kept_under = new_word(core, KEY_LENGTH)  # its own: what two bring at once does not end in one file
    start, content = await peek(content)
    size = await space.put(core, app, kept_under, content, largest=LARGEST_UPLOAD)
    now = core.clock()
    file = replace(file, content_type=kind_of(start, file.content_type), size=size, updated_at=now, arrived_at=now)
    try:
        async with core.store.write() as tx:
            spent = await tx.tickets.take(Purpose.UPLOAD, mark, began)
            if spent is None or not await is_backed(tx, spent):
                raise TicketRefused
            if not await tx.files.arrive(file, kept_under, at_most=space.at_most(core, app)):
                raise TicketRefused
    except BaseException:
        with anyio.CancelScope(shield=True):
            await _burn_unless_kept(core, uid, kept_under)
        raise
    return file


async def complete(core: Core, it: Recognised, id: FileId) -> File:
    """Refuses with NotFound, NotAllowed (another's), or Unacceptable while there are no bytes. Twice is fine."""
    async with core.store.write() as tx:
        _, user = await present(tx, it.session)
        if user is None:
            raise NeedsUser
        found = await tx.files.get(it.app.id, id)
        if found is None:
            raise NotFound("file")
        found.file.check_owner(user.id)
        file = found.file.completed(core.clock())
        if file is not found.file:
            await tx.files.save(file)
    return file


async def sweep(core: Core, *, at_once: int = 100) -> int:
    """Forgets what was announced a day ago and never completed, a few at a time; answers how many files went."""
    async with core.store.write() as tx:
        gone = await tx.files.sweep(core.clock() - UNFINISHED_KEPT, at_once)
    for it in gone:
        await core.files.delete(it)
    return len(gone)


async def _burn_unless_kept(core: Core, uid: str, kept_under: str) -> None:
    """A write may have been committed although whoever waited for it has gone."""
    async with core.store.read() as tx:
        found = await tx.files.by_uid(uid)
    if found is None or found.content != kept_under:
        await core.files.delete(kept_under)
