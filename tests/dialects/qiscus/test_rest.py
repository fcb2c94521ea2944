"""What an App's server may do, and nobody else."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from acquaint.domain.identities import Identifier
from acquaint.services import apps, users
from acquaint.services.core import Core
from tests.cast import Cast
from tests.dialects.qiscus.asking import UNAUTHORIZED, WRONG_PASSWORD, Asking
from tests.support.databases import on_both_databases


@pytest.fixture
def asking(client: httpx2.AsyncClient, acme: Cast) -> Asking:
    return Asking(client, acme)


async def set_key(asking: Asking, key: str, **more: object) -> httpx2.Response:
    body = {"user_id": "ann", "username": "Ann", "password": key, **more}
    return await asking.rest("POST", "login_or_register", json=body)


async def test_the_first_key_of_the_server_ends_what_whoever_registered_the_id_opened(asking: Asking) -> None:
    strangers = await asking.account("ann", "eves key")
    assert (await set_key(asking, "k1")).status_code == 200
    assert (await asking.profile(strangers["token"])).json() == UNAUTHORIZED


async def test_a_new_key_replaces_the_old_one_and_leaves_sessions_alone(asking: Asking) -> None:
    assert (await set_key(asking, "k1", username="Ann")).status_code == 200
    before = await asking.account("ann", "k1", username="Ann")
    assert (await set_key(asking, "k2")).status_code == 200
    assert (await asking.log_in("ann", "k1")).json() == WRONG_PASSWORD
    assert (await asking.account("ann", "k2"))["id"] == before["id"]
    assert (await asking.profile(before["token"])).status_code == 200


async def test_a_new_key_can_end_what_the_old_one_opened(asking: Asking) -> None:
    before = await asking.account("ann", "k1", username="Ann")
    assert (await set_key(asking, "k2", revoke_sessions=True)).status_code == 200
    assert (await asking.profile(before["token"])).json() == UNAUTHORIZED
    assert (await set_key(asking, "k3", revoke_sessions="perhaps")).status_code == 400


async def test_a_user_made_without_a_key_comes_in_only_when_the_server_says_so(asking: Asking) -> None:
    assert (await asking.rest("POST", "login_or_register", json={"user_id": "ann"})).status_code == 200
    for key in ("", " ", "null", "None"):
        assert (await asking.log_in("ann", key)).status_code in (400, 401)
    token = (await asking.rest("GET", "get_user_token", params={"user_id": "ann"})).json()["results"]["token"]
    assert (await asking.profile(token)).json()["results"]["user"]["username"] == "ann"
    assert (await set_key(asking, "k1")).status_code == 200
    assert (await asking.log_in("ann", "k1")).status_code == 200


async def test_a_wrong_key_given_by_the_server_changes_no_profile(asking: Asking, core: Core, acme: Cast) -> None:
    await asking.account("ann", "k1", username="Ann")
    assert (await set_key(asking, "x" * 1025, username="Eve")).status_code == 400
    assert (await users.find(core, acme.app, Identifier.login("ann"))).profile.name == "Ann"


@on_both_databases
async def test_servers_that_make_one_user_at_once_make_one(asking: Asking, core: Core, acme: Cast) -> None:
    answers = await asyncio.gather(*[set_key(asking, f"k{number}") for number in range(8)])
    assert {it.status_code for it in answers} == {200}
    listed = (await asking.rest("GET", "get_user_list")).json()["results"]
    assert [it["email"] for it in listed["users"]] == ["ann"]


async def test_of_tokens_reset_at_once_one_is_left(asking: Asking) -> None:
    await asking.account("ann", "k1")
    answers = await asyncio.gather(
        *[asking.rest("POST", "reset_user_token", json={"user_id": "ann"}) for _ in range(8)]
    )
    profiles = [await asking.profile(it.json()["results"]["token"]) for it in answers]
    assert sorted(it.status_code for it in profiles) == [200] + [403] * 7


@pytest.mark.parametrize("call", ["reset_user_token", "get_user_token", "user_profile"])
async def test_asking_for_a_user_makes_none(asking: Asking, call: str) -> None:
    method = "POST" if call.startswith("reset") else "GET"
    answer = await asking.rest(method, call, params={"user_id": "ann"}, json={"user_id": "ann"})
    assert answer.status_code == 404
    assert (await asking.rest("GET", "get_user_list")).json()["results"]["users"] == []


async def test_users_are_listed_by_page(asking: Asking, core: Core, acme: Cast) -> None:
    for number in range(5):
        await asking.account(f"user{number}", "k1")
    asked = [{"limit": 2, "page": page} for page in (1, 2, 3, 4)]
    pages = [(await asking.rest("GET", "get_user_list", params=it)).json()["results"] for it in asked]
    assert [[it["email"] for it in page["users"]] for page in pages] == [
        ["user4", "user3"],
        ["user2", "user1"],
        ["user0"],
        [],
    ]
    assert {(page["meta"]["total_data"], page["meta"]["total_page"]) for page in pages} == {(5, 3)}
    oldest = await asking.rest("GET", "get_user_list", params={"order_query": "CREATED_AT ASC", "limit": 1})
    assert oldest.json()["results"]["users"][0]["email"] == "user0"


async def test_paging_may_come_in_the_body_of_a_get(asking: Asking) -> None:
    await asking.account("ann", "k1")
    await asking.account("ben", "k1")
    listed = await asking.rest("GET", "get_user_list", json={"limit": 1, "page": 2})
    assert [it["email"] for it in listed.json()["results"]["users"]] == ["ann"]


async def test_secrets_rotate_calmly(asking: Asking, core: Core, acme: Cast) -> None:
    newer = await apps.rotate_secret(core, acme.app)
    for secret in (acme.signing_secret, newer.text):
        assert (await asking.rest("GET", "get_user_list", secret=secret)).status_code == 200
    oldest = (await apps.secrets_of(core, acme.app))[0]
    await apps.retire_secret(core, acme.app, oldest.id)
    assert (await asking.rest("GET", "get_user_list")).status_code == 401
    assert (await asking.rest("GET", "get_user_list", secret=newer.text)).status_code == 200


async def test_another_apps_secret_opens_nothing(asking: Asking, core: Core) -> None:
    other = await apps.create(core, "Other")
    for secret in (other.signing_secret, "", " ", asking.acme.signing_secret[:-1], asking.acme.new.app.auth_secret):
        headers = {"QISCUS-SDK-APP-ID": asking.acme.app.slug, "QISCUS-SDK-SECRET": secret}
        answer = await asking.client.get("/api/v2.1/rest/get_user_list", headers=headers)
        assert (answer.status_code, answer.json()["error"]["message"]) == (401, "Unauthorized")


async def test_a_user_of_another_app_is_not_found(asking: Asking, core: Core, client: httpx2.AsyncClient) -> None:
    other = Asking(client, Cast(await apps.create(core, "Other")))
    token = (await other.account("ann", "k1"))["token"]
    for method, call in (("GET", "user_profile"), ("GET", "get_user_token"), ("DELETE", "deactivate_users")):
        asked = {"user_id": "ann", "user_ids[]": "ann"}
        assert (await asking.rest(method, call, params=asked)).status_code == 404
    assert (await other.profile(token)).status_code == 200


async def test_a_strange_id_makes_nobody(asking: Asking) -> None:
    answer = await asking.rest("POST", "login_or_register", json={"user_id": "ann smith", "username": "Ann"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("user_id ")


async def test_only_so_many_are_deactivated_at_once(asking: Asking) -> None:
    answer = await asking.rest("DELETE", "deactivate_users", json={"user_ids": ["ann"] * 101})
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "user_ids are more than 100")
