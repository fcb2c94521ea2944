"""Live connections, whatever protocol they speak. Who hears what is decided in realtime/hub.py.

Listener    one connection, as the hub sees it
Hub         what a connection may ask of the hub
Told        what happened, on its way to everybody who hears it
Typed       somebody is writing, or no longer
Aside       said in passing, and kept nowhere
Whereabouts what is known of where a user is
Cut         why a connection is cut
as_now      whether sessions are still what a connection took them for
going_on    a session of which only the id is known
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Protocol, TypeVar, cast

import msgspec

from ..domain.apps import App, AppId
from ..domain.conversations import ConversationId, ConversationKind, visibility_of
from ..domain.errors import SessionEnded, SessionExpired
from ..domain.sessions import Session, SessionId
from ..domain.users import UserId
from ..ports.store import Reading
from .core import Core
from .history import News

T = TypeVar("T")


class Cut(Enum):
    """Why a connection is cut."""

    REVOKED = "revoked"  # the session ended, or its user or App may not go on
    EXPIRED = "expired"  # the session's time is over
    CHANGED = "changed"  # somebody came into the session or left it: it goes on, and sees something else
    TOO_SLOW = "too_slow"  # more waits for the client than we keep
    GOING_AWAY = "going_away"  # the server stops


class Told:
    """News for many connections. Each protocol puts it in its own words once, not once for each connection."""

    __slots__ = ("_words", "news")

    def __init__(self, news: News) -> None:
        self.news = news
        self._words: dict[Callable[[News], Any], Any] = {}

    def in_words(self, of: Callable[[News], T]) -> T:
        """What the function makes of the news, remembered."""
        words = self._words.get(of)
        if words is None:
            words = self._words[of] = of(self.news)
        return cast(T, words)


@dataclass(frozen=True, slots=True)
class Typed:
    """``user_id`` is None where one of the App's operators types, who may go by a name."""

    conversation_id: ConversationId
    user_id: UserId | None
    on: bool
    kind: ConversationKind
    operator: str | None = None


@dataclass(frozen=True, slots=True)
class Aside:
    """Said in passing: kept nowhere, in the words of one protocol, for connections that speak it.

    ``words`` are plain data, as msgspec writes and reads it. From another node they come as JSON, whatever is in it.
    """

    protocol: str
    words: object

    def read(self, protocol: str, of: type[T]) -> T | None:
        """The words, if they are of this protocol and kind."""
        if self.protocol != protocol:
            return None
        if not isinstance(self.words, msgspec.Raw):
            return self.words if isinstance(self.words, of) else None
        try:
            return msgspec.json.decode(self.words, type=of)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Whether a user is here, and if not, since when. ``is_connected``: one who says that they are away may be."""

    is_here: bool
    since: datetime
    is_connected: bool


class Listener(Protocol):
    """One connection. All of its methods are quick, wait for nobody and never raise."""

    @property
    def session(self) -> Session:
        """The session as it was when the connection was registered; it never changes."""
        ...

    def deliver(self, told: Told) -> None:
        """Something happened that the session sees. Comes in the order in which it was heard, and once."""
        ...

    def typed(self, typed: Typed) -> None:
        """Somebody else is writing in a conversation that the session sees, or no longer."""
        ...

    def overheard(self, aside: Aside) -> None:
        """Something was said in passing that this connection may hear; it ignores protocols it does not speak."""
        ...

    def missed(self) -> None:
        """Something may have happened that nobody will tell: the client must read history."""
        ...

    def cut(self, why: Cut) -> None:
        """Nothing more is said but why; comes once, and after it nothing else."""
        ...


LookOut = Callable[[AppId, frozenset[UserId]], Awaitable[None]]


class Hub(Protocol):
    """Where connections register, of any protocol."""

    async def welcome(self, listener: Listener) -> None:
        """From now on the listener hears what its session sees, until it is cut or forgotten.

        Refuses with SessionEnded when the session is not any more what the listener took it for, with
        TooManyRequests when its user has too many connections, with Busy when the server stops.
        """
        ...

    def forget(self, listener: Listener) -> None:
        """The connection is gone. Forgetting twice is fine."""
        ...

    def drop(self, listener: Listener, why: Cut) -> None:
        """Forgets and cuts it."""
        ...

    async def type(self, by: Listener, conversation_id: ConversationId, on: bool) -> None:
        """Shows the others that the listener's user is writing, or no longer. Refuses with NotFound."""
        ...

    async def type_as_operator(
        self, app_id: AppId, conversation_id: ConversationId, on: bool, operator: str | None
    ) -> None:
        """Shows everybody in the conversation that one of the App's operators is writing, or no longer.

        Refuses with NotFound and ConversationClosed.
        """
        ...

    async def pass_on(self, by: Listener, conversation_id: ConversationId, aside: Aside) -> None:
        """Tells everybody else in the conversation who is connected, the user's own others among them.

        Refuses with NotFound, with ConversationClosed, and with NotAllowed where the user may not speak.
        """
        ...

    async def pass_to(self, by: Listener, user_id: UserId, aside: Aside) -> None:
        """Tells a user of the App, where they are connected. Between verified users only.

        Refuses with NotFound or NotAllowed.
        """
        ...

    def is_connected(self, app_id: AppId, user_id: UserId) -> bool:
        """Whether the user has a connection to any node, as far as is known."""
        ...

    def whereabouts(self, app_id: AppId, user_id: UserId) -> Whereabouts | None:
        """By their connections to any node; None where those tell nothing, and it counts when they were last seen."""
        ...

    def says(self, by: Listener, *, is_away: bool) -> None:
        """The client says of its user that somebody is there, or nobody."""
        ...

    def look_out(self, changed: LookOut) -> None:
        """From now on it is called with users of an App whose whereabouts may have changed. It may raise Busy."""
        ...


async def as_now(core: Core, sessions: Sequence[Session]) -> list[Session | Cut]:
    """For each session, as it was at some moment: what it is now, or why a connection of it cannot go on."""
    apps: dict[AppId, App | None] = {}
    async with core.store.read() as tx:
        return [await _as_now(core, tx, it, apps) for it in sessions]


async def going_on(core: Core, tx: Reading, app_id: AppId, session_id: SessionId) -> Session | None:
    """The session, if it goes on: it is live, and its user and App may act."""
    session, app = await tx.sessions.get(app_id, session_id), await tx.apps.get(app_id)
    found = None if session is None else await _checked(core, tx, session, app)
    return found if isinstance(found, Session) else None


async def _as_now(core: Core, tx: Reading, was: Session, apps: dict[AppId, App | None]) -> Session | Cut:
    if was.app_id not in apps:
        apps[was.app_id] = await tx.apps.get(was.app_id)
    session = await tx.sessions.get(was.app_id, was.id)
    if session is None:
        return Cut.REVOKED
    found = await _checked(core, tx, session.seen(was.last_seen_at), apps[was.app_id])
    if isinstance(found, Session) and visibility_of(found) != visibility_of(was):
        return Cut.CHANGED
    return found


async def _checked(core: Core, tx: Reading, session: Session, app: App | None) -> Session | Cut:
    if app is None or not app.is_open:
        return Cut.REVOKED
    session = core.recognised.used(session)  # its latest use may not be written down yet
    try:
        session.check_live(core.clock())
    except SessionExpired:
        return Cut.EXPIRED
    except SessionEnded:
        return Cut.REVOKED
    user = None if session.user_id is None else await tx.users.get(session.app_id, session.user_id)
    may_act = session.user_id is None or (user is not None and user.may_act)
    return session if may_act else Cut.REVOKED
