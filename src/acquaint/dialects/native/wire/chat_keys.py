"""Chat keys."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ....domain.paging import Page
from ....ports import store
from ....services.chat_keys import MintedKey
from . import values
from .values import Id, Moment, Sent, Shown


class NewChatKey(Sent):
    """A chat key to be minted."""

    ends_sessions: Annotated[bool, Meta(description="Whether everything the user has open ends.")] = False


class MintedChatKey(Shown):
    """A chat key just minted. ``text`` is shown this once."""

    user_id: Id
    text: Annotated[str, Meta(description="The user's password from now on: 40 letters and digits.")]


class ChatKey(Shown):
    """Whose password was minted for them, and when."""

    user_id: Id
    minted_at: Moment


class ChatKeyPage(Shown):
    """Chat keys that are due, by user."""

    items: list[ChatKey]
    next: Annotated[Id | None, Meta(description=values.NEXT)]


def minted(it: MintedKey) -> MintedChatKey:
    return MintedChatKey(user_id=str(it.user.id), text=it.text)


def page(found: Page[store.ChatKey]) -> ChatKeyPage:
    items = [ChatKey(user_id=str(it.user_id), minted_at=values.moment(it.minted_at)) for it in found.items]
    return ChatKeyPage(items=items, next=values.optional_id(found.next))
