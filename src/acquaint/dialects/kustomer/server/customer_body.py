"""Reading what a server writes of a customer: flat JSON with the vendor's names, and nothing else in it.

CustomerBody     what was sent, read and checked
read_body        reads it
revision         what becomes of a customer by it; decided within the write, by the customer as they are then

``emails``, ``phones``, ``externalIds``, ``socials``, ``whatsapps``, ``facebookIds`` and ``instagramIds`` name a
customer: they become identifiers, each of one customer only. The ``shared…`` lists name nobody. What we have no word
for stays with the customer as it was sent, for this dialect alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.requests import Request

from ....domain.errors import Unacceptable
from ....domain.identities import Identifier, IdentifierKind, ProfileChange, normal_email
from ....domain.users import User
from ....services.roster import Revision
from ....web.reading import check_texts
from .. import wire
from ..chat.tracking import DOOR
from ..reading import NOTHING_GIVEN, Asked, check_custom, moment_in, read

MOST_OF_EACH: Final = 10  # items of a list (the vendor's OpenAPI)
MOST_TAGS: Final = 20
LONGEST_LINE: Final = 256
NETWORKS: Final = ("twitter", "facebook", "instagram", "linkedin", "pinterest")

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Naming:
    """A list whose items name a customer: how an item is read, and the identifier it is."""

    field: str  # of an item; empty where an item is a text
    read: Callable[[Asked], Entry]
    identifier: Callable[[Entry], Identifier]
    kind: IdentifierKind


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
    asked = (await read(request)).only(*_READERS, *NAMING, "externalId", "custom", "rev")
    if not asked.values:
        raise Unacceptable("body", NOTHING_GIVEN)
    check_texts(asked.values)
    values: dict[str, Any] = {name: reader(asked, name) for name, reader in _READERS.items() if asked.has(name)}
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
    kept |= {name: body.values[name] for name in _KEPT if name in body.values}
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


def list_of(identifier: Identifier) -> str | None:
    """In which of the vendor's lists an identifier is. A login is in none, nor is whom another Provider knows."""
    match identifier.kind:
        case IdentifierKind.EMAIL:
            return "emails"
        case IdentifierKind.PHONE:
            return "phones"
        case IdentifierKind.EXTERNAL_ID:
            return "externalIds"
        case IdentifierKind.SUBJECT:
            issuer = identifier.value.partition("|")[0]
            return next((name for name, it in _ISSUERS.items() if issuer == it or issuer.startswith(it + ":")), None)
    return None


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


# The items of lists that name somebody


def _email(it: Asked) -> Entry:
    it = it.only("email", "type", "verified", "id")
    return {
        "email": it.needed("email", LONGEST_LINE).strip(),
        "type": _one_of(it, "type", ("home", "work", "other")),
        "verified": it.flag("verified") or False,
    }


def _phone(it: Asked) -> Entry:
    it = it.only("phone", "type", "verified", "id")
    return {
        "phone": it.needed("phone", 64).strip(),
        "type": _one_of(it, "type", ("mobile", "home", "work", "fax", "other")),
        "verified": it.flag("verified") or False,
    }


def _external_id(it: Asked) -> Entry:
    it = it.only("externalId", "verified", "id")
    return {"externalId": it.needed("externalId", LONGEST_LINE), "verified": it.flag("verified") or False}


def _social(it: Asked) -> Entry:
    it = it.only("type", "username", "userid", "url", "verified", "id")
    it.needed("type", 32)
    entry = {
        "type": _one_of(it, "type", NETWORKS),
        "username": it.needed("username", LONGEST_LINE),
        "userid": it.text("userid", LONGEST_LINE),
        "url": _address(it, "url"),
        "verified": it.flag("verified") or False,
    }
    return {name: value for name, value in entry.items() if value is not None}


def _id(it: Asked) -> Entry:
    return {"id": it.needed("id", LONGEST_LINE)}


def social_of(network: str, username: str) -> Identifier:
    """Names in social networks are compared in lower case. No Provider's issuer looks like this."""
    return Identifier.subject(f"{_ISSUERS['socials']}:{network}", username.strip().lower())


_ISSUERS: Final = {
    "socials": "kustomer:social",
    "whatsapps": "kustomer:whatsapp",
    "facebookIds": "kustomer:facebook",
    "instagramIds": "kustomer:instagram",
}

NAMING: Final[Mapping[str, Naming]] = {
    "externalIds": Naming(
        "externalId", _external_id, lambda it: Identifier.external_id(it["externalId"]), IdentifierKind.EXTERNAL_ID
    ),
    "emails": Naming("email", _email, lambda it: Identifier.email(it["email"]), IdentifierKind.EMAIL),
    "phones": Naming("phone", _phone, lambda it: Identifier.phone(it["phone"]), IdentifierKind.PHONE),
    "socials": Naming("username", _social, lambda it: social_of(it["type"], it["username"]), IdentifierKind.SUBJECT),
    "whatsapps": Naming(
        "phone",
        _phone,
        lambda it: Identifier.subject(_ISSUERS["whatsapps"], Identifier.phone(it["phone"]).value),
        IdentifierKind.SUBJECT,
    ),
    "facebookIds": Naming(
        "", _id, lambda it: Identifier.subject(_ISSUERS["facebookIds"], it["id"]), IdentifierKind.SUBJECT
    ),
    "instagramIds": Naming(
        "", _id, lambda it: Identifier.subject(_ISSUERS["instagramIds"], it["id"]), IdentifierKind.SUBJECT
    ),
}


