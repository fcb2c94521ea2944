"""Privacy lists (XEP-0016), as far as the vendor's clients use them: whom a user does not want to hear from.

asked        what a stanza asks of them, as plain data
act          does it; the answer, where there is one
AskPrivacy   what can be asked

The list that is the default one is in force: it is whom the user blocks, through any door. The others are only kept,
and so is the default one once it is declined. The vendor's lists also hide what somebody says in rooms, and with
``mutualBlock`` what one says to them; here a block is about two people alone, and about what one hears.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec

from ...domain.errors import NotFound, Unacceptable
from ...domain.identities import ProfileChange
from ...domain.users import User, UserId
from ...ports.store import Recognised
from ...services import blocks
from ...services.core import Core
from . import jid
from .auth import DOOR
from .jid import Names, Person
from .wire import own_of
from .xml import Element

PRIVACY: Final = "jabber:iq:privacy"

MOST_LISTS: Final = 10
LONGEST_NAME: Final = 100  # characters
MOST_KEPT: Final = blocks.MOST_BLOCKED
"""Users of lists that are not in force, together. Against filling the profile, where they are."""

KEPT: Final = "privacy"

Arranged = tuple[frozenset[UserId], ProfileChange]

_OCCUPANT: Final = re.compile(r"muc\.[^/@\s]{1,255}/[0-9]{1,16}")
"""What the SDK adds to each user, meaning what they say in rooms: there is no such address, and nothing of the kind."""


@dataclass(frozen=True, slots=True)
class ListNames:
    """Which lists there are, and which is the default one."""


@dataclass(frozen=True, slots=True)
class ShowList:
    name: str


@dataclass(frozen=True, slots=True)
class PutList:
    """Whom it denies; who is allowed in it is as if they were not. Of nobody, it is removed (XEP-0016, section 2.8)."""

    name: str
    denied: frozenset[Person]


@dataclass(frozen=True, slots=True)
class SetDefault:
    """None declines whichever it is."""

    name: str | None


AskPrivacy = ListNames | ShowList | PutList | SetDefault


def asked(kind: str, query: Element) -> AskPrivacy | None:
    """None for what is no such request."""
    its = list(query.elements)
    if kind == "get" and not its:
        return ListNames()
    if len(its) != 1 or its[0].namespace != PRIVACY:
        return None
    [it] = its
    name = it.get("name")
    if kind == "set" and it.name == "default" and len(name) <= LONGEST_NAME:
        return SetDefault(name or None)
    if it.name != "list" or not 0 < len(name) <= LONGEST_NAME:
        return None
    if kind == "get":
        return ShowList(name) if not it.children else None
    denied = set[Person]()
    for item in it.elements:
        value, action = item.get("value"), item.get("action")
        if (item.name, item.get("type")) != ("item", "jid") or action not in ("allow", "deny"):
            return None
        who = jid.read(value) if len(value) <= jid.LONGEST else None
        if isinstance(who, Person):
            denied |= {who} if action == "deny" else set()
        elif not _OCCUPANT.fullmatch(value):
            return None
    return PutList(name, frozenset(denied))


async def act(core: Core, it: Recognised, names: Names, ask: AskPrivacy) -> Element | None:
    """Refuses with NotFound for a list that is not there, and as ``blocks.arrange`` does."""
    match ask:
        case ListNames():
            return _names(await _lists(core, it))
        case ShowList(name):
            return _list(name, await _denied(core, it, name), it, names)
        case PutList():
            if any(who.app_id != it.app.id for who in ask.denied):
                raise NotFound("user")
            await blocks.arrange(core, it, partial(_put, ask))
        case SetDefault():
            await blocks.arrange(core, it, partial(_set_default, ask))
    return None


# What is kept


class _Kept(msgspec.Struct):
    default: str | None = None
    lists: dict[str, tuple[UserId, ...]] = {}


@dataclass(frozen=True, slots=True)
class Lists:
    """``kept`` has the users of each list; of the default one they are those whom the user blocks."""

    default: str | None
    kept: Mapping[str, tuple[UserId, ...]]

    @classmethod
    def of(cls, user: User) -> Lists:
        """What is kept there and is none, as after a merge of two users, counts for nothing."""
        try:
            kept = msgspec.convert(own_of(user).get(KEPT, {}), _Kept)
        except msgspec.ValidationError:
            return cls(None, {})
        return cls(kept.default, kept.lists)

    @property
    def names(self) -> list[str]:
        return sorted({*self.kept} | ({self.default} if self.default is not None else set()))

    def change(self, user: User) -> ProfileChange:
        if len(self.names) > MOST_LISTS or sum(len(ids) for ids in self.kept.values()) > MOST_KEPT:
            raise Unacceptable("list", f"is more than {MOST_LISTS}, or they have more than {MOST_KEPT} users")
        own: dict[str, Any] = {key: value for key, value in own_of(user).items() if key != KEPT}
        if self.names:
            own[KEPT] = {"default": self.default, "lists": {name: list(ids) for name, ids in self.kept.items()}}
        return ProfileChange(by_door={DOOR: own})


def _put(ask: PutList, user: User, blocked: frozenset[UserId]) -> Arranged:
    lists, name, wanted = Lists.of(user), ask.name, frozenset(who.user_id for who in ask.denied)
    others = {key: ids for key, ids in lists.kept.items() if key != name}
    if name == lists.default:
        return wanted, Lists(name if wanted else None, others).change(user)
    kept = {**others, name: tuple(sorted(wanted))} if wanted else others
    if not wanted and name not in lists.kept:
        raise NotFound("list")
    return blocked, Lists(lists.default, kept).change(user)


def _set_default(ask: SetDefault, user: User, blocked: frozenset[UserId]) -> Arranged:
    """Whoever is blocked without a list stays so when one is put in force: that is no wish to hear from them."""
    lists, name = Lists.of(user), ask.name
    if name == lists.default:
        return blocked, lists.change(user)
    if name is not None and name not in lists.kept:
        raise NotFound("list")
    kept, still = dict(lists.kept), blocked
    if lists.default is not None:
        kept[lists.default], still = tuple(sorted(blocked)), frozenset()
    if name is not None:
        still |= frozenset(kept.pop(name))
    return still, Lists(name, kept).change(user)


async def _lists(core: Core, it: Recognised) -> Lists:
    async with core.store.read() as tx:
        user = None if it.session.user_id is None else await tx.users.get(it.app.id, it.session.user_id)
    return Lists(None, {}) if user is None else Lists.of(user)


async def _denied(core: Core, it: Recognised, name: str) -> list[UserId]:
    lists = await _lists(core, it)
    if name == lists.default:
        found = await blocks.list_of(core, it.session, skip=0, limit=blocks.MOST_BLOCKED)
        return sorted(user.id for user in found.users)
    if name not in lists.kept:
        raise NotFound("list")
    return list(lists.kept[name])


# What is answered


def _names(lists: Lists) -> Element:
    query = Element("query", PRIVACY)
    if lists.default is not None:
        query.children.append(Element("default", PRIVACY, {"name": lists.default}))
    query.children += [Element("list", PRIVACY, {"name": name}) for name in lists.names]
    return query


def _list(name: str, denied: list[UserId], it: Recognised, names: Names) -> Element:
    """Each user twice, as the SDK says and reads it."""
    found = Element("list", PRIVACY, {"name": name})
    for order, value in enumerate(_values(denied, it, names), 1):
        attributes = {"type": "jid", "value": value, "action": "deny", "order": str(order)}
        found.children.append(Element("item", PRIVACY, attributes))
    return Element("query", PRIVACY, children=[found])


def _values(denied: list[UserId], it: Recognised, names: Names) -> Iterator[str]:
    for id in denied:
        yield names.bare(it.app.id, id)
        yield f"{jid.ROOMS}{names.domain}/{id}"
