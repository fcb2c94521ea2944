"""What the process remembers of sessions, so that recognising one costs no read.

The memory is only as good as the Bus: it forgets what an Event says has changed, everything when
the Bus may have missed something, and it is not asked at all while the Bus is not whole.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..domain.apps import AppId
from ..domain.events import Event, EventKind
from ..domain.sessions import Session, SessionId
from ..domain.users import UserId
from ..ports.store import LastSeen, Recognised

MOST_REMEMBERED: Final = 100_000  # sessions; about 2 KiB each
SEEN_STEP: Final = timedelta(seconds=1)  # a session in constant use is noted once in this time
NEVER: Final = -1  # the epoch of what was read while the Bus was not whole
BELIEVED_FOR: Final = timedelta(seconds=60)  # then the store is read again, should an Event ever have been lost
BELIEVED_AMONG_NODES: Final = timedelta(seconds=5)
"""The same where there are several nodes: one that alone has lost the Bus cannot tell the others what it revoked."""

_ABOUT_APPS: Final = frozenset({EventKind.APP_CHANGED, EventKind.APP_CREATED})
_ABOUT_USERS: Final = frozenset(
    {
        EventKind.USER_CHANGED,
        EventKind.USER_BANNED,
        EventKind.USER_ADMITTED_AGAIN,
        EventKind.USER_DELETED,
        EventKind.USER_MERGED,
        EventKind.PASSWORD_CHANGED,
    }
)
_ABOUT_SESSIONS: Final = frozenset(
    {EventKind.SESSION_ENDED, EventKind.SESSION_TAKEN, EventKind.SESSION_LEFT, EventKind.SESSION_RENEWED}
)


class RecognisedSessions:
    """A bounded memory of what tokens open, by fingerprint; a Listener of the Bus.

    ``epoch`` grows with everything forgotten: what was read from the store before it grew may be
    outdated already and is not remembered.
    """

    def __init__(self, most: int = MOST_REMEMBERED, believed_for: timedelta = BELIEVED_FOR) -> None:
        self._most, self._believed_for = most, believed_for
        self._by_fingerprint: OrderedDict[str, Recognised] = OrderedDict()
        self._read_at: dict[str, datetime] = {}
        self._of_session: dict[SessionId, str] = {}
        self._of_user: dict[UserId, set[str]] = {}
        self._unwritten: dict[SessionId, LastSeen] = {}
        self.epoch = 0

    def __len__(self) -> int:
        return len(self._by_fingerprint)

    def get(self, fingerprint: str, now: datetime) -> Recognised | None:
        """What is remembered; None for what is not, or not any more."""
        it = self._by_fingerprint.get(fingerprint)
        if it is not None and not timedelta(0) <= now - self._read_at[fingerprint] <= self._believed_for:
            self._forget([fingerprint])
            return None
        return it

    def remember(self, fingerprint: str, it: Recognised, *, epoch: int, now: datetime) -> Recognised:
        """Remembers what was read when ``epoch`` was the epoch; answers it, with the latest use known here."""
        unwritten = self._unwritten.get(it.session.id)
        if unwritten is not None:
            it = replace(it, session=it.session.seen(unwritten.at))
        if epoch != self.epoch:
            return it
        self._forget([fingerprint])
        self._by_fingerprint[fingerprint] = it
        self._read_at[fingerprint] = now
        self._of_session[it.session.id] = fingerprint
        if it.user is not None:
            self._of_user.setdefault(it.user.id, set()).add(fingerprint)
        if len(self._by_fingerprint) > self._most:
            self._forget([next(iter(self._by_fingerprint))])
        return it

    def saw(self, fingerprint: str, it: Recognised, now: datetime) -> Recognised:
        """Notes the use of a session, once a step, to be written behind."""
        if now - it.session.last_seen_at < SEEN_STEP:
            return it
        it = replace(it, session=it.session.seen(now))
        if fingerprint in self._by_fingerprint:
            self._by_fingerprint[fingerprint] = it
            self._by_fingerprint.move_to_end(fingerprint)
        self._unwritten[it.session.id] = LastSeen(it.session.id, it.session.last_seen_at, it.session.user_id)
        return it

    def went_on(self, session: Session, now: datetime) -> Session:
        """Notes the use of a session by a connection that stays, whose token nobody shows again; the session after it.

        One whose time is over stays over: it is answered as it is.
        """
        session = self.used(session)
        if (ends := session.good_until) is not None and now >= ends:
            return session
        mark = self._of_session.get(session.id)
        if mark is not None and (it := self._by_fingerprint.get(mark)) is not None:
            self.saw(mark, it, now)
        else:
            self._unwritten[session.id] = LastSeen(session.id, now, session.user_id)
        return session.seen(now)

    def used(self, session: Session) -> Session:
        """The session, as it was read from the store, with its latest use known here."""
        unwritten = self._unwritten.get(session.id)
        mark = self._of_session.get(session.id)
        remembered = self._by_fingerprint.get(mark) if mark is not None else None
        if unwritten is not None:
            session = session.seen(unwritten.at)
        return session if remembered is None else session.seen(remembered.session.last_seen_at)

    def take_unwritten(self) -> list[LastSeen]:
        """The uses that nobody has written down yet; from now on they count as written."""
        unwritten, self._unwritten = list(self._unwritten.values()), {}
        return unwritten

    def put_back(self, seen: Iterable[LastSeen]) -> None:
        """They could not be written after all; newer ones win."""
        for it in seen:
            self._unwritten.setdefault(it.session_id, it)

    def heard(self, event: Event) -> None:
        if event.kind in _ABOUT_SESSIONS and event.session_id is not None:
            self._forget([self._of_session.get(event.session_id)])
        elif event.kind in _ABOUT_USERS and event.user_id is not None:
            self._forget(list(self._of_user.get(event.user_id, ())))
        elif event.kind in _ABOUT_APPS and event.app_id is not None:
            self._forget(self._of_app(event.app_id))
        else:
            return
        self.epoch += 1

    def lost(self) -> None:
        self.epoch += 1
        self._by_fingerprint.clear()
        self._read_at.clear()
        self._of_session.clear()
        self._of_user.clear()

    def _of_app(self, app_id: AppId) -> list[str]:
        return [fingerprint for fingerprint, it in self._by_fingerprint.items() if it.app.id == app_id]

    def _forget(self, fingerprints: Iterable[str | None]) -> None:
        for fingerprint in fingerprints:
            it = self._by_fingerprint.pop(fingerprint, None) if fingerprint else None
            if it is None or fingerprint is None:
                continue
            self._read_at.pop(fingerprint, None)
            self._of_session.pop(it.session.id, None)
            if it.user is not None and (theirs := self._of_user.get(it.user.id)) is not None:
                theirs.discard(fingerprint)
                if not theirs:
                    del self._of_user[it.user.id]
