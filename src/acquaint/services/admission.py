"""Letting somebody in: every way of signing in ends here, so none can forget expiry, adoption, bans or Events.

resolve         the user a verified identity names
admit           a verified identity to its user, made if need be, and a session for them
create_user     a user that an identity describes
open_session    a session for a user, or nobody yet; adopts what its device said anonymously
note_refusal    who was not let in, and the precise cause, for those who may know it
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from ..domain.apps import App
from ..domain.conversations import Membership, adopted
from ..domain.errors import (
    AddressUnconfirmed,
    AlreadySignedIn,
    Doubt,
    IdentifierTaken,
    RegistrationClosed,
    SessionEnded,
    UserBanned,
)
from ..domain.events import EventKind
from ..domain.identities import Assurance, Identifier, IdentifierKind, Identity
from ..domain.places import DeviceId, Workspace
from ..domain.sessions import Lifetime, Session, SessionId
from ..domain.tickets import Purpose
from ..domain.tokens import TokenKind
from ..domain.users import User, UserId
from ..ports.store import Transaction
from . import renewing
from .core import Core, fingerprint, new_text
from .sessions import end_in, note

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody comes in: through which door, from which address, on which device, in which workspace.

    ``session`` is one that is open there already and is to be taken over with its token, as some vendors'
    clients keep their token when they sign in; without it a new session is opened. ``renews`` says whether the clients
    of this door can renew a token: only then does the Policy's ``token_lifetime`` count. ``is_new_device``: the
    device's secret was made a moment ago, so nothing was ever done there that would have to be looked for.
    """

    door: str
    lifetime: Lifetime
    address: str = ""
    device_id: DeviceId | None = None
    workspace: Workspace | None = None
    session: Session | None = None
    renews: bool = False
    is_new_device: bool = False


@dataclass(frozen=True, slots=True)
class Admission:
    """The outcome of signing in. ``token`` is None where an open session was taken over: the client has it.

    ``renewal`` is the ticket by which the token is renewed, where it expires.
    """

    user: User | None
    session: Session
    token: str | None
    is_new_user: bool = False
    renewal: str | None = None


async def resolve(tx: Transaction, app: App, identity: Identity) -> User | None:
    """The user one of the identifiers names; the first one that names anybody decides."""
    for identifier in identity.identifiers:
        user = await tx.users.find(app.id, identifier)
        if user is not None:
            return user
    return None


async def admit_identity(core: Core, app: App, identity: Identity, place: Place) -> Admission:
    """``admit`` in a transaction of its own, tried again when another first sign-in created the user meanwhile."""

    async def once() -> Admission:
        async with core.store.write() as tx:
            return await admit(core, tx, app, identity, place)

    return await noting_refusals(core, app, place, lambda: once_more_if_taken(once))


async def noting_refusals(core: Core, app: App, place: Place, attempt: Callable[[], Awaitable[T]]) -> T:
    """Lets nobody be turned away unnoticed whose credential was good."""
    try:
        return await attempt()
    except UserBanned as refusal:
        await note_refusal(core, app, place, Doubt.BANNED, refusal.user_id)
        raise
    except AddressUnconfirmed as refusal:
        await note_refusal(core, app, place, Doubt.UNCONFIRMED, refusal.user_id)
        raise
    except RegistrationClosed:
        await note_refusal(core, app, place, Doubt.NO_SUCH_USER)
        raise


async def admit(core: Core, tx: Transaction, app: App, identity: Identity, place: Place) -> Admission:
    """Resolves a verified identity to its user, creating one if the Policy lets it, and opens a session."""
    user = await resolve(tx, app, identity)
    is_new = user is None
    if user is None:
        if not app.policy.registers_on_token:
            raise RegistrationClosed
        user = await create_user(core, tx, app, identity, place)
    if not user.may_act:
        raise UserBanned(user.id)
    if identity.is_vouched and not user.is_vouched:
        user = await make_theirs(core, tx, user, but=place.session, named_by=identity.identifiers)
    if not is_new:
        user = await refresh(core, tx, user, identity)
    return replace(await open_session(core, tx, app, user, identity.assurance, place), is_new_user=is_new)


