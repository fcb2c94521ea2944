"""What clients say on a realtime connection, done. Whatever may not be said is said to nobody.

say      by the topic it is published to
Here     the connection it came on
Event    what the app's clients tell each other in a room, in passing
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ...domain.conversations import ConversationId
from ...domain.errors import TooLarge, Unreadable
from ...domain.users import UserId
from ...services import limits
from ...services.core import Core
from ...services.live import Aside, Hub, Listener
from .topics import Kind, OfRoom, OfUser, said_in

PROTOCOL: Final = "mqtt"
"""What asides in our words are called; connections of other protocols let them pass."""

LARGEST_EVENT: Final = 16_384  # bytes of JSON


@dataclass(frozen=True, slots=True)
class Here:
    core: Core
    hub: Hub
    listener: Listener
    user_id: UserId
    id: str  # the vendor's


@dataclass(frozen=True, slots=True)
class Event:
    room: ConversationId
    payload: bytes


class _Event(msgspec.Struct):
    """``sender`` is whatever the client thinks its user is called: qiscus-sdk-core says it before it knows."""

    data: msgspec.Raw
    sender: Any = None


async def say(here: Here, topic: str, payload: bytes) -> bool | None:
    """Whether the user is away from now on, where that is what was said.

    Refuses as hub.type and hub.pass_on do, with TooManyRequests, and with Unreadable or TooLarge. What is said in
    somebody else's name is passed over.
    """
    match said_in(topic):
        case OfUser(id) if id == here.id:
            return _is_away(payload)
        case OfRoom(Kind.TYPING, room, by) if by == here.id:
            await _count(here)
            await here.hub.type(here.listener, room, payload == b"1")
        case OfRoom(Kind.EVENT, room):
            await _count(here)
            event = Event(room, _event(here, payload))
            await here.hub.pass_on(here.listener, room, Aside(PROTOCOL, event))
            here.listener.overheard(Aside(PROTOCOL, event))  # a broker tells it to who said it, too
    return None


def _is_away(payload: bytes) -> bool | None:
    """``1``, ``0`` or nothing, which the vendor's wills say; with or without a moment, and theirs is not believed."""
    match payload.partition(b":")[0]:
        case b"1":
            return False
        case b"0" | b"":
            return True
    return None


def _event(here: Here, payload: bytes) -> bytes:
    """The same, from who says it."""
    if len(payload) > LARGEST_EVENT:
        raise TooLarge(LARGEST_EVENT)
    try:
        said = msgspec.json.decode(payload, type=_Event)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Unreadable("an event is a JSON object with data") from error
    return msgspec.json.encode({"sender": here.id, "data": said.data})


async def _count(here: Here) -> None:
    await here.core.limiter.take(limits.ASIDES_PER_SESSION, str(here.listener.session.id))
