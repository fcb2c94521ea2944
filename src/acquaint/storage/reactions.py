"""What somebody makes of a message: reactions, and what they deleted for themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, case, delete, func, select

from ..domain.conversations import MessageId, Reaction, Tally
from ..domain.users import UserId
from . import tables as t
from .connection import Connection
from .inserting import insert
from .statements import Statement, among

_hidden, _reactions = t.hidden_messages.c, t.reactions.c

_HIDE = Statement(
    insert(t.hidden_messages)
    .values(message_id=bindparam("message_id"), user_id=bindparam("user_id"))
    .on_conflict_do_nothing()
)
_HIDDEN = Statement(select(_hidden.message_id, _hidden.user_id).where(among(_hidden.message_id, "ids")))

_REACTION: Final = (_reactions.message_id, _reactions.user_id, _reactions.sign)
_REACT = Statement(
    insert(t.reactions)
    .values({it.name: bindparam(it.name) for it in (*_REACTION, _reactions.created_at)})
    .on_conflict_do_nothing()
)
_WITHDRAW = Statement(delete(t.reactions).where(*(it == bindparam(it.name) for it in _REACTION)))
_REACTIONS_TO = Statement(
    select(*_REACTION)
    .where(among(_reactions.message_id, "ids"))
    .order_by(_reactions.created_at, _reactions.user_id, _reactions.sign)
)
_TALLIES = Statement(
    select(
        _reactions.message_id,
        _reactions.sign,
        func.count(),
        func.max(case((_reactions.user_id == bindparam("user_id"), 1), else_=0)),
    )
    .where(among(_reactions.message_id, "ids"))
    .group_by(_reactions.message_id, _reactions.sign)
    .order_by(_reactions.message_id, func.min(_reactions.created_at), _reactions.sign)
)


class SqlReactions:
    """The part of the shelf of messages that is about what somebody makes of them."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    async def hide(self, ids: Collection[MessageId], user_id: UserId) -> None:
        for id in ids:
            await self._db.change(_HIDE, message_id=id, user_id=user_id)

    async def hidden(self, ids: Collection[MessageId]) -> Mapping[MessageId, Collection[UserId]]:
        found: dict[MessageId, set[UserId]] = {}
        for message_id, user_id in await self._db.rows(_HIDDEN, ids=ids) if ids else ():
            found.setdefault(MessageId(message_id), set()).add(UserId(user_id))
        return found

    async def react(self, reaction: Reaction) -> bool:
        return await self._db.change(_REACT, **_values(reaction), created_at=self._db.own.now()) > 0

    async def withdraw(self, reaction: Reaction) -> bool:
        return await self._db.change(_WITHDRAW, **_values(reaction)) > 0

    async def reactions(self, ids: Collection[MessageId]) -> Mapping[MessageId, Sequence[Reaction]]:
        found: dict[MessageId, list[Reaction]] = {}
        for message_id, user_id, sign in await self._db.rows(_REACTIONS_TO, ids=ids) if ids else ():
            it = Reaction(MessageId(message_id), UserId(user_id), sign)
            found.setdefault(it.message_id, []).append(it)
        return found

    async def tallies(self, ids: Collection[MessageId], user_id: UserId) -> Mapping[MessageId, Sequence[Tally]]:
        found: dict[MessageId, list[Tally]] = {}
        for message_id, sign, count, is_own in await self._db.rows(_TALLIES, ids=ids, user_id=user_id) if ids else ():
            found.setdefault(MessageId(message_id), []).append(Tally(sign, count, bool(is_own)))
        return found


def _values(it: Reaction) -> dict[str, object]:
    return {"message_id": it.message_id, "user_id": it.user_id, "sign": it.sign}
