"""Values for tests of the domain: a session, a conversation, a membership, with only what matters said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from acquaint.domain.apps import AppId
from acquaint.domain.conversations import Conversation, ConversationId, ConversationKind, Membership
from acquaint.domain.identities import Assurance
from acquaint.domain.places import DeviceId, Workspace
from acquaint.domain.sessions import Lifetime, Session, SessionId
from acquaint.domain.users import UserId

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

ACME, RIVAL = AppId(1), AppId(2)
ANN, BEN = UserId(11), UserId(12)
LAPTOP, PHONE = DeviceId("laptop"), DeviceId("phone")
SALES, CARE = Workspace("sales"), Workspace("care")


def session(**other: Any) -> Session:
    """Ann's verified session on her laptop, in no workspace, that never ends by itself."""
    usual = Session(
        SessionId(21),
        ACME,
        ANN,
        LAPTOP,
        None,
        Assurance.VERIFIED,
        "native",
        Lifetime(),
        created_at=NOON,
        last_seen_at=NOON,
    )
    return replace(usual, **other)


def conversation(**other: Any) -> Conversation:
    usual = Conversation(ConversationId(31), ACME, ConversationKind.SUPPORT, None, created_at=NOON, updated_at=NOON)
    return replace(usual, **other)


def membership(**other: Any) -> Membership:
    """Ann's verified membership of that conversation, joined on her laptop."""
    usual = Membership(ConversationId(31), ANN, Assurance.VERIFIED, LAPTOP, None, joined_at=NOON)
    return replace(usual, **other)
