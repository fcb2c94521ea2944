"""What was found, beside what was promised: the table people read and the JSON programs read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .load import Bursts, median, ratio


@dataclass(frozen=True)
class Budget:
    """``bound`` is the least or the most a value may be."""

    bound: float
    at_most: bool = False

    def is_met_by(self, value: float) -> bool:
        return value <= self.bound if self.at_most else value >= self.bound

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.bound:g}"


@dataclass(frozen=True)
class Finding:
    """One line of the table. ``value`` is what the budget is about, ``ours`` and ``theirs`` what it was made of."""

    path: str
    what: str
    value: float
    unit: str  # of the value: "×" where it is a ratio
    budget: Budget
    ours: str = ""
    theirs: str = ""
    by_cpu: float | None = None  # the same ratio by the processor time of one request, which others disturb less
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def is_met(self) -> bool:
        return self.budget.is_met_by(self.value)


def compared(path: str, what: str, bursts: Bursts, ours: str, theirs: str, budget: Budget) -> Finding:
    """How many times the reference's rate ours is, and what both cost the processor."""
    counts_cpu = all(it.cpu_seconds for name in (ours, theirs) for it in bursts[name])
    return Finding(
        path,
        what,
        ratio(bursts, ours, theirs),
        "×",
        budget,
        _rate(median(bursts[ours])),
        _rate(median(bursts[theirs])),
        ratio(bursts, theirs, ours, lambda it: it.cpu_us) if counts_cpu else None,
        {
            "busy": median(bursts[ours], lambda it: it.busy),
            "reference_busy": median(bursts[theirs], lambda it: it.busy),
            "cpu_us": median(bursts[ours], lambda it: it.cpu_us),
            "reference_cpu_us": median(bursts[theirs], lambda it: it.cpu_us),
            "p99_ms": median(bursts[ours], lambda it: it.p99_ms),
            "reference_p99_ms": median(bursts[theirs], lambda it: it.p99_ms),
            "rounds": [a.per_second / b.per_second for a, b in zip(bursts[ours], bursts[theirs], strict=True)],
        },
    )


IDLE = 0.9  # of a core; a server at the end of its strength has all of it
HEADINGS = ("", "measured", "Acquaint", "reference", "result", "budget", "", "by processor time")


def table(findings: Sequence[Finding]) -> str:
    rows = [HEADINGS, *[_row(it) for it in findings]]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def as_json(machine: str, findings: Sequence[Finding]) -> str:
    lines = [{**asdict(it), "budget": str(it.budget), "is_met": it.is_met} for it in findings]
    return json.dumps({"machine": machine, "findings": lines}, indent=2, ensure_ascii=False)


def disturbed(findings: Sequence[Finding]) -> list[str]:
    """What was measured while others were at work: servers that are asked all they can answer had less than a core."""
    asked_all = [it for it in findings if it.path in ("H1", "H3", "H4") and "reference_busy" in it.more]
    return [it.what for it in asked_all if min(it.more["busy"], it.more["reference_busy"]) < IDLE]


def _rate(per_second: float) -> str:
    return f"{per_second:,.0f}/s" if per_second >= 100 else f"{per_second:.1f}/s"


def _row(it: Finding) -> tuple[str, ...]:
    value = f"{it.value:.3g} {it.unit}" if it.value < 100 else f"{it.value:.0f} {it.unit}"
    verdict = "met" if it.is_met else "MISSED"
    by_cpu = "" if it.by_cpu is None else f"{it.by_cpu:.3g} ×"
    return it.path, it.what, it.ours, it.theirs, value, f"{it.budget} {it.unit}", verdict, by_cpu
