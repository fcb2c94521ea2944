"""What may be asked in each family. A module of this folder lists its calls; here the families take them.

A module with calls of its own exports ``FOR_CLIENTS``, ``FOR_SERVERS`` or both, and is one more line here.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ...web.dialect import NoSuchPath, Route
from . import (
    channels,
    comments,
    config,
    devices,
    login,
    marks,
    participants,
    people,
    reports,
    rest,
    rest_comments,
    rest_rooms,
    rooms,
    search,
    sync,
    upload,
)
from .families import Call, Family

FOR_CLIENTS: Final = (
    *config.FOR_CLIENTS,
    *login.FOR_CLIENTS,
    *people.FOR_CLIENTS,
    *devices.FOR_CLIENTS,
    *sync.FOR_CLIENTS,
    *rooms.FOR_CLIENTS,
    *participants.FOR_CLIENTS,
    *channels.FOR_CLIENTS,
    *comments.FOR_CLIENTS,
    *marks.FOR_CLIENTS,
    *search.FOR_CLIENTS,
    *upload.FOR_CLIENTS,
    *reports.FOR_CLIENTS,
)

FOR_SERVERS: Final = (*rest.FOR_SERVERS, *rest_rooms.FOR_SERVERS, *rest_comments.FOR_SERVERS)


async def nothing_here(request: Request) -> Response:
    """Any other path: a route, so that browsers may read the refusal."""
    raise NoSuchPath


_ANYTHING_ELSE: Final = tuple(
    Call(method, "{rest:path}", nothing_here) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
)

ROUTES: Final[list[Route]] = [
    *Family.SDK.routes((*FOR_CLIENTS, *_ANYTHING_ELSE)),
    *Family.MOBILE.routes((*FOR_CLIENTS, *_ANYTHING_ELSE)),
    *Family.REST.routes(FOR_SERVERS),
    *Family.OLD_REST.routes(FOR_SERVERS),
]
