"""What the core asks of the line between its nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from ..domain.events import Event

LARGEST_MENTION: Final = 120_000
"""Bytes. More than a client may say in one frame, however it is quoted; what is larger stays on its node."""


class Listener(Protocol):
    """Somebody who must know what happened. Both are quick and never raise."""

    def heard(self, event: Event) -> None:
        """The event happened and is committed. It may be told more than once, and rarely late."""
        ...

    def lost(self) -> None:
        """Something may have happened that nobody will tell: forget what you only believe."""
        ...


class Bus(Protocol):
    """Tells every node what happened. Only committed events are told, and only what a node says is believed."""

    @property
    def is_whole(self) -> bool:
        """False while events of other nodes may be missed. Nothing that was remembered may be believed then."""
        ...

    @property
    def not_believed(self) -> int:
        """Messages so far that no node said, or not just then: they were ignored."""
        ...

    def tell(self, events: Sequence[Event]) -> None:
        """Tells this node's listeners before it returns, and the other nodes as soon as it can."""
        ...

    def add(self, listener: Listener) -> None: ...

    def mention(self, words: bytes, *, of: int) -> bool:
        """Says some JSON to the other nodes in passing: soon, once, in the order in which it was mentioned, or never.

        It waits for nothing. False when there is no room for it; ``of`` says whose words they are, and each has less
        room than all together.
        """
        ...

    def listen_in(self, overhears: Callable[[bytes], None]) -> None:
        """From now on it is called with what other nodes mention; quick, never raises."""
        ...

    async def run(self) -> None:
        """Listens to the other nodes until it is cancelled; reconnects by itself."""
        ...
