"""How long tests wait for what another task, process or browser does: until it is so.

    assert soon(lambda: phone.looks() >= 400)      # in a test of its own thread
    await until(lambda: ear.cuts)                  # beside tasks of the same event loop

A bound costs nothing where all is well. It is long enough for a machine that is ten times slower, that others work on
as well, or that stands still for a while: what a test decides by is what happened, and not when.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

PATIENCE: Final = 60.0
"""Seconds until a test gives up; less than pytest's own, so that one sees what it waited for."""

PROMISED: Final = 10.0
"""Seconds for what Acquaint promises within one (rule 8), on such a machine."""

_LOOKS_EVERY: Final = 0.02  # seconds


def soon(holds: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What the function answers once that is something; else what it answered last."""
    end = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(_LOOKS_EVERY)
    return found


async def until(holds: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """Waits until something is so; raises TimeoutError when it never is."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - whatever it waits for knows of no asyncio.Event
            await asyncio.sleep(0.005)
