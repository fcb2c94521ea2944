"""What a page says of whoever looks at it, with the key that everybody has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acquaint.domain.events import EventKind
from acquaint.domain.identities import Identifier
from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast, ann, eve
from tests.dialects.kustomer.phones import Phone, signed
from tests.dialects.kustomer.server.backends import Backend, error
from tests.services.doors import events, verified

IDENTITY, EVENT, BOTH = "/v1/tracking/identity", "/v1/tracking/event", "/v1/tracking/identityEvent"
HEADER = "x-kustomer-tracking-token"


@pytest.fixture
def page(acme: Cast, backend: Backend) -> Backend:
    """Any page with Acme's public key in it."""
    return replace(backend, key=acme.new.chat_key)


async def test_what_is_said_is_kept_apart_from_what_is_proven(backend: Backend, page: Backend, phone: Phone) -> None:
    said = {
        "name": "Ann",
        "email": "Ann@Example.com",
        "phone": "+49 30 123451",
        "externalId": "acct-1",
        "custom": {"planStr": "gold"},
    }
    assert phone.token is not None
    answer = (await page.done("POST", IDENTITY, status=201, json=said, headers={HEADER: phone.token}))["data"]
    assert answer["attributes"]["trackingId"] == await phone.tracking_id()
    assert answer["attributes"]["email"] == "ann@example.com"
    assert "token" not in answer["attributes"]
    assert not await phone.is_verified()
    customer = answer["relationships"]["customer"]["data"]["id"]
    shown = (await backend.done("GET", f"/v1/customers/{customer}"))["data"]["attributes"]
    assert (shown["name"], shown["displayName"], shown["verified"]) == (None, "Ann", False)
    assert (shown["emails"], shown["phones"], shown["externalIds"]) == ([], [], [])
    assert shown["sharedEmails"] == [{"email": "ann@example.com", "verified": False}]
    for path in ("email=ann@example.com", "phone=4930123451", "externalId=acct-1"):
        error(await backend.ask("GET", f"/v1/customers/{path}"), 404)


async def test_who_says_to_be_ann_sees_nothing_of_hers(
    core: Core, acme: Cast, page: Backend, phone: Phone, tablet: Phone
) -> None:
    await phone.logged_in(signed(core, acme, email=ann.email))
    await phone.chat("my secret")
    assert tablet.token is not None
    said = {"email": ann.email, "externalId": ann.external_id, "name": "Ann"}
    await page.done("POST", IDENTITY, status=201, json=said, headers={HEADER: tablet.token})
    assert await tablet.sees() == []
    assert await phone.sees() == ["my secret"]


async def test_an_id_of_a_tracking_proves_nothing(core: Core, page: Backend, acme: Cast, phone: Phone) -> None:
    await phone.logged_in(signed(core, acme, email=ann.email))
    before = len(await events(core, acme))
    body = {"trackingId": await phone.tracking_id(), "name": "Eve", "email": eve.email}
    error(await page.ask("POST", IDENTITY, json=body), 403, "forbidden")
    error(await page.ask("POST", EVENT, json={"trackingId": await phone.tracking_id(), "name": "paid"}), 403)
    assert len(await events(core, acme)) == before


async def test_the_apps_server_may_name_a_tracking(backend: Backend, phone: Phone) -> None:
    body = {"trackingId": await phone.tracking_id(), "name": "Ann"}
    answer = (await backend.done("POST", IDENTITY, status=201, json=body))["data"]
    assert answer["attributes"]["trackingId"] == body["trackingId"]
    error(await backend.ask("POST", IDENTITY, json={"trackingId": "65c0ffee00000000000000c1", "name": "Ann"}), 404)


async def test_without_a_tracking_there_is_a_new_one(acme: Cast, page: Backend, client: Any) -> None:
    answer = (await page.done("POST", IDENTITY, status=201, json={"name": "Ann"}))["data"]["attributes"]
    found = await Phone(client, acme, answer["token"]).tracking_id()
    assert found == answer["trackingId"]


async def test_a_token_of_another_org_is_none_here(page: Backend, client: Any, globex: Cast) -> None:
    theirs = await Phone(client, globex).begin()
    assert theirs.token is not None
    error(await page.ask("POST", IDENTITY, json={"name": "Eve"}, headers={HEADER: theirs.token}), 401)


