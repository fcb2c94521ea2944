"""What a messenger needs of conversations: roles, what members hid and cleared, reactions, and how they look."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("description", sa.Text(), nullable=True))
    op.add_column("conversations", sa.Column("avatar_url", sa.Text(), nullable=True))
    op.add_column("conversations", sa.Column("is_managed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("conversations", sa.Column("pinned", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("conversations", sa.Column("by_door", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("memberships", sa.Column("role", sa.SmallInteger(), nullable=False, server_default="0"))
    op.add_column("memberships", sa.Column("cleared_up_to", sa.BigInteger(), nullable=True))
    op.add_column("memberships", sa.Column("hidden_up_to", sa.BigInteger(), nullable=True))
    op.add_column("memberships", sa.Column("is_muted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_messages_standing",
        "messages",
        ["conversation_id", "id"],
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_messages_client_id",
        "messages",
        ["client_id", "id"],
        sqlite_where=sa.text("client_id IS NOT NULL"),
        postgresql_where=sa.text("client_id IS NOT NULL"),
    )
    op.create_table(
        "hidden_messages",
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name="fk_hidden_messages_message_id_messages", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_hidden_messages_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("message_id", "user_id", name="pk_hidden_messages"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_hidden_messages_user_id", "hidden_messages", ["user_id"])
    op.create_table(
        "reactions",
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("sign", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name="fk_reactions_message_id_messages", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_reactions_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("message_id", "user_id", "sign", name="pk_reactions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reactions_user_id", "reactions", ["user_id"])
