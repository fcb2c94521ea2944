"""The other fields of a customer: what has no word of ours stays with the customer as it was sent.

FIELDS    how each is read
KEPT      those that are kept for this dialect alone
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ....domain.errors import Unacceptable
from ....domain.identities import Identifier, normal_email
from .. import wire
from ..reading import Asked, moment_in
from .naming import LONGEST_LINE, Entry, address, email, external_id, one_of, phone, social

MOST_OF_EACH: Final = 10  # items of a list (the vendor's OpenAPI)
MOST_TAGS: Final = 20


def _line(longest: int) -> Callable[[Asked, str], Any]:
    return lambda asked, name: asked.text(name, longest)


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
    entry = email(it)
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
    return {"url": address(it, "url"), "type": one_of(it, "type", ("website", "blog", "other"))}


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


FIELDS: Final[Mapping[str, Callable[[Asked, str], Any]]] = {
    "name": _line(255),  # the vendor's 256 is one more than we keep
    "company": _line(64),
    "username": _line(LONGEST_LINE),
    "avatarUrl": address,
    "signedUpAt": _moment,
    "lastActivityAt": _moment,
    "lastCustomerActivityAt": _moment,
    "lastSeenAt": _moment,
    "createdAt": _moment,
    "importedAt": _moment,
    "birthdayAt": _day_or_moment,
    "gender": lambda asked, name: one_of(asked, name, ("m", "f")),
    "locale": _line(16),
    "timeZone": _line(64),
    "defaultLang": _line(16),
    "tags": _lines(MOST_TAGS, 64),
    "sentiment": _sentiment,
    "sharedExternalIds": _shared(external_id),
    "sharedEmails": _shared(_shared_email),
    "sharedPhones": _shared(phone),
    "sharedSocials": _shared(social),
    "urls": _shared(_url),
    "locations": _shared(_location),
}
KEPT: Final = tuple(name for name in FIELDS if name not in ("name", "avatarUrl", "tags"))
"""What stays with the customer as it was sent."""
