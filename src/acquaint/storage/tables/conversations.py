"""Conversations, memberships and messages."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    and_,
)

from .making import BY_USER, VERIFIED, data, index, link, metadata, number, own_id, text, unique, yes_or_no

conversations = Table(
    "conversations",
    metadata,
    own_id(),
    number("app_id"),
    text("kind"),
    text("workspace", optional=True),
    text("title", optional=True),
    text("unique_id", optional=True),
    data("custom"),
    number("created_at"),
    number("updated_at"),
    number("closed_at", optional=True),
    number("last_message_id", optional=True),
    Column(
        "latest_id", BigInteger, Computed("coalesce(last_message_id, id)", persisted=True)
    ),  # lists are in its order
    number("direct_low", optional=True),  # the two users of a direct conversation, the smaller id first
    number("direct_high", optional=True),
    text("description", optional=True),
    text("avatar_url", optional=True),
    yes_or_no("is_managed", otherwise=False),
    data("pinned", empty="[]"),
    data("by_door", empty="{}"),
    number("operators_read_id", optional=True),
    yes_or_no("asks_rating", otherwise=False),
    Column("rating_score", SmallInteger, nullable=True),
    text("rating_comment", optional=True),
    number("rated_at", optional=True),
)
index("ix_conversations_latest_id", conversations.c.app_id, conversations.c.latest_id)
unique(
    "uq_conversations_unique_id",
    conversations.c.app_id,
    conversations.c.unique_id,
    where=conversations.c.unique_id.is_not(None),
)
unique(
    "uq_conversations_direct",
    conversations.c.direct_low,
    conversations.c.direct_high,
    conversations.c.app_id,
    where=conversations.c.direct_low.is_not(None),
)

memberships = Table(
    "memberships",
    metadata,
    link("conversations", "conversation_id", on_delete="CASCADE", optional=False),
    link("users", "user_id", on_delete="CASCADE", optional=False),
    number("app_id"),  # the conversation's, so that what somebody may see is judged by their own rows alone
    Column("assurance", SmallInteger, nullable=False),
    text("device_id", optional=True),
    text("workspace", optional=True),
    number("joined_at"),
    number("last_read_id", optional=True),
    number("last_received_id", optional=True),
    Column("role", SmallInteger, nullable=False, server_default="0"),
    number("cleared_up_to", optional=True),
    number("hidden_up_to", optional=True),
    yes_or_no("is_muted", otherwise=False),
    PrimaryKeyConstraint("conversation_id", "user_id"),
    sqlite_with_rowid=False,
)
index("ix_memberships_user_id", memberships.c.user_id, memberships.c.conversation_id)
index(
    "ix_memberships_device_id",
    memberships.c.app_id,
    memberships.c.device_id,
    where=and_(memberships.c.device_id.is_not(None), memberships.c.assurance < VERIFIED),
)

messages = Table(
    "messages",
    metadata,
    own_id(),
    link("conversations", "conversation_id", on_delete="CASCADE", optional=False),
    text("author"),
    link("users", "sender_id", on_delete="SET NULL"),
    text("kind"),
    text("text"),
    data("payload"),
    data("extras"),
    text("client_id", optional=True),
    number("created_at"),
    number("edited_at", optional=True),
    number("deleted_at", optional=True),
)
index("ix_messages_conversation_id", messages.c.conversation_id, messages.c.id)
index(  # counting and listing pass over what was deleted without reading it
    "ix_messages_standing", messages.c.conversation_id, messages.c.id, where=messages.c.deleted_at.is_(None)
)
index("ix_messages_client_id", messages.c.client_id, messages.c.id, where=messages.c.client_id.is_not(None))
index("ix_messages_sender_id", messages.c.sender_id, messages.c.id, where=messages.c.sender_id.is_not(None))
unique(
    "uq_messages_client_id",
    messages.c.conversation_id,
    messages.c.sender_id,
    messages.c.client_id,
    where=and_(messages.c.client_id.is_not(None), messages.c.sender_id.is_not(None)),
)
unique(  # an operator or the App writes as nobody, and may repeat itself just the same
    "uq_messages_client_id_of_nobody",
    messages.c.conversation_id,
    messages.c.author,
    messages.c.client_id,
    where=and_(messages.c.client_id.is_not(None), messages.c.sender_id.is_(None), messages.c.author != BY_USER),
)

hidden_messages = Table(  # somebody deleted it for themselves
    "hidden_messages",
    metadata,
    link("messages", "message_id", on_delete="CASCADE", optional=False),
    link("users", "user_id", on_delete="CASCADE", optional=False),
    PrimaryKeyConstraint("message_id", "user_id"),
    sqlite_with_rowid=False,
)
index("ix_hidden_messages_user_id", hidden_messages.c.user_id)

reactions = Table(
    "reactions",
    metadata,
    link("messages", "message_id", on_delete="CASCADE", optional=False),
    link("users", "user_id", on_delete="CASCADE", optional=False),
    text("sign"),
    number("created_at"),
    PrimaryKeyConstraint("message_id", "user_id", "sign"),
    sqlite_with_rowid=False,
)
index("ix_reactions_user_id", reactions.c.user_id)
