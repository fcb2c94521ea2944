"""Who is connected: listeners by App, user and session, and which of them see a conversation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

from ..domain.apps import AppId
from ..domain.conversations import Conversation, Membership, Visibility, visibility_of
from ..domain.sessions import Session, SessionId
from ..domain.users import UserId
from ..services.live import Listener

Key = TypeVar("Key")

_NOBODY: Final[dict[Any, Any]] = {}


class Register:
    """Listeners are kept in tuples, which are small, and whole for whoever goes through them meanwhile.

    What a session sees does not change while it is registered: a session that changes is cut.
    """

    def __init__(self) -> None:
        self._of_app: dict[AppId, dict[UserId | None, tuple[tuple[Listener, Visibility], ...]]] = {}
        self._of_session: dict[SessionId, tuple[Listener, ...]] = {}

    def __iter__(self) -> Iterator[Listener]:
        for listeners in list(self._of_session.values()):
            yield from listeners

    def add(self, listener: Listener) -> None:
        session = listener.session
        users = self._of_app.setdefault(session.app_id, {})
        users[session.user_id] = (*users.get(session.user_id, ()), (listener, visibility_of(session)))
        self._of_session[session.id] = (*self._of_session.get(session.id, ()), listener)

    def discard(self, listener: Listener) -> None:
        session = listener.session
        _put(self._of_session, session.id, (it for it in self.of_session(session.id) if it is not listener))
        users = self._of_app.get(session.app_id)
        if users is not None:
            _put(users, session.user_id, (it for it in users.get(session.user_id, ()) if it[0] is not listener))
            if not users:
                del self._of_app[session.app_id]

    def seeing(self, conversation: Conversation, members: Iterable[Membership]) -> list[Listener]:
        """The listeners of these members whose session sees the conversation, one of them as it is."""
        users = self._of_app.get(conversation.app_id, _NOBODY)
        return [
            listener
            for member in members
            for listener, visibility in users.get(member.user_id, ())
            if visibility.covers(conversation, (member,))
        ]

    def has(self, app_id: AppId) -> bool:
        """Whether anybody of the App is connected."""
        return app_id in self._of_app

    def of_app(self, app_id: AppId) -> list[Listener]:
        return [listener for them in self._of_app.get(app_id, _NOBODY).values() for listener, _ in them]

    def of_user(self, app_id: AppId, user_id: UserId) -> list[Listener]:
        return [listener for listener, _ in self._of_app.get(app_id, _NOBODY).get(user_id, ())]

    def of_session(self, session_id: SessionId) -> tuple[Listener, ...]:
        return self._of_session.get(session_id, ())

    def count_like(self, session: Session) -> int:
        """How many listeners the session's user has; the session itself where it has nobody in it."""
        if session.user_id is None:
            return len(self.of_session(session.id))
        return len(self._of_app.get(session.app_id, _NOBODY).get(session.user_id, ()))


def _put(found: dict[Key, tuple[Any, ...]], key: Key, left: Iterable[Any]) -> None:
    if rest := tuple(left):
        found[key] = rest
    else:
        found.pop(key, None)
