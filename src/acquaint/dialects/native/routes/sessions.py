"""Every way in, and the session one is in."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from ....domain import errors
from ....domain.apps import App
from ....domain.errors import AddressUnconfirmed, NeedsUser
from ....domain.identities import NO_CHANGE, Identifier
from ....domain.sessions import SessionId
from ....ports.store import Recognised
from ....services import addresses, providers, sign_in, tickets
from ....services import sessions as service
from ....services.admission import Admission, Place
from ....services.core import Core
from .. import arrivals
from ..callers import NOBODY, VISITOR
from ..operation import PREFIX, Asked, Operation
from ..wire import sessions as wire
from ..wire.files import LiveTicket
from ..wire.sessions import AsGuest, ByPassword, ByToken, JustVisiting
from ..wire.values import Nothing, moment
from .confirmation import turned_away

SECTION: Final = "Sessions"


async def arrive(asked: Asked[None, Nothing, wire.Arrival]) -> wire.Admission | Response:
    core, body = asked.core, asked.body
    way = body.way()
    app = await arrivals.app_of(asked, body.app)
    lifetime = arrivals.UNVERIFIED if isinstance(way, JustVisiting) else arrivals.SIGNED_IN
    place, secret = await arrivals.place_of(
        asked, app, lifetime, device_secret=body.device_secret, workspace_label=body.workspace
    )
    if isinstance(way, AsGuest):
        return wire.admission(await sign_in.enter_as_guest(core, app, way.name, place), None)
    try:
        return wire.admission(await _admitted(core, app, way, place), secret)
    except AddressUnconfirmed as refusal:
        return turned_away(core, app, refusal, asked.address)


async def _admitted(core: Core, app: App, way: ByPassword | ByToken | JustVisiting, place: Place) -> Admission:
    if isinstance(way, ByToken):
        return await sign_in.sign_in_with_token(core, app, way.token, place)
    if isinstance(way, JustVisiting):
        return await sign_in.visit(core, app, place)
    if await providers.has_custom_provider(core, app):
        named = {"login": way.who.value} if isinstance(way.who, Identifier) else {"email": way.who}
        return await providers.sign_in_with_custom_provider(core, app, {**named, "password": way.password}, place)
    who = way.who if isinstance(way.who, Identifier) else await addresses.meant(core, app, way.who)
    if way.registers:
        return await sign_in.login_or_register(core, app, who, way.password, NO_CHANGE, place)
    return await sign_in.sign_in(core, app, who, way.password, place)


async def current(asked: Asked[Recognised, Nothing, Nothing]) -> wire.CurrentSession:
    return wire.current(asked.who)


async def claim(asked: Asked[Recognised, Nothing, wire.Claims]) -> wire.Session:
    return wire.session(await sign_in.claim(asked.core, asked.who, asked.body.claimed()))


async def log_out(asked: Asked[Recognised, Nothing, Nothing]) -> None:
    await service.log_out(asked.core, asked.who.session)


async def own(asked: Asked[Recognised, Nothing, Nothing]) -> wire.OwnSessions:
    it = asked.who
    if it.user is None:
        return wire.OwnSessions(items=[wire.own_session(it.session, it.session)])
    found = await service.list_of(asked.core, it.app, it.user.id)
    return wire.OwnSessions(items=[wire.own_session(one, it.session) for one in found])


async def end_one(asked: Asked[Recognised, Nothing, Nothing]) -> None:
    it = asked.who
    if it.user is None:
        raise NeedsUser
    await service.end(asked.core, it.app, SessionId(asked.id("session")), of=it.user.id)


async def end_others(asked: Asked[Recognised, Nothing, Nothing]) -> wire.Ended:
    it = asked.who
    if it.user is None:
        return wire.Ended(ended=0)
    return wire.Ended(ended=await service.end_all(asked.core, it.app, it.user.id, but=it.session.id))


async def live_ticket(asked: Asked[Recognised, Nothing, Nothing]) -> LiveTicket:
    text, ticket = await tickets.live_ticket(asked.core, asked.who)
    return LiveTicket(ticket=text, path=f"{PREFIX}/live", expires_at=moment(ticket.expires_at))


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/sessions",
        caller=NOBODY,
        serve=arrive,
        query=Nothing,
        body=wire.Arrival,
        answer=wire.Admission,
        status=201,
        section=SECTION,
        summary="Come in",
        description=(
            "Opens a session. What is sent decides how: nothing but the App is a visit, `login` or `email` with "
            "`password` a sign-in, `token` a sign-in with a token the App's server signed, `guest` a guest for a "
            "day. Keep the `device_secret` you are given and send it next time: it is how the device is known "
            "again, and how what was said anonymously on it becomes the history of whoever signs in. A secret that "
            "is unknown or spent is replaced by a new one. Where the App has an identity provider of its own "
            "(`custom`), that one is asked about every password."
        ),
        refusals=(
            errors.UnknownApp,
            errors.AppClosed,
            errors.OriginRefused,
            errors.InvalidCredentials,
            errors.RegistrationClosed,
            errors.TokenRefused,
            errors.StaleToken,
            errors.ProviderRefused,
            errors.ProviderUnavailable,
            errors.UserBanned,
            errors.AddressUnconfirmed,
            errors.IdentifierTaken,
            errors.TooManyRequests,
        ),
        holds_secret=True,
        example={"app": "acme", "token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9…"},
    ),
    Operation(
        method="GET",
        path="/session",
        caller=VISITOR,
        serve=current,
        query=Nothing,
        body=Nothing,
        answer=wire.CurrentSession,
        section=SECTION,
        summary="Who am I",
        description="What the token opens: the session, and its user if there is one. Every use renews the session.",
    ),
    Operation(
        method="DELETE",
        path="/session",
        caller=VISITOR,
        serve=log_out,
        query=Nothing,
        body=Nothing,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Log out",
        description=(
            "Ends the session and begins a new epoch on its device: the device secret is spent, and whoever comes "
            "next on the device is somebody new. Forget both the token and the secret."
        ),
    ),
    Operation(
        method="PATCH",
        path="/session/claims",
        caller=VISITOR,
        serve=claim,
        query=Nothing,
        body=wire.Claims,
        answer=wire.Session,
        section=SECTION,
        summary="Say who you are",
        description=(
            "For visitors: a name, an address, what the page knows. It is kept apart from anything proven, believed "
            "by nobody, and names nobody; the visitor stays whoever holds the device. A verified session may not "
            "claim."
        ),
        refusals=(errors.NotAllowed, errors.NeedsUser, errors.IdentifierTaken),
        example={"name": "Ann", "email": "ann@acme.example"},
    ),
    Operation(
        method="GET",
        path="/sessions",
        caller=VISITOR,
        serve=own,
        query=Nothing,
        body=Nothing,
        answer=wire.OwnSessions,
        section=SECTION,
        summary="List one's sessions",
        refusals=(errors.NotFound,),
    ),
    Operation(
        method="DELETE",
        path="/sessions/{session}",
        caller=VISITOR,
        serve=end_one,
        query=Nothing,
        body=Nothing,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="End one of one's sessions",
        description="At once, on every path. Ending one that has ended already is fine.",
        refusals=(errors.NeedsUser,),
    ),
    Operation(
        method="DELETE",
        path="/sessions",
        caller=VISITOR,
        serve=end_others,
        query=Nothing,
        body=Nothing,
        answer=wire.Ended,
        section=SECTION,
        summary="End all one's other sessions",
        refusals=(errors.NotFound,),
    ),
    Operation(
        method="POST",
        path="/live/tickets",
        caller=VISITOR,
        serve=live_ticket,
        query=Nothing,
        body=Nothing,
        answer=LiveTicket,
        status=201,
        section=SECTION,
        summary="Get a ticket for a live connection",
        description=(
            "Opens one WebSocket at `path?ticket=…` within 30 seconds, so that no token is ever in an address. The "
            "socket says what happens in the conversations the session sees, and closes when the session ends."
        ),
        holds_secret=True,
    ),
)
