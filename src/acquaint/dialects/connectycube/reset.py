"""A forgotten password: a mail is asked for here, and the page its link opens takes the new one.

POST, GET /users/password/reset    in any session of the App; the answer does not tell whether anybody has the address
GET, POST /password_reset          the page, of plain HTML: no script, nothing from elsewhere
"""

from __future__ import annotations

import re
from html import escape
from typing import Final
from urllib.parse import urlencode

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from ...domain.apps import App
from ...domain.errors import Busy, Refusal, TooManyRequests, Unacceptable
from ...domain.identities import Identifier
from ...domain.tokens import TokenKind, is_well_formed
from ...domain.users import User
from ...ports.mail import Mail
from ...services import recovery
from ...services.core import Core
from ...web.dialect import Route, core_of, visit_of
from . import wire
from .auth import caller_of
from .errors import ResetsOff
from .password_reset import form_page, over_page
from .profile import address
from .reading import parse_pairs, read
from .routes import both

PAGE: Final = "/password_reset"
LONGEST_GREETED: Final = 60

_PLAIN_NAME: Final = re.compile(r"(?:[^\W\d_]|[ '’-]|\.(?=\s|$))+")


async def ask(request: Request) -> Response:
    """POST and GET /users/password/reset. Nobody waits for the mail: how long it takes would tell who exists."""
    core, caller = core_of(request), await caller_of(request)
    email = Identifier.email(address((await read(request)).needed("email")))
    if not caller.app.policy.resets_passwords_by_mail:
        raise ResetsOff
    await recovery.ask(core, caller.app, email, visit_of(request).address)
    response = wire.nothing()
    response.background = BackgroundTask(recovery.send, core, caller.app, email, letter)
    return response


async def show(request: Request) -> Response:
    """GET /password_reset: the form, for a link that may be good. Looking spends nothing: mail programs look first."""
    try:
        token = str(parse_pairs(request.scope["query_string"]).get("token", ""))
    except Refusal:
        token = ""
    return form_page(token) if is_well_formed(token, TokenKind.TICKET) else over_page(_NOT_GOOD, 404)


async def complete(request: Request) -> Response:
    """POST /password_reset. A password that breaks the rules leaves the link good."""
    token = ""
    try:
        asked = await read(request)
        token = asked.text("token") or ""
        password = asked.text_as_is("password") or ""
        if password != asked.text_as_is("again"):
            raise Unacceptable("password", "is not the same in both fields")
        await recovery.complete(core_of(request), token, password, visit_of(request).address)
    except Unacceptable as rule:
        if is_well_formed(token, TokenKind.TICKET):
            return form_page(token, f"That {rule.field} {rule.reason}. Please choose another one.")
        return over_page(_NOT_GOOD, 404)
    except (TooManyRequests, Busy):
        return form_page(token, "There were too many tries. Please wait a minute, and send it again.", 429)
    except Refusal:
        return over_page(_NOT_GOOD, 404)
    return over_page(("The password is changed", "You are signed out everywhere. Sign in to the app with the new one."))


_NOT_GOOD: Final = (
    "This link is not good any more",
    "It works once, within an hour. Ask for another one in the app.",
)


def letter(core: Core, app: App, user: User, to: str, ticket: str) -> Mail:
    """In the App's name. The link leads to this server by its own settings, whatever the request was sent to."""
    link = f"{core.public_url}{PAGE}?{urlencode({'application_id': app.id, 'token': ticket})}"
    greeting = f"Hello {name}," if (name := _greeted(user)) else "Hello,"
    asked = f"Somebody, probably you, asked for a new password for {app.name}."
    rest = (
        "The link works once, within an hour. Choosing a new password signs you out everywhere. "
        "If it was not you, there is nothing to do: without the link your password stays as it is."
    )
    text = f"{greeting}\n\n{asked}\n\nChoose it here:\n{link}\n\n{rest}\n\n{app.name}\n"
    html = (
        f"<p>{escape(greeting)}</p>\n<p>{escape(asked)}</p>\n"
        f'<p><a href="{escape(link)}" rel="noreferrer">Choose a new password</a></p>\n'
        f"<p>{escape(rest)}</p>\n<p>{escape(app.name)}</p>\n"
    )
    return Mail(to, f"{app.name}: password reset", text, html)


def _greeted(user: User) -> str | None:
    """The name, if it is one that a letter can begin with.

    Whoever registered with somebody's address chose it, and would have us mail them any text and any link.
    """
    name = user.profile.name or ""
    return name.strip() if len(name) <= LONGEST_GREETED and _PLAIN_NAME.fullmatch(name) and name.strip() else None


ROUTES: Final[list[Route]] = [
    *both("POST", "/users/password/reset", ask),
    *both("GET", "/users/password/reset", ask),
    Route("GET", PAGE, show, for_browsers=False),
    Route("POST", PAGE, complete, for_browsers=False),
]
