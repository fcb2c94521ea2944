"""Who someone is said to be, and how far we believe it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum, StrEnum
from typing import Any, Final

from .errors import NotAllowed, Unacceptable

LONGEST_IDENTIFIER: Final = 255
LONGEST_EMAIL: Final = 254  # RFC 5321, section 4.5.3.1.3: a path is at most 256 octets with its brackets
LONGEST_TYPED: Final = 1024
"""Characters of a name as it is typed, before it is normalised, which may make it shorter. Normalising takes time by
the square of a text's length, if the text is made for it: four seconds for 64 KiB of accents."""
LONGEST_NAME: Final = 255
LONGEST_PHONE: Final = 64  # of a profile, where it is only shown
LONGEST_URL: Final = 2048
MOST_CUSTOM_FIELDS: Final = 100
LARGEST_CUSTOM: Final = 64 * 1024
"""Characters of custom data as JSON, earlier fields included. Against a visitor who makes their own record so large, a
field at a time, that reading it keeps everybody waiting; lower would hurt Apps that keep more than words there."""
MOST_TAGS: Final = 20


class Assurance(IntEnum):
    """How sure we are that a person is who the request says. Ordered."""

    ANONYMOUS = 0  # a device, and nothing more
    CLAIMED = 1  # the browser said so; anybody could have typed it
    VERIFIED = 2  # a password, a signature or the App's own server vouches for it


class IdentifierKind(StrEnum):
    """The ways an App names a user."""

    LOGIN = "login"
    EMAIL = "email"
    PHONE = "phone"
    EXTERNAL_ID = "external_id"
    SUBJECT = "subject"  # of an outside Provider: issuer and subject together


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """One way an App names a user; unique within the App. Made by the functions below, which normalise it."""

    kind: IdentifierKind
    value: str

    @classmethod
    def login(cls, value: str) -> Identifier:
        """An opaque name, compared exactly (after NFC). Nobody ever proved that it is an address."""
        return cls(IdentifierKind.LOGIN, _plain("login", value))

    @classmethod
    def email(cls, address: str) -> Identifier:
        """An e-mail address, compared in lower case."""
        return cls(IdentifierKind.EMAIL, normal_email(address))

    @classmethod
    def phone(cls, number: str) -> Identifier:
        """A phone number: its digits, without the leading plus and the usual punctuation.

        Anything else in it is refused: what is left of "… ext. 5" would be the number of somebody else.
        """
        digits = re.sub(r"[ ()./-]", "", number.strip().removeprefix("+"))
        if not re.fullmatch(r"[0-9]{5,15}", digits):  # E.164, section 6.2.1: at most fifteen digits
            raise Unacceptable("phone", "is not a phone number")
        return cls(IdentifierKind.PHONE, digits)

    @classmethod
    def external_id(cls, value: str) -> Identifier:
        """The id of the user in the App's own database, compared exactly."""
        return cls(IdentifierKind.EXTERNAL_ID, _plain("external_id", value))

    @classmethod
    def subject(cls, issuer: str, subject: str) -> Identifier:
        """A Provider's own name for somebody. Issuer and subject only mean something together."""
        if "|" in issuer:  # or another pair of the two could be the same text
            raise Unacceptable("subject", "has an issuer that cannot be told from its subject")
        return cls(IdentifierKind.SUBJECT, _plain("subject", f"{issuer}|{subject}"))

    def excludes(self, other: Identifier) -> bool:
        """Whether nobody has both: one person has one name of a kind, and one at each issuer."""
        if self.kind is not other.kind or self == other:
            return False
        return self.kind is not IdentifierKind.SUBJECT or _issuer(self.value) == _issuer(other.value)


def _issuer(subject: str) -> str:
    return subject.partition("|")[0]


def normal_email(address: str) -> str:
    """The one spelling under which an address is stored and compared.

    Trimmed, NFC, lower case; what is left must be a plain ``local@domain``. Quoted local parts,
    compatibility forms such as a full-width @, letters that turn into ASCII ones such as the Kelvin
    sign, control characters and white space are refused rather than repaired: two spellings of one
    address must never be two users, and two addresses never one (CVE-2019-19844, GHSA-7rqj-j65f-68wh).
    """
    if len(address) > LONGEST_TYPED:
        raise Unacceptable("email", "is not an e-mail address")
    address = address.strip()
    if any(unicodedata.normalize("NFC", it).isascii() and not it.isascii() for it in address):
        raise Unacceptable("email", "is not an e-mail address")
    address = unicodedata.normalize("NFC", address)
    if unicodedata.normalize("NFKC", address) != address:
        raise Unacceptable("email", "is not an e-mail address")
    address = address.lower()
    local, at, domain = address.rpartition("@")
    if not at or not local or len(address) > LONGEST_EMAIL or len(local) > 64:
        raise Unacceptable("email", "is not an e-mail address")
    if any(not _is_plain(it) or it in '"\\()<>[],;:@ ' for it in local) or local[0] == "." or local[-1] == ".":
        raise Unacceptable("email", "is not an e-mail address")
    if ".." in local or not all(_is_label(label) for label in domain.split(".")):
        raise Unacceptable("email", "is not an e-mail address")
    return address


