"""Apps, their keys and secrets."""

from __future__ import annotations

from sqlalchemy import (
    Table,
)

from .making import data, index, link, metadata, number, own_id, text, unique

apps = Table(
    "apps",
    metadata,
    own_id(),
    text("slug"),
    text("name"),
    text("auth_key"),
    text("widget_token"),
    text("auth_secret"),
    data("policy"),
    number("created_at"),
    number("closed_at", optional=True),
)
unique("uq_apps_slug", apps.c.slug)
unique("uq_apps_auth_key", apps.c.auth_key)
unique("uq_apps_widget_token", apps.c.widget_token)

api_keys = Table(
    "api_keys",
    metadata,
    own_id(),
    link("apps", "app_id", on_delete="CASCADE"),
    text("fingerprint"),
    text("name"),
    data("roles"),
    text("ending"),
    number("created_at"),
    number("expires_at", optional=True),
    number("revoked_at", optional=True),
    text("network", optional=True),
    number("used_at", optional=True),
)
unique("uq_api_keys_fingerprint", api_keys.c.fingerprint)
index("ix_api_keys_app_id", api_keys.c.app_id, api_keys.c.id)

signing_secrets = Table(
    "signing_secrets",
    metadata,
    own_id(),
    link("apps", "app_id", on_delete="CASCADE", optional=False),
    text("text"),
    number("created_at"),
    number("retired_at", optional=True),
)
index("ix_signing_secrets_app_id", signing_secrets.c.app_id, signing_secrets.c.id)
