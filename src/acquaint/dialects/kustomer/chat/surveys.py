"""What a visitor thought of a conversation that has ended. Kept with the conversation; its id is the conversation's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ....domain.conversations import ConversationId
from ....domain.errors import NotAllowed
from ....services import support
from ....services.support import Chat
from ....web.dialect import core_of
from .. import wire
from ..reading import Asked, read, read_id
from . import resources
from .conversations import noting
from .tracking import Caller, caller_of

HIGHEST_RATING: Final = 10
MOST_ANSWERS: Final = 20
LONGEST_ANSWER: Final = 2_000


async def ask(request: Request) -> Response:
    """POST chat/sessions/{id}/satisfaction: the survey, with what was answered so far."""
    caller = await caller_of(request)
    await read(request)
    return wire.document(_survey(caller, await _ended(request, caller)), 201)


async def respond(request: Request) -> Response:
    """PUT chat/satisfaction-responses/{id}. A later answer replaces an earlier one."""
    core, caller = core_of(request), await caller_of(request)
    chat = await _ended(request, caller)
    asked = await read(request)
    given = {
        "rating": asked.number("rating", 0, 1, HIGHEST_RATING) if asked.values.get("rating") is not None else None,
        "answers": [_answer(it) for it in asked.objects("answers", MOST_ANSWERS) or []],
        "submittedAt": wire.moment(asked.moment("submittedAt") or core.clock()),
    }
    await support.annotate(core, caller.recognised, chat.conversation.id, lambda was: noting(was, satisfaction=given))
    return wire.document(_survey(caller, await support.one_chat(core, caller.session, chat.conversation.id)))


async def _ended(request: Request, caller: Caller) -> Chat:
    """Refuses with NotFound, and with NotAllowed while the conversation goes on."""
    id = ConversationId(read_id(request.path_params["id"]))
    chat = await support.one_chat(core_of(request), caller.session, id)
    if chat.conversation.closed_at is None:
        raise NotAllowed
    return chat


def _answer(asked: Asked) -> dict[str, Any]:
    asked.only("id", "answer")
    value = asked.values.get("answer")
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 2**53:
        return {"id": asked.needed("id", 64), "answer": value}
    return {"id": asked.needed("id", 64), "answer": asked.text("answer", LONGEST_ANSWER)}


def _survey(caller: Caller, chat: Chat) -> wire.Resource:
    found = resources.noted(chat.conversation).get("satisfaction")
    given = found if isinstance(found, Mapping) else {}
    attributes = {
        "status": "rated" if given else "offered",
        "rating": given.get("rating"),
        "answers": given.get("answers", []),
        "submittedAt": given.get("submittedAt"),
        "lockedAt": None,
    }
    relationships = wire.org_of(caller.app) | {"session": wire.reference("chat_session", chat.conversation.id)}
    return wire.resource("satisfaction_response", chat.conversation.id, attributes, relationships)
