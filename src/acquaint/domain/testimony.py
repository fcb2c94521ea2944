"""What Providers say of somebody, and when we listen. Pure: asking them is for the services.

Testimony          somebody, as one Provider knows them
of_openid          an ID token's (OpenID Connect Core 1.0, section 3.1.3.7)
of_firebase        a Firebase ID token's
of_facebook, of_x  a profile's that the vendor's API answered
of_custom          the answer of an App's own identity provider, by its templates

A Provider's own name for somebody, with the issuer before it, is who they are. An address counts only where the
Provider says that it verified it, and the App trusts it in that; anything else it passes on is merely claimed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from .claims import LEEWAY, SignedToken, check_typ, check_window, moment, text
from .errors import ProviderRefused, TokenRefused, Unacceptable
from .identities import (
    LONGEST_EMAIL,
    LONGEST_NAME,
    LONGEST_PHONE,
    LONGEST_URL,
    MOST_TAGS,
    NO_CHANGE,
    Claimed,
    Identifier,
    ProfileChange,
    normal_email,
)
from .providers import CustomProvider, FirebaseProvider, OpenIdProvider
from .templates import Template, value_of

FACEBOOK: Final = "https://www.facebook.com"
X: Final = "https://x.com"
LONGEST_KEPT: Final = 16_384
"""Characters of one mapped field that is kept for the door it came by: as many as ConnectyCube's custom_data has."""


@dataclass(frozen=True, slots=True)
class Testimony:
    """Somebody, as one Provider knows them.

    ``named`` is the Provider's own name for them and decides who they are; ``proven`` are addresses that it verified,
    ``wished`` logins that they get if nobody has them. ``kept`` is what only the door they came by has a word for.
    With ``is_vouched`` it is the App itself that speaks. ``refreshes`` says whether the profile is brought up to date
    each time, or only given to who is new.
    """

    named: Identifier
    proven: tuple[Identifier, ...] = ()
    wished: tuple[Identifier, ...] = ()
    profile: ProfileChange = NO_CHANGE
    claimed: Claimed = field(default_factory=Claimed)
    kept: Mapping[str, Any] = field(default_factory=dict)
    is_vouched: bool = False
    refreshes: bool = False


def of_openid(token: SignedToken, provider: OpenIdProvider, nonce: str | None, now: datetime) -> Testimony:
    """Refuses with TokenRefused, naming the claim."""
    claims = token.claims
    check_typ(token.header, required=False)
    _check_issued(claims, issuer=provider.issuer, audiences=provider.client_ids, now=now)
    _check_nonce(claims, nonce, is_required=provider.requires_nonce)
    return _of_claims(claims, provider.issuer, trusts_addresses=provider.trusts_addresses)


def of_firebase(
    token: SignedToken, provider: FirebaseProvider, *, by: str, named: str | None, now: datetime
) -> Testimony:
    """``by`` is the claim that the sign-in is about, ``phone_number`` or ``email``; ``named`` the project that the
    client says the token is of, if it says. Refuses with TokenRefused.

    Firebase's own rules: RS256, aud is the project and iss names it, sub is there, auth_time has passed
    (firebase.google.com/docs/auth/admin/verify-id-tokens).
    """
    claims = token.claims
    check_typ(token.header, required=False)
    if token.header.get("alg") != "RS256":
        raise TokenRefused("alg", "must be RS256")
    audience = claims.get("aud")
    if not isinstance(audience, str) or audience not in provider.projects:
        raise TokenRefused("aud", "is not one of the App's Firebase projects")
    if named is not None and named != audience:
        raise TokenRefused("aud", "is not the project that was named")
    issuer = provider.issuer_base + audience
    _check_issued(claims, issuer=issuer, audiences=(audience,), now=now)
    if "auth_time" in claims and moment(claims, "auth_time") - now > LEEWAY:
        raise TokenRefused("auth_time", "has not come yet")
    if text(claims, by) is None:
        raise TokenRefused(by, "is required")
    if by == "email" and not _is_true(claims.get("email_verified")) and not provider.accepts_unverified_email:
        raise TokenRefused("email_verified", "must be true")
    return _of_claims(claims, issuer, trusts_addresses=True, is_firebase=True)


