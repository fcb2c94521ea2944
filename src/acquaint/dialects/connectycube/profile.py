"""What a client says of a user, in sign-up and in changes, field by field: read, bounded, and put where it belongs.

Only what is named here is read; whatever else is sent, such as ``id`` or ``is_guest``, is ignored.

names_of        login and address of a new user
change_of       what becomes of a profile
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ...domain.errors import Unacceptable
from ...domain.identities import (
    KEEP,
    LONGEST_NAME,
    LONGEST_PHONE,
    LONGEST_URL,
    Identifier,
    IdentifierKind,
    Keep,
    ProfileChange,
)
from ...domain.passwords import PasswordRules
from ...domain.users import User
from ...services.registration import Names
from .auth import DOOR
from .errors import NoName
from .reading import Asked
from .wire import FACEBOOK, TWITTER, proven_subject

CONNECTYCUBE: Final = PasswordRules(shortest=6, refuses_common=False)
"""As the vendor's sample apps have it. An App's Policy can ask for more (``password_min_length``)."""

LOGIN_LENGTH: Final = (3, 70)  # documented
LONGEST_ID: Final = 255  # external_id, facebook_id, twitter_id
LONGEST_CUSTOM_DATA: Final = 16 * 1024  # characters; it is read with every request of the user's
MOST_OWN_TAGS: Final = 5  # documented
LONGEST_TAG: Final = 64
LARGEST_NUMBER: Final = 2**53 - 1

_WEB: Final = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_SCHEME: Final = re.compile(r"\s*[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_ELSEWHERE: Final = (("facebook_id", FACEBOOK), ("twitter_id", TWITTER))
_OWN_NUMBERS: Final = ("external_user_id", "blob_id", "timezone")


def names_of(fields: Asked) -> Names:
    """Refuses with NoName where there is neither, and with Unacceptable."""
    login, email = fields.text("login"), fields.text("email")
    if login is None and email is None:
        raise NoName
    return Names(None if login is None else new_login(login), None if email is None else address(email))


def new_login(text: str) -> str:
    shortest, longest = LOGIN_LENGTH
    if len(text) < shortest:
        raise Unacceptable("login", f"is too short (minimum is {shortest} characters)")
    if len(text) > longest:
        raise Unacceptable("login", f"is too long (maximum is {longest} characters)")
    return text


def address(text: str) -> str:
    try:
        return Identifier.email(text).value
    except Unacceptable as rule:
        raise Unacceptable("email", "is invalid") from rule


def change_of(fields: Asked, user: User | None) -> ProfileChange:
    """What the fields change; those that are not sent stay, those that are null are emptied."""
    own = dict(user.profile.by_door.get(DOOR, {})) if user is not None else {}
    name = _text(fields, "full_name", LONGEST_NAME) if fields.has("full_name") else KEEP
    phone = _text(fields, "phone", LONGEST_PHONE) if fields.has("phone") else KEEP
    avatar_url: str | Keep | None = KEEP
    if fields.has("avatar"):
        avatar = _avatar(fields)
        avatar_url = avatar if avatar and _WEB.match(avatar) else None
        _keep(own, "avatar", None if avatar_url else avatar)
    if fields.has("website"):
        _keep(own, "website", _website(fields))
    if fields.has("custom_data"):
        _keep(own, "custom_data", _custom_data(fields))
    if fields.has("tag_list"):
        _keep(own, "tags", _tags(fields))
    for number in _OWN_NUMBERS:
        if fields.has(number):
            _keep(own, number, _number(fields, number))
    return ProfileChange(
        name=name,
        phone=phone,
        avatar_url=avatar_url,
        claimed_external_id=_external_id(fields, user) if fields.has("external_id") else KEEP,
        claimed_subjects=_subjects(fields, user),
        by_door={DOOR: own} if own or (user is not None and DOOR in user.profile.by_door) else {},
    )


def _keep(own: dict[str, Any], name: str, value: Any) -> None:
    if value in (None, []):
        own.pop(name, None)
    else:
        own[name] = value


def _text(fields: Asked, name: str, longest: int) -> str | None:
    text = fields.text(name)
    if text is not None and len(text) > longest:
        raise Unacceptable(name, f"is too long (maximum is {longest} characters)")
    return text


def _avatar(fields: Asked) -> str | None:
    """A web address, or whatever an app names its pictures by; never another kind of address: it could be a script."""
    avatar = _text(fields, "avatar", LONGEST_URL)
    if avatar is not None and not _WEB.match(avatar) and _SCHEME.match(avatar):
        raise Unacceptable("avatar", "is invalid")
    return avatar


def _website(fields: Asked) -> str | None:
    website = _text(fields, "website", LONGEST_URL - len("http://"))
    return website if website is None or _WEB.match(website) else f"http://{website}"


def _custom_data(fields: Asked) -> str | None:
    """A text that means something to the App only; what comes as an object is kept as its JSON."""
    value = fields.raw.get("custom_data")
    text = msgspec.json.encode(value).decode() if isinstance(value, Mapping | list) else fields.text("custom_data")
    if text is not None and len(text) > LONGEST_CUSTOM_DATA:
        raise Unacceptable("custom_data", f"is too long (maximum is {LONGEST_CUSTOM_DATA} characters)")
    return text


def _tags(fields: Asked) -> list[str]:
    tags = list(dict.fromkeys(fields.texts("tag_list", at_most=100)))
    if len(tags) > MOST_OWN_TAGS:
        raise Unacceptable("tag_list", f"has too many tags (maximum is {MOST_OWN_TAGS})")
    if any(len(it) > LONGEST_TAG for it in tags):
        raise Unacceptable("tag_list", f"has a tag that is too long (maximum is {LONGEST_TAG} characters)")
    return tags


def _number(fields: Asked, name: str) -> int | None:
    number = fields.number(name)
    if number is not None and abs(number) > LARGEST_NUMBER:
        raise Unacceptable(name, "should be an integer")
    return number


def _external_id(fields: Asked, user: User | None) -> str | None:
    """A claim: who the App itself named keeps that name."""
    said = _text(fields, "external_id", LONGEST_ID)
    proven = user.known_as(IdentifierKind.EXTERNAL_ID) if user is not None else None
    if proven is not None and said != proven:
        raise Unacceptable("external_id", "is verified and cannot be changed here")
    return said


def _subjects(fields: Asked, user: User | None) -> Mapping[str, str] | Keep:
    """Claims as well: what Facebook or X testified to stays."""
    subjects = dict(user.profile.claimed.subjects) if user is not None else {}
    said = [(name, issuer) for name, issuer in _ELSEWHERE if fields.has(name)]
    for name, issuer in said:
        subject = _text(fields, name, LONGEST_ID)
        proven = proven_subject(user, issuer) if user is not None else None
        if proven is not None and subject != proven:
            raise Unacceptable(name, "is verified and cannot be changed here")
        subjects.pop(issuer, None)
        if subject is not None and proven is None:
            subjects[issuer] = subject
    return subjects if said else KEEP
