"""Attack 14: going on after having been banned or deleted (CVE-2023-32682, Supabase #2642, GHSA-2vg6-77g8-24mp).

Every way in, and everything that was open before, for each way of being gone. Closed Apps: tests/journeys/test_apps.py.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from acquaint.settings import Settings
from tests.cast import Person, ann, ben, eve
from tests.journeys.shop import OLD_REST, Held, Shop, connecting
from tests.journeys.test_passwords_across_doors import ticket_in
from tests.support.databases import on_both_databases

Door = Callable[[Shop, Person], Awaitable[httpx2.Response]]

DOORS: dict[str, Door] = {
    "native password": lambda shop, who: shop.arriving(login=who.login, password=who.password),
    "native address": lambda shop, who: shop.arriving(email=who.email, password=who.password),
    "native register": lambda shop, who: shop.arriving(login=who.login, password=who.password, register=True),
    "native token": lambda shop, who: shop.arriving(token=shop.token(email=who.email)),
    "vouched": lambda shop, who: shop.vouching(email=who.email),
    "vouched by another name": lambda shop, who: shop.vouching(external_id=who.external_id),
    "qiscus key": lambda shop, who: shop.logging_in(who.login, who.password),
    "qiscus identity token": lambda shop, who: shop.verifying(who.login),
    "qiscus rest token": lambda shop, who: shop.rest("GET", "get_user_token", user_id=who.login),
    "qiscus rest new token": lambda shop, who: shop.rest("POST", "reset_user_token", user_id=who.login),
    "qiscus old rest": lambda shop, who: shop.rest(
        "POST", "login_or_register", OLD_REST, email=who.login, password=who.password
    ),
    "kustomer token": lambda shop, who: shop.identifying(email=who.email),
}


async def customer(shop: Shop, who: Person) -> Held:
    """Somebody with every kind of name, a password and a conversation."""
    names = {"login": who.login, "email": who.email, "external_id": who.external_id}
    held = await shop.vouches(**names)
    await shop.server("PUT", f"/users/{held.user}/password", {"password": who.password})
    await held.says("my secret")
    return held


def token_in(answer: httpx2.Response) -> str | None:
    """The session token that an answer of any door holds."""
    if not answer.is_success:
        return None
    said = answer.json()
    if "data" in said:  # Kustomer's tracking token is a JWT around it
        claims = said["data"]["attributes"]["token"].split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(claims + "=="))["jti"])
    found = said.get("token") or said.get("results", {})
    if isinstance(found, dict):
        found = found.get("token") or found.get("user", {}).get("token")
    return str(found) if found else None


@on_both_databases
@pytest.mark.parametrize("door", DOORS)
async def test_each_door_is_open_until_one_is_banned_and_then_shut(shop: Shop, door: str) -> None:
    anns = await customer(shop, ann)
    before = token_in(await DOORS[door](shop, ann))
    assert before, "the way in works"
    await shop.server("PUT", f"/users/{anns.user}/ban")
    answer = await DOORS[door](shop, ann)
    assert token_in(answer) is None, answer.text
    assert (await shop.native("GET", "/session", by=before)).status_code == 401
    assert len(await sessions_of(shop, anns)) == 0, "nor was one opened that nobody was told of"
    await shop.server("DELETE", f"/users/{anns.user}/ban")
    assert token_in(await DOORS[door](shop, ann)), "and it opens again"
    assert (await shop.native("GET", "/session", by=before)).status_code == 401, "but what ended stays ended"


async def sessions_of(shop: Shop, held: Held) -> list[object]:
    return list((await shop.server("GET", f"/users/{held.user}/sessions"))["items"])


@on_both_databases
@pytest.mark.parametrize("door", DOORS)
async def test_who_comes_after_having_been_deleted_is_somebody_new_if_anybody(shop: Shop, door: str) -> None:
    anns = await customer(shop, ann)
    before = token_in(await DOORS[door](shop, ann))
    assert before
    await shop.server("DELETE", f"/users/{anns.user}")
    assert (await shop.native("GET", "/session", by=before)).status_code == 401
    token = token_in(await DOORS[door](shop, ann))
    if token is not None:
        again = (await shop.native("GET", "/session", by=token)).json()
        assert again["user"]["id"] != anns.user
        assert (await shop.native("GET", "/conversations", by=token)).json()["items"] == []
    assert (await shop.native("GET", "/session", by=before)).status_code == 401


@on_both_databases
@pytest.mark.parametrize("how", ["ban", "delete", "delete by oneself", "qiscus"])
async def test_everything_that_was_open_before_is_shut_at_once(shop: Shop, how: str, settings: Settings) -> None:
    made = await shop.native("POST", "/users", {"app": shop.slug, "email": ann.email, "password": ann.password})
    laptop = shop.held(made)
    conversation = await laptop.says("hello")
    phone = await shop.logs_in(ann.email, ann.password)
    await shop.native("POST", "/password-resets", {"app": shop.slug, "email": ann.email})
    mailed = ticket_in(settings.data)
    body = {"text": "again"}
    kept = {"Idempotency-Key": "kept"}
    path = f"/conversations/{conversation}/messages"
    assert (await laptop.ask("POST", path, body, headers=kept)).status_code == 201

    await gone(shop, laptop, how)

    for held in (laptop, phone):
        for method, at, what in (
            ("GET", "/session", None),
            ("GET", path, None),
            ("POST", path, body),
            ("PATCH", "/user", {"name": "Ghost"}),
            ("POST", "/user/password", {"old_password": ann.password, "new_password": "a ghost in the attic"}),
            ("DELETE", "/user", None),
            ("POST", "/live/tickets", {}),
            ("POST", "/files?name=a.txt", None),
        ):
            assert await held.code(method, at, what) == "session_ended", f"{method} {at}"
        assert (await shop.qiscus("GET", "my_profile", by=held.token)).status_code == 403
    replayed = await laptop.ask("POST", path, body, headers=kept)
    assert replayed.status_code == 401, "an answer that was kept is not handed out either"
    done = await shop.native(
        "POST", "/password-resets/complete", {"ticket": mailed, "password": "a ghost in the attic"}
    )
    assert done.json()["code"] == "ticket_refused"


async def gone(shop: Shop, held: Held, how: str) -> None:
    match how:
        case "ban":
            await shop.server("PUT", f"/users/{held.user}/ban")
        case "delete":
            await shop.server("DELETE", f"/users/{held.user}")
        case "delete by oneself":
            await held.gets("DELETE", "/user")
        case _:
            answer = await shop.rest("DELETE", "deactivate_users", user_ids=[ann.email])
            assert answer.is_success, answer.text


@pytest.mark.parametrize("how", ["ban", "delete"])
async def test_nor_is_a_socket_or_a_ticket_for_one_any_good(corner: Shop, how: str) -> None:
    anns = await corner.vouches(email=ann.email)
    await anns.says("hello")
    spare = await anns.ticket()
    async with anns.live() as live:
        await gone(corner, anns, how)
        with pytest.raises(ConnectionClosed):
            await live.hears("never")
    with pytest.raises(InvalidStatus) as refused:
        async with connecting(corner.http, spare):
            pass
    assert refused.value.response.status_code == 401


async def test_a_visitor_who_is_banned_does_not_come_in_on_that_device_under_another_name(shop: Shop) -> None:
    """The device is who an unverified visitor is. Whoever proves to be somebody else is somebody else."""
    eves = await shop.arrives()
    await eves.says("rude things")
    user = (await eves.gets("GET", "/session"))["session"]["user_id"]
    await shop.server("PUT", f"/users/{user}/ban")
    assert await eves.code() == "session_ended"
    assert (await shop.arriving(device_secret=eves.device_secret)).json()["code"] == "user_banned"
    assert (await shop.comes_by_token(eves.device_secret, email=ben.email)).user != user


async def test_what_a_deleted_person_said_is_gone_for_everybody_and_what_was_said_to_them_is_not(shop: Shop) -> None:
    anns, bens = await shop.registers(ann), await shop.registers(ben)
    conversation = await anns.says("my secret", kind="direct", users=[bens.user])
    await bens.gets("POST", f"/conversations/{conversation}/messages", {"text": "I will tell nobody"})
    await anns.gets("DELETE", "/user")
    (seen,) = await bens.sees()
    assert "my secret" not in seen
    assert "I will tell nobody" in seen
    whole = await shop.native("GET", f"/app/conversations/{conversation}/messages", by=shop.api_key)
    assert "my secret" not in whole.text


async def test_a_name_that_is_free_again_brings_nothing_of_who_had_it(shop: Shop) -> None:
    """Ann deletes her account and Eve takes the login: no history, session or password comes with it."""
    anns = await shop.registers(ann)
    await anns.says("my secret")
    await anns.gets("DELETE", "/user")
    eves = await shop.arrives(login=ann.login, password=eve.password, register=True)
    assert await eves.sees() == []
    assert await anns.code() == "session_ended"
    assert (await shop.arriving(login=ann.login, password=ann.password)).status_code == 401
    assert eves.user != anns.user
