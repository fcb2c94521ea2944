"""Everything worth remembering: one Event feeds the audit trail, live updates, webhooks and the caches' forgetting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from .apps import AppId
from .conversations import ConversationId
from .sessions import SessionId
from .users import UserId

EventId = NewType("EventId", int)


class EventKind(StrEnum):
    """What can happen. The value is what outsiders read; it never changes its meaning."""

    APP_CREATED = "app.created"
    APP_CHANGED = "app.changed"
    KEY_CREATED = "key.created"
    KEY_REVOKED = "key.revoked"
    SECRET_ROTATED = "secret.rotated"
    SECRET_RETIRED = "secret.retired"
    SECRET_SHOWN = "secret.shown"  # to a server that asked for the text of the current one

    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_REMOVED = "webhook.removed"
    WEBHOOK_DISABLED = "webhook.disabled"  # by us; ``why`` is "failing" or "gone"
    WEBHOOK_TESTED = "webhook.tested"  # told to the one that is tested, whatever it asks for

    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_BANNED = "user.banned"
    USER_ADMITTED_AGAIN = "user.admitted_again"
    USER_BLOCKED = "user.blocked"  # by another user: ``whom`` says which one ``user_id`` does not hear any more
    USER_UNBLOCKED = "user.unblocked"
    USER_DELETED = "user.deleted"
    USER_MERGED = "user.merged"  # the user is not there any more; ``into`` says who has what was theirs
    PASSWORD_CHANGED = "password.changed"

    SESSION_OPENED = "session.opened"
    SESSION_TAKEN = "session.taken"  # somebody came into a session that was open already
    SESSION_LEFT = "session.left"  # nobody is in it any more, and it goes on
    SESSION_RENEWED = "session.renewed"  # it goes on, by another token
    SESSION_ENDED = "session.ended"
    SIGN_IN_REFUSED = "sign_in.refused"
    HISTORY_ADOPTED = "history.adopted"
    VISITOR_DID = "visitor.did"  # as a page said; ``name`` and ``meta`` are its words

    CONVERSATION_STARTED = "conversation.started"
    CONVERSATION_CHANGED = "conversation.changed"
    MEMBERS_CHANGED = "members.changed"
    MESSAGE_POSTED = "message.posted"
    MESSAGE_CHANGED = "message.changed"
    MESSAGE_DELETED = "message.deleted"
    MESSAGES_READ = "messages.read"
    MESSAGES_RECEIVED = "messages.received"


IDENTITY_KINDS = frozenset(it for it in EventKind if not it.value.startswith(("conversation.", "message", "members.")))
"""The audit trail: everything that authenticates or changes an identity, an App or a key."""

LIVE_KINDS = frozenset(EventKind) - IDENTITY_KINDS
"""What live connections hear of: everything about a conversation."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. ``details`` holds plain data for people and programs, never a secret or message text."""

    id: EventId
    app_id: AppId | None
    kind: EventKind
    at: datetime
    user_id: UserId | None = None
    session_id: SessionId | None = None
    conversation_id: ConversationId | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
