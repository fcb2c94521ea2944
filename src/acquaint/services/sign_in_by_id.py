"""Signing in as the user of an id, for protocols that know a name and a secret and nothing else (chat, mostly).

    enter_by_id     the session a token opens, or one that a password opens now
    prove_by_id     only whether the secret is the user's, for a chat server beside us
    is_there        whether there is such a user, for the same

The secret is the token of a live session of this very user, or else their password. Wrong ones are counted like any
others, and who asks hears one refusal for an unknown App, an unknown user and a wrong secret, after the same work.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..domain.apps import App, AppId
from ..domain.errors import AddressUnconfirmed, AppClosed, Doubt, InvalidCredentials, SessionEnded, UserBanned
from ..domain.identities import Assurance, Identifier
from ..domain.tokens import TokenKind, is_well_formed
from ..domain.users import User, UserId
from ..ports.store import Recognised
from . import confirmation, limits, sessions
from .admission import Place, note_refusal, noting_refusals, open_session
from .core import Core


@dataclass(frozen=True, slots=True)
class Entrance:
    """Somebody came in. ``is_new`` says that the session was opened for it: nobody else has its token."""

    it: Recognised
    is_new: bool


async def enter_by_id(core: Core, app_id: AppId, user_id: UserId, secret: str, place: Place) -> Entrance:
    """Refuses with InvalidCredentials, UserBanned, AddressUnconfirmed, AppClosed, TooManyRequests or Busy."""
    if is_well_formed(secret, TokenKind.SESSION):
        return Entrance(await _by_token(core, app_id, user_id, secret, place), is_new=False)
    app, user, hashed = await _by_password(core, app_id, user_id, secret, place)

    async def once() -> Recognised:
        async with core.store.write() as tx:
            current = await tx.users.get(app.id, user.id)
            if current is None or await tx.users.password_hash(user.id) != hashed:
                raise InvalidCredentials(Doubt.WRONG_PASSWORD)  # gone, or changed meanwhile
            if not current.may_act:
                raise UserBanned(user.id)
            confirmation.check(app, current)
            admission = await open_session(core, tx, app, current, Assurance.VERIFIED, place)
            return Recognised(admission.session, app, current)

    return Entrance(await noting_refusals(core, app, place, once), is_new=True)


async def prove_by_id(core: Core, app_id: AppId, user_id: UserId, secret: str, place: Place) -> None:
    """Refuses like ``enter_by_id``. A token is used by this, as by any request; no session is opened."""
    if is_well_formed(secret, TokenKind.SESSION):
        await _by_token(core, app_id, user_id, secret, place)
        return
    app, user, _ = await _by_password(core, app_id, user_id, secret, place)
    if not user.may_act:
        await note_refusal(core, app, place, Doubt.BANNED, user.id)
        raise UserBanned(user.id)
    if confirmation.is_due(app, user):
        await note_refusal(core, app, place, Doubt.UNCONFIRMED, user.id)
        raise AddressUnconfirmed(user.id)


async def is_there(core: Core, app_id: AppId, user_id: UserId) -> bool:
    """Whether the App has the user, and lets them in."""
    async with core.store.read() as tx:
        app = await tx.apps.get(app_id)
        user = await tx.users.get(app_id, user_id)
    return app is not None and app.is_open and user is not None and user.may_act


async def _by_token(core: Core, app_id: AppId, user_id: UserId, token: str, place: Place) -> Recognised:
    """Only a session with this very user in it: another one's opens nothing here, however good it is.

    A visitor who proved nothing has one, too, and is not let in: they are nobody but a device. A guest is.
    """
    await limits.take(core, limits.LIVE_TICKETS_PER_ADDRESS, place.address)
    try:
        it = await sessions.resume(core, token)
    except SessionEnded:
        raise InvalidCredentials(Doubt.WRONG_PASSWORD) from None
    if it.app.id != app_id or it.user is None or it.user.id != user_id:
        raise InvalidCredentials(Doubt.WRONG_PASSWORD)
    if it.session.assurance is not Assurance.VERIFIED and not it.user.is_guest:
        raise InvalidCredentials(Doubt.WRONG_PASSWORD)
    await core.limiter.give_back(limits.LIVE_TICKETS_PER_ADDRESS, limits.party(place.address))
    return it


async def _by_password(
    core: Core, app_id: AppId, user_id: UserId, password: str, place: Place
) -> tuple[App, User, str]:
    """The App, the user and the hash that the password matches."""
    async with core.store.read() as tx:
        app = await tx.apps.get(app_id)
        user = await tx.users.get(app_id, user_id) if app is not None else None
        hashed = await tx.users.password_hash(user.id) if user is not None else None
    whom = user.identifiers[0] if user is not None and user.identifiers else Identifier.login(str(user_id))
    if app is None:
        await limits.take(core, limits.PASSWORDS_PER_ADDRESS, place.address)
    else:
        await limits.take_password_try(core, app, whom, place.address)
    if not await core.hasher.verify(password, hashed) or app is None or user is None or hashed is None:
        doubt = Doubt.NO_SUCH_USER if user is None else Doubt.NO_PASSWORD if hashed is None else Doubt.WRONG_PASSWORD
        if app is not None:
            await note_refusal(core, app, place, doubt, user.id if user else None)
        raise InvalidCredentials(doubt)
    await limits.give_password_try_back(core, app, whom, place.address)
    if not app.is_open:
        raise AppClosed
    return app, user, hashed
