"""Who may do what in a conversation, and how a conversation changes.

Act                who may do it depends on the kind of the conversation and on the role
role_of, owner_of  what a member is to the conversation; there always is an owner
check_may          refuses what somebody may not do
Change             what is to become of a conversation and its members, all of it or nothing
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto
from typing import Any, Final

from .conversations import Conversation, ConversationKind, MemberRole, Membership, MessageId
from .errors import NotAllowed, Unacceptable
from .identities import KEEP, Keep
from .users import UserId

MOST_ADMINS: Final = 50


class Act(Enum):
    """Something that not every member of every conversation may do."""

    SAY = auto()
    ADD = auto()  # members
    REMOVE = auto()  # members of a lower role than one's own
    CHANGE = auto()  # what it is called and how it looks
    PIN = auto()  # messages
    ERASE = auto()  # what others said
    APPOINT = auto()  # admins, and who may add and change
    DELETE = auto()  # the conversation, for everybody
    LEAVE = auto()


_MEMBER, _ADMIN, _OWNER = MemberRole

LEAST_ROLE: Final[Mapping[ConversationKind, Mapping[Act, MemberRole]]] = {
    ConversationKind.SUPPORT: {Act.SAY: _MEMBER},
    ConversationKind.DIRECT: {Act.SAY: _MEMBER},
    ConversationKind.GROUP: {
        Act.SAY: _MEMBER,
        Act.ADD: _MEMBER,
        Act.CHANGE: _MEMBER,
        Act.LEAVE: _MEMBER,
        Act.REMOVE: _ADMIN,
        Act.PIN: _ADMIN,
        Act.ERASE: _ADMIN,
        Act.APPOINT: _OWNER,
        Act.DELETE: _OWNER,
    },
    ConversationKind.CHANNEL: {
        Act.SAY: _MEMBER,
        Act.LEAVE: _MEMBER,
        Act.ADD: _ADMIN,
        Act.CHANGE: _ADMIN,
        Act.REMOVE: _ADMIN,
        Act.PIN: _ADMIN,
        Act.ERASE: _ADMIN,
        Act.APPOINT: _OWNER,
        Act.DELETE: _OWNER,
    },
    ConversationKind.BROADCAST: {
        Act.LEAVE: _MEMBER,
        Act.SAY: _ADMIN,
        Act.ADD: _ADMIN,
        Act.CHANGE: _ADMIN,
        Act.REMOVE: _ADMIN,
        Act.PIN: _ADMIN,
        Act.ERASE: _ADMIN,
        Act.APPOINT: _OWNER,
        Act.DELETE: _OWNER,
    },
}
"""The role that is enough. What is not here nobody of a conversation may do: in a direct one the two are equals, and
what is said with the App's people is the App's."""

MANAGED: Final[Mapping[Act, MemberRole]] = {Act.ADD: _ADMIN, Act.CHANGE: _ADMIN}
"""What it takes instead in a group that is managed."""

OPEN: Final = frozenset({ConversationKind.CHANNEL, ConversationKind.BROADCAST})
"""Every verified user of the App may come."""


def owner_of(members: Sequence[Membership]) -> Membership | None:
    """Who the conversation belongs to. When its owner has left, the admin who is there longest, or else the member."""
    return max(members, key=lambda it: (it.role, -it.joined_at.timestamp(), -it.user_id), default=None)


def role_of(user_id: UserId, members: Sequence[Membership]) -> MemberRole:
    """What the member is to the conversation."""
    owner = owner_of(members)
    if owner is not None and owner.user_id == user_id:
        return MemberRole.OWNER
    return next((it.role for it in members if it.user_id == user_id), MemberRole.MEMBER)


def may(act: Act, conversation: Conversation, role: MemberRole) -> bool:
    least = LEAST_ROLE[conversation.kind].get(act)
    if least is not None and conversation.is_managed:
        least = max(least, MANAGED.get(act, least))
    return least is not None and role >= least


def check_may(act: Act, conversation: Conversation, role: MemberRole) -> None:
    """Refuses with NotAllowed."""
    if not may(act, conversation, role):
        raise NotAllowed


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of a conversation. ``None`` empties a field, ``KEEP`` leaves it alone.

    ``by_door`` has keys for doors; those that it does not name stay, and None takes one away.
    """

    title: str | Keep | None = KEEP
    description: str | Keep | None = KEEP
    avatar_url: str | Keep | None = KEEP
    is_managed: bool | Keep = KEEP
    by_door: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    add: tuple[UserId, ...] = ()
    remove: tuple[UserId, ...] = ()
    appoint: tuple[UserId, ...] = ()
    dismiss: tuple[UserId, ...] = ()
    pin: tuple[MessageId, ...] = ()
    unpin: tuple[MessageId, ...] = ()

    @property
    def acts(self) -> frozenset[Act]:
        """What somebody must be allowed to do to make it. To remove oneself is to leave, which is no change."""
        looks = any(it is not KEEP for it in (self.title, self.description, self.avatar_url)) or self.by_door
        found = {
            Act.CHANGE: looks,
            Act.ADD: self.add,
            Act.REMOVE: self.remove,
            Act.APPOINT: self.appoint or self.dismiss or self.is_managed is not KEEP,
            Act.PIN: self.pin or self.unpin,
        }
        return frozenset(act for act, is_needed in found.items() if is_needed)

    @property
    def names(self) -> list[str]:
        """What it changes of the conversation itself, by name."""
        found = {
            name for name in ("title", "description", "avatar_url", "is_managed") if getattr(self, name) is not KEEP
        }
        if self.pin or self.unpin:
            found.add("pinned")
        if self.by_door:
            found.add("by_door")
        return sorted(found)

    def check_may(self, conversation: Conversation, user_id: UserId, members: Sequence[Membership]) -> None:
        """Refuses with NotAllowed unless the member may make the whole of it."""
        role = role_of(user_id, members)
        for act in self.acts:
            check_may(act, conversation, role)
        if any(role_of(it, members) >= role for it in self.remove):
            raise NotAllowed

    def of(self, it: Conversation, now: datetime) -> Conversation:
        """The conversation after it. Who is a member is kept elsewhere. Refuses with Unacceptable."""
        pinned = dict.fromkeys([*it.pinned, *self.pin])
        for id in self.unpin:
            pinned.pop(id, None)
        changed = replace(
            it,
            title=it.title if self.title is KEEP else self.title,
            description=it.description if self.description is KEEP else self.description,
            avatar_url=it.avatar_url if self.avatar_url is KEEP else self.avatar_url,
            is_managed=it.is_managed if self.is_managed is KEEP else self.is_managed,
            by_door={
                **it.by_door,
                **{door: _merged(it.by_door.get(door, {}), new) for door, new in self.by_door.items()},
            },
            pinned=tuple(pinned),
        )
        return it if changed == it else replace(changed, updated_at=now)


NOTHING: Final = Change()


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**old, **new}.items() if value is not None}


def with_roles(members: Sequence[Membership], change: Change) -> list[Membership]:
    """The members whose role the change changes, as they are after it. Who is no member is passed over.

    Refuses with Unacceptable when there would be more than ``MOST_ADMINS`` admins.
    """
    owner = owner_of(members)
    changed: dict[UserId, Membership] = {}
    for it in members:
        if owner is not None and it.user_id == owner.user_id:
            continue
        if it.user_id in change.dismiss and it.role is MemberRole.ADMIN:
            changed[it.user_id] = replace(it, role=MemberRole.MEMBER)
        elif it.user_id in change.appoint and it.role is MemberRole.MEMBER:
            changed[it.user_id] = replace(it, role=MemberRole.ADMIN)
    admins = sum(changed.get(it.user_id, it).role is MemberRole.ADMIN for it in members)
    if admins > MOST_ADMINS:
        raise Unacceptable("admins", f"are more than {MOST_ADMINS}")
    return list(changed.values())
