"""Where Apps want to hear what happens, and what is on its way there."""

from __future__ import annotations

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Table

from .making import data, index, metadata, number, own_id, text

webhooks = Table(
    "webhooks",
    metadata,
    own_id(),
    number("app_id"),
    text("url"),
    text("format"),
    data("names"),
    data("kinds"),
    text("secret"),
    number("created_at"),
    number("changed_at"),
    text("previous_secret", optional=True),
    number("previous_until", optional=True),
    number("disabled_at", optional=True),
    text("disabled_because", optional=True),
    Column("failures", Integer, nullable=False),
    number("failing_since", optional=True),
    number("paused_until", optional=True),
)
index("ix_webhooks_app_id", webhooks.c.app_id, webhooks.c.id)

webhook_kinds = Table(  # of those that are enabled: what every Event is looked up in
    "webhook_kinds",
    metadata,
    number("app_id"),
    text("kind"),
    number("webhook_id"),
    PrimaryKeyConstraint("app_id", "kind", "webhook_id"),
    sqlite_with_rowid=False,
)
index("ix_webhook_kinds_webhook_id", webhook_kinds.c.webhook_id)

deliveries = Table(  # they refer to nothing: a message is never held up because a webhook is just being removed
    "deliveries",
    metadata,
    number("webhook_id"),
    number("event_id"),
    text("state"),
    Column("attempts", Integer, nullable=False),
    number("at"),
    number("due_at", optional=True),
    number("last_at", optional=True),
    Column("status", Integer, nullable=True),
    text("trouble", optional=True),
    PrimaryKeyConstraint("webhook_id", "event_id"),
    sqlite_with_rowid=False,
)
index("ix_deliveries_due_at", deliveries.c.webhook_id, deliveries.c.due_at, where=deliveries.c.due_at.is_not(None))
index("ix_deliveries_at", deliveries.c.at)
