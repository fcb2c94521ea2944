"""Blobs: announced, uploaded, completed; listed, renamed and deleted by their owner. ``downloads`` hands them out.

The vendor's blobs are uploaded to another company's servers, and so the SDKs take the address in ``params`` apart: what
was its query they post as fields of a form, the file last. Here it is an address of ours, and one of the fields is the
ticket that the bytes come with.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import NotAllowed, TicketRefused, Unacceptable
from ...domain.files import File, FileId
from ...domain.tickets import Ticket
from ...services import named_files, uploads
from ...services.files import LARGEST_UPLOAD, UNKNOWN
from ...web.dialect import Route, core_of
from ...web.ids import read_integer
from ...web.multipart import read_upload
from . import wire
from .auth import user_of
from .errors import NotOwner
from .reading import Asked, read
from .routes import both

LONGEST_NAME: Final = 100  # documented
USUAL_PAGE: Final = 10
LARGEST_PAGE: Final = 100
LAST_PAGE: Final = 1_000_000

SLOWEST_UPLOAD: Final = timedelta(minutes=20)  # 100 MiB at 0.7 Mbit/s: a phone with poor reception

TICKET: Final = "ticket"
_SIZE: Final = 20  # digits; we count for ourselves


async def announce(request: Request) -> Response:
    """POST /blobs: the blob, and where its bytes go."""
    core = core_of(request)
    caller = await user_of(request)
    asked = (await read(request)).within("blob")
    kind = (asked.text("content_type") or UNKNOWN).partition(";")[0].strip().lower()
    file, text, ticket = await uploads.announce(
        core, caller.recognised, _name(asked), kind, is_public=asked.flag("public")
    )
    access = {**access_object(file, ticket, "Write"), "params": _upload_address(file, text, ticket, core.public_url)}
    return wire.answer({"blob": {**blob_object(file), "blob_object_access": access}}, 201)


async def upload(request: Request) -> Response:
    """POST /blobs/{uid}/upload: the bytes. The ticket is the credential; tokens that come along say nothing."""
    asked = await read_upload(request, "file", at_most=LARGEST_UPLOAD, within=SLOWEST_UPLOAD)
    uid = request.path_params["blob"]
    if asked.fields.get("key", uid) != uid:
        raise TicketRefused
    core = core_of(request)
    file = await uploads.receive(core, uid, asked.fields.get(TICKET, ""), asked.content)
    location = escape(f"{core.public_url}/blobs/{file.uid}")
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>'
        f'<Location>{location}</Location><Bucket>blobs</Bucket><Key>{file.uid}</Key><ETag>"{file.id}"</ETag>'
        "</PostResponse>"
    )
    return Response(body, 201, media_type="application/xml", headers={"Cache-Control": "no-store"})


async def complete(request: Request) -> Response:
    """PUT and POST /blobs/{id}/complete. The size that is sent is not what counts."""
    caller = await user_of(request)
    id = _id(request)
    asked = await read(request)
    size = (asked.within("blob") if asked.has("blob") else asked).text("size")
    if size is not None and not (size.isascii() and size.isdigit() and len(size) <= _SIZE):
        raise Unacceptable("size", "should be a positive integer")
    try:
        await uploads.complete(core_of(request), caller.recognised, id)
    except NotAllowed as refusal:
        raise NotOwner from refusal
    return wire.nothing()


async def list_own(request: Request) -> Response:
    """GET /blobs: the caller's own, newest first."""
    caller = await user_of(request)
    asked = await read(request)
    page, per_page = _number(asked, "page", 1, LAST_PAGE), _number(asked, "per_page", USUAL_PAGE, None)
    per_page = min(per_page, LARGEST_PAGE)
    files, total = await named_files.listed(
        core_of(request), caller.recognised, skip=(page - 1) * per_page, limit=per_page
    )
    items = [{"blob": blob_object(it)} for it in files]
    return wire.answer({"current_page": page, "per_page": per_page, "total_entries": total, "items": items})


async def change(request: Request) -> Response:
    """PUT /blobs/{id}: another name. Nothing else of a blob can be changed."""
    caller = await user_of(request)
    id = _id(request)
    asked = (await read(request)).within("blob")
    core = core_of(request)
    try:
        if asked.has("name"):
            file = await named_files.rename(core, caller.recognised, id, _name(asked))
        else:
            file = await named_files.by_number(core, caller.recognised, id)
            file.check_owner(caller.known_user.id)
    except NotAllowed as refusal:
        raise NotOwner from refusal
    return wire.answer({"blob": blob_object(file)})


async def delete(request: Request) -> Response:
    """DELETE /blobs/{id}"""
    caller = await user_of(request)
    try:
        await named_files.delete(core_of(request), caller.recognised, _id(request))
    except NotAllowed as refusal:
        raise NotOwner from refusal
    return wire.nothing()


def blob_object(file: File) -> dict[str, Any]:
    """``account_id`` is the App, too: there is nothing above it here."""
    completed_at = file.completed_at
    return {
        "id": file.id,
        "uid": file.uid,
        "content_type": file.content_type,
        "name": file.name,
        "size": None if completed_at is None else file.size,
        "created_at": wire.moment(file.created_at),
        "updated_at": wire.moment(file.updated_at or file.created_at),
        "blob_status": None if completed_at is None else "complete",
        "set_completed_at": None if completed_at is None else wire.moment(completed_at),
        "public": file.is_public,
        "account_id": file.app_id,
        "app_id": file.app_id,
    }


def access_object(file: File, ticket: Ticket, kind: str) -> dict[str, Any]:
    return {
        "id": file.id,
        "blob_id": file.id,
        "expires": wire.moment(ticket.expires_at),
        "object_access_type": kind,
    }


def _upload_address(file: File, text: str, ticket: Ticket, public_url: str) -> str:
    """Everything percent-encoded, a space too: SDKs decode each value once and take no + for a space."""
    fields = {
        "Content-Type": file.content_type,
        "Expires": wire.moment(ticket.expires_at),
        "acl": "public-read" if file.is_public else "authenticated-read",
        "key": str(file.uid),
        "success_action_status": "201",
        TICKET: text,
    }
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())
    return f"{public_url}/blobs/{file.uid}/upload?{query}"


def _name(asked: Asked) -> str:
    name = asked.needed("name")
    if len(name) > LONGEST_NAME:
        raise Unacceptable("name", f"is too long (maximum is {LONGEST_NAME} characters)")
    return name


def _id(request: Request) -> FileId:
    id = read_integer(request.path_params["blob"])
    if id is None:
        raise Unacceptable("id", "should be a positive integer")
    return FileId(id)


def _number(asked: Asked, name: str, usual: int, most: int | None) -> int:
    number = asked.number(name)
    if number is None:
        return usual
    if number < 1 or (most is not None and number > most):
        raise Unacceptable(name, "should be a positive integer")
    return number


ROUTES: Final[list[Route]] = [
    *both("POST", "/blobs", announce),
    *both("GET", "/blobs", list_own),
    *both("PUT", "/blobs/{blob}", change),
    *both("DELETE", "/blobs/{blob}", delete),
    *both("PUT", "/blobs/{blob}/complete", complete),
    *both("POST", "/blobs/{blob}/complete", complete),
    *both("POST", "/blobs/{blob}/upload", upload),
]
