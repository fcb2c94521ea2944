"""docs/examples/shop.py, which people copy: what it takes for a webhook of ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import runpy
import time
from pathlib import Path
from typing import Any

import pytest

SHOP = Path(__file__).parents[1] / "docs" / "examples" / "shop.py"
BODY = b'{"type": "message.posted", "data": {}}'


def shop(monkeypatch: pytest.MonkeyPatch, webhook_secret: str | None) -> dict[str, Any]:
    monkeypatch.setenv("ACQUAINT_URL", "https://chat.example.com")
    monkeypatch.setenv("ACQUAINT_SIGNING_SECRET", "signs logins")
    monkeypatch.delenv("ACQUAINT_WEBHOOK_SECRET", raising=False)
    if webhook_secret is not None:
        monkeypatch.setenv("ACQUAINT_WEBHOOK_SECRET", webhook_secret)
    return runpy.run_path(str(SHOP))


def signed(key: bytes, at: str) -> dict[str, str]:
    signature = base64.b64encode(hmac.digest(key, f"msg_1.{at}.".encode() + BODY, hashlib.sha256)).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": at, "webhook-signature": f"v1,{signature}"}


def test_a_webhook_that_is_signed_with_the_secret_is_genuine(monkeypatch: pytest.MonkeyPatch) -> None:
    is_genuine = shop(monkeypatch, "whsec_" + base64.b64encode(b"k" * 32).decode())["is_genuine"]
    now = str(int(time.time()))
    assert is_genuine(signed(b"k" * 32, now), BODY)
    assert not is_genuine(signed(b"x" * 32, now), BODY)
    assert not is_genuine(signed(b"k" * 32, now), BODY + b" ")
    assert not is_genuine({}, BODY)


@pytest.mark.parametrize("secret", [None, ""])
def test_a_shop_that_was_given_no_secret_believes_no_webhook(
    monkeypatch: pytest.MonkeyPatch, secret: str | None
) -> None:
    is_genuine = shop(monkeypatch, secret)["is_genuine"]
    assert not is_genuine(signed(b"", str(int(time.time()))), BODY), "an empty key is everybody's"


@pytest.mark.parametrize("at", ["9" * 5000, "²", "-1", "1.5", ""])
def test_a_time_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    is_genuine = shop(monkeypatch, "whsec_" + base64.b64encode(b"k" * 32).decode())["is_genuine"]
    assert not is_genuine(signed(b"k" * 32, at), BODY)
