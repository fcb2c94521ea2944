"""Files beside messages: announced, sent to the address that was answered, and named by a message.

The vendor has clients send files to another company's servers with the fields it answered; here the address is ours and
one of the fields is the ticket that the bytes come with. Whoever sees a message may read its files.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ....domain.conversations import Message, MessageId
from ....domain.errors import NotAllowed, NotFound, TooLarge, Unacceptable
from ....domain.files import File, FileId
from ....ports.store import Recognised
from ....services import named_files, support, uploads
from ....services.core import Core
from ....services.files import LARGEST_UPLOAD, UNKNOWN
from ....web.dialect import core_of
from ....web.handing_out import Handed, hand_out
from ....web.ids import as_hex
from ....web.multipart import read_upload
from .. import wire
from ..reading import query, read, read_id
from . import resources
from .tracking import Caller, caller_of

LONGEST_NAME: Final = 255
SLOWEST_UPLOAD: Final = timedelta(minutes=15)  # 100 MiB at 1 Mbit/s
KEPT_BY_BROWSERS: Final = "private, max-age=3600"


async def announce(request: Request) -> Response:
    """POST chat/attachments: the attachment, and where its bytes go."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    name, kind = asked.needed("name", LONGEST_NAME), asked.text("contentType", 255) or UNKNOWN
    if asked.number("contentLength", 0, 0, 2**53) > LARGEST_UPLOAD:
        raise TooLarge(LARGEST_UPLOAD)
    it = await support.arrive(core, caller.recognised)
    file, text, _ = await uploads.announce(core, it, name, kind.partition(";")[0].strip().lower(), is_public=False)
    url = f"{core.public_url}/c/v1/chat/attachments/{file.uid}/upload"
    meta = {"upload": {"url": url, "fields": {"key": file.uid, "ticket": text}}}
    return wire.document(_attachment(caller, file), 201, meta=meta)


async def upload(request: Request) -> Response:
    """POST the bytes: a form with the fields that were answered, and ``file``. Whoever has the ticket may."""
    core = core_of(request)
    form = await read_upload(request, "file", at_most=LARGEST_UPLOAD, within=SLOWEST_UPLOAD)
    uid = request.path_params["uid"]
    if form.fields.get("key", uid) != uid:
        raise Unacceptable("key", "is that of another attachment")
    await uploads.receive(core, uid, form.fields.get("ticket", ""), form.content)
    return wire.answer({"data": None}, 201)


async def read_attachment(request: Request) -> Response:
    """GET an attachment of a message: where it can be read for an hour, as JSON or with ``redirect=true`` as 302."""
    core, caller = core_of(request), await caller_of(request)
    asked = query(request)
    message, _ = await support.one_message(core, caller.session, MessageId(read_id(request.path_params["message_id"])))
    entry = _entry(message, request.path_params["id"])
    file = await named_files.by_uid(core, caller.recognised, str(entry.get("uid")))
    text, _ = await named_files.link(core, caller.recognised, file)
    url = f"{core.public_url}/c/v1/chat/attachments/{file.uid}/content?ticket={text}"
    if asked.flag("redirect"):
        return RedirectResponse(url, 302, headers=wire.NEVER_KEPT)
    return wire.document(_attachment(caller, file, url))


async def content(request: Request) -> Response:
    """GET the bytes, with the ticket of a link."""
    core = core_of(request)

    async def nobody() -> Recognised:
        raise NotFound("attachment")

    ticket = query(request).text("ticket", 100)
    shelved, _ = await named_files.readable(core, request.path_params["uid"], ticket=ticket, by=nobody)
    file = shelved.file
    handed = Handed(file.name, file.content_type, file.size, file.is_shown_inline, as_hex(file.id), KEPT_BY_BROWSERS)

    async def part(start: int, length: int) -> AsyncIterator[bytes]:
        return await named_files.content(core, shelved.content, start=start, length=length)

    return await hand_out(request, handed, part)


async def attached(core: Core, caller: Caller, ids: Sequence[str]) -> list[dict[str, Any]]:
    """What a message says of its files. Each must be the caller's own, and have been uploaded."""
    found = []
    for number, text in enumerate(dict.fromkeys(ids)):
        field = f"attachments[{number}]"
        try:
            file = await uploads.complete(core, caller.recognised, FileId(read_id(text, field)))
        except (NotFound, NotAllowed) as refusal:
            raise Unacceptable(field, "is not one of yours") from refusal
        except Unacceptable as rule:
            raise Unacceptable(field, rule.reason) from rule
        found.append(
            {
                "id": as_hex(file.id),
                "uid": file.uid,
                "name": file.name,
                "contentType": file.content_type,
                "contentLength": file.size,
            }
        )
    return found


def _entry(message: Message, id: str) -> dict[str, Any]:
    read_id(id)
    shown = resources.ATTACHMENTS
    listed = message.payload.get(shown) if message.deleted_at is None else None
    for it in listed if isinstance(listed, list) else []:
        if isinstance(it, dict) and it.get("id") == id:
            return it
    raise NotFound("attachment")


def _attachment(caller: Caller, file: File, url: str | None = None) -> wire.Resource:
    attributes = {
        "name": file.name,
        "contentType": file.content_type,
        "contentLength": file.size,
        "url": url,
        "createdAt": wire.moment(file.created_at),
        "updatedAt": wire.moment(file.updated_at or file.created_at),
    }
    return wire.resource("attachment", file.id, attributes, wire.org_of(caller.app))
