"""Apps' own servers that listen: each hears what happens in all conversations of its App.

Backends    who is connected, and for how long their key is good
OfApp       one connection: the native protocol, with an API key in place of a session

A key that is revoked cuts its connections at once where the Bus tells of it, and else before anything more is said.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from starlette.types import Send

from ..domain.apps import App, AppId
from ..domain.conversations import ConversationId
from ..domain.errors import AppClosed, Busy, Doubt, InvalidCredentials, TooManyRequests
from ..domain.events import Event, EventKind
from ..domain.ids import first_at
from ..domain.keys import ApiKey
from ..services.apps import Holder
from ..services.core import Core
from ..services.history import News, missed_by_app
from ..services.live import Cut, Told, Typed
from . import wire
from .connection import MOST_REPLAYED, Connection

MOST_OF_APP: Final = 20
"""Connections to this node. Each hears everything; an App with more servers than that has one of them pass it on."""

CHECKED_EVERY: Final = timedelta(minutes=1)
"""A key is read again although nobody said that it was revoked."""

TICK: Final = 1.0  # seconds between two looks at whose time is over

log = structlog.get_logger()


class OfApp(Connection):
    """Of an App's own server."""

    __slots__ = ("_backends", "app", "key")

    def __init__(self, core: Core, backends: Backends, holder: Holder, send: Send) -> None:
        super().__init__(core, send)
        self._backends = backends
        self.app: App = holder.app
        self.key: ApiKey = holder.key

    def _greeting(self, now: datetime) -> str:
        return wire.ready_for_app(self.app, now, first_at(now))

    async def _missed(self, after: int) -> Sequence[News] | Cut | None:
        found = await missed_by_app(self._core, self.app.id, after, MOST_REPLAYED)
        return await self._backends.why_not(self) or found

    async def _type(self, conversation_id: ConversationId, on: bool) -> None:
        self._say(wire.error("unknown_type", "Operators type over HTTP."))

    def _words(self, news: News) -> wire.Words:
        return wire.event_for_sender

    def _drop(self, why: Cut) -> None:
        self._backends.drop(self, why)

    def _forget(self) -> None:
        self._backends.forget(self)


class Backends:
    """The hub tells it what happened, and what is typed."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._of_app: dict[AppId, dict[OfApp, datetime]] = {}  # and when the key is to be read again
        self._unsure: set[OfApp] = set()  # may have missed something, their key's end perhaps
        self._losses = 0
        self._watching: asyncio.Task[None] | None = None
        self._is_closing = False

    def __len__(self) -> int:
        return sum(map(len, self._of_app.values()))

    def has(self, app_id: AppId) -> bool:
        return app_id in self._of_app

    async def welcome(self, it: OfApp) -> None:
        """From now on it hears of its App. Refuses with TooManyRequests, Busy, InvalidCredentials or AppClosed."""
        if self._is_closing:
            raise Busy
        theirs = self._of_app.setdefault(it.app.id, {})
        if len(theirs) >= MOST_OF_APP:
            raise TooManyRequests(timedelta(minutes=1))
        theirs[it] = self._core.clock() + CHECKED_EVERY
        try:
            why_not = await self.why_not(it)  # it may have been revoked before we listened
        except BaseException:
            self.forget(it)
            raise
        if why_not is not None or not self._has(it):
            self.forget(it)
            raise AppClosed if not it.app.is_open else InvalidCredentials(Doubt.UNKNOWN_KEY)
        self._check_later(it)
        if self._watching is None:
            self._watching = asyncio.get_running_loop().create_task(self._watch())

    def forget(self, it: OfApp) -> None:
        """Forgetting twice is fine."""
        self._unsure.discard(it)
        theirs = self._of_app.get(it.app.id, {})
        theirs.pop(it, None)
        if not theirs:
            self._of_app.pop(it.app.id, None)

    def drop(self, it: OfApp, why: Cut) -> None:
        if self._has(it):
            self.forget(it)
            it.cut(why)

    def heard(self, event: Event) -> None:
        """A key was revoked, or an App closed."""
        if event.app_id not in self._of_app:
            return
        closed = event.kind is EventKind.APP_CHANGED and event.details.get("closed")
        revoked = event.details.get("key") if event.kind is EventKind.KEY_REVOKED else None
        for it in list(self._of_app[event.app_id]):
            if closed or str(it.key.id) == revoked:
                self.drop(it, Cut.REVOKED)

    def lost(self) -> None:
        """Something may have happened that nobody will tell."""
        self._losses += 1
        self._unsure.update(it for theirs in self._of_app.values() for it in theirs)

    async def tell(self, told: Told) -> None:
        """What somebody did for themselves alone is theirs alone."""
        news = told.news
        if news.conversation.app_id in self._of_app and "only_for" not in news.event.details:
            for it in await self._sure(news.conversation.app_id):
                it.deliver(told)

    async def show(self, app_id: AppId, typed: Typed | None) -> None:
        if typed is not None:
            for it in await self._sure(app_id):
                it.typed(typed)

    async def why_not(self, it: OfApp) -> Cut | None:
        """Why the connection cannot go on, as its key and its App are now."""
        async with self._core.store.read() as tx:
            app, key = await tx.apps.get(it.app.id), await tx.keys.get(it.key.id)
        if app is None or not app.is_open or key is None or key.revoked_at is not None:
            return Cut.REVOKED
        return None if key.is_live(self._core.clock()) else Cut.EXPIRED

    def close(self) -> None:
        self._is_closing = True
        for it in [one for theirs in self._of_app.values() for one in theirs]:
            self.drop(it, Cut.GOING_AWAY)
        if self._watching is not None:
            self._watching.cancel()

    def _has(self, it: OfApp) -> bool:
        return it in self._of_app.get(it.app.id, ())

    async def _sure(self, app_id: AppId) -> list[OfApp]:
        """Those that may be told something."""
        theirs = list(self._of_app.get(app_id, ()))
        if theirs and not self._core.bus.is_whole:
            for it in theirs:
                await self._check(it)
        return [it for it in theirs if self._has(it) and it not in self._unsure]

    async def _watch(self) -> None:
        try:
            while self._of_app:
                await asyncio.sleep(TICK)
                try:
                    await self._check_due()
                except Exception:  # the next look is as needed as this one was: nothing else ends who is expired
                    log.exception("checking_backends_broke")
        finally:
            self._watching = None

    async def _check_due(self) -> None:
        now = self._core.clock()
        due = [it for theirs in self._of_app.values() for it, at in theirs.items() if at <= now or it in self._unsure]
        for it in due:
            with contextlib.suppress(Busy):
                await self._check(it)

    async def _check(self, it: OfApp) -> None:
        losses = self._losses
        why_not = await self.why_not(it)
        if why_not is not None:
            self.drop(it, why_not)
        elif self._has(it):
            self._check_later(it)
            if losses == self._losses and it in self._unsure:
                self._unsure.discard(it)
                it.missed()

    def _check_later(self, it: OfApp) -> None:
        later = self._core.clock() + CHECKED_EVERY
        expires_at = it.key.expires_at
        self._of_app[it.app.id][it] = later if expires_at is None else min(later, expires_at)
