"""Who a realtime connection is of, as the hub knows them.

Ear    somebody, by the token in a topic: services.live.Listener
Mouth  the connection that tells them
"""

from __future__ import annotations

from typing import Protocol

from ...domain.sessions import Session
from ...domain.users import User
from ...ports.store import Recognised
from ...services.live import Aside, Cut, Told, Typed
from . import saying
from .auth import id_of
from .topics import Filter, Kind, OfRoom


class Ear:
    """``id`` is the vendor's. ``is_away`` is what the client says of its user; ``used`` has its latest use."""

    def __init__(self, mouth: Mouth, it: Recognised, user: User, token: str) -> None:
        self._mouth, self.it, self.user_id, self.id, self.token = mouth, it, user.id, id_of(user), token
        self.is_away = False
        self.used = it.session

    @property
    def session(self) -> Session:
        return self.it.session

    def deliver(self, told: Told) -> None:
        self._mouth.told(self, told)

    def typed(self, typed: Typed) -> None:
        self._mouth.saw_typing(self, typed)

    def overheard(self, aside: Aside) -> None:
        if (event := aside.read(saying.PROTOCOL, saying.Event)) is not None:
            self._mouth.tell(OfRoom(Kind.EVENT, event.room), event.payload)

    def missed(self) -> None:
        self._mouth.missed()

    def cut(self, why: Cut) -> None:
        self._mouth.cut(why)


class Mouth(Protocol):
    def told(self, ear: Ear, told: Told) -> None:
        """Something happened that they hear."""
        ...

    def saw_typing(self, ear: Ear, typed: Typed) -> None:
        """Somebody else is writing, or no longer."""
        ...

    def tell(self, topic: Filter, payload: bytes) -> bool:
        """Says it, if the client wants to hear of that; whether it does."""
        ...

    def missed(self) -> None:
        """Something may have happened that nobody will tell."""
        ...

    def cut(self, why: Cut) -> None:
        """They may not go on."""
        ...
