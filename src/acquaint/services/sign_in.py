"""Signing in. Every way in ends in ``admit``: a credential proves an Identity, the Identity resolves
to a User, the User gets a Session, and the Session adopts what its device said anonymously.

    login_or_register     password; the first time creates the user, where the Policy says so
    register              password; only ever creates
    sign_in               password; never creates
    sign_in_with_token    a token the App's server signed
    vouch_for             the App's server itself, over its API key
    enter_as_guest        a name, for a day
    visit                 nothing but a device, or not even that: nobody is created for looking
    claim                 name and e-mail that a visitor typed: believed by nobody
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, TypeVar

from ..domain.apps import App
from ..domain.claims import TokenRules, identity_in
from ..domain.conversations import adopted
from ..domain.errors import (
    AlreadySignedIn,
    Doubt,
    IdentifierTaken,
    InvalidCredentials,
    NotAllowed,
    RegistrationClosed,
    SessionEnded,
    UserBanned,
)
from ..domain.events import EventKind
from ..domain.identities import NO_CHANGE, Assurance, Claimed, Identifier, Identity, ProfileChange
from ..domain.passwords import OWASP_ASVS, PasswordRules
from ..domain.places import DeviceId, Workspace
from ..domain.sessions import Lifetime, Session, SessionId
from ..domain.tokens import TokenKind, is_well_formed
from ..domain.users import User, UserId
from ..ports.store import Recognised, Transaction
from . import limits
from .core import Core, device_of, fingerprint, new_text
from .sessions import end_in, ensure_user, note

T = TypeVar("T")

GUEST_LIFETIME: Final = Lifetime(at_most=timedelta(days=1))  # ConnectyCube: a guest session is valid for one day


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody comes in: through which door, from which address, on which device, in which workspace.

    ``session`` is one that is open there already and is to be taken over with its token, as some vendors'
    clients keep their token when they sign in; without it a new session is opened.
    """

    door: str
    lifetime: Lifetime
    address: str = ""
    device_id: DeviceId | None = None
    workspace: Workspace | None = None
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """The outcome of signing in. ``token`` is None where an open session was taken over: the client has it."""

    user: User | None
    session: Session
    token: str | None
    is_new_user: bool = False


async def login_or_register(
    core: Core,
    app: App,
    who: Identifier,
    password: str,
    profile: ProfileChange,
    place: Place,
    rules: PasswordRules = OWASP_ASVS,
) -> Admission:
    """Sign in by password; where the Policy allows it, the first time creates the user.

    Refuses with InvalidCredentials for a wrong password (nothing changes), with RegistrationClosed for an
    unknown user after the same work, with UserBanned, TooManyRequests or Unacceptable (password rules).
    """
    if app.policy.registers_on_login and not await _is_known(core, app, who):
        try:
            return await register(core, app, (who,), password, profile, place, rules)
        except IdentifierTaken:  # another first login won the race, so ours is a second one
            pass
    try:
        return await sign_in(core, app, who, password, place, profile)
    except InvalidCredentials as refusal:
        if refusal.doubt is Doubt.NO_SUCH_USER and not app.policy.registers_on_login:
            raise RegistrationClosed from refusal
        raise


async def register(
    core: Core,
    app: App,
    identifiers: tuple[Identifier, ...],
    password: str,
    profile: ProfileChange,
    place: Place,
    rules: PasswordRules = OWASP_ASVS,
) -> Admission:
    """Creates a user with a password and signs them in. Refuses with IdentifierTaken or Unacceptable."""
    rules_of(app, rules).check(password)
    await limits.take(core, limits.REGISTRATIONS_PER_ADDRESS, place.address)
    hashed = await core.hasher.hash(password)  # slow on purpose: before the transaction, never in it
    identity = Identity(identifiers, Assurance.VERIFIED, profile)
    async with core.store.write() as tx:
        user = await _create(core, tx, app, identity, place, password_hash=hashed)
        return replace(await _open(core, tx, app, user, Assurance.VERIFIED, place), is_new_user=True)


