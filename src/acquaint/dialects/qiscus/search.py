"""Comments that are looked for, in all of one's rooms or in some. How that is done is services/searching.py."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from ...domain.conversations import ConversationId, ConversationKind, Message
from ...domain.errors import NotFound, Unacceptable
from ...domain.members import OPEN
from ...domain.paging import PageAsked
from ...domain.searches import Found, Search, words_in
from ...domain.users import UserId
from ...services import conversations, searching
from ...services.conversations import Seen
from ...services.core import Core
from ...web.dialect import core_of
from . import wire
from .auth import Caller, caller_of, find_user
from .chat_wire import comment_object, kinds_of
from .comment_draft import FILE
from .comments import comment_number
from .faces import Faces
from .families import Call
from .names import room_number
from .reading import Asked, read
from .rooms import LARGEST_PAGE, LAST_PAGE, MOST_NAMED

USUAL_PAGE: Final = 20
MOST_KINDS: Final = 20  # types or extensions in one search

_EXTENSIONS: Final = {
    "media": frozenset("jpg jpeg png gif webp bmp heic svg mp4 mov webm mkv avi 3gp m4v mp3 m4a wav ogg aac".split()),
    "doc": frozenset("pdf doc docx xls xlsx ppt pptx odt ods odp rtf txt csv md".split()),
}
_FILE_TYPES: Final = {"media": "media", "doc": "doc", "document": "doc", "documents": "doc", "others": "others"}
_EXTENSION: Final = re.compile(r"\.?([A-Za-z0-9]{1,20})")
_HOST: Final = re.compile(r"\A(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://[^/]*)?")


async def search(request: Request) -> Response:
    """POST search: by words, by page, the newest first."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    wanted = Search(
        words=_words(asked),
        kinds=frozenset(asked.texts("type", at_most=MOST_KINDS)) or None,
        senders=await _sender(core, caller, asked),
        conversation_ids=_rooms(asked, "room_ids"),
        conversation_kinds=_kinds(asked),
    )
    return await _page(core, caller, asked, wanted)


async def search_messages(request: Request) -> Response:
    """POST search_messages: the older spelling, of one room or all of them, before a comment."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    wanted = Search(words=_words(asked), conversation_ids=_rooms(asked, "room_id"))
    page = PageAsked(USUAL_PAGE, comment_number(asked, "last_comment_id"))
    found = await searching.search(core, caller.session, wanted, page)
    return wire.answer({"comments": await _shown(core, caller, found)})


async def file_list(request: Request) -> Response:
    """POST file_list: what was sent as a file, by page, the newest first."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request)
    wanted = Search(
        kinds=frozenset({FILE}),
        senders=await _sender(core, caller, asked),
        conversation_ids=_rooms(asked, "room_ids"),
        also=_of_extension(asked),
    )
    return await _page(core, caller, asked, wanted)


async def _page(core: Core, caller: Caller, asked: Asked, wanted: Search) -> Response:
    """``total`` counts as far as was looked at: one more than is shown where more was found, or may be."""
    limit = asked.number("limit", USUAL_PAGE, LARGEST_PAGE)
    page = 1 if asked.text("page") == "0" else asked.number("page", 1, LAST_PAGE)  # Android begins at nought
    skip = (page - 1) * limit
    found = await searching.from_the(core, caller.session, wanted, skip=skip, limit=limit)
    shown = await _shown(core, caller, found)
    total = skip + len(found.messages) + (found.next is not None) if found.messages or not skip else skip
    return wire.answer({"comments": shown, "page": page, "limit": limit, "total": str(total)})


async def _shown(core: Core, caller: Caller, found: Found) -> list[dict[str, Any]]:
    """What went out of sight while it was looked for is left out."""
    seen: dict[ConversationId, Seen] = {}
    for id in dict.fromkeys(it.conversation_id for it in found.messages):
        with suppress(NotFound):
            seen[id] = await conversations.one_seen(core, caller.session, id)
    people: set[UserId | None] = {it.sender_id for it in found.messages}
    people |= {m.user_id for it in seen.values() if it.conversation.kind is ConversationKind.DIRECT for m in it.members}
    faces = await Faces.of(core, caller.app, people)
    return [
        comment_object(it, room.conversation, room.members, caller.user.id, faces)
        for it in found.messages
        if (room := seen.get(it.conversation_id)) is not None
    ]


def _words(asked: Asked) -> tuple[str, ...]:
    text = asked.needed("query")
    try:
        return words_in(text)
    except Unacceptable as rule:
        raise Unacceptable("query", rule.reason) from rule


async def _sender(core: Core, caller: Caller, asked: Asked) -> frozenset[UserId] | None:
    """Who is nobody said nothing."""
    id = asked.text("sender")
    if id is None:
        return None
    try:
        return frozenset({(await find_user(core, caller.app, "sender", id)).id})
    except NotFound:
        return frozenset()


def _rooms(asked: Asked, name: str) -> tuple[ConversationId, ...] | None:
    """An empty list is not given. What is no number names no room, and nothing is said in it."""
    names = asked.texts(name, at_most=MOST_NAMED)
    if not names:
        return None
    found = []
    for it in dict.fromkeys(names):
        with suppress(NotFound):
            found.append(room_number(it))
    return tuple(found)


def _kinds(asked: Asked) -> frozenset[ConversationKind] | None:
    """``room_type`` is single or group; a group that ``is_public`` is a channel."""
    room_type = asked.text("room_type")
    if room_type is not None and room_type not in ("single", "group"):
        raise Unacceptable("room_type", "must be single or group")
    if asked.flag("is_public"):
        return OPEN if room_type != "single" else frozenset()
    return None if room_type is None else kinds_of(room_type)


def _of_extension(asked: Asked) -> Callable[[Message], bool]:
    wanted, unwanted = _extensions(asked, "include_extensions"), _extensions(asked, "exclude_extensions")
    name = asked.text("file_type")
    file_type = None if name is None else _FILE_TYPES.get(name.lower())
    if name is not None and file_type is None:
        raise Unacceptable("file_type", "must be media, doc or others")

    def matches(it: Message) -> bool:
        extension = _extension_of(it)
        if (wanted and extension not in wanted) or extension in unwanted:
            return False
        if file_type == "others":
            return all(extension not in known for known in _EXTENSIONS.values())
        return file_type is None or extension in _EXTENSIONS[file_type]

    return matches


def _extensions(asked: Asked, name: str) -> frozenset[str]:
    found = set()
    for text in asked.texts(name, at_most=MOST_KINDS):
        for part in text.split(","):
            it = _EXTENSION.fullmatch(part.strip())
            if it is None:
                raise Unacceptable(name, "must be extensions such as png")
            found.add(it[1].lower())
    return frozenset(found)


def _extension_of(it: Message) -> str:
    """By the name of the file, or else by its address: both are the sender's word, and read in time with its length.

    The standard library normalises the host of an address, in the square of the accents that somebody put there.
    """
    name = it.payload.get("file_name")
    if not isinstance(name, str) or not name:
        url = it.payload.get("url")
        name = unquote(_HOST.sub("", re.split("[?#]", url, maxsplit=1)[0])) if isinstance(url, str) else ""
    return PurePosixPath(name).suffix[1:].lower()


FOR_CLIENTS: Final = (
    Call("POST", "search", search),
    Call("POST", "search_messages", search_messages),
    Call("POST", "file_list", file_list),
)
