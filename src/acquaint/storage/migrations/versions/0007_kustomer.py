"""What Kustomer's API asks for: keys that belong to a network, users merged into others, and keys of chats."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("network", sa.Text(), nullable=True))
    op.add_column("api_keys", sa.Column("used_at", sa.BigInteger(), nullable=True))
    op.add_column("users", sa.Column("chat_key_at", sa.BigInteger(), nullable=True))
    has_chat_key = sa.text("chat_key_at IS NOT NULL")
    op.create_index(
        "ix_users_chat_key_at",
        "users",
        ["app_id", "chat_key_at", "id"],
        sqlite_where=has_chat_key,
        postgresql_where=has_chat_key,
    )
    op.create_table(
        "merges",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_merges"),
    )
    op.create_index("uq_merges_source_id", "merges", ["source_id"], unique=True)
    op.create_index("ix_merges_target_id", "merges", ["target_id", "id"])
