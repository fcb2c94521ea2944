"""What the core asks of the line between its nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..domain.events import Event


class Listener(Protocol):
    """Somebody who must know what happened. Both are quick and never raise."""

    def heard(self, event: Event) -> None:
        """The event happened and is committed. It may be told more than once, and rarely late."""
        ...

    def lost(self) -> None:
        """Something may have happened that nobody will tell: forget what you only believe."""
        ...


class Bus(Protocol):
    """Tells every node what happened. Only committed events are told."""

    @property
    def is_whole(self) -> bool:
        """False while events of other nodes may be missed. Nothing that was remembered may be believed then."""
        ...

    def tell(self, events: Sequence[Event]) -> None:
        """Tells this node's listeners before it returns, and the other nodes as soon as it can."""
        ...

    def add(self, listener: Listener) -> None: ...

    async def run(self) -> None:
        """Listens to the other nodes until it is cancelled; reconnects by itself."""
        ...
