"""A forgotten password: a mail is asked for here, and the page its link opens takes the new one.

POST, GET /users/password/reset    in any session of the App; the answer does not tell whether anybody has the address
GET, POST /password_reset          the page, of plain HTML: no script, nothing from elsewhere
"""

from __future__ import annotations

from typing import Final

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from ...domain.apps import App
from ...domain.errors import Busy, Refusal, TooManyRequests, Unacceptable
from ...domain.identities import Identifier
from ...domain.tokens import TokenKind, is_well_formed
from ...services import mails, recovery
from ...services.core import Core
from ...web.dialect import Route, core_of, visit_of
from . import wire
from .auth import caller_of
from .errors import ResetsOff
from .mailed_page import RESET, form_page, link_to, opened, over_page
from .profile import address
from .reading import read
from .routes import both

PAGE: Final = "/password_reset"


async def ask(request: Request) -> Response:
    """POST and GET /users/password/reset. Nobody waits for the mail: how long it takes would tell who exists."""
    core, caller = core_of(request), await caller_of(request)
    email = Identifier.email(address((await read(request)).needed("email")))
    if not caller.app.policy.resets_passwords_by_mail:
        raise ResetsOff
    await recovery.ask(core, caller.app, email, visit_of(request).address)
    response = wire.nothing()
    response.background = BackgroundTask(recovery.send, core, caller.app, email, link_of)
    return response


async def show(request: Request) -> Response:
    """GET /password_reset."""
    return opened(request, RESET, _NOT_GOOD)


async def complete(request: Request) -> Response:
    """POST /password_reset. A password that breaks the rules leaves the link good."""
    token = ""
    try:
        asked = await read(request)
        token = asked.text("token") or ""
        password = asked.text_as_is("password") or ""
        if password != asked.text_as_is("again"):
            raise Unacceptable("password", "is not the same in both fields")
        user = await recovery.complete(core_of(request), token, password, visit_of(request).address)
    except Unacceptable as rule:
        if is_well_formed(token, TokenKind.TICKET):
            return form_page(RESET, token, f"That {rule.field} {rule.reason}. Please choose another one.")
        return over_page(_NOT_GOOD, 404)
    except (TooManyRequests, Busy):
        return form_page(RESET, token, "There were too many tries. Please wait a minute, and send it again.", 429)
    except Refusal:
        return over_page(_NOT_GOOD, 404)
    over = over_page(("The password is changed", "You are signed out everywhere. Sign in to the app with the new one."))
    over.background = BackgroundTask(mails.tell_of_new_password, core_of(request), user, by_mail=True)
    return over


_NOT_GOOD: Final = (
    "This link is not good any more",
    "It works once, within an hour. Ask for another one in the app.",
)


def link_of(core: Core, app: App, ticket: str) -> str:
    return link_to(PAGE, core, app, ticket)


ROUTES: Final[list[Route]] = [
    *both("POST", "/users/password/reset", ask),
    *both("GET", "/users/password/reset", ask),
    Route("GET", PAGE, show, for_browsers=False),
    Route("POST", PAGE, complete, for_browsers=False),
]
