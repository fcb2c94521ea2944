"""How the widget is set up, before anybody is known."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from . import wire
from .auth import app_of

LIST_SECONDS: Final = 60  # how often the widget asks for its sessions (the vendor's default)
CHAT_SECONDS: Final = 10  # how often it asks for the one that is open


async def config(request: Request) -> Response:
    """GET config. A contact token beside it is not looked at: without this answer nothing is shown at all."""
    app = await app_of(request)
    org = {"id": wire.org_id(app), "name": app.name}
    return wire.answer(
        {
            "org": org,
            "sessionsPollingIntervalSeconds": LIST_SECONDS,
            "sessionPollingIntervalSeconds": CHAT_SECONDS,
            "modes": [],
        }
    )


async def prelude(request: Request) -> Response:
    """GET prelude, as widgets before 4.0.15 ask. Nothing but people answers here, at any hour."""
    app = await app_of(request)
    return wire.answer(
        {
            "organizationName": app.name,
            "aiEnabled": False,
            "initialQuestions": [],
            "officeHours": None,
            "officeHoursTimezone": None,
        }
    )
