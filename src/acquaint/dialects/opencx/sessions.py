"""Conversations, which the vendor calls sessions: listed, begun, read and ended."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from ...domain.conversations import Conversation, Rating
from ...domain.errors import NotAllowed, Unacceptable, Unreadable
from ...domain.paging import USUAL_PAGE, PageAsked
from ...domain.places import Workspace, workspace
from ...services import desk
from ...web.dialect import core_of
from ...web.ids import as_uuid
from ...web.reading import check_texts, parse_json
from . import wire
from .auth import caller_of, enforced, settle
from .reading import as_text, check_uuid, read, read_moment, read_session_id, scalars

EXTERNAL_ID: Final = "external_id"
LONGEST_FILTERS: Final = 8_000  # characters

WHOLE_UP_TO: Final = 200  # messages of which all are told, whatever the widget says it has
OVERLAP: Final = timedelta(minutes=10)
"""Earlier than what the widget says it has: it says so by the browser's clock. It passes over what it has already."""

LARGEST_PAYLOAD: Final = 8 * 1024  # bytes of a checkpoint, as JSON
MOST_MARKS: Final = 50
LONGEST_FEEDBACK: Final = 2_000


class NewSession(Struct):
    customData: dict[str, Any] | None = None  # noqa: N815 - the vendor's spelling


class OfSession(Struct):
    session_id: str


class Csat(Struct):
    session_id: str
    score: int
    system_message_uuid: str
    feedback: str | None = None


class Checkpoint(Struct):
    session_id: str
    payload: dict[str, Any]


async def list_sessions(request: Request) -> Response:
    """GET sessions: in the workspace that ``filters`` name, newest first; a verified contact's without one are all."""
    core, caller = core_of(request), await caller_of(request)
    external_id, wanted = _filters(request)
    asked = PageAsked(USUAL_PAGE, _cursor(request))
    caller = await settle(core, caller, external_id)
    sees = desk.anywhere if external_id is None else desk.within(_workspace(external_id))
    page = await desk.page(core, caller.session, sees, asked, only=_having(wanted))
    items = [wire.session(caller.app, it) for it in page.items]
    return wire.answer({"items": items, "next": None if page.next is None else str(page.next)})


async def create_session(request: Request) -> Response:
    """POST create-session. The first one makes the contact whom nobody verified, with what the page said of them."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request, NewSession)
    custom = scalars(asked.customData, "customData")
    external_id = _external_id(custom.get(EXTERNAL_ID))
    there = _workspace(external_id)
    caller = await settle(core, caller, external_id, starts=True)
    with enforced(caller):
        chat, _ = await desk.start(
            core, caller.recognised, workspace=there, custom=custom, claimed=caller.said.claimed()
        )
    return wire.answer(wire.session(caller.app, chat), 201)


async def poll(request: Request) -> Response:
    """GET poll/{id}: the session and its rows. Nothing changes by it."""
    core, caller = core_of(request), await caller_of(request)
    id = read_session_id(request.path_params["id"])
    since = _since(request, core.clock())
    chat, messages = await desk.history(core, caller.session, id, whole_up_to=WHOLE_UP_TO, since=since)
    rows = wire.rows(caller.app, chat.conversation, messages)
    return wire.answer({"session": wire.session(caller.app, chat), "history": rows})


async def history(request: Request) -> Response:
    """GET session/history/{id}: the rows alone."""
    core, caller = core_of(request), await caller_of(request)
    id = read_session_id(request.path_params["id"])
    chat, messages = await desk.history(core, caller.session, id, whole_up_to=WHOLE_UP_TO, since=None)
    return wire.answer(wire.rows(caller.app, chat.conversation, messages))


async def resolve(request: Request) -> Response:
    """POST session/resolve. Resolving twice is fine."""
    core, caller = core_of(request), await caller_of(request)
    id = read_session_id((await read(request, OfSession)).session_id)
    chat = await desk.change(core, caller.recognised, id, lambda was: was, closes=True)
    return wire.answer(wire.session(caller.app, chat), 201)


async def submit_csat(request: Request) -> Response:
    """POST submit-csat: what they thought of a session that has ended. The latest answer counts."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request, Csat)
    id = read_session_id(asked.session_id)
    if not 1 <= asked.score <= 5:
        raise Unacceptable("score", "must be from 1 to 5")
    if asked.feedback is not None and len(asked.feedback) > LONGEST_FEEDBACK:
        raise Unacceptable("feedback", f"is longer than {LONGEST_FEEDBACK} characters")
    row = check_uuid(asked.system_message_uuid, "system_message_uuid")
    now = core.clock()

    def answered(was: Conversation) -> Conversation:
        if was.closed_at is None:
            raise NotAllowed
        at = max(now, was.closed_at)  # of this end, whichever machine's clock it was ended by
        rating = Rating(asked.score, at, asked.feedback)
        again = None if was.rating is None else replace(was.rating, at=rating.at)
        if again == rating and wire.survey_answer_id(was) == row:
            return was
        return _keeping(replace(was, rating=rating, asks_rating=False), **{wire.RATED_AS: row})

    await desk.change(core, caller.recognised, id, answered, survey=asked.score)
    return wire.answer({"success": True}, 201)


