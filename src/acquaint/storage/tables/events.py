"""What happened, and answers kept for those who ask again."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
)

from .making import data, index, metadata, number, own_id, text

events = Table(  # they outlive what they tell of, so they refer to nothing
    "events",
    metadata,
    own_id(),
    number("app_id", optional=True),
    text("kind"),
    number("at"),
    number("user_id", optional=True),
    number("session_id", optional=True),
    number("conversation_id", optional=True),
    data("details"),
    Column("is_audit", Boolean, nullable=False),  # of IDENTITY_KINDS: few among many messages
    number("written_by"),  # the process that wrote it: others are told by watching for what is not theirs
)
index("ix_events_app_id", events.c.app_id, events.c.id)
index("ix_events_audit", events.c.app_id, events.c.id, where=events.c.is_audit.is_(True))
index("ix_events_user_id", events.c.user_id, events.c.id, where=events.c.user_id.is_not(None))
index(
    "ix_events_conversation_id",
    events.c.conversation_id,
    events.c.id,
    where=events.c.conversation_id.is_not(None),
)

answers = Table(
    "answers",
    metadata,
    text("caller"),
    text("key"),
    text("request"),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    number("at"),
    PrimaryKeyConstraint("caller", "key"),
    sqlite_with_rowid=False,
)
index("ix_answers_at", answers.c.at)
