"""What your backend is told of what happens: whether it was us, and what it says. Nothing is sent anywhere.

The signature is that of Standard Webhooks, so that any library of theirs does as well.
"""

from __future__ import annotations

import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

TOLERANCE = 300
"""Seconds by which the moment in a delivery may be off. Whoever has seen one cannot send it again later."""


class NotGenuine(ValueError):
    """It is not signed with the secret, or not now. Answer 400, and believe nothing of it."""


def verify_webhook(
    secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None, tolerance: int = TOLERANCE
) -> dict[str, Any]:
    """What a delivery says, once it is clear that it is genuine; raises NotGenuine.

    ``body`` are the bytes as they came: what was read as JSON and written again is signed no more. The same
    ``webhook-id`` comes again when we did not hear that you have it: keep the ids of the last days.
    """
    found = {name.lower(): value for name, value in headers.items()}
    try:
        id, moment, given = (found[f"webhook-{it}"] for it in ("id", "timestamp", "signature"))
        at = int(moment)
    except (KeyError, ValueError):
        raise NotGenuine("the headers of a webhook are missing, or are not right") from None
    if abs((time.time() if now is None else now) - at) > tolerance:
        raise NotGenuine("the moment is too far from now")
    key = b64decode(secret.removeprefix("whsec_"))
    right = b64encode(hmac.digest(key, f"{id}.{moment}.".encode() + body, "sha256"))
    signatures = [it.partition(",") for it in given.split(" ")]
    if not any(version == "v1" and hmac.compare_digest(right, it.encode()) for version, _, it in signatures):
        raise NotGenuine("the signature is not right")
    said = json.loads(body)
    if not isinstance(said, dict):
        raise NotGenuine("it is not an object")
    return said
