"""What somebody wants to say in a room, as the vendor's clients and servers send it.

draft_in       a comment that is to be posted
payload_in     what belongs to its type
Quote          the comment that a reply answers: what it says is taken from there, never from who replies
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from ...domain.conversations import LONGEST_TEXT, Message, MessageId
from ...domain.errors import NotFound, Unacceptable
from ...services.messages import Draft
from ...web.ids import read_integer
from .chat_wire import REPLY, SYSTEM_EVENT
from .faces import Faces
from .names import check_comment_name
from .reading import Asked

LARGEST_PAYLOAD: Final = 16_384
"""Bytes of JSON of a payload, and as much of extras. What is larger is a file."""
FILE: Final = "file_attachment"

_TYPE: Final = re.compile(r"[a-z0-9_]{1,50}")

Quoted = Callable[[MessageId], Awaitable[tuple[Message, Faces]]]
"""The comment of the room that is replied to, and who said it. Refuses with NotFound."""


async def draft_in(asked: Asked, quoted: Quoted, *, text_of: str, is_servers: bool = False) -> Draft:
    """Refuses with Unacceptable. A server may leave the text of a file away, and says nothing as the system here."""
    kind = asked.text("type") or "text"
    if not _TYPE.fullmatch(kind) or kind == SYSTEM_EVENT:
        raise Unacceptable("type", "must be a word of small letters, digits and _, and not system_event")
    text = text_in(asked, text_of)
    payload = await payload_in(asked, kind, text, quoted)
    if kind == FILE and is_servers and not text:
        text = f"[file] {payload['url']} [/file]"
    if not text.strip() and not payload:
        raise Unacceptable(text_of, "is required")
    name = check_comment_name(asked.text("unique_temp_id", "unique_id"))
    return Draft(text, kind, payload, extras_in(asked), name)


def text_in(asked: Asked, name: str) -> str:
    text = asked.text(name) or ""
    if len(text) > LONGEST_TEXT:
        raise Unacceptable(name, f"is longer than {LONGEST_TEXT} characters")
    return text


def extras_in(asked: Asked) -> dict[str, Any]:
    return _bounded("extras", asked.object("extras") or {})


async def payload_in(asked: Asked, kind: str, text: str, quoted: Quoted) -> dict[str, Any]:
    """Refuses with Unacceptable where the type needs something that is not there."""
    payload = _bounded("payload", asked.object("payload") or {})
    if kind == FILE:
        url = payload.get("url")
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise Unacceptable("payload", "must have a url that begins with https:// or http://")
    if kind == REPLY:
        return await _reply(payload, text, quoted)
    return payload


async def _reply(payload: Mapping[str, Any], text: str, quoted: Quoted) -> dict[str, Any]:
    id = read_integer(str(payload.get("replied_comment_id")))
    try:
        if id is None:
            raise NotFound("message")
        answered, faces = await quoted(MessageId(id))
    except NotFound as nothing:
        raise Unacceptable("payload", "must have the replied_comment_id of a comment of the room") from nothing
    face = faces.of_author(answered)
    theirs = {key: value for key, value in answered.payload.items() if not key.startswith("replied_comment_")}
    return {
        "text": text,
        "replied_comment_id": answered.id,
        "replied_comment_message": answered.text,
        "replied_comment_type": answered.kind,
        "replied_comment_payload": theirs,
        "replied_comment_sender_email": face["email"],
        "replied_comment_sender_username": face["username"],
    }


def _bounded(name: str, value: dict[str, Any]) -> dict[str, Any]:
    if len(msgspec.json.encode(value)) > LARGEST_PAYLOAD:
        raise Unacceptable(name, f"is larger than {LARGEST_PAYLOAD} bytes")
    return value
