"""Searching what was said, over REST. How it is looked for is services/searching.py."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ...domain.conversations import ConversationId, Message, MessageId, Tally
from ...domain.errors import NotFound, Unacceptable
from ...domain.listings import ALWAYS, Between, ConversationsAsked
from ...domain.paging import PageAsked
from ...domain.searches import Search, words_in
from ...services import conversations, saying, searching
from ...services.conversations import Seen
from ...services.core import Core
from ...web.dialect import Route, core_of
from ...web.ids import read_hex
from . import wire
from .auth import Caller, user_of
from .chat_wire import message_object
from .dialogs import dialog_objects
from .filters import page_asked
from .moments import read_moment
from .reading import Asked, read
from .routes import both

MOST_DIALOGS: Final = 10  # the vendor's, in one question
_SECOND: Final = timedelta(seconds=1)


async def search(request: Request) -> Response:
    """GET /chat/search: messages by their text, the newest first, and dialogs by their name."""
    core, caller = core_of(request), await user_of(request)
    asked = await read(request)
    text = asked.needed("search_text").strip()
    wanted = Search(words=_words(text), conversation_ids=_dialogs(asked), sent=_sent(asked))
    _, limit = page_asked(asked)
    found = await searching.search(core, caller.session, wanted, PageAsked(limit))
    called = await conversations.chosen(
        core, caller.session, ConversationsAsked(title_has=text, ids=wanted.conversation_ids, limit=limit)
    )
    results = {
        "dialogs": await dialog_objects(core, caller, called.items),
        "messages": await _shown(core, caller, found.messages),
        "users": [],
    }
    return wire.answer({"results": results})


def _words(text: str) -> tuple[str, ...]:
    try:
        return words_in(text)
    except Unacceptable as rule:
        raise Unacceptable("search_text", rule.reason) from rule


def _dialogs(asked: Asked) -> tuple[ConversationId, ...] | None:
    """What is no id of a dialog names nothing."""
    if not asked.texts("chat_dialog_ids"):
        return None
    names = list(dict.fromkeys(asked.texts("chat_dialog_ids")))
    if len(names) > MOST_DIALOGS:
        raise Unacceptable("chat_dialog_ids", f"should be at most {MOST_DIALOGS}")
    return tuple(ConversationId(id) for it in names if (id := read_hex(it)) is not None)


def _sent(asked: Asked) -> Between:
    """``start_date`` is the later one here, as the vendor has it: from it the search goes back to ``end_date``."""
    latest, earliest = _moment(asked, "start_date"), _moment(asked, "end_date")
    if latest is not None and earliest is None:
        raise Unacceptable("end_date", "cannot be blank")
    if latest is None and earliest is None:
        return ALWAYS
    return Between(since=earliest, until=None if latest is None else latest + _SECOND)


def _moment(asked: Asked, name: str) -> datetime | None:
    """By whole seconds, as moments are shown."""
    text = asked.text(name)
    if text is None:
        return None
    at = read_moment(text)
    if at is None or at.year > 9000:
        raise Unacceptable(name, "is not a date")
    return at.replace(microsecond=0)


async def _shown(core: Core, caller: Caller, found: Sequence[Message]) -> list[dict[str, Any]]:
    """What went out of sight while it was looked for is left out."""
    by_dialog: dict[ConversationId, list[MessageId]] = {}
    for it in found:
        by_dialog.setdefault(it.conversation_id, []).append(it.id)
    seen: dict[ConversationId, Seen] = {}
    tallies: dict[MessageId, Sequence[Tally]] = {}
    for id, ids in by_dialog.items():
        with suppress(NotFound):
            tallies |= await saying.tallies(core, caller.session, id, ids)
            seen[id] = await conversations.one_seen(core, caller.session, id)
    return [
        message_object(it, dialog.conversation, dialog.members, tallies.get(it.id, ()))
        for it in found
        if (dialog := seen.get(it.conversation_id)) is not None
    ]


ROUTES: Final[list[Route]] = both("GET", "/chat/search", search)
