"""Pictures drawn anew with Pillow, each in a process of its own (``pillow_program``)."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import anyio

from ..domain.errors import Busy
from ..ports.pictures import Drawn, NotSeen

AT_ONCE: Final = 1
"""Processes. Each has a processor for itself for a moment; sessions are to be checked meanwhile."""

MOST_WAITING: Final = 20  # then callers are told to come again

LONGEST: Final = 20.0
"""Seconds for one picture, start included. The program allows itself ten of a processor."""

_PROGRAM: Final = Path(__file__).with_name("pillow_program.py")
_REFUSED: Final = 3
_MAY_BE: Final = frozenset({"image/png", "image/jpeg"})


class PillowDrawing:
    """Draws one picture at a time."""

    def __init__(self) -> None:
        self._turn = anyio.CapacityLimiter(AT_ONCE)

    async def draw(self, content: AsyncIterator[bytes]) -> Drawn:
        if self._turn.statistics().tasks_waiting >= MOST_WAITING:
            raise Busy(timedelta(seconds=5))
        async with self._turn:
            original = b"".join([chunk async for chunk in content])
            return await _draw(original)


async def _draw(original: bytes) -> Drawn:
    """-I: the program sees neither our environment nor the folder it is started in."""
    try:
        with anyio.fail_after(LONGEST):
            done = await anyio.run_process(
                [sys.executable, "-I", str(_PROGRAM)], input=original, check=False, cwd="/", env={}
            )
    except (TimeoutError, anyio.BrokenResourceError) as error:
        raise NotSeen("takes too long to be read") from error
    if done.returncode == _REFUSED:
        raise NotSeen(done.stderr.decode("ascii", "replace"))
    kind, _, picture = done.stdout.partition(b"\n")
    if done.returncode or kind.decode("latin-1") not in _MAY_BE:  # a decoder that crashed, or was stopped
        raise NotSeen("cannot be read as a picture")
    return Drawn(kind.decode(), picture)
