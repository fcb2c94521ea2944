"""The signature of old SDKs: HMAC over the parameters of POST /session, with the App's auth secret.

SDKs before 4.0 send it, later ones do not, since a secret in every copy of an app is none. It proves nothing about
who asks and nothing is opened by it: it is checked where it is sent, so that old apps notice a wrong secret.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from ...domain.apps import App
from ...domain.errors import CannotOpen, Unacceptable
from .errors import BadSignature
from .reading import Asked

CLOCK_SKEW: Final = timedelta(minutes=60)  # documented by the vendor's refusal of more
_KINDS: Final = {40: hashlib.sha1, 64: hashlib.sha256}  # by the hexadecimal digits of their result
_HEX: Final = re.compile(r"[0-9a-fA-F]+")


def check_signature(app: App, asked: Asked, now: datetime) -> None:
    """Refuses with BadSignature, or with Unacceptable for a ``timestamp`` that is too far from now; or CannotOpen.

    Nothing is asked of a request without a signature.
    """
    signature = asked.text("signature")
    if signature is None:
        return
    hashing = _KINDS.get(len(signature))
    if hashing is None or not _HEX.fullmatch(signature):
        raise BadSignature
    if not app.auth_secret:
        raise CannotOpen(f"the auth secret of App {app.id}", "it must be rotated")
    expected = hmac.new(app.auth_secret.encode(), canonical(asked.raw).encode(), hashing).hexdigest()
    if not hmac.compare_digest(expected, signature.lower()):
        raise BadSignature
    timestamp = asked.number("timestamp")
    if timestamp is None or abs(timestamp - now.timestamp()) > CLOCK_SKEW.total_seconds():
        raise Unacceptable("timestamp", "invalid timestamp")


def canonical(parameters: Mapping[str, Any]) -> str:
    """What is signed: ``name=value`` by name, joined with ``&``, nothing escaped; nested names are ``user[login]``."""
    pairs = sorted((name, value) for name, value in _flat(parameters) if name != "signature")
    return "&".join(f"{name}={value}" for name, value in pairs)


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case Mapping():
            for key, inner in value.items():
                yield from _flat(inner, f"{name}[{key}]" if name else str(key))
        case list():
            for inner in value:
                yield from _flat(inner, f"{name}[]")
        case bool():
            yield name, "true" if value else "false"
        case None:
            yield name, "null"
        case float() if value.is_integer():
            yield name, str(int(value))
        case _:
            yield name, str(value)
