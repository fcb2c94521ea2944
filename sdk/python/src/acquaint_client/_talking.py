"""Talking: conversations, what is said in them, and who is in them.

Talking          waits
AsyncTalking     awaits

What one does not see is not there: everything about a conversation raises NotFound. What is said where nothing more can
be said raises ConversationClosed; what only its owner and admins may, NotAllowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Unpack

from . import _calls
from ._visiting import AsyncVisiting, Visiting
from .models import (
    Conversation,
    ConversationKind,
    FoundMessages,
    KeptFile,
    Looks,
    Message,
    MessageKind,
    Order,
    Page,
    Rating,
    Reaction,
    Read,
    Received,
)


class Talking(Visiting):
    """What somebody does in conversations."""

    def start_conversation(
        self,
        text: str | None = None,
        *,
        kind: ConversationKind = "support",
        title: str | None = None,
        users: Sequence[str] = (),
        payload: Mapping[str, Any] | None = None,
    ) -> Conversation:
        """With the App's people (``support``), or with ``users``, by their ids. ``text`` is the first message.

        ``direct`` with somebody one already has one with answers that one. Raises NotAllowed for users where one is
        not logged in.
        """
        return self._do(_calls.start_conversation(text, kind=kind, title=title, users=users, payload=payload))

    def conversations(self, *, limit: int | None = None, after: str | None = None) -> Page[Conversation]:
        """What one sees; the conversation with the latest message comes first."""
        return self._do(_calls.conversations(limit=limit, after=after))

    def conversation(self, conversation_id: str) -> Conversation:
        """As it is now."""
        return self._do(_calls.conversation(conversation_id))

    # Messages

    def history(
        self, conversation_id: str, *, order: Order = "newest", limit: int | None = None, after: str | None = None
    ) -> Page[Message]:
        """What was said, page by page."""
        return self._do(_calls.history(conversation_id, order=order, limit=limit, after=after))

    def search(
        self,
        words: str,
        *,
        conversations: Sequence[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> FoundMessages:
        """Looks for words in what one sees, the newest message first; neither capitals nor accents count.

        One search looks at many messages, and not at all: what it finds may be short or empty, and ``next`` goes on.
        ``conversations`` and moments, which are aware, narrow it. Raises Unacceptable, TooManyRequests.
        """
        return self._do(
            _calls.search(words, conversations=conversations, since=since, until=until, limit=limit, after=after)
        )

    def post(
        self,
        conversation_id: str,
        text: str,
        *,
        kind: MessageKind = "text",
        payload: Mapping[str, Any] | None = None,
        client_id: str | None = None,
    ) -> Message:
        """Says something, once: ``client_id`` is your own id for it, and is made up without one.

        ``custom`` says that ``payload`` is the point.
        """
        return self._do(_calls.post(conversation_id, text, kind=kind, payload=payload, client_id=client_id))

    def edit(
        self, conversation_id: str, message_id: str, text: str, *, payload: Mapping[str, Any] | None = None
    ) -> Message:
        """Says one of one's own messages differently; everybody sees that it was edited. Raises NotAllowed."""
        return self._do(_calls.edit(conversation_id, message_id, text, payload=payload))

    def delete_message(self, conversation_id: str, message_id: str, *, for_oneself: bool = False) -> None:
        """For everybody: one's own, or others' where one may. For oneself: any, and nobody else notices."""
        self._do(_calls.delete_message(conversation_id, message_id, "oneself" if for_oneself else "everybody"))

    def reactions(self, conversation_id: str, message_id: str) -> tuple[Reaction, ...]:
        """What people think of a message, the oldest sign first."""
        return self._do(_calls.reactions(conversation_id, message_id))

    def react(self, conversation_id: str, message_id: str, sign: str) -> tuple[Reaction, ...]:
        """Adds what one thinks, an emoji; what people think now. Raises Unacceptable for a sixth sign of one user."""
        return self._do(_calls.react(conversation_id, message_id, add=sign))

    def withdraw_reaction(self, conversation_id: str, message_id: str, sign: str) -> tuple[Reaction, ...]:
        """What people think now."""
        return self._do(_calls.react(conversation_id, message_id, withdraw=sign))

    def mark_read(self, conversation_id: str, up_to: str) -> Read:
        """``up_to`` is the id of the last message that was read. Never further back than before."""
        return self._do(_calls.mark_read(conversation_id, up_to))

    def mark_received(self, conversation_id: str, up_to: str) -> Received:
        """``up_to`` is the id of the last message that arrived here. Never further back than before."""
        return self._do(_calls.mark_received(conversation_id, up_to))

    def rate(self, conversation_id: str, score: int, comment: str | None = None) -> Rating:
        """What one thought of it, from 1 to 5, once it was closed. A comment may follow, another score may not."""
        return self._do(_calls.rate(conversation_id, score, comment))

    # Files

    def upload(self, content: bytes, *, name: str) -> KeptFile:
        """Keeps a file, at most 25 MiB. Whoever knows its ``url`` may read it. Not repeated when no answer comes.

        Raises TooLarge, SpaceUsedUp when the App keeps as much as it may, NotAllowed where only verified people may.
        """
        return self._do(_calls.upload(content, name))

    def share(
        self, conversation_id: str, content: bytes, *, name: str, text: str | None = None, client_id: str | None = None
    ) -> Message:
        """Uploads, and posts a message: its ``payload["files"]`` has its url, name, content_type and size."""
        kept = self.upload(content, name=name)
        return self.post(conversation_id, text or kept.name, payload=_calls.shared(kept), client_id=client_id)

    # Members

    def add_members(self, conversation_id: str, users: Sequence[str]) -> Conversation:
        """Brings users in, by their ids; each must be verified."""
        return self._do(_calls.add_members(conversation_id, users))

    def remove_member(self, conversation_id: str, user_id: str) -> None:
        """They see nothing of it any more."""
        self._do(_calls.remove_member(conversation_id, user_id))

    def change_role(self, conversation_id: str, user_id: str, role: Literal["member", "admin"]) -> Conversation:
        """Makes a member an admin, or no longer. The owner's to say."""
        return self._do(_calls.change_role(conversation_id, user_id, role))

    def join(self, conversation_id: str) -> Conversation:
        """A channel, whose id one was told. Any verified user of the App may."""
        return self._do(_calls.join(conversation_id))

    def leave(self, conversation_id: str) -> None:
        """A group, channel or broadcast."""
        self._do(_calls.leave(conversation_id))

    # How a conversation looks, and whether it is there

    def change_conversation(self, conversation_id: str, **looks: Unpack[Looks]) -> Conversation:
        """What is not given stays; None empties. ``is_managed`` is the owner's to say."""
        return self._do(_calls.change_conversation(conversation_id, looks))

    def delete_conversation(self, conversation_id: str) -> None:
        """For everybody, with everything that was said in it. Its owner may."""
        self._do(_calls.delete_conversation(conversation_id))

    def hide(self, conversation_id: str, *, and_clear: bool = False) -> None:
        """It is not in one's lists until something is said in it; nobody else notices."""
        self._do(_calls.hide(conversation_id, and_clear=and_clear))

    def clear(self, conversation_id: str) -> None:
        """What was said until now one does not see any more, on any device."""
        self._do(_calls.clear(conversation_id))

    def mute(self, conversation_id: str, is_muted: bool = True) -> None:
        """Whether one does not want to be notified. What happens is told live all the same."""
        self._do(_calls.mute(conversation_id, is_muted=is_muted))


