"""Tokens that are renewed, users who block each other, and where sessions are notified."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("token_expires_at", sa.BigInteger(), nullable=True))
    op.add_column("sessions", sa.Column("renewed_fingerprint", sa.Text(), nullable=True))
    op.add_column("sessions", sa.Column("renewed_at", sa.BigInteger(), nullable=True))
    was_renewed = sa.text("renewed_fingerprint IS NOT NULL")
    op.create_index(
        "uq_sessions_renewed_fingerprint",
        "sessions",
        ["renewed_fingerprint"],
        unique=True,
        sqlite_where=was_renewed,
        postgresql_where=was_renewed,
    )
    op.create_table(
        "blocks",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("blocked_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_blocks_user_id_users", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["blocked_id"], ["users.id"], name="fk_blocks_blocked_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "blocked_id", name="pk_blocks"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_blocks_blocked_id", "blocks", ["blocked_id", "user_id"])
    op.create_table(
        "push_addresses",
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=True),
        sa.Column("is_development", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_push_addresses_session_id_sessions", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("app_id", "platform", "token", name="pk_push_addresses"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_push_addresses_session_id", "push_addresses", ["session_id", "at"])
