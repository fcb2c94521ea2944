"""Recognising and ending sessions.

resume                what a token opens: the hot path of everything
left_by               what a token may still end
list_of, end, end_all  a user's sessions, seen and ended by the user or the App
log_out               ends the session and begins a new epoch on its device
leave                 the same, but the session goes on with nobody in it
ensure_user           the user of a session, made at the first write when nobody is in it yet
write_behind, sweep   housekeeping that bootstrap runs in the background
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..domain.apps import App, AppId
from ..domain.conversations import ConversationId
from ..domain.errors import AppClosed, NeedsUser, NotFound, SessionEnded, SessionExpired
from ..domain.events import Event, EventId, EventKind
from ..domain.identities import Identity
from ..domain.sessions import Session, SessionId
from ..domain.tokens import TokenKind, is_well_formed
from ..domain.users import User, UserId
from ..ports.store import Recognised, Transaction
from .core import Core, fingerprint
from .recognition import NEVER

SEEN_WRITTEN_EVERY: Final = timedelta(seconds=30)  # a crash can shorten a session by this, never lengthen it
GOOD_AFTER_RENEWAL: Final = timedelta(seconds=10)  # what was asked with the token before is still on its way
KEPT_AFTER_END: Final = timedelta(days=7)  # an ended session still answers "ended" rather than "unknown" this long


async def resume(core: Core, token: str) -> Recognised:
    """What this token opens; every use buys the session another idle period.

    Refuses with SessionEnded, SessionExpired or AppClosed. Answered from memory while the Bus is
    whole, so an ended session is refused at once in this process and within a second in others.
    """
    now = core.clock()
    mark = fingerprint(token)
    it = core.recognised.get(mark, now) if core.bus.is_whole else None
    if it is None:
        it = await _recognise(core, token, mark, now)
    it.session.check_live(now)
    if not it.app.is_open:
        raise AppClosed
    if it.session.user_id is not None and (it.user is None or not it.user.may_act):
        raise SessionEnded
    return core.recognised.saw(mark, it, now)


async def _recognise(core: Core, token: str, mark: str, now: datetime) -> Recognised:
    """What the store knows of the token; remembered, unless it may be outdated by now."""
    if not is_well_formed(token, TokenKind.SESSION):
        raise SessionEnded
    epoch = core.recognised.epoch if core.bus.is_whole else NEVER
    async with core.store.read() as tx:
        it = await tx.sessions.recognise(mark)
        earlier = await tx.sessions.recognise_renewed(mark) if it is None else None
    if earlier is not None:
        return _renewed_meanwhile(earlier, now)
    if it is None:
        raise SessionEnded
    return core.recognised.remember(mark, it, epoch=epoch, now=now)


async def left_by(core: Core, token: str) -> Recognised | None:
    """The session that somebody who holds this token may leave, though it opens nothing else: its time may be over, or
    another token have replaced it. None for one that has ended."""
    if not is_well_formed(token, TokenKind.SESSION):
        return None
    mark = fingerprint(token)
    async with core.store.read() as tx:
        it = await tx.sessions.recognise(mark) or await tx.sessions.recognise_renewed(mark)
    return None if it is None or it.session.ended_at is not None else it


def _renewed_meanwhile(it: Recognised, now: datetime) -> Recognised:
    """What a token opens that was replaced by another: the same, for what is on its way. Remembered by nobody."""
    renewed_at = it.session.renewed_at
    if it.session.ended_at is None and (renewed_at is None or now - renewed_at > GOOD_AFTER_RENEWAL):
        raise SessionExpired
    return it


async def list_of(core: Core, app: App, user_id: UserId) -> list[Session]:
    """The user's live sessions, newest first."""
    now = core.clock()
    async with core.store.read() as tx:
        if await tx.users.get(app.id, user_id) is None:
            raise NotFound("user")
        sessions = await tx.sessions.of_user(user_id)
    return [it for it in sessions if (ends := it.expires_at) is None or now < ends]


async def end(core: Core, app: App, session_id: SessionId, *, of: UserId | None = None) -> Session:
    """Ends one session at once, on every path; with ``of``, only one of that user's. Ending it twice is fine."""
    async with core.store.write() as tx:
        session = await tx.sessions.get(app.id, session_id)
        if session is None or (of is not None and session.user_id != of):
            raise NotFound("session")
        if session.ended_at is None:
            await end_in(core, tx, [session], why="ended")
            session = replace(session, ended_at=core.clock())
    return session


async def end_all(core: Core, app: App, user_id: UserId, *, but: SessionId | None = None) -> int:
    """Ends all of the user's sessions, or all but one; answers how many."""
    async with core.store.write() as tx:
        if await tx.users.get(app.id, user_id) is None:
            raise NotFound("user")
        sessions = [it for it in await tx.sessions.of_user(user_id) if it.id != but]
        await end_in(core, tx, sessions, why="ended")
    return len(sessions)


async def log_out(core: Core, session: Session) -> None:
    """Ends the session; whoever comes next on the device is somebody new (rule 6)."""
    now = core.clock()
    async with core.store.write() as tx:
        await end_in(core, tx, [session, *await _retire_device(tx, session, now)], why="logged_out")


