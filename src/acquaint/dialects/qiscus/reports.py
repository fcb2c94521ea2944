"""What mobile clients tell of themselves, and ask of the realtime connection."""

from __future__ import annotations

import re
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import Unacceptable
from ...services import tickets
from ...services.acting import count
from ...web.dialect import core_of, visit_of
from . import wire
from .auth import caller_of, id_of
from .families import Call
from .reading import read

LONGEST_MESSAGE: Final = 20_000  # characters
_WORD: Final = re.compile(r"[\w .:/-]{1,100}")

log = structlog.get_logger()


async def event_report(request: Request) -> Response:
    """POST event_report: what went wrong in a client. Where and what is logged; its text, which may be anybody's, is
    not."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    module, event = asked.needed("module_name"), asked.needed("event")
    for name, text in (("module_name", module), ("event", event)):
        if not _WORD.fullmatch(text):
            raise Unacceptable(name, "must be a few words, of at most 100 characters")
    if len(asked.text("message") or "") > LONGEST_MESSAGE:
        raise Unacceptable("message", f"is longer than {LONGEST_MESSAGE} characters")
    await count(core, caller.recognised)
    log.info("client_reported", app=caller.app.id, user=caller.user.id, module=module, what=event)
    return wire.answer({})


async def realtime(request: Request) -> Response:
    """POST realtime: whether the caller has a realtime connection to this node."""
    caller, hub = await caller_of(request), visit_of(request).hub
    (await read(request)).text("topic")  # what it asks about is always its own
    return wire.answer({"status": hub is not None and hub.is_connected(caller.app.id, caller.user.id)})


async def mqtt_config(request: Request) -> Response:
    """GET mqtt_config: a name and a password for the next realtime connection, of this session, once and soon."""
    core, caller = core_of(request), await caller_of(request)
    password, _ = await tickets.live_ticket(core, caller.recognised)
    return wire.answer({"username": id_of(caller.user), "password": password})


FOR_CLIENTS: Final = (
    Call("POST", "event_report", event_report),
    Call("POST", "realtime", realtime),
    Call("GET", "mqtt_config", mqtt_config),
)
