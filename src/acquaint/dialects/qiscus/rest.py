"""What an App's server may ask about its users. A user token opens nothing here.

The old family has other spellings, and shows tokens: it answers with whole accounts, and tokens in them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.apps import App
from ...domain.errors import Unacceptable
from ...domain.identities import Assurance, Identifier, IdentifierKind, Identity
from ...domain.passwords import MACHINE_MADE
from ...domain.users import User, UserId
from ...services import users
from ...services.admission import Admission
from ...services.core import Core
from ...services.sign_in import vouch_for_known
from ...web.dialect import core_of
from . import wire
from .account import account_of
from .auth import Caller, app_of_server, check_new_id, known_as, place_of, place_of_server
from .families import Call, Family, family_of
from .profile import vouched_profile
from .reading import Asked, read

IDS: Final = ("user_id", "email", "user_email")  # spellings of one parameter, newest first
USUAL_PAGE: Final = 20
LARGEST_PAGE: Final = 100
LAST_PAGE: Final = 10**6
MOST_AT_ONCE: Final = 100  # users to let in or not; each is a write of its own
OLDEST_FIRST: Final = {"created_at desc": False, "created_at asc": True}


async def login_or_register(request: Request) -> Response:
    """POST login_or_register: makes a user or brings one up to date, and in the old spelling logs them in."""
    core, app, asked = await _asked(request)
    who = _who(asked)
    await check_new_id(core, app, IDS[0], who.value)
    identity = Identity((who,), Assurance.VERIFIED, vouched_profile(asked, name="username"))
    password, ends_sessions = asked.text("password"), asked.flag("revoke_sessions")
    user, _ = await users.put_with_password(
        core, app, identity, password, ends_sessions=ends_sessions, rules=MACHINE_MADE
    )
    if _shows_tokens(request) and user.may_act:
        return await _account(core, app, await vouch_for_known(core, app, who, place_of(request)))
    return wire.answer({"user": wire.rest_user(user, core.public_url)})


async def user_profile(request: Request) -> Response:
    """GET user_profile"""
    core, app, asked = await _asked(request)
    user = await users.find(core, app, _who(asked))
    shown = wire.bare_account if _shows_tokens(request) else wire.rest_user
    return wire.answer({"user": shown(user, core.public_url)})


async def get_user_token(request: Request) -> Response:
    """GET get_user_token: a further session, because of a token only the fingerprint is kept."""
    core, app, asked = await _asked(request)
    admission = await vouch_for_known(core, app, _who(asked), place_of_server(request, app))
    return wire.answer({"token": admission.token})


async def reset_user_token(request: Request) -> Response:
    """POST reset_user_token: one new session, and every other one ends."""
    core, app, asked = await _asked(request)
    place = place_of(request) if _shows_tokens(request) else place_of_server(request, app)
    admission = await vouch_for_known(core, app, _who(asked), place, ends_others=True)
    if _shows_tokens(request):
        return await _account(core, app, admission)
    return wire.answer({"token": admission.token})


async def get_user_list(request: Request) -> Response:
    """GET get_user_list: users that have an id of the vendor's, by page."""
    core, app, asked = await _asked(request)
    limit = asked.number("limit", USUAL_PAGE, LARGEST_PAGE)
    skip = (asked.number("page", 1, LAST_PAGE) - 1) * limit
    order = (asked.text("order_query") or "created_at desc").lower().removesuffix(" nulls last")
    if order not in OLDEST_FIRST:
        raise Unacceptable("order_query", "must be created_at desc or created_at asc")
    found, total = await users.known_by(
        core, app, IdentifierKind.LOGIN, skip=skip, limit=limit, newest_first=not OLDEST_FIRST[order]
    )
    meta = {"total_data": total, "total_page": -(-total // limit)}
    return wire.answer({"meta": meta, "users": [wire.listed_user(it, core.public_url) for it in found]})


async def deactivate_users(request: Request) -> Response:
    """DELETE deactivate_users: lets them in no more, and ends what is open."""
    await _each(request, users.ban)
    return wire.answer({"message": "successfully deactivate user"})


async def reactivate_users(request: Request) -> Response:
    """POST reactivate_users"""
    await _each(request, users.admit_again)
    return wire.answer({"message": "successfully reactivate user"})


async def _asked(request: Request) -> tuple[Core, App, Asked]:
    """Who asks is found out before what they ask is read."""
    app = await app_of_server(request)
    return core_of(request), app, await read(request)


def _who(asked: Asked) -> Identifier:
    return known_as(IDS[0], asked.needed(*IDS))


def _shows_tokens(request: Request) -> bool:
    return family_of(request) is Family.OLD_REST


async def _account(core: Core, app: App, admission: Admission) -> Response:
    return wire.answer({"user": await account_of(core, Caller.admitted(app, admission))})


async def _each(request: Request, change: Callable[[Core, App, UserId], Awaitable[User]]) -> None:
    """Nothing happens to any of them unless all are known."""
    core, app, asked = await _asked(request)
    ids = asked.texts("user_ids", "user_emails", "emails", at_most=MOST_AT_ONCE)
    if not ids:
        raise Unacceptable("user_ids", "is required")
    found = [await users.find(core, app, known_as("user_ids", it)) for it in ids]
    for user in found:
        await change(core, app, user.id)


FOR_SERVERS: Final = (
    Call("POST", "login_or_register", login_or_register),
    Call("GET", "user_profile", user_profile),
    Call("GET", "get_user_token", get_user_token),
    Call("POST", "reset_user_token", reset_user_token),
    Call("GET", "get_user_list", get_user_list),
    Call("DELETE", "deactivate_users", deactivate_users),
    Call("POST", "reactivate_users", reactivate_users),
)
