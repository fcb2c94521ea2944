"""Oneself: registering, one's profile and password, and going for good."""

from __future__ import annotations

from typing import Final

from starlette.background import BackgroundTask
from starlette.responses import Response

from ....domain import errors
from ....domain.errors import AddressUnconfirmed, NeedsUser
from ....domain.identities import Identifier
from ....ports.store import Recognised
from ....services import addresses, mails, sign_in
from ....services import users as service
from ....web.answers import Empty
from .. import arrivals
from ..callers import NOBODY, VISITOR
from ..operation import Asked, Operation
from ..wire import sessions, users
from ..wire.values import Nothing
from .confirmation import turned_away

SECTION: Final = "Account"


async def register(asked: Asked[None, Nothing, users.Registration]) -> sessions.Admission | Response:
    core, body = asked.core, asked.body
    who, claimed = body.who(), None
    app = await arrivals.app_of(asked, body.app)
    place, secret = await arrivals.place_of(
        asked, app, arrivals.SIGNED_IN, device_secret=body.device_secret, workspace_label=body.workspace
    )
    if not isinstance(who, Identifier):
        who, claimed = await addresses.registering(core, app, who)
    try:
        admission = await sign_in.register(core, app, (who,), body.password, body.profile(), place, claimed=claimed)
    except AddressUnconfirmed as refusal:
        return turned_away(core, app, refusal, asked.address)
    return sessions.admission(admission, secret)


async def show(asked: Asked[Recognised, Nothing, Nothing]) -> users.OwnUser:
    if asked.who.user is None:
        raise NeedsUser
    return users.own(asked.who.user)


async def change(asked: Asked[Recognised, Nothing, users.OwnChange]) -> users.OwnUser:
    return users.own(await service.update_own(asked.core, asked.who, asked.body.profile()))


async def change_password(asked: Asked[Recognised, Nothing, users.PasswordChange]) -> Response:
    it, body = asked.who, asked.body
    if it.user is None:
        raise NeedsUser
    await service.change_password(
        asked.core, it.app, it.session, it.user, old=body.old_password, new=body.new_password, address=asked.address
    )
    return Empty(204, background=BackgroundTask(mails.tell_of_new_password, asked.core, it.user))


async def delete(asked: Asked[Recognised, Nothing, Nothing]) -> None:
    await service.delete_own(asked.core, asked.who)


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/users",
        caller=NOBODY,
        serve=register,
        query=Nothing,
        body=users.Registration,
        answer=sessions.Admission,
        status=201,
        section=SECTION,
        summary="Register",
        description=(
            "Makes a user with a password and signs them in. Nobody has proved an `email` yet: it becomes the login "
            "and is kept as claimed, so it captures nobody who later arrives with proof. Signing in with the "
            "address works, and so does resetting the password by mail. Where the Policy `requires_confirmed_emails`, "
            "an `email` is answered with `address_unconfirmed` once the user is made: they sign in after they followed "
            "the link that is mailed to it."
        ),
        refusals=(
            errors.UnknownApp,
            errors.AppClosed,
            errors.OriginRefused,
            errors.RegistrationClosed,
            errors.AddressUnconfirmed,
            errors.IdentifierTaken,
            errors.TooManyRequests,
        ),
        holds_secret=True,
        example={"app": "acme", "login": "ann", "password": "a horse in the rain", "name": "Ann"},
    ),
    Operation(
        method="GET",
        path="/user",
        caller=VISITOR,
        serve=show,
        query=Nothing,
        body=Nothing,
        answer=users.OwnUser,
        section=SECTION,
        summary="Show oneself",
        refusals=(NeedsUser,),
    ),
    Operation(
        method="PATCH",
        path="/user",
        caller=VISITOR,
        serve=change,
        query=Nothing,
        body=users.OwnChange,
        answer=users.OwnUser,
        section=SECTION,
        summary="Change one's profile",
        description=(
            "For verified users and guests; other visitors say who they are with `PATCH /session/claims`. `custom` "
            "goes to `claimed.custom`: nobody vouches for what one says of oneself."
        ),
        refusals=(NeedsUser, errors.NotAllowed, errors.NotFound),
        example={"name": "Ann Lee", "avatar_url": None},
    ),
    Operation(
        method="POST",
        path="/user/password",
        caller=VISITOR,
        serve=change_password,
        query=Nothing,
        body=users.PasswordChange,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Change one's password",
        description="With the old one. The user's other sessions end, unless the App's Policy keeps them.",
        refusals=(NeedsUser, errors.InvalidCredentials, errors.TooManyRequests),
        example={"old_password": "a horse in the rain", "new_password": "a goat in the snow"},
    ),
    Operation(
        method="DELETE",
        path="/user",
        caller=VISITOR,
        serve=delete,
        query=Nothing,
        body=Nothing,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Delete oneself",
        description=(
            "Frees the identifiers, ends every session, and erases what was written unless the App's Policy keeps "
            "it. There is no way back."
        ),
        refusals=(NeedsUser, errors.NotFound),
    ),
)
