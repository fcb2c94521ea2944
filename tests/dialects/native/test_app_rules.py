"""The App's Policy, keys and secrets, and what happened in it."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

import pytest

from acquaint.dialects.native.wire import apps as wire
from acquaint.dialects.native.wire import policy as rules
from acquaint.domain.apps import Policy
from acquaint.domain.events import IDENTITY_KINDS
from acquaint.services.core import Core
from tests.cast import Cast, ann
from tests.dialects.native.asking import Api, refused
from tests.support.clock import SetClock


def signed(core: Core, secret: str) -> str:
    return core.signer.sign({"iat": int(core.clock().timestamp()), "email": ann.email}, secret)


async def test_the_app_shows_itself_without_its_secrets(api: Api, acme: Cast, user_key: str) -> None:
    answer = await api.get("/app", user_key)

    assert answer.json()["slug"] == "acme"
    assert answer.json()["policy"] == Policy().as_data()
    for secret in (acme.app.auth_secret, acme.signing_secret, acme.api_key):
        assert secret not in answer.text


def test_every_rule_of_the_policy_can_be_read_and_changed() -> None:
    known = tuple(it.name for it in fields(Policy))
    assert rules.Policy.__struct_fields__ == rules.PolicyChange.__struct_fields__ == known


def test_every_kind_of_event_of_the_trail_can_be_asked_for() -> None:
    assert set(get_args(wire.EventKind)) == {it.value for it in IDENTITY_KINDS}


async def test_a_changed_policy_holds_from_the_next_request_on(api: Api) -> None:
    answer = await api.as_app("PATCH", "/app/policy", {"session_idle": "15m", "allows_guests": False})

    assert (answer.json()["session_idle"], answer.json()["allows_guests"]) == (900, False)
    assert (await api.as_app("GET", "/app/policy")).json() == answer.json()
    refused(await api.post("/sessions", {"app": "acme", "guest": {}}), 401, "invalid_credentials")
    assert (await api.arrive()).said["expires_at"] == "2026-11-21T12:15:00.000Z"
    assert (await api.as_app("PATCH", "/app/policy", {"session_idle": None})).json()["session_idle"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"session_idle": 0}, "session_idle"),
        ({"session_idle": "forever"}, "session_idle"),
        ({"token_max_age": None}, "token_max_age"),
        ({"token_max_age": "2d"}, "token_max_age"),
        ({"allowed_origins": ["acme.example"]}, "allowed_origins"),
        ({"password_min_length": 0}, "password_min_length"),
        ({"allows_guests": "yes"}, "allows_guests"),
        ({"believes_everybody": True}, "believes_everybody"),
    ],
    ids=str,
)
async def test_a_rule_that_makes_no_sense_is_refused(api: Api, change: dict[str, object], field: str) -> None:
    refused(await api.as_app("PATCH", "/app/policy", change), 400, "unacceptable", field=field)


async def test_a_key_is_shown_once_and_does_what_its_role_says(api: Api) -> None:
    body = {"name": "billing", "roles": ["org.user"], "expires_in_days": 30}
    made = (await api.as_app("POST", "/app/keys", body)).json()

    listed = await api.as_app("GET", "/app/keys")
    assert made["key"] in listed.json()["items"]
    assert made["text"] not in listed.text
    assert made["key"]["ending"] == made["text"][-4:]
    assert made["key"]["expires_at"] == "2026-12-21T12:00:00.000Z"
    assert (await api.get("/app/users", made["text"])).status_code == 200
    refused(await api.get("/app/keys", made["text"]), 403, "not_allowed", role="org.admin")


async def test_a_revoked_or_expired_key_opens_nothing(api: Api, clock: SetClock) -> None:
    revoked, expiring = [
        (await api.as_app("POST", "/app/keys", {"name": "k", "roles": ["org.user"], "expires_in_days": 1})).json()
        for _ in range(2)
    ]
    gone = (await api.as_app("DELETE", f"/app/keys/{revoked['key']['id']}")).json()
    assert gone["revoked_at"] is not None
    refused(await api.get("/app", revoked["text"]), 401, "invalid_credentials")
    clock.forward(days=1)
    refused(await api.get("/app", expiring["text"]), 401, "invalid_credentials")


@pytest.mark.parametrize("roles", [[], ["server.operator"], ["org.tracking"], ["org.user", "root"], "org.user"])
async def test_an_app_makes_no_key_that_is_not_its_own_to_make(api: Api, roles: object) -> None:
    refused(await api.as_app("POST", "/app/keys", {"name": "k", "roles": roles}), 400, "unacceptable")


async def test_secrets_are_rotated_calmly(api: Api, core: Core, acme: Cast, clock: SetClock) -> None:
    made = (await api.as_app("POST", "/app/secrets", {"grace_seconds": 3600})).json()

    listed = await api.as_app("GET", "/app/secrets")
    assert made["text"] not in listed.text
    assert acme.signing_secret not in listed.text
    assert [it["is_believed"] for it in listed.json()["items"]] == [True, True]
    for secret in (acme.signing_secret, made["text"]):
        assert (await api.arrive(token=signed(core, secret))).token
    clock.forward(hours=1)
    old = await api.post("/sessions", {"app": "acme", "token": signed(core, acme.signing_secret)})
    refused(old, 401, "token_refused", claim="signature")
    assert (await api.arrive(token=signed(core, made["text"]))).token


async def test_a_retired_secret_is_not_believed_and_the_last_one_stays(api: Api, core: Core, acme: Cast) -> None:
    [first] = (await api.as_app("GET", "/app/secrets")).json()["items"]
    refused(await api.as_app("DELETE", f"/app/secrets/{first['id']}"), 400, "unacceptable", field="secret")
    await api.as_app("POST", "/app/secrets", {})

    assert not (await api.as_app("DELETE", f"/app/secrets/{first['id']}")).json()["is_believed"]

    old = await api.post("/sessions", {"app": "acme", "token": signed(core, acme.signing_secret)})
    refused(old, 401, "token_refused", claim="signature")


async def test_what_happened_is_told_with_the_precise_cause(api: Api) -> None:
    in_front = await api.vouched("ann-1")
    await api.post("/sessions", {"app": "acme", "login": "nobody", "password": ann.password})

    events = (await api.as_app("GET", "/app/events")).json()["items"]
    assert events[0]["kind"] == "sign_in.refused"
    assert events[0]["details"]["doubt"] == "no_such_user"
    mine = (await api.as_app("GET", f"/app/events?user={in_front.user_id}")).json()["items"]
    assert {it["kind"] for it in mine} == {"user.created", "session.opened"}
    refusals = (await api.as_app("GET", "/app/events?kind=sign_in.refused&limit=1")).json()
    assert [it["id"] for it in refusals["items"]] == [events[0]["id"]]


async def test_what_was_said_is_not_in_the_trail(api: Api) -> None:
    await api.say(await api.arrive(), "the secret word is heliotrope")
    assert "heliotrope" not in (await api.as_app("GET", "/app/events")).text
    refused(await api.as_app("GET", "/app/events?kind=message.posted"), 400, "unacceptable", field="kind")
