"""Where an app is notified: as long as somebody is logged in on it, and nobody else's ever."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from acquaint.domain.identities import Identifier
from acquaint.domain.keys import Role
from acquaint.services import users
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben
from tests.dialects.kustomer.phones import SESSIONS, TOKENS, Phone, refusal, signed
from tests.dialects.kustomer.server.backends import Backend
from tests.support.databases import on_both_databases

PUSH = "/c/v1/push/tokens"


@pytest.fixture
def backend(core: Core, acme: Cast, phone: Phone) -> Backend:
    return Backend(core, phone.client, acme, acme.api_key)


async def notified(phone: Phone, token: str, platform: str = "ios") -> dict[str, Any]:
    return dict(await phone.asked("POST", PUSH, json={"deviceToken": token, "platform": platform}))


async def logged_in_as(core: Core, acme: Cast, phone: Phone, email: str) -> str:
    """The customer who is in it then."""
    said = await phone.logged_in(signed(core, acme, email=email))
    return str(said["relationships"]["customer"]["data"]["id"])


async def tokens_of(backend: Backend, customer: str) -> list[str]:
    found = await backend.done("GET", f"/v1/customers/{customer}/push-tokens")
    return [it["attributes"]["deviceToken"] for it in found["data"]]


async def test_while_nobody_is_there_nobody_needs_notifying(phone: Phone) -> None:
    """S1: the SDKs call it ``pushRegistrationNotNeededNoCustomer``."""
    answer = await phone.ask("POST", PUSH, json={"deviceToken": "apns-1", "platform": "ios"})
    assert refusal(answer)[:2] == (404, "not_found")
    assert await phone.asked("DELETE", f"{PUSH}/current") is None


@on_both_databases
async def test_the_token_follows_whoever_logs_in_on_the_device(
    phone: Phone, tablet: Phone, core: Core, acme: Cast, backend: Backend
) -> None:
    """S2 to S3: registered by a visitor of no name, and then they log in."""
    await phone.chat("Hello")
    data = await notified(phone, "apns-phone")
    assert data["id"] == await phone.tracking_id()
    anns = await logged_in_as(core, acme, phone, ann.email)
    await logged_in_as(core, acme, tablet, ann.email)
    await notified(tablet, "fcm-tablet", "android")
    assert await tokens_of(backend, anns) == ["apns-phone", "fcm-tablet"]
    assert await logged_in_as(core, acme, phone, ann.email) == anns
    assert await tokens_of(backend, anns) == ["apns-phone", "fcm-tablet"]


async def test_a_log_in_that_is_refused_moves_nothing(phone: Phone, core: Core, acme: Cast, backend: Backend) -> None:
    anns = await logged_in_as(core, acme, phone, ann.email)
    await notified(phone, "apns-1")
    assert (await phone.log_in(signed(core, acme, email=ben.email))).status_code == 409
    assert await tokens_of(backend, anns) == ["apns-1"]


@pytest.mark.parametrize("says_so", [True, False], ids=["the app says so", "the app only logs out"])
async def test_who_logs_out_is_not_notified_there_any_more(
    phone: Phone, core: Core, acme: Cast, backend: Backend, says_so: bool
) -> None:
    """S3 to S4: Android's apps have to deregister first, those of iOS do not; an offline one could not."""
    anns = await logged_in_as(core, acme, phone, ann.email)
    await notified(phone, "apns-1")
    if says_so:
        assert (await phone.ask("DELETE", f"{PUSH}/current")).json() == {"data": None, "meta": {"removed": 1}}
        assert (await phone.ask("GET", SESSIONS)).status_code == 200
    await phone.log_out()
    assert await tokens_of(backend, anns) == []
    bens = await logged_in_as(core, acme, phone, ben.email)
    assert await tokens_of(backend, bens) == []


@on_both_databases
async def test_an_offline_log_out_does_not_leave_the_next_person_with_foreign_notifications(
    phone: Phone, tablet: Phone, core: Core, acme: Cast, backend: Backend
) -> None:
    """Ann's app logged out without a network, so nobody told us; Ben's registers the same device on a new tracking."""
    anns = await logged_in_as(core, acme, phone, ann.email)
    await notified(phone, "apns-1")
    bens = await logged_in_as(core, acme, tablet, ben.email)
    await notified(tablet, "apns-1")
    assert (await tokens_of(backend, anns), await tokens_of(backend, bens)) == ([], ["apns-1"])
    await phone.log_out()  # its retry comes late, and takes nothing from Ben
    assert await tokens_of(backend, bens) == ["apns-1"]


async def test_two_who_register_one_device_at_once_do_not_both_have_it(
    phone: Phone, tablet: Phone, core: Core, acme: Cast, backend: Backend
) -> None:
    anns = await logged_in_as(core, acme, phone, ann.email)
    bens = await logged_in_as(core, acme, tablet, ben.email)
    await asyncio.gather(*(notified(it, "apns-1") for it in (phone, tablet, phone, tablet)))
    assert len(await tokens_of(backend, anns) + await tokens_of(backend, bens)) == 1


