"""Conversations, who is in them, and what was said."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from ...domain.apps import AppId
from ...domain.conversations import (
    Conversation,
    ConversationId,
    ConversationKind,
    Membership,
    Message,
    MessageId,
    Reaction,
    Tally,
    Visibility,
)
from ...domain.listings import ConversationsAsked, Listed, MessagesAsked
from ...domain.paging import Page, PageAsked
from ...domain.places import DeviceId
from ...domain.users import UserId


class Conversations(Protocol):
    async def add(self, conversation: Conversation, members: Sequence[Membership]) -> Conversation:
        """The memberships are kept under the id of the conversation that is answered.

        Refuses with IdentifierTaken("unique_id") when the App has a conversation by that name, and with
        IdentifierTaken("direct") when it is a direct one and its two users have one already.
        """
        ...

    async def get(self, app_id: AppId, id: ConversationId) -> Conversation | None: ...
    async def by_unique_id(self, app_id: AppId, unique_id: str) -> Conversation | None: ...
    async def direct_between(self, app_id: AppId, one: UserId, other: UserId) -> Conversation | None: ...
    async def save(self, conversation: Conversation) -> None: ...
    async def visible(self, to: Visibility, page: PageAsked) -> Page[Conversation]:
        """Those the visibility covers and their member does not hide, by last message (or else creation), newest
        first; ``after`` is that id."""
        ...

    async def last_messages(self, to: Visibility, most: int) -> list[MessageId]:
        """The last messages of the first so many of the same."""
        ...

    async def chosen(self, to: Visibility, asked: ConversationsAsked) -> Listed[Conversation]:
        """Of the same ones those that are asked for, and how many there are. Belongs into a ``search``."""
        ...

    async def seen_as(self, to: Visibility) -> list[Membership]:
        """The memberships by which the visibility covers conversations, hidden ones too; the 1,000 latest ones'."""
        ...

    async def of_app(self, app_id: AppId, page: PageAsked) -> Page[Conversation]:
        """All of the App, in the same order: for its operators."""
        ...

    async def kinds(self, ids: Collection[ConversationId]) -> Mapping[ConversationId, ConversationKind]:
        """What kind each of them is; those that are not there are left out."""
        ...

    async def delete(self, id: ConversationId) -> None:
        """With everything in it."""
        ...

    async def members(self, id: ConversationId) -> list[Membership]:
        """In the order they joined."""
        ...

    async def members_of(self, ids: Collection[ConversationId]) -> Mapping[ConversationId, Sequence[Membership]]:
        """The same for several conversations; every one has an entry."""
        ...

    async def membership(self, id: ConversationId, user_id: UserId) -> Membership | None: ...
    async def put_member(self, membership: Membership) -> None:
        """Adds the membership, or changes the one that is there."""
        ...

    async def remove_member(self, id: ConversationId, user_id: UserId) -> None: ...
    async def of_member(self, app_id: AppId, user_id: UserId) -> list[ConversationId]:
        """All the user is a member of, whoever may see them now; the 1,000 with the latest messages."""
        ...

    async def companions(self, user_id: UserId, others: Collection[UserId]) -> set[UserId]:
        """Those of the others who are in a conversation with the user, both of them as somebody verified."""
        ...

    async def left_on(self, app_id: AppId, device_id: DeviceId) -> list[Membership]:
        """What was joined unverified on the device."""
        ...

    async def hand_over(self, membership: Membership, *, was: UserId) -> None:
        """Makes the membership of ``was``, and what they wrote and hid there, the membership's user's.

        What that user cleared there before stays cleared.
        """
        ...


class Messages(Protocol):
    async def add(self, message: Message) -> tuple[Message, bool]:
        """The message as kept, and whether it is new: a sender's client_id in a conversation names one message.

        With a new one its conversation has a last message and was changed; an operator who writes has read up to there.
        """
        ...

    async def get(self, conversation_id: ConversationId, id: MessageId) -> Message | None: ...
    async def many(self, ids: Collection[MessageId]) -> dict[MessageId, Message]: ...
    async def save(self, message: Message) -> None: ...
    async def history(self, id: ConversationId, page: PageAsked, *, newest_first: bool = True) -> Page[Message]:
        """All of it: for the App. What a member sees is ``history_for`` them."""
        ...

    async def history_for(self, member: Membership, page: PageAsked, *, newest_first: bool = True) -> Page[Message]:
        """Without what the member cleared or hid."""
        ...

    async def chosen(self, member: Membership, asked: MessagesAsked) -> Listed[Message]:
        """Of what the member sees, and was not deleted, what is asked for, and how much it is.

        Belongs into a ``search``.
        """
        ...

    async def latest_ids(self, memberships: Sequence[Membership], before: int) -> Mapping[ConversationId, MessageId]:
        """The latest message before that id that each of the members sees and that was not deleted, where there is
        one."""
        ...

    async def last_for(self, memberships: Sequence[Membership]) -> Mapping[ConversationId, Message]:
        """The latest message that each of the members sees and that was not deleted, where there is one."""
        ...

    async def unread(self, memberships: Sequence[Membership]) -> Mapping[ConversationId, int]:
        """How many messages of others, that the member sees and that were not deleted, are beyond each membership's
        last_read_id; at most 100 are counted."""
        ...

    async def unread_by_operators(self, conversations: Sequence[Conversation]) -> Mapping[ConversationId, int]:
        """How many messages of users, that were not deleted, are beyond each conversation's operators_read_id; at most
        100 are counted."""
        ...

    async def are_behind(self, memberships: Sequence[Membership], since: int, before: int) -> set[UserId]:
        """Whose membership has a message of somebody else beyond its last_read_id, that they see and that was not
        deleted, of an id from ``since`` on and before that one."""
        ...

    async def beyond(self, memberships: Sequence[Membership], id: int, limit: int) -> list[Message]:
        """What was said in all these conversations beyond the id, the oldest first; as each member sees it, and
        without what was deleted."""
        ...

    async def is_named_by_others(self, id: ConversationId, client_id: str, sender_id: UserId | None) -> bool:
        """Whether a message in the conversation that is not the sender's has this client id."""
        ...

    async def by_client_id(self, user_id: UserId, client_ids: Collection[str]) -> list[Message]:
        """Those that somebody gave one of these ids, in conversations of which the user is a member.

        Of each id at most ``MOST_ALIKE``; the user's own come first, then the oldest. What the user hid or cleared is
        among them.
        """
        ...

    async def hide(self, ids: Collection[MessageId], user_id: UserId) -> None:
        """The user sees these messages no more. Hiding twice is fine."""
        ...

    async def hidden(self, ids: Collection[MessageId]) -> Mapping[MessageId, Collection[UserId]]:
        """Who hid which of the messages; those that nobody hid are left out."""
        ...

    async def react(self, reaction: Reaction) -> bool:
        """Adds it; answers whether it is new."""
        ...

    async def withdraw(self, reaction: Reaction) -> bool:
        """Takes it back; answers whether it was there."""
        ...

    async def reactions(self, ids: Collection[MessageId]) -> Mapping[MessageId, Sequence[Reaction]]:
        """To each of the messages, the oldest first; those without any are left out."""
        ...

    async def tallies(self, ids: Collection[MessageId], user_id: UserId) -> Mapping[MessageId, Sequence[Tally]]:
        """How many think what of each of the messages, and whether the user does; those without any are left out."""
        ...

    async def erase_from(self, user_id: UserId) -> None:
        """Empties everything the user wrote: text, payload, extras and client id go, the rows stay as deleted."""
        ...
