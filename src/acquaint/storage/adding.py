"""Adding a row under an id that is nobody else's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, ClassVar, Final, Protocol, TypeVar

from ..domain.errors import Busy
from .connection import Connection
from .statements import Statement

MOST_TRIES: Final = 8  # two nodes meet in one id of 4096 a millisecond; eight times in a row is not chance


class _Kept(Protocol):
    """A domain value with an id."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def id(self) -> int: ...


T = TypeVar("T", bound=_Kept)


async def add(
    db: Connection,
    statement: Statement,
    it: T,
    values: dict[str, Any],
    refuse: Callable[[], Awaitable[None]] | None = None,
    *,
    bound: Callable[[int], dict[str, Any]] | None = None,
) -> T:
    """Adds the row and answers the value as kept: under another id, when its own was taken.

    The statement inserts unless something is in the way (``ON CONFLICT DO NOTHING``). ``refuse`` then
    looks whether that is something other than the id and raises what it means. ``bound`` answers the values that
    depend on the id: a secret is sealed for one row.
    """
    for _ in range(MOST_TRIES):
        if bound is not None:
            values |= bound(values["id"])
        if await db.change(statement, **values):
            return it if values["id"] == it.id else replace(it, id=values["id"])
        if refuse is not None:
            await refuse()
        values["id"] = db.own.new_id()
    raise Busy