async def create_user(
    core: Core,
    tx: Transaction,
    app: App,
    identity: Identity,
    place: Place,
    *,
    password_hash: str | None = None,
    is_guest: bool = False,
) -> User:
    fresh = User.from_identity(
        UserId(core.new_id()), app.id, identity, device_id=place.device_id, is_guest=is_guest, now=core.clock()
    )
    user = await tx.users.add(fresh, password_hash=password_hash)
    await note(core, tx, EventKind.USER_CREATED, app.id, user_id=user.id, door=place.door, address=place.address)
    return user


async def open_session(
    core: Core,
    tx: Transaction,
    app: App,
    user: User | None,
    assurance: Assurance,
    place: Place,
    *,
    token: str | None = None,
) -> Admission:
    """Opens a session, or takes over the one that is open, and adopts what its device said anonymously."""
    place = await on_a_good_device(tx, app, place)
    now = core.clock()
    user_id = user.id if user else None
    renewal = None
    if place.session is not None and user is not None:
        session, token = await _take_over(tx, place.session, user, assurance, place), None
        kind = EventKind.SESSION_TAKEN
    else:
        token = token or new_text(core, TokenKind.SESSION)
        token_lifetime = app.policy.token_lifetime if place.renews else None
        lifetime = Lifetime(
            app.policy.session_idle or place.lifetime.idle or (renewing.UNUSED_FOR if token_lifetime else None),
            app.policy.session_at_most or place.lifetime.at_most,
        )
        session = Session(
            SessionId(core.new_id()),
            app.id,
            user_id,
            place.device_id,
            place.workspace,
            assurance,
            place.door,
            lifetime,
            created_at=now,
            last_seen_at=now,
            token_expires_at=None if token_lifetime is None else now + token_lifetime,
        )
        session = await tx.sessions.add(session, fingerprint(token))
        renewal = None if token_lifetime is None else await renewing.first(core, tx, session)
        kind = EventKind.SESSION_OPENED
    await note(
        core,
        tx,
        kind,
        app.id,
        user_id=user_id,
        session_id=session.id,
        door=place.door,
        assurance=assurance.name,
        address=place.address,
    )
    if assurance is Assurance.VERIFIED and session.device_id is not None and not place.is_new_device:
        await _settle_device(core, tx, app, session, session.device_id)
    if user_id is not None:
        crowd = await tx.sessions.crowded_out(user_id, app.policy.sessions_per_user)
        await end_in(core, tx, [it for it in crowd if it.id != session.id], why="too_many")
    return Admission(user, session, token, renewal=renewal)


async def on_a_good_device(tx: Transaction, app: App, place: Place) -> Place:
    """The place without its device, when a later epoch began there: what a retired device knows opens nothing."""
    if place.device_id is None or place.is_new_device:
        return place
    if await tx.devices.is_retired(app.id, place.device_id):
        return replace(place, device_id=None)
    return place


async def note_refusal(core: Core, app: App, place: Place, doubt: Doubt, user_id: int | None = None) -> None:
    """Keeps the precise cause of a refused sign-in, for those who may know it."""
    async with core.store.write() as tx:
        await note(
            core,
            tx,
            EventKind.SIGN_IN_REFUSED,
            app.id,
            user_id=None if user_id is None else UserId(user_id),
            doubt=doubt.value,
            door=place.door,
            address=place.address,
        )


async def once_more_if_taken(attempt: Callable[[], Awaitable[T]]) -> T:
    """Tries again, once, what lost a race for an identifier or a device: the winner is there to be found now."""
    try:
        return await attempt()
    except IdentifierTaken:
        return await attempt()


async def make_theirs(
    core: Core,
    tx: Transaction,
    user: User,
    *,
    but: Session | None = None,
    named_by: tuple[Identifier, ...] = (),
) -> User:
    """The user whom the App vouches for the first time: what whoever registered them chose opens nothing any more.

    Otherwise registering somebody's name in advance would open their account once they come (pre-hijacking). ``but``
    is the session that they are coming in by. Where the App names them (``named_by``) by nothing but a login, which
    people choose, what a Provider proved about whoever chose it goes, too: it would let them in again.
    """
    user = replace(user, identifiers=theirs_of(user, named_by), is_vouched=True, updated_at=core.clock())
    await tx.users.save(user)
    if await tx.users.password_hash(user.id) is not None:
        await tx.users.set_password_hash(user.id, None)
        await tx.tickets.void(user.id, Purpose.PASSWORD_RESET)
        await note(core, tx, EventKind.PASSWORD_CHANGED, user.app_id, user_id=user.id, why="vouched")
    earlier = await tx.sessions.of_user(user.id)
    await end_in(core, tx, [it for it in earlier if but is None or it.id != but.id], why="vouched")
    return user


