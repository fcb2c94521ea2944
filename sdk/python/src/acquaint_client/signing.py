"""Login tokens: what your backend signs when it knows who is in front of it."""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any


def sign_login(
    secret: str,
    *,
    email: str | None = None,
    external_id: str | None = None,
    name: str | None = None,
    now: float | None = None,
) -> str:
    """A JWT (HS256) that logs this user in, for the next few minutes: sign one for every login.

    ``secret`` is one of the App's signing secrets. Only your backend knows it: whoever has it can be anybody. The user
    is named by ``email`` or by ``external_id``, their id in your own database. Nothing is sent anywhere.
    """
    if (email is None) == (external_id is None):
        raise ValueError("give either email or external_id")
    if not secret:
        raise ValueError("the signing secret is empty")
    claims = {
        "email": email,
        "externalId": external_id,
        "name": name,
        "iat": int(time.time() if now is None else now),
    }
    said = {claim: value for claim, value in claims.items() if value is not None}
    signed = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(said)}"
    signature = hmac.digest(secret.encode(), signed.encode(), "sha256")
    return f"{signed}.{_base64url(signature)}"


def unproven_claims(jwt: str) -> dict[str, Any]:
    """What a token says. Nobody has checked the signature: for comparing, never for believing."""
    try:
        middle = jwt.split(".")[1]
        found = json.loads(urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


def _encoded(it: Any) -> str:
    return _base64url(json.dumps(it, separators=(",", ":"), ensure_ascii=False).encode())


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