async def sign_in(
    core: Core, app: App, who: Identifier, password: str, place: Place, profile: ProfileChange = NO_CHANGE
) -> Admission:
    """Sign in by password. A wrong password and an unknown user are one refusal, after the same work."""
    await limits.take_password_try(core, app, who, place.address)
    async with core.store.read() as tx:
        user = await tx.users.find(app.id, who)
        hashed = await tx.users.password_hash(user.id) if user else None
    if not await core.hasher.verify(password, hashed):
        doubt = Doubt.NO_SUCH_USER if user is None else Doubt.NO_PASSWORD if hashed is None else Doubt.WRONG_PASSWORD
        await note_refusal(core, app, place, doubt, user)
        raise InvalidCredentials(doubt)
    await limits.give_password_try_back(core, app, who, place.address)
    renewed = await core.hasher.hash(password) if hashed and core.hasher.is_outdated(hashed) else None
    async with core.store.write() as tx:
        if user is None or await tx.users.password_hash(user.id) != hashed:
            raise InvalidCredentials(Doubt.WRONG_PASSWORD)  # changed, or deleted, while we were checking the old one
        if renewed:
            await tx.users.set_password_hash(user.id, renewed)
        return await admit(core, tx, app, Identity((who,), Assurance.VERIFIED, profile), place)


async def sign_in_with_token(core: Core, app: App, token: str, place: Place) -> Admission:
    """Sign in with a token the App's server signed, and keep what this device already said.

    Refuses with TokenRefused naming the claim, StaleToken with the measured skew, RegistrationClosed,
    AlreadySignedIn or UserBanned.
    """
    await limits.take(core, limits.TOKENS_PER_ADDRESS, place.address)
    try:
        async with core.store.read() as tx:
            secrets = await tx.keys.secrets_of(app.id)
        now = core.clock()
        believed = [it.text for it in secrets if it.verifies(now)]
        rules = TokenRules(app.policy.token_max_age, app.policy.token_requires_typ)
        identity = identity_in(core.signer.verify(token, believed), rules, now)
    except InvalidCredentials as refusal:
        await note_refusal(core, app, place, refusal.doubt)
        raise
    await core.limiter.give_back(limits.TOKENS_PER_ADDRESS, limits.party(place.address))
    return await admit_identity(core, app, identity, place)


async def vouch_for(core: Core, app: App, identity: Identity, place: Place) -> Admission:
    """The App's own server names somebody; the session it gets back is verified."""
    return await admit_identity(core, app, identity, place)


async def enter_as_guest(core: Core, app: App, name: str | None, place: Place) -> Admission:
    """A user with nothing but a name, for as long as the session lives; both are gone after a day."""
    if not app.policy.allows_guests:
        raise RegistrationClosed
    await limits.take(core, limits.REGISTRATIONS_PER_ADDRESS, place.address)
    token = new_text(core, TokenKind.SESSION)
    place = replace(place, device_id=device_of(token), lifetime=GUEST_LIFETIME)  # the token is all a guest holds
    identity = Identity((), Assurance.ANONYMOUS, ProfileChange(name=name) if name else NO_CHANGE)
    async with core.store.write() as tx:
        user = await _create(core, tx, app, identity, place, is_guest=True)
        return replace(await _open(core, tx, app, user, Assurance.ANONYMOUS, place, token=token), is_new_user=True)


async def visit(core: Core, app: App, place: Place) -> Admission:
    """A session for whoever holds the device, if they were here before, or else with nobody in it yet."""
    await limits.take(core, limits.ARRIVALS_PER_ADDRESS, place.address)
    async with core.store.write() as tx:
        place = await _on_a_good_device(tx, app, place)
        user = await tx.users.on_device(app.id, place.device_id) if place.device_id else None
        if user is not None and not user.may_act:
            raise UserBanned
        return await _open(core, tx, app, user, Assurance.ANONYMOUS, place)


async def claim(core: Core, it: Recognised, claimed: Claimed) -> Session:
    """Keeps what a visitor says about themselves, apart from anything proven; they stay who their device is.

    A verified session has no use for claims and is refused with NotAllowed.
    """
    if it.session.assurance is Assurance.VERIFIED:
        raise NotAllowed

    async def keep() -> Session:
        async with core.store.write() as tx:
            session, user = await ensure_user(core, tx, it)
            now = core.clock()
            user = user.met_again(Identity((), Assurance.CLAIMED, claimed=claimed), now=now)
            await tx.users.save(user)
            session = session.taken_by(user.id, Assurance.CLAIMED, session.workspace, now)
            await tx.sessions.save(session)
            await note(
                core, tx, EventKind.USER_CHANGED, it.app.id, user_id=user.id, session_id=session.id, claimed=True
            )
            return session

    return await once_more_if_taken(keep)


