"""What a visitor thought of a conversation that has ended. Kept with the conversation; its id is the conversation's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ....domain.conversations import BEST_SCORE, ConversationId
from ....domain.errors import NotAllowed, Unacceptable
from ....services import support
from ....services.support import Chat
from ....web.dialect import core_of
from .. import wire
from ..reading import NOTHING_GIVEN, Asked, read, read_id
from . import resources
from .conversations import noting
from .tracking import Caller, caller_of

HIGHEST_RATING: Final = 10
USUAL_SCALE: Final = 5
MOST_ANSWERS: Final = 20
LONGEST_ANSWER: Final = 2_000


async def ask(request: Request) -> Response:
    """POST chat/sessions/{id}/satisfaction: the survey, with what was answered so far."""
    caller = await caller_of(request)
    await read(request)
    survey = _survey(caller, await _ended(request, caller))
    return wire.document(survey, 201, included=[_form(caller)])


async def respond(request: Request) -> Response:
    """PUT chat/satisfaction-responses/{id}. SDKs send the rating first and the comment later: what is not in an answer
    stays as it was.
    """
    core, caller = core_of(request), await caller_of(request)
    chat = await _ended(request, caller)
    asked = await read(request)
    answers = asked.objects("answers", MOST_ANSWERS)
    rating = asked.number("rating", 0, 1, HIGHEST_RATING) if asked.values.get("rating") is not None else None
    said = {
        "rating": rating,
        "answers": None if answers is None else [_answer(it) for it in answers],
        "submittedAt": wire.moment(asked.moment("submittedAt")),
    }
    given = {name: value for name, value in said.items() if value is not None}
    if not given:
        raise Unacceptable("", NOTHING_GIVEN)
    await support.annotate(
        core,
        caller.recognised,
        chat.conversation.id,
        lambda was: _answered(was, given),
        score=rating if rating is not None and rating <= BEST_SCORE else None,  # of the usual scale, which we ask with
    )
    return wire.document(_survey(caller, await support.one_chat(core, caller.session, chat.conversation.id)))


async def _ended(request: Request, caller: Caller) -> Chat:
    """Refuses with NotFound, and with NotAllowed while the conversation goes on."""
    id = ConversationId(read_id(request.path_params["id"]))
    chat = await support.one_chat(core_of(request), caller.session, id)
    if chat.conversation.closed_at is None:
        raise NotAllowed
    return chat


def _answered(custom: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    ours = custom.get(resources.OURS)
    before = ours.get("satisfaction") if isinstance(ours, Mapping) else None
    return noting(custom, satisfaction={**(before if isinstance(before, Mapping) else {}), **given})


def _answer(asked: Asked) -> dict[str, Any]:
    asked.only("id", "answer")
    value = asked.values.get("answer")
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 2**53:
        return {"id": asked.needed("id", 64), "answer": value}
    return {"id": asked.needed("id", 64), "answer": asked.text("answer", LONGEST_ANSWER)}


def _form(caller: Caller) -> wire.Resource:
    """What the SDKs show: one question, in figures. Its words are English, as the vendor's are."""
    scale = {"type": "number", "options": USUAL_SCALE, "labelLow": "Poor", "labelHigh": "Great"}
    prompt = "How would you rate this conversation?"
    attributes: dict[str, Any] = {"ratingPrompt": prompt, "introduction": None, "scale": scale, "questions": []}
    return wire.resource("satisfaction", caller.app.id, attributes, wire.org_of(caller.app))


def _survey(caller: Caller, chat: Chat) -> wire.Resource:
    given = resources.survey_given(chat.conversation)
    attributes = {
        "status": resources.survey_status(given),
        "rating": given.get("rating"),
        "answers": given.get("answers", []),
        "submittedAt": given.get("submittedAt"),
        "lockedAt": None,
    }
    relationships = wire.org_of(caller.app) | {"session": wire.reference("chat_session", chat.conversation.id)}
    return wire.resource("satisfaction_response", chat.conversation.id, attributes, relationships)
