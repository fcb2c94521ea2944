"""Finding and changing users.

find, many, newest, known_by        what the App's server may look up
put, put_with_password              made or brought up to date, by the App's server
update, update_own                  profile, by the App's server and by the user
change_password, set_password       with the old one; or by the App's server, without
ban, admit_again                    whether the App lets them in
sweep_guests, forget_unused         who is over, and who left nothing
delete, delete_own                  frees the identifiers, ends the sessions, erases what they wrote
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ..domain.apps import App
from ..domain.errors import Doubt, InvalidCredentials, NeedsUser, NotAllowed, NotFound, Unacceptable
from ..domain.events import EventKind
from ..domain.identities import Assurance, Identifier, IdentifierKind, Identity, ProfileChange
from ..domain.paging import Page, PageAsked
from ..domain.passwords import OWASP_ASVS, PasswordRules
from ..domain.sessions import Session, SessionId
from ..domain.tickets import Purpose
from ..domain.users import Standing, User, UserId
from ..ports.store import Recognised, Transaction
from . import limits
from .admission import Place, make_theirs, note_refusal, once_more_if_taken, refresh, resolve, theirs_of
from .core import Core
from .sessions import end_in, leave_in, note, still_open
from .sign_in import rules_of

GUESTS_KEPT: Final = timedelta(days=1)  # ConnectyCube: a guest is deleted after one day


async def get(core: Core, app: App, user_id: UserId) -> User:
    """Refuses with NotFound."""
    async with core.store.read() as tx:
        return await _user(tx, app, user_id)


async def find(core: Core, app: App, who: Identifier) -> User:
    """The user the identifier names; refuses with NotFound."""
    async with core.store.read() as tx:
        user = await tx.users.find(app.id, who)
    if user is None:
        raise NotFound("user")
    return user


async def many(core: Core, app: App, ids: Collection[UserId]) -> dict[UserId, User]:
    """Those of them that are there."""
    async with core.store.read() as tx:
        return await tx.users.many(app.id, ids) if ids else {}


async def newest(core: Core, app: App, page: PageAsked) -> Page[User]:
    """The App's users, newest first."""
    async with core.store.search() as tx:
        return await tx.users.newest(app.id, page)


async def known_by(
    core: Core, app: App, kind: IdentifierKind, *, skip: int, limit: int, newest_first: bool = True
) -> tuple[list[User], int]:
    """The App's users that have an identifier of this kind, by creation; and how many there are of them."""
    async with core.store.search() as tx:
        found = await tx.users.known_by(app.id, kind, skip=skip, limit=limit, newest_first=newest_first)
        return found, await tx.users.count_known_by(app.id, kind)


async def put(core: Core, app: App, identity: Identity) -> tuple[User, bool]:
    """The user a verified identity names, made or brought up to date; and whether they are new. Opens no session."""
    identity = replace(identity, is_vouched=True)

    async def once() -> tuple[User, bool]:
        async with core.store.write() as tx:
            user = await resolve(tx, app, identity)
            if user is None:
                return await _add(core, tx, app, identity), True
            if not user.is_vouched and not set(identity.identifiers) <= set(user.identifiers):
                # a name is proved to be theirs that nobody could choose
                user = await make_theirs(core, tx, user, named_by=identity.identifiers)
            return await refresh(core, tx, user, identity), False

    return await once_more_if_taken(once)


async def put_with_password(
    core: Core,
    app: App,
    identity: Identity,
    password: str | None,
    *,
    ends_sessions: bool = False,
    rules: PasswordRules = OWASP_ASVS,
) -> tuple[User, bool]:
    """``put``, and the password replaces the user's; no old one is needed. Opens no session.

    Without a password a new user has none, so that only the App's server can let them in; for a user who is there
    already it is refused with Unacceptable. With ``ends_sessions`` what the old password opened ends, too; so it does
    the first time, when the old password was the choice of whoever registered them.
    """
    if password is not None:
        rules_of(app, rules).check(password)
    hashed = await core.hasher.hash(password) if password is not None else None
    identity = replace(identity, is_vouched=True)

    async def once() -> tuple[User, bool]:
        async with core.store.write() as tx:
            user = await resolve(tx, app, identity)
            if user is None:
                return await _add(core, tx, app, identity, hashed), True
            if hashed is None:
                raise Unacceptable("password", "is required for a user who exists already")
            user = await give_password(
                core, tx, user, hashed, ends_sessions=ends_sessions, named_by=identity.identifiers
            )
            return await _update(core, tx, user, identity.profile), False

    return await once_more_if_taken(once)


async def update(core: Core, app: App, user_id: UserId, change: ProfileChange) -> User:
    """The user after the change. Refuses with NotFound."""
    async with core.store.write() as tx:
        return await _update(core, tx, await _user(tx, app, user_id), change)


