"""API keys, roles and secrets over Kustomer's API."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from acquaint.domain.errors import NotAllowed
from acquaint.domain.events import EventKind
from acquaint.domain.keys import Role
from acquaint.services import apps
from acquaint.services.core import Core
from acquaint.web.ids import as_hex
from tests.cast import Cast, ann
from tests.conftest import VISITOR
from tests.dialects.kustomer.phones import Phone, refusal, signed
from tests.dialects.kustomer.server.backends import Backend, error
from tests.services.doors import events
from tests.support.clock import SetClock

SETTINGS = "/v1/auth/customer/settings"


async def test_the_secret_is_the_same_at_every_reading_and_each_is_an_event(
    core: Core, acme: Cast, backend: Backend
) -> None:
    before = len(await events(core, acme))
    first = await backend.ask("GET", SETTINGS)
    assert first.headers["cache-control"] == "no-store"
    data = first.json()["data"]
    assert data["attributes"]["secret"] == acme.signing_secret
    assert data["relationships"]["org"]["data"]["id"] == as_hex(acme.app.id)
    assert (await backend.done("GET", SETTINGS))["data"] == data
    left = (await events(core, acme))[before:]
    assert [it.kind for it in left] == [EventKind.SECRET_SHOWN] * 2
    assert {it.details["name"] for it in left} == {"first"}, "which of the keys asked"
    assert acme.signing_secret not in repr(left)


async def test_a_login_signed_with_what_settings_answer_logs_in(
    core: Core, acme: Cast, backend: Backend, phone: Phone
) -> None:
    secret = (await backend.done("GET", SETTINGS))["data"]["attributes"]["secret"]
    await phone.logged_in(signed(core, acme, secret=secret, externalId="acct-1"))


@pytest.mark.parametrize(
    ("roles", "status"),
    [
        ((Role.ADMIN,), 200),
        ((Role.ADMIN, Role.USER), 200),
        ((Role.ADMIN_APPS,), 200),
        ((Role.ADMIN_SECURITY,), 403),
        ((Role.USER,), 403),
        ((Role.PERMISSION,), 403),
        ((Role.TRACKING,), 403),
    ],
)
async def test_a_role_covers_what_is_below_it(backend: Backend, roles: tuple[Role, ...], status: int) -> None:
    answer = await (await backend.with_roles(*roles)).ask("GET", SETTINGS)
    assert answer.status_code == status
    assert ("secret" in answer.text) == (status == 200)


async def test_both_secrets_are_believed_until_the_grace_is_over(
    core: Core, acme: Cast, backend: Backend, phone: Phone, tablet: Phone, clock: SetClock
) -> None:
    rotated = await backend.done("POST", f"{SETTINGS}/rotate", json={"graceSeconds": 60})
    attributes = rotated["data"]["attributes"]
    assert attributes["secret"] != acme.signing_secret
    assert attributes["previousSecretExpiresAt"] == "2026-11-21T12:01:00.000Z"
    assert (await backend.done("GET", SETTINGS))["data"]["attributes"]["secret"] == attributes["secret"]
    await phone.logged_in(signed(core, acme, externalId="acct-1"))
    clock.forward(seconds=60)
    assert refusal(await tablet.log_in(signed(core, acme, externalId="acct-1")))[:2] == (401, "invalid_jwt")
    await tablet.logged_in(signed(core, acme, secret=attributes["secret"], externalId="acct-1"))
    assert await phone.is_verified(), "nobody is logged out by a new secret"


async def test_a_rotation_can_log_everybody_out(
    core: Core, acme: Cast, backend: Backend, phone: Phone, tablet: Phone
) -> None:
    await phone.logged_in(signed(core, acme, externalId="acct-1"))
    visitors = await tablet.tracking_id()
    await backend.done("POST", f"{SETTINGS}/rotate", json={"graceSeconds": 0, "revokeSessions": True})
    assert not await phone.is_verified()
    assert await tablet.tracking_id() == visitors, "who did not log in goes on"
    assert refusal(await phone.log_in(signed(core, acme, externalId="acct-1")))[0] == 401


@pytest.mark.parametrize("body", [{"graceSeconds": -1}, {"graceSeconds": 86401}, {"graceSeconds": "1"}, {"grace": 1}])
async def test_a_rotation_that_makes_no_sense_rotates_nothing(acme: Cast, backend: Backend, body: Any) -> None:
    error(await backend.ask("POST", f"{SETTINGS}/rotate", json=body), 400, "bad_request")
    assert (await backend.done("GET", SETTINGS))["data"]["attributes"]["secret"] == acme.signing_secret


async def test_every_role_is_listed_and_can_be_given(backend: Backend) -> None:
    listed = [it["id"] for it in (await backend.done("GET", "/v1/auth/roles"))["data"]]
    assert {"org.admin", "org.user", "org.tracking", "org.permission.customer.read"} <= set(listed)
    assert "server.operator" not in listed
    for role in listed:
        await backend.done("POST", "/v1/auth/tokens/machine", status=201, json={"name": role, "roles": [role]})


async def test_a_keys_text_is_shown_once_and_looks_like_the_vendors(acme: Cast, backend: Backend) -> None:
    body = {"name": "crm", "roles": ["org.user", "org.permission.customer.read"], "expiresInDays": 30}
    made = (await backend.done("POST", "/v1/auth/tokens/machine", status=201, json=body))["data"]
    text = made["attributes"]["token"]
    assert made["attributes"]["expiresAt"] == "2026-12-21T12:00:00.000Z"
    payload = read_as_old_ios_does(text)
    assert (payload["org"], payload["orgName"]) == (as_hex(acme.app.id), acme.app.slug)
    assert payload["roles"] == body["roles"]
    assert payload["sub"] == payload["user"]
    shown = await backend.done("GET", f"/v1/auth/tokens/{made['id']}")
    assert "token" not in shown["data"]["attributes"]
    assert shown["data"]["attributes"]["lastTokenChars"] == text[-4:]
    listed = await backend.ask("GET", "/v1/auth/tokens")
    assert text not in listed.text
    current = await replace(backend, key=text).done("GET", "/v1/auth/tokens/current")
    assert current["data"]["id"] == made["id"]


async def test_chat_keys_of_an_app_look_so_too(acme: Cast) -> None:
    payload = read_as_old_ios_does(acme.new.chat_key)
    assert payload["roles"] == ["org.tracking"]
    assert set(payload) == {"id", "user", "org", "orgName", "userType", "pod", "roles", "aud", "iss", "sub"}


def read_as_old_ios_does(text: str) -> dict[str, Any]:
    """Plain base64, which has no hyphens or underscores, after padding."""
    part = text.split(".")[1]
    return dict(json.loads(base64.b64decode(part + "=" * (-len(part) % 4), validate=True)))


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"roles": ["org.root"]}, "/roles/0"),
        ({"roles": ["org.user", "server.operator"]}, "/roles/1"),
        ({"roles": []}, "/roles"),
        ({"roles": ["org.tracking", "org.user"]}, "/roles"),
        ({"expiresInDays": 0}, "/expiresInDays"),
        ({"expiresInDays": -1}, "/expiresInDays"),
        ({"expiresInDays": True}, "/expiresInDays"),
        ({"cidr": "10.0.0.1/8"}, "/cidr"),
        ({"cidr": "everywhere"}, "/cidr"),
        ({"name": " "}, "/name"),
        ({"orgId": "1"}, "/orgId"),
    ],
)
async def test_a_key_that_makes_no_sense_is_not_made(backend: Backend, more: dict[str, Any], where: str) -> None:
    before = await backend.done("GET", "/v1/auth/tokens")
    body = {"name": "crm", "roles": ["org.user"]} | more
    found = error(await backend.ask("POST", "/v1/auth/tokens/machine", json=body), 400, "bad_request")
    assert found["source"]["pointer"] == where
    after = await backend.done("GET", "/v1/auth/tokens")
    assert [it["id"] for it in after["data"]] == [it["id"] for it in before["data"]]


async def test_an_expired_key_says_so(backend: Backend, clock: SetClock) -> None:
    short = await backend.with_roles(Role.USER, days=1)
    await short.done("GET", "/v1/customers")
    clock.forward(days=1)
    assert "Expired token" in error(await short.ask("GET", "/v1/customers"), 401, "unauthorized")["detail"]


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer nonsense", "Bearer a.b.c", "Basic YTpi", "Bearer " + "x" * 5000]
)
async def test_no_key_and_no_good_key_are_refused_alike(backend: Backend, header: str) -> None:
    error(await backend.ask("GET", "/v1/customers", headers={"Authorization": header}), 401, "unauthorized")


async def test_a_key_of_another_org_is_as_good_as_none(backend: Backend, globex: Cast) -> None:
    theirs = replace(backend, key=globex.api_key)
    error(await theirs.ask("GET", "/v1/customers"), 401, "unauthorized")
    await theirs.done("GET", "/v1/customers", headers={"Host": "chat.acquaint.test"})
    made = await backend.done("POST", "/v1/auth/tokens/machine", status=201, json={"name": "k", "roles": ["org.user"]})
    elsewhere = {"Host": f"{globex.app.slug}.api.acquaint.test"}
    for method in ("GET", "DELETE"):
        error(await theirs.ask(method, f"/v1/auth/tokens/{made['data']['id']}", headers=elsewhere), 404, "not_found")
    await replace(backend, key=made["data"]["attributes"]["token"]).done("GET", "/v1/customers")


async def test_a_key_deletes_itself_and_only_an_administrator_others(backend: Backend) -> None:
    reader, other = await backend.with_roles(Role.CUSTOMER_READ), await backend.with_roles(Role.USER)
    ids = {it.key: (await it.done("GET", "/v1/auth/tokens/current"))["data"]["id"] for it in (reader, other, backend)}
    error(await reader.ask("DELETE", f"/v1/auth/tokens/{ids[other.key]}"), 403, "forbidden")
    error(await reader.ask("GET", f"/v1/auth/tokens/{ids[reader.key]}"), 403)
    await reader.done("DELETE", f"/v1/auth/tokens/{ids[reader.key]}", status=204)
    error(await reader.ask("GET", "/v1/auth/tokens/current"), 401)
    await backend.done("DELETE", f"/v1/auth/tokens/{ids[other.key]}", status=204)
    error(await other.ask("GET", "/v1/auth/tokens/current"), 401)
    error(await backend.ask("GET", f"/v1/auth/tokens/{ids[other.key]}"), 404)
    third = await backend.with_roles(Role.USER)
    await third.done("DELETE", "/v1/auth/tokens/current", status=204)
    error(await third.ask("GET", "/v1/auth/tokens/current"), 401)


async def test_a_key_of_a_network_opens_nothing_outside_of_it(backend: Backend) -> None:
    inside = await backend.with_roles(Role.USER, network="203.0.113.0/24")
    await inside.done("GET", "/v1/customers")
    outside = await backend.with_roles(Role.USER, network="198.51.100.0/24")
    error(await outside.ask("GET", "/v1/customers"), 403, "forbidden")


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "CF-Connecting-IP"])
async def test_nobody_writes_themselves_into_a_network(backend: Backend, header: str) -> None:
    outside = await backend.with_roles(Role.USER, network="198.51.100.0/24")
    value = "for=198.51.100.7" if header == "Forwarded" else "198.51.100.7"
    error(await outside.ask("GET", "/v1/customers", headers={header: value}), 403)


async def test_when_a_key_was_used_is_written_down(backend: Backend, clock: SetClock) -> None:
    assert VISITOR
    await backend.done("GET", "/v1/customers")
    clock.forward(minutes=10)
    await backend.done("GET", "/v1/customers")
    shown = await backend.done("GET", "/v1/auth/tokens/current")
    assert shown["data"]["attributes"]["lastAccessedAt"] == "2026-11-21T12:10:00.000Z"


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        ((Role.USER,), Role.ADMIN),
        ((Role.USER,), Role.CUSTOMER_READ),
        ((Role.ADMIN_SECURITY,), Role.ADMIN),
        ((Role.CUSTOMER_READ,), Role.CUSTOMER),
        ((Role.USER,), Role.TRACKING),
    ],
)
async def test_nobody_gives_a_role_they_do_not_have(
    core: Core, acme: Cast, held: tuple[Role, ...], wanted: Role
) -> None:
    mine, _ = await apps.create_key(core, acme.app, "mine", held)
    with pytest.raises(NotAllowed):
        await apps.create_key(core, acme.app, "more", (wanted,), by=mine)


@pytest.mark.parametrize("role", [it for it in Role if it not in (Role.ADMIN, Role.OPERATOR)])
async def test_only_an_administrator_makes_keys(backend: Backend, role: Role) -> None:
    lesser = await backend.with_roles(role)
    body = {"name": "k", "roles": [role.value]}
    error(await lesser.ask("POST", "/v1/auth/tokens/machine", json=body), 403, "forbidden")


PUBLIC = {"/v1/auth/tokens/current", "/v1/tracking/identity", "/v1/tracking/event", "/v1/tracking/identityEvent"}


async def test_the_public_key_opens_nothing_but_what_visitors_may_do(acme: Cast, backend: Backend) -> None:
    from acquaint.dialects.kustomer.server import ROUTES

    public = replace(backend, key=acme.new.chat_key)
    for route in ROUTES:
        path = route.path.replace("{id}", as_hex(acme.app.id)).replace("{value:path}", ann.email)
        answer = await public.ask(route.method, path, json={})
        if route.path in PUBLIC and route.method != "DELETE":
            assert answer.status_code != 403, f"{route.method} {path}"
        else:
            error(answer, 403, "forbidden")
    await public.done("GET", "/v1/auth/tokens/current")


async def test_how_often_the_app_may_still_ask_is_in_every_answer(
    core: Core, acme: Cast, backend: Backend, clock: SetClock
) -> None:
    await apps.change_policy(core, acme.app, {"server_requests_per_minute": 3})
    other = await backend.with_roles(Role.USER)
    answers = [
        await backend.ask("GET", "/v1/customers"),
        await other.ask("GET", "/v1/customers/nonsense"),
        await backend.ask("GET", SETTINGS),
    ]
    assert [it.headers["x-ratelimit-remaining"] for it in answers] == ["2", "1", "0"]
    assert {it.headers["x-ratelimit-limit"] for it in answers} == {"3"}
    refused = await other.ask("GET", "/v1/customers")
    error(refused, 429, "rate_limited")
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert 1 <= int(refused.headers["retry-after"]) <= 20
    assert int(refused.headers["x-ratelimit-reset"]) > clock.now.timestamp()


async def test_nobody_uses_up_what_the_servers_need_with_the_public_key(
    core: Core, acme: Cast, backend: Backend
) -> None:
    await apps.change_policy(core, acme.app, {"server_requests_per_minute": 3})
    public = replace(backend, key=acme.new.chat_key)
    answers = [await public.ask("GET", "/v1/auth/tokens/current") for _ in range(5)]
    assert [it.status_code for it in answers] == [200, 200, 200, 429, 429]
    assert (await backend.ask("GET", "/v1/customers")).headers["x-ratelimit-remaining"] == "2"


async def test_another_org_is_counted_apart(core: Core, acme: Cast, backend: Backend, globex: Cast) -> None:
    await apps.change_policy(core, acme.app, {"server_requests_per_minute": 1})
    await backend.done("GET", "/v1/customers")
    error(await backend.ask("GET", "/v1/customers"), 429)
    await Backend(core, backend.client, globex, globex.api_key).done("GET", "/v1/customers")


async def test_one_customer_can_be_changed_so_often_in_a_minute(core: Core, acme: Cast, backend: Backend) -> None:
    await apps.change_policy(core, acme.app, {"server_requests_per_minute": 100_000})
    made, other = await backend.customer(name="Ann"), await backend.customer(name="Ben")
    path, changes = f"/v1/customers/{made['id']}", 0
    while (answer := await backend.ask("PATCH", path, json={"name": f"Ann {changes}"})).status_code == 200:
        changes += 1
        assert changes < 1000
    error(answer, 429, "rate_limited")
    assert changes >= 120
    await backend.done("PATCH", f"/v1/customers/{other['id']}", json={"name": "Benny"})


async def test_a_closed_org_answers_no_server(core: Core, acme: Cast, backend: Backend) -> None:
    await apps.close(core, acme.app)
    error(await backend.ask("GET", "/v1/customers"), 403)


async def test_secrets_are_not_for_pages(backend: Backend) -> None:
    answer = await backend.ask("GET", SETTINGS, headers={"Origin": "https://acme.example"})
    assert "access-control-allow-origin" not in answer.headers


async def test_a_day_is_the_least_a_key_lives(core: Core, acme: Cast, clock: SetClock) -> None:
    key, _ = await apps.create_key(core, acme.app, "k", (Role.USER,), days=1)
    assert key.expires_at == clock.now + timedelta(days=1)
