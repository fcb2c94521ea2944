"""What is around a conversation: how the chat is set up, who answers, how long it takes, which page is looked at."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ....domain.apps import App
from ....domain.conversations import ConversationId
from ....domain.errors import NotFound
from ....services import support
from ....web.dialect import NoSuchPath, core_of
from .. import org, wire
from ..reading import read, read_id
from . import resources
from .tracking import HEADER, caller_of

LONGEST_PAGE: Final = 2_048  # characters of a page's address
LONGEST_STAY: Final = 86_400 * 30  # seconds


async def settings(request: Request) -> Response:
    """GET chat/settings, with a token or without one: what an SDK asks before anything else."""
    return wire.document(_settings(await _app_named(request)))


async def no_schedule(request: Request) -> Response:
    """GET schedules/{id}: 404 is how the vendor says that somebody is always there."""
    await _app_named(request)
    raise NotFound("schedule")


async def no_assistant(request: Request) -> Response:
    """Forms, teams and other things of the vendor's assistants, which are not spoken here."""
    await caller_of(request)
    raise NotFound("assistant")


async def one_user(request: Request) -> Response:
    """GET users/{id}: who answers. Operators speak as the App, so there is one."""
    caller = await caller_of(request)
    if read_id(request.path_params["id"]) != caller.app.id:
        raise NotFound("team member")
    return wire.document(resources.team(caller.app))


async def queue(request: Request) -> Response:
    """GET chat/sessions/{id}/queue. Nobody keeps a queue here, so nobody says how long it takes."""
    caller = await caller_of(request)
    id = ConversationId(read_id(request.path_params["id"]))
    chat = await support.one_chat(core_of(request), caller.session, id)
    attributes = {
        "enteredAt": wire.moment(chat.conversation.created_at),
        "estimatedWaitTimeSeconds": None,
        "latestWaitTimeSeconds": None,
        "name": None,
    }
    relationships = wire.org_of(caller.app) | {"session": wire.reference("chat_session", id)}
    return wire.document(wire.resource("session_queue", id, attributes, relationships))


async def client_activity(request: Request) -> Response:
    """POST client-activity: which page somebody looks at. It is read and forgotten: nobody is followed here."""
    caller = await caller_of(request)
    asked = await read(request)
    attributes: dict[str, Any] = {
        "previousPage": asked.text("previousPage", LONGEST_PAGE),
        "currentPage": asked.text("currentPage", LONGEST_PAGE),
        "currentPageSeconds": asked.number("currentPageSeconds", 0, 0, LONGEST_STAY),
        "intervals": [],  # after how many seconds the SDK should say so again: never
        "createdAt": wire.moment(core_of(request).clock()),
    }
    id = caller.session.id
    return wire.document(wire.resource("client_activity", id, attributes, wire.org_of(caller.app)), 201)


async def nothing_here(request: Request) -> Response:
    """Any other path: a route, so that browsers may read the refusal."""
    raise NoSuchPath


async def _app_named(request: Request) -> App:
    """The App of the host or, where that names none, of the token."""
    if org.names_org(request) or HEADER not in request.headers:
        return await org.app_of(request)
    return (await caller_of(request)).app


def _settings(app: App) -> wire.Resource:
    """Without ``pusherAccessKey`` the SDKs poll, which is the only way to reach them: Pusher's host is compiled in."""
    attributes = {
        "enabled": app.is_open,
        "teamName": app.name,
        "teamIconUrl": None,
        "greeting": None,
        "activeForm": None,
        "closableChat": True,
        "singleSessionChat": False,
        "noHistory": False,
        "campaignsEnabled": False,
        "showTypingIndicatorWeb": False,
        "showTypingIndicatorCustomerWeb": False,
        "offhoursDisplay": "online",  # null would hide the chat
    }
    return wire.resource("chat_settings", app.id, attributes, wire.org_of(app))