async def update_own(core: Core, it: Recognised, change: ProfileChange) -> User:
    """By the user. Their custom data vouches for nothing, so it can only be ``claimed_custom``.

    Refuses with NeedsUser where nobody is there yet, with NotAllowed for somebody unverified, who may only claim.
    """
    change.check_own()
    await core.limiter.take(limits.CHANGES_PER_SESSION, str(it.session.id))
    async with core.store.write() as tx:
        session = await still_open(tx, it.session)
        if session.user_id is None:
            raise NeedsUser
        user = await _user(tx, it.app, session.user_id)
        if session.assurance is not Assurance.VERIFIED and not user.is_guest:
            raise NotAllowed
        return await _update(core, tx, user, change)


async def rename(core: Core, app: App, user_id: UserId, identifiers: tuple[Identifier, ...]) -> User:
    """Gives the user exactly these identifiers; those they lose are free for others. By the App's server only.

    Refuses with IdentifierTaken or NotFound, and with NotAllowed for who is not verified: they are whoever holds
    their device, and would be so under that name. Tickets that were sent to an old address are void.
    """
    async with core.store.write() as tx:
        user = await _user(tx, app, user_id)
        if not user.is_verified:
            raise NotAllowed
        if not user.is_vouched and not set(identifiers) <= set(user.identifiers):
            user = await make_theirs(core, tx, user)  # as in ``put``
        user = replace(user, identifiers=identifiers, updated_at=core.clock())
        await tx.users.save(user)
        for purpose in (Purpose.PASSWORD_RESET, Purpose.EMAIL_CONFIRMATION):
            await tx.tickets.void(user.id, purpose)
        await note(core, tx, EventKind.USER_CHANGED, app.id, user_id=user.id, identifiers=True)
    return user


async def change_password(
    core: Core,
    app: App,
    session: Session,
    user: User,
    *,
    old: str,
    new: str,
    address: str = "",
    rules: PasswordRules = OWASP_ASVS,
) -> None:
    """By the user, with the old one. Their other sessions end where the Policy says so; this one goes on.

    Refuses with InvalidCredentials when the old one is wrong, Unacceptable when the new one is.
    """
    renewed = await renewal(core, app, session, user, old=old, new=new, address=address, rules=rules)
    async with core.store.write() as tx:
        await still_open(tx, session)
        await renewed.check_current(tx, user)
        ends = app.policy.ends_sessions_on_password_change
        await replace_password(core, tx, user, renewed.hashed, ends_sessions=ends, but=session.id)


@dataclass(frozen=True, slots=True)
class Renewal:
    """A new password, hashed, of somebody who knew the old one."""

    hashed: str
    old_hash: str | None

    async def check_current(self, tx: Transaction, user: User) -> None:
        """Refuses with InvalidCredentials when somebody else changed the old one meanwhile."""
        if await tx.users.password_hash(user.id) != self.old_hash:
            raise InvalidCredentials(Doubt.WRONG_PASSWORD)


async def renewal(
    core: Core,
    app: App,
    session: Session,
    user: User,
    *,
    old: str,
    new: str,
    address: str,
    rules: PasswordRules,
    field: str = "new_password",
) -> Renewal:
    """The slow part of a change of password, before any transaction. Refuses like ``change_password``."""
    rules_of(app, rules).check(new, field)
    who = user.identifiers[0] if user.identifiers else Identifier.login(str(user.id))
    await limits.take_password_try(core, app, who, address)
    async with core.store.read() as tx:
        hashed = await tx.users.password_hash(user.id)
    if not await core.hasher.verify(old, hashed):
        doubt = Doubt.WRONG_PASSWORD if hashed else Doubt.NO_PASSWORD
        await note_refusal(core, app, Place(session.door, session.lifetime, address), doubt, user.id)
        raise InvalidCredentials(doubt)
    await limits.give_password_try_back(core, app, who, address)
    return Renewal(await core.hasher.hash(new), hashed)


async def set_password(
    core: Core, app: App, user_id: UserId, new: str, *, ends_sessions: bool = False, rules: PasswordRules = OWASP_ASVS
) -> User:
    """By the App's server, which needs no old one. Refuses with NotFound or Unacceptable.

    Sessions go on unless ``ends_sessions``, but for those of whoever registered the user, the first time.
    """
    rules_of(app, rules).check(new)
    renewed = await core.hasher.hash(new)
    async with core.store.write() as tx:
        user = await _user(tx, app, user_id)
        return await give_password(core, tx, user, renewed, ends_sessions=ends_sessions)


async def ban(core: Core, app: App, user_id: UserId) -> User:
    """Lets the user in no more, and ends what is open at once. Banning twice is fine."""
    return await _stand(core, app, user_id, Standing.BANNED, EventKind.USER_BANNED)


async def admit_again(core: Core, app: App, user_id: UserId) -> User:
    """Lets a banned user in again; their old sessions stay ended."""
    return await _stand(core, app, user_id, Standing.ACTIVE, EventKind.USER_ADMITTED_AGAIN)


async def delete(core: Core, app: App, user_id: UserId) -> None:
    """Frees the identifiers, ends the sessions, erases words and files unless the Policy keeps them (NotFound)."""
    async with core.store.write() as tx:
        files = await _delete(core, tx, app, await _user(tx, app, user_id))
    await _burn(core, files)


