"""Getting back in with a mail, when the password is forgotten."""

from __future__ import annotations

from typing import Final

from starlette.background import BackgroundTask
from starlette.responses import Response

from ....domain import errors
from ....domain.identities import Identifier
from ....services import mails, recovery
from ....web.answers import Empty
from .. import arrivals
from ..callers import NOBODY
from ..operation import Asked, Operation
from ..wire.files import ResetAsked, ResetCompletion
from ..wire.values import Nothing

SECTION: Final = "Account"


async def ask(asked: Asked[None, Nothing, ResetAsked]) -> Response:
    core, email = asked.core, Identifier.email(asked.body.email)
    app = await arrivals.app_of(asked, asked.body.app)
    await recovery.ask(core, app, email, asked.address)
    return Empty(202, background=BackgroundTask(recovery.send, core, app, email))  # nobody waits for it: rule 9


async def complete(asked: Asked[None, Nothing, ResetCompletion]) -> Response:
    user = await recovery.complete(asked.core, asked.body.ticket, asked.body.password, asked.address)
    return Empty(204, background=BackgroundTask(mails.tell_of_new_password, asked.core, user, by_mail=True))


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/password-resets",
        caller=NOBODY,
        serve=ask,
        query=Nothing,
        body=ResetAsked,
        answer=type(None),
        status=202,
        section=SECTION,
        summary="Ask for a password reset",
        description=(
            "Mails a ticket, good once and for an hour, if somebody with a password has the address. The answer is "
            "the same, and as fast, if nobody has it."
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
        path="/password-resets/complete",
        caller=NOBODY,
        serve=complete,
        query=Nothing,
        body=ResetCompletion,
        answer=type(None),
        status=204,
        section=SECTION,
        summary="Choose a new password",
        description=(
            "Spends the ticket from the mail. Every session of the user ends, and none is opened: sign in with the "
            "new password. A password that breaks the rules leaves the ticket good."
        ),
        refusals=(errors.TicketRefused, errors.AppClosed, errors.TooManyRequests),
        example={"ticket": "acqt_…", "password": "a goat in the snow"},
    ),
)
