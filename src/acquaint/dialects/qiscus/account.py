"""A user as they see themselves: the vendor's account, which SDKs keep and begin from."""

from __future__ import annotations

from typing import Any

from ...domain.ids import first_at
from ...services import polling
from ...services.core import Core
from . import wire
from .auth import Caller


async def account_of(core: Core, caller: Caller) -> dict[str, Any]:
    """With what they have heard of already: from there on SDKs ask ``sync`` and ``sync_event``."""
    newest = await polling.newest(core, caller.session) or 0
    heard = {
        "last_comment_id": newest,
        "last_comment_id_str": str(newest),
        "last_sync_event_id": first_at(core.clock()) - 1,  # Events are numbered by time
    }
    return wire.account(caller, core.public_url) | heard
