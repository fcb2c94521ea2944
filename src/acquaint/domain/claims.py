"""What a signed token says, and when we listen.

The rules are Kustomer's documented ones (header ``typ`` JWT, ``iat`` within 15 minutes either way, ``email`` or
``externalId``, email wins), made precise: each refusal names the claim that is to blame.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from .errors import StaleToken, TokenRefused, Unacceptable
from .identities import Assurance, Identifier, Identity, ProfileChange

LEEWAY: Final = timedelta(seconds=60)
"""How far ``exp`` and ``nbf`` may be off: clocks of two servers differ, and samples set nbf to now."""

MILLISECONDS_FROM: Final = 10**11  # as seconds this is the year 5138: somebody wrote milliseconds


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token whose signature was found good: its header and its claims, both still only text somebody wrote."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TokenRules:
    """When a token is fresh enough, and what its header must say. Taken from the App's Policy."""

    max_age: timedelta
    requires_typ: bool
    max_future: timedelta | None = None  # None: as far ahead as behind


def identity_in(token: SignedToken, rules: TokenRules, now: datetime) -> Identity:
    """The verified identity a fresh token names; refuses with TokenRefused or StaleToken, naming the claim."""
    check_typ(token.header, required=rules.requires_typ)
    check_age(token.claims, rules, now)
    check_window(token.claims, now)
    return Identity((_identifier(token.claims),), Assurance.VERIFIED, _profile(token.claims), is_vouched=True)


def check_typ(header: Mapping[str, Any], *, required: bool) -> None:
    """The header's ``typ`` is JWT in any case of letters (RFC 7519, section 5.1)."""
    typ = header.get("typ")
    if typ is None and required:
        raise TokenRefused("typ", "is required and must be JWT")
    if typ is not None and (not isinstance(typ, str) or typ.upper() != "JWT"):
        raise TokenRefused("typ", "must be JWT")


def check_age(claims: Mapping[str, Any], rules: TokenRules, now: datetime) -> None:
    """``iat`` is there and not too far from now; a token from the future is as stale as an old one."""
    if "iat" not in claims:
        raise TokenRefused("iat", "is required")
    skew = now - moment(claims, "iat")
    allowed = rules.max_age
    if skew < timedelta(0) and rules.max_future is not None:
        allowed = rules.max_future
    if abs(skew) > allowed:
        raise StaleToken(skew=skew, allowed=allowed, now=now)


def check_window(claims: Mapping[str, Any], now: datetime) -> None:
    """``exp`` and ``nbf`` are optional, and obeyed where they are given."""
    if "exp" in claims and (late := now - moment(claims, "exp")) > LEEWAY:
        raise TokenRefused("exp", "has passed", skew=late, now=now)
    if "nbf" in claims and (late := now - moment(claims, "nbf")) < -LEEWAY:
        raise TokenRefused("nbf", "has not come yet", skew=late, now=now)


def moment(claims: Mapping[str, Any], name: str) -> datetime:
    """A NumericDate claim (RFC 7519, section 2) as a moment."""
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused(name, "must be a number of seconds")
    if isinstance(value, float) and not math.isfinite(value):
        raise TokenRefused(name, "must be a number of seconds")
    if value > MILLISECONDS_FROM:
        raise TokenRefused(name, "looks like milliseconds; it must be a number of seconds")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        raise TokenRefused(name, "is not a moment") from None


def text(claims: Mapping[str, Any], name: str) -> str | None:
    """A claim that is a text where it is given; blank counts as not given."""
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise TokenRefused(name, "must be a string")
    if any(it == "\0" or "\ud800" <= it <= "\udfff" for it in value):  # JSON can say these, no database can keep them
        raise TokenRefused(name, "contains characters that are not text")
    return value if value.strip() else None


def _identifier(claims: Mapping[str, Any]) -> Identifier:
    email, external_id = text(claims, "email"), text(claims, "externalId")
    try:
        if email:
            return Identifier.email(email)  # an invalid one is refused: externalId is no fallback for a broken email
        if external_id:
            return Identifier.external_id(external_id)
    except Unacceptable as rule:
        raise TokenRefused("email" if email else "externalId", rule.reason) from rule
    raise TokenRefused("email", "or externalId is required")


def _profile(claims: Mapping[str, Any]) -> ProfileChange:
    name = text(claims, "name")
    try:
        return ProfileChange(name=name) if name else ProfileChange()
    except Unacceptable as rule:
        raise TokenRefused(rule.field, rule.reason) from rule
