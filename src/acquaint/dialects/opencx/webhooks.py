"""What happened, as OpenCX tells an App's server: ``{"event", "organization_id", "data"}``.

What nobody vouches for is under ``non_verified_*``, never in ``custom_data``. Everybody here is a person, so
``conversation.ai_response`` and ``conversation.handoff_to_human`` never come. The survey is asked for by every end, so
``csat.requested`` follows ``conversation.closed``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ...domain.conversations import Author, Conversation, ConversationKind, Message
from ...domain.events import EventKind
from ...domain.identities import Assurance, IdentifierKind
from ...domain.users import User
from ...ports.formats import Format, Notice, Told
from ...web.ids import as_uuid
from . import wire

STARTED: Final = "conversation.started"
CLOSED: Final = "conversation.closed"
CONTACT_RESPONSE: Final = "conversation.contact_response"
AGENT_RESPONSE: Final = "conversation.agent_response"
SURVEY: Final = "csat.requested"
SCORE: Final = "csat.score_submitted"

KINDS: Final[Mapping[str, frozenset[EventKind]]] = {
    STARTED: frozenset({EventKind.CONVERSATION_STARTED}),
    CLOSED: frozenset({EventKind.CONVERSATION_CHANGED}),
    CONTACT_RESPONSE: frozenset({EventKind.MESSAGE_POSTED}),
    AGENT_RESPONSE: frozenset({EventKind.MESSAGE_POSTED}),
    SURVEY: frozenset({EventKind.CONVERSATION_CHANGED}),
    SCORE: frozenset({EventKind.CONVERSATION_CHANGED}),
}


def write(told: Told) -> Notice | None:
    """None for what the vendor has no event for, such as a conversation between users."""
    if told.event.kind is EventKind.WEBHOOK_TESTED:
        return _notice(told, told.event.kind.value, {})
    it = told.conversation
    if it is None or it.kind is not ConversationKind.SUPPORT:
        return None
    about = {"conversation_id": as_uuid(it.id), "channel": "web", "is_verified": _is_verified(told)}
    match told.event.kind:
        case EventKind.CONVERSATION_STARTED:
            first = told.first_message.text if told.first_message else ""
            return _notice(
                told, STARTED, {**about, "assignee": _assignee(told), "contact": _contact(told), "first_message": first}
            )
        case EventKind.MESSAGE_POSTED if told.message is not None:
            return _said(told, told.message, about)
        case EventKind.CONVERSATION_CHANGED if told.event.details.get("closed") is True:
            return replace(_notice(told, CLOSED, {**about, **_closed(told)}), also=_survey(told, it, about))
        case EventKind.CONVERSATION_CHANGED if "survey" in told.event.details:
            given = {"score": told.event.details["survey"], "feedback": _feedback(it)}
            return _notice(told, SCORE, {**about, "contact": _contact(told), **given})
    return None


FORMAT: Final = Format(KINDS, write)


def _notice(told: Told, name: str, data: Mapping[str, Any]) -> Notice:
    data = {**data, "timestamp": wire.moment(told.event.at)}
    return Notice(name, {"event": name, "organization_id": wire.org_id(told.app), "data": data})


def _said(told: Told, it: Message, about: Mapping[str, Any]) -> Notice | None:
    if it.deleted_at is not None or it.kind == wire.TOLD_BEFORE:
        return None
    said = {"id": wire.public_id(it), "text": it.text, "attachments": wire.files_of(it) or []}
    if it.author is Author.USER:
        return _notice(told, CONTACT_RESPONSE, {**about, "contact": _contact(told), "message": said})
    agent = _assignee(told)
    return _notice(told, AGENT_RESPONSE, {**about, "contact": _contact(told), "agent": agent, "message": said})


def _survey(told: Told, it: Conversation, about: Mapping[str, Any]) -> tuple[Notice, ...]:
    """Nothing where it was opened again meanwhile: then nobody is asked."""
    if it.closed_at is None:
        return ()
    return (_notice(told, SURVEY, {**about, "contact": _contact(told), "message_id": wire.survey_id(it)}),)


def _closed(told: Told) -> dict[str, Any]:
    by_contact = told.event.user_id is not None
    return {
        "contact_id": as_uuid(told.visitor.id) if told.visitor else None,
        "contact": _contact(told),
        "human_resolution_status": "resolved" if by_contact else None,
        "ai_resolution_status": None,
        "closed_by": {"type": "contact", "id": as_uuid(told.event.user_id)} if told.event.user_id else _assignee(told),
        "is_from_third_party": False,
        "third_party_name": None,
        "summary": None,
    }


def _contact(told: Told) -> dict[str, Any] | None:
    """None of a contact who was deleted."""
    return None if told.visitor is None else _contact_of(told.visitor)


def _contact_of(user: User) -> dict[str, Any]:
    claimed = user.profile.claimed
    phone = user.known_as(IdentifierKind.PHONE) or user.profile.phone
    return {
        "id": as_uuid(user.id),
        "name": user.profile.name,
        "enriched_data": {"email": user.known_as(IdentifierKind.EMAIL), "phone_number": phone},
        "custom_data": dict(user.profile.custom),
        "non_verified_name": claimed.name,
        "non_verified_email": claimed.email,
        "non_verified_custom_data": dict(claimed.custom),
    }


def _assignee(told: Told) -> dict[str, Any]:
    return {"type": "human", "id": wire.org_id(told.app), "name": told.app.name, "avatar_url": ""}


def _is_verified(told: Told) -> bool:
    return told.member is not None and told.member.assurance is Assurance.VERIFIED


def _feedback(it: Conversation) -> str | None:
    return None if it.rating is None else it.rating.comment