# The other fields


def _line(longest: int) -> Callable[[Asked, str], Any]:
    return lambda asked, name: asked.text(name, longest)


def _address(asked: Asked, name: str) -> str | None:
    """Of the web: what is shown to people as a link must not be a script."""
    value = asked.text(name, 2048)
    if value is not None and not value.startswith(("https://", "http://")):
        raise Unacceptable(asked.at + name, "must be an address that begins with https:// or http://")
    return value


def _moment(asked: Asked, name: str) -> str | None:
    return wire.moment(asked.moment(name))


def _day_or_moment(asked: Asked, name: str) -> str | None:
    value = asked.text(name, 64)
    if value is None:
        return None
    found = moment_in(value if "T" in value else value + "T00:00:00Z")
    if found is None:
        raise Unacceptable(asked.at + name, "must be a date, or a date and time of ISO 8601")
    return wire.moment(found)


def _one_of(asked: Asked, name: str, known: tuple[str, ...]) -> str | None:
    value = asked.text(name, 64)
    if value is not None and value not in known:
        raise Unacceptable(asked.at + name, f"must be one of {', '.join(known)}")
    return value


def _unique(name: str, entries: list[Any]) -> list[Any]:
    for number, it in enumerate(entries):
        if it in entries[:number]:
            raise Unacceptable(f"{name}[{number}]", "is there twice")
    return entries


def _lines(at_most: int, longest: int = LONGEST_LINE) -> Callable[[Asked, str], Any]:
    return lambda asked, name: _unique(name, asked.texts(name, at_most, longest) or [])


def _shared(reader: Callable[[Asked], Entry]) -> Callable[[Asked, str], Any]:
    def read_shared(asked: Asked, name: str) -> list[Entry]:
        return _unique(name, [_without_nulls(reader(it)) for it in asked.objects(name, MOST_OF_EACH) or []])

    return read_shared


def _shared_email(it: Asked) -> Entry:
    entry = _email(it)
    try:
        return entry | {"email": normal_email(entry["email"])}
    except Unacceptable as rule:
        raise Unacceptable(it.at + "email", rule.reason) from rule


def read_shared_email(asked: Asked, name: str) -> Entry | None:
    """One address that somebody says is theirs."""
    value = asked.text(name, LONGEST_LINE)
    if not value:
        return None
    try:
        return {"email": normal_email(value), "verified": False}
    except Unacceptable as rule:
        raise Unacceptable(asked.at + name, rule.reason) from rule


def read_shared_phone(asked: Asked, name: str) -> Entry | None:
    value = asked.text(name, 64)
    if not value:
        return None
    try:
        Identifier.phone(value)
    except Unacceptable as rule:
        raise Unacceptable(asked.at + name, rule.reason) from rule
    return {"phone": value.strip(), "verified": False}


def _url(it: Asked) -> Entry:
    it = it.only("url", "type")
    it.needed("url", 2048)
    return {"url": _address(it, "url"), "type": _one_of(it, "type", ("website", "blog", "other"))}


def _location(it: Asked) -> Entry:
    names = ("type", "name", "address", "address2", "address3", "latitude", "longitude", "countryCode", "countryName",
             "regionCode", "regionName", "cityName", "zipCode", "areaCode")  # fmt: skip
    it = it.only(*names)
    found: Entry = {}
    for name in names:
        if name in ("latitude", "longitude"):
            value = it.values.get(name)
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 180
            ):
                raise Unacceptable(it.at + name, "must be a number of degrees")
            found[name] = value
        else:
            found[name] = it.text(name, LONGEST_LINE)
    return found


def _sentiment(asked: Asked, name: str) -> Entry | None:
    value = asked.object(name)
    if value is None:
        return None
    it = Asked(value, f"{name}.").only("polarity", "confidence")
    confidence = value.get("confidence")
    if confidence is not None and (
        isinstance(confidence, bool) or not isinstance(confidence, int | float) or not -1 <= confidence <= 1
    ):
        raise Unacceptable(f"{name}.confidence", "must be a number from -1 to 1")
    return {"polarity": it.number("polarity", 0, -1, 1), "confidence": confidence}


def _without_nulls(entry: Entry) -> Entry:
    return {name: value for name, value in entry.items() if value is not None}


_READERS: Final[Mapping[str, Callable[[Asked, str], Any]]] = {
    "name": _line(255),  # the vendor's 256 is one more than we keep
    "company": _line(64),
    "username": _line(LONGEST_LINE),
    "avatarUrl": _address,
    "signedUpAt": _moment,
    "lastActivityAt": _moment,
    "lastCustomerActivityAt": _moment,
    "lastSeenAt": _moment,
    "createdAt": _moment,
    "importedAt": _moment,
    "birthdayAt": _day_or_moment,
    "gender": lambda asked, name: _one_of(asked, name, ("m", "f")),
    "locale": _line(16),
    "timeZone": _line(64),
    "defaultLang": _line(16),
    "tags": _lines(MOST_TAGS, 64),
    "sentiment": _sentiment,
    "sharedExternalIds": _shared(_external_id),
    "sharedEmails": _shared(_shared_email),
    "sharedPhones": _shared(_phone),
    "sharedSocials": _shared(_social),
    "urls": _shared(_url),
    "locations": _shared(_location),
}
_KEPT: Final = tuple(name for name in _READERS if name not in ("name", "avatarUrl", "tags"))
"""What stays with the customer as it was sent."""
