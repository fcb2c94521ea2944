"""Blobs, looked at: what is known of one, and its bytes.

In ``GET /blobs/{x}`` digits are a number, which answers what is known; anything else is a uid, which answers the bytes,
and with ``.json`` what is known. A blob that is somebody's avatar is shown as the picture that was drawn of it; every
other one, and the original of an avatar, is downloaded.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import SessionEnded
from ...domain.files import File, FileId
from ...ports.store import Recognised
from ...ports.store.files import Shelved
from ...services import named_files
from ...web.cors import check_origin
from ...web.dialect import Route, core_of
from ...web.handing_out import Handed, hand_out
from ...web.ids import read_integer
from . import wire
from .auth import caller_by, user_of
from .blobs import TICKET, access_object, blob_object
from .routes import both, telling_expiration

PUBLIC: Final = "public, max-age=300"
"""Seconds that others may keep a public blob: as long as it may still be seen after it was deleted."""
PRIVATE: Final = "private, no-cache"
"""A browser asks again each time, so that who may not read it any more does not; the answer is 304 and short."""


async def view(request: Request) -> Response:
    """GET /blobs/{id} and GET /blobs/{uid}; the latter is what ``privateUrl`` and ``publicUrl`` name."""
    if read_integer(request.path_params["blob"]) is not None:
        return await record(request)
    found = await _readable(request)
    file = found.file
    if file.picture is None or found.picture is None:
        return await _handed(request, found)
    shown = Handed(file.name, file.picture.content_type, file.picture.size, True, f"{file.uid}-picture", _cache(file))
    return await hand_out(request, shown, _reading(request, found.picture))


async def download(request: Request) -> Response:
    """GET /blobs/{uid}/download: the original, never in place."""
    return await _handed(request, await _readable(request))


async def record(request: Request) -> Response:
    """GET /blobs/{id}.json and GET /blobs/{uid}.json. What the SDK sends as ``blob[name]`` with it changes nothing."""
    return wire.answer({"blob": blob_object(await _known(request))})


async def access(request: Request) -> Response:
    """GET /blobs/{uid}/object: where to download it, without a token in the address."""
    core = core_of(request)
    caller = await user_of(request)
    file = await _known(request)
    said: dict[str, Any] = {}
    address = f"{core.public_url}/blobs/{file.uid}"
    if file.is_complete:
        text, ticket = await named_files.link(core, caller.recognised, file)
        where = address if file.is_public else f"{address}/download?{TICKET}={text}"
        said = {**access_object(file, ticket, "Read"), "download_url": where, "dowload_url": where}
    return wire.answer({"blob": {**blob_object(file), "blob_object_access": said or None}})


async def _known(request: Request) -> File:
    caller = await user_of(request)
    blob = request.path_params["blob"]
    id = read_integer(blob)
    if id is not None:
        return await named_files.by_number(core_of(request), caller.recognised, FileId(id))
    return await named_files.by_uid(core_of(request), caller.recognised, blob)


async def _readable(request: Request) -> Shelved:
    """Refuses as the vendor does: 404 for what is not there, 401 for a private one without a token that opens it."""
    query = request.query_params

    async def by() -> Recognised:
        token = query.get("token") or request.headers.get("cb-token")
        if not token:
            raise SessionEnded
        caller = await caller_by(request, token)
        caller.known_user  # noqa: B018  (refuses)
        return caller.recognised

    found, app = await named_files.readable(
        core_of(request), request.path_params["blob"], ticket=query.get(TICKET), by=by
    )
    check_origin(request, app)
    return found


async def _handed(request: Request, found: Shelved) -> Response:
    file = found.file
    original = Handed(file.name, file.content_type, file.size, False, f"{file.uid}", _cache(file))
    return await hand_out(request, original, _reading(request, found.content))


def _reading(request: Request, kept_under: str) -> Any:
    async def read(start: int, length: int) -> AsyncIterator[bytes]:
        return await named_files.content(core_of(request), kept_under, start=start, length=length)

    return read


def _cache(file: File) -> str:
    return PUBLIC if file.is_public else PRIVATE


ROUTES: Final[list[Route]] = [
    Route("GET", "/blobs/{blob}.json", telling_expiration(record)),
    Route("GET", "/blobs/{blob}", telling_expiration(view)),
    *both("GET", "/blobs/{blob}/download", download),
    *both("GET", "/blobs/{blob}/object", access),
]
