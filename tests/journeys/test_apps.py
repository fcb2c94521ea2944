"""Apps beside each other, and an App that is closed."""

from __future__ import annotations

import asyncio

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.cast import ann, ben
from tests.journeys.shop import REST, SDK, Shop, connecting
from tests.support.patience import PATIENCE


async def test_two_apps_with_the_same_users_never_meet(shop: Shop, other: Shop) -> None:
    """Ann and Ben are customers of both, by the same names, on the same laptop."""
    visitor = await shop.arrives()
    laptop = visitor.device_secret
    assert laptop is not None
    await visitor.says("to acme, anonymously")
    there = await other.arrives(device_secret=laptop)
    await there.says("to globex, anonymously")

    here = await shop.comes_by_token(laptop, email=ann.email)
    there = await other.comes_by_token(laptop, email=ann.email)
    assert here.user != there.user
    assert await here.sees() == [["to acme, anonymously"]]
    assert await there.sees() == [["to globex, anonymously"]]

    bens, bens_there = await shop.vouches(email=ben.email), await other.vouches(email=ben.email)
    await here.says("to ben", kind="direct", users=[bens.user])
    assert await bens.sees() == [["to ben"]]
    assert await bens_there.sees() == []
    refused = await here.ask("POST", "/conversations", {"kind": "direct", "users": [bens_there.user]})
    assert refused.json()["code"] == "not_found"

    # Qiscus: the token is of one App, whatever the header says.
    assert (await other.qiscus("GET", "my_profile", by=here.token)).status_code == 403
    await other.qiscus("POST", "logout", {"token": here.token}, by=here.token)
    assert await here.is_in()

    # Logging out of one, banning and deleting in one leaves the other alone.
    await there.gets("DELETE", "/session")
    assert (await shop.arrives(device_secret=laptop)).device_secret == laptop
    await other.server("PUT", f"/users/{bens_there.user}/ban")
    assert await bens.is_in()
    for user in (here.user, bens.user):
        answer = await other.native("DELETE", f"/app/users/{user}", by=other.api_key)
        assert answer.json()["code"] == "not_found"


async def test_on_a_live_connection_the_other_app_is_not_there_either(corner: Shop, operator_key: str) -> None:
    answer = await corner.native("POST", "/server/apps", {"name": "Other"}, by=operator_key)
    other = Shop.made(corner.http, answer.json())
    here, there = await corner.vouches(email=ann.email), await other.vouches(email=ann.email)
    conversation = await here.says("here")
    async with there.live() as live:
        await live.says(type="typing", conversation=conversation, on=True)
        while (frame := await live.frame())["type"] != "error":
            assert frame["type"] == "resumed"
        assert frame["code"] == "not_found"
        await here.says("here again")
        elsewhere = await there.says("there")
        assert (await live.frame())["conversation"] == elsewhere


async def test_a_closed_app_refuses_everybody_everywhere_until_it_is_open_again(
    corner: Shop, operator_key: str
) -> None:
    anns, visitor = await corner.registers(ann), await corner.arrives()
    await anns.says("before")
    file = (await anns.ask("POST", "/files?name=a.txt", content=b"hello")).json()["url"]
    assert (await corner.http.get(file)).status_code == 200
    spare = await anns.ticket()
    nonce = (await corner.qiscus("POST", "auth/nonce")).json()["results"]["nonce"]

    async with anns.live() as live, visitor.live() as other:
        await switch(corner, operator_key, closed=True)
        for it in (live, other):
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(it.hears("never"), PATIENCE)

    for held in (anns, visitor):
        for method, path in (("GET", "/session"), ("GET", "/conversations"), ("DELETE", "/session")):
            assert await held.code(method, path) == "app_closed"
    for how in (
        {},
        {"login": ann.login, "password": ann.password},
        {"token": corner.token(email=ann.email)},
        {"guest": {"name": "Guest"}},
        {"login": "new", "password": ann.password, "register": True},
    ):
        assert (await corner.arriving(**how)).json()["code"] == "app_closed"
    for path, body in (
        ("/users", {"login": "new", "password": ann.password}),
        ("/password-resets", {"email": ann.email}),
    ):
        answer = await corner.native("POST", path, {"app": corner.slug, **body})
        assert answer.json()["code"] == "app_closed"
    for method, path in (("GET", ""), ("GET", "/users"), ("GET", "/policy"), ("POST", "/secrets")):
        answer = await corner.native(method, f"/app{path}", by=corner.api_key)
        assert answer.status_code in (403, 415), answer.text
    assert (await corner.vouching(email=ann.email)).json()["code"] == "app_closed"
    assert (await corner.http.get(file)).status_code == 403
    with pytest.raises(InvalidStatus):
        async with connecting(corner.http, spare):
            pass

    closed = {"code": 401303, "message": "Application is closed", "detailed_messages": ["Application is closed"]}
    for answer in (
        await corner.logging_in(ann.login, ann.password),
        await corner.qiscus("GET", "config"),
        await corner.qiscus("POST", "auth/nonce"),
        await corner.qiscus(
            "POST", "auth/verify_identity_token", {"identity_token": corner.identity_token(nonce, ann.login)}
        ),
        await corner.qiscus("GET", "my_profile", by=anns.token),
        await corner.qiscus("PATCH", "my_profile", {"name": "A"}, by=anns.token),
        await corner.rest("POST", "login_or_register", user_id=ann.login, password=ann.password),
        await corner.rest("GET", "get_user_token", user_id=ann.login),
    ):
        assert (answer.status_code, answer.json()["error"]) == (401, closed)

    await switch(corner, operator_key, closed=False)
    assert await anns.sees() == [["before"]], "nothing is lost, and nobody was logged out"
    assert (await corner.http.get(file)).content == b"hello"


async def switch(shop: Shop, operator_key: str, *, closed: bool) -> None:
    answer = await shop.native("PATCH", f"/server/apps/{shop.slug}", {"is_closed": closed}, by=operator_key)
    assert answer.is_success, answer.text


async def test_no_browser_page_reads_what_a_servers_secret_opens(shop: Shop) -> None:
    page = {"Origin": "https://evil.example"}
    for prefix, readable in ((SDK, True), (REST, False)):
        headers = {"QISCUS-SDK-APP-ID": shop.slug, "QISCUS-SDK-SECRET": shop.signing_secret, **page}
        answer = await shop.http.get(f"{prefix}/config", headers=headers)
        assert ("access-control-allow-origin" in answer.headers) is readable
