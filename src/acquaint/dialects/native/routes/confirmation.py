"""Confirming an e-mail address with a mail, where the App lets nobody in without."""

from __future__ import annotations

from typing import Final

from starlette.background import BackgroundTask
from starlette.responses import Response

from ....domain import errors
from ....domain.apps import App
from ....domain.errors import AddressUnconfirmed
from ....domain.identities import Identifier
from ....domain.users import UserId
from ....services import confirmation
from ....services.admission import Place
from ....services.core import Core
from ....web.answers import Empty
from .. import arrivals, problems
from ..callers import NOBODY
from ..operation import Asked, Operation
from ..wire.files import ConfirmationAsked, ConfirmationCompletion
from ..wire.values import Nothing

SECTION: Final = "Account"


def turned_away(core: Core, app: App, refusal: AddressUnconfirmed, address: str) -> Response:
    """The refusal, after which the mail is sent again: they may have lost it. Nobody waits for it."""
    response = problems.response(problems.problem_of(AddressUnconfirmed).words(refusal))
    if refusal.user_id is not None:
        response.background = BackgroundTask(confirmation.send, core, app, UserId(refusal.user_id), address)
    return response


async def ask(asked: Asked[None, Nothing, ConfirmationAsked]) -> Response:
    core, email = asked.core, Identifier.email(asked.body.email)
    app = await arrivals.app_of(asked, asked.body.app)
    await confirmation.ask(core, app, email, asked.address)
    return Empty(202, background=BackgroundTask(confirmation.send_to, core, app, email))  # rule 9


async def complete(asked: Asked[None, Nothing, ConfirmationCompletion]) -> Response:
    core, place = asked.core, Place(arrivals.DOOR, arrivals.SIGNED_IN, asked.address)
    done = await confirmation.complete(core, asked.body.ticket, asked.body.password, place)
    return Empty(204, background=BackgroundTask(confirmation.tell, core, done))


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/email-confirmations",
        caller=NOBODY,
        serve=ask,
        query=Nothing,
        body=ConfirmationAsked,
        answer=type(None),
        status=202,
        section=SECTION,
        summary="Ask for the confirmation mail again",
        description=(
            "Where the Policy `requires_confirmed_emails`: mails another ticket, good once and for a day, if somebody "
            "registered with the address and has not confirmed it. The answer is the same, and as fast, if nobody has."
        ),
        refusals=(
            errors.UnknownApp,
            errors.AppClosed,
            errors.OriginRefused,
            errors.NotAllowed,
            errors.TooManyRequests,
        ),
        example={"app": "acme", "email": "ann@acme.example"},
    ),
    Operation(
        method="POST",
        path="/email-confirmations/complete",
        caller=NOBODY,
        serve=complete,
        query=Nothing,
        body=ConfirmationCompletion,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Confirm an address",
        description=(
            "Spends the ticket from the mail. It takes the user's password as well: whoever registered with somebody "
            "else's address does not get it because its owner followed a link. The address is an identifier of the "
            "user from then on; no session is opened. A wrong password leaves the ticket good."
        ),
        refusals=(
            errors.TicketRefused,
            errors.InvalidCredentials,
            errors.IdentifierTaken,
            errors.AppClosed,
            errors.TooManyRequests,
        ),
        example={"ticket": "acqt_…", "password": "a horse in the rain"},
    ),
)
