"""Users, and the identifiers an App names them by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, select, update

from ..domain.apps import AppId
from ..domain.directory import Query
from ..domain.errors import IdentifierTaken
from ..domain.identities import Claimed, Identifier, IdentifierKind, Profile
from ..domain.paging import Page, PageAsked
from ..domain.places import DeviceId
from ..domain.users import Standing, User, UserId
from ..ports.store.users import ChatKey
from . import columns as column
from . import directory
from . import tables as t
from .adding import add
from .connection import Connection, Row
from .inserting import insert
from .paging import LAST, page_of
from .statements import Statement, among

_users, _identifiers = t.users.c, t.identifiers.c
_named = t.identifiers.alias("named")

USER: Final = (
    _users.id,
    _users.app_id,
    _users.name,
    _users.avatar_url,
    _users.phone,
    _users.custom,
    _users.tags,
    _users.claimed,
    _users.by_door,
    _users.created_at,
    _users.updated_at,
    _users.device_id,
    _users.is_guest,
    _users.is_vouched,
    _users.standing,
    _users.last_seen_at,
)
IDENTIFIER: Final = (_identifiers.kind, _identifiers.value)
"""``users_of`` reads USER and IDENTIFIER: a row for each of a user's identifiers, or one with none."""

_with_identifiers = select(*USER, *IDENTIFIER).join_from(t.users, t.identifiers, isouter=True)

_GET = Statement(
    _with_identifiers.where(_users.id == bindparam("id"), _users.app_id == bindparam("app_id")).order_by(
        _identifiers.position
    ),
    holds=t.users,
)
_MANY = Statement(
    _with_identifiers.where(among(_users.id, "ids"), _users.app_id == bindparam("app_id")).order_by(
        _users.id, _identifiers.position
    )
)
_FIND = Statement(
    select(*USER, *IDENTIFIER)
    .select_from(_named)
    .join(t.users, _users.id == _named.c.user_id)
    .join(t.identifiers, _identifiers.user_id == _users.id)
    .where(
        _named.c.app_id == bindparam("app_id"),
        _named.c.kind == bindparam("kind"),
        _named.c.value == bindparam("value"),
    )
    .order_by(_identifiers.position),
    holds=t.users,
)
_ON_DEVICE = Statement(
    _with_identifiers.where(_users.app_id == bindparam("app_id"), _users.device_id == bindparam("device_id")).order_by(
        _identifiers.position
    ),
    holds=t.users,
)
_page = (
    select(_users.id)
    .where(_users.app_id == bindparam("app_id"), _users.id < bindparam("before"))
    .order_by(_users.id.desc())
    .limit(bindparam("limit"))
    .subquery("page")
)
_NEWEST = Statement(
    _with_identifiers.join(_page, _page.c.id == _users.id).order_by(_users.id.desc(), _identifiers.position)
)
_has_kind = (_named.c.app_id == bindparam("app_id"), _named.c.kind == bindparam("kind"))
_COUNT_KNOWN_BY = Statement(select(func.count(_named.c.user_id.distinct())).where(*_has_kind))
_oldest = (
    select(_users.id)
    .where(_users.is_guest.is_(True), _users.created_at < bindparam("before"))
    .order_by(_users.created_at, _users.id)
    .limit(bindparam("limit"))
    .subquery("oldest")
)
_GUESTS = Statement(
    _with_identifiers.join(_oldest, _oldest.c.id == _users.id).order_by(
        _users.created_at, _users.id, _identifiers.position
    )
)
_ADD = Statement(
    insert(t.users)
    .values({it.name: bindparam(it.name) for it in (*USER[:-1], _users.password_hash)})
    .on_conflict_do_nothing()
)
_SAVE = Statement(
    update(t.users)
    .where(_users.id == bindparam("id"), _users.app_id == bindparam("app_id"))
    .values({it.name: bindparam(it.name) for it in USER[2:-1]})
)
_DELETE = Statement(delete(t.users).where(_users.id == bindparam("id")))
_OTHER_ON_DEVICE = Statement(
    select(_users.id).where(
        _users.app_id == bindparam("app_id"),
        _users.device_id == bindparam("device_id"),
        _users.id != bindparam("id"),
    )
)
_claim = insert(t.identifiers).values({it.name: bindparam(it.name) for it in t.identifiers.c})
_CLAIM = Statement(
    _claim.on_conflict_do_update(
        index_elements=[_identifiers.app_id, _identifiers.kind, _identifiers.value],
        set_={"position": _claim.excluded.position},
        where=_identifiers.user_id == _claim.excluded.user_id,
    )
)
_IDENTIFIERS_OF = Statement(
    select(*IDENTIFIER).where(_identifiers.user_id == bindparam("user_id")).order_by(_identifiers.position)
)
_DROP = Statement(
    delete(t.identifiers).where(
        _identifiers.app_id == bindparam("app_id"),
        _identifiers.kind == bindparam("kind"),
        _identifiers.value == bindparam("value"),
        _identifiers.user_id == bindparam("user_id"),
    )
)
_PASSWORD_HASH = Statement(select(_users.password_hash).where(_users.id == bindparam("id")))
_SET_PASSWORD_HASH = Statement(
    update(t.users)
    .where(_users.id == bindparam("id"))
    .values(password_hash=bindparam("password_hash"), chat_key_at=None)
)
_REHASH = Statement(
    update(t.users).where(_users.id == bindparam("id")).values(password_hash=bindparam("password_hash"))
)
_MARK_CHAT_KEY = Statement(
    update(t.users).where(_users.id == bindparam("id")).values(chat_key_at=bindparam("chat_key_at"))
)
_CHAT_KEYS_BEFORE = Statement(
    select(_users.id, _users.chat_key_at)
    .where(
        _users.app_id == bindparam("app_id"),
        _users.chat_key_at.is_not(None),
        _users.chat_key_at < bindparam("moment"),
        _users.id > bindparam("after"),
    )
    .order_by(_users.id)
    .limit(bindparam("limit"))
)


