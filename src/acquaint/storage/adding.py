"""Adding a row under an id that is nobody else's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from ..domain.errors import Busy
from .connection import Connection
from .statements import Statement

MOST_TRIES: Final = 8  # two nodes meet in one id of 4096 a millisecond; eight times in a row is not chance


async def add(
    db: Connection, statement: Statement, values: dict[str, Any], refuse: Callable[[], Awaitable[None]] | None = None
) -> int:
    """Adds the row, under another id when this one is taken; answers the id.

    The statement inserts unless something is in the way (``ON CONFLICT DO NOTHING``). ``refuse`` then
    looks whether it is something other than the id and raises what that means.
    """
    for _ in range(MOST_TRIES):
        if await db.change(statement, **values):
            return int(values["id"])
        if refuse is not None:
            await refuse()
        values["id"] = db.own.new_id()
    raise Busy
