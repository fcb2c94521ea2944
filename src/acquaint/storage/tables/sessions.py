"""Sessions and tickets."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    SmallInteger,
    Table,
    and_,
)

from .making import NEVER, VERIFIED, data, index, link, metadata, number, own_id, text, unique

_ENDS: Final = (
    f"coalesce(ended_at, {NEVER})",
    f"coalesce(last_seen_at + idle, {NEVER})",
    f"coalesce(created_at + at_most, {NEVER})",
)
_OVER_AT: Final = (
    f"CASE WHEN {_ENDS[0]} <= {_ENDS[1]} AND {_ENDS[0]} <= {_ENDS[2]} THEN {_ENDS[0]}"
    f" WHEN {_ENDS[1]} <= {_ENDS[2]} THEN {_ENDS[1]} ELSE {_ENDS[2]} END"
)
sessions = Table(
    "sessions",
    metadata,
    own_id(),
    number("app_id"),
    link("users", "user_id", on_delete="CASCADE"),
    text("fingerprint"),
    text("device_id", optional=True),
    text("workspace", optional=True),
    Column("assurance", SmallInteger, nullable=False),
    text("door"),
    number("idle", optional=True),
    number("at_most", optional=True),
    number("created_at"),
    number("last_seen_at"),
    number("ended_at", optional=True),
    number("token_expires_at", optional=True),
    text("renewed_fingerprint", optional=True),  # of the token before the one it has
    number("renewed_at", optional=True),
    Column(  # when it ended or will have: the domain decides who may still come in, this only finds what to sweep
        "over_at",
        BigInteger,
        Computed(
            _OVER_AT,
            persisted=True,
        ),
    ),
)
unique("uq_sessions_fingerprint", sessions.c.fingerprint)
unique(
    "uq_sessions_renewed_fingerprint",
    sessions.c.renewed_fingerprint,
    where=sessions.c.renewed_fingerprint.is_not(None),
)
index("ix_sessions_user_id", sessions.c.user_id, sessions.c.id)
index(
    "ix_sessions_device_id",
    sessions.c.app_id,
    sessions.c.device_id,
    where=and_(sessions.c.ended_at.is_(None), sessions.c.assurance < VERIFIED),
)
index("ix_sessions_over_at", sessions.c.over_at)

tickets = Table(
    "tickets",
    metadata,
    own_id(),
    number("app_id", optional=True),
    text("purpose"),
    text("fingerprint"),
    link("users", "user_id", on_delete="CASCADE"),
    link("sessions", "session_id", on_delete="CASCADE"),
    number("expires_at"),
    number("used_at", optional=True),
    data("details"),
)
unique("uq_tickets_fingerprint", tickets.c.fingerprint)
index("ix_tickets_user_id", tickets.c.user_id)
index("ix_tickets_session_id", tickets.c.session_id)
index("ix_tickets_expires_at", tickets.c.expires_at)
