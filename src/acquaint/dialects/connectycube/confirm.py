"""An e-mail address that is to be confirmed before its user is let in: the vendor's "Require email confirmation".

mailing                      mails the link to who just gave an address, or signed in without having confirmed theirs
turned_away                  the answer to the latter
GET, POST /email_confirmation   the page that the link opens, of plain HTML

The vendor documents its setting and nothing else: paths, words and what is asked on the page are ours.
"""

from __future__ import annotations

from typing import Final

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from ...domain.apps import App
from ...domain.errors import (
    AddressUnconfirmed,
    Busy,
    InvalidCredentials,
    Refusal,
    TicketRefused,
    TooManyRequests,
    Unacceptable,
)
from ...domain.tokens import TokenKind, is_well_formed
from ...domain.users import UserId
from ...services import confirmation
from ...services.core import Core
from ...web.dialect import Route, core_of, visit_of
from .auth import place_of
from .errors import UNCONFIRMED, error_response
from .mailed_page import CONFIRM, form_page, link_to, opened, over_page
from .reading import read

PAGE: Final = "/email_confirmation"


def mailing(request: Request, app: App, user_id: UserId) -> BackgroundTask:
    """For after the answer: nobody waits for a mail. It mails nothing where the App requires none."""
    return BackgroundTask(confirmation.send, core_of(request), app, user_id, visit_of(request).address, link_of)


def turned_away(request: Request, app: App, refusal: AddressUnconfirmed) -> Response:
    """They may have lost the mail."""
    response = error_response(UNCONFIRMED)
    if refusal.user_id is not None:
        response.background = mailing(request, app, UserId(refusal.user_id))
    return response


async def show(request: Request) -> Response:
    """GET /email_confirmation."""
    return opened(request, CONFIRM, _NOT_GOOD)


async def complete(request: Request) -> Response:
    """POST /email_confirmation. A wrong password leaves the link good."""
    token = ""
    try:
        asked = await read(request)
        token = asked.text("token") or ""
        password = asked.text_as_is("password") or ""
        done = await confirmation.complete(core_of(request), token, password, place_of(request))
    except TicketRefused:
        return over_page(_NOT_GOOD, 404)
    except (InvalidCredentials, Unacceptable):
        if is_well_formed(token, TokenKind.TICKET):
            return form_page(CONFIRM, token, "That is not the password. Please try again.")
        return over_page(_NOT_GOOD, 404)
    except (TooManyRequests, Busy):
        return form_page(CONFIRM, token, "There were too many tries. Please wait a minute, and send it again.", 429)
    except Refusal:
        return over_page(_NOT_GOOD, 404)
    over = over_page(("The address is confirmed", "Sign in to the app with it."))
    over.background = BackgroundTask(confirmation.tell, core_of(request), done)
    return over


_NOT_GOOD: Final = (
    "This link is not good any more",
    "It works once, within a day. Sign in to the app, and it is mailed again.",
)


def link_of(core: Core, app: App, ticket: str) -> str:
    return link_to(PAGE, core, app, ticket)


ROUTES: Final[list[Route]] = [
    Route("GET", PAGE, show, for_browsers=False),
    Route("POST", PAGE, complete, for_browsers=False),
]
