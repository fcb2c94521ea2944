"""A session that goes on on a device that its holder also proved to hold.

    says    a text that a browser says may be its secret: whether nobody else ever said it
    move    the session, on the device that such a text names

Some vendors' pages throw their token away each time and keep another random text. That text, together with the address
that the page claims, is the device then, unless others know it: a workspace's id is such a text, too, and its members
must not see each other's conversations.
"""

from __future__ import annotations

from dataclasses import replace

from ..domain.errors import UserBanned
from ..domain.events import EventKind
from ..domain.identities import Assurance
from ..domain.places import DeviceId
from ..ports.store import Recognised
from . import limits
from .core import Core, fingerprint
from .sessions import end_in, note, present


async def says(core: Core, it: Recognised, word: str, by: str, *, device_id: DeviceId | None = None) -> bool:
    """Remembers who said the word in the session; answers whether nobody else ever did.

    ``device_id`` is where what they do is kept: when nothing is left there, ``upkeep`` may forget the word. Saying it
    again writes nothing. Refuses with TooManyRequests.
    """
    app = it.app
    mark = fingerprint(word)
    async with core.store.read() as tx:
        said_by = await tx.devices.only_said_by(app.id, mark)
    if said_by is not None and said_by in (by, ""):
        return said_by == by
    await core.limiter.take(limits.WORDS_PER_SESSION, str(it.session.id))
    async with core.store.write() as tx:
        await tx.devices.say(app.id, mark, by, device_id=device_id, now=core.clock())
        return await tx.devices.only_said_by(app.id, mark) == by


async def move(core: Core, it: Recognised, device_id: DeviceId) -> Recognised:
    """The session on the other device, with whoever is known there in it, if anybody is.

    Only an unverified session in which nobody has done anything moves; any other, and one whose new device was left for
    good, stays. Refuses with SessionEnded or UserBanned.
    """
    if it.session.device_id == device_id or it.session.user_id is not None:
        return it
    async with core.store.write() as tx:
        session, user = await present(tx, it.session)
        if user is not None or session.assurance is Assurance.VERIFIED or session.device_id is None:
            return Recognised(session, it.app, user)
        if session.device_id == device_id or await tx.devices.is_retired(session.app_id, device_id):
            return Recognised(session, it.app, None)
        user = await tx.users.on_device(session.app_id, device_id)
        if user is not None and not user.may_act:
            raise UserBanned(user.id)
        session = replace(session, device_id=device_id, user_id=None if user is None else user.id)
        await tx.sessions.save(session)
        if user is not None:
            crowd = await tx.sessions.crowded_out(user.id, it.app.policy.sessions_per_user)
            await end_in(core, tx, [one for one in crowd if one.id != session.id], why="too_many")
        await note(
            core,
            tx,
            EventKind.SESSION_TAKEN,
            session.app_id,
            user_id=session.user_id,
            session_id=session.id,
            assurance=session.assurance.name,
        )
    return Recognised(session, it.app, user)