def theirs_of(user: User, named_by: tuple[Identifier, ...]) -> tuple[Identifier, ...]:
    """What of the user's identifiers stays when the App vouches for them the first time, naming them so.

    An address that whoever registered them typed goes with the rest: a forgotten password would be mailed to it.
    """
    named = [it for it in named_by if it in user.identifiers]
    if not named or any(it.kind is not IdentifierKind.LOGIN for it in named):
        return user.identifiers
    typed = user.profile.claimed.email
    return tuple(
        it for it in user.identifiers if it in named or (it.kind is IdentifierKind.LOGIN and it.value != typed)
    )


async def refresh(core: Core, tx: Transaction, user: User, identity: Identity) -> User:
    """The user with what the credential newly says: profile, and identifiers they did not have yet."""
    missing = tuple(it for it in identity.identifiers if it not in user.identifiers)
    for it in missing:
        if any(it.excludes(has) for has in user.identifiers):
            raise IdentifierTaken(it.kind)  # replacing the other one takes a change of the user, not a sign-in
    now = core.clock()
    met = user.met_again(identity, now=now)
    if missing:
        met = replace(met, identifiers=user.identifiers + missing, updated_at=now)
    if met is not user:
        await tx.users.save(met)
        await note(core, tx, EventKind.USER_CHANGED, user.app_id, user_id=user.id)
    return met


async def _take_over(tx: Transaction, session: Session, user: User, assurance: Assurance, place: Place) -> Session:
    """The open session with the user in it; never one that somebody else proved to be in."""
    current = await tx.sessions.get(user.app_id, session.id)
    if current is None or current.ended_at is not None:
        raise SessionEnded
    if current.assurance is Assurance.VERIFIED and current.user_id != user.id:
        signed_in = await tx.users.get(user.app_id, current.user_id) if current.user_id else None
        raise AlreadySignedIn(signed_in.identifiers[0].kind if signed_in and signed_in.identifiers else "")
    current = current.taken_by(user.id, assurance, place.workspace or current.workspace, current.last_seen_at)
    await tx.sessions.save(current)
    return current


async def _settle_device(core: Core, tx: Transaction, app: App, session: Session, device_id: DeviceId) -> None:
    """Adopts what the device said anonymously, if the Policy says so, and ends its unverified sessions.

    Not on a device that somebody has left for good, though a session opened before may still be there: what was said
    on it is nobody's any more.
    """
    if await tx.devices.is_retired(app.id, device_id):
        return
    if app.policy.adopts_on_sign_in:
        left_behind = await _of_nobody_else(tx, session, await tx.conversations.left_on(app.id, device_id))
        was = {it.conversation_id: it.user_id for it in left_behind}
        taken = adopted(left_behind, by=session)
        for membership in taken:
            await tx.conversations.hand_over(membership, was=was[membership.conversation_id])
            await note(
                core,
                tx,
                EventKind.MEMBERS_CHANGED,
                app.id,
                user_id=session.user_id,
                session_id=session.id,
                conversation_id=membership.conversation_id,
            )
        if taken:
            await note(
                core,
                tx,
                EventKind.HISTORY_ADOPTED,
                app.id,
                user_id=session.user_id,
                session_id=session.id,
                conversations=[str(it.conversation_id) for it in taken],
            )
    others = [it for it in await tx.sessions.unverified_on(app.id, device_id) if it.id != session.id]
    await end_in(core, tx, others, why="signed_in")


async def _of_nobody_else(tx: Transaction, session: Session, left_behind: list[Membership]) -> list[Membership]:
    """Those of them that were not given to another verified person meanwhile: the App can merge a visitor into one."""
    others = await tx.users.many(session.app_id, {it.user_id for it in left_behind if it.user_id != session.user_id})
    return [it for it in left_behind if it.user_id not in others or not others[it.user_id].is_verified]