async def test_a_deleted_customer_is_notified_nowhere(phone: Phone, core: Core, acme: Cast, backend: Backend) -> None:
    anns = await logged_in_as(core, acme, phone, ann.email)
    await notified(phone, "apns-1")
    await users.delete(core, acme.app, (await users.find(core, acme.app, ann.by_email)).id)
    answer = await backend.ask("GET", f"/v1/customers/{anns}/push-tokens")
    assert answer.status_code == 404
    again = await logged_in_as(core, acme, phone, ann.email)
    assert again != anns
    assert await tokens_of(backend, again) == []


async def test_a_merge_takes_the_devices_of_a_proven_customer_along(
    phone: Phone, tablet: Phone, core: Core, acme: Cast, backend: Backend
) -> None:
    """Agent merge: who was proved to be the source goes on as the target, with their device; a visitor does not."""
    source = await backend.customer(externalId="acct-1")
    await phone.logged_in(signed(core, acme, externalId="acct-1"))
    await notified(phone, "apns-1")
    target = await backend.customer(externalId="acct-2")
    await backend.done(
        "POST", "/v1/customers/merges", status=201, json={"source": source["id"], "target": target["id"]}
    )
    assert await tokens_of(backend, target["id"]) == ["apns-1"]
    assert (await users.find(core, acme.app, Identifier.external_id("acct-1"))).id > 0

    session = await tablet.asked("POST", SESSIONS, json={"title": "Hello"})
    await notified(tablet, "fcm-visitor", "android")
    visitor = session["relationships"]["customer"]["data"]["id"]
    await backend.done("POST", "/v1/customers/merges", status=201, json={"source": visitor, "target": target["id"]})
    assert await tokens_of(backend, target["id"]) == ["apns-1"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "/deviceToken"),
    ({"deviceToken": "", "platform": "ios"}, "/deviceToken"),
    ({"deviceToken": "a b", "platform": "ios"}, "/deviceToken"),
    ({"deviceToken": "x" * 1025, "platform": "ios"}, "/deviceToken"),
    ({"deviceToken": ["x"], "platform": "ios"}, "/deviceToken"),
    ({"deviceToken": "x"}, "/platform"),
    ({"deviceToken": "x", "platform": "windows"}, "/platform"),
    ({"deviceToken": "x", "platform": "ios", "bundleId": ""}, "/bundleId"),
    ({"deviceToken": "x", "platform": "ios", "bundleId": "x" * 256}, "/bundleId"),
    ({"deviceToken": "x", "platform": "ios", "sandbox": "yes"}, "/sandbox"),
    ({"deviceToken": "x", "platform": "ios", "customer": "a" * 24}, "/customer"),
]


async def test_what_is_no_device_is_refused(phone: Phone) -> None:
    await phone.chat("Hello")
    for body, where in REFUSED:
        answer = await phone.ask("POST", PUSH, json=body)
        assert refusal(answer)[:2] == (400, "bad_request")
        assert answer.json()["errors"][0]["source"] == {"pointer": where}


async def test_one_tracking_has_few_devices_and_a_dead_one_none(phone: Phone, core: Core, acme: Cast) -> None:
    await phone.chat("Hello")
    for number in range(10):
        await notified(phone, f"apns-{number}")
    answer = await phone.ask("POST", PUSH, json={"deviceToken": "apns-more", "platform": "ios"})
    assert refusal(answer)[0] == 400
    old = phone.token
    await phone.log_out()
    for method, path in (("POST", PUSH), ("DELETE", f"{PUSH}/current")):
        headers = {"x-kustomer-tracking-token": old or ""}
        answer = await phone.ask(method, path, headers=headers, json={"deviceToken": "apns-0", "platform": "ios"})
        assert refusal(answer)[:2] == (401, "unauthorized")
    assert (await phone.ask("POST", TOKENS)).status_code == 201


async def test_whose_devices_they_are_is_told_to_the_apps_own_readers_alone(
    phone: Phone, core: Core, acme: Cast, globex: Cast, backend: Backend
) -> None:
    anns = await logged_in_as(core, acme, phone, ann.email)
    await notified(phone, "apns-1")
    path = f"/v1/customers/{anns}/push-tokens"
    assert (await Backend(core, phone.client, globex, globex.api_key).ask("GET", path)).status_code == 404
    for role, status in ((Role.CUSTOMER_READ, 200), (Role.CUSTOMER_CREATE, 403), (Role.MESSAGE_READ, 403)):
        assert (await (await backend.with_roles(role)).ask("GET", path)).status_code == status
    assert (await replace(backend, key=acme.new.chat_key).ask("GET", path)).status_code == 403
    assert (await phone.ask("GET", path)).status_code == 401
