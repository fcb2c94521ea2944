"""ConnectyCube's shapes, field by field as the vendor spells them.

answer, nothing      what JSON calls and text calls get
user_object          a user, all keys always there
session_object       a session, as its holder sees it
login_of, email_of, external_id_of, subject_of, own_of      what of a User is which of the vendor's words
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from starlette.responses import Response

from ...domain.identities import IdentifierKind
from ...domain.sessions import Session
from ...domain.users import User
from ...web.answers import Json
from ...web.ids import as_hex
from .auth import DOOR

FACEBOOK: Final = "https://www.facebook.com"
TWITTER: Final = "https://x.com"
GUEST: Final = "guest_login_"


def answer(data: Any, status: int = 200) -> Response:
    """Never kept by a cache: most answers hold a token or somebody's profile."""
    return Json(msgspec.json.encode(data), status)


def nothing(status: int = 200) -> Response:
    """What the vendor says to calls that want a text: one space."""
    return Response(" ", status, media_type="text/plain", headers={"Cache-Control": "no-store"})


def session_object(session: Session, user: User | None, token: str, *, nonce: int | None, ts: int) -> dict[str, Any]:
    """``id`` is the user's where there is one, as the vendor's current server has it."""
    said: dict[str, Any] = {
        "application_id": session.app_id,
        "token": token,
        "created_at": precise_moment(session.created_at),
        "updated_at": precise_moment(session.last_seen_at),
        "ts": ts,
        "user_id": None if user is None else user.id,
        "id": shown_id(session, user),
    }
    if nonce is not None:
        said["nonce"] = nonce
    if user is not None:
        said["user"] = user_object(user)
    return said


def shown_id(session: Session, user: User | None) -> int:
    return session.id if user is None else user.id


def user_object(user: User) -> dict[str, Any]:
    own = own_of(user)
    return {
        "_id": as_hex(user.id),
        "id": user.id,
        "created_at": moment(user.created_at),
        "updated_at": moment(user.updated_at),
        "last_request_at": None if user.last_seen_at is None else moment(user.last_seen_at),
        "login": login_of(user),
        "email": email_of(user),
        "full_name": user.profile.name,
        "phone": user.profile.phone or user.known_as(IdentifierKind.PHONE),
        "website": own.get("website"),
        "twitter_id": subject_of(user, TWITTER),
        "facebook_id": subject_of(user, FACEBOOK),
        "external_user_id": own.get("external_user_id") or _number_of(user.known_as(IdentifierKind.EXTERNAL_ID)),
        "external_id": external_id_of(user),
        "blob_id": own.get("blob_id"),
        "custom_data": own.get("custom_data"),
        "avatar": own.get("avatar") or user.profile.avatar_url,
        "user_tags": ",".join(tags_of(user)) or None,
        "timezone": own.get("timezone"),
        "is_guest": user.is_guest or None,
    }


def login_of(user: User) -> str | None:
    """The first login that is not just an address of theirs. A guest's is a label: nobody logs in by it."""
    if user.is_guest:
        return GUEST + hashlib.sha256(f"guest {user.id}".encode()).hexdigest()[:36]
    logins = (it.value for it in user.identifiers if it.kind is IdentifierKind.LOGIN)
    return next((it for it in logins if it not in (user.profile.claimed.email, email_of(user))), None)


def email_of(user: User) -> str | None:
    return user.known_as(IdentifierKind.EMAIL) or user.profile.claimed.email


def external_id_of(user: User) -> str | None:
    return user.known_as(IdentifierKind.EXTERNAL_ID) or user.profile.claimed.external_id


def _number_of(id: str | None) -> int | None:
    """The proven id as the number it is, where it is one."""
    return int(id) if id is not None and re.fullmatch(r"[1-9][0-9]{0,14}|0", id) else None


def subject_of(user: User, issuer: str) -> str | None:
    """What the Provider calls them: proven, or else as they say."""
    return proven_subject(user, issuer) or user.profile.claimed.subjects.get(issuer)


def proven_subject(user: User, issuer: str) -> str | None:
    subjects = (it.value.partition("|") for it in user.identifiers if it.kind is IdentifierKind.SUBJECT)
    return next((subject for by, _, subject in subjects if by == issuer), None)


def tags_of(user: User) -> list[str]:
    """The App's first, then those the user gave themselves."""
    return list(dict.fromkeys([*user.profile.tags, *own_of(user).get("tags", ())]))


def own_of(user: User) -> Mapping[str, Any]:
    """What only this dialect has a word for."""
    return user.profile.by_door.get(DOOR, {})


def moment(at: datetime) -> str:
    """As users have it: no fractions of seconds."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def precise_moment(at: datetime) -> str:
    """As sessions have it: with milliseconds."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
