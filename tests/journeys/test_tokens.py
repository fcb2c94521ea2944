"""Tokens that an App's server signed, or did not, at both doors that take them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cast import ann, eve
from tests.journeys.shop import Shop
from tests.support.clock import SetClock

MINUTES = 60


class Doors:
    """The two doors that take signed tokens."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def open_for(self, secret: str | None = None, *, seconds: int = 0) -> tuple[bool, bool]:
        """Which let Ann in by a token that was issued so many seconds ago and signed with this secret."""
        now = int(self._shop.clock().timestamp()) - seconds
        native = await self._shop.arriving(token=self._shop.token(secret, email=ann.email, iat=now))
        nonce = (await self._shop.qiscus("POST", "auth/nonce")).json()["results"]["nonce"]
        claims: dict[str, Any] = {"iat": now, "exp": now + 30 * MINUTES}
        signed = self._shop.token(secret, {"ver": "v2"}, iss=self._shop.slug, nce=nonce, prn=ann.login, **claims)
        qiscus = await self._shop.qiscus("POST", "auth/verify_identity_token", {"identity_token": signed})
        assert native.status_code in (201, 401)
        assert qiscus.status_code in (200, 401)
        return native.status_code == 201, qiscus.status_code == 200


@pytest.fixture
def doors(shop: Shop) -> Doors:
    return Doors(shop)


async def test_a_fresh_token_opens_both(doors: Doors) -> None:
    assert await doors.open_for() == (True, True)


async def test_the_secret_of_another_app_opens_neither(doors: Doors, other: Shop) -> None:
    assert await doors.open_for(other.signing_secret) == (False, False)


async def test_a_token_that_was_meant_for_another_app_names_the_same_person_there_and_nobody_here(
    shop: Shop, other: Shop
) -> None:
    token = shop.token(email=ann.email)
    anns = await shop.arrives(token=token)
    assert (await other.arriving(token=token)).json()["claim"] == "signature"
    nonce = (await other.qiscus("POST", "auth/nonce")).json()["results"]["nonce"]
    of_shop = shop.identity_token(nonce, ann.login)
    answer = await other.qiscus("POST", "auth/verify_identity_token", {"identity_token": of_shop})
    assert answer.status_code == 401
    assert await anns.is_in()


async def test_a_rotated_secret_is_believed_until_its_time_is_over_and_a_retired_one_not_for_a_moment(
    shop: Shop, doors: Doors, clock: SetClock
) -> None:
    old = shop.signing_secret
    new = (await shop.server("POST", "/secrets", {"grace_seconds": 600}))["text"]
    assert await doors.open_for(old) == await doors.open_for(new) == (True, True)
    clock.forward(seconds=599)
    assert await doors.open_for(old) == (True, True)
    clock.forward(seconds=1)
    assert await doors.open_for(old) == (False, False)

    newest = (await shop.server("POST", "/secrets", {}))["text"]
    assert await doors.open_for(new) == (True, True), "without a grace it lives until it is retired"
    (_, found, _) = (await shop.server("GET", "/secrets"))["items"]
    await shop.server("DELETE", f"/secrets/{found['id']}")
    assert await doors.open_for(new) == (False, False)
    assert await doors.open_for(newest) == (True, True)
    refused = await shop.http.get(
        "/api/v2.1/rest/get_user_list", headers={"QISCUS-SDK-APP-ID": shop.slug, "QISCUS-SDK-SECRET": new}
    )
    assert refused.status_code == 401


@pytest.mark.parametrize(
    ("seconds", "open_for"),
    [
        (15 * MINUTES, (True, True)),
        (15 * MINUTES + 1, (False, True)),  # Qiscus' tokens say themselves until when, and are good once
        (16 * MINUTES, (False, True)),
        (31 * MINUTES + 1, (False, False)),
        (-1 * MINUTES, (True, True)),
        (-1 * MINUTES - 1, (True, False)),  # Kustomer: fifteen minutes either way
        (-16 * MINUTES, (False, False)),
    ],
)
async def test_an_old_token_and_one_from_the_future_open_nothing(
    doors: Doors, seconds: int, open_for: tuple[bool, bool]
) -> None:
    assert await doors.open_for(seconds=seconds) == open_for


async def test_the_app_may_want_fresher_tokens(shop: Shop, doors: Doors) -> None:
    await shop.server("PATCH", "/policy", {"token_max_age": "1m"})
    assert (await doors.open_for(seconds=61))[0] is False
    assert (await doors.open_for(seconds=60))[0] is True


async def test_a_clock_that_steps_back_an_hour_does_not_make_a_stale_token_fresh_for_longer(
    shop: Shop, clock: SetClock
) -> None:
    token = shop.token(email=eve.email)
    clock.forward(hours=1)
    assert (await shop.arriving(token=token)).json()["code"] == "token_stale"
    clock.back(hours=2)
    assert (await shop.arriving(token=token)).json()["code"] == "token_stale"


async def test_a_clock_that_steps_either_way_revives_no_session(shop: Shop, clock: SetClock) -> None:
    ended, going_on = await shop.registers(ann), await shop.registers(ann)
    await going_on.gets("DELETE", f"/sessions/{ended.session}")
    clock.back(hours=1)
    assert await ended.code() == "session_ended"
    assert await going_on.is_in()
    clock.forward(days=30)
    assert await going_on.is_in()
    clock.forward(hours=1)
    assert await going_on.code() == "session_expired"
