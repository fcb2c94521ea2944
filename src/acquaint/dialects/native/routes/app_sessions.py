"""The sessions that the App's server opens and ends for its users."""

from __future__ import annotations

from typing import Final

from ....domain import errors
from ....domain.apps import App
from ....domain.identities import Assurance, Identity
from ....domain.places import workspace
from ....domain.sessions import SessionId
from ....domain.users import UserId
from ....services import sessions as service
from ....services import sign_in
from ....services.admission import Place
from .. import arrivals
from ..callers import USER_KEY
from ..operation import Asked, Operation
from ..wire import sessions as wire
from ..wire.values import Nothing, given

SECTION: Final = "App: sessions"


async def vouch(asked: Asked[App, Nothing, wire.Voucher]) -> wire.Admission:
    core, app, body = asked.core, asked.who, asked.body
    identity = Identity(body.identifiers.read(), Assurance.VERIFIED, body.profile())
    secret, device_id = given(body.device_secret), None
    if secret is not None:
        device_id, secret = await sign_in.known_device(core, app, secret)
    place = Place(arrivals.DOOR, arrivals.VOUCHED, asked.address, device_id, workspace(given(body.workspace)))
    return wire.admission(await sign_in.vouch_for(core, app, identity, place), secret)


async def list_of(asked: Asked[App, Nothing, Nothing]) -> wire.Sessions:
    found = await service.list_of(asked.core, asked.who, UserId(asked.id("user")))
    return wire.Sessions(items=[wire.session(it) for it in found])


async def end(asked: Asked[App, Nothing, Nothing]) -> None:
    user_id, session_id = UserId(asked.id("user")), SessionId(asked.id("session"))
    await service.end(asked.core, asked.who, session_id, of=user_id)


async def end_all(asked: Asked[App, Nothing, Nothing]) -> wire.Ended:
    return wire.Ended(ended=await service.end_all(asked.core, asked.who, UserId(asked.id("user"))))


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/app/sessions",
        caller=USER_KEY,
        serve=vouch,
        query=Nothing,
        body=wire.Voucher,
        answer=wire.Admission,
        status=201,
        section=SECTION,
        summary="Vouch for a user",
        description=(
            "A verified session for a user you name, made if need be. Hand the token to their device. With the "
            "device's `device_secret` what was said anonymously on it becomes the user's; without one the session "
            "is tied to no device."
        ),
        refusals=(
            errors.RegistrationClosed,
            errors.UserBanned,
            errors.IdentifierTaken,
        ),
        holds_secret=True,
        example={
            "identifiers": {"external_id": "42"},
            "name": "Ann",
            "phone": "+49 30 901820",
            "custom": {"plan": "gold"},
        },
    ),
    Operation(
        method="GET",
        path="/app/users/{user}/sessions",
        caller=USER_KEY,
        serve=list_of,
        query=Nothing,
        body=Nothing,
        answer=wire.Sessions,
        section=SECTION,
        summary="List a user's sessions",
    ),
    Operation(
        method="DELETE",
        path="/app/users/{user}/sessions/{session}",
        caller=USER_KEY,
        serve=end,
        query=Nothing,
        body=Nothing,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="End one of a user's sessions",
        description="At once, on every path.",
    ),
    Operation(
        method="DELETE",
        path="/app/users/{user}/sessions",
        caller=USER_KEY,
        serve=end_all,
        query=Nothing,
        body=Nothing,
        answer=wire.Ended,
        section=SECTION,
        summary="End all of a user's sessions",
    ),
)
