"""Files: kept for who is in a session or for the App, handed out to whoever knows their address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ....domain import errors
from ....domain.apps import App
from ....domain.files import File
from ....ports.store import Recognised
from ....services import avatars
from ....services import files as service
from ....services.files import LARGEST_FILE
from ....web.cors import check_origin
from ....web.handing_out import safe_headers
from ....web.reading import body_chunks, media_type
from ..callers import NOBODY, USER_KEY, VISITOR
from ..operation import PREFIX, Asked, Operation, Raw
from ..wire import files as wire
from ..wire import users
from ..wire.values import Nothing

SECTION: Final = "Files"
SLOWEST_UPLOAD: Final = timedelta(minutes=5)  # 25 MiB at 0.7 Mbit/s: a phone with poor reception


async def keep(asked: Asked[Recognised, wire.FileName, Raw]) -> wire.File:
    name, request = asked.query.name, asked.request
    return _shown(*await service.keep_of(asked.core, asked.who, name, media_type(request), _content(request)))


async def keep_for_app(asked: Asked[App, wire.FileName, Raw]) -> wire.File:
    name, request = asked.query.name, asked.request
    return _shown(*await service.keep(asked.core, asked.who, name, media_type(request), _content(request)))


async def open(asked: Asked[None, Nothing, Nothing]) -> Response:
    key = asked.request.path_params["file"]
    file, app = await service.find(asked.core, key)
    check_origin(asked.request, app)
    if asked.request.method == "HEAD":
        return Response(headers=_headers(file))
    return StreamingResponse(await service.content(asked.core, key), headers=_headers(file))


async def show_as_avatar(asked: Asked[Recognised, Nothing, Raw]) -> users.OwnUser:
    public_url = asked.core.public_url
    user = await avatars.take(
        asked.core, asked.who, _content(asked.request), lambda key: f"{public_url}{PREFIX}/files/{key}"
    )
    return users.own(user)


def _content(request: Request) -> AsyncIterator[bytes]:
    if int(request.headers.get("content-length", 0)) > LARGEST_FILE:  # a number: the HTTP parser saw to it
        raise errors.TooLarge(LARGEST_FILE)
    return body_chunks(request, LARGEST_FILE, SLOWEST_UPLOAD)


def _shown(file: File, key: str) -> wire.File:
    return wire.file(file, f"{PREFIX}/files/{key}")


def _headers(file: File) -> dict[str, str]:
    return {
        **safe_headers(file.name, file.content_type, is_inline=True),
        "Content-Length": str(file.size),
        "Cache-Control": "private, max-age=31536000, immutable",
    }


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/files",
        caller=VISITOR,
        serve=keep,
        query=wire.FileName,
        body=Raw,
        answer=wire.File,
        status=201,
        section=SECTION,
        summary="Keep a file",
        description=(
            "The body is the file, at most 25 MiB. What it is, its first bytes say: PNG, JPEG, GIF and WebP are "
            "shown in place, everything else is downloaded. Put the `url` into a message's `payload` to share it."
        ),
        refusals=(errors.NeedsUser, errors.NotAllowed, errors.SpaceUsedUp, errors.TooManyRequests),
        holds_secret=True,
    ),
    Operation(
        method="GET",
        path="/files/{file}",
        caller=NOBODY,
        serve=open,
        query=Nothing,
        body=Nothing,
        answer=Raw,
        section=SECTION,
        summary="Read a file",
        description="For whoever knows its address, which is as long as a token and listed nowhere.",
        refusals=(errors.AppClosed, errors.OriginRefused),
    ),
)

AVATAR: Final = (
    Operation(
        method="PUT",
        path="/user/avatar",
        caller=VISITOR,
        serve=show_as_avatar,
        query=Nothing,
        body=Raw,
        answer=users.OwnUser,
        section="Account",
        summary="Change one's avatar",
        description=(
            "The body is a PNG, JPEG, GIF or WebP picture, at most 25 MiB and 50 million pixels. What can be seen in "
            "it is drawn anew, at most 1024 pixels on a side, without notes such as where it was taken; `avatar_url` "
            "is its address."
        ),
        refusals=(
            errors.NeedsUser,
            errors.NotAllowed,
            errors.NotFound,
            errors.SpaceUsedUp,
            errors.TooManyRequests,
        ),
    ),
)

FOR_APP: Final = (
    Operation(
        method="POST",
        path="/app/files",
        caller=USER_KEY,
        serve=keep_for_app,
        query=wire.FileName,
        body=Raw,
        answer=wire.File,
        status=201,
        section="App: conversations",
        summary="Keep a file for the App",
        description="As `POST /files`, for what the App's people send.",
        holds_secret=True,
    ),
)
