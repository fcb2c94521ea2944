"""What happens, as it happens (ours; the vendor's realtime is two companies' closed networks).

    identity.update      somebody came into the session: read the token and the conversations again
    session.update       a conversation began or changed: read it again
    session.end          a conversation has ended
    message.send         a message, whole; message.update when it was changed or taken back
    activity.typing      somebody of the App's writes, or no longer
    customer.deleted     whoever was in the session is gone
    token.revoked        the token opens nothing any more
    missed               something may have happened that is not told: read everything again

Each is ``{"clipped", "data"}`` as in the vendor's push messages: what is clipped is to be read again by its id.

Ear         one listener, whichever way it listens: ``event_stream`` or ``event_socket``
Said        an event in this dialect's words
last_event  from where a client goes on
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import anyio
from starlette.requests import Request

from ....domain.apps import App
from ....domain.conversations import ConversationKind
from ....domain.errors import Busy
from ....domain.events import EventKind
from ....domain.ids import LARGEST, first_at
from ....domain.sessions import Session
from ....services import merging, users
from ....services.core import Core
from ....services.history import News, missed_by
from ....services.live import Aside, Cut, Hub, Told, Typed, as_now
from ....services.support import Chat
from ....web.ids import as_hex
from .. import wire
from . import resources
from .tracking import Caller

HEARTBEAT: Final = timedelta(seconds=25)
"""How often something is said when nothing happens: proxies cut connections that are silent for a minute."""

MOST_WAITING: Final = 256
"""Events that wait for a client's network. Against memory filled by clients that do not read."""

MOST_REPLAYED: Final = 500
SLOWEST_TAKER: Final = 20.0  # seconds in which a client must take what is sent


@dataclass(frozen=True, slots=True)
class Said:
    """One event. Those with an id can be gone on from."""

    name: str
    data: Mapping[str, Any]
    id: int | None = None


def last_event(request: Request) -> int | None:
    """The last event a client has heard of, as its header says or, in browsers, its query; None for nonsense."""
    text = request.headers.get("last-event-id") or request.query_params.get("lastEventId", "")
    return int(text) if re.fullmatch(r"[0-9]{1,16}", text) and int(text) <= LARGEST else None


class Ear:
    """What one client is told: services.live.Listener. ``hub.welcome`` it, then say what it has ``heard``."""

    def __init__(self, core: Core, hub: Hub, caller: Caller, after: int | None) -> None:
        self._core, self._hub, self._app, self._after = core, hub, caller.app, after
        self.session: Session = caller.session
        self.why: Cut | None = None
        self._waiting: list[Said] = []
        self._has_some = asyncio.Event()
        self._replayed: frozenset[int] = frozenset()

    async def heard(self) -> AsyncGenerator[Sequence[Said], None]:
        """What is to be said, until the listener is cut, and its last words; nothing when nothing happens for long.

        Whoever comes back for more has said it: the session is in use.
        """
        ready = Said("ready", {}, first_at(self._core.clock()))
        yield [ready, *await self._missed_until_now()]
        while True:
            if not self._waiting and self.why is None:
                with anyio.move_on_after(HEARTBEAT.total_seconds()):
                    await self._has_some.wait()
            self._has_some.clear()
            waiting, self._waiting = self._waiting, []
            if self.why is not None:
                yield await self._last_words(self.why)
                return
            yield waiting
            self._core.recognised.went_on(self.session, self._core.clock())

    async def _missed_until_now(self) -> list[Said]:
        """What happened since the client was here last."""
        if self._after is None:
            return []
        try:
            found = await missed_by(self._core, self.session, self._after, MOST_REPLAYED)
            [now_is] = await as_now(self._core, [self.session])
        except Busy:
            return [Said("missed", {})]
        if isinstance(now_is, Cut):
            self._hub.drop(self, now_is)
            return []
        if found is None:
            return [Said("missed", {})]
        self._replayed = frozenset(it.event.id for it in found)
        return [said for it in found if it.event.id > self._after for said in _said(self._app, self.session, it)]

    async def _last_words(self, why: Cut) -> list[Said]:
        match why:
            case Cut.CHANGED:
                return [Said("identity.update", {"clipped": True, "data": {"type": "tracking_token"}})]
            case Cut.REVOKED | Cut.EXPIRED:
                said = [Said("token.revoked", {"clipped": True, "data": {"type": "tracking_token"}})]
                if await self._is_gone():
                    gone = {"type": "customer", "id": as_hex(self.session.user_id or 0)}
                    said.insert(0, Said("customer.deleted", {"clipped": True, "data": gone}))
                return said
        return []

    async def _is_gone(self) -> bool:
        """Whether whoever was in the session was deleted, and not merged into somebody else."""
        id = self.session.user_id
        try:
            if id is None or id in await users.many(self._core, self._app, [id]):
                return False
            return await merging.became_of(self._core, self._app, id) is None
        except Busy:
            return False

    # services.live.Listener

    def deliver(self, told: Told) -> None:
        if told.news.event.id not in self._replayed:
            self._say(_said(self._app, self.session, told.news))

    def typed(self, typed: Typed) -> None:
        """Visitors' SDKs show nobody but the App's people; of them only that one does, and whether it is a program."""
        if typed.user_id is None and typed.kind is ConversationKind.SUPPORT and len(self._waiting) < MOST_WAITING // 2:
            self._say([_typing(self._app, typed)])

    def overheard(self, aside: Aside) -> None:
        """Nothing of another protocol is told."""

    def missed(self) -> None:
        self._say([Said("missed", {})])

    def cut(self, why: Cut) -> None:
        self._waiting.clear()  # it is not theirs any more
        self.why = why
        self._has_some.set()

    def _say(self, said: Sequence[Said]) -> None:
        if said and self.why is None:
            self._waiting += said
            self._has_some.set()
            if len(self._waiting) > MOST_WAITING:
                self._hub.drop(self, Cut.TOO_SLOW)


def _said(app: App, session: Session, news: News) -> list[Said]:
    """An Event in this dialect's words; nothing where it has none."""
    mine = next((it for it in news.members if it.user_id == session.user_id), None)
    if mine is None or news.conversation.kind is not ConversationKind.SUPPORT:
        return []
    id, kind = news.event.id, news.event.kind
    if kind in (EventKind.MESSAGE_POSTED, EventKind.MESSAGE_CHANGED, EventKind.MESSAGE_DELETED):
        if news.message is None:
            return []
        chat = Chat(news.conversation, mine, news.message)
        whole = {"clipped": False, "data": resources.chat_message(app, session, news.message, chat)}
        return [Said("message.send" if kind is EventKind.MESSAGE_POSTED else "message.update", whole, id)]
    has_ended = kind is EventKind.CONVERSATION_CHANGED and news.event.details.get("closed") is True
    reference = wire.reference("chat_session", news.conversation.id)
    return [Said("session.end" if has_ended else "session.update", {"clipped": True, **reference}, id)]


def _typing(app: App, typed: Typed) -> Said:
    attributes = {"status": "typing" if typed.on else "typing-ended", "userType": "user", "userName": typed.operator}
    relationships = {
        "session": wire.reference("chat_session", typed.conversation_id),
        "user": wire.reference("user", app.id),
    }
    activity = wire.resource("chat_activity", typed.conversation_id, attributes, relationships)
    return Said("activity.typing", {"clipped": False, "data": activity})
