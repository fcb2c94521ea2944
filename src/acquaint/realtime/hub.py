"""Who hears what. Connections of any protocol register here; what happened comes over the Bus.

What an Event is about is read once, however many hear it, and each listener is asked about by its session's Visibility:
being a member is not enough. Events about one conversation are handed on in the order in which they were heard, those
about different ones beside each other. Sessions that end are cut before anything else is done.

What is typed, and what is said in passing, is no Event: it is kept nowhere, told to who is connected here, and
mentioned to the other nodes, each of which judges by itself who may hear it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from ..domain.apps import AppId
from ..domain.conversations import ConversationId
from ..domain.errors import Busy, SessionEnded, SessionExpired, TooManyRequests
from ..domain.events import LIVE_KINDS, Event, EventKind
from ..domain.identities import Assurance
from ..domain.sessions import Session
from ..domain.users import UserId
from ..services.asides import Audience, Members, Remark, Typing, audience_of
from ..services.core import Core
from ..services.history import News, farewell, unfold
from ..services.live import Aside, Cut, Listener, LookOut, Told, Typed, Whereabouts, as_now
from .attendance import Attendance
from .backends import Backends
from .lookouts import Lookouts
from .mentioned import Roll, read, spoken, write
from .overhearing import Overhearing
from .register import Register

MOST_CONNECTIONS: Final = 50
"""Of one user, or of one session with nobody in it. Against one visitor who fills the memory; lower would hurt who
never closes a tab."""

MOST_UNTOLD: Final = 10_000
"""Events that wait to be told. Beyond it nobody would hear in time anyway: clients are told to read history."""

CHECKED_EVERY: Final = timedelta(minutes=5)
"""A session is read again although nobody said that it ended (OWASP: long-lived sockets are to be checked again)."""

MOST_AT_ONCE: Final = 8  # conversations that are read from the store at the same moment
MOST_REMEMBERED: Final = 10_000  # Events, so that one the Bus tells twice is not told twice
CHECKED_AT_ONCE: Final = 50  # sessions, so that others are served in between
TICK: Final = 1.0  # seconds between two looks at whose time is over
PAUSES: Final = (0.1, 0.5, 2.0)  # seconds, before a database that did not answer is asked again
LEAVING: Final = 3.0  # seconds in which connections are told that the server stops

_OF_SESSIONS: Final = {
    EventKind.SESSION_ENDED: Cut.REVOKED,
    EventKind.SESSION_TAKEN: Cut.CHANGED,
    EventKind.SESSION_LEFT: Cut.CHANGED,
}
_OF_USERS: Final = frozenset({EventKind.USER_BANNED, EventKind.USER_DELETED})

log = structlog.get_logger()


class Hub:
    """``core.bus.add(hub)`` once it is made, and ``hub.run()`` beside it where there are other nodes.

    ``await hub.close()`` before the server closes its sockets.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._register = Register()
        self.backends = Backends(core)
        self._check_at: dict[Listener, datetime] = {}
        self._unsure: set[Listener] = set()  # may have missed the end of their session: told nothing until checked
        self._leaving: set[Listener] = set()  # were cut, and have not gone yet
        self._untold: dict[ConversationId, list[Event]] = {}
        self._untold_count = 0
        self._heard: dict[int, None] = {}
        self._losses = 0
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._wake, self._gone = asyncio.Event(), asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_watching = self._is_closing = False
        self._overhearing = Overhearing(core, self._tell_remark)
        self._attendance = Attendance(core.chance(8).hex(), core.clock, self._whereabouts_changed)
        self._lookouts = Lookouts()
        core.bus.listen_in(self._overheard)

    def __len__(self) -> int:
        return len(self._check_at) + len(self.backends)

    # What connections ask: services.live.Hub

    async def welcome(self, listener: Listener) -> None:
        session = listener.session
        if self._is_closing:
            raise Busy
        if self._register.count_like(session) >= MOST_CONNECTIONS:
            raise TooManyRequests(timedelta(minutes=1))
        self._register.add(listener)
        self._check_at[listener] = self._core.clock() + CHECKED_EVERY
        try:
            [now_is] = await as_now(self._core, [session])  # it may have ended before we listened
        except BaseException:
            self.forget(listener)
            raise
        if isinstance(now_is, Cut) or listener not in self._check_at:
            self.forget(listener)
            if self._is_closing:
                raise Busy
            raise SessionExpired if now_is is Cut.EXPIRED else SessionEnded
        self._check_at[listener] = self._next_check(now_is)
        self._attendance.came(listener)
        if not self._is_watching:
            self._is_watching = True
            self._start(self._watch())

    def forget(self, listener: Listener) -> None:
        self._register.discard(listener)
        self._check_at.pop(listener, None)
        self._unsure.discard(listener)
        self._leaving.discard(listener)
        self._attendance.went(listener)
        self._gone.set()

    def drop(self, listener: Listener, why: Cut) -> None:
        if listener in self._check_at:
            self.forget(listener)
            self._leaving.add(listener)
            _try(listener.cut, why)

    async def type(self, by: Listener, conversation_id: ConversationId, on: bool) -> None:
        await self._say(by, Remark(by.session.app_id, by.session.id, conversation_id, Typing(on)))

    async def type_as_operator(
        self, app_id: AppId, conversation_id: ConversationId, on: bool, operator: str | None
    ) -> None:
        await self._say(None, Remark(app_id, None, conversation_id, Typing(on, operator)))

    async def pass_on(self, by: Listener, conversation_id: ConversationId, aside: Aside) -> None:
        await self._say(by, Remark(by.session.app_id, by.session.id, conversation_id, aside))

    async def pass_to(self, by: Listener, user_id: UserId, aside: Aside) -> None:
        await self._say(by, Remark(by.session.app_id, by.session.id, None, aside, to_user=user_id))

    def is_connected(self, app_id: AppId, user_id: UserId) -> bool:
        return self._attendance.is_connected(app_id, user_id)

    def whereabouts(self, app_id: AppId, user_id: UserId) -> Whereabouts | None:
        return self._attendance.of(app_id, user_id)

    def says(self, by: Listener, *, is_away: bool) -> None:
        self._attendance.says(by, is_away=is_away)

    def look_out(self, changed: LookOut) -> None:
        self._lookouts.add(changed)

    async def run(self) -> None:
        """Tells the other nodes who is here, until it is cancelled; then that nobody is."""
        await self._attendance.tell(self._core.bus)

    async def close(self) -> None:
        """Cuts everybody, and lets nobody in any more; returns when they are gone, or have had the time to."""
        self._is_closing = True
        self.backends.close()
        for listener in list(self._register):
            self.drop(listener, Cut.GOING_AWAY)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVING):
                while self._leaving:
                    self._gone.clear()
                    await self._gone.wait()
        for task in self._tasks:
            task.cancel()

    # What the Bus tells: ports.bus.Listener

    def heard(self, event: Event) -> None:
        self.backends.heard(event)
        if event.app_id is None or not self._has(event.app_id):
            return
        if event.kind in LIVE_KINDS:
            self._queue(event)
        elif event.kind in _OF_SESSIONS and event.session_id is not None:
            self._drop_all(self._register.of_session(event.session_id), _OF_SESSIONS[event.kind])
        elif event.kind is EventKind.SESSION_RENEWED and event.session_id is not None:
            self._check_at.update(dict.fromkeys(self._register.of_session(event.session_id), event.at))
            self._wake.set()
        elif event.kind in _OF_USERS and event.user_id is not None:
            self._drop_all(self._register.of_user(event.app_id, event.user_id), Cut.REVOKED)
        elif event.kind is EventKind.APP_CHANGED and event.details.get("closed"):
            self._drop_all(self._register.of_app(event.app_id), Cut.REVOKED)

    def lost(self) -> None:
        self.backends.lost()
        self._attendance.missed()
        self._losses += 1
        self._unsure.update(self._check_at)
        self._wake.set()

    # From an Event to those who hear it

    def _queue(self, event: Event) -> None:
        id = event.conversation_id
        if id is None or event.id in self._heard:
            return
        self._heard[event.id] = None
        if len(self._heard) > MOST_REMEMBERED:
            del self._heard[next(iter(self._heard))]
        events = self._untold.get(id)
        if events is not None:
            events.append(event)
        else:
            self._untold[id] = [event]
            self._start(self._tell(id))
        self._untold_count += 1
        if self._untold_count > MOST_UNTOLD:
            self._untold_count = 0
            for events in self._untold.values():
                events.clear()
            self.lost()

    async def _tell(self, id: ConversationId) -> None:
        while events := self._untold[id]:
            self._untold[id] = []
            self._untold_count -= len(events)
            try:
                for news in await self._unfold(events):
                    await self._hand_on(news)
                    await asyncio.sleep(0)  # connections write in between: they are not slow because we are fast
                for event in events:
                    await self._say_farewell(event)
            except Busy:
                self.lost()
            except Exception:
                log.exception("telling_broke", conversation=id)
                self.lost()
        del self._untold[id]

    async def _unfold(self, events: Sequence[Event]) -> list[News]:
        for pause in PAUSES:
            with contextlib.suppress(Busy):
                async with self._turns:
                    return await unfold(self._core, events)
            await asyncio.sleep(pause)
        return await unfold(self._core, events)

    async def _hand_on(self, news: News) -> None:
        told = Told(news)
        for listener in await self._sure(self._register.seeing(news.conversation, news.members)):
            _try(listener.deliver, told)
        await self.backends.tell(told)

    async def _say_farewell(self, event: Event) -> None:
        """Who is not a member any more hears that, and nothing else."""
        found = farewell(event)
        if found is None:
            return
        news, users = found
        told = Told(news)
        theirs = [
            listener
            for user_id in users
            for listener in self._register.of_user(news.conversation.app_id, user_id)
            if listener.session.assurance is Assurance.VERIFIED
            and listener.session.workspace == news.conversation.workspace
        ]
        for listener in await self._sure(theirs):
            _try(listener.deliver, told)

    async def _sure(self, listeners: Sequence[Listener]) -> Sequence[Listener]:
        """Those that may be told something: all, unless the Bus is cut, or was and they have not been checked since."""
        if self._unsure:
            listeners = [it for it in listeners if it not in self._unsure]  # they are told of a gap instead
        if not self._core.bus.is_whole:
            for part in _parts(listeners):
                await self._check(part)
            listeners = [it for it in listeners if it in self._check_at]
        return listeners

    # What is said in passing

    async def _say(self, by: Listener | None, remark: Remark) -> None:
        session = None if by is None else by.session
        async with self._core.store.read() as tx:
            audience = await audience_of(tx, session, remark)
        if audience is None or (by is not None and by not in await self._sure([by])):
            return  # nobody hears it; or who says it may have been cut already
        await self._tell_remark(remark, session, audience, without=by)
        self._core.bus.mention(write(spoken(remark)), of=remark.app_id if session is None else session.id)

    async def _tell_remark(
        self, remark: Remark, by: Session | None, audience: Audience, *, without: Listener | None = None
    ) -> None:
        said, typed = remark.said, None
        if isinstance(audience, Members):
            conversation = audience.conversation
            hearing = self._register.seeing(conversation, audience.members)
            if isinstance(said, Typing):
                user_id = None if by is None else by.user_id
                typed = Typed(conversation.id, user_id, said.on, conversation.kind, said.operator)
        else:
            theirs = self._register.of_user(remark.app_id, audience.user_id)
            hearing = [it for it in theirs if it.session.workspace == audience.workspace]
        for listener in await self._sure([it for it in hearing if it is not without]):
            if typed is not None:
                _try(listener.typed, typed)
            elif isinstance(said, Aside):
                _try(listener.overheard, said)
        await self.backends.show(remark.app_id, typed)

    def _overheard(self, words: bytes) -> None:
        found = read(words)
        if isinstance(found, Roll):
            self._attendance.heard(found, asyncio.get_running_loop().time())
        elif found is not None and self._has(AppId(found.app)) and self._overhearing.heard(found):
            self._start(self._overhearing.judge())

    def _has(self, app_id: AppId) -> bool:
        return self._register.has(app_id) or self.backends.has(app_id)

    def _whereabouts_changed(self, app_id: AppId, user_id: UserId) -> None:
        if not self._is_closing and self._lookouts.note(app_id, user_id):
            self._start(self._lookouts.tell())

    # Whether sessions still are what they were

    async def _watch(self) -> None:
        try:
            while self._check_at:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK):
                        await self._wake.wait()
                self._wake.clear()
                try:
                    await self._check_due()
                except Busy:
                    await asyncio.sleep(TICK)
                except Exception:
                    log.exception("checking_broke")
                    await asyncio.sleep(TICK)
        finally:
            self._is_watching = False

    async def _check_due(self) -> None:
        now = self._core.clock()
        due = [it for it, at in self._check_at.items() if at <= now or it in self._unsure]
        for part in _parts(due):
            await self._check(part)
            await asyncio.sleep(0)

    async def _check(self, listeners: Sequence[Listener]) -> None:
        losses = self._losses
        sessions = await as_now(self._core, [it.session for it in listeners])
        for listener, now_is in zip(listeners, sessions, strict=True):
            if isinstance(now_is, Cut):
                self.drop(listener, now_is)
            elif listener in self._check_at:
                self._check_at[listener] = self._next_check(now_is)
                if losses == self._losses and listener in self._unsure:
                    self._unsure.discard(listener)
                    _try(listener.missed)

    def _next_check(self, session: Session) -> datetime:
        later = self._core.clock() + CHECKED_EVERY
        return later if session.good_until is None else min(later, session.good_until)

    def _drop_all(self, listeners: Iterable[Listener], why: Cut) -> None:
        for listener in listeners:
            self.drop(listener, why)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _parts(listeners: Sequence[Listener]) -> Iterable[Sequence[Listener]]:
    return (listeners[start : start + CHECKED_AT_ONCE] for start in range(0, len(listeners), CHECKED_AT_ONCE))


def _try(tell: Any, *what: object) -> None:
    """One listener that breaks its promise and raises keeps nobody else from hearing."""
    try:
        tell(*what)
    except Exception:
        log.exception("listener_failed", listener=getattr(tell, "__qualname__", "?"))
