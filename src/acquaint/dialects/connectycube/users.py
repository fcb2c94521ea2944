"""Users: a new one, and what somebody changes of themselves. How users are found is in ``directory.py``."""

from __future__ import annotations

from typing import Final

from starlette.background import BackgroundTasks
from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import Doubt, InvalidCredentials, NotAllowed, RegistrationClosed, Unacceptable
from ...domain.identities import KEEP, Keep
from ...domain.users import User
from ...services import mails, users
from ...services.registration import OwnChange, change_own, sign_up
from ...web.dialect import Route, core_of, visit_of
from ...web.ids import read_integer
from . import wire
from .auth import Caller, app_by_key, caller_of, place_of, user_of
from .avatars import show_avatar
from .confirm import mailing
from .errors import NotOwner, TokenRequired
from .profile import CONNECTYCUBE, address, change_of, names_of, new_login
from .reading import Asked, read
from .routes import USER, USER_BY_EXTERNAL_ID, both


async def create_user(request: Request) -> Response:
    """POST /users, in a session or by the App's auth key alone. Opens no session."""
    auth_key = request.headers.get("cb-authkey")
    if request.headers.get("cb-token"):
        app = (await caller_of(request)).app
    elif auth_key:
        app = await app_by_key(request, auth_key)
    else:
        raise TokenRequired
    fields = (await read(request)).within("user")
    names, change = names_of(fields), change_of(fields, None)
    await show_avatar(core_of(request), app, None, fields)
    try:
        user = await sign_up(
            core_of(request), app, names, fields.needed("password"), change, place_of(request), CONNECTYCUBE
        )
    except RegistrationClosed as closed:
        raise NotAllowed from closed
    response = wire.answer({"user": wire.user_object(user)}, 201)
    response.background = mailing(request, app, user.id)
    return response


async def update_user(request: Request) -> Response:
    """PUT /users/{id}, and PUT /users for whoever does not know their number."""
    caller = await user_of(request)
    _check_own(request, caller)
    fields = (await read(request)).within("user")
    old, new = _passwords(fields)
    await show_avatar(core_of(request), caller.app, caller.known_user, fields)
    change = OwnChange(
        profile=lambda user: change_of(fields, user),
        login=_login(fields, caller.known_user),
        email=_email(fields),
        old_password=old,
        new_password=new,
    )
    try:
        user = await change_own(
            core_of(request), caller.recognised, change, address=visit_of(request).address, rules=CONNECTYCUBE
        )
    except InvalidCredentials as refusal:
        if refusal.doubt is Doubt.NO_PASSWORD:
            raise Unacceptable("password", "cannot be set") from refusal
        raise Unacceptable("old_password", "is invalid") from refusal
    response = wire.answer({"user": wire.user_object(user)})
    former = wire.email_of(caller.known_user)
    told = BackgroundTasks()
    if new is not None:
        told.add_task(mails.tell_of_new_password, core_of(request), user)
    if former is not None and former != wire.email_of(user):
        told.add_task(mails.tell_former_address, core_of(request), caller.app, former)
    if user.unproven_email not in (None, caller.known_user.unproven_email):
        told.tasks.append(mailing(request, caller.app, user.id))
    response.background = told
    return response


async def delete_user(request: Request) -> Response:
    """DELETE /users/{id}, and DELETE /users. The session goes on with nobody in it."""
    caller = await user_of(request)
    _check_own(request, caller)
    return await _delete(request, caller)


async def delete_by_external_id(request: Request) -> Response:
    """DELETE /users/external/{external_id}"""
    caller = await user_of(request)
    if wire.external_id_of(caller.known_user) != request.path_params["external_id"]:
        raise NotOwner
    return await _delete(request, caller)


async def _delete(request: Request, caller: Caller) -> Response:
    await users.delete_own(core_of(request), caller.recognised, keeps_session=True)
    return wire.nothing()


def _check_own(request: Request, caller: Caller) -> None:
    """Refuses with NotOwner, whether or not there is somebody of that number."""
    text = request.path_params.get("id")
    if text is None:
        return
    id = read_integer(text)
    if id is None:
        raise Unacceptable("id", "should be a positive integer")
    if id != caller.known_user.id:
        raise NotOwner


def _passwords(fields: Asked) -> tuple[str | None, str | None]:
    """The old and the new one; neither where no new one is sent."""
    old, new = fields.text("old_password"), fields.text("password")
    if new is None and old is not None:
        raise Unacceptable("password", "cannot be blank")
    if new is not None and old is None:
        raise Unacceptable("old_password", "cannot be blank")
    return old, new


def _login(fields: Asked, user: User) -> str | Keep | None:
    """One that is theirs already may be of any length: it need not have been chosen here."""
    login = fields.text("login") if fields.has("login") else wire.login_of(user)
    if login == wire.login_of(user):
        return KEEP
    return None if login is None else new_login(login)


def _email(fields: Asked) -> str | Keep | None:
    if not fields.has("email"):
        return KEEP
    email = fields.text("email")
    return None if email is None else address(email)


ROUTES: Final[list[Route]] = [
    *both("POST", "/users", create_user),
    *both("PUT", "/users", update_user),
    *both("DELETE", "/users", delete_user),
    *both("PUT", USER, update_user),
    *both("DELETE", USER, delete_user),
    *both("DELETE", USER_BY_EXTERNAL_ID, delete_by_external_id),
]
