"""Privacy lists (XEP-0016), as far as the vendor's clients use them: whom a user does not want to hear from.

asked        what a stanza asks of them, as plain data
act          does it; the answer, where there is one
AskPrivacy   what can be asked
is_list      whether a frame may be as long as a list is

The list that is the default one is in force: it is whom the user blocks, through any door. The others are only kept,
and so is the default one once it is declined. The vendor's lists also hide what somebody says in rooms; here a block is
about two people alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import Any, Final

import msgspec

from ...domain.errors import NotFound, Unacceptable
from ...domain.identities import ProfileChange
from ...domain.users import User, UserId
from ...ports.store import Recognised
from ...services import blocks
from ...services.blocks import Blocking
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
"""Users of lists that are not in force, together, and those who are allowed. Against filling the profile, where they
are."""

KEPT: Final = "privacy"

MOST_ELEMENTS: Final = 10 * blocks.MOST_BLOCKED + 1_000
"""Of a frame with a list. The SDK says ten for each user; some more users than there may be are told so by name."""

Arranged = tuple[Blocking, ProfileChange]

_OCCUPANT: Final = re.compile(r"muc\.[^/@\s]{1,255}/[0-9]{1,16}")
"""What the SDK adds to each user, meaning what they say in rooms: there is no such address, and nothing of the kind."""


class Stance(IntEnum):
    """How a list has somebody. Where it has them twice, the stronger one counts."""

    ALLOW = 0
    DENY = 1
    MUTUAL = 2  # denied, and one says nothing to them either


_ONE_WAY: Final = ("message", "presence-in", "presence-out", "iq")
"""What the SDK says of who is allowed, or denied only to be heard. An item without any is about everything, both ways
(XEP-0016, section 2.4)."""


@dataclass(frozen=True, slots=True)
class ListNames:
    """Which lists there are, and which is the default one."""


@dataclass(frozen=True, slots=True)
class ShowList:
    name: str


@dataclass(frozen=True, slots=True)
class PutList:
    """Whom it has, and how. Of nobody, it is removed (XEP-0016, section 2.8)."""

    name: str
    items: Mapping[Person, Stance]


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
    items = dict[Person, Stance]()
    for item in it.elements:
        value, action = item.get("value"), item.get("action")
        if (item.name, item.get("type")) != ("item", "jid") or action not in ("allow", "deny"):
            return None
        who = jid.read(value) if len(value) <= jid.LONGEST else None
        if isinstance(who, Person):
            items[who] = max(items.get(who, Stance.ALLOW), _stance(action, item))
        elif not _OCCUPANT.fullmatch(value):
            return None
    return PutList(name, items)


def is_list(iq: Element, asked: Element) -> bool:
    return iq.name == "iq" and (asked.name, asked.namespace) == ("query", PRIVACY)


def _stance(action: str, item: Element) -> Stance:
    if action == "allow":
        return Stance.ALLOW
    return Stance.DENY if any(item.elements) else Stance.MUTUAL


async def act(core: Core, it: Recognised, names: Names, ask: AskPrivacy) -> Element | None:
    """Refuses with NotFound for a list that is not there, and as ``blocks.arrange`` does."""
    match ask:
        case ListNames():
            return _names(await _lists(core, it))
        case ShowList(name):
            return _list(name, await _items(core, it, name), it, names)
        case PutList():
            if any(who.app_id != it.app.id for who in ask.items):
                raise NotFound("user")
            await blocks.arrange(core, it, partial(_put, ask))
        case SetDefault():
            await blocks.arrange(core, it, partial(_set_default, ask))
    return None


# What is kept


class _Kept(msgspec.Struct):
    """Of each list those who are denied, denied mutually, allowed."""

    default: str | None = None
    lists: dict[str, tuple[UserId, ...]] = {}
    mutual: dict[str, tuple[UserId, ...]] = {}
    allowed: dict[str, tuple[UserId, ...]] = {}


Items = Mapping[UserId, Stance]


@dataclass(frozen=True, slots=True)
class Lists:
    """``kept`` has the users of each list; of the default one only who is allowed: the others are whom one blocks."""

    default: str | None
    kept: Mapping[str, Items]

    @classmethod
    def of(cls, user: User) -> Lists:
        """What is kept there and is none, as after a merge of two users, counts for nothing."""
        try:
            kept = msgspec.convert(own_of(user).get(KEPT, {}), _Kept)
        except msgspec.ValidationError:
            return cls(None, {})
        by_stance = ((Stance.DENY, kept.lists), (Stance.MUTUAL, kept.mutual), (Stance.ALLOW, kept.allowed))
        items: dict[str, dict[UserId, Stance]] = {}
        for stance, lists in by_stance:
            for name, ids in lists.items():
                items.setdefault(name, {}).update(dict.fromkeys(ids, stance))
        return cls(kept.default, items)

    @property
    def names(self) -> list[str]:
        return sorted({*self.kept} | ({self.default} if self.default is not None else set()))

    def change(self, user: User) -> ProfileChange:
        if len(self.names) > MOST_LISTS or sum(len(ids) for ids in self.kept.values()) > MOST_KEPT:
            raise Unacceptable("list", f"is more than {MOST_LISTS}, or they have more than {MOST_KEPT} users")
        own: dict[str, Any] = {key: value for key, value in own_of(user).items() if key != KEPT}
        if self.names:
            own[KEPT] = {"default": self.default} | {
                key: {name: sorted(ids) for name, items in self.kept.items() if (ids := _of(items, stance))}
                for key, stance in (("lists", Stance.DENY), ("mutual", Stance.MUTUAL), ("allowed", Stance.ALLOW))
            }
        return ProfileChange(by_door={DOOR: own})


def _of(items: Items, stance: Stance) -> list[UserId]:
    return [id for id, its in items.items() if its is stance]


def _allowing(items: Items) -> Items:
    return {id: stance for id, stance in items.items() if stance is Stance.ALLOW}


def _denying(items: Items) -> Blocking:
    """What a list comes to, in force."""
    return {id: stance is Stance.MUTUAL for id, stance in items.items() if stance is not Stance.ALLOW}


def _saying(blocking: Blocking) -> Items:
    return {id: Stance.MUTUAL if is_mutual else Stance.DENY for id, is_mutual in blocking.items()}


def _with(kept: Mapping[str, Items], name: str, items: Items) -> dict[str, Items]:
    """The list in place of the one of this name; none, where it is of nobody."""
    others = {key: its for key, its in kept.items() if key != name}
    return {**others, name: items} if items else others


def _put(ask: PutList, user: User, blocked: Blocking) -> Arranged:
    lists, name, items = Lists.of(user), ask.name, {who.user_id: stance for who, stance in ask.items.items()}
    if name == lists.default:
        kept = _with(lists.kept, name, _allowing(items))
        return _denying(items), Lists(name if items else None, kept).change(user)
    if not items and name not in lists.kept:
        raise NotFound("list")
    return blocked, Lists(lists.default, _with(lists.kept, name, items)).change(user)


def _set_default(ask: SetDefault, user: User, blocked: Blocking) -> Arranged:
    """Whoever is blocked without a list stays so when one is put in force: that is no wish to hear from them."""
    lists, name = Lists.of(user), ask.name
    if name == lists.default:
        return blocked, lists.change(user)
    if name is not None and name not in lists.kept:
        raise NotFound("list")
    kept, still = dict(lists.kept), dict(blocked)
    if lists.default is not None:
        kept = _with(kept, lists.default, {**kept.get(lists.default, {}), **_saying(blocked)})
        still = {}
    if name is not None:
        still |= _denying(lists.kept[name])
        kept = _with(kept, name, _allowing(lists.kept[name]))
    return still, Lists(name, kept).change(user)


async def _lists(core: Core, it: Recognised) -> Lists:
    async with core.store.read() as tx:
        user = None if it.session.user_id is None else await tx.users.get(it.app.id, it.session.user_id)
    return Lists(None, {}) if user is None else Lists.of(user)


async def _items(core: Core, it: Recognised, name: str) -> Items:
    lists = await _lists(core, it)
    if name == lists.default:
        return {**lists.kept.get(name, {}), **_saying(await blocks.all_of(core, it.session))}
    if name not in lists.kept:
        raise NotFound("list")
    return lists.kept[name]


# What is answered


def _names(lists: Lists) -> Element:
    query = Element("query", PRIVACY)
    if lists.default is not None:
        query.children.append(Element("default", PRIVACY, {"name": lists.default}))
    query.children += [Element("list", PRIVACY, {"name": name}) for name in lists.names]
    return query


def _list(name: str, items: Items, it: Recognised, names: Names) -> Element:
    """Each user twice, as the SDK says and reads it."""
    found = Element("list", PRIVACY, {"name": name})
    for id, stance in sorted(items.items()):
        about = [] if stance is Stance.MUTUAL else [Element(kind, PRIVACY) for kind in _ONE_WAY]
        for value in (names.bare(it.app.id, id), f"{jid.ROOMS}{names.domain}/{id}"):
            action = "allow" if stance is Stance.ALLOW else "deny"
            order = str(len(found.children) + 1)
            attributes = {"type": "jid", "value": value, "action": action, "order": order}
            found.children.append(Element("item", PRIVACY, attributes, [*about]))
    return Element("query", PRIVACY, children=[found])
