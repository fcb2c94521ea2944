"""Those in this process who must know what happened: the part that all buses share."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from ..domain.events import Event
from ..ports.bus import Listener

log = structlog.get_logger()


class Listeners:
    """Tells each listener everything; one that breaks its promise and raises keeps nobody else from knowing."""

    def __init__(self) -> None:
        self._all: list[Listener] = []

    def add(self, listener: Listener) -> None:
        self._all.append(listener)

    def heard(self, events: Iterable[Event]) -> None:
        for event in events:
            for listener in self._all:
                _try(listener.heard, event)

    def lost(self) -> None:
        for listener in self._all:
            _try(listener.lost)


def _try(tell: Callable[..., None], *what: Event) -> None:
    try:
        tell(*what)
    except Exception:
        log.exception("listener_failed", listener=tell.__qualname__)
