"""What enforcement refuses, or would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from ....domain import apps as domain
from ....ports.store import UnverifiedCount
from ....services.enforcement import DAYS_KEPT, USUAL_DAYS, date_of
from .values import Sent, Shown


class DaysBack(Sent):
    """How far back."""

    days: Annotated[int, Meta(ge=1, le=DAYS_KEPT, description="Today included.")] = USUAL_DAYS


class Unverified(Shown):
    """How often people nobody verified did something on a day."""

    day: Annotated[str, Meta(description="As 2026-11-21, in UTC.")]
    door: Annotated[str, Meta(description="The API they came in by.")]
    act: Annotated[
        str, Meta(description="`start`: began a conversation; `say`: said something in one; `keep`: kept a file.")
    ]
    outcome: Annotated[str, Meta(description="`would_refuse` or `refused`, as the Policy was then.")]
    times: int


class EnforcementReport(Shown):
    """What enforcement refused, or would have."""

    enforcement: Annotated[str, Meta(description="As the Policy is now: off, report or enforce.")]
    items: list[Unverified]


def report(app: domain.App, found: Sequence[UnverifiedCount]) -> EnforcementReport:
    items = [
        Unverified(day=date_of(it.day), door=it.door, act=it.act, outcome=it.outcome, times=it.times) for it in found
    ]
    return EnforcementReport(enforcement=app.policy.enforcement.value, items=items)
