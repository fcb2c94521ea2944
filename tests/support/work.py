"""How much work something is: CPU time of this process, whatever else the machine does meanwhile.

assert cost(normal_email, hostile) < budget(0.05)
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from acquaint.domain.errors import Refusal

TRIES: Final = 3
"""The least counts: the first use of something may compile or load it, and the collector comes when it likes."""

_YARDSTICK: Final = 0.004  # seconds for what ``_measure`` does, of the machine that budgets are written for


def cost(read: Callable[..., Any], *given: Any) -> float:
    """Seconds of a call, which may be refused."""
    least = 1e9
    for _ in range(TRIES):
        began = time.process_time()
        with suppress(Refusal):
            read(*given)
        least = min(least, time.process_time() - began)
    return least


async def cost_of(ask: Callable[[], Awaitable[Any]]) -> float:
    """Seconds of what is awaited, and of all that goes on meanwhile."""
    least = 1e9
    for _ in range(TRIES):
        began = time.process_time()
        await ask()
        least = min(least, time.process_time() - began)
    return least


def budget(seconds: float) -> float:
    """As many seconds, or more where the machine is slower, or has half of its processor for itself just now."""
    return seconds * max(1.0, cost(_measure) / _YARDSTICK)


def _measure() -> int:
    return sum(range(300_000))