async def known_device(core: Core, app: App, secret: str | None) -> tuple[DeviceId, str]:
    """The device that holds this secret, or a new one with a new secret.

    Only secrets of our making name a device, so that nobody picks one that others could guess; one
    whose epoch has ended names nobody any more.
    """
    if secret is not None and is_well_formed(secret, TokenKind.DEVICE):
        device_id = device_of(secret)
        async with core.store.read() as tx:
            if not await tx.devices.is_retired(app.id, device_id):
                return device_id, secret
    secret = new_text(core, TokenKind.DEVICE)
    return device_of(secret), secret


async def admit_identity(core: Core, app: App, identity: Identity, place: Place) -> Admission:
    """``admit`` in a transaction of its own, tried again when another first sign-in created the user meanwhile."""

    async def once() -> Admission:
        async with core.store.write() as tx:
            return await admit(core, tx, app, identity, place)

    return await once_more_if_taken(once)


async def admit(core: Core, tx: Transaction, app: App, identity: Identity, place: Place) -> Admission:
    """Resolves a verified identity to its user, creating one if the Policy lets it, and opens a session."""
    user = await _resolve(tx, app, identity)
    is_new = user is None
    if user is None:
        if not app.policy.registers_on_token:
            raise RegistrationClosed
        user = await _create(core, tx, app, identity, place)
    if not user.may_act:
        raise UserBanned
    if not is_new:
        user = await _refresh(core, tx, user, identity)
    return replace(await _open(core, tx, app, user, identity.assurance, place), is_new_user=is_new)


def rules_of(app: App, rules: PasswordRules) -> PasswordRules:
    """A door's password rules, with the length the App asks for."""
    shortest = app.policy.password_min_length
    return rules if shortest is None else replace(rules, shortest=shortest)


async def note_refusal(core: Core, app: App, place: Place, doubt: Doubt, user: User | None = None) -> None:
    """Keeps the precise cause of a refused sign-in, for those who may know it."""
    async with core.store.write() as tx:
        user_id = user.id if user else None
        await note(
            core,
            tx,
            EventKind.SIGN_IN_REFUSED,
            app.id,
            user_id=user_id,
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


async def _is_known(core: Core, app: App, who: Identifier) -> bool:
    async with core.store.read() as tx:
        return await tx.users.find(app.id, who) is not None


async def _resolve(tx: Transaction, app: App, identity: Identity) -> User | None:
    """The user one of the identifiers names; the first one that names anybody decides."""
    for identifier in identity.identifiers:
        user = await tx.users.find(app.id, identifier)
        if user is not None:
            return user
    return None


async def _create(
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


async def _refresh(core: Core, tx: Transaction, user: User, identity: Identity) -> User:
    """The user with what the credential newly says: profile, and identifiers they did not have yet."""
    missing = tuple(it for it in identity.identifiers if it not in user.identifiers)
    for it in missing:
        if (
            user.known_as(it.kind) is not None
        ):  # they have another one: replacing it takes a change of the user, not a sign-in
            raise IdentifierTaken(it.kind)
    now = core.clock()
    met = user.met_again(identity, now=now)
    if missing:
        met = replace(met, identifiers=user.identifiers + missing, updated_at=now)
    if met is not user:
        await tx.users.save(met)
        await note(core, tx, EventKind.USER_CHANGED, user.app_id, user_id=user.id)
    return met


async def _open(
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
    place = await _on_a_good_device(tx, app, place)
    now = core.clock()
    user_id = user.id if user else None
    if place.session is not None and user is not None:
        session, token = await _take_over(tx, place.session, user, assurance, place), None
        kind = EventKind.SESSION_TAKEN
    else:
        token = token or new_text(core, TokenKind.SESSION)
        lifetime = Lifetime(
            app.policy.session_idle or place.lifetime.idle,
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
        )
        session = await tx.sessions.add(session, fingerprint(token))
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
    if assurance is Assurance.VERIFIED and session.device_id is not None:
        await _settle_device(core, tx, app, session, session.device_id)
    return Admission(user, session, token)


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
    """Adopts what the device said anonymously, if the Policy says so, and ends its unverified sessions."""
    if app.policy.adopts_on_sign_in:
        left_behind = await tx.conversations.left_on(app.id, device_id)
        was = {it.conversation_id: it.user_id for it in left_behind}
        taken = adopted(left_behind, by=session)
        for membership in taken:
            await tx.conversations.hand_over(membership, was=was[membership.conversation_id])
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


async def _on_a_good_device(tx: Transaction, app: App, place: Place) -> Place:
    """The place without its device, when a later epoch began there: what a retired device knows opens nothing."""
    if place.device_id is not None and await tx.devices.is_retired(app.id, place.device_id):
        return replace(place, device_id=None)
    return place
