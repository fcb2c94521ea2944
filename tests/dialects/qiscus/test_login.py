"""Logging in by id and key: what recorded examples cannot say."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from acquaint.domain.events import EventKind
from acquaint.domain.identities import Assurance, Identifier, Identity
from acquaint.domain.paging import PageAsked
from acquaint.services import apps, history, users
from acquaint.services.core import Core
from tests.cast import Cast, ann
from tests.dialects.qiscus.asking import UNAUTHORIZED, WRONG_PASSWORD, Asking
from tests.support.databases import on_both_databases


@pytest.fixture
def asking(client: httpx2.AsyncClient, acme: Cast) -> Asking:
    return Asking(client, acme)


@on_both_databases
async def test_eight_first_logins_at_once_make_one_user(asking: Asking) -> None:
    accounts = await asyncio.gather(*[asking.account("ann", "k1") for _ in range(8)])
    assert len({it["id"] for it in accounts}) == 1
    assert len({it["token"] for it in accounts}) == 8


@on_both_databases
async def test_of_two_who_want_one_id_at_once_one_gets_it(asking: Asking) -> None:
    answers = await asyncio.gather(asking.log_in("ann", "k1"), asking.log_in("ann", "k2"))
    assert sorted(it.status_code for it in answers) == [200, 401]


async def test_a_wrong_key_changes_nothing_and_leaves_an_event(asking: Asking, core: Core, acme: Cast) -> None:
    first = await asking.account("ann", "k1", username="Ann", extras={"a": 1})
    answer = await asking.log_in("ann", "k2", username="Eve", avatar_url="http://evil/", extras={"a": 2})
    assert (answer.status_code, answer.json()) == (401, WRONG_PASSWORD)
    assert (await asking.profile(first["token"])).json()["results"]["user"] == first
    events = await history.audit(core, acme.app, PageAsked())
    assert [it.details["doubt"] for it in events.items if it.kind is EventKind.SIGN_IN_REFUSED] == ["wrong_password"]


async def test_an_address_in_email_is_not_proven_by_being_typed(asking: Asking, core: Core, acme: Cast) -> None:
    """Rule 2: the owner of the address, arriving over another door, is somebody else."""
    squatter = await asking.account(ann.email, "k1")
    owner, is_new = await users.put(core, acme.app, Identity((Identifier.email(ann.email),), Assurance.VERIFIED))
    assert is_new
    assert owner.id != squatter["id"]


async def test_ids_are_compared_exactly(asking: Asking) -> None:
    assert (await asking.account("ann", "k1"))["id"] != (await asking.account("Ann", "k2"))["id"]


@pytest.mark.parametrize("id", ["ann smith", "ann/c", "ann+1", "#", "änn", "ann\n", "a" * 256, "ann:1"])
async def test_a_new_id_has_letters_that_topics_can_have(asking: Asking, id: str) -> None:
    answer = await asking.log_in(id, "k1")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("email ")


@pytest.mark.parametrize("id", ["a", "0", "ann@example.com", "A-n_n.1", "a" * 255])
async def test_these_are_fine(asking: Asking, id: str) -> None:
    assert (await asking.account(id, "k1"))["email"] == id


async def test_who_came_by_another_door_is_let_in_whatever_their_login(asking: Asking, core: Core, acme: Cast) -> None:
    who = Identity((Identifier.login("änn smith"),), Assurance.VERIFIED)
    await users.put_with_password(core, acme.app, who, "a rowing boat at dawn")
    account = await asking.account("änn smith", "a rowing boat at dawn")
    assert account["email"] == "änn smith"
    for spelled in ("änn smith".encode(), "änn smith".encode("latin-1")):
        headers = [
            (b"qiscus-sdk-app-id", acme.app.slug.encode()),
            (b"qiscus-sdk-token", account["token"].encode()),
            (b"qiscus-sdk-user-id", spelled),
        ]
        assert (await asking.client.get("/api/v2/sdk/my_profile", headers=headers)).status_code == 200
    assert (await asking.log_in("änn smith", "k2")).json() == WRONG_PASSWORD


async def test_where_registering_is_closed_strange_ids_do_not_tell_who_is_there(
    asking: Asking, core: Core, acme: Cast
) -> None:
    await users.put_with_password(
        core, acme.app, Identity((Identifier.login("ann smith"),), Assurance.VERIFIED), "rowing boat"
    )
    await apps.change_policy(core, acme.app, {"registers_on_login": False})
    for id in ("ann smith", "ben smith", "ann", "ben"):
        answer = await asking.log_in(id, "wrong")
        assert (answer.status_code, answer.json()) == (401, WRONG_PASSWORD)


@pytest.mark.parametrize("key", ["1", "password", "42", "ключ", "x" * 1024])
async def test_any_text_is_a_key_as_at_the_vendor(asking: Asking, key: str) -> None:
    account = await asking.account("ann", key)
    assert (await asking.account("ann", key))["id"] == account["id"]


async def test_a_key_may_be_too_long(asking: Asking) -> None:
    answer = await asking.log_in("ann", "x" * 1025)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "password is longer than 1024 characters")


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("username", "x" * 256),
        ("avatar_url", "x" * 2049),
        ("extras", {str(number): number for number in range(101)}),
        ("extras", '{"a": [1}'),
        ("username", {"a": 1}),
    ],
)
async def test_the_parameter_that_is_to_blame_is_named(asking: Asking, parameter: str, value: object) -> None:
    answer = await asking.log_in("ann", "k1", **{parameter: value})
    assert answer.status_code == 400
    assert answer.json()["error"]["detailed_messages"][0].startswith(f"{parameter} ")


async def test_the_policy_may_ask_for_longer_keys(asking: Asking, core: Core, acme: Cast) -> None:
    await apps.change_policy(core, acme.app, {"password_min_length": 32})
    assert (await asking.log_in("ann", "k1")).status_code == 400
    assert (await asking.log_in("ann", "k" * 32)).status_code == 200


async def test_tokens_have_letters_that_topics_can_have(asking: Asking) -> None:
    token = (await asking.account("ann", "k1"))["token"]
    assert token.isascii()
    assert token.replace("_", "").isalnum()


async def test_guessing_keys_is_slowed_down_and_says_for_how_long(asking: Asking) -> None:
    await asking.account("ann", "k1")
    for _ in range(20):
        assert (await asking.log_in("ann", "guess")).status_code == 401
    answer = await asking.log_in("ann", "k1")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    error = {"code": 429000, "message": "too many requests", "detailed_messages": ["too many requests"]}
    assert answer.json() == {"status": 429, "error": error}


async def test_what_a_user_says_of_themselves_is_kept_apart_from_what_is_vouched_for(
    asking: Asking, core: Core, acme: Cast
) -> None:
    await asking.account("ann", "k1", extras={"role": "admin", "colour": "red"})
    user = await users.find(core, acme.app, Identifier.login("ann"))
    assert user.profile.custom == {}
    assert user.profile.claimed.custom == {"role": "admin", "colour": "red"}

    body = {"user_id": "ann", "username": "Ann", "password": "k1", "extras": {"role": "guest"}}
    assert (await asking.rest("POST", "login_or_register", json=body)).status_code == 200
    assert (await asking.account("ann", "k1"))["extras"] == {"role": "guest"}

    account = await asking.account("ann", "k1", extras={"role": "admin", "colour": "blue"})
    assert account["extras"] == {"role": "guest", "colour": "blue"}
    user = await users.find(core, acme.app, Identifier.login("ann"))
    assert user.profile.custom == {"role": "guest"}


async def test_answers_are_kept_by_no_cache(asking: Asking) -> None:
    answer = await asking.log_in("ann", "k1")
    assert answer.headers["cache-control"] == "no-store"


async def test_fields_that_nobody_may_set_are_ignored(asking: Asking) -> None:
    more = {"id_str": "1", "active": False, "verified": True, "token": "acqs_mine", "app_id": 7, "standing": "banned"}
    first = await asking.account("ann", "k1", **more)
    assert first["active"] is True
    assert first["id_str"] != "1"
    assert first["token"] != "acqs_mine"


async def test_a_token_of_another_app_is_nothing_here(asking: Asking, core: Core, client: httpx2.AsyncClient) -> None:
    token = (await asking.account("ann", "k1"))["token"]
    other = Asking(client, Cast(await apps.create(core, "Other")))
    answer = await other.profile(token)
    assert (answer.status_code, answer.json()) == (403, UNAUTHORIZED)
    await other.ask("POST", "logout", token=token)
    assert (await asking.profile(token)).status_code == 200


async def test_a_closed_app_lets_nobody_in(asking: Asking, core: Core, acme: Cast) -> None:
    token = (await asking.account("ann", "k1"))["token"]
    await apps.close(core, acme.app)
    for answer in (await asking.log_in("ann", "k1"), await asking.profile(token)):
        assert (answer.status_code, answer.json()["error"]["message"]) == (401, "Application is closed")
    assert (await asking.ask("POST", "logout", token=token)).status_code == 200
