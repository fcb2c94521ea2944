"""All tables of the first version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

NEVER = 2**63 - 1
ENDED, IDLE, AT_MOST = (
    f"coalesce({it}, {NEVER})" for it in ("ended_at", "last_seen_at + idle", "created_at + at_most")
)
OVER_AT = (
    f"CASE WHEN {ENDED} <= {IDLE} AND {ENDED} <= {AT_MOST} THEN {ENDED}"
    f" WHEN {IDLE} <= {AT_MOST} THEN {IDLE} ELSE {AT_MOST} END"
)


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name="pk_answers"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_answers_at", "answers", ["at"])
    op.create_table(
        "apps",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("auth_key", sa.Text(), nullable=False),
        sa.Column("widget_token", sa.Text(), nullable=False),
        sa.Column("auth_secret", sa.Text(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_apps"),
    )
    op.create_index("uq_apps_auth_key", "apps", ["auth_key"], unique=True)
    op.create_index("uq_apps_slug", "apps", ["slug"], unique=True)
    op.create_index("uq_apps_widget_token", "apps", ["widget_token"], unique=True)
    op.create_table(
        "conversations",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("unique_id", sa.Text(), nullable=True),
        sa.Column("custom", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("last_message_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "latest_id", sa.BigInteger(), sa.Computed("coalesce(last_message_id, id)", persisted=True), nullable=True
        ),
        sa.Column("direct_low", sa.BigInteger(), nullable=True),
        sa.Column("direct_high", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
    )
    op.create_index("ix_conversations_latest_id", "conversations", ["app_id", "latest_id"])
    op.create_index(
        "uq_conversations_direct",
        "conversations",
        ["direct_low", "direct_high", "app_id"],
        unique=True,
        sqlite_where=sa.text("direct_low IS NOT NULL"),
        postgresql_where=sa.text("direct_low IS NOT NULL"),
    )
    op.create_index(
        "uq_conversations_unique_id",
        "conversations",
        ["app_id", "unique_id"],
        unique=True,
        sqlite_where=sa.text("unique_id IS NOT NULL"),
        postgresql_where=sa.text("unique_id IS NOT NULL"),
    )
    op.create_table(
        "events",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("conversation_id", sa.BigInteger(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("is_audit", sa.Boolean(), nullable=False),
        sa.Column("written_by", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
    )
    op.create_index("ix_events_app_id", "events", ["app_id", "id"])
    op.create_index(
        "ix_events_audit",
        "events",
        ["app_id", "id"],
        sqlite_where=sa.text("is_audit IS 1"),
        postgresql_where=sa.text("is_audit IS true"),
    )
    op.create_index(
        "ix_events_conversation_id",
        "events",
        ["conversation_id", "id"],
        sqlite_where=sa.text("conversation_id IS NOT NULL"),
        postgresql_where=sa.text("conversation_id IS NOT NULL"),
    )
    op.create_index(
        "ix_events_user_id",
        "events",
        ["user_id", "id"],
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.create_table(
        "retired_devices",
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("app_id", "device_id", name="pk_retired_devices"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "users",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("custom", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("claimed", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("is_guest", sa.Boolean(), nullable=False),
        sa.Column("is_vouched", sa.Boolean(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_index("ix_users_app_id", "users", ["app_id", "id"])
    op.create_index(
        "ix_users_guests",
        "users",
        ["created_at", "id"],
        sqlite_where=sa.text("is_guest IS 1"),
        postgresql_where=sa.text("is_guest IS true"),
    )
    op.create_index(
        "uq_users_device_id",
        "users",
        ["app_id", "device_id"],
        unique=True,
        sqlite_where=sa.text("device_id IS NOT NULL"),
        postgresql_where=sa.text("device_id IS NOT NULL"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("ending", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_api_keys_app_id_apps", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    op.create_index("ix_api_keys_app_id", "api_keys", ["app_id", "id"])
    op.create_index("uq_api_keys_fingerprint", "api_keys", ["fingerprint"], unique=True)
    op.create_table(
        "files",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_files_owner_id_users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
    )
    op.create_index("ix_files_owner_id", "files", ["owner_id"])
    op.create_index("uq_files_fingerprint", "files", ["fingerprint"], unique=True)
    op.create_table(
        "identifiers",
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_identifiers_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("app_id", "kind", "value", name="pk_identifiers"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_identifiers_kind", "identifiers", ["app_id", "kind", "user_id"])
    op.create_index("ix_identifiers_user_id", "identifiers", ["user_id", "position"])
    op.create_table(
        "memberships",
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("assurance", sa.SmallInteger(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("workspace", sa.Text(), nullable=True),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.Column("last_read_id", sa.BigInteger(), nullable=True),
        sa.Column("last_received_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_memberships_conversation_id_conversations",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_memberships_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("conversation_id", "user_id", name="pk_memberships"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_memberships_device_id",
        "memberships",
        ["app_id", "device_id"],
        sqlite_where=sa.text("device_id IS NOT NULL AND assurance < 2"),
        postgresql_where=sa.text("device_id IS NOT NULL AND assurance < 2"),
    )
    op.create_index("ix_memberships_user_id", "memberships", ["user_id", "conversation_id"])
    op.create_table(
        "messages",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("conversation_id", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("sender_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("extras", sa.JSON(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("edited_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_messages_conversation_id_conversations",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["sender_id"], ["users.id"], name="fk_messages_sender_id_users", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index("ix_messages_conversation_id", "messages", ["conversation_id", "id"])
    op.create_index(
        "ix_messages_sender_id",
        "messages",
        ["sender_id", "id"],
        sqlite_where=sa.text("sender_id IS NOT NULL"),
        postgresql_where=sa.text("sender_id IS NOT NULL"),
    )
    op.create_index(
        "uq_messages_client_id",
        "messages",
        ["conversation_id", "sender_id", "client_id"],
        unique=True,
        sqlite_where=sa.text("client_id IS NOT NULL AND sender_id IS NOT NULL"),
        postgresql_where=sa.text("client_id IS NOT NULL AND sender_id IS NOT NULL"),
    )
    op.create_index(
        "uq_messages_client_id_of_nobody",
        "messages",
        ["conversation_id", "author", "client_id"],
        unique=True,
        sqlite_where=sa.text("client_id IS NOT NULL AND sender_id IS NULL AND author != 'user'"),
        postgresql_where=sa.text("client_id IS NOT NULL AND sender_id IS NULL AND author != 'user'"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("workspace", sa.Text(), nullable=True),
        sa.Column("assurance", sa.SmallInteger(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("idle", sa.BigInteger(), nullable=True),
        sa.Column("at_most", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "over_at",
            sa.BigInteger(),
            sa.Computed(OVER_AT, persisted=True),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    op.create_index(
        "ix_sessions_device_id",
        "sessions",
        ["app_id", "device_id"],
        sqlite_where=sa.text("ended_at IS NULL AND assurance < 2"),
        postgresql_where=sa.text("ended_at IS NULL AND assurance < 2"),
    )
    op.create_index("ix_sessions_over_at", "sessions", ["over_at"])
    op.create_index("ix_sessions_user_id", "sessions", ["user_id", "id"])
    op.create_index("uq_sessions_fingerprint", "sessions", ["fingerprint"], unique=True)
    op.create_table(
        "signing_secrets",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_signing_secrets_app_id_apps", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_signing_secrets"),
    )
    op.create_index("ix_signing_secrets_app_id", "signing_secrets", ["app_id", "id"])
    op.create_table(
        "tickets",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_tickets_session_id_sessions", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_tickets_user_id_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_tickets"),
    )
    op.create_index("ix_tickets_expires_at", "tickets", ["expires_at"])
    op.create_index("ix_tickets_session_id", "tickets", ["session_id"])
    op.create_index("ix_tickets_user_id", "tickets", ["user_id"])
    op.create_index("uq_tickets_fingerprint", "tickets", ["fingerprint"], unique=True)