async def delete_own(core: Core, it: Recognised, *, keeps_session: bool = False) -> None:
    """``delete``, by the user. Refuses with NeedsUser where nobody is there yet.

    With ``keeps_session`` this session goes on with nobody in it, as if they had left it (``sessions.leave``).
    """
    async with core.store.write() as tx:
        session = await still_open(tx, it.session)
        if session.user_id is None:
            raise NeedsUser
        user = await _user(tx, it.app, session.user_id)
        if keeps_session:
            await leave_in(core, tx, session)
        files = await _delete(core, tx, it.app, user)
    await _burn(core, files)


async def sweep_guests(core: Core, *, at_once: int = 100) -> int:
    """Deletes guests whose day is over, a few at a time; answers how many."""
    async with core.store.search() as tx:
        guests = await tx.users.guests(core.clock() - GUESTS_KEPT, at_once)
    gone = 0
    for guest in guests:
        async with core.store.write() as tx:
            app, user = await tx.apps.get(guest.app_id), await tx.users.get(guest.app_id, guest.id)
            if app is None or user is None or not user.is_guest:
                continue
            files = await _delete(core, tx, app, user)
        await _burn(core, files)
        gone += 1
    return gone


async def forget_unused(core: Core, app: App, user_id: UserId, *, before: datetime) -> bool:
    """Deletes an unverified user who was not seen since the moment and left nothing, if that is still so."""
    async with core.store.write() as tx:
        user = await tx.users.get(app.id, user_id)  # held: whoever comes back in this moment waits, and is new
        if user is None or not await tx.upkeep.is_unused(user_id, before, core.clock()):
            return False
        files = await _delete(core, tx, app, user)
    await _burn(core, files)
    return True


async def _user(tx: Transaction, app: App, user_id: UserId) -> User:
    user = await tx.users.get(app.id, user_id)
    if user is None:
        raise NotFound("user")
    return user


async def _add(core: Core, tx: Transaction, app: App, identity: Identity, password_hash: str | None = None) -> User:
    fresh = User.from_identity(
        UserId(core.new_id()), app.id, identity, device_id=None, is_guest=False, now=core.clock()
    )
    user = await tx.users.add(fresh, password_hash=password_hash)
    await note(core, tx, EventKind.USER_CREATED, app.id, user_id=user.id, door="server")
    return user


async def _update(core: Core, tx: Transaction, user: User, change: ProfileChange) -> User:
    after = user.met_again(Identity((), Assurance.VERIFIED, change), now=core.clock())
    if after is not user:
        await tx.users.save(after)
        await note(core, tx, EventKind.USER_CHANGED, user.app_id, user_id=user.id)
    return after


async def give_password(
    core: Core,
    tx: Transaction,
    user: User,
    hashed: str,
    *,
    ends_sessions: bool,
    named_by: tuple[Identifier, ...] | None = None,
) -> User:
    """The user with the password that the App's server sets, who meant them by their first name unless said otherwise.

    The first time, that is the App's word on whose user it is, and what whoever registered them opened ends with their
    password (``make_theirs``); later it ends only if that is asked for.
    """
    is_first = not user.is_vouched
    if is_first:
        named = user.identifiers[:1] if named_by is None else named_by
        user = replace(user, identifiers=theirs_of(user, named), is_vouched=True, updated_at=core.clock())
        await tx.users.save(user)
    await replace_password(core, tx, user, hashed, ends_sessions=ends_sessions or is_first, but=None)
    return user


async def replace_password(
    core: Core, tx: Transaction, user: User, hashed: str, *, ends_sessions: bool, but: SessionId | None
) -> None:
    await tx.users.set_password_hash(user.id, hashed)
    await tx.tickets.void(user.id, Purpose.PASSWORD_RESET)
    await note(core, tx, EventKind.PASSWORD_CHANGED, user.app_id, user_id=user.id)
    if ends_sessions:
        others = [it for it in await tx.sessions.of_user(user.id) if it.id != but]
        await end_in(core, tx, others, why="password_changed")


async def _stand(core: Core, app: App, user_id: UserId, standing: Standing, kind: EventKind) -> User:
    async with core.store.write() as tx:
        user = await _user(tx, app, user_id)
        if user.standing is standing:
            return user
        user = replace(user, standing=standing, updated_at=core.clock())
        await tx.users.save(user)
        if standing is Standing.BANNED:
            await end_in(core, tx, await tx.sessions.of_user(user.id), why="banned")
        await note(core, tx, kind, app.id, user_id=user.id)
    return user


async def _delete(core: Core, tx: Transaction, app: App, user: User) -> list[str]:
    """Deletes the user; answers the files that nobody can open any more, to be burnt after the commit."""
    files = []
    await end_in(core, tx, await tx.sessions.of_user(user.id), why="user_deleted")
    if not app.policy.keeps_messages_of_deleted_users:
        await tx.messages.erase_from(user.id)
        files = await tx.files.forget_of(user.id)
    await tx.users.delete(user.id)
    await note(core, tx, EventKind.USER_DELETED, app.id, user_id=user.id)
    return files


async def _burn(core: Core, files: Sequence[str]) -> None:
    for it in files:
        await core.files.delete(it)
