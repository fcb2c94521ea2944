"""Contacts: who the widget's visitors are.

create_unverified    what a page says of its visitor, or nothing: a token, and nobody is created for it
authenticate_user    the App's own server vouches for somebody
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from ...domain.errors import Unacceptable
from ...domain.identities import (
    KEEP,
    LONGEST_NAME,
    LONGEST_TYPED,
    Assurance,
    Identifier,
    Identity,
    Profile,
    ProfileChange,
    normal_email,
)
from ...domain.keys import Role
from ...domain.sessions import Lifetime
from ...domain.tokens import TokenKind
from ...ports.store import Recognised
from ...services import sign_in
from ...services.admission import Place
from ...services.core import device_of, new_text
from ...web.dialect import core_of, visit_of
from ...web.ids import as_uuid
from . import wire
from .auth import Said, app_of, mint, server_of
from .reading import read, scalars
from .wire import DOOR

UNVERIFIED: Final = Lifetime(idle=timedelta(days=400))
"""As long as somebody comes by once a year: the widget keeps such a token in the browser, and cannot get over its
death. With no end at all every page view of every visitor would be kept for ever. The Policy may say otherwise."""

VERIFIED: Final = Lifetime(at_most=timedelta(days=1))
"""Ours; the vendor documents none. The widget cannot renew a token without loading its page again."""

LARGEST_OBJECT: Final = 16 * 1024  # bytes, as JSON
LARGEST_SAID: Final = 2_400  # bytes, as JSON in ASCII: the token that carries it must fit into a header
LONGEST_CONTEXT: Final = 10_000
LONGEST_LANGUAGE: Final = 35  # characters of a language tag (RFC 5646, section 4.4.1)


class Unverified(Struct):
    email: str | None = None
    non_verified_name: str | None = None
    non_verified_custom_data: dict[str, Any] | None = None


class Vouched(Struct):
    """What is not sent stays as it is."""

    email: str
    name: str | UnsetType | None = UNSET
    avatar_url: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    language: str | UnsetType | None = UNSET
    customData: dict[str, Any] | UnsetType | None = UNSET  # noqa: N815 - the vendor's spelling
    custom_data: dict[str, Any] | UnsetType | None = UNSET
    chat_context: str | UnsetType | None = UNSET
    http_action_overrides: dict[str, Any] | UnsetType | None = UNSET


async def create_unverified(request: Request) -> Response:
    """POST contact/create-unverified. Anybody may say anything here: it changes nobody, and shows nothing."""
    core, app = core_of(request), await app_of(request)
    asked = await read(request, Unverified)
    said = _said(asked)
    token = new_text(core, TokenKind.SESSION)
    place = Place(DOOR, UNVERIFIED, address=visit_of(request).address, device_id=device_of(token))
    admission = await sign_in.visit(core, app, place, token=token)
    return wire.answer({"token": mint(core, Recognised(admission.session, app, None), token, said)}, 201)


async def authenticate_user(request: Request) -> Response:
    """POST authenticate-user, by the App's server. Every call makes another token; earlier ones stay good."""
    core, app = core_of(request), await server_of(request, Role.USER_CUSTOMER_WRITE)
    asked = await read(request, Vouched)
    email = _email(asked.email)
    if email is None:
        raise Unacceptable("email", "is required")
    identity = Identity((Identifier.email(email),), Assurance.VERIFIED)
    place = Place(DOOR, VERIFIED, address=visit_of(request).address)
    admission = await sign_in.vouch_for(core, app, identity, place, described=_described(asked))
    if admission.user is None or admission.token is None:
        raise TypeError("somebody came in")
    text = mint(core, Recognised(admission.session, app, admission.user), admission.token, Said())
    return wire.answer({"token": text, "contact": {"id": as_uuid(admission.user.id)}}, 201)


def _said(asked: Unverified) -> Said:
    name = (asked.non_verified_name or "").strip()
    if len(name) > LONGEST_NAME:
        raise Unacceptable("non_verified_name", f"is longer than {LONGEST_NAME} characters")
    custom = scalars(asked.non_verified_custom_data, "non_verified_custom_data")
    said = Said(_email(asked.email), name or None, custom)
    said.claimed()  # refuses now what could not be kept later
    if len(json.dumps(said.as_data())) > LARGEST_SAID:
        raise Unacceptable("non_verified_custom_data", f"is larger than {LARGEST_SAID} bytes")
    return said


def _email(text: str | None) -> str | None:
    """As it is compared: without spaces around it, in small letters. An empty one is none."""
    if text is None or not text.strip():
        return None
    if len(text) > LONGEST_TYPED:
        raise Unacceptable("email", "is too long")
    return normal_email(text.strip())


def _described(asked: Vouched) -> Callable[[Profile], ProfileChange]:
    """The change that the App's server asks for, from the profile as it is: custom data are merged by their names."""
    custom = asked.customData if asked.customData is not UNSET else asked.custom_data
    if isinstance(custom, dict):
        _check_size("customData", custom)
    own: dict[str, Any] = {}
    for name, value, longest in (
        ("language", asked.language, LONGEST_LANGUAGE),
        ("chat_context", asked.chat_context, LONGEST_CONTEXT),
    ):
        if isinstance(value, str) and len(value) > longest:
            raise Unacceptable(name, f"is longer than {longest} characters")
        if value is not UNSET:
            own[name] = value
    if asked.http_action_overrides is not UNSET:
        _check_size("http_action_overrides", asked.http_action_overrides)
        own["http_action_overrides"] = asked.http_action_overrides
    avatar_url = KEEP if asked.avatar_url is UNSET else asked.avatar_url or None
    if isinstance(avatar_url, str) and not avatar_url.startswith(("https://", "http://")):
        raise Unacceptable("avatar_url", "must begin with https:// or http://")
    plain = ProfileChange(
        name=KEEP if asked.name is UNSET else asked.name or None,
        avatar_url=avatar_url,
        phone=KEEP if asked.phone is UNSET else asked.phone or None,
    )

    def described(was: Profile) -> ProfileChange:
        return ProfileChange(
            name=plain.name,
            avatar_url=plain.avatar_url,
            phone=plain.phone,
            custom={**was.custom, **custom} if isinstance(custom, dict) else KEEP,
            by_door={DOOR: {**was.by_door.get(DOOR, {}), **own}} if own else {},
        )

    return described


def _check_size(field: str, value: Any) -> None:
    if len(msgspec.json.encode(value)) > LARGEST_OBJECT:
        raise Unacceptable(field, f"is larger than {LARGEST_OBJECT} bytes")