class AsyncTalking(AsyncVisiting):
    """``Talking``, awaited."""

    async def start_conversation(
        self,
        text: str | None = None,
        *,
        kind: ConversationKind = "support",
        title: str | None = None,
        users: Sequence[str] = (),
        payload: Mapping[str, Any] | None = None,
    ) -> Conversation:
        """With the App's people (``support``), or with ``users``, by their ids. ``text`` is the first message.

        ``direct`` with somebody one already has one with answers that one. Raises NotAllowed for users where one is
        not logged in.
        """
        return await self._do(_calls.start_conversation(text, kind=kind, title=title, users=users, payload=payload))

    async def conversations(self, *, limit: int | None = None, after: str | None = None) -> Page[Conversation]:
        """What one sees; the conversation with the latest message comes first."""
        return await self._do(_calls.conversations(limit=limit, after=after))

    async def conversation(self, conversation_id: str) -> Conversation:
        """As it is now."""
        return await self._do(_calls.conversation(conversation_id))

    # Messages

    async def history(
        self, conversation_id: str, *, order: Order = "newest", limit: int | None = None, after: str | None = None
    ) -> Page[Message]:
        """What was said, page by page."""
        return await self._do(_calls.history(conversation_id, order=order, limit=limit, after=after))

    async def search(
        self,
        words: str,
        *,
        conversations: Sequence[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> FoundMessages:
        """Looks for words in what one sees, the newest message first; neither capitals nor accents count.

        One search looks at many messages, and not at all: what it finds may be short or empty, and ``next`` goes on.
        ``conversations`` and moments, which are aware, narrow it. Raises Unacceptable, TooManyRequests.
        """
        return await self._do(
            _calls.search(words, conversations=conversations, since=since, until=until, limit=limit, after=after)
        )

    async def post(
        self,
        conversation_id: str,
        text: str,
        *,
        kind: MessageKind = "text",
        payload: Mapping[str, Any] | None = None,
        client_id: str | None = None,
    ) -> Message:
        """Says something, once: ``client_id`` is your own id for it, and is made up without one.

        ``custom`` says that ``payload`` is the point.
        """
        return await self._do(_calls.post(conversation_id, text, kind=kind, payload=payload, client_id=client_id))

    async def edit(
        self, conversation_id: str, message_id: str, text: str, *, payload: Mapping[str, Any] | None = None
    ) -> Message:
        """Says one of one's own messages differently; everybody sees that it was edited. Raises NotAllowed."""
        return await self._do(_calls.edit(conversation_id, message_id, text, payload=payload))

    async def delete_message(self, conversation_id: str, message_id: str, *, for_oneself: bool = False) -> None:
        """For everybody: one's own, or others' where one may. For oneself: any, and nobody else notices."""
        await self._do(_calls.delete_message(conversation_id, message_id, "oneself" if for_oneself else "everybody"))

    async def reactions(self, conversation_id: str, message_id: str) -> tuple[Reaction, ...]:
        """What people think of a message, the oldest sign first."""
        return await self._do(_calls.reactions(conversation_id, message_id))

    async def react(self, conversation_id: str, message_id: str, sign: str) -> tuple[Reaction, ...]:
        """Adds what one thinks, an emoji; what people think now. Raises Unacceptable for a sixth sign of one user."""
        return await self._do(_calls.react(conversation_id, message_id, add=sign))

    async def withdraw_reaction(self, conversation_id: str, message_id: str, sign: str) -> tuple[Reaction, ...]:
        """What people think now."""
        return await self._do(_calls.react(conversation_id, message_id, withdraw=sign))

    async def mark_read(self, conversation_id: str, up_to: str) -> Read:
        """``up_to`` is the id of the last message that was read. Never further back than before."""
        return await self._do(_calls.mark_read(conversation_id, up_to))

    async def mark_received(self, conversation_id: str, up_to: str) -> Received:
        """``up_to`` is the id of the last message that arrived here. Never further back than before."""
        return await self._do(_calls.mark_received(conversation_id, up_to))

    async def rate(self, conversation_id: str, score: int, comment: str | None = None) -> Rating:
        """What one thought of it, from 1 to 5, once it was closed. A comment may follow, another score may not."""
        return await self._do(_calls.rate(conversation_id, score, comment))

    # Files

    async def upload(self, content: bytes, *, name: str) -> KeptFile:
        """Keeps a file, at most 25 MiB. Whoever knows its ``url`` may read it. Not repeated when no answer comes.

        Raises TooLarge, SpaceUsedUp when the App keeps as much as it may, NotAllowed where only verified people may.
        """
        return await self._do(_calls.upload(content, name))

    async def share(
        self, conversation_id: str, content: bytes, *, name: str, text: str | None = None, client_id: str | None = None
    ) -> Message:
        """Uploads, and posts a message: its ``payload["files"]`` has its url, name, content_type and size."""
        kept = await self.upload(content, name=name)
        return await self.post(conversation_id, text or kept.name, payload=_calls.shared(kept), client_id=client_id)

    # Members

    async def add_members(self, conversation_id: str, users: Sequence[str]) -> Conversation:
        """Brings users in, by their ids; each must be verified."""
        return await self._do(_calls.add_members(conversation_id, users))

    async def remove_member(self, conversation_id: str, user_id: str) -> None:
        """They see nothing of it any more."""
        await self._do(_calls.remove_member(conversation_id, user_id))

    async def change_role(self, conversation_id: str, user_id: str, role: Literal["member", "admin"]) -> Conversation:
        """Makes a member an admin, or no longer. The owner's to say."""
        return await self._do(_calls.change_role(conversation_id, user_id, role))

    async def join(self, conversation_id: str) -> Conversation:
        """A channel, whose id one was told. Any verified user of the App may."""
        return await self._do(_calls.join(conversation_id))

    async def leave(self, conversation_id: str) -> None:
        """A group, channel or broadcast."""
        await self._do(_calls.leave(conversation_id))

    # How a conversation looks, and whether it is there

    async def change_conversation(self, conversation_id: str, **looks: Unpack[Looks]) -> Conversation:
        """What is not given stays; None empties. ``is_managed`` is the owner's to say."""
        return await self._do(_calls.change_conversation(conversation_id, looks))

    async def delete_conversation(self, conversation_id: str) -> None:
        """For everybody, with everything that was said in it. Its owner may."""
        await self._do(_calls.delete_conversation(conversation_id))

    async def hide(self, conversation_id: str, *, and_clear: bool = False) -> None:
        """It is not in one's lists until something is said in it; nobody else notices."""
        await self._do(_calls.hide(conversation_id, and_clear=and_clear))

    async def clear(self, conversation_id: str) -> None:
        """What was said until now one does not see any more, on any device."""
        await self._do(_calls.clear(conversation_id))

    async def mute(self, conversation_id: str, is_muted: bool = True) -> None:
        """Whether one does not want to be notified. What happens is told live all the same."""
        await self._do(_calls.mute(conversation_id, is_muted=is_muted))