def _is_label(label: str) -> bool:
    return 0 < len(label) <= 63 and label[0] != "-" != label[-1] and all(it.isalnum() or it == "-" for it in label)


def _is_plain(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZ"


def _plain(field: str, value: str) -> str:
    if len(value) <= LONGEST_TYPED:
        value = unicodedata.normalize("NFC", value)
    if len(value) > LONGEST_IDENTIFIER:
        raise Unacceptable(field, f"is longer than {LONGEST_IDENTIFIER} characters")
    if not value.strip():
        raise Unacceptable(field, "cannot be blank")
    if any(unicodedata.category(it)[0] == "C" for it in value):
        raise Unacceptable(field, "contains control characters")
    return value


def _bounded(field: str, value: str | Keep | None, longest: int) -> None:
    if isinstance(value, str) and len(value) > longest:
        raise Unacceptable(field, f"is longer than {longest} characters")


def _check_size(field: str, custom: Mapping[str, Any]) -> None:
    try:
        size = len(json.dumps(custom, ensure_ascii=False, default=str))
    except RecursionError:
        raise Unacceptable(field, "is nested too deeply") from None
    if size > LARGEST_CUSTOM:
        raise Unacceptable(field, f"is larger than {LARGEST_CUSTOM} characters of JSON")


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a visitor typed, or a page passed, about themselves. Proves nothing and names nobody."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)
    external_id: str | None = None
    subjects: Mapping[str, str] = field(default_factory=dict)  # issuer to subject: who they say they are elsewhere

    def __post_init__(self) -> None:
        _bounded("name", self.name, LONGEST_NAME)
        _bounded("email", self.email, LONGEST_EMAIL)
        _bounded("phone", self.phone, LONGEST_PHONE)
        _bounded("external_id", self.external_id, LONGEST_IDENTIFIER)
        for subject in self.subjects.values():
            _bounded("subject", subject, LONGEST_IDENTIFIER)
        if len(self.custom) > MOST_CUSTOM_FIELDS:
            raise Unacceptable("custom", f"has more than {MOST_CUSTOM_FIELDS} fields")


@dataclass(frozen=True, slots=True)
class Profile:
    """What is shown of a user. ``custom`` is vouched for; what was merely claimed stays in ``claimed``.

    ``by_door`` holds what only one dialect has a word for, under the dialect's name; the others neither show nor
    change it.
    """

    name: str | None = None
    avatar_url: str | None = None
    phone: str | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    claimed: Claimed = field(default_factory=Claimed)
    by_door: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def changed(self, change: ProfileChange) -> Profile:
        """The profile after the change; what the change keeps stays as it is."""
        return replace(
            self,
            name=_kept(change.name, self.name),
            avatar_url=_kept(change.avatar_url, self.avatar_url),
            phone=_kept(change.phone, self.phone),
            custom=_kept(change.custom, self.custom),
            tags=_kept(change.tags, self.tags),
            claimed=replace(
                self.claimed,
                custom=_kept(change.claimed_custom, self.claimed.custom),
                external_id=_kept(change.claimed_external_id, self.claimed.external_id),
                subjects=_kept(change.claimed_subjects, self.claimed.subjects),
            ),
            by_door={**self.by_door, **change.by_door},
        )

    def claiming(self, claimed: Claimed) -> Profile:
        """The profile after somebody claimed more; a claim that says nothing keeps the earlier one."""
        was = self.claimed
        custom = {**was.custom, **claimed.custom}
        if len(custom) > MOST_CUSTOM_FIELDS:
            raise Unacceptable("custom", f"has more than {MOST_CUSTOM_FIELDS} fields, earlier ones included")
        if claimed.custom:
            _check_size("custom", custom)
        return replace(
            self,
            claimed=Claimed(
                claimed.name or was.name,
                claimed.email or was.email,
                claimed.phone or was.phone,
                custom,
                claimed.external_id or was.external_id,
                {**was.subjects, **claimed.subjects},
            ),
        )

    def absorbing(self, other: Profile) -> Profile:
        """This profile with what only the other one has. Where there would be too much, the other's goes."""
        mine, theirs = self.claimed, other.claimed
        claimed = Claimed(
            mine.name or theirs.name,
            mine.email or theirs.email,
            mine.phone or theirs.phone,
            _together(mine.custom, theirs.custom),
            mine.external_id or theirs.external_id,
            {**theirs.subjects, **mine.subjects},
        )
        return Profile(
            self.name if self.name is not None else other.name,
            self.avatar_url if self.avatar_url is not None else other.avatar_url,
            self.phone if self.phone is not None else other.phone,
            _together(self.custom, other.custom),
            tuple(dict.fromkeys(self.tags + other.tags))[:MOST_TAGS],
            claimed,
            {
                door: _together(self.by_door.get(door, {}), other.by_door.get(door, {}), joins_lists=True)
                for door in {**self.by_door, **other.by_door}
            },
        )


def _together(mine: Mapping[str, Any], theirs: Mapping[str, Any], *, joins_lists: bool = False) -> dict[str, Any]:
    """Both; where both say something, mine. Lists can also be joined, mine first, up to what fits."""
    both = {**theirs, **mine}
    if joins_lists:
        for name in mine.keys() & theirs.keys():
            if isinstance(mine[name], list) and isinstance(theirs[name], list):
                more = [it for it in theirs[name] if it not in mine[name]]
                both[name] = (mine[name] + more)[:MOST_CUSTOM_FIELDS]
    both = {name: both[name] for name in [*mine, *both]}
    return dict(list(both.items())[:MOST_CUSTOM_FIELDS])


class Keep(Enum):
    """Absent is not null: a field that a change does not mention stays."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """What to change in a Profile. ``None`` empties a field, ``KEEP`` leaves it alone.

    What begins with ``claimed`` the user says of themselves: nobody vouches for it, however sure we are who the user
    is. It replaces what they said before. ``by_door`` replaces what is kept for the doors it names.
    """

    name: str | Keep | None = KEEP
    avatar_url: str | Keep | None = KEEP
    phone: str | Keep | None = KEEP
    custom: Mapping[str, Any] | Keep = KEEP
    tags: tuple[str, ...] | Keep = KEEP
    claimed_custom: Mapping[str, Any] | Keep = KEEP
    claimed_external_id: str | Keep | None = KEEP
    claimed_subjects: Mapping[str, str] | Keep = KEEP
    by_door: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _bounded("name", self.name, LONGEST_NAME)
        _bounded("avatar_url", self.avatar_url, LONGEST_URL)
        _bounded("phone", self.phone, LONGEST_PHONE)
        _bounded("external_id", self.claimed_external_id, LONGEST_IDENTIFIER)
        for name, custom in (
            ("custom", self.custom),
            ("claimed_custom", self.claimed_custom),
            ("subjects", self.claimed_subjects),
            *self.by_door.items(),
        ):
            if isinstance(custom, Keep) or not custom:
                continue
            if len(custom) > MOST_CUSTOM_FIELDS:
                raise Unacceptable(name, f"has more than {MOST_CUSTOM_FIELDS} fields")
            _check_size(name, custom)
        if not isinstance(self.tags, Keep) and (len(self.tags) > MOST_TAGS or any(len(it) > 64 for it in self.tags)):
            raise Unacceptable("tags", f"are more than {MOST_TAGS}, or one is longer than 64 characters")

    def check_own(self) -> None:
        """Refuses with NotAllowed what users may not say of themselves: it would look as if somebody vouched for it."""
        if self.custom is not KEEP or self.tags is not KEEP:
            raise NotAllowed


NO_CHANGE: Final = ProfileChange()


def _kept(new: Any, old: Any) -> Any:
    return old if new is KEEP else new


@dataclass(frozen=True, slots=True)
class Identity:
    """What a credential proved: somebody, known by these identifiers, this surely.

    The first identifier is the one that names the user. Only a verified identity owns its
    identifiers; what a browser merely claims is in ``claimed`` and the user it makes belongs to
    the device.

    ``is_vouched``: the App itself says so, over its key or in a token it signed. A password alone proves only that
    the same person comes again, not who they are.
    """

    identifiers: tuple[Identifier, ...]
    assurance: Assurance
    profile: ProfileChange = NO_CHANGE
    claimed: Claimed = field(default_factory=Claimed)
    is_vouched: bool = False

    def __post_init__(self) -> None:
        if self.identifiers and self.assurance is not Assurance.VERIFIED:
            raise ValueError("only a verified identity has identifiers")
