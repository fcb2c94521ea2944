"""The signature of old SDKs: checked where it is sent, needed nowhere."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest

from acquaint.dialects.connectycube.errors import BadSignature
from acquaint.dialects.connectycube.reading import Asked
from acquaint.dialects.connectycube.signature import canonical, check_signature
from acquaint.domain.apps import App, AppId, PublicKeys
from acquaint.domain.errors import Unacceptable
from acquaint.services.core import Core
from tests.dialects.connectycube.asking import Cube, unacceptable
from tests.support.clock import SetClock

RECORDED = {  # from connectycube 3.35.3
    "application_id": 7,
    "auth_key": "AUTHKEY7",
    "nonce": 2110,
    "timestamp": 1795258654,
    "user": {"login": "alice", "password": "secret77"},
    "signature": "bb372c9e637fa6482f7c36d28ebfee68447200e0",
}
THEN = datetime.fromtimestamp(1795258654, UTC)
APP = App(AppId(7), "acme", "Acme", PublicKeys("AUTHKEY7", "w"), "SECRET", THEN)


def signed(secret: str, hashing: Any = hashlib.sha1, **asked: Any) -> dict[str, Any]:
    return asked | {"signature": hmac.new(secret.encode(), canonical(asked).encode(), hashing).hexdigest()}


def test_what_an_old_sdk_sends_is_right() -> None:
    assert canonical(RECORDED) == (
        "application_id=7&auth_key=AUTHKEY7&nonce=2110&timestamp=1795258654&user[login]=alice&user[password]=secret77"
    )
    check_signature(APP, Asked(RECORDED), THEN)


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": 2111},
        {"application_id": 8},
        {"user": {"login": "alice", "password": "secret78"}},
        {"user": {"login": "alice"}},
        {"extra": "1"},
        {"signature": "0" * 40},
        {"signature": "bb372c9e637fa6482f7c36d28ebfee68447200e"},
        {"signature": "bb372c9e637fa6482f7c36d28ebfee68447200e0" + "0" * 24},
        {"signature": "é" * 40},
        {"signature": "zz372c9e637fa6482f7c36d28ebfee68447200e0"},
        {"signature": "x"},
    ],
    ids=str,
)
def test_anything_else_than_was_signed_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadSignature):
        check_signature(APP, Asked(RECORDED | change), THEN)


@pytest.mark.parametrize(("hours", "is_good"), [(-1, True), (1, True), (-1.01, False), (1.01, False)])
def test_an_hour_is_left_to_clocks_that_are_wrong(hours: float, is_good: bool) -> None:
    now = SetClock(THEN).forward(hours=hours)
    if is_good:
        check_signature(APP, Asked(RECORDED), now)
        return
    with pytest.raises(Unacceptable) as refused:
        check_signature(APP, Asked(RECORDED), now)
    assert (refused.value.field, refused.value.reason) == ("timestamp", "invalid timestamp")


def test_a_signature_without_a_time_could_be_used_for_ever() -> None:
    with pytest.raises(Unacceptable):
        check_signature(APP, Asked(signed("SECRET", application_id=7)), THEN)


def test_the_longer_kind_is_known_by_its_length() -> None:
    check_signature(APP, Asked(signed("SECRET", hashlib.sha256, timestamp="1795258654", a="b")), THEN)


async def test_it_is_checked_where_it_is_sent_and_in_every_spelling(cube: Cube, core: Core) -> None:
    now = int(core.clock().timestamp())
    asked = cube.credentials | {"timestamp": now, "nonce": 7, "user": {"login": "ann", "password": "p+w ä&"}}
    good = signed(cube.app.auth_secret, **asked)
    assert (await cube.ask("POST", "/session", json=good)).status_code == 201
    user: Any = good["user"]
    form = {name: str(value) for name, value in good.items() if name != "user"}
    form |= {f"user[{name}]": value for name, value in user.items()}
    assert (await cube.ask("POST", "/session", data=form)).status_code == 201
    assert (await cube.ask("POST", "/session", json=asked)).status_code == 201  # without one, nobody asks for it

    bad = await cube.ask("POST", "/session", json=signed("another secret", **asked))
    assert (bad.status_code, bad.json()) == (422, {"errors": ["Unexpected signature"]})
    late = await cube.ask("POST", "/session", json=signed(cube.app.auth_secret, **asked | {"timestamp": now - 3601}))
    assert (late.status_code, late.json()) == (422, unacceptable(timestamp="invalid timestamp"))
