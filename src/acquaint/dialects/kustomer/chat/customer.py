"""Oneself: what a visitor says about themselves, and the signal that tells an SDK to look again.

What is said here proves nothing. Addresses and numbers are kept as shared ones, whatever the SDK calls them, name
nobody, and are no reason to refuse them to their owner later.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ....domain.conversations import Conversation
from ....domain.errors import Unacceptable
from ....domain.identities import LONGEST_EMAIL, LONGEST_PHONE, Identifier, Profile, ProfileChange, normal_email
from ....domain.sessions import Session
from ....services import support
from ....web.dialect import core_of
from .. import wire
from ..reading import NOTHING_GIVEN, Asked, check_custom, read
from . import resources
from .tracking import DOOR, caller_of, is_verified

MOST_SHARED: Final = 10  # of each kind of address (the vendor's OpenAPI)
NETWORKS: Final = ("twitter", "facebook", "instagram", "linkedin")
LONGEST_NAME: Final = 256  # of somebody in a social network

Entry = dict[str, Any]


async def describe_customer(request: Request) -> Response:
    """PATCH customers/current. Makes the anonymous customer if nobody is there yet."""
    caller = await caller_of(request)
    asked = (await read(request)).only("custom", *_ALL_NAMES)
    said = {kind: _entries(asked, names, reader) for kind, (names, reader) in _SHARED.items()}
    custom = asked.object("custom")
    checked = None if custom is None else check_custom(custom)
    if not any(said.values()) and not checked:
        raise Unacceptable("", NOTHING_GIVEN)
    session, user = await support.describe(
        core_of(request), caller.recognised, lambda profile: _change(profile, said, checked or {})
    )
    return wire.document(resources.customer(caller.app, user, is_verified=is_verified(session)))


async def stats(request: Request) -> Response:
    """GET stats: what SDKs poll. ``lastActivity`` is another one after every message, lock, merge or log-in."""
    caller = await caller_of(request)
    seen = await support.overview(core_of(request), caller.session)
    attributes = {"lastActivity": wire.moment(_latest(caller.session, seen))}
    id = caller.session.user_id or caller.session.id
    return wire.document(wire.resource("customer_stats", id, attributes, wire.org_of(caller.app)))


def _latest(session: Session, seen: Sequence[Conversation]) -> datetime | None:
    """When something happened last, to the second. The fraction is a checksum of everything that is seen, and by whom:
    conversations that come in by a log-in or a merge may be older than what was there.
    """
    if not seen:
        return None
    latest = max(it.updated_at for it in seen).replace(microsecond=0)
    state = repr((session.user_id, session.assurance, [(it.id, it.updated_at, it.last_message_id) for it in seen]))
    return latest + timedelta(milliseconds=zlib.crc32(state.encode()) % 1000)


def _change(profile: Profile, said: Mapping[str, list[Entry]], custom: Mapping[str, Any]) -> ProfileChange:
    """What the profile becomes: lists grow, custom attributes are replaced one by one, null takes one away."""
    kept = dict(profile.by_door.get(DOOR, {}))
    for kind, entries in said.items():
        if entries:
            kept[kind] = _joined(kind, kept.get(kind, []), entries)
    claimed = {name: value for name, value in {**profile.claimed.custom, **custom}.items() if value is not None}
    return ProfileChange(claimed_custom=claimed, by_door={DOOR: kept})


def _joined(kind: str, was: list[Entry], more: list[Entry]) -> list[Entry]:
    joined = list(was)
    known = {_key(it) for it in was}
    for it in more:
        if _key(it) not in known:
            known.add(_key(it))
            joined.append(it)
    if len(joined) > max(MOST_SHARED, len(was)):
        raise Unacceptable(kind, f"has more than {MOST_SHARED} items, earlier ones included")
    return joined


def _key(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """What makes two entries the same, whoever wrote them."""
    return tuple(
        str(entry.get(it, "")).lower() for it in ("email", "phone", "type" if "username" in entry else "", "username")
    )


def _entries(asked: Asked, names: tuple[str, ...], reader: Callable[[Asked | str, str], Entry]) -> list[Entry]:
    found = []
    for name in names:
        value = asked.values.get(name)
        if isinstance(value, list) and all(isinstance(it, str) for it in value):
            found += [reader(it, name) for it in asked.texts(name, MOST_SHARED, LONGEST_NAME) or []]
        else:
            found += [reader(it, name) for it in asked.objects(name, MOST_SHARED) or []]
    return found


def _email(it: Asked | str, name: str) -> Entry:
    address = it if isinstance(it, str) else it.only("email", "type").needed("email", LONGEST_EMAIL)
    try:
        return {"email": normal_email(address), "verified": False}
    except Unacceptable as rule:
        raise Unacceptable(name, rule.reason) from rule


def _phone(it: Asked | str, name: str) -> Entry:
    number = it if isinstance(it, str) else it.only("phone", "type").needed("phone", LONGEST_PHONE)
    try:
        Identifier.phone(number[: LONGEST_PHONE + 1])
    except Unacceptable as rule:
        raise Unacceptable(name, rule.reason) from rule
    return {"phone": number.strip(), "verified": False}


def _social(it: Asked | str, name: str) -> Entry:
    if isinstance(it, str):
        raise Unacceptable(name, "must be a list of objects")
    it = it.only("username", "type", "userid", "url")
    network = it.needed("type", 32)
    if network not in NETWORKS:
        raise Unacceptable(it.at + "type", f"must be one of {', '.join(NETWORKS)}")
    return {"username": it.needed("username", LONGEST_NAME), "type": network, "verified": False}


_SHARED: Final[Mapping[str, tuple[tuple[str, ...], Callable[[Asked | str, str], Entry]]]] = {
    "sharedEmails": (("sharedEmails", "emails"), _email),
    "sharedPhones": (("sharedPhones", "phones"), _phone),
    "sharedSocials": (("sharedSocials", "socials"), _social),
}
_ALL_NAMES: Final = tuple(name for names, _ in _SHARED.values() for name in names)
