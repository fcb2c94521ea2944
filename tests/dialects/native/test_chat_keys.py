"""Chat keys, and keys that belong to a network, over the native API."""

from __future__ import annotations

import re

import pytest

from acquaint.domain.keys import Role
from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast, ann
from tests.dialects.native.asking import Api, refused
from tests.support.clock import SetClock


async def user_of(api: Api, **identifiers: str) -> str:
    return str((await api.as_app("PUT", "/app/users", {"identifiers": identifiers})).json()["user"]["id"])


async def mint(api: Api, user: str, **body: object) -> str:
    answer = await api.as_app("POST", f"/app/users/{user}/chat-key", body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["user_id"] == user
    return str(answer.json()["text"])


async def logs_in(api: Api, password: str) -> int:
    body = {"app": "acme", "login": ann.login, "password": password}
    return (await api.post("/sessions", body)).status_code


async def test_a_key_is_shown_once_and_the_next_one_voids_it(api: Api) -> None:
    user = await user_of(api, login=ann.login)
    first = await mint(api, user)
    assert re.fullmatch("[A-Za-z0-9]{40}", first)
    assert await logs_in(api, first) == 201
    second = await mint(api, user, ends_sessions=True)
    assert (await api.as_app("GET", f"/app/users/{user}/sessions")).json()["items"] == []
    assert [await logs_in(api, it) for it in (first, second)] == [401, 201]
    assert second not in (await api.as_app("GET", f"/app/users/{user}")).text
    assert second not in (await api.as_app("GET", "/app/events")).text


async def test_no_answer_with_a_key_is_kept(api: Api) -> None:
    user = await user_of(api, login=ann.login)
    headers = {"Idempotency-Key": "once"}
    refused(await api.as_app("POST", f"/app/users/{user}/chat-key", {}, headers=headers), 400, "unacceptable")


async def test_keys_that_are_due_are_listed_and_still_good(api: Api, clock: SetClock) -> None:
    user = await user_of(api, login=ann.login)
    key = await mint(api, user)
    clock.forward(days=91)
    assert (await api.as_app("GET", "/app/chat-keys/due")).json() == {"items": [], "next": None}
    await api.as_app("PATCH", "/app/policy", {"chat_key_max_age": "90d"})
    due = (await api.as_app("GET", "/app/chat-keys/due")).json()["items"]
    assert due == [{"user_id": user, "minted_at": "2026-11-21T12:00:00.000Z"}]
    assert await logs_in(api, key) == 201
    await mint(api, user)
    assert (await api.as_app("GET", "/app/chat-keys/due")).json()["items"] == []


@pytest.mark.parametrize("body", [{"ends_sessions": "yes"}, {"ends_sessions": None}, {"password": "a goat"}])
async def test_what_makes_no_sense_mints_nothing(api: Api, body: object) -> None:
    user = await user_of(api, login=ann.login)
    key = await mint(api, user)
    refused(await api.as_app("POST", f"/app/users/{user}/chat-key", body), 400, "unacceptable")
    assert await logs_in(api, key) == 201


async def test_a_key_of_a_network_opens_nothing_outside_of_it(core: Core, acme: Cast, api: Api) -> None:
    made = await api.as_app("POST", "/app/keys", {"name": "crm", "roles": ["org.user"], "network": "198.51.100.0/24"})
    assert made.json()["key"]["network"] == "198.51.100.0/24"
    refused(await api.get("/app", made.json()["text"]), 403, "not_allowed")
    refused(await api.get("/app", made.json()["text"], headers={"X-Forwarded-For": "198.51.100.7"}), 403, "not_allowed")
    _, inside = await apps.create_key(core, acme.app, "inside", (Role.USER,), network="203.0.113.7")
    assert (await api.get("/app", inside)).status_code == 200
    bad = {"name": "crm", "roles": ["org.user"], "network": "everywhere"}
    refused(await api.as_app("POST", "/app/keys", bad), 400, "unacceptable", field="network")


@pytest.mark.parametrize("role", [Role.CUSTOMER_READ, Role.PERMISSION, Role.USER_CUSTOMER_READ, Role.ADMIN_APPS])
async def test_the_narrow_roles_of_kustomer_open_nothing_here(core: Core, acme: Cast, api: Api, role: Role) -> None:
    _, text = await apps.create_key(core, acme.app, "narrow", (role,))
    for path in ("/app", "/app/users", "/app/policy", "/app/keys", "/app/chat-keys/due"):
        refused(await api.get(path, text), 403, "not_allowed")
