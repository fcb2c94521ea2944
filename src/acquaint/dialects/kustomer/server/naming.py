"""What names a customer: lists whose items become identifiers, each of one customer only.

NAMING       the lists: how an item is read, and the identifier it is
list_of      in which of them an identifier is
address, one_of    readings that other fields need, too
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ....domain.errors import Unacceptable
from ....domain.identities import Identifier, IdentifierKind
from ..reading import Asked

LONGEST_LINE: Final = 256
NETWORKS: Final = ("twitter", "facebook", "instagram", "linkedin", "pinterest")

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Naming:
    """A list whose items name a customer: how an item is read, and the identifier it is."""

    field: str  # of an item; empty where an item is a text
    read: Callable[[Asked], Entry]
    identifier: Callable[[Entry], Identifier]


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


def email(it: Asked) -> Entry:
    it = it.only("email", "type", "verified", "id")
    return {
        "email": it.needed("email", LONGEST_LINE).strip(),
        "type": one_of(it, "type", ("home", "work", "other")),
        "verified": it.flag("verified") or False,
    }


def phone(it: Asked) -> Entry:
    it = it.only("phone", "type", "verified", "id")
    return {
        "phone": it.needed("phone", 64).strip(),
        "type": one_of(it, "type", ("mobile", "home", "work", "fax", "other")),
        "verified": it.flag("verified") or False,
    }


def external_id(it: Asked) -> Entry:
    it = it.only("externalId", "verified", "id")
    return {"externalId": it.needed("externalId", LONGEST_LINE), "verified": it.flag("verified") or False}


def social(it: Asked) -> Entry:
    it = it.only("type", "username", "userid", "url", "verified", "id")
    it.needed("type", 32)
    entry = {
        "type": one_of(it, "type", NETWORKS),
        "username": it.needed("username", LONGEST_LINE),
        "userid": it.text("userid", LONGEST_LINE),
        "url": address(it, "url"),
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
    "externalIds": Naming("externalId", external_id, lambda it: Identifier.external_id(it["externalId"])),
    "emails": Naming("email", email, lambda it: Identifier.email(it["email"])),
    "phones": Naming("phone", phone, lambda it: Identifier.phone(it["phone"])),
    "socials": Naming("username", social, lambda it: social_of(it["type"], it["username"])),
    "whatsapps": Naming(
        "phone",
        phone,
        lambda it: Identifier.subject(_ISSUERS["whatsapps"], Identifier.phone(it["phone"]).value),
    ),
    "facebookIds": Naming("", _id, lambda it: Identifier.subject(_ISSUERS["facebookIds"], it["id"])),
    "instagramIds": Naming("", _id, lambda it: Identifier.subject(_ISSUERS["instagramIds"], it["id"])),
}


def address(asked: Asked, name: str) -> str | None:
    """Of the web: what is shown to people as a link must not be a script."""
    value = asked.text(name, 2048)
    if value is not None and not value.startswith(("https://", "http://")):
        raise Unacceptable(asked.at + name, "must be an address that begins with https:// or http://")
    return value


def one_of(asked: Asked, name: str, known: tuple[str, ...]) -> str | None:
    value = asked.text(name, 64)
    if value is not None and value not in known:
        raise Unacceptable(asked.at + name, f"must be one of {', '.join(known)}")
    return value
