"""Attack 11, with files: one ticket, fifty uploads at the same moment."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from acquaint.domain.files import File
from acquaint.services import uploads
from acquaint.services.core import Core
from acquaint.settings import Settings
from tests.cast import Cast, ann
from tests.services.doors import verified
from tests.services.filing import PNG, announced, pieces, read
from tests.support.databases import on_both_databases


@on_both_databases
async def test_of_fifty_uploads_with_one_ticket_one_is_kept(
    core: Core, acme: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when nobody counts how often it is tried, which would already refuse most of them."""

    async def uncounted(*_: object) -> None:
        """Everything is allowed."""

    monkeypatch.setattr(core.limiter, "take", uncounted)
    it = await verified(core, acme, ann)
    file, ticket = await announced(core, it)
    sent = [PNG + bytes([number]) for number in range(50)]
    came = await asyncio.gather(
        *(uploads.receive(core, str(file.uid), ticket, pieces(one, 100)) for one in sent), return_exceptions=True
    )
    assert Counter(type(one).__name__ for one in came) == {"File": 1, "TicketRefused": 49}
    winner = next(number for number, one in enumerate(came) if isinstance(one, File))
    await uploads.complete(core, it, file.id)
    assert await read(core, file, it) == sent[winner]
    assert len([path for path in (settings.data / "files").rglob("*") if path.is_file()]) == 1