def of_facebook(user: Mapping[str, Any]) -> Testimony:
    """Of the Graph API's ``/me``. Facebook does not say whether it verified the address."""
    subject = user.get("id")
    if not isinstance(subject, str) or not re.fullmatch(r"[0-9]{1,40}", subject):
        raise ProviderRefused("facebook", 200, lacks="id")
    return Testimony(
        Identifier.subject(FACEBOOK, subject),
        profile=_profile(user.get("name"), None),
        claimed=_claimed(email=user.get("email")),
    )


def of_x(user: Mapping[str, Any]) -> Testimony:
    """Of ``verify_credentials``."""
    subject = user.get("id_str")
    if not isinstance(subject, str) or not re.fullmatch(r"[0-9]{1,40}", subject):
        raise ProviderRefused("twitter", 200, lacks="id_str")
    return Testimony(
        Identifier.subject(X, subject),
        profile=_profile(user.get("name"), user.get("profile_image_url_https")),
        claimed=_claimed(email=user.get("email")),
    )


def of_custom(answer: Any, provider: CustomProvider) -> Testimony:
    """Refuses with ProviderRefused where the answer has no uid, or one that cannot be an id."""
    found = {
        name: value
        for name, template in provider.response_params.items()
        if (value := value_of(Template.of(template, "response_params"), answer)) is not None
    }
    uid = _uid(found.pop("uid", None))
    email, phone = found.pop("email", None), found.pop("phone", None)
    proven = _proven(
        email if _is_true(found.pop("email_verified", None)) else None,
        phone if _is_true(found.pop("phone_verified", None)) else None,
    )
    login, name = found.pop("login", None), found.pop("full_name", found.pop("name", None))
    avatar, tags = found.pop("avatar", found.pop("avatar_url", None)), found.pop("tag_list", found.pop("tags", None))
    is_picture = _is_url(avatar)
    kept = {key: it for key, value in found.items() if (it := _kept(value)) is not None}
    if avatar is not None and not is_picture and (shown := _kept(avatar)) is not None:
        kept["avatar"] = shown
    return Testimony(
        Identifier.external_id(uid),
        proven,
        tuple(wish for it in (login, f"custom_{uid}") if (wish := _login(it)) is not None),
        _profile(name, avatar if is_picture else None, _short(phone, LONGEST_PHONE), _tags(tags)),
        _claimed(email=email),
        kept,
        is_vouched=True,
        refreshes=True,
    )


def _check_issued(claims: Mapping[str, Any], *, issuer: str, audiences: Collection[str], now: datetime) -> None:
    """For us, by whom it should be, and in time. Each of iss, aud, sub, iat and exp is required."""
    if claims.get("iss") != issuer:
        raise TokenRefused("iss", "is not the issuer that the App set up")
    aud = claims.get("aud")
    ours = [aud] if isinstance(aud, str) else aud
    if not isinstance(ours, list) or not ours or not all(isinstance(it, str) and it in audiences for it in ours):
        raise TokenRefused("aud", "names somebody else than the App's clients")
    azp = claims.get("azp")
    if (azp is not None and azp not in audiences) or (azp is None and len(ours) > 1):
        raise TokenRefused("azp", "is not one of the App's clients")
    subject = text(claims, "sub")
    if subject is None or len(subject) > 255:  # OpenID Connect Core, section 2
        raise TokenRefused("sub", "is required, with 1 to 255 characters")
    for name in ("exp", "iat"):
        if name not in claims:
            raise TokenRefused(name, "is required")
    if moment(claims, "iat") - now > LEEWAY:
        raise TokenRefused("iat", "has not come yet", skew=now - moment(claims, "iat"), now=now)
    check_window(claims, now)


