"""Who is in which conversation, and as what."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, Select, bindparam, delete, literal_column, select, update

from ..domain.apps import AppId
from ..domain.conversations import ConversationId, MemberRole, Membership, MessageId, Visibility
from ..domain.identities import Assurance
from ..domain.places import DeviceId
from ..domain.users import UserId
from . import columns as column
from . import tables as t
from .connection import Connection, Row
from .inserting import insert
from .statements import Statement, among

MOST_OF_MEMBER: Final = 1_000

_conversations, _memberships, _messages = t.conversations.c, t.memberships.c, t.messages.c
_hidden, _reactions = t.hidden_messages.c, t.reactions.c
_theirs = t.messages.alias("theirs").c

MEMBERSHIP: Final = (
    _memberships.conversation_id,
    _memberships.user_id,
    _memberships.assurance,
    _memberships.device_id,
    _memberships.workspace,
    _memberships.joined_at,
    _memberships.last_read_id,
    _memberships.last_received_id,
    _memberships.role,
    _memberships.cleared_up_to,
    _memberships.hidden_up_to,
    _memberships.is_muted,
)
_this_member = (
    _memberships.conversation_id == bindparam("conversation_id"),
    _memberships.user_id == bindparam("user_id"),
)
_in_order = (_memberships.joined_at, _memberships.user_id)

_MEMBERS = Statement(
    select(*MEMBERSHIP).where(_memberships.conversation_id == bindparam("conversation_id")).order_by(*_in_order)
)
_MEMBERS_OF = Statement(select(*MEMBERSHIP).where(among(_memberships.conversation_id, "ids")).order_by(*_in_order))
_MEMBER = Statement(select(*MEMBERSHIP).where(*_this_member))
_put = insert(t.memberships).from_select(
    [*(it.name for it in MEMBERSHIP), "app_id"],
    select(*(bindparam(it.name, type_=it.type) for it in MEMBERSHIP), _conversations.app_id).where(
        _conversations.id == bindparam("conversation_id", type_=BigInteger)
    ),
)
_PUT_MEMBER = Statement(
    _put.on_conflict_do_update(
        index_elements=[_memberships.conversation_id, _memberships.user_id],
        set_={it.name: _put.excluded[it.name] for it in MEMBERSHIP[2:]},
    )
)
_REMOVE_MEMBER = Statement(delete(t.memberships).where(*_this_member))
_OF_MEMBER = Statement(
    select(_memberships.conversation_id)
    .join_from(t.memberships, t.conversations, _conversations.id == _memberships.conversation_id)
    .where(_memberships.user_id == bindparam("user_id"), _memberships.app_id == bindparam("app_id"))
    .order_by(_conversations.latest_id.desc())
    .limit(MOST_OF_MEMBER)
)
_them = t.memberships.alias("them")
_COMPANIONS = Statement(  # of each of them any one conversation is enough: few people share many
    select(_them.c.user_id)
    .distinct()
    .join_from(_them, t.memberships, _memberships.conversation_id == _them.c.conversation_id)
    .where(
        among(_them.c.user_id, "others"),
        _them.c.assurance == t.VERIFIED,
        _memberships.user_id == bindparam("user_id"),
        _memberships.assurance == t.VERIFIED,
    )
)
_LEFT_ON = Statement(
    select(*MEMBERSHIP)
    .where(
        _memberships.app_id == bindparam("app_id"),
        _memberships.device_id == bindparam("device_id"),
        _memberships.assurance < t.VERIFIED,
    )
    .order_by(_memberships.conversation_id, _memberships.user_id)
)
_FORGET_CLIENT_IDS = Statement(  # those that the new sender used as well: one of them names one message
    update(t.messages)
    .where(
        _messages.conversation_id == bindparam("conversation_id"),
        _messages.sender_id == bindparam("was"),
        _messages.client_id.in_(
            select(_theirs.client_id).where(
                _theirs.conversation_id == bindparam("conversation_id"),
                _theirs.sender_id == bindparam("user_id"),
                _theirs.client_id.is_not(None),
            )
        ),
    )
    .values(client_id=None)
)
_HAND_OVER_MESSAGES = Statement(
    update(t.messages)
    .where(_messages.conversation_id == bindparam("conversation_id"), _messages.sender_id == bindparam("was"))
    .values(sender_id=bindparam("user_id"))
)
_new_user: Any = bindparam("user_id", type_=BigInteger)
_HAND_OVER_HIDDEN = Statement(
    insert(t.hidden_messages)
    .from_select(
        [_hidden.message_id, _hidden.user_id],
        select(_hidden.message_id, _new_user)
        .join_from(t.hidden_messages, t.messages, _messages.id == _hidden.message_id)
        .where(_hidden.user_id == bindparam("was"), _messages.conversation_id == bindparam("conversation_id")),
    )
    .on_conflict_do_nothing()
)
_HAND_OVER_REACTIONS = Statement(
    insert(t.reactions)
    .from_select(
        [_reactions.message_id, _reactions.user_id, _reactions.sign, _reactions.created_at],
        select(_reactions.message_id, _new_user, _reactions.sign, _reactions.created_at)
        .join_from(t.reactions, t.messages, _messages.id == _reactions.message_id)
        .where(_reactions.user_id == bindparam("was"), _messages.conversation_id == bindparam("conversation_id")),
    )
    .on_conflict_do_nothing()
)
_of_this_conversation = select(_messages.id).where(_messages.conversation_id == bindparam("conversation_id"))
_FORGET_HIDDEN = Statement(
    delete(t.hidden_messages).where(_hidden.user_id == bindparam("was"), _hidden.message_id.in_(_of_this_conversation))
)
_FORGET_REACTIONS = Statement(
    delete(t.reactions).where(_reactions.user_id == bindparam("was"), _reactions.message_id.in_(_of_this_conversation))
)

_HAND_OVER: Final = (
    _FORGET_CLIENT_IDS,
    _HAND_OVER_MESSAGES,
    _HAND_OVER_HIDDEN,
    _FORGET_HIDDEN,
    _HAND_OVER_REACTIONS,
    _FORGET_REACTIONS,
)


def covered(query: Select[Any], *, verified: bool, every_workspace: bool) -> Select[Any]:
    """``Visibility.judge`` as conditions on memberships. They say the same rule once more; a property test holds the
    two together."""
    query = query.where(_memberships.user_id == bindparam("user_id"), _memberships.app_id == bindparam("app_id"))
    if not every_workspace:
        query = query.where(_memberships.workspace.is_not_distinct_from(bindparam("workspace")))
    if verified:
        return query.where(_memberships.assurance == t.VERIFIED)
    return query.where(_memberships.assurance < t.VERIFIED, _memberships.device_id == bindparam("device_id"))


def values_of_visibility(to: Visibility) -> dict[str, Any]:
    return {"user_id": to.user_id, "app_id": to.app_id, "workspace": to.workspace, "device_id": to.device_id}


def sees_nothing(to: Visibility) -> bool:
    """Whether there is nothing to look for: nobody is in the session, or it is unverified and on no device."""
    return to.user_id is None or not (to.verified or to.device_id)


@cache
def _seen_as(*, verified: bool, every_workspace: bool) -> Statement:
    query = (
        select(*MEMBERSHIP)
        .select_from(t.memberships)
        .join(t.conversations, _conversations.id == _memberships.conversation_id)
    )
    query = covered(query, verified=verified, every_workspace=every_workspace)
    return Statement(query.order_by(_conversations.latest_id.desc()).limit(literal_column(str(MOST_OF_MEMBER))))


class SqlMemberships:
    """The part of the shelf of conversations that is about who is in them."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    async def seen_as(self, to: Visibility) -> list[Membership]:
        if sees_nothing(to):
            return []
        statement = _seen_as(verified=to.verified, every_workspace=to.every_workspace)
        return [membership_of(row) for row in await self._db.rows(statement, **values_of_visibility(to))]

    async def members(self, id: ConversationId) -> list[Membership]:
        return [membership_of(row) for row in await self._db.rows(_MEMBERS, conversation_id=id)]

    async def members_of(self, ids: Collection[ConversationId]) -> Mapping[ConversationId, Sequence[Membership]]:
        found: dict[ConversationId, list[Membership]] = {id: [] for id in ids}
        for row in await self._db.rows(_MEMBERS_OF, ids=ids) if ids else ():
            it = membership_of(row)
            found[it.conversation_id].append(it)
        return found

    async def membership(self, id: ConversationId, user_id: UserId) -> Membership | None:
        row = await self._db.row(_MEMBER, conversation_id=id, user_id=user_id)
        return None if row is None else membership_of(row)

    async def put_member(self, membership: Membership) -> None:
        await self._db.change(_PUT_MEMBER, **_values(membership))

    async def remove_member(self, id: ConversationId, user_id: UserId) -> None:
        await self._db.change(_REMOVE_MEMBER, conversation_id=id, user_id=user_id)

    async def of_member(self, app_id: AppId, user_id: UserId) -> list[ConversationId]:
        rows = await self._db.rows(_OF_MEMBER, app_id=app_id, user_id=user_id)
        return [ConversationId(row[0]) for row in rows]

    async def companions(self, user_id: UserId, others: Collection[UserId]) -> set[UserId]:
        if not others:
            return set()
        rows = await self._db.rows(_COMPANIONS, user_id=user_id, others=list(others))
        return {UserId(row[0]) for row in rows}

    async def left_on(self, app_id: AppId, device_id: DeviceId) -> list[Membership]:
        return [membership_of(row) for row in await self._db.rows(_LEFT_ON, app_id=app_id, device_id=device_id)]

    async def hand_over_what_is_theirs(self, id: ConversationId, user_id: UserId, was: UserId) -> None:
        """What ``was`` wrote, hid and thought in the conversation is the user's."""
        both = {"conversation_id": id, "user_id": user_id, "was": was}
        for statement in _HAND_OVER:
            await self._db.change(statement, **both)


