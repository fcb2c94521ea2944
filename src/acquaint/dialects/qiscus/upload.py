"""Files: taken from who is logged in, and handed out to whoever knows their address, which nobody can guess.

The address ends with the file's name, because the clients tell a picture by it; the name opens nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import NotFound
from ...services import files
from ...services.files import LARGEST_FILE
from ...web.cors import check_origin
from ...web.dialect import core_of
from ...web.handing_out import Handed, hand_out
from ...web.multipart import read_upload
from . import wire
from .auth import caller_of
from .families import Call, Family

SLOWEST_UPLOAD: Final = timedelta(minutes=5)  # 25 MiB at 0.7 Mbit/s: a phone with poor reception
UNNAMED: Final = "file"

_FOR_EVER: Final = "private, max-age=31536000, immutable"


async def upload(request: Request) -> Response:
    """POST upload: a form with a ``file``."""
    core, caller = core_of(request), await caller_of(request)
    sent = await read_upload(request, "file", at_most=LARGEST_FILE, within=SLOWEST_UPLOAD)
    file, key = await files.keep_of(core, caller.recognised, sent.file_name or UNNAMED, sent.media_type, sent.content)
    url = f"{core.public_url}{Family.SDK.value}/files/{key}/{quote(file.name, safe='')}"
    return wire.answer({"file": {"url": url, "name": file.name, "size": file.size, "pages": 1}})


async def download(request: Request) -> Response:
    """GET files/{key}/{name}"""
    core, key = core_of(request), request.path_params["key"]
    file, app = await files.find(core, key)
    check_origin(request, app)
    if file.name != request.path_params["name"]:
        raise NotFound("file")
    handed = Handed(file.name, file.content_type, file.size, file.is_shown_inline, str(file.id), _FOR_EVER)

    async def read(start: int, length: int) -> AsyncIterator[bytes]:
        return await files.content(core, key, start=start, length=length)

    return await hand_out(request, handed, read)


FOR_CLIENTS: Final = (
    Call("POST", "upload", upload),
    Call("GET", "files/{key}/{name}", download),
)