@cache
def _known_by(*, newest_first: bool) -> Statement:
    """Ids sort by the time they were made, so by creation is by id."""
    ids = select(_named.c.user_id).distinct().where(*_has_kind)
    ids = ids.order_by(_named.c.user_id.desc() if newest_first else _named.c.user_id)
    page = ids.limit(bindparam("limit")).offset(bindparam("skip")).subquery("page")
    query = _with_identifiers.join(page, page.c.user_id == _users.id)
    return Statement(query.order_by(_users.id.desc() if newest_first else _users.id, _identifiers.position))


class SqlUsers:
    def __init__(self, db: Connection) -> None:
        self._db = db

    async def add(self, user: User, *, password_hash: str | None = None) -> User:
        async def refuse() -> None:
            await self._refuse_device_of_another(user)

        values = _values(user) | {"password_hash": password_hash}
        user = await add(self._db, _ADD, user, values, refuse)
        await self._claim(user)
        await directory.list_user(self._db, user)
        return user

    async def get(self, app_id: AppId, id: UserId) -> User | None:
        return _one(await self._db.rows(_GET, app_id=app_id, id=id))

    async def many(self, app_id: AppId, ids: Collection[UserId]) -> dict[UserId, User]:
        return {it.id: it for it in users_of(await self._db.rows(_MANY, app_id=app_id, ids=ids))} if ids else {}

    async def find(self, app_id: AppId, identifier: Identifier) -> User | None:
        rows = await self._db.rows(_FIND, app_id=app_id, kind=identifier.kind.value, value=identifier.value)
        return _one(rows)

    async def on_device(self, app_id: AppId, device_id: DeviceId) -> User | None:
        return _one(await self._db.rows(_ON_DEVICE, app_id=app_id, device_id=device_id))

    async def newest(self, app_id: AppId, page: PageAsked) -> Page[User]:
        before = LAST if page.after is None else page.after
        rows = await self._db.rows(_NEWEST, app_id=app_id, before=before, limit=page.limit + 1)
        return page_of(users_of(rows), page, lambda it: it.id)

    async def known_by(
        self, app_id: AppId, kind: IdentifierKind, *, skip: int, limit: int, newest_first: bool
    ) -> list[User]:
        statement = _known_by(newest_first=newest_first)
        return users_of(await self._db.rows(statement, app_id=app_id, kind=kind.value, skip=skip, limit=limit))

    async def count_known_by(self, app_id: AppId, kind: IdentifierKind) -> int:
        (row,) = await self._db.rows(_COUNT_KNOWN_BY, app_id=app_id, kind=kind.value)
        return int(row[0])

    async def search(self, app_id: AppId, query: Query) -> tuple[list[User], int]:
        ids, total = await directory.search(self._db, app_id, query)
        users = await self.many(app_id, [UserId(it) for it in ids])
        return [users[UserId(it)] for it in ids if it in users], total

    async def save(self, user: User) -> None:
        if user.device_id is not None:
            await self._refuse_device_of_another(user)
        known = {Identifier(IdentifierKind(kind), value): None for kind, value in await self._identifiers(user)}
        if tuple(known) != user.identifiers:
            for gone in known.keys() - set(user.identifiers):
                await self._db.change(
                    _DROP, app_id=user.app_id, kind=gone.kind.value, value=gone.value, user_id=user.id
                )
            await self._claim(user)
        await self._db.change(_SAVE, **_values(user))
        await directory.relist(self._db, user)

    async def password_hash(self, id: UserId) -> str | None:
        row = await self._db.row(_PASSWORD_HASH, id=id)
        return None if row is None else row[0]

    async def set_password_hash(self, id: UserId, password_hash: str | None, *, is_same: bool = False) -> None:
        await self._db.change(_REHASH if is_same else _SET_PASSWORD_HASH, id=id, password_hash=password_hash)

    async def mark_chat_key(self, id: UserId, at: datetime) -> None:
        await self._db.change(_MARK_CHAT_KEY, id=id, chat_key_at=column.of_moment(at))

    async def chat_keys_before(self, app_id: AppId, moment: datetime, page: PageAsked) -> Page[ChatKey]:
        rows = await self._db.rows(
            _CHAT_KEYS_BEFORE,
            app_id=app_id,
            moment=column.of_moment(moment),
            after=page.after or 0,
            limit=page.limit + 1,
        )
        found = [ChatKey(UserId(id), column.moment(minted_at)) for id, minted_at in rows]
        return page_of(found, page, lambda it: it.user_id)

    async def guests(self, before: datetime, limit: int) -> list[User]:
        return users_of(await self._db.rows(_GUESTS, before=column.of_moment(before), limit=limit))

    async def delete(self, id: UserId) -> None:
        await self._db.change(_DELETE, id=id)

    async def _identifiers(self, user: User) -> list[Row]:
        return await self._db.rows(_IDENTIFIERS_OF, user_id=user.id)

    async def _claim(self, user: User) -> None:
        """Keeps the identifiers. Claimed in one order everywhere, so that no two writes wait for each other."""
        for position, it in sorted(enumerate(user.identifiers), key=lambda numbered: numbered[1]):
            claimed = await self._db.change(
                _CLAIM, app_id=user.app_id, kind=it.kind.value, value=it.value, user_id=user.id, position=position
            )
            if not claimed:
                raise IdentifierTaken(it.kind.value)

    async def _refuse_device_of_another(self, user: User) -> None:
        if user.device_id is None:
            return
        if await self._db.row(_OTHER_ON_DEVICE, app_id=user.app_id, device_id=user.device_id, id=user.id):
            raise IdentifierTaken("device")