async def checkpoint(request: Request) -> Response:
    """POST checkpoint: what a component of the page wants to find again."""
    core, caller = core_of(request), await caller_of(request)
    asked = await read(request, Checkpoint)
    id = read_session_id(asked.session_id)
    if len(msgspec.json.encode(asked.payload)) > LARGEST_PAYLOAD:
        raise Unacceptable("payload", f"is larger than {LARGEST_PAYLOAD} bytes")
    mark = {
        "id": as_uuid(core.new_id()),
        "type": wire.CHECKPOINT,
        "at": wire.moment(core.clock()),
        "payload": asked.payload,
    }

    def marked(was: Conversation) -> Conversation:
        before = wire.marks_of(was)
        points = [it for it in before if it["type"] == wire.CHECKPOINT]
        kept = [it for it in before if it not in points[: max(0, len(points) + 1 - MOST_MARKS)]]
        return _keeping(was, marks=[*kept, mark], checkpoint=asked.payload)

    await desk.change(core, caller.recognised, id, marked)
    return wire.answer({"success": True}, 201)


def _keeping(was: Conversation, **more: Any) -> Conversation:
    """The conversation with more of what only this dialect has a word for."""
    return replace(was, by_door={**was.by_door, wire.DOOR: {**was.by_door.get(wire.DOOR, {}), **more}})


def _filters(request: Request) -> tuple[str | None, Mapping[str, Any]]:
    """The external_id that a list is asked for, and what else the sessions' custom data must be."""
    given = request.query_params.getlist("filters")
    if len(given) > 1 or len("".join(given)) > LONGEST_FILTERS:
        raise Unacceptable("filters", "must be given once, and not be too long")
    if not given or not given[0].strip():
        return None, {}
    check_texts(given[0], "filters")
    try:
        named = parse_json(given[0].encode(), dict[str, Any])
    except Unreadable as refusal:
        raise Unacceptable("filters", "must be a JSON object") from refusal
    found: dict[str, Any] = {**dict.fromkeys(named), **scalars(named, "filters")}
    return _external_id(found.pop(EXTERNAL_ID, None)), found


def _having(wanted: Mapping[str, Any]) -> Callable[[Conversation], bool]:
    """Whether a session's custom data are so: all of them, compared as texts. Null: there is nothing of that name."""
    texts = {name: None if value is None else as_text(value) for name, value in wanted.items()}

    def has(it: Conversation) -> bool:
        there = {name: as_text(value) for name, value in it.custom.items() if value is not None}
        return all(there.get(name) == value for name, value in texts.items())

    return has


def _external_id(value: Any) -> str | None:
    """As a text; an empty one is none."""
    return as_text(value) or None if value is not None else None


def _workspace(external_id: str | None) -> Workspace | None:
    try:
        return workspace(external_id)
    except Unacceptable as rule:
        raise Unacceptable(EXTERNAL_ID, rule.reason) from rule


def _cursor(request: Request) -> int | None:
    """``cursor`` of version 4, which version 5 calls ``offset``. Zero is the beginning."""
    text = request.query_params.get("cursor") or request.query_params.get("offset") or ""
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,16}", text):
        raise Unacceptable("cursor", "is not one of ours")
    return int(text) or None


def _since(request: Request, now: datetime) -> datetime | None:
    """From when on the widget wants rows; never later than a while ago, however its clock goes."""
    said = read_moment(request.query_params.get("lastMessageTimestamp"), "lastMessageTimestamp")
    return None if said is None else max(min(said, now), datetime.fromtimestamp(86400, now.tzinfo)) - OVERLAP
