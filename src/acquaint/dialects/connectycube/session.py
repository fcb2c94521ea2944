"""Sessions, and who is in them.

POST, GET, DELETE /session         a new one, this one, no more of it
DELETE /session/{id}, /session/list   one of the user's others, all of them but this
POST, DELETE /login                somebody comes into the session that is open, and leaves it; the token stays
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.apps import App
from ...domain.errors import (
    AddressUnconfirmed,
    Doubt,
    InvalidCredentials,
    NotAllowed,
    NotFound,
    RegistrationClosed,
    Unacceptable,
    UnknownApp,
)
from ...domain.sessions import SessionId
from ...services import providers, sessions
from ...services.admission import Admission, Place
from ...services.core import Core
from ...services.registration import Names, is_known, named, sign_in_or_register
from ...services.sign_in import enter_as_guest, sign_in, visit
from ...web.dialect import Route, core_of
from ...web.ids import read_integer
from . import wire
from .auth import answers_for, app_by_key, caller_of, place_of
from .avatars import show_avatar
from .confirm import turned_away
from .errors import NoName, UnknownUser
from .profile import CONNECTYCUBE, address, change_of, names_of
from .providers import credential
from .reading import Asked, read
from .routes import both
from .signature import check_signature

LONGEST_FIELD: Final = 8 * 1024  # characters of a login or password; a custom provider's token is the longest


async def create_session(request: Request) -> Response:
    """POST /session. A token that comes with it belongs to an earlier session and says nothing."""
    core, asked = core_of(request), await read(request)
    app = await app_by_key(request, asked.text("auth_key"))
    if asked.text("application_id") != str(app.id):
        raise UnknownApp
    check_signature(app, asked, core.clock())
    try:
        admission = await _admitted(core, app, asked, place_of(request))
    except AddressUnconfirmed as refusal:
        return turned_away(request, app, refusal)
    if admission.token is None:
        raise TypeError("a session that is opened here has a token of its own")
    answers_for(request, admission.session)
    return wire.answer(
        {
            "session": wire.session_object(
                admission.session,
                admission.user,
                admission.token,
                nonce=_number(asked, "nonce"),
                ts=_number(asked, "timestamp") or int(core.clock().timestamp()),
            )
        },
        201,
    )


async def read_session(request: Request) -> Response:
    """GET /session"""
    caller = await caller_of(request)
    ts = int(core_of(request).clock().timestamp())
    return wire.answer({"session": wire.session_object(caller.session, caller.user, caller.token, nonce=None, ts=ts)})


async def destroy_session(request: Request) -> Response:
    """DELETE /session"""
    caller = await caller_of(request)
    await sessions.log_out(core_of(request), caller.session)
    return wire.nothing()


async def destroy_one(request: Request) -> Response:
    """DELETE /session/{id}: this one, by the number it is shown with or its own, or another one of the user's."""
    caller, core = await caller_of(request), core_of(request)
    id = read_integer(request.path_params["id"])
    if id in (wire.shown_id(caller.session, caller.user), caller.session.id):
        await sessions.log_out(core, caller.session)
        return wire.nothing()
    if id is None or caller.user is None:
        raise NotFound("session")
    await sessions.end(core, caller.app, SessionId(id), of=caller.known_user.id)
    return wire.nothing()


async def destroy_others(request: Request) -> Response:
    """DELETE /session/list: all of the user's sessions but this one. Nobody has no others."""
    caller = await caller_of(request)
    if caller.user is not None:
        await sessions.end_all(core_of(request), caller.app, caller.known_user.id, but=caller.session.id)
    return wire.nothing()


async def log_in(request: Request) -> Response:
    """POST /login: the same token, with somebody in its session. Creates nobody by a password."""
    core, caller, asked = core_of(request), await caller_of(request), await read(request)
    place = place_of(request, session=caller.session)
    if (found := credential(asked)) is not None:
        name, theirs = found
        admission = await providers.sign_in_with_provider(core, caller.app, name, theirs, place)
    else:
        fields = asked.within("user") if asked.has("user") else asked
        if fields.has("guest"):
            raise Unacceptable("guest", "needs a session of its own")
        try:
            admission = await _by_password(core, caller.app, fields, place, registers=False)
        except AddressUnconfirmed as refusal:
            return turned_away(request, caller.app, refusal)
    if admission.user is None:
        raise TypeError("somebody comes in here")
    answers_for(request, admission.session)
    return wire.answer({"user": wire.user_object(admission.user)}, 202)


async def log_out(request: Request) -> Response:
    """DELETE /login: nobody is in the session any more, and it goes on."""
    caller = await caller_of(request)
    answers_for(request, await sessions.leave(core_of(request), caller.session))
    return wire.nothing()


async def _admitted(core: Core, app: App, asked: Asked, place: Place) -> Admission:
    """In one of the ways in: a Provider's, a guest's, a password, or nobody yet."""
    if (found := credential(asked)) is not None:
        name, theirs = found
        return await providers.sign_in_with_provider(core, app, name, theirs, place)
    if asked.raw.get("user") is None:
        return await visit(core, app, place)
    fields = asked.within("user")
    if fields.has("guest") and fields.flag("guest"):
        return await _guest(core, app, fields, place)
    return await _by_password(core, app, fields, place, registers=True)


async def _guest(core: Core, app: App, fields: Asked, place: Place) -> Admission:
    change = change_of(fields, None)
    try:
        return await enter_as_guest(core, app, change.name if isinstance(change.name, str) else None, place)
    except RegistrationClosed as closed:
        raise NotAllowed from closed


async def _by_password(core: Core, app: App, fields: Asked, place: Place, *, registers: bool) -> Admission:
    """By login or address and password, ours or those of the App's own identity provider.

    Whether a login is known cannot be hidden here: where it is not, the vendor creates the user, or says so with 404.
    """
    login, email, password = (_bounded(fields, name) for name in ("login", "email", "password"))
    if login is None and email is None:
        raise NoName
    if await providers.has_custom_provider(core, app):
        said = {"login": login, "email": email, "password": password}
        given = {name: value for name, value in said.items() if value is not None}
        return await providers.sign_in_with_custom_provider(core, app, given, place)
    if password is None:
        raise Unacceptable("password", "cannot be blank")
    names = Names(login, None if email is None else address(email))
    try:
        if registers and app.policy.registers_on_login and not await is_known(core, app, names):
            change = change_of(fields, None)
            await show_avatar(core, app, None, fields)
            return await sign_in_or_register(core, app, names_of(fields), password, change, place, CONNECTYCUBE)
        return await sign_in(core, app, await named(core, app, names), password, place)
    except InvalidCredentials as refusal:
        if refusal.doubt is Doubt.NO_SUCH_USER:
            raise UnknownUser from refusal
        raise


def _number(asked: Asked, name: str) -> int | None:
    """What is only said back to the client: nobody is turned away for it."""
    try:
        return asked.number(name)
    except Unacceptable:
        return None


def _bounded(fields: Asked, name: str) -> str | None:
    text = fields.text(name)
    if text is not None and len(text) > LONGEST_FIELD:
        raise Unacceptable(name, f"is too long (maximum is {LONGEST_FIELD} characters)")
    return text


ROUTES: Final[list[Route]] = [
    *both("POST", "/session", create_session),
    *both("GET", "/session", read_session),
    *both("DELETE", "/session", destroy_session),
    *both("DELETE", "/session/list", destroy_others),
    *both("DELETE", "/session/{id}", destroy_one),
    *both("POST", "/login", log_in),
    *both("DELETE", "/login", log_out),
]
