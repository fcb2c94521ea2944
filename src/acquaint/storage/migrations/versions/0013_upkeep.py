"""Whose turn it is to tidy up, when words were said, and how much space files take."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "turns",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_turns"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "file_space",
        sa.Column("app_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("app_id", name="pk_file_space"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO file_space (app_id, size)"
        " SELECT app_id, CAST(sum(size + coalesce(picture_size, 0)) AS BIGINT) FROM files GROUP BY app_id"
    )
    op.add_column("device_words", sa.Column("device_id", sa.Text(), nullable=True))
    op.add_column("device_words", sa.Column("said_at", sa.BigInteger(), nullable=True))
