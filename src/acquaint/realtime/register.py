"""Who is connected: listeners by App, user and session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from ..domain.apps import AppId
from ..domain.sessions import Session, SessionId
from ..domain.users import UserId
from ..services.live import Listener

Key = TypeVar("Key")

_NOBODY: Final[Mapping[UserId | None, tuple[Listener, ...]]] = MappingProxyType({})


class Register:
    """Listeners are kept in tuples, which are small, and whole for whoever goes through them meanwhile."""

    def __init__(self) -> None:
        self._of_app: dict[AppId, dict[UserId | None, tuple[Listener, ...]]] = {}
        self._of_session: dict[SessionId, tuple[Listener, ...]] = {}

    def __iter__(self) -> Iterator[Listener]:
        for listeners in list(self._of_session.values()):
            yield from listeners

    def add(self, listener: Listener) -> None:
        session = listener.session
        users = self._of_app.setdefault(session.app_id, {})
        users[session.user_id] = (*users.get(session.user_id, ()), listener)
        self._of_session[session.id] = (*self._of_session.get(session.id, ()), listener)

    def discard(self, listener: Listener) -> None:
        session = listener.session
        _discard(self._of_session, session.id, listener)
        users = self._of_app.get(session.app_id)
        if users is not None:
            _discard(users, session.user_id, listener)
            if not users:
                del self._of_app[session.app_id]

    def users_of(self, app_id: AppId) -> Mapping[UserId | None, tuple[Listener, ...]]:
        """The App's listeners, by user; those whose session has nobody in it yet under None."""
        return self._of_app.get(app_id, _NOBODY)

    def of_app(self, app_id: AppId) -> list[Listener]:
        return [it for listeners in self.users_of(app_id).values() for it in listeners]

    def of_user(self, app_id: AppId, user_id: UserId) -> tuple[Listener, ...]:
        return self.users_of(app_id).get(user_id, ())

    def siblings(self, session: Session) -> tuple[Listener, ...]:
        """Those of the same user; of the same session where it has nobody in it."""
        if session.user_id is None:
            return self.of_session(session.id)
        return self.of_user(session.app_id, session.user_id)

    def of_session(self, session_id: SessionId) -> tuple[Listener, ...]:
        return self._of_session.get(session_id, ())


def _discard(found: dict[Key, tuple[Listener, ...]], key: Key, listener: Listener) -> None:
    left = tuple(it for it in found.get(key, ()) if it is not listener)
    if left:
        found[key] = left
    else:
        found.pop(key, None)
