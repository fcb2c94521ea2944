"""What the App's own server may do here: the vendor's administration API, as far as it is about users.

DELETE /admin/user/{id}

It has no session. The App's API key is its ``CB-Administration-API-Key``.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.apps import App
from ...domain.errors import InvalidCredentials, NotFound, UnknownApp
from ...domain.keys import Role
from ...domain.users import UserId
from ...services import apps, users
from ...web.dialect import Route, core_of, visit_of
from ...web.ids import read_integer
from . import wire
from .errors import TokenRequired

KEY: Final = "cb-administration-api-key"


async def delete_user(request: Request) -> Response:
    """DELETE /admin/user/{id}: for good, with what they wrote, unless the Policy keeps it."""
    app = await _app_of_server(request)
    id = read_integer(request.path_params["id"])
    if id is None:
        raise NotFound("user")
    await users.delete(core_of(request), app, UserId(id))
    return wire.answer({"success": True})


async def _app_of_server(request: Request) -> App:
    """Refuses with TokenRequired, with UnknownApp for a key that opens nothing, NotAllowed or AppClosed."""
    key = request.headers.get(KEY)
    if not key:
        raise TokenRequired
    try:
        return await apps.by_api_key(core_of(request), key, Role.USER, address=visit_of(request).address)
    except InvalidCredentials as refusal:  # here that would be said of a password
        raise UnknownApp from refusal


ROUTES: Final[list[Route]] = [
    Route("DELETE", f"/admin/user/{{id}}{suffix}", delete_user, for_browsers=False) for suffix in (".json", "")
]
