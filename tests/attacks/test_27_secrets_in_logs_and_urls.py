"""Attack 27: a credential in an address (chatwoot #15775). Logs and data: test_27_secrets_left_behind.py."""

from __future__ import annotations

from tests.cast import ann
from tests.journeys.shop import SDK, Shop


async def test_a_credential_in_an_address_opens_nothing(shop: Shop) -> None:
    """Addresses are in histories, logs and Referers, so none is read from there; tickets for sockets are good once."""
    held = await shop.registers(ann)
    for name in ("token", "access_token", "session", "authorization", "QISCUS-SDK-TOKEN"):
        found = await shop.http.get("/acquaint/v1/session", params={name: held.token})
        assert found.status_code == 401
        headers = {"QISCUS-SDK-APP-ID": shop.slug}
        found = await shop.http.get(f"{SDK}/my_profile", params={name: held.token}, headers=headers)
        assert found.status_code == 403
    jwt = (await shop.identifying(email=ann.email)).json()["data"]["attributes"]["token"]
    for name in ("token", "trackingToken", "x-kustomer-tracking-token"):
        assert (await shop.http.get("/c/v1/chat/sessions", params={name: jwt})).status_code == 401
        assert (await shop.http.get("/c/v1/events", params={name: jwt})).status_code == 401
    for name in ("key", "api_key", "token"):
        assert (await shop.http.get("/acquaint/v1/app", params={name: shop.api_key})).status_code == 401
    found = await shop.http.get(
        "/api/v2.1/rest/get_user_list",
        params={"secret": shop.signing_secret, "QISCUS-SDK-SECRET": shop.signing_secret},
        headers={"QISCUS-SDK-APP-ID": shop.slug},
    )
    assert found.status_code == 401
