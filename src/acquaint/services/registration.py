"""What people register themselves with, and change later: a login, an address, a password, a profile.

Names                   the login and the address somebody says
named, is_known         whom signing in with such names means, and whether that is anybody
sign_up                 a new user, without a session
sign_in_or_register     by password; the first time creates the user, where the Policy says so
OwnChange, change_own   names, password and profile of one's own, changed in one step

Nobody proves anything by registering: an address that is said becomes a login and a claim (``addresses``), and what
the App or a Provider proved is never replaced by what somebody says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..domain.apps import App
from ..domain.errors import IdentifierTaken, NeedsUser, NotAllowed, RegistrationClosed, SessionEnded, Unacceptable
from ..domain.events import EventKind
from ..domain.identities import (
    KEEP,
    NO_CHANGE,
    Assurance,
    Claimed,
    Identifier,
    IdentifierKind,
    Identity,
    Keep,
    ProfileChange,
)
from ..domain.passwords import OWASP_ASVS, PasswordRules
from ..domain.tickets import Purpose
from ..domain.users import User
from ..ports.store import Reading, Recognised, Transaction
from . import limits
from .addresses import meant, registering
from .admission import Admission, Place, create_user
from .core import Core
from .sessions import note, still_open
from .sign_in import register, rules_of, sign_in
from .users import Renewal, renewal, replace_password


@dataclass(frozen=True, slots=True)
class Names:
    """What somebody calls themselves: a login, an address, or both."""

    login: str | None = None
    email: str | None = None

    def __post_init__(self) -> None:
        if not self.login and not self.email:
            raise Unacceptable("login", "cannot be blank")


async def named(core: Core, app: App, names: Names) -> Identifier:
    """Whom signing in with these names means: the login if anybody has it, or else the address."""
    if names.login:
        login = Identifier.login(names.login)
        async with core.store.read() as tx:
            if not names.email or await tx.users.find(app.id, login) is not None:
                return login
    return await meant(core, app, names.email or "")


async def is_known(core: Core, app: App, names: Names) -> bool:
    """Whether signing in with these names means anybody."""
    who = await named(core, app, names)
    async with core.store.read() as tx:
        return await tx.users.find(app.id, who) is not None


async def sign_up(
    core: Core,
    app: App,
    names: Names,
    password: str,
    profile: ProfileChange,
    place: Place,
    rules: PasswordRules = OWASP_ASVS,
) -> User:
    """A new user with a password; opens no session.

    Refuses with RegistrationClosed where the Policy lets nobody sign up, IdentifierTaken (``login`` or ``email``,
    whichever it is), Unacceptable or TooManyRequests.
    """
    profile.check_own()
    if not app.policy.allows_sign_up:
        raise RegistrationClosed
    rules_of(app, rules).check(password)
    await limits.take(core, limits.REGISTRATIONS_PER_ADDRESS, place.address)
    identifiers, claimed = await _registering_as(core, app, names)
    hashed = await core.hasher.hash(password)
    identity = Identity(identifiers, Assurance.VERIFIED, profile, claimed)
    try:
        async with core.store.write() as tx:
            return await create_user(core, tx, app, identity, place, password_hash=hashed)
    except IdentifierTaken:  # somebody else was faster
        await _registering_as(core, app, names)  # says which of the two
        raise


async def sign_in_or_register(
    core: Core,
    app: App,
    names: Names,
    password: str,
    profile: ProfileChange,
    place: Place,
    rules: PasswordRules = OWASP_ASVS,
) -> Admission:
    """Sign in by password; where the Policy allows it, the first time creates the user, with the profile.

    Refuses like ``sign_in``: a known user's password is never overwritten, nor their profile.
    """
    if app.policy.registers_on_login:
        try:
            identifiers, claimed = await _registering_as(core, app, names)
            return await register(core, app, identifiers, password, profile, place, rules, claimed)
        except IdentifierTaken:  # they are known, or another first login won the race and ours is a second one
            pass
    return await sign_in(core, app, await named(core, app, names), password, place)


@dataclass(frozen=True, slots=True)
class OwnChange:
    """What somebody changes of themselves. ``profile`` is made from the user as they are when it is written."""

    profile: Callable[[User], ProfileChange] = lambda user: NO_CHANGE
    login: str | Keep | None = KEEP
    email: str | Keep | None = KEEP
    old_password: str | None = None
    new_password: str | None = None


async def change_own(
    core: Core, it: Recognised, change: OwnChange, *, address: str = "", rules: PasswordRules = OWASP_ASVS
) -> User:
    """All of the change or nothing of it; answers the user after it.

    Their login and address are names they chose: others may not have them, and who is vouched for keeps the login that
    the App knows them by. Refuses with NeedsUser, NotAllowed (somebody unverified; a login of the App's), Unacceptable,
    IdentifierTaken, InvalidCredentials (the old password), SessionEnded or TooManyRequests.
    """
    if it.user is None:
        raise NeedsUser
    await core.limiter.take(limits.CHANGES_PER_SESSION, str(it.session.id))
    email = change.email if isinstance(change.email, Keep) else _address(change.email)
    renewed = None
    if change.new_password is not None:
        renewed = await renewal(
            core,
            it.app,
            it.session,
            it.user,
            old=change.old_password or "",
            new=change.new_password,
            address=address,
            rules=rules,
            field="password",
        )
    async with core.store.write() as tx:
        session = await still_open(tx, it.session)
        if session.user_id != it.user.id:
            raise SessionEnded  # somebody else came into it meanwhile, or they left
        user = await tx.users.get(it.app.id, it.user.id)
        if user is None or not user.may_act:
            raise SessionEnded
        return await _change(core, tx, it.app, replace(it, session=session, user=user), user, change, email, renewed)


async def _change(
    core: Core,
    tx: Transaction,
    app: App,
    it: Recognised,
    user: User,
    change: OwnChange,
    email: str | Keep | None,
    renewed: Renewal | None,
) -> User:
    profile = change.profile(user)
    profile.check_own()
    if it.session.assurance is not Assurance.VERIFIED and not user.is_guest:
        raise NotAllowed
    after = user.met_again(Identity((), Assurance.VERIFIED, profile), now=core.clock())
    waits = app.policy.requires_confirmed_emails and await tx.users.password_hash(user.id) is not None
    after = _calling_themselves(after, change.login, email, waits=waits)
    if waits and after.unproven_email != user.unproven_email:
        await tx.tickets.void(user.id, Purpose.EMAIL_CONFIRMATION)
        await _refuse_proven(tx, app, after)
    if after.identifiers != user.identifiers:
        await _refuse_names_of_others(tx, app, after, not_of=user)
        await tx.tickets.void(user.id, Purpose.PASSWORD_RESET)  # they were sent to an address of before
    if after.profile != user.profile or after.identifiers != user.identifiers:
        after = replace(after, updated_at=core.clock())
        await tx.users.save(after)
        names = after.identifiers != user.identifiers
        await note(
            core, tx, EventKind.USER_CHANGED, app.id, user_id=user.id, session_id=it.session.id, identifiers=names
        )
    if renewed is not None:
        await renewed.check_current(tx, user)
        ends = app.policy.ends_sessions_on_password_change
        await replace_password(core, tx, user, renewed.hashed, ends_sessions=ends, but=it.session.id)
    return after


def _calling_themselves(user: User, login: str | Keep | None, email: str | Keep | None, *, waits: bool = False) -> User:
    """The user by the names they now choose. Those that were proved, or that the App gave, stay.

    ``waits``: an address that takes the place of none, or of a proven one, is only given until they confirm it.
    """
    if not isinstance(email, Keep):
        user = _claiming_address(user, email, waits=waits)
    if isinstance(login, Keep):
        return user
    addresses = {user.profile.claimed.email, user.known_as(IdentifierKind.EMAIL)}
    logins = (it for it in user.identifiers if it.kind is IdentifierKind.LOGIN)
    chosen = next((it for it in logins if it.value not in addresses), None)
    now = Identifier.login(login) if login else None
    if now == chosen:
        return user
    if user.is_vouched or user.is_guest:
        raise NotAllowed
    return _with_name(user, chosen, now, first=True)


def _claiming_address(user: User, email: str | None, *, waits: bool) -> User:
    proven, was = user.known_as(IdentifierKind.EMAIL), user.profile.claimed.email
    if proven is not None and email != proven and (email is None or not waits or user.is_vouched):
        raise Unacceptable("email", "is verified and cannot be changed here")
    if proven is not None and not waits:
        return user
    if email == was:
        return user
    if user.is_guest:
        raise NotAllowed
    claimed = replace(user.profile.claimed, email=email)
    user = replace(user, profile=replace(user.profile, claimed=claimed))
    if user.is_vouched:  # a login they choose could be somebody's whom the App will name
        return user
    if waits and (proven is not None or was is None or Identifier.login(was) not in user.identifiers):
        return user  # until it is confirmed
    return _with_name(user, Identifier.login(was) if was else None, Identifier.login(email) if email else None)


def _with_name(user: User, old: Identifier | None, new: Identifier | None, *, first: bool = False) -> User:
    """The user with one name in another's place. Whoever had a name keeps one, or nobody could find them any more."""
    others = tuple(it for it in user.identifiers if it not in (old, new))
    added = () if new is None else (new,)
    identifiers = added + others if first else others + added
    if user.identifiers and not identifiers:
        raise Unacceptable("login", "cannot be blank")
    return replace(user, identifiers=identifiers)


async def _refuse_proven(tx: Reading, app: App, user: User) -> None:
    email = user.unproven_email
    owner = None if email is None else await tx.users.find(app.id, Identifier.email(email))
    if owner is not None and owner.id != user.id:
        raise IdentifierTaken(IdentifierKind.EMAIL)


async def _refuse_names_of_others(tx: Reading, app: App, user: User, *, not_of: User) -> None:
    claimed = user.profile.claimed.email
    for it in user.identifiers:
        if it in not_of.identifiers:
            continue
        owner = await tx.users.find(app.id, it)
        if owner is None and it.value == claimed:
            owner = await tx.users.find(app.id, Identifier.email(claimed))
        if owner is not None and owner.id != user.id:
            raise IdentifierTaken(IdentifierKind.EMAIL if it.value == claimed else it.kind)


async def _registering_as(core: Core, app: App, names: Names) -> tuple[tuple[Identifier, ...], Claimed]:
    """The identifiers that registering with the names makes; refuses with IdentifierTaken, saying which name it is."""
    identifiers: list[Identifier] = []
    claimed = Claimed()
    if names.login:
        identifiers.append(Identifier.login(names.login))
    if names.email:
        address, claimed = await registering(core, app, names.email)
        identifiers += [it for it in (address,) if it not in identifiers]
    async with core.store.read() as tx:
        for it in identifiers:
            if await tx.users.find(app.id, it) is not None:
                raise IdentifierTaken(it.kind if it.value == names.login else IdentifierKind.EMAIL)
    return tuple(identifiers), claimed


def _address(email: str | None) -> str | None:
    return Identifier.email(email).value if email else None
