"""The conversations of the App, as the people who answer see them.

AppConversations          waits
AsyncAppConversations     awaits
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from . import _app_calls
from ._app_asking import AppAsking, AsyncAppAsking
from .models import AppConversation, KeptFile, Message, MessageKind, Order, Page, Visibility


class AppConversations(AppAsking):
    """What the App's server does in conversations. What is not there raises NotFound."""

    def conversations(self, *, limit: int | None = None, after: str | None = None) -> Page[AppConversation]:
        """The conversation with the latest message comes first."""
        return self._do(_app_calls.conversations(limit=limit, after=after))

    def conversation(self, conversation_id: str) -> AppConversation:
        """Raises NotFound."""
        return self._do(_app_calls.conversation(conversation_id))

    def history(
        self, conversation_id: str, *, order: Order = "newest", limit: int | None = None, after: str | None = None
    ) -> Page[Message]:
        """What was said, page by page. Raises NotFound."""
        return self._do(_app_calls.history(conversation_id, order=order, limit=limit, after=after))

    def answer(
        self,
        conversation_id: str,
        text: str,
        *,
        author: Literal["operator", "app"] = "operator",
        kind: MessageKind = "text",
        payload: Mapping[str, Any] | None = None,
        client_id: str | None = None,
    ) -> Message:
        """Answers, once: ``client_id`` is your own id for it, and is made up without one."""
        return self._do(
            _app_calls.answer(conversation_id, text, author=author, kind=kind, payload=payload, client_id=client_id)
        )

    def mark_read(self, conversation_id: str, up_to: str) -> str:
        """How far your people have read: the id of the last message. It never moves back; the one it is at."""
        return self._do(_app_calls.mark_read_by_operators(conversation_id, up_to))

    def show_typing(self, conversation_id: str, on: bool = True, *, operator: str | None = None) -> None:
        """Shows the visitor that one of your people is writing, by this name if any. Repeat it while they are."""
        self._do(_app_calls.show_typing(conversation_id, on=on, operator=operator))

    def upload(self, content: bytes, *, name: str) -> KeptFile:
        """Keeps a file, at most 25 MiB, for a message's payload. Whoever knows its ``url`` may read it.

        Not repeated when no answer comes. Raises TooLarge, and SpaceUsedUp when the App keeps as much as it may.
        """
        return self._do(_app_calls.upload(content, name))

    def delete_message(self, conversation_id: str, message_id: str) -> None:
        """An empty one stays in its place."""
        self._do(_app_calls.delete_message(conversation_id, message_id))

    # Who is in them, and whether they go on

    def add_members(self, conversation_id: str, users: Sequence[str]) -> AppConversation:
        """Brings users in, by their ids; each must be verified. Raises NotAllowed where nobody can be brought in."""
        return self._do(_app_calls.add_members(conversation_id, users))

    def remove_member(self, conversation_id: str, user_id: str) -> None:
        """They see nothing of it any more. Raises NotAllowed where nobody can be removed."""
        self._do(_app_calls.remove_member(conversation_id, user_id))

    def close_conversation(self, conversation_id: str, *, asks_rating: bool | None = None) -> AppConversation:
        """Nothing more can be said in it. With ``asks_rating`` its visitor is asked what they thought of it."""
        return self._do(_app_calls.close_conversation(conversation_id, is_closed=True, asks_rating=asks_rating))

    def reopen_conversation(self, conversation_id: str) -> AppConversation:
        """Something can be said in it again. Raises NotFound."""
        return self._do(_app_calls.close_conversation(conversation_id, is_closed=False))

    def delete_conversation(self, conversation_id: str) -> None:
        """With everything that was said in it."""
        self._do(_app_calls.delete_conversation(conversation_id))

    def explain_visibility(self, conversation_id: str, session_id: str) -> Visibility:
        """Why does this session see this conversation, or not?"""
        return self._do(_app_calls.explain_visibility(conversation_id, session_id))


class AsyncAppConversations(AsyncAppAsking):
    """``AppConversations``, awaited."""

    async def conversations(self, *, limit: int | None = None, after: str | None = None) -> Page[AppConversation]:
        """The conversation with the latest message comes first."""
        return await self._do(_app_calls.conversations(limit=limit, after=after))

    async def conversation(self, conversation_id: str) -> AppConversation:
        """Raises NotFound."""
        return await self._do(_app_calls.conversation(conversation_id))

    async def history(
        self, conversation_id: str, *, order: Order = "newest", limit: int | None = None, after: str | None = None
    ) -> Page[Message]:
        """What was said, page by page. Raises NotFound."""
        return await self._do(_app_calls.history(conversation_id, order=order, limit=limit, after=after))

    async def answer(
        self,
        conversation_id: str,
        text: str,
        *,
        author: Literal["operator", "app"] = "operator",
        kind: MessageKind = "text",
        payload: Mapping[str, Any] | None = None,
        client_id: str | None = None,
    ) -> Message:
        """Answers, once: ``client_id`` is your own id for it, and is made up without one."""
        return await self._do(
            _app_calls.answer(conversation_id, text, author=author, kind=kind, payload=payload, client_id=client_id)
        )

    async def mark_read(self, conversation_id: str, up_to: str) -> str:
        """How far your people have read: the id of the last message. It never moves back; the one it is at."""
        return await self._do(_app_calls.mark_read_by_operators(conversation_id, up_to))

    async def show_typing(self, conversation_id: str, on: bool = True, *, operator: str | None = None) -> None:
        """Shows the visitor that one of your people is writing, by this name if any. Repeat it while they are."""
        await self._do(_app_calls.show_typing(conversation_id, on=on, operator=operator))

    async def upload(self, content: bytes, *, name: str) -> KeptFile:
        """Keeps a file, at most 25 MiB, for a message's payload. Whoever knows its ``url`` may read it.

        Not repeated when no answer comes. Raises TooLarge, and SpaceUsedUp when the App keeps as much as it may.
        """
        return await self._do(_app_calls.upload(content, name))

    async def delete_message(self, conversation_id: str, message_id: str) -> None:
        """An empty one stays in its place."""
        await self._do(_app_calls.delete_message(conversation_id, message_id))

    # Who is in them, and whether they go on

    async def add_members(self, conversation_id: str, users: Sequence[str]) -> AppConversation:
        """Brings users in, by their ids; each must be verified. Raises NotAllowed where nobody can be brought in."""
        return await self._do(_app_calls.add_members(conversation_id, users))

    async def remove_member(self, conversation_id: str, user_id: str) -> None:
        """They see nothing of it any more. Raises NotAllowed where nobody can be removed."""
        await self._do(_app_calls.remove_member(conversation_id, user_id))

    async def close_conversation(self, conversation_id: str, *, asks_rating: bool | None = None) -> AppConversation:
        """Nothing more can be said in it. With ``asks_rating`` its visitor is asked what they thought of it."""
        return await self._do(_app_calls.close_conversation(conversation_id, is_closed=True, asks_rating=asks_rating))

    async def reopen_conversation(self, conversation_id: str) -> AppConversation:
        """Something can be said in it again. Raises NotFound."""
        return await self._do(_app_calls.close_conversation(conversation_id, is_closed=False))

    async def delete_conversation(self, conversation_id: str) -> None:
        """With everything that was said in it."""
        await self._do(_app_calls.delete_conversation(conversation_id))

    async def explain_visibility(self, conversation_id: str, session_id: str) -> Visibility:
        """Why does this session see this conversation, or not?"""
        return await self._do(_app_calls.explain_visibility(conversation_id, session_id))
