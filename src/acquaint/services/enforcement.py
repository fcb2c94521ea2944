"""Whether only verified people may begin conversations, talk and keep files, and what would come of it.

check      before somebody does; refuses, or only counts, as the App's Policy says
counted    what was counted, for who decides whether to enforce
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from ..domain.apps import App, Enforcement
from ..domain.errors import Busy, NotAllowed, Unacceptable
from ..domain.identities import Assurance
from ..ports.store import Recognised, UnverifiedCount
from .core import Core

START: Final = "start"  # a conversation
SAY: Final = "say"  # something in one
KEEP: Final = "keep"  # a file: else a disk could be filled by people who may not even say hello

REFUSED: Final = "refused"
WOULD_REFUSE: Final = "would_refuse"

USUAL_DAYS: Final = 30
DAYS_KEPT: Final = 400

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def check(core: Core, it: Recognised, act: str) -> None:
    """Refuses with NotAllowed what an unverified session does where the Policy enforces that they are verified.

    Where the Policy only reports, it is counted and goes on.
    """
    rule = it.app.policy.enforcement
    if rule is Enforcement.OFF or it.session.assurance is Assurance.VERIFIED:
        return
    outcome = REFUSED if rule is Enforcement.ENFORCE else WOULD_REFUSE
    with suppress(Busy):  # a count is not worth refusing somebody, or refusing them in other words
        async with core.store.write() as tx:
            today = day_of(core.clock())
            await tx.unverified.count(it.app.id, today, door=it.session.door, act=act, outcome=outcome)
            await tx.unverified.forget(it.app.id, today - DAYS_KEPT)
    if rule is Enforcement.ENFORCE:
        raise NotAllowed


async def counted(core: Core, app: App, days: int = USUAL_DAYS) -> list[UnverifiedCount]:
    """What was counted today and on the days before, the latest first. Refuses with Unacceptable."""
    if not 1 <= days <= DAYS_KEPT:
        raise Unacceptable("days", f"must be from 1 to {DAYS_KEPT}")
    async with core.store.read() as tx:
        return await tx.unverified.since(app.id, day_of(core.clock()) - days + 1)


def date_of(day: int) -> str:
    """That day as 2026-11-21."""
    return (_EPOCH + timedelta(days=day)).date().isoformat()


def day_of(moment: datetime) -> int:
    """Days since 1970-01-01, in UTC."""
    return (moment - _EPOCH).days
