"""Whether who blocks somebody does not talk to them either."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("blocks", sa.Column("is_mutual", sa.Boolean(), nullable=False, server_default=sa.false()))
