"""How long a bench may take: rounds of bursts of seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    rounds: int
    seconds: int  # of one burst; wrk knows whole ones only


USUAL = Size(rounds=5, seconds=2)
TINY = Size(rounds=1, seconds=1)
