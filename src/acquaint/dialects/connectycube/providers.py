"""Signing in with somebody else's credential, as this vendor's clients send it.

{"provider": "facebook", "keys": {"token": …}}      also twitter, with a secret, and any issuer the App set up
{"provider": "firebase_phone", "firebase_phone": {"project_id": …, "access_token": …}}      also firebase_email
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...domain.errors import Unacceptable
from .reading import Asked


def credential(asked: Asked) -> tuple[str, Mapping[str, Any]] | None:
    """The Provider's name and what it is asked about; None where the request names no Provider."""
    name = asked.text("provider")
    if name is None:
        return None
    keys = asked.within("keys")
    own = asked.within(name) if name.startswith("firebase_") else Asked({})
    if name.startswith("firebase_"):
        _check_given(name, own)
    found = {
        "token": own.text("access_token") or keys.text("token"),
        "secret": keys.text("secret"),
        "project_id": own.text("project_id"),
        "nonce": keys.text("nonce"),
    }
    return name, {key: value for key, value in found.items() if value is not None}


def _check_given(name: str, own: Asked) -> None:
    """Both parameters are there; refuses in the vendor's words, which name those that are not."""
    missing = [f"'{name}[{it}]'" for it in ("access_token", "project_id") if own.text(it) is None]
    if missing:
        listed = " and ".join(missing)
        text = f"Bad Authentication data. Invalid input parameters provided: no {listed} parameters provided"
        raise Unacceptable("base", text)
