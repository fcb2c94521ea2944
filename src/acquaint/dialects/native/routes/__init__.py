"""Every request of the native API, as data: a file for each resource, a list in each file."""

from __future__ import annotations

from typing import Any, Final

from ..operation import Operation
from . import (
    account,
    app_conversations,
    app_rules,
    app_sessions,
    app_users,
    chat_keys,
    confirmation,
    conversations,
    files,
    members,
    merges,
    messages,
    providers,
    recovery,
    server,
    sessions,
    webhooks,
)

OPERATIONS: Final[tuple[Operation[Any, Any, Any, Any], ...]] = (
    *sessions.OPERATIONS,
    *providers.ARRIVALS,
    *account.OPERATIONS,
    *files.AVATAR,
    *conversations.OPERATIONS,
    *members.OPERATIONS,
    *messages.OPERATIONS,
    *files.OPERATIONS,
    *recovery.OPERATIONS,
    *confirmation.OPERATIONS,
    *app_users.OPERATIONS,
    *merges.OPERATIONS,
    *chat_keys.OPERATIONS,
    *app_sessions.OPERATIONS,
    *app_conversations.OPERATIONS,
    *messages.BY_APP,
    *files.FOR_APP,
    *app_rules.OPERATIONS,
    *providers.OPERATIONS,
    *webhooks.OPERATIONS,
    *server.OPERATIONS,
)
