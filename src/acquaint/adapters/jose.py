"""Signed tokens of Apps. HS256 and nothing else; what other issuers sign is read in ``id_tokens``, as strictly.

A token is read more strictly than JOSE asks: whatever two programs could read in two ways is refused, because
sooner or later one of them is the one that checks and the other the one that believes.

joserfc signs, and says what can be a key. A token that was taken apart here already is checked by one call of the
standard library; joserfc would take it apart again, twice, for five times as long.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple, NoReturn

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jws import JWSRegistry

from ..domain.claims import SignedToken
from ..domain.errors import Doubt, TokenRefused

LONGEST_TOKEN: Final = 4096
"""Bytes. Answers work done on behalf of strangers; an honest token has some hundreds, and fits into a header."""

ALGORITHM: Final = "HS256"

_COMPACT: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)")

_BRINGS_A_KEY: Final = ("jwk", "jku", "x5c", "x5u")  # CVE-2026-27962, CVE-2018-0114: whose key is it?
_TEXTS: Final = ("typ", "cty", "kid", "x5t", "x5t#S256")  # strings, says RFC 7515, section 4.1
_LONGEST_NUMBER: Final = 40  # characters; what is longer is no time, no count and no id


class JoseSigner:
    """A secret is the bytes of its text in UTF-8, as every vendor's sample has it."""

    def verify(self, token: str, secrets: Sequence[str]) -> SignedToken:
        """``secrets`` oldest first, as an App keeps them; the newest is tried first."""
        parts = _checked(token, tuple(secrets))
        return SignedToken(parts.header, object_in(parts.payload, "payload"))

    def sign(self, claims: Mapping[str, Any], secret: str, header: Mapping[str, Any] | None = None) -> str:
        more = dict(header or {})
        if "alg" in more or "typ" in more:
            raise ValueError(f"alg and typ are {ALGORITHM} and JWT, always")
        whole = {"alg": ALGORITHM, "typ": "JWT", **more}
        key = OctKey.import_key(secret.encode())
        return jwt.encode(whole, dict(claims), key, registry=_HS256_ONLY, default_type=None)


class Parts(NamedTuple):
    """A token taken apart, whose signature nobody has looked at: ``signed`` is what it is over."""

    header: Mapping[str, Any]
    payload: bytes
    signed: bytes
    signature: str


@lru_cache(maxsize=1024)  # some vendors' clients show one token with every request; what is refused is not kept
def _checked(token: str, secrets: tuple[str, ...]) -> Parts:
    """The parts of a token that one of the secrets signed. Refuses with TokenRefused."""
    parts = taken_apart(token, (ALGORITHM,))
    if not any(_signed_with(secret, parts) for secret in reversed(secrets)):
        raise TokenRefused("signature", "was made with none of the App's signing secrets", Doubt.BAD_SIGNATURE)
    return parts


def taken_apart(token: str, algorithms: tuple[str, ...], *, longest: int = LONGEST_TOKEN) -> Parts:
    """The token's parts; its header is one that we may check. Refuses with TokenRefused. No key was used."""
    if len(token) > longest:
        raise TokenRefused("token", f"is longer than {longest} bytes", Doubt.UNREADABLE_TOKEN)
    parts = _COMPACT.fullmatch(token)
    if parts is None:
        why = "is not a signed JSON Web Token: three parts of base64url without padding, with dots between them"
        raise TokenRefused("token", why, Doubt.UNREADABLE_TOKEN)
    header, payload, signature = parts.groups()
    try:
        found = _header(header, algorithms)
        return Parts(found, _decoded(payload), token[: parts.end(2)].encode(), signature)
    except ValueError:
        why = "has a part that is not the one right spelling in base64url"
        raise TokenRefused("token", why, Doubt.UNREADABLE_TOKEN) from None


@lru_cache(maxsize=256)  # whoever signs tokens writes the same header over all of them
def _header(text: str, algorithms: tuple[str, ...]) -> Mapping[str, Any]:
    header = object_in(_decoded(text), "header")
    _check_header(header, algorithms)
    return MappingProxyType(header)


def _decoded(part: str) -> bytes:
    """Raises ValueError for what is not the one spelling of any bytes."""
    found = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if base64.urlsafe_b64encode(found).rstrip(b"=").decode() != part:
        raise ValueError("has bits at its end that mean nothing")
    return found


def _check_header(header: Mapping[str, Any], algorithms: Sequence[str]) -> None:
    allowed = algorithms[0] if len(algorithms) == 1 else f"one of {', '.join(algorithms)}"
    if "alg" not in header:
        raise TokenRefused("alg", f"is required and must be {allowed}")
    if header["alg"] not in algorithms:
        raise TokenRefused("alg", f"must be {allowed}")
    if "crit" in header:
        raise TokenRefused("crit", "names extensions that we do not know")
    if "b64" in header:
        raise TokenRefused("b64", "is not supported")
    for name in _BRINGS_A_KEY:
        if name in header:
            raise TokenRefused(name, "brings a key; tokens are only checked with keys that we have already")
    for name in _TEXTS:
        if not isinstance(header.get(name, ""), str):
            raise TokenRefused(name, "must be a string")


def _signed_with(secret: str, parts: Parts) -> bool:
    key = _key(secret)
    try:
        signature = _decoded(parts.signature)
    except ValueError:
        return False
    return key is not None and hmac.compare_digest(hmac.digest(key, parts.signed, hashlib.sha256), signature)


@lru_cache(maxsize=1024)  # the import looks for public keys in disguise, which takes longer than the check itself
def _key(secret: str) -> bytes | None:
    """What to check with; None for what signs nothing: a secret that is empty, or a public key."""
    try:
        key = OctKey.import_key(secret.encode()).get_op_key("verify")
    except (JoseError, ValueError):
        return None
    return key or None


def object_in(text: bytes, what: str) -> dict[str, Any]:
    """The JSON object that a part of a token is; refuses with TokenRefused."""
    try:
        found = _STRICT_JSON.decode(text.decode("utf-8"))
        if b"\\u" in text:
            json.dumps(found, ensure_ascii=False).encode()  # a lone surrogate is no text, and would break later
    except (ValueError, RecursionError) as flaw:
        why = str(flaw) if isinstance(flaw, _Ambiguous) else "is not JSON in UTF-8"
        raise TokenRefused("token", f"has a {what} that {why}", Doubt.UNREADABLE_TOKEN) from None
    if not isinstance(found, dict):
        raise TokenRefused("token", f"has a {what} that is not a JSON object", Doubt.UNREADABLE_TOKEN)
    return found


class _Ambiguous(ValueError):
    """JSON that two readers may read in two ways."""


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Ambiguous("names something twice")
    return found


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise _Ambiguous("has a number beyond measure")
    return int(text)


def _real(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise _Ambiguous("has a number beyond measure")
    return found


def _no_number(text: str) -> NoReturn:
    raise _Ambiguous(f"has {text} for a number")


_STRICT_JSON: Final = json.JSONDecoder(
    object_pairs_hook=_without_duplicates, parse_int=_whole, parse_float=_real, parse_constant=_no_number
)

_HS256_ONLY: Final = JWSRegistry(algorithms=[ALGORITHM], strict_check_header=False)  # unknown headers are ignored
_HS256_ONLY.max_header_length = LONGEST_TOKEN
