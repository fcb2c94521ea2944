"""Files beside messages: at most 5 MiB, of six kinds, under an address that nobody guesses.

The widget's pictures are fetched by the page itself, without any token, so the address is what opens them. A message
may only name files that its sender uploaded: what else it says of them is not looked at.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ...domain.errors import NotFound, TooLarge, Unacceptable, UnsupportedMedia
from ...domain.files import SHOWN_INLINE, File
from ...services import files
from ...services.core import Core
from ...web.cors import check_origin
from ...web.dialect import core_of
from ...web.handing_out import safe_headers
from ...web.ids import as_uuid
from ...web.multipart import read_upload
from . import wire
from .auth import Caller, caller_of, enforced

LARGEST: Final = 5 * 1024 * 1024  # bytes; the widget's own limit
SLOWEST: Final = timedelta(minutes=2)  # 5 MiB at 0.35 Mbit/s
PATH: Final = "/backend/widget/v2/files/"
PDF, TXT = "application/pdf", "text/plain"


async def upload(request: Request) -> Response:
    """POST upload: a form with ``file``. Refuses with TooLarge or UnsupportedMedia."""
    core, caller = core_of(request), await caller_of(request)
    form = await read_upload(request, "file", at_most=LARGEST, within=SLOWEST)
    start, content = await files.peek(_at_most(form.content))
    kind = _kind(start, form.media_type)
    with enforced(caller):
        file, key = await files.keep_of(core, caller.recognised, form.file_name or "file", kind, content)
    return wire.answer({"fileName": file.name, "fileUrl": core.public_url + PATH + key}, 201)


async def content(request: Request) -> Response:
    """GET a file, by whoever has its address."""
    core, key = core_of(request), request.path_params["file"]
    file, app = await files.find(core, key)
    check_origin(request, app)
    headers = {
        **safe_headers(file.name, file.content_type, is_inline=True),
        "Content-Length": str(file.size),
        "Cache-Control": "private, max-age=31536000, immutable",
    }
    if request.method == "HEAD":
        return Response(headers=headers)
    return StreamingResponse(await files.content(core, key), headers=headers)


async def attached(core: Core, caller: Caller, urls: Sequence[str]) -> list[dict[str, Any]]:
    """What a message says of its files. Each must be one that the caller uploaded."""
    found = []
    for url in dict.fromkeys(urls):
        file = await _own(core, caller, url)
        if file is None:
            raise Unacceptable("attachments", "must be files that you uploaded")
        found.append(
            {"id": as_uuid(file.id), "name": file.name, "size": file.size, "type": file.content_type, "url": url}
        )
    return found


async def _own(core: Core, caller: Caller, url: str) -> File | None:
    base = core.public_url + PATH
    if not url.startswith(base) or not url[len(base) :].isalnum() or not url.isascii():
        return None
    try:
        file, app = await files.find(core, url[len(base) :])
    except NotFound:
        return None
    owner = caller.session.user_id
    return file if app.id == caller.app.id and owner is not None and file.owner_id == owner else None


def _kind(start: bytes, declared: str) -> str:
    """What the bytes are: a picture, a PDF, or text that says it is. Refuses with UnsupportedMedia."""
    kind = files.kind_of(start, declared)
    if kind in SHOWN_INLINE:
        return kind
    if start.startswith(b"%PDF-"):
        return PDF
    if declared == TXT and b"\x00" not in start:
        return TXT
    raise UnsupportedMedia("A file must be a PNG, JPEG, GIF or WebP picture, a PDF or plain text.")


async def _at_most(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in content:
        size += len(chunk)
        if size > LARGEST:
            raise TooLarge(LARGEST)
        yield chunk
