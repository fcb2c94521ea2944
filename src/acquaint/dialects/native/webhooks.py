"""What happened, as an App's server is told: every Event by its own name, with what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from msgspec import Meta, to_builtins

from ...domain.events import EventKind
from ...ports.formats import Format, Notice, Told
from .wire import conversations, users, values
from .wire.values import Id, Moment, Shown

_OURS: Final = frozenset({EventKind.APP_CREATED, EventKind.WEBHOOK_TESTED})
"""The first nobody could hear; the second is told to the webhook that is tested, and to no other."""


class About(Shown):
    """What an Event is about. What is not there, or not any more, is null."""

    event_id: Id
    app_id: Id
    user_id: Annotated[Id | None, Meta(description="Who did it; null for the App itself, its operators, and us.")]
    session_id: Id | None
    conversation_id: Id | None
    details: dict[str, Any]
    user: users.User | None
    message: Annotated[conversations.Message | None, Meta(description="As it is when you are told.")]


class Notification(Shown):
    """What is posted to a webhook."""

    type: str
    timestamp: Annotated[Moment, Meta(description="When it happened; when it was sent is in webhook-timestamp.")]
    data: About


def write(told: Told) -> Notice:
    it = told.event
    about = About(
        event_id=str(it.id),
        app_id=str(told.app.id),
        user_id=values.optional_id(it.user_id),
        session_id=values.optional_id(it.session_id),
        conversation_id=values.optional_id(it.conversation_id),
        details=dict(it.details),
        user=None if told.user is None else users.user(told.user),
        message=None if told.message is None else conversations.message(told.message, "app"),
    )
    return Notice(
        it.kind.value, to_builtins(Notification(type=it.kind.value, timestamp=values.moment(it.at), data=about))
    )


KINDS: Final[Mapping[str, frozenset[EventKind]]] = {it.value: frozenset({it}) for it in EventKind if it not in _OURS}
FORMAT: Final = Format(KINDS, write)
