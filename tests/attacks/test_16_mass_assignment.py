"""Attack 16: sending more than was asked for (CVE-2026-27946, CVE-2025-61928, CVE-2026-34574).

The native API refuses a field that it does not know, which its own tests try on every route; what is tried here is
what gets further: doors that ignore unknown fields, tokens, custom data, frames, and null where something is.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cast import ann, ben, eve
from tests.journeys.shop import OLD_REST, SDK, Held, Shop
from tests.support.clock import SetClock

MORE: dict[str, Any] = {
    "id": 1,
    "user_id": "1",
    "app_id": 1,
    "app": "globex",
    "role": "org.admin",
    "roles": ["org.admin"],
    "is_admin": True,
    "is_verified": True,
    "is_guest": False,
    "verified": True,
    "assurance": "verified",
    "trust": "high",
    "standing": "active",
    "active": True,
    "identifiers": {"email": "ann@example.com", "external_id": "acme-ann"},
    "external_id": "acme-ann",
    "externalId": "acme-ann",
    "phone_number": "+4930123451",
    "custom": {"role": "admin"},
    "tags": ["vip"],
    "created_at": "1999-01-01T00:00:00Z",
    "expires_at": "2999-01-01T00:00:00Z",
    "session_at_most": 10**9,
    "password_hash": "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
    "token": "acqs_mine",
    "__proto__": {"is_admin": True},
}


async def seen_by_the_app(shop: Shop, held: Held) -> dict[str, Any]:
    return dict(await shop.server("GET", f"/users/{held.user}"))


def plain(it: dict[str, Any]) -> dict[str, Any]:
    """What of a user the extra fields would have changed."""
    kept = ("custom", "tags", "standing", "is_verified", "is_guest", "phone")
    return {name: it[name] for name in kept} | {"email": it["identifiers"]["email"]}


@pytest.mark.parametrize("as_form", [False, True])
async def test_over_qiscus_who_sends_more_is_nothing_more(shop: Shop, as_form: bool) -> None:
    plainly = await shop.logs_in(ben.login, ben.password)
    headers = {"QISCUS-SDK-APP-ID": shop.slug}
    body = MORE | {"email": eve.login, "password": eve.password}
    sent: dict[str, Any] = {"json": body}
    if as_form:
        sent = {"data": {name: it if isinstance(it, str) else json.dumps(it) for name, it in body.items()}}
    answer = await shop.http.post(f"{SDK}/login_or_register", headers=headers, **sent)
    assert answer.status_code == 200, answer.text
    token = answer.json()["results"]["user"]["token"]
    assert token != MORE["token"]
    eves = Held(shop, token, None, str(answer.json()["results"]["user"]["id"]), "")
    assert eves.user != "1"
    assert plain(await seen_by_the_app(shop, eves)) == plain(await seen_by_the_app(shop, plainly))
    assert (await shop.qiscus("PATCH", "my_profile", MORE | {"name": "Eve"}, by=token)).status_code == 200
    assert plain(await seen_by_the_app(shop, eves)) == plain(await seen_by_the_app(shop, plainly))
    assert (await shop.logging_in(eve.login, eve.password)).status_code == 200, "the password is still hers"


async def test_nobody_is_an_admin_by_saying_so_in_extras(shop: Shop) -> None:
    eves = await shop.logs_in(eve.login, eve.password, extras={"role": "admin", "verified": True})
    await shop.qiscus("PATCH", "my_profile", {"extras": json.dumps({"is_admin": True})}, by=eves.token)
    user = await seen_by_the_app(shop, eves)
    assert user["custom"] == {}, "what the App reads as vouched for"
    assert user["claimed"]["custom"] == {"is_admin": True}
    await eves.gets("PATCH", "/user", {"custom": {"role": "admin"}})
    assert (await seen_by_the_app(shop, eves))["custom"] == {}
    # What the server vouches for wins over what she says under the same name.
    await shop.rest("POST", "login_or_register", user_id=eve.login, password=eve.password, extras={"role": "customer"})
    eves = await shop.logs_in(eve.login, eve.password)
    await shop.qiscus("PATCH", "my_profile", {"extras": {"role": "admin"}}, by=eves.token)
    shown = (await shop.qiscus("GET", "my_profile", by=eves.token)).json()["results"]["user"]["extras"]
    assert shown["role"] == "customer"


async def test_a_token_says_who_somebody_is_and_nothing_else(shop: Shop) -> None:
    anns = await shop.vouches(external_id=ann.external_id)
    more = {name: it for name, it in MORE.items() if name != "externalId"}
    eves = await shop.comes_by_token(**more, email=eve.email, sub=anns.user, login=ann.login)
    assert eves.user not in (anns.user, "1")
    user = await seen_by_the_app(shop, eves)
    assert (user["custom"], user["tags"], user["identifiers"]["external_id"]) == ({}, [], None)
    session = (await eves.gets("GET", "/session"))["session"]
    assert session["expires_at"] < "2027", "nor how long they stay"
    answer = await shop.verifying(eve.login, **(more | {"name": "Eve"}))
    assert answer.status_code == 200
    assert str(answer.json()["results"]["user"]["id"]) not in (anns.user, "1")


async def test_claims_of_a_visitor_carry_no_identity_with_them(shop: Shop) -> None:
    visitor = await shop.arrives()
    await visitor.gets("PATCH", "/session/claims", {"name": "Ann", "custom": MORE})
    session = await visitor.gets("GET", "/session")
    assert session["session"]["assurance"] == "claimed"
    assert session["user"]["is_verified"] is False
    assert session["user"]["custom"] == {}
    assert set(session["user"]["identifiers"].values()) == {None}
    for name, value in MORE.items():
        if name in ("custom", "app"):
            continue
        assert await visitor.code("PATCH", "/session/claims", {"name": "Ann", name: value}) == "unacceptable"


async def test_frames_take_nothing_more_either(corner: Shop) -> None:
    anns, eves = await corner.vouches(email=ann.email), await corner.vouches(email=eve.email)
    conversation = await anns.says("my secret")
    async with eves.live() as live:
        for frame in (
            {"type": "ping", "user": anns.user},
            {"type": "typing", "conversation": conversation, "on": True, "user": anns.user, "session": anns.session},
        ):
            await live.says(**frame)
            said = await live.frame()
            assert (said["type"], said["code"]) == ("error", "unacceptable")


@pytest.mark.parametrize("name", ["device_secret", "login", "token", "guest", "workspace", "register"])
async def test_null_is_not_absent_where_somebody_comes_in(shop: Shop, name: str) -> None:
    """parse-server took a null for nothing to check (CVE-2026-34574)."""
    answer = await shop.arriving(**{"password": ann.password, name: None})
    assert answer.json()["code"] == "unacceptable"


@pytest.mark.parametrize("claim", ["email", "externalId"])
async def test_a_null_claim_names_nobody(shop: Shop, claim: str) -> None:
    answer = await shop.arriving(token=shop.token(**{claim: None}))
    assert answer.json()["claim"] == "email"
    answer = await shop.verifying(ann.login, nce=None)
    assert answer.status_code == 401


async def test_null_empties_nothing_that_is_not_ones_own_to_empty(shop: Shop) -> None:
    held = await shop.vouches(login=ann.login, email=ann.email)
    await shop.server("PATCH", f"/users/{held.user}", {"custom": {"plan": "gold"}, "tags": ["vip"]})
    for body in ({"custom": None}, {"tags": None}, {"identifiers": None}, {"password": None}):
        assert await held.code("PATCH", "/user", body) == "unacceptable"
    for body in ({"custom": None}, {"tags": None}):
        answer = await shop.native("PATCH", f"/app/users/{held.user}", body, by=shop.api_key)
        assert answer.json()["code"] == "unacceptable"
    await shop.qiscus("PATCH", "my_profile", {"name": None, "extras": None, "avatar_url": None}, by=held.token)
    user = await seen_by_the_app(shop, held)
    assert (user["custom"], user["tags"]) == ({"plan": "gold"}, ["vip"])


async def test_a_vendors_server_sets_no_more_than_its_door_has(shop: Shop, clock: SetClock) -> None:
    for prefix in ("/api/v2.1/rest", OLD_REST):
        body = MORE | {"user_id": ben.login, "email": ben.login, "password": ben.password}
        answer = await shop.rest("POST", "login_or_register", prefix, **body)
        assert answer.status_code == 200, answer.text
    found = await shop.server("GET", f"/users/lookup?login={ben.login}")
    assert found["id"] != "1"
    assert found["identifiers"]["external_id"] is None
    assert found["created_at"].startswith(clock().date().isoformat())
