"""What the App's server does with its users."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.background import BackgroundTask
from starlette.responses import Response

from ....domain import errors
from ....domain.apps import App
from ....domain.identities import Assurance, Identity
from ....domain.users import UserId
from ....services import directory, mails
from ....services import users as service
from ....web.answers import Json
from ..callers import USER_KEY
from ..operation import Asked, Operation
from ..wire import users
from ..wire.values import Nothing, optional_id

SECTION: Final = "App: users"


async def put(asked: Asked[App, Nothing, users.PutUser]) -> Response:
    identity = Identity(asked.body.identifiers.read(), Assurance.VERIFIED, asked.body.profile())
    user, is_new = await service.put(asked.core, asked.who, identity)
    known = Json(msgspec.json.encode(users.KnownUser(user=users.user(user), is_new=is_new)))
    if is_new:
        known.background = BackgroundTask(mails.welcome, asked.core, asked.who, user)
    return known


async def newest(asked: Asked[App, users.Search, Nothing]) -> users.UserPage:
    page = await directory.newest(asked.core, asked.who, asked.query.conditions(), asked.query.page())
    return users.UserPage(items=[users.user(it) for it in page.items], next=optional_id(page.next))


async def look_up(asked: Asked[App, users.LookUp, Nothing]) -> users.User:
    return users.user(await service.find(asked.core, asked.who, asked.query.identifier()))


async def show(asked: Asked[App, Nothing, Nothing]) -> users.User:
    return users.user(await service.get(asked.core, asked.who, UserId(asked.id("user"))))


async def change(asked: Asked[App, Nothing, users.UserChange]) -> users.User:
    user_id = UserId(asked.id("user"))
    return users.user(await service.update(asked.core, asked.who, user_id, asked.body.profile()))


async def rename(asked: Asked[App, Nothing, users.SentIdentifiers]) -> users.User:
    user_id, identifiers = UserId(asked.id("user")), asked.body.read()
    return users.user(await service.rename(asked.core, asked.who, user_id, identifiers))


async def delete(asked: Asked[App, Nothing, Nothing]) -> None:
    await service.delete(asked.core, asked.who, UserId(asked.id("user")))


async def ban(asked: Asked[App, Nothing, Nothing]) -> users.User:
    return users.user(await service.ban(asked.core, asked.who, UserId(asked.id("user"))))


async def admit_again(asked: Asked[App, Nothing, Nothing]) -> users.User:
    return users.user(await service.admit_again(asked.core, asked.who, UserId(asked.id("user"))))


async def set_password(asked: Asked[App, Nothing, users.NewPassword]) -> None:
    user_id, body = UserId(asked.id("user")), asked.body
    await service.set_password(asked.core, asked.who, user_id, body.password, ends_sessions=body.ends_sessions)


OPERATIONS: Final = (
    Operation(
        method="PUT",
        path="/app/users",
        caller=USER_KEY,
        serve=put,
        query=Nothing,
        body=users.PutUser,
        answer=users.KnownUser,
        section=SECTION,
        summary="Make a user, or bring them up to date",
        description=(
            "Whoever one of the identifiers names, or somebody new. Identifiers they did not have are added; one of "
            "a kind they have already is refused."
        ),
        refusals=(errors.IdentifierTaken,),
        example={"identifiers": {"external_id": "42", "email": "ann@acme.example"}, "custom": {"plan": "gold"}},
    ),
    Operation(
        method="GET",
        path="/app/users",
        caller=USER_KEY,
        serve=newest,
        query=users.Search,
        body=Nothing,
        answer=users.UserPage,
        section=SECTION,
        summary="List or search users, newest first",
        description="Visitors are among them, by what they claim. Moments are compared by whole seconds.",
    ),
    Operation(
        method="GET",
        path="/app/users/lookup",
        caller=USER_KEY,
        serve=look_up,
        query=users.LookUp,
        body=Nothing,
        answer=users.User,
        section=SECTION,
        summary="Find a user by an identifier",
        refusals=(errors.NotFound,),
    ),
    Operation(
        method="GET",
        path="/app/users/{user}",
        caller=USER_KEY,
        serve=show,
        query=Nothing,
        body=Nothing,
        answer=users.User,
        section=SECTION,
        summary="Show a user",
    ),
    Operation(
        method="PATCH",
        path="/app/users/{user}",
        caller=USER_KEY,
        serve=change,
        query=Nothing,
        body=users.UserChange,
        answer=users.User,
        section=SECTION,
        summary="Change a user",
        example={"name": "Ann Lee", "tags": ["vip"]},
    ),
    Operation(
        method="PUT",
        path="/app/users/{user}/identifiers",
        caller=USER_KEY,
        serve=rename,
        query=Nothing,
        body=users.SentIdentifiers,
        answer=users.User,
        section=SECTION,
        summary="Replace a user's identifiers",
        description="The user has exactly these from now on; those they lose are free for others.",
        refusals=(errors.IdentifierTaken,),
        example={"external_id": "42", "email": "ann@lee.example"},
    ),
    Operation(
        method="DELETE",
        path="/app/users/{user}",
        caller=USER_KEY,
        serve=delete,
        query=Nothing,
        body=Nothing,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Delete a user",
        description=(
            "Frees the identifiers, ends every session at once, and erases what was written unless the Policy keeps it."
        ),
    ),
    Operation(
        method="PUT",
        path="/app/users/{user}/ban",
        caller=USER_KEY,
        serve=ban,
        query=Nothing,
        body=Nothing,
        answer=users.User,
        section=SECTION,
        summary="Ban a user",
        description="Ends every session at once, and lets the user in no more. Banning twice is fine.",
    ),
    Operation(
        method="DELETE",
        path="/app/users/{user}/ban",
        caller=USER_KEY,
        serve=admit_again,
        query=Nothing,
        body=Nothing,
        answer=users.User,
        section=SECTION,
        summary="Let a banned user in again",
        description="Their old sessions stay ended.",
    ),
    Operation(
        method="PUT",
        path="/app/users/{user}/password",
        caller=USER_KEY,
        serve=set_password,
        query=Nothing,
        body=users.NewPassword,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Set a user's password",
        description="No old one is needed.",
        example={"password": "a goat in the snow", "ends_sessions": True},
    ),
)
