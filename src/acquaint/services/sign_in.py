"""Signing in. Every way in ends in ``admit``: a credential proves an Identity, the Identity resolves
to a User, the User gets a Session, and the Session adopts what its device said anonymously.

    login_or_register     password; the first time creates the user, where the Policy says so
    register              password; only ever creates
    sign_in               password; never creates
    sign_in_with_token    a token the App's server signed
    vouch_for             the App's server itself, over its API key
    vouch_for_known       the same, for a user who is there already
    enter_as_guest        a name, for a day
    visit                 nothing but a device, or not even that: nobody is created for looking
    claim                 name and e-mail that a visitor typed: believed by nobody
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ..domain.apps import App
from ..domain.claims import TokenRules, identity_in
from ..domain.errors import (
    AddressUnconfirmed,
    Doubt,
    IdentifierTaken,
    InvalidCredentials,
    NotAllowed,
    NotFound,
    RegistrationClosed,
    UserBanned,
)
from ..domain.events import EventKind
from ..domain.identities import (
    NO_CHANGE,
    Assurance,
    Claimed,
    Identifier,
    IdentifierKind,
    Identity,
    Profile,
    ProfileChange,
)
from ..domain.passwords import OWASP_ASVS, PasswordRules
from ..domain.places import DeviceId
from ..domain.sessions import Lifetime, Session
from ..domain.tokens import TokenKind, is_well_formed
from ..domain.users import User
from ..ports.store import Recognised, Transaction
from . import confirmation, limits
from .admission import (
    Admission,
    Place,
    admit,
    admit_identity,
    create_user,
    note_refusal,
    noting_refusals,
    on_a_good_device,
    once_more_if_taken,
    open_session,
    refresh,
)
from .apps import believed_secrets
from .core import Core, device_of, new_text
from .sessions import end_in, ensure_user, note

GUEST_LIFETIME: Final = Lifetime(at_most=timedelta(days=1))  # ConnectyCube: a guest session is valid for one day


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

    Refuses with InvalidCredentials for a wrong password (nothing changes) and, after the same work, for an unknown
    user who may not register; with UserBanned, TooManyRequests or Unacceptable (password rules).
    """
    may_register = app.policy.registers_on_login and who.kind is IdentifierKind.LOGIN
    if may_register and not await _is_known(core, app, who):
        try:
            return await register(core, app, (who,), password, profile, place, rules)
        except IdentifierTaken:  # another first login won the race, so ours is a second one
            pass
    return await sign_in(core, app, who, password, place, profile)


async def register(
    core: Core,
    app: App,
    identifiers: tuple[Identifier, ...],
    password: str,
    profile: ProfileChange,
    place: Place,
    rules: PasswordRules = OWASP_ASVS,
    claimed: Claimed | None = None,
) -> Admission:
    """Creates a user with a password and signs them in.

    Whoever registers has proved nothing about themselves: they may choose a login and nothing else, or they would
    own the address of whoever comes later with proof. Refuses with RegistrationClosed where the Policy lets nobody
    register, IdentifierTaken or Unacceptable; and with AddressUnconfirmed once the user is made, where they have to
    confirm their address before they are let in.
    """
    if any(it.kind is not IdentifierKind.LOGIN for it in identifiers):
        raise NotAllowed
    profile.check_own()
    if not app.policy.registers_on_login:
        raise RegistrationClosed
    rules_of(app, rules).check(password)
    await limits.take(core, limits.REGISTRATIONS_PER_ADDRESS, place.address)
    hashed = await core.hasher.hash(password)  # slow on purpose: before the transaction, never in it
    identity = Identity(identifiers, Assurance.VERIFIED, profile, claimed or Claimed())
    async with core.store.write() as tx:
        user = await create_user(core, tx, app, identity, place, password_hash=hashed)
        if not confirmation.is_due(app, user):
            return replace(await open_session(core, tx, app, user, Assurance.VERIFIED, place), is_new_user=True)
    raise AddressUnconfirmed(user.id)


async def sign_in(
    core: Core, app: App, who: Identifier, password: str, place: Place, profile: ProfileChange = NO_CHANGE
) -> Admission:
    """Sign in by password. A wrong password and an unknown user are one refusal, after the same work.

    Refuses with AddressUnconfirmed who has to confirm their address first.
    """
    profile.check_own()
    await limits.take_password_try(core, app, who, place.address)
    async with core.store.read() as tx:
        user = await tx.users.find(app.id, who)
        hashed = await tx.users.password_hash(user.id) if user else None
    if not await core.hasher.verify(password, hashed):
        doubt = Doubt.NO_SUCH_USER if user is None else Doubt.NO_PASSWORD if hashed is None else Doubt.WRONG_PASSWORD
        await note_refusal(core, app, place, doubt, user.id if user else None)
        raise InvalidCredentials(doubt)
    await limits.give_password_try_back(core, app, who, place.address)
    renewed = await core.hasher.hash(password) if hashed and core.hasher.is_outdated(hashed) else None

    async def once() -> Admission:
        async with core.store.write() as tx:
            current = await tx.users.find(app.id, who)
            if user is None or current is None or current.id != user.id:
                raise InvalidCredentials(Doubt.WRONG_PASSWORD)  # deleted or renamed while we were checking
            if await tx.users.password_hash(user.id) != hashed:
                raise InvalidCredentials(Doubt.WRONG_PASSWORD)  # changed meanwhile
            if renewed:
                await tx.users.set_password_hash(user.id, renewed, is_same=True)
            if current.may_act:
                confirmation.check(app, current)
            return await admit(core, tx, app, Identity((who,), Assurance.VERIFIED, profile), place)

    return await noting_refusals(core, app, place, once)