def _check_nonce(claims: Mapping[str, Any], nonce: str | None, *, is_required: bool) -> None:
    """The token must carry the nonce as it is, or its SHA-256 in hexadecimal, as mobile SDKs hand it on."""
    if nonce is None:
        if is_required:
            raise TokenRefused("nonce", "is required, also beside the token")
        return
    carried = text(claims, "nonce") or ""
    hashed = hashlib.sha256(nonce.encode()).hexdigest()
    if not any(hmac.compare_digest(carried.encode(), it.encode()) for it in (nonce, hashed)):
        raise TokenRefused("nonce", "is not the one that was asked for")


def _of_claims(
    claims: Mapping[str, Any], issuer: str, *, trusts_addresses: bool, is_firebase: bool = False
) -> Testimony:
    try:
        named = Identifier.subject(issuer, str(claims["sub"]))
    except Unacceptable as rule:
        raise TokenRefused("sub", rule.reason) from rule
    email, phone = text(claims, "email"), text(claims, "phone_number")
    email_counts = trusts_addresses and _is_true(claims.get("email_verified"))
    phone_counts = trusts_addresses and (is_firebase or _is_true(claims.get("phone_number_verified")))
    return Testimony(
        named,
        _proven(email if email_counts else None, phone if phone_counts else None),
        profile=_profile(claims.get("name"), claims.get("picture")),
        claimed=_claimed(email=email, phone=phone),
    )


def _proven(email: Any, phone: Any) -> tuple[Identifier, ...]:
    """Addresses of a form we do not take are nobody's, and no reason to refuse whoever has them."""
    found = []
    for make, value in ((Identifier.phone, phone), (Identifier.email, email)):
        if isinstance(value, str):
            try:
                found.append(make(value))
            except Unacceptable:
                continue
    return tuple(found)


def _profile(name: Any, picture: Any, phone: Any = None, tags: tuple[str, ...] | None = None) -> ProfileChange:
    """What it says and we can show. What it does not say stays."""
    said: dict[str, Any] = {"name": _short(name, LONGEST_NAME), "phone": phone, "tags": tags}
    said["avatar_url"] = picture if _is_url(picture) else None
    return ProfileChange(**{key: value for key, value in said.items() if value is not None})


def _claimed(*, email: Any, phone: Any = None) -> Claimed:
    try:
        email = normal_email(email) if isinstance(email, str) and len(email) <= LONGEST_EMAIL else None
    except Unacceptable:
        email = None
    return Claimed(email=email, phone=_short(phone, LONGEST_PHONE))


def _uid(value: Any) -> str:
    """The App's own id of its user: a text or a whole number. 42 and "42" are one."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    try:
        if isinstance(value, str) and len(value) <= 1024:
            return Identifier.external_id(value).value
    except Unacceptable:
        pass
    raise ProviderRefused("custom", 200, lacks="uid")


def _login(value: Any) -> Identifier | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    try:
        return Identifier.login(value) if isinstance(value, str) else None
    except Unacceptable:
        return None


def _tags(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        return None
    found = dict.fromkeys(it.strip() for it in value if isinstance(it, str) and 0 < len(it.strip()) <= 64)
    return tuple(_plain(it) for it in found)[:MOST_TAGS]


def _kept(value: Any) -> str | int | float | bool | None:
    """A value to be kept as the dialect shows it: objects and lists as JSON; None where it is too long."""
    if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 2**53):
        return value
    kept = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _plain(kept) if len(kept) <= LONGEST_KEPT else None


def _short(value: Any, longest: int) -> str | None:
    """A text for people to read, cut where it is too long; a number is one, too."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return _plain(value)[:longest] or None if isinstance(value, str) else None


def _plain(value: str) -> str:
    """Without what no database keeps."""
    return "".join(it for it in value if it != "\0" and not "\ud800" <= it <= "\udfff")


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_URL and bool(re.fullmatch(r"https?://[!-~]+", value))


def _is_true(value: Any) -> bool:
    return value is True or value == "true"  # Apple writes it as a text
