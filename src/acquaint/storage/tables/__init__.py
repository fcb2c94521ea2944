"""Every table.

Ids are made in the process, so no column counts by itself. Moments and durations are microseconds (``columns``).
Apps are never deleted, so what belongs to one names it without a foreign key: PostgreSQL would lock the App's row
for every user, session and conversation that is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .address_books import address_books
from .apps import api_keys, apps, signing_secrets
from .blocks import blocks
from .conversations import conversations, hidden_messages, memberships, messages, reactions
from .directory import directory
from .events import answers, events
from .files import file_space, files
from .making import BY_USER, NEVER, VERIFIED, metadata
from .providers import providers
from .push_addresses import push_addresses
from .sealing import sealing_keys
from .sessions import sessions, tickets
from .unverified import unverified_counts
from .upkeep import turns
from .users import device_words, identifiers, merges, retired_devices, users
from .webhooks import deliveries, webhook_kinds, webhooks

__all__ = [
    "BY_USER",
    "NEVER",
    "TAKEN",
    "VERIFIED",
    "address_books",
    "answers",
    "api_keys",
    "apps",
    "blocks",
    "conversations",
    "deliveries",
    "device_words",
    "directory",
    "events",
    "file_space",
    "files",
    "hidden_messages",
    "identifiers",
    "memberships",
    "merges",
    "messages",
    "metadata",
    "providers",
    "push_addresses",
    "reactions",
    "retired_devices",
    "sealing_keys",
    "sessions",
    "signing_secrets",
    "tickets",
    "turns",
    "unverified_counts",
    "users",
    "webhook_kinds",
    "webhooks",
]

TAKEN: Final[Mapping[str, str]] = {
    "uq_apps_slug": "slug",
    "uq_apps_auth_key": "auth_key",
    "uq_apps_widget_token": "widget_token",
    "uq_users_device_id": "device",
    "uq_conversations_unique_id": "unique_id",
    "uq_conversations_direct": "direct",
}
"""What it means when a change runs into one of these."""
