"""Where sessions are notified. Nothing here notifies anybody: the App does, and asks where.

register, withdraw   by a session, for itself; what it registered goes when it ends
withdraw_all         everything that it registered
of_user              where a user is reached, for who notifies them
"""

from __future__ import annotations

from ..domain.apps import App
from ..domain.errors import NeedsUser, Unacceptable
from ..domain.push import MOST_ADDRESSES, Platform, PushAddress
from ..domain.users import UserId
from ..ports.store import Recognised
from . import limits
from .core import Core
from .sessions import present


async def register(
    core: Core,
    by: Recognised,
    platform: Platform,
    token: str,
    *,
    bundle: str | None = None,
    is_development: bool = False,
) -> bool:
    """The session is notified there, and nobody else any more: a device has one owner. Answers whether that is new.

    Refuses with NeedsUser or Unacceptable.
    """
    await core.limiter.take(limits.CHANGES_PER_SESSION, str(by.session.id))
    address = PushAddress(
        by.app.id, by.session.id, platform, token, core.clock(), bundle=bundle, is_development=is_development
    )
    async with core.store.write() as tx:
        _, user = await present(tx, by.session)
        if user is None:
            raise NeedsUser
        before = await tx.push_addresses.of_session(by.session.id)
        is_new = not any((it.platform, it.token) == (platform, token) for it in before)
        if is_new and len(before) >= MOST_ADDRESSES:
            raise Unacceptable("token", f"is one more than the {MOST_ADDRESSES} of a session")
        await tx.push_addresses.put(address)
    return is_new


async def withdraw(core: Core, by: Recognised, platform: Platform | None, token: str) -> bool:
    """The session is not notified there any more; without a platform, on none. Answers whether it was."""
    await core.limiter.take(limits.CHANGES_PER_SESSION, str(by.session.id))
    async with core.store.write() as tx:
        await present(tx, by.session)
        return await tx.push_addresses.remove(by.session.id, platform, token)


async def withdraw_all(core: Core, by: Recognised) -> int:
    """The session is notified nowhere any more. Answers how many addresses it had."""
    await core.limiter.take(limits.CHANGES_PER_SESSION, str(by.session.id))
    async with core.store.write() as tx:
        await present(tx, by.session)
        had = await tx.push_addresses.of_session(by.session.id)
        await tx.push_addresses.forget([by.session.id])
    return len(had)


async def of_user(core: Core, app: App, user_id: UserId) -> list[PushAddress]:
    """Of every session of the user's that has not ended."""
    async with core.store.read() as tx:
        return await tx.push_addresses.of_user(app.id, user_id)
