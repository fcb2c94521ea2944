"""Users among each other: what recorded examples cannot say."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from acquaint.domain.identities import Assurance, Identifier, Identity, ProfileChange
from acquaint.domain.push import Platform
from acquaint.domain.users import UserId
from acquaint.services import push, sessions, users
from acquaint.services.core import Core
from tests.cast import Cast
from tests.dialects.qiscus.asking import Asking
from tests.services.doors import allow
from tests.support.clock import SetClock


@pytest.fixture
def asking(client: httpx2.AsyncClient, acme: Cast) -> Asking:
    return Asking(client, acme)


async def listed(asking: Asking, token: str, **query: Any) -> dict[str, Any]:
    answer = await asking.ask("GET", "get_user_list", token=token, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["results"])


async def test_users_are_found_by_name_or_by_id_page_by_page(asking: Asking) -> None:
    for number in range(5):
        await asking.account(f"user{number}", "k1", username=f"Person {number}")
    token = (await asking.account("ann", "k1", username="Ann"))["token"]
    everybody = await listed(asking, token, limit=4)
    assert everybody["meta"] == {"total_data": 6, "total_page": 2, "current_page": 1}
    names = [it["username"] for it in everybody["users"]]
    assert names == ["Ann", "Person 0", "Person 1", "Person 2"]
    assert [it["username"] for it in (await listed(asking, token, limit=4, page=2))["users"]] == [
        "Person 3",
        "Person 4",
    ]
    assert [it["email"] for it in (await listed(asking, token, query="person 3"))["users"]] == ["user3"]
    assert len((await listed(asking, token, query="user"))["users"]) == 5
    latest = await listed(asking, token, order_query="created_at desc nulls last", limit=1)
    assert latest["users"][0]["email"] == "ann"


@pytest.mark.parametrize(
    "query", [{"order_query": "password asc"}, {"page": "0"}, {"page": "9999"}, {"limit": "-1"}, {"query": "\x00"}]
)
async def test_what_cannot_be_asked_is_refused(asking: Asking, query: dict[str, str]) -> None:
    token = (await asking.account("ann", "k1"))["token"]
    assert (await asking.ask("GET", "get_user_list", token=token, params=query)).status_code == 400


async def test_where_the_policy_lists_nobody_nobody_is_listed(asking: Asking, core: Core, acme: Cast) -> None:
    await allow(core, acme, lists_users=False)
    token = (await asking.account("ann", "k1"))["token"]
    answer = await asking.ask("GET", "get_user_list", token=token)
    assert (answer.status_code, answer.json()["error"]["message"]) == (403, "not allowed")


async def test_addresses_are_not_among_what_a_list_shows(asking: Asking, core: Core, acme: Cast) -> None:
    identity = Identity(
        (Identifier.email("ben@example.com"),), Assurance.VERIFIED, ProfileChange(name="Ben", phone="+4930123452")
    )
    ben, _ = await users.put(core, acme.app, identity)
    token = (await asking.account("ann", "k1"))["token"]
    shown = (await listed(asking, token, query="Ben"))["users"]
    assert [it["email"] for it in shown] == [str(ben.id)]
    assert "example.com" not in str(shown)
    assert "4930" not in str(shown)
    assert (await listed(asking, token, query="ben@example"))["users"] == []


async def test_somebody_without_an_id_of_the_vendors_is_named_by_their_number(
    asking: Asking, core: Core, acme: Cast
) -> None:
    ben, _ = await users.put(core, acme.app, Identity((Identifier.email("ben@example.com"),), Assurance.VERIFIED))
    token = (await asking.account("ann", "k1"))["token"]
    answer = await asking.ask("POST", "block_user", token=token, data={"user_email": str(ben.id)})
    assert answer.json()["results"]["user"]["email"] == str(ben.id)


async def test_a_number_names_nobody_who_has_an_id(asking: Asking) -> None:
    ben = await asking.account("ben", "k2")
    token = (await asking.account("ann", "k1"))["token"]
    answer = await asking.ask("POST", "block_user", token=token, data={"user_email": str(ben["id"])})
    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "user not found")
    for id in ("1" * 16, "0", "-1", "1" * 300):
        assert (await asking.ask("POST", "block_user", token=token, data={"user_email": id})).status_code in (400, 404)


async def test_nobody_blocks_themselves(asking: Asking) -> None:
    token = (await asking.account("ann", "k1"))["token"]
    answer = await asking.ask("POST", "block_user", token=token, data={"user_email": "ann"})
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "user_email cannot block themselves")


async def test_who_is_here_is_shown_where_the_policy_says_so(
    asking: Asking, core: Core, acme: Cast, clock: SetClock
) -> None:
    await allow(core, acme, shows_online_users=True)
    bens = (await asking.account("ben", "k2"))["token"]
    token = (await asking.account("ann", "k1"))["token"]
    clock.forward(seconds=5)
    await asking.profile(bens)
    await sessions.write_behind(core)

    async def status() -> list[dict[str, Any]]:
        answer = await asking.ask("POST", "users/status", token=token, json={"user_ids": ["ben"]})
        return list(answer.json()["results"]["user_status"])

    assert await status() == [{"email": "ben", "status": 1, "timestamp": int(clock.now.timestamp())}]
    clock.forward(minutes=4)
    assert (await status())[0]["status"] == 0
    many = {"user_ids": [f"u{number}" for number in range(101)]}
    assert (await asking.ask("POST", "users/status", token=token, json=many)).status_code == 400


async def test_device_tokens_go_at_log_out(asking: Asking, core: Core, acme: Cast) -> None:
    ann = await asking.account("ann", "k1")
    named = {"device_token": "fcm:1", "device_platform": "flutter", "is_development": "true"}
    await asking.ask("POST", "set_user_device_token", token=ann["token"], data=named)
    [kept] = await push.of_user(core, acme.app, UserId(ann["id"]))
    assert (kept.platform, kept.token, kept.is_development) == (Platform.FLUTTER, "fcm:1", True)
    await asking.ask("POST", "logout", token=ann["token"], data={"user_id": "ann", "token": ann["token"]})
    assert await push.of_user(core, acme.app, UserId(ann["id"])) == []


@pytest.mark.parametrize("named", [{"device_token": "a b"}, {"device_token": "x", "device_platform": "fax"}, {}])
async def test_what_is_no_device_token_is_refused(asking: Asking, named: dict[str, str]) -> None:
    token = (await asking.account("ann", "k1"))["token"]
    answer = await asking.ask("POST", "set_user_device_token", token=token, data=named)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("device_")


async def test_a_form_of_parts_is_read_like_any_other(asking: Asking) -> None:
    files = {name: (None, value) for name, value in {"email": "ann", "password": "k1", "username": "Ann Ä"}.items()}
    answer = await asking.ask("POST", "login_or_register", files=files)
    assert answer.json()["results"]["user"]["username"] == "Ann Ä"
    answer = await asking.ask("POST", "login_or_register", params={"email": "ann"}, json={"password": "k1"})
    assert answer.status_code == 200
    both = await asking.ask(
        "POST", "login_or_register", params={"email": "eve"}, json={"email": "ann", "password": "k1"}
    )
    assert both.json()["results"]["user"]["email"] == "ann"
