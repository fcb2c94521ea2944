"""The directory of users."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "directory",
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("is_claimed", sa.Boolean(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_directory_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("app_id", "field", "value", "is_claimed", "user_id", name="pk_directory"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_directory_user_id", "directory", ["user_id", "field", "value"])
    for column in ("created_at", "updated_at", "last_seen_at"):
        op.create_index(f"ix_users_{column}", "users", ["app_id", column, "id"])
