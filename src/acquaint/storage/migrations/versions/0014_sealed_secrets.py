"""Which keys secrets are sealed with; and sealed settings are no JSON any more.

The secrets themselves are sealed as the server starts: the keys are its own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sealing_keys",
        sa.Column("place", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("place", name="pk_sealing_keys"),
    )
    op.create_index("uq_sealing_keys_id", "sealing_keys", ["id"], unique=True)
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE providers ALTER COLUMN settings TYPE TEXT USING CAST(settings AS TEXT)")
        return
    op.rename_table("providers", "providers_before")
    op.create_table(
        "providers",
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("app_id", "name", name="pk_providers"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO providers (app_id, name, kind, settings, is_enabled, changed_at)"
        " SELECT app_id, name, kind, settings, is_enabled, changed_at FROM providers_before"
    )
    op.drop_table("providers_before")
