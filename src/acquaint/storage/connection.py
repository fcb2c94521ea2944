"""What the shelves talk to: one transaction's hand on the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from ..domain.events import Event
from ..ports.crypto import Clock, Sealing
from . import columns as column
from .statements import Statement

Row = Sequence[Any]
"""What a statement selected, in its order, as the database's driver read it."""


@dataclass(frozen=True, slots=True)
class Own:
    """What is this process's own: how it makes ids and seals secrets, its clock, and who hears of what it wrote."""

    new_id: Callable[[], int]
    clock: Clock
    told: Callable[[Sequence[Event]], None]
    sealing: Sealing
    number: int  # written beside its events: others are told by watching for what is not theirs
    wanted: dict[int, frozenset[str]] | None = None
    """Which kinds of Events the webhooks of an App ask for, by App, where a writer knows what it may still believe."""

    def forget(self) -> None:
        """What was read before may not be so any more."""
        if self.wanted is not None:
            self.wanted.clear()

    def now(self) -> int:
        return column.of_moment(self.clock())

    def tell(self, events: Sequence[Event]) -> None:
        """Tells what is committed. A listener's bug is reported, and does not make a write look as if it had failed."""
        try:
            if events:
                self.told(events)
        except Exception as error:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a listener raised on being told what was committed", "exception": error}
            )


class Connection(Protocol):
    """One transaction. Values are given by the names the statement calls them."""

    own: Own
    events: list[Event]  # what happened in this transaction, to be told after its commit

    async def rows(self, statement: Statement, /, **values: Any) -> list[Row]: ...
    async def row(self, statement: Statement, /, **values: Any) -> Row | None:
        """The first row, if there is any."""
        ...

    async def change(self, statement: Statement, /, **values: Any) -> int:
        """Runs a statement that answers no rows; answers how many rows it changed."""
        ...


class Engine(Protocol):
    """A database. Each block is one transaction, as ``ports.store`` promises it."""

    is_embedded: bool  # a file that this process alone looks after

    def read(self) -> AbstractAsyncContextManager[Connection]: ...
    def search(self) -> AbstractAsyncContextManager[Connection]: ...
    def write(self) -> AbstractAsyncContextManager[Connection]: ...
    async def write_behind(self, statements: Sequence[Statement], rows: Sequence[dict[str, Any]]) -> None:
        """Runs every statement with every row, some rows at a time, each time in a transaction of its own."""
        ...

    def changes(self) -> int | None:
        """A number that changes when another process wrote to the same file; None where nobody can tell."""
        ...

    async def close(self) -> None: ...
