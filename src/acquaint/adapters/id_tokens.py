"""ID tokens of other issuers by joserfc, signed with any kind of public key that JOSE has and that is still trusted.

A key is only ever used for the one algorithm that it is for (RFC 8725, section 3.1): what the issuer says, and where it
says nothing, what its kind is for. An RSA key without a word verifies RS256, a P-256 key ES256, and what is a shared
secret verifies nothing. So a token cannot choose how it is checked.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from ..domain.claims import SignedToken
from ..domain.errors import Doubt, TokenRefused
from ..ports.crypto import IssuerKey
from .jose import object_in, taken_apart

LONGEST_ID_TOKEN: Final = 8192
"""Bytes. Microsoft's have some thousands."""

RSA_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
"""The first is what a key is for that does not say (OpenID Connect Core, section 3.1.3.7)."""

EC_ALGORITHMS: Final[Mapping[str, str]] = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
"""By curve; there is no choice (RFC 7518, section 3.4)."""

ED25519: Final = ("Ed25519", "EdDSA")
"""Two names of one algorithm: RFC 9864 replaces the second, which issuers go on using and which may mean Ed448, too."""

ALGORITHMS: Final = (*RSA_ALGORITHMS, *EC_ALGORITHMS.values(), *ED25519)
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
    algorithms: tuple[str, ...]  # the names of the one that it is for
    key: RSAKey | ECKey | OKPKey


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
        return str(taken_apart(token, ALGORITHMS, longest=LONGEST_ID_TOKEN).header.get("kid", ""))

    def verify(self, token: str, key: IssuerKey) -> SignedToken:
        parts = taken_apart(token, ALGORITHMS, longest=LONGEST_ID_TOKEN)
        if not isinstance(key, _Key) or parts.header["alg"] not in key.algorithms:
            raise TokenRefused("alg", "is not what the issuer's key is for")
        if not _is_good(token, key):
            raise TokenRefused("signature", "was not made with the issuer's key", Doubt.BAD_SIGNATURE)
        return SignedToken(parts.header, object_in(parts.payload, "payload"))


def _is_good(token: str, key: _Key) -> bool:
    try:
        signed = jws.extract_compact(token.encode(), registry=_REGISTRY)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # EdDSA is an old name, and here it means Ed25519 alone
            return jws.validate_compact(signed, key.key, algorithms=list(key.algorithms), registry=_REGISTRY)
    except (JoseError, ValueError):
        return False


def _of_jwk(it: dict[str, Any]) -> _Key | None:
    """A public key that is for signatures; None for any other."""
    said = it.get("alg")
    if it.get("use", "sig") != "sig" or (said is not None and said not in ALGORITHMS):
        return None
    public: dict[str, Any] = {name: it[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in it}
    try:
        match public.get("kty"), public.get("crv"):
            case "RSA", _ if said is None or said in RSA_ALGORITHMS:
                return _rsa(public, said or RSA_ALGORITHMS[0])
            case "EC", str(curve) if said in (None, EC_ALGORITHMS.get(curve)):
                return _Key((EC_ALGORITHMS[curve],), ECKey.import_key(public))
            case "OKP", "Ed25519" if said is None or said in ED25519:
                return _Key(ED25519, OKPKey.import_key(public))
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        pass
    return None


def _of_certificate(pem: Any) -> _Key | None:
    """Google's, which are for RS256."""
    if not isinstance(pem, str) or not pem.startswith("-----BEGIN CERTIFICATE-----"):
        return None
    try:
        return _rsa(pem, RSA_ALGORITHMS[0])
    except (JoseError, ValueError, TypeError):
        return None


def _rsa(text: str | dict[str, Any], algorithm: str) -> _Key | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # one that is too small is left out
        key = RSAKey.import_key(text)
    return _Key((algorithm,), key) if SMALLEST_RSA_KEY <= key.public_key.key_size <= LARGEST_RSA_KEY else None