async def sign_in_with_token(core: Core, app: App, token: str, place: Place) -> Admission:
    """Sign in with a token the App's server signed, and keep what this device already said.

    Refuses with TokenRefused naming the claim, StaleToken with the measured skew, RegistrationClosed,
    AlreadySignedIn or UserBanned.
    """
    await limits.take(core, limits.TOKENS_PER_ADDRESS, place.address)
    try:
        signed = core.signer.verify(token, await believed_secrets(core, app))
        policy = app.policy
        rules = TokenRules(policy.token_max_age, policy.token_requires_typ, policy.token_max_future)
        identity = identity_in(signed, rules, core.clock())
    except InvalidCredentials as refusal:
        await note_refusal(core, app, place, refusal.doubt)
        raise
    await core.limiter.give_back(limits.TOKENS_PER_ADDRESS, limits.party(place.address))
    return await admit_identity(core, app, identity, place)


async def vouch_for(
    core: Core,
    app: App,
    identity: Identity,
    place: Place,
    *,
    described: Callable[[Profile], ProfileChange] | None = None,
) -> Admission:
    """The App's own server names somebody; the session it gets back is verified.

    The first time it does, the user is nobody else's any more: a password that somebody registered with, and the
    sessions it opened, are gone. ``described`` makes what the server says of them from the profile as it is.
    """
    identity = replace(identity, is_vouched=True)
    if described is None:
        return await admit_identity(core, app, identity, place)

    async def once() -> Admission:
        async with core.store.write() as tx:
            admission = await admit(core, tx, app, identity, place)
            if admission.user is None:
                return admission
            told = Identity((), Assurance.VERIFIED, described(admission.user.profile))
            return replace(admission, user=await refresh(core, tx, admission.user, told))

    return await noting_refusals(core, app, place, lambda: once_more_if_taken(once))


async def vouch_for_known(
    core: Core, app: App, who: Identifier, place: Place, *, ends_others: bool = False
) -> Admission:
    """The App's own server asks for a session of a user it has; creates nobody.

    With ``ends_others`` the new session is the only one: the others end in the same step. Refuses with NotFound or
    UserBanned.
    """

    async def once() -> Admission:
        async with core.store.write() as tx:
            user = await tx.users.find(app.id, who)
            if user is None:
                raise NotFound("user")
            if ends_others:
                await end_in(core, tx, await tx.sessions.of_user(user.id), why="replaced")
            return await admit(core, tx, app, Identity((who,), Assurance.VERIFIED), place)

    return await noting_refusals(core, app, place, once)


async def enter_as_guest(core: Core, app: App, name: str | None, place: Place) -> Admission:
    """A user with nothing but a name, for as long as the session lives; both are gone after a day."""
    if not app.policy.allows_guests:
        raise RegistrationClosed
    await limits.take(core, limits.REGISTRATIONS_PER_ADDRESS, place.address)
    token = new_text(core, TokenKind.SESSION)
    place = replace(place, device_id=device_of(token), lifetime=GUEST_LIFETIME, session=None)  # all a guest holds
    identity = Identity((), Assurance.ANONYMOUS, ProfileChange(name=name) if name else NO_CHANGE)
    async with core.store.write() as tx:
        user = await create_user(core, tx, app, identity, place, is_guest=True)
        return replace(
            await open_session(core, tx, app, user, Assurance.ANONYMOUS, place, token=token), is_new_user=True
        )


async def visit(core: Core, app: App, place: Place, *, token: str | None = None) -> Admission:
    """A session for whoever holds the device, if they were here before, or else with nobody in it yet.

    ``token`` is a fresh text that the session is to go by, for vendors whose one token names the device as well.
    """
    await limits.take(core, limits.ARRIVALS_PER_ADDRESS, place.address)
    async with core.store.write() as tx:
        user = None
        if place.device_id is not None and not place.is_new_device:
            user = await tx.users.on_device(app.id, place.device_id)
        place = await on_a_good_device(tx, app, place)
        if place.device_id is None:
            user = None
        if user is not None and not user.may_act:
            raise UserBanned(user.id)
        return await open_session(core, tx, app, user, Assurance.ANONYMOUS, place, token=token)


async def claim(core: Core, it: Recognised, claimed: Claimed) -> Session:
    """Keeps what a visitor says about themselves, apart from anything proven; they stay who their device is.

    A verified session has no use for claims and is refused with NotAllowed.
    """
    await core.limiter.take(limits.CHANGES_PER_SESSION, str(it.session.id))

    async def keep() -> Session:
        async with core.store.write() as tx:
            session, user = await ensure_user(core, tx, it)
            return (await claim_in(core, tx, session, user, claimed))[0]

    return await once_more_if_taken(keep)


async def claim_in(core: Core, tx: Transaction, session: Session, user: User, claimed: Claimed) -> tuple[Session, User]:
    """``claim`` within a transaction, by the user of the session."""
    if session.assurance is Assurance.VERIFIED:
        raise NotAllowed
    now = core.clock()
    user = user.met_again(Identity((), Assurance.CLAIMED, claimed=claimed), now=now)
    await tx.users.save(user)
    session = session.taken_by(user.id, Assurance.CLAIMED, session.workspace, now)
    await tx.sessions.save(session)
    await note(core, tx, EventKind.USER_CHANGED, session.app_id, user_id=user.id, session_id=session.id, claimed=True)
    return session, user


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


def rules_of(app: App, rules: PasswordRules) -> PasswordRules:
    """A door's password rules, with the length the App asks for."""
    shortest = app.policy.password_min_length
    return rules if shortest is None else replace(rules, shortest=shortest)


async def _is_known(core: Core, app: App, who: Identifier) -> bool:
    async with core.store.read() as tx:
        return await tx.users.find(app.id, who) is not None
