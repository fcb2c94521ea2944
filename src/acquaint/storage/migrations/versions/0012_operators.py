"""How far an App's operators have read, and what visitors thought of conversations that ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("operators_read_id", sa.BigInteger(), nullable=True))
    op.add_column("conversations", sa.Column("asks_rating", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("conversations", sa.Column("rating_score", sa.SmallInteger(), nullable=True))
    op.add_column("conversations", sa.Column("rating_comment", sa.Text(), nullable=True))
    op.add_column("conversations", sa.Column("rated_at", sa.BigInteger(), nullable=True))