def users_of(rows: Iterable[Row]) -> list[User]:
    """Users from rows of USER and IDENTIFIER, those of one user next to each other."""
    return [_user(list(theirs)) for _, theirs in groupby(rows, key=lambda row: row[0])]


def _one(rows: list[Row]) -> User | None:
    return _user(rows) if rows else None


def _user(rows: list[Row]) -> User:
    id, app_id, name, avatar_url, phone, custom, tags, claimed, by_door, created_at, updated_at, *rest = rows[0]
    device_id, is_guest, is_vouched, standing, last_seen_at, first_kind, _ = rest
    return User(
        UserId(id),
        AppId(app_id),
        tuple(Identifier(IdentifierKind(row[-2]), row[-1]) for row in rows) if first_kind is not None else (),
        Profile(
            name,
            avatar_url,
            phone,
            column.data(custom),
            tuple(column.data(tags) or ()),
            _claimed(claimed),
            column.data(by_door),
        ),
        column.moment(created_at),
        column.moment(updated_at),
        device_id,
        bool(is_guest),
        bool(is_vouched),
        Standing(standing),
        None if last_seen_at is None else column.moment(last_seen_at),
    )


def _values(user: User) -> dict[str, Any]:
    profile = user.profile
    return {
        "id": user.id,
        "app_id": user.app_id,
        "name": profile.name,
        "avatar_url": profile.avatar_url,
        "phone": profile.phone,
        "custom": column.of_data(profile.custom),
        "tags": column.of_data(profile.tags),
        "claimed": column.of_data(_claimed_data(profile.claimed)),
        "by_door": column.of_data(profile.by_door),
        "created_at": column.of_moment(user.created_at),
        "updated_at": column.of_moment(user.updated_at),
        "device_id": user.device_id,
        "is_guest": user.is_guest,
        "is_vouched": user.is_vouched,
        "standing": user.standing.value,
    }


def _claimed(text: str) -> Claimed:
    return Claimed(**column.data(text)) if text != "{}" else _NOTHING_CLAIMED


def _claimed_data(claimed: Claimed) -> Mapping[str, Any]:
    said = {it.name: getattr(claimed, it.name) for it in fields(claimed)}
    return {name: value for name, value in said.items() if value}


_NOTHING_CLAIMED: Final = Claimed()
