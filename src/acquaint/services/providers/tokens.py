"""ID tokens: whose keys they are checked with, and what they testify to.

by_openid      of an OpenID Connect issuer, whose keys are found by discovery
by_firebase    of a Firebase project, with Google's published certificates
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ...domain.apps import App
from ...domain.claims import SignedToken
from ...domain.errors import Doubt, TokenRefused
from ...domain.providers import LONGEST_URL, FirebaseProvider, OpenIdProvider
from ...domain.testimony import Testimony, of_firebase, of_openid
from ...ports.crypto import IssuerKey
from ...ports.outbound import NoAnswer
from ..core import Core
from .asking import unavailable

CLAIM_OF: Final[Mapping[str, str]] = {"firebase_phone": "phone_number", "firebase_email": "email"}


@dataclass(frozen=True, slots=True)
class Discovered:
    """What we read of a discovery document."""

    issuer: str
    jwks_url: str


async def by_openid(
    core: Core, app: App, name: str, provider: OpenIdProvider, *, token: str, nonce: str | None
) -> Testimony:
    """Refuses with TokenRefused or ProviderUnavailable."""
    core.id_tokens.kid_of(token)  # what could not be verified costs no question
    try:
        jwks_url = provider.jwks_url or await _jwks_url(core, provider)
        signed = await _verified(core, jwks_url, token)
    except NoAnswer as why:
        unavailable(app, name, why)
    return of_openid(signed, provider, nonce, core.clock())


async def by_firebase(
    core: Core, app: App, door: str, provider: FirebaseProvider, *, token: str, project_id: str | None
) -> Testimony:
    """``door`` is firebase_phone or firebase_email. Refuses with TokenRefused or ProviderUnavailable."""
    core.id_tokens.kid_of(token)
    try:
        signed = await _verified(core, provider.certificates_url, token)
    except NoAnswer as why:
        unavailable(app, door, why)
    return of_firebase(signed, provider, by=CLAIM_OF[door], named=project_id, now=core.clock())


async def _jwks_url(core: Core, provider: OpenIdProvider) -> str:
    found = await core.outside.document(provider.discovered_at, _discovered)
    if found.issuer != provider.issuer:  # OpenID Connect Discovery, section 4.3
        raise NoAnswer(f"{provider.discovered_at} is the document of another issuer than {provider.issuer}")
    return found.jwks_url


def _discovered(document: bytes) -> Discovered:
    try:
        found = json.loads(document)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("it is no discovery document")
    issuer, url = found.get("issuer"), found.get("jwks_uri")
    if not isinstance(issuer, str) or not isinstance(url, str) or not 0 < len(url) <= LONGEST_URL:
        raise ValueError("it is no discovery document")
    return Discovered(issuer, url)


async def _verified(core: Core, keys_at: str, token: str) -> SignedToken:
    """The token, checked with the key of the issuer's that it names, or with the only one that there is."""
    kid = core.id_tokens.kid_of(token)
    keys = await core.outside.document(
        keys_at, core.id_tokens.keys_in, lacks=lambda found: _key_for(kid, found) is None
    )
    key = _key_for(kid, keys)
    if key is None:
        raise TokenRefused("kid", "names none of the issuer's keys", Doubt.BAD_SIGNATURE)
    return core.id_tokens.verify(token, key)


def _key_for(kid: str, keys: Mapping[str, IssuerKey]) -> IssuerKey | None:
    if not kid and len(keys) == 1:  # RFC 7517, section 4.5: kid is optional; with one key there is nothing to choose
        return next(iter(keys.values()))
    return keys.get(kid) if kid else None
