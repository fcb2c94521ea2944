"""ID tokens of other issuers by joserfc. RS256 and ES256, with keys that the issuer publishes.

A key is only ever used for the one algorithm that it is for: an RSA key verifies RS256, a P-256 key ES256, and what
is a shared secret verifies nothing. So a token cannot choose how it is checked.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from ..domain.claims import SignedToken
from ..domain.errors import Doubt, TokenRefused
from ..ports.crypto import IssuerKey
from .jose import object_in, opened

LONGEST_ID_TOKEN: Final = 8192
"""Bytes. Microsoft's have some thousands."""

ALGORITHMS: Final = ("RS256", "ES256")
MOST_KEYS: Final = 100
"""In one document; issuers have two or three."""
SMALLEST_RSA_KEY: Final = 2048  # bits; NIST SP 800-131A
LARGEST_RSA_KEY: Final = 8192  # bits; a larger one makes each check slow

_REGISTRY: Final = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
_REGISTRY.max_header_length = LONGEST_ID_TOKEN
_REGISTRY.max_payload_length = LONGEST_ID_TOKEN
_REGISTRY.max_signature_length = LONGEST_ID_TOKEN


@dataclass(frozen=True, slots=True)
class _Key:
    algorithm: str
    key: RSAKey | ECKey


class JoseIdTokens:
    def keys_in(self, document: bytes) -> Mapping[str, IssuerKey]:
        try:
            found = json.loads(document)
        except RecursionError as error:
            raise ValueError("the document is nested too deeply") from error
        if not isinstance(found, dict):
            raise ValueError("the document is not an object")
        keys = found.get("keys")
        if isinstance(keys, list):
            named = [(it.get("kid", ""), _of_jwk(it)) for it in keys[:MOST_KEYS] if isinstance(it, dict)]
        else:
            named = [(kid, _of_certificate(it)) for kid, it in list(found.items())[:MOST_KEYS]]
        return {kid: IssuerKey(key) for kid, key in named if key is not None and isinstance(kid, str)}

    def kid_of(self, token: str) -> str:
        _, header = opened(token, _REGISTRY, ALGORITHMS, longest=LONGEST_ID_TOKEN)
        return str(header.get("kid", ""))

    def verify(self, token: str, key: IssuerKey) -> SignedToken:
        signed, header = opened(token, _REGISTRY, ALGORITHMS, longest=LONGEST_ID_TOKEN)
        if not isinstance(key, _Key) or header["alg"] != key.algorithm:
            raise TokenRefused("alg", "is not what the issuer's key is for")
        try:
            is_good = jws.validate_compact(signed, key.key, algorithms=[key.algorithm], registry=_REGISTRY)
        except (JoseError, ValueError):
            is_good = False
        if not is_good:
            raise TokenRefused("signature", "was not made with the issuer's key", Doubt.BAD_SIGNATURE)
        return SignedToken(header, object_in(signed.payload or b"", "payload"))


def _of_jwk(it: dict[str, Any]) -> _Key | None:
    """A public key that is for signatures; None for any other."""
    if it.get("use", "sig") != "sig" or it.get("alg", "RS256") not in ALGORITHMS:
        return None
    public: dict[str, Any] = {name: it.get(name) for name in ("kty", "n", "e", "crv", "x", "y") if name in it}
    try:
        if public.get("kty") == "RSA" and it.get("alg", "RS256") == "RS256":
            return _rsa(public)
        if public.get("kty") == "EC" and public.get("crv") == "P-256" and it.get("alg", "ES256") == "ES256":
            return _Key("ES256", ECKey.import_key(public))
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        pass
    return None


def _of_certificate(pem: Any) -> _Key | None:
    if not isinstance(pem, str) or not pem.startswith("-----BEGIN CERTIFICATE-----"):
        return None
    try:
        return _rsa(pem)
    except (JoseError, ValueError, TypeError):
        return None


def _rsa(text: str | dict[str, Any]) -> _Key | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # one that is too small is left out
        key = RSAKey.import_key(text)
    return _Key("RS256", key) if SMALLEST_RSA_KEY <= key.public_key.key_size <= LARGEST_RSA_KEY else None