async def leave(core: Core, session: Session) -> Session:
    """Nobody is in the session any more; it goes on, with its token, and whoever holds that may sign in again.

    What was seen in it is not seen again, and whoever comes next on the device is somebody new (rule 6). Leaving twice
    is fine. Refuses with SessionEnded.
    """
    async with core.store.write() as tx:
        return await leave_in(core, tx, session)


async def leave_in(core: Core, tx: Transaction, session: Session) -> Session:
    """``leave`` within a transaction. The Event makes every cache forget, and live connections of the session end."""
    current = await still_open(tx, session)
    if current.user_id is None and current.device_id is None:
        return current
    await end_in(core, tx, await _retire_device(tx, current, core.clock()), why="logged_out")
    left = current.left()
    await tx.sessions.save(left)
    await tx.push_addresses.forget([current.id])
    await note(core, tx, EventKind.SESSION_LEFT, current.app_id, user_id=current.user_id, session_id=current.id)
    return left


async def _retire_device(tx: Transaction, session: Session, now: datetime) -> list[Session]:
    """Begins a new epoch on the session's device; answers the unverified sessions there that are over with it."""
    if session.device_id is None:
        return []
    await tx.users.on_device(session.app_id, session.device_id)  # held: who visits in this moment has to wait
    await tx.devices.retire(session.app_id, session.device_id, now)
    return [it for it in await tx.sessions.unverified_on(session.app_id, session.device_id) if it.id != session.id]


async def end_in(core: Core, tx: Transaction, sessions: Sequence[Session], *, why: str) -> None:
    """Ends sessions within a transaction. The Events it adds make every cache forget and every socket close."""
    now = core.clock()
    await tx.sessions.end([it.id for it in sessions], now)
    await tx.push_addresses.forget([it.id for it in sessions])
    for it in sessions:
        await note(core, tx, EventKind.SESSION_ENDED, it.app_id, user_id=it.user_id, session_id=it.id, why=why)


async def ensure_user(core: Core, tx: Transaction, it: Recognised) -> tuple[Session, User]:
    """The session with its user in it, who is made now if this is the first thing they write (rule 7).

    Refuses with NeedsUser when the session has neither a user nor a device to tie one to.
    """
    session, user = await present(tx, it.session)
    if user is not None:
        return session, user
    if session.device_id is None:
        raise NeedsUser
    if await tx.devices.is_retired(session.app_id, session.device_id):
        raise SessionEnded
    now = core.clock()
    user = await tx.users.on_device(session.app_id, session.device_id)
    if user is None:
        nobody = Identity((), session.assurance)
        fresh = User.from_identity(
            UserId(core.new_id()), session.app_id, nobody, device_id=session.device_id, is_guest=False, now=now
        )
        user = await tx.users.add(fresh)
        await note(
            core, tx, EventKind.USER_CREATED, session.app_id, user_id=user.id, session_id=session.id, door=session.door
        )
    session = session.taken_by(user.id, session.assurance, session.workspace, now)
    await tx.sessions.save(session)
    await note(
        core,
        tx,
        EventKind.SESSION_TAKEN,
        session.app_id,
        user_id=user.id,
        session_id=session.id,
        assurance=session.assurance.name,
    )
    return session, user


async def present(tx: Transaction, session: Session) -> tuple[Session, User | None]:
    """The session, and who is in it, as the transaction sees them; refuses with SessionEnded like ``still_open``."""
    session = await still_open(tx, session)
    if session.user_id is None:
        return session, None
    user = await tx.users.get(session.app_id, session.user_id)
    if user is None or not user.may_act:
        raise SessionEnded
    return session, user


async def still_open(tx: Transaction, session: Session) -> Session:
    """The session as the transaction sees it: one that ended a moment ago writes nothing any more."""
    current = await tx.sessions.get(session.app_id, session.id)
    if current is None or current.ended_at is not None:
        raise SessionEnded
    return current


async def note(
    core: Core,
    tx: Transaction,
    kind: EventKind,
    app_id: AppId | None,
    *,
    user_id: UserId | None = None,
    session_id: SessionId | None = None,
    conversation_id: ConversationId | None = None,
    **details: object,
) -> None:
    """Adds an Event to the transaction; it is told after the commit."""
    event = Event(EventId(core.new_id()), app_id, kind, core.clock(), user_id, session_id, conversation_id, details)
    await tx.events.add(event)


async def write_behind(core: Core) -> int:
    """Writes down when sessions were used since the last time; answers how many."""
    seen = core.recognised.take_unwritten()
    try:
        await core.store.write_last_seen(seen)
    except BaseException:
        core.recognised.put_back(seen)
        raise
    return len(seen)


async def sweep(core: Core, *, at_once: int = 500) -> int:
    """Deletes what nobody can use any more, a little at a time; answers how many rows went."""
    now = core.clock()
    async with core.store.write() as tx:
        gone = await tx.sessions.sweep(now - KEPT_AFTER_END, at_once)
        gone += await tx.tickets.sweep(now, at_once)
        gone += await tx.answers.sweep(now - timedelta(days=1), at_once)
    return gone
