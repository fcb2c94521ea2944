"""What becomes of conversations and messages: who is in them, how they look, what is said differently or taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from ....domain.conversations import LONGEST_DESCRIPTION, LONGEST_REACTION, Reaction
from ....domain.identities import KEEP
from ....domain.members import Change
from ....domain.users import UserId
from .values import Id, Sent, Shown, Text, Title, Url, id_of, kept

Sign = Annotated[str, Meta(min_length=1, max_length=LONGEST_REACTION, description="An emoji.", examples=["👍"])]


class Looks(Sent):
    """How a conversation looks. Null empties a field; one that is not sent stays."""

    title: Title | UnsetType | None = UNSET
    description: Annotated[str, Meta(max_length=LONGEST_DESCRIPTION)] | UnsetType | None = UNSET
    avatar_url: Url | UnsetType | None = UNSET
    is_managed: Annotated[
        bool | UnsetType,
        Meta(
            description="In a group: only its owner and admins add members and change how it looks. The owner's to say."
        ),
    ] = UNSET

    def change(self) -> Change:
        return Change(
            title=kept(self.title),
            description=kept(self.description),
            avatar_url=kept(self.avatar_url),
            is_managed=KEEP if isinstance(self.is_managed, UnsetType) else self.is_managed,
        )


class NewMembers(Sent):
    """Users to bring in. Who is in already stays as they are."""

    users: Annotated[list[Id], Meta(min_length=1, max_length=999, description="Each must be a verified user.")]

    def change(self) -> Change:
        return Change(add=tuple(UserId(id_of(it, "users")) for it in self.users))


class Role(Sent):
    """What a member is to be. The owner's to say; the owner stays the owner."""

    role: Literal["member", "admin"]

    def change(self, user_id: UserId) -> Change:
        return Change(appoint=(user_id,)) if self.role == "admin" else Change(dismiss=(user_id,))


class Hidden(Sent):
    """How a conversation is hidden."""

    and_clear: Annotated[bool, Meta(description="What was said until now goes as well, for oneself.")] = False


class Muted(Sent):
    """Whether one wants to be notified."""

    is_muted: bool


class ReceivedMark(Sent):
    """How far one's devices have got it."""

    up_to: Annotated[Id, Meta(description="The last message that arrived.")]


class Received(Shown):
    """How far the user's devices have got it; never further back than before."""

    last_received_id: Id


class Correction(Sent):
    """What a message is to say instead."""

    text: Text | UnsetType = UNSET
    payload: dict[str, Any] | UnsetType = UNSET


class For(Sent):
    """For whom a message is deleted."""

    whom: Annotated[
        Literal["everybody", "oneself"],
        Meta(description="One's own for everybody, and others' where one may; any for oneself."),
    ] = "everybody"


class NewReaction(Sent):
    """What one thinks of a message."""

    add: Sign | UnsetType = UNSET
    withdraw: Sign | UnsetType = UNSET


class SignCount(Shown):
    """Who thinks so."""

    sign: str
    users: list[Id]


class Reactions(Shown):
    """What people think of a message, the oldest sign first."""

    items: list[SignCount]


def reactions(found: Sequence[Reaction]) -> Reactions:
    users: dict[str, list[str]] = {}
    for it in found:
        users.setdefault(it.sign, []).append(str(it.user_id))
    return Reactions(items=[SignCount(sign=sign, users=theirs) for sign, theirs in users.items()])
