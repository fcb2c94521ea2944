"""What happened in a room, as realtime clients are told it: looked up and written once, for everybody who hears it.

Telling   ``words`` is what ``services.live.Told.in_words`` is asked for; what it makes is on its way, so it is awaited
Words     one piece of news, in the words for each who hears it
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog

from ...domain.apps import AppId
from ...domain.conversations import ConversationKind, Membership, Message, MessageId
from ...domain.errors import Busy
from ...domain.events import EventKind
from ...domain.members import OPEN
from ...domain.paging import PageAsked
from ...domain.users import UserId
from ...services.core import Core
from ...services.history import News
from .auth import id_of
from .chat_wire import comment_object
from .faces import Faces
from .names import name_of
from .sync import faces_in, notice_object
from .topics import Kind, OfRoom

_SOMEBODY: Final = UserId(0)  # who looks at a group, where it is the same for everybody
_MARKS: Final = {EventKind.MESSAGES_READ: Kind.READ, EventKind.MESSAGES_RECEIVED: Kind.DELIVERED}

MOST_REMEMBERED: Final = 10_000  # ids of users who typed
REMEMBERED_FOR: Final = timedelta(minutes=1)  # an id may be given to somebody else

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Words:
    """``topic`` is the kind of a topic of whoever holds a token, or a topic of a room.

    ``unique_id`` is the channel's in which it was said.
    """

    topic: Kind | OfRoom
    payloads: Mapping[UserId, bytes]
    unique_id: str | None = None

    def payload_for(self, user_id: UserId) -> bytes | None:
        return self.payloads.get(user_id, self.payloads.get(_SOMEBODY))


class Telling:
    def __init__(self, core: Core) -> None:
        self._core = core
        self.words = self._words
        self._tasks: set[asyncio.Task[Words | None]] = set()
        self._ids: OrderedDict[tuple[AppId, UserId], tuple[str, datetime]] = OrderedDict()

    async def id_of(self, app_id: AppId, user_id: UserId) -> str | None:
        """The vendor's id of a user; None for who is not there."""
        now = self._core.clock()
        id, until = self._ids.get((app_id, user_id), ("", now))
        if now < until:
            return id
        async with self._core.store.read() as tx:
            user = await tx.users.get(app_id, user_id)
        if user is None:
            return None
        self._ids[app_id, user_id] = id_of(user), now + REMEMBERED_FOR
        self._ids.move_to_end((app_id, user_id))
        if len(self._ids) > MOST_REMEMBERED:
            self._ids.popitem(last=False)
        return id_of(user)

    def _words(self, news: News) -> asyncio.Task[Words | None]:
        """Nothing, where the vendor has no word for it. Raises Busy."""
        task = asyncio.get_running_loop().create_task(self._write(news))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Words | None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, Busy):
            log.error("mqtt_news_broke", exc_info=error)

    async def _write(self, news: News) -> Words | None:
        match news.event.kind:
            case EventKind.MESSAGES_READ | EventKind.MESSAGES_RECEIVED:
                return await self._mark(news)
            case EventKind.MESSAGE_POSTED if news.message is not None and news.message.deleted_at is None:
                return await self._comment(news, news.message, Kind.COMMENT)
            case EventKind.MESSAGE_CHANGED if news.message is not None and news.message.deleted_at is None:
                if "reactions" not in news.event.details:
                    return await self._comment(news, news.message, Kind.UPDATE)
            case EventKind.MESSAGE_DELETED | EventKind.CONVERSATION_CHANGED if news.members:
                return await self._notice(news)
        return None

    async def _comment(self, news: News, it: Message, kind: Kind) -> Words:
        """With the comment before it: clients that do not have that one ask for it, and would ask each time."""
        members, faces = await self._looked_up(news, {it.sender_id})
        conversation = news.conversation
        async with self._core.store.read() as tx:
            earlier = (await tx.messages.history(conversation.id, PageAsked(1, after=it.id))).items
        before = earlier[0].id if earlier else 0

        def written(viewer: UserId) -> bytes:
            comment = comment_object(it, conversation, members, viewer, faces, before=before)
            picture = comment["user_avatar_url"]  # Android takes a text here
            return msgspec.json.encode({**comment, "chat_type": comment["room_type"], "user_avatar": picture})

        unique_id = conversation.unique_id if conversation.kind in OPEN else None
        return Words(kind, {id: written(id) for id in _viewers(news, members, it.sender_id)}, unique_id)

    async def _notice(self, news: News) -> Words | None:
        """For oneself alone as well: one's other devices are told."""
        if news.event.kind is EventKind.MESSAGE_DELETED and news.message is None:
            news = replace(news, message=await self._message(news))
        members, faces = await self._looked_up(news, faces_in(news))
        by = None if news.message is None else news.message.sender_id
        whole = replace(news, members=members)
        found: dict[UserId, Any] = {id: notice_object(whole, id, faces) for id in _viewers(news, members, by)}
        if any(notice is None for notice in found.values()):
            return None
        return Words(Kind.NOTICE, {id: msgspec.json.encode(notice) for id, notice in found.items()})

    async def _mark(self, news: News) -> Words | None:
        """The latest comment stands for those before it."""
        if not news.marked or news.event.user_id is None:
            return None
        last, user_id = news.marked[-1], news.event.user_id
        async with self._core.store.read() as tx:
            user = await tx.users.get(news.conversation.app_id, user_id)
        if user is None:
            return None
        payloads = {viewer: f"{last.id}:{name_of(last, viewer)}".encode() for viewer in _two(last.sender_id)}
        return Words(OfRoom(_MARKS[news.event.kind], news.conversation.id, id_of(user)), payloads)

    async def _looked_up(self, news: News, shown: set[UserId | None]) -> tuple[tuple[Membership, ...], Faces]:
        """Everybody in the conversation, also who does not hear this: who said it learns nothing of that."""
        app_id, members = news.conversation.app_id, news.members
        async with self._core.store.read() as tx:
            app = await tx.apps.get(app_id)
            if news.conversation.kind is ConversationKind.DIRECT:
                members = tuple(await tx.conversations.members(news.conversation.id))
                shown = shown | {it.user_id for it in members}
            known = await tx.users.many(app_id, {id for id in shown if id is not None})
        if app is None:
            raise Busy
        return members, Faces(app, self._core.public_url, known)

    async def _message(self, news: News) -> Message | None:
        id = MessageId(int(news.event.details.get("message", 0)))
        async with self._core.store.read() as tx:
            found = (await tx.messages.many([id])).get(id)
        return found if found is not None and found.conversation_id == news.conversation.id else None


def _viewers(news: News, members: tuple[Membership, ...], sender: UserId | None) -> list[UserId]:
    """Whom it is written for: between two each sees the other one, elsewhere only who said it sees anything else."""
    if news.conversation.kind is ConversationKind.DIRECT:
        return [it.user_id for it in members]
    return _two(sender)


def _two(sender: UserId | None) -> list[UserId]:
    return [_SOMEBODY] if sender is None else [sender, _SOMEBODY]
