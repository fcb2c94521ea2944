"""What is told live, and what the client knows of its connection. No socket, no clock.

LiveEvent, Typing, Gap     what is told
Listening                  frames, read; where a connection goes on, and how long to wait before the next one
"""

from __future__ import annotations

import json
import random
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from . import models
from .errors import AcquaintError, Offline, Refused, ServerFault, StrangeAnswer, TicketRefused, TryLater
from .models import Message

FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 30.0
"""Seconds between two tries to come back."""

REMEMBERED: Final = 1000
"""Events that are not told a second time, should they be replayed."""

_PASSING: Final = (Offline, StrangeAnswer, ServerFault, TryLater, TicketRefused)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEvent:
    """Something happened in a conversation. Where a message itself is not shown, ``message_id`` names it."""

    id: str
    kind: str
    at: datetime
    conversation_id: str
    user_id: str | None
    message: Message | None
    up_to: str | None
    message_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Typing:
    """Somebody is writing, or no longer. Without a user it is one of the App's people, who may go by a name."""

    conversation_id: str
    user_id: str | None
    on: bool
    operator: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Something happened that is not told: read history."""


News = LiveEvent | Typing | Gap


class Listening:
    """What the client knows of its connection: where it goes on, and how long it waits. No socket, no clock."""

    def __init__(self) -> None:
        self.after: str | None = None
        self._told: deque[str] = deque(maxlen=REMEMBERED)
        self._failures = 0

    def opening(self) -> str:
        """The first frame of a new connection."""
        return json.dumps({"type": "resume"} | ({"after": self.after} if self.after is not None else {}))

    def is_ready(self, text: str | bytes) -> bool:
        frame = frame_of(text)
        if frame.get("type") == "ready":
            self._failures = 0
            if self.after is None:
                self.after = str(frame["last_event"])
            return True
        return False

    def received(self, text: str | bytes) -> News | None:
        """What is to be told of a frame; None for one that is between the server and us, or of a later version."""
        try:
            return self._heard(frame_of(text))
        except (ValueError, TypeError, KeyError) as error:
            raise StrangeAnswer(f"A live frame is not Acquaint's: {error}.", code="strange_answer") from error

    def _heard(self, frame: dict[str, Any]) -> News | None:
        match frame.get("type"):
            case "event":
                return self._event(frame)
            case "typing":
                return Typing(
                    conversation_id=frame["conversation"],
                    user_id=frame["user"],
                    on=frame["on"],
                    operator=frame.get("operator"),
                )
            case "resumed":
                self._go_on_after(frame["last_event"])
            case "gap":
                self._go_on_after(frame["last_event"])
                return Gap()
        return None

    def pause(self, error: Exception) -> float:
        """Seconds until the next try; raises what trying again would not help against."""
        if isinstance(error, AcquaintError) and not isinstance(error, _PASSING):
            raise error
        self._failures += 1
        retry_after = error.retry_after if isinstance(error, Refused) else None
        if retry_after is not None:
            return min(retry_after, LONGEST_PAUSE)
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._failures, 10))
        return random.uniform(0.5, 1.0) * longest  # noqa: S311  # so that not everybody comes back at once

    def _event(self, frame: dict[str, Any]) -> LiveEvent | None:
        id = str(frame["id"])
        self._go_on_after(id)
        if id in self._told:
            return None
        self._told.append(id)
        return LiveEvent(
            id=id,
            kind=frame["kind"],
            at=datetime.fromisoformat(frame["at"]),
            conversation_id=frame["conversation"],
            user_id=frame["user"],
            message=models.read(Message, frame["message"]) if frame.get("message") is not None else None,
            up_to=frame.get("up_to"),
            message_id=frame.get("message_id"),
        )

    def _go_on_after(self, id: str) -> None:
        if self.after is None or int(id) > int(self.after):
            self.after = str(id)


def frame_of(text: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