def as_cleared(new: Membership, there: Membership | None) -> Membership:
    """The new membership of somebody who may be in the conversation already: what they cleared stays so."""
    if there is None or there.cleared_up_to is None:
        return new
    return replace(new, cleared_up_to=MessageId(max(there.cleared_up_to, new.cleared_up_to or there.cleared_up_to)))


def membership_of(row: Row) -> Membership:
    (
        conversation_id,
        user_id,
        assurance,
        device_id,
        workspace,
        joined_at,
        last_read_id,
        last_received_id,
        role,
        cleared_up_to,
        hidden_up_to,
        is_muted,
    ) = row
    return Membership(
        ConversationId(conversation_id),
        UserId(user_id),
        Assurance(assurance),
        device_id,
        workspace,
        column.moment(joined_at),
        None if last_read_id is None else MessageId(last_read_id),
        None if last_received_id is None else MessageId(last_received_id),
        MemberRole(role),
        None if cleared_up_to is None else MessageId(cleared_up_to),
        hidden_up_to,
        bool(is_muted),
    )


def _values(it: Membership) -> dict[str, Any]:
    return {
        "conversation_id": it.conversation_id,
        "user_id": it.user_id,
        "assurance": it.assurance.value,
        "device_id": it.device_id,
        "workspace": it.workspace,
        "joined_at": column.of_moment(it.joined_at),
        "last_read_id": it.last_read_id,
        "last_received_id": it.last_received_id,
        "role": it.role.value,
        "cleared_up_to": it.cleared_up_to,
        "hidden_up_to": it.hidden_up_to,
        "is_muted": it.is_muted,
    }
