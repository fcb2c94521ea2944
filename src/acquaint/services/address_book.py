"""The address book of a user: written from their phone, read by them alone.

write        adds, renames and takes out
read         what is in it
registered   who of those in it is a user of the App
"""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.address_book import Entry, EntryChange, Rewritten, rewritten
from ..domain.errors import NeedsUser
from ..domain.sessions import Session
from ..domain.users import User, UserId
from ..ports.store import Recognised
from . import limits
from .core import Core
from .sessions import present


async def write(
    core: Core, by: Recognised, changes: Sequence[EntryChange], *, device: str | None, afresh: bool
) -> Rewritten:
    """Changes the book: of a device, or of all of them where none is named. Refuses with NeedsUser or Unacceptable."""
    user_id = _user_of(by.session)
    await core.limiter.take(limits.ADDRESS_BOOKS_PER_USER, str(user_id))
    async with core.store.write() as tx:
        await present(tx, by.session)
        done = rewritten(await tx.address_books.of(user_id), changes, device=device, afresh=afresh)
        await tx.address_books.remove(user_id, done.gone)
        await tx.address_books.put(user_id, done.put)
    return done


async def read(core: Core, session: Session, *, device: str | None) -> list[Entry]:
    """By number; of all devices where none is named, each number once."""
    async with core.store.read() as tx:
        return _of_device(await tx.address_books.of(_user_of(session)), device)


async def registered(core: Core, by: Recognised, *, device: str | None) -> list[tuple[Entry, User]]:
    """Those of its entries whose number another user of the App has proven to be theirs.

    None where the Policy does not show users each other's numbers.
    """
    user_id = _user_of(by.session)
    if not by.app.policy.shows_emails_and_phones:
        return []
    async with core.store.search() as tx:
        found = await tx.address_books.registered(by.app.id, user_id)
        theirs = {entry: id for entry, id in found if device is None or entry.device == device}
        known = await tx.users.many(by.app.id, set(theirs.values()))
    once = _of_device(list(theirs), device)
    return [(it, user) for it in once if (user := known.get(theirs[it])) is not None and user.may_act]


def _of_device(book: Sequence[Entry], device: str | None) -> list[Entry]:
    if device is not None:
        return [it for it in book if it.device == device]
    return list({it.phone: it for it in reversed(book)}.values())[::-1]


def _user_of(session: Session) -> UserId:
    if session.user_id is None:
        raise NeedsUser
    return session.user_id