async def test_somebody_who_is_logged_in_is_believed_no_less(
    core: Core, acme: Cast, backend: Backend, page: Backend, phone: Phone
) -> None:
    await phone.logged_in(signed(core, acme, email=ann.email))
    assert phone.token is not None
    said = {"name": "Eve", "email": eve.email, "custom": {"planStr": "free"}}
    await page.done("POST", IDENTITY, status=201, json=said, headers={HEADER: phone.token})
    assert await phone.is_verified()
    shown = (await backend.done("GET", f"/v1/customers/email={ann.email}"))["data"]["attributes"]
    assert shown["name"] is None
    assert [it["email"] for it in shown["emails"]] == [ann.email]


async def test_what_somebody_did_is_in_the_audit_trail(core: Core, acme: Cast, page: Backend, phone: Phone) -> None:
    assert phone.token is not None
    token = {HEADER: phone.token}
    await page.done("POST", EVENT, status=204, json={"name": "cart.filled", "meta": {"items": 3}}, headers=token)
    both = {"identity": {"name": "Ann"}, "event": {"name": "paid"}}
    await page.done("POST", BOTH, status=201, json=both, headers=token)
    left = [it for it in await events(core, acme) if it.kind is EventKind.VISITOR_DID]
    assert [it.details for it in left] == [{"name": "cart.filled", "meta": {"items": 3}}, {"name": "paid", "meta": {}}]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (IDENTITY, {"verified": True}),
        (IDENTITY, {"customerId": "65c0ffee00000000000000c1"}),
        (IDENTITY, {"emails": [{"email": ann.email}]}),
        (IDENTITY, {"email": "nonsense"}),
        (IDENTITY, {"email": [ann.email]}),
        (IDENTITY, {"phone": "12"}),
        (IDENTITY, {"gender": "x"}),
        (IDENTITY, {"externalId": "x" * 257}),
        (IDENTITY, {"tags": ["x"] * 21}),
        (IDENTITY, {"custom": {"plan": "gold"}}),
        (IDENTITY, {"location": {"a": "x" * 3000}}),
        (EVENT, {}),
        (EVENT, {"name": "7up"}),
        (EVENT, {"name": "a b"}),
        (EVENT, {"name": "x" * 256}),
        (EVENT, {"name": "paid", "meta": {"a": "x" * 3000}}),
        (EVENT, {"name": "paid", "meta": []}),
        (BOTH, {"identity": {"name": "Ann"}}),
        (BOTH, {"identity": {"name": "Ann"}, "event": {"name": "7up"}}),
        (BOTH, {"identity": {"verified": True}, "event": {"name": "paid"}}),
    ],
)
async def test_what_makes_no_sense_is_refused_and_nothing_is_made(
    core: Core, acme: Cast, page: Backend, path: str, body: Any
) -> None:
    before = len(await events(core, acme))
    error(await page.ask("POST", path, json=body), 400, "bad_request")
    assert len(await events(core, acme)) == before


async def test_pages_may_read_the_answers_and_only_those_the_policy_names(
    core: Core, acme: Cast, page: Backend
) -> None:
    here = {"Origin": "https://acme.example"}
    answer = await page.ask("POST", IDENTITY, json={"name": "Ann"}, headers=here)
    assert answer.headers["access-control-allow-origin"] == "*"
    await apps.change_policy(core, acme.app, {"allowed_origins": ["https://acme.example"]})
    await page.done("POST", IDENTITY, status=201, json={"name": "Ann"}, headers=here)
    error(await page.ask("POST", IDENTITY, json={"name": "Ann"}, headers={"Origin": "https://evil.example"}), 403)


async def test_a_native_visitor_is_not_spoken_for_by_their_id(core: Core, acme: Cast, backend: Backend) -> None:
    from acquaint.web.ids import as_hex

    it = await verified(core, acme, ann)
    error(await backend.ask("POST", IDENTITY, json={"trackingId": as_hex(it.session.id), "name": "x"}), 404)
    assert Identifier.login(ann.login) in (it.user.identifiers if it.user else ())
