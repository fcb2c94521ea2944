"""Reading what a server writes of a customer: flat JSON with the vendor's names, and nothing else in it.

CustomerBody     what was sent, read and checked
read_customer    reads it; customer_in, where it is one of several in a body
revision         what becomes of a customer by it; decided within the write, by the customer as they are then

``emails``, ``phones``, ``externalIds``, ``socials``, ``whatsapps``, ``facebookIds`` and ``instagramIds`` name a
customer: they become identifiers, each of one customer only. The ``shared…`` lists name nobody. What we have no word
for stays with the customer as it was sent, for this dialect alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request

from ....domain.errors import Unacceptable
from ....domain.identities import Identifier, ProfileChange
from ....domain.users import User
from ....services.roster import Revision
from ....web.reading import check_texts
from ..chat.tracking import DOOR
from ..reading import NOTHING_GIVEN, Asked, check_custom, read
from .customer_fields import FIELDS, KEPT, MOST_OF_EACH
from .naming import LONGEST_LINE, NAMING, Entry, list_of


@dataclass(frozen=True, slots=True)
class CustomerBody:
    """What was sent. ``named`` has, by list, the identifiers and how they were written."""

    values: Mapping[str, Any]
    named: Mapping[str, list[tuple[Identifier, Entry]]]
    keeps_other_external_ids: bool = False  # only ``externalId`` was sent, which is the first of them

    def identifier_at(self, identifier: Identifier) -> str:
        """Where in the body the identifier is."""
        for name, entries in self.named.items():
            for number, (it, _) in enumerate(entries):
                if it == identifier:
                    item = NAMING[name].field
                    return f"{name}[{number}].{item}" if item else f"{name}[{number}]"
        return "body"

    def check_fresh(self, user: User) -> None:
        """Refuses with Stale when the sender saw another revision of the customer than there is now."""
        if self.values.get("rev") not in (None, rev_of(user)):
            raise Stale("rev", "is not the current one: somebody changed the customer meanwhile")


class Stale(Unacceptable):
    """The customer is not any more what the sender thinks."""


def rev_of(user: User) -> int:
    """The revision of a customer: when it was made, in milliseconds."""
    return int(user.updated_at.timestamp() * 1000)


async def read_customer(request: Request) -> CustomerBody:
    return customer_in(await read(request))


def customer_in(asked: Asked) -> CustomerBody:
    asked.only(*FIELDS, *NAMING, "externalId", "custom", "rev")
    if not asked.values:
        raise Unacceptable("body", NOTHING_GIVEN)
    check_texts(asked.values)
    values: dict[str, Any] = {name: reader(asked, name) for name, reader in FIELDS.items() if asked.has(name)}
    if asked.has("custom"):
        values["custom"] = check_custom(asked.object("custom") or {})
    if asked.has("rev"):
        values["rev"] = asked.number("rev", 0, 0, 2**53)
    named = {name: found for name in NAMING if (found := _named(asked, name)) is not None}
    return CustomerBody(values, named, asked.has("externalId") and not asked.has("externalIds"))


def revision(body: CustomerBody, user: User | None, *, replaces: bool = False, is_update: bool = True) -> Revision:
    """What becomes of the customer. Without a user, of a new one. ``replaces``: what was not sent is emptied."""
    if user is not None:
        body.check_fresh(user)
    identifiers = _identifiers(body, user, replaces=replaces)
    if user is not None and not user.is_verified and identifiers != user.identifiers:
        name = next((it for it, found in body.named.items() if found), "emails")
        raise Unacceptable(
            name,
            "cannot name a customer who is whoever holds a device: make the customer, and merge this one into it",
        )
    profile = user.profile if user is not None else None
    kept = dict(profile.by_door.get(DOOR, {})) if profile is not None else {}
    if replaces:
        kept = {}
    if is_update and "company" not in body.values:
        kept.pop("company", None)  # the vendor unlinks a company that an update does not repeat
    kept |= {name: body.values[name] for name in KEPT if name in body.values}
    for name, entries in body.named.items():
        kept[name] = [entry for _, entry in entries]
    kept = {name: value for name, value in kept.items() if value not in (None, [])}
    return Revision(identifiers, _change(body, user, kept, replaces=replaces))


def _change(body: CustomerBody, user: User | None, kept: Mapping[str, Any], *, replaces: bool) -> ProfileChange:
    values = body.values
    was = user.profile.custom if user is not None and not replaces else {}
    change = ProfileChange(by_door={DOOR: kept})
    if replaces or "custom" in values:
        custom = {name: it for name, it in {**was, **values.get("custom", {})}.items() if it is not None}
        change = replace(change, custom=custom)
    if replaces or "name" in values:
        change = replace(change, name=values.get("name"))
    if replaces or "avatarUrl" in values:
        change = replace(change, avatar_url=values.get("avatarUrl"))
    if replaces or "tags" in values:
        change = replace(change, tags=tuple(values.get("tags") or ()))
    if replaces or "phones" in body.named:
        phones = body.named.get("phones", [])
        change = replace(change, phone=phones[0][1]["phone"] if phones else None)
    return change


def _identifiers(body: CustomerBody, user: User | None, *, replaces: bool) -> tuple[Identifier, ...]:
    """Those the customer has from now on: of each list that was sent, its items; of the others, what there was."""
    was = user.identifiers if user is not None else ()
    sent = {name for name in NAMING if replaces or name in body.named}
    kept = [it for it in was if list_of(it) not in sent]
    named = [it for found in body.named.values() for it, _ in found]
    if body.keeps_other_external_ids and not replaces:
        named += [it for it in was if list_of(it) == "externalIds"][1:]
    return tuple(dict.fromkeys([*kept, *named]))


def _named(asked: Asked, name: str) -> list[tuple[Identifier, Entry]] | None:
    """The items of a list; None where it was not sent."""
    given = _items(asked, name)
    if given is None:
        return None
    naming = NAMING[name]
    found: dict[Identifier, Entry] = {}
    for number, it in enumerate(given):
        entry = naming.read(it)
        at = f"{name}[{number}]" + (f".{naming.field}" if naming.field else "")
        try:
            identifier = naming.identifier(entry)
        except Unacceptable as rule:
            raise Unacceptable(at, rule.reason) from rule
        if identifier in found:
            raise Unacceptable(at, "is there twice")
        found[identifier] = entry
    return list(found.items())


def _items(asked: Asked, name: str) -> list[Asked] | None:
    """``externalId`` is the first of ``externalIds``."""
    if NAMING[name].field:
        given = asked.objects(name, MOST_OF_EACH)
    else:
        texts = asked.texts(name, MOST_OF_EACH)
        given = None if texts is None else [Asked({"id": it}, f"{name}[{number}].") for number, it in enumerate(texts)]
    if given is None and asked.has(name):
        given = []  # null empties it
    if name != "externalIds" or not asked.has("externalId"):
        return given
    first = asked.text("externalId", LONGEST_LINE)
    others = [it for it in given or [] if it.values.get("externalId") != first]
    if first is None:
        return others
    same = next((it for it in given or [] if it.values.get("externalId") == first), Asked({"externalId": first}))
    return [same, *others]
