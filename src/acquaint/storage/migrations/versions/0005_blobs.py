"""Files that are announced before they come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("files", sa.Column("uid", sa.Text(), nullable=True))
    op.add_column("files", sa.Column("is_public", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("files", sa.Column("updated_at", sa.BigInteger(), nullable=True))
    op.add_column("files", sa.Column("arrived_at", sa.BigInteger(), nullable=True))
    op.add_column("files", sa.Column("completed_at", sa.BigInteger(), nullable=True))
    op.add_column("files", sa.Column("picture", sa.Text(), nullable=True))
    op.add_column("files", sa.Column("picture_type", sa.Text(), nullable=True))
    op.add_column("files", sa.Column("picture_size", sa.BigInteger(), nullable=True))
    op.create_index("uq_files_uid", "files", ["uid"], unique=True)
    op.drop_index("ix_files_owner_id", "files")
    op.create_index("ix_files_owner_id", "files", ["owner_id", "id"])
    unfinished = sa.text("uid IS NOT NULL AND completed_at IS NULL")
    op.create_index(
        "ix_files_unfinished", "files", ["created_at"], sqlite_where=unfinished, postgresql_where=unfinished
    )
