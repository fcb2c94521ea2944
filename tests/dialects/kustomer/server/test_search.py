"""Finding customers by a query: what is found, what is refused, and that nobody is found by what they only say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from acquaint.domain.keys import Role
from acquaint.services.core import Core
from tests.cast import Cast, ann
from tests.dialects.kustomer.phones import Phone
from tests.dialects.kustomer.server.backends import Backend, error
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

SEARCH = "/v1/customers/search"


async def names(backend: Backend, **query: Any) -> list[str]:
    found = await backend.done("POST", SEARCH, json=query)
    return [it["attributes"]["displayName"] for it in found["data"]]


@on_both_databases
async def test_everything_in_and_must_hold_and_something_in_or(backend: Backend, clock: SetClock) -> None:
    await backend.customer(
        name="Mara Quist", externalId="m-1", tags=["vip"], emails=[{"email": "mara@example.org"}],
        phones=[{"phone": "+1 555 010 0001"}],
    )  # fmt: skip
    clock.forward(days=2)
    noor = await backend.customer(name="Noor", tags=["beta"])
    since = "2026-11-22"
    for query, found in [
        ([{"customer_email": {"equals": "MARA@example.org "}}], ["Mara Quist"]),
        ([{"customer_external_id": {"equals": "m-1"}}], ["Mara Quist"]),
        ([{"customer_external_id": {"equals": "M-1"}}], []),
        ([{"customer_phone": {"equals": "+15550100001"}}], ["Mara Quist"]),
        ([{"customer_name": {"equals": "mara quist"}}], ["Mara Quist"]),
        ([{"customer_name": {"starts_with": "mar"}}], ["Mara Quist"]),
        ([{"customer_tags": {"equals": "vip"}}], ["Mara Quist"]),
        ([{"customer_tags": {"not_equals": "vip"}}], ["Noor"]),
        ([{"customer_id": {"equals": noor["id"]}}], ["Noor"]),
        ([{"customer_created_at": {"gte": since}}], ["Noor"]),
        ([{"customer_created_at": {"lt": f"{since}T00:00:00.000Z"}}], ["Mara Quist"]),
        ([{"customer_created_at": {"gte": since}}, {"customer_tags": {"equals": "vip"}}], []),
        ([], ["Noor", "Mara Quist"]),
    ]:
        assert await names(backend, **{"and": query}) == found, query
    either = [{"customer_tags": {"equals": "vip"}}, {"customer_tags": {"equals": "beta"}}]
    assert await names(backend, **{"or": either}) == ["Noor", "Mara Quist"]
    assert await names(backend, **{"or": either, "and": [{"customer_name": {"equals": "Noor"}}]}) == ["Noor"]
    whom = [{"customer_email": {"equals": "mara@example.org"}}, {"customer_email": {"equals": "nobody@example.org"}}]
    assert await names(backend, **{"or": whom}) == ["Mara Quist"]


async def test_what_is_found_comes_in_order_and_by_pages(backend: Backend, clock: SetClock) -> None:
    for name in ("B", "A", "C"):
        await backend.customer(name=name)
        clock.forward(seconds=5)
    query = {"sort": [{"customer_name": "asc"}], "queryContext": "customer", "timeZone": "GMT"}
    assert await names(backend, **query) == ["A", "B", "C"]
    assert await names(backend, sort=[{"customer_created_at": "asc"}]) == ["B", "A", "C"]
    page = await backend.done("POST", f"{SEARCH}?page=2&pageSize=2", json=query)
    assert [it["attributes"]["name"] for it in page["data"]] == ["C"]
    assert page["meta"] == {"page": 2, "pageSize": 2, "total": 3, "totalPages": 2}
    assert page["links"]["prev"] == f"{SEARCH}?page=1&pageSize=2"
    assert page["links"]["next"] is None


async def test_what_a_visitor_only_says_finds_nobody(acme: Cast, backend: Backend, phone: Phone) -> None:
    """Eve says that she is Ann; whoever looks for Ann must not find Eve."""
    await phone.asked("PATCH", "/c/v1/customers/current", json={"sharedEmails": [ann.email]})
    said = {"email": ann.email, "externalId": "ann-1", "phone": ann.phone}
    headers = {"x-kustomer-tracking-token": phone.token or ""}
    page = replace(backend, key=acme.new.chat_key)
    assert (await page.ask("POST", "/v1/tracking/identity", json=said, headers=headers)).status_code == 201
    for field, value in (("email", ann.email), ("external_id", "ann-1"), ("phone", ann.phone)):
        assert await names(backend, **{"and": [{f"customer_{field}": {"equals": value}}]}) == []
        assert await names(backend, **{"or": [{f"customer_{field}": {"equals": value}}]}) == []
    assert len(await names(backend)) == 1


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"and": [{"customer_password": {"equals": "x"}}]}, "/and/0/customer_password"),
    ({"and": [{"password_hash": {"starts_with": "$"}}]}, "/and/0/password_hash"),
    ({"and": [{"customer_email": {"starts_with": "a"}}]}, "/and/0/customer_email"),
    ({"and": [{"customer_email": {"contains": "a"}}]}, "/and/0/customer_email"),
    ({"and": [{"customer_email": {"$ne": ""}}]}, "/and/0/customer_email"),
    ({"and": [{"customer_email": {"equals": {"$ne": ""}}}]}, "/and/0/customer_email"),
    ({"and": [{"customer_email": {"equals": ""}}]}, "/and/0/customer_email"),
    ({"and": [{"customer_email": {"equals": "x" * 257}}]}, "/and/0/customer_email"),
    ({"and": [{"customer_email": "x"}]}, "/and/0/customer_email"),
    ({"and": [{"customer_email": {"equals": "no address"}}]}, "/and/0/customer_email"),
    ({"and": [{"customer_email": {}}]}, "/and/0/customer_email"),
    ({"and": [{"customer_id": {"equals": "x"}}]}, "/and/0/customer_id"),
    ({"and": [{"customer_created_at": {"gte": "soon"}}]}, "/and/0/customer_created_at"),
    ({"and": [{"customer_created_at": {"gte": 7}}]}, "/and/0/customer_created_at"),
    ({"and": [{"customer_created_at": {"equals": "2026-01-01"}}]}, "/and/0/customer_created_at"),
    ({"and": [{}]}, "/and/0"),
    ({"and": [{"customer_name": {"equals": "a"}, "customer_id": {"equals": "a"}}]}, "/and/0"),
    ({"and": {"customer_name": "a"}}, "/and"),
    ({"and": [{"customer_tags": {"equals": "a"}}] * 21}, "/and"),
    ({"or": [{"customer_tags": {"equals": "a"}}, {"customer_name": {"equals": "a"}}]}, "/or/0/customer_tags"),
    ({"or": [{"customer_tags": {"not_equals": "a"}}]}, "/or/0/customer_tags"),
    ({"not": [{"customer_tags": {"equals": "a"}}]}, "/not"),
    ({"sort": [{"customer_password": "asc"}]}, "/sort"),
    ({"sort": [{"customer_name": "up"}]}, "/sort"),
    ({"sort": [{"customer_name": ["asc"]}]}, "/sort"),
    ({"sort": [{}]}, "/sort"),
    ({"queryContext": "conversation"}, "/queryContext"),
    ({"timeZone": "America/New_York"}, "/timeZone"),
]


async def test_a_query_that_cannot_be_answered_is_refused(backend: Backend) -> None:
    """Attack 18: fields and operators are those that are named, whatever else a store would understand."""
    for query, where in REFUSED:
        found = error(await backend.ask("POST", SEARCH, json=query), 400, "bad_request")
        assert found["source"] == {"pointer": where}


async def test_nobody_pages_for_ever(backend: Backend) -> None:
    found = error(await backend.ask("POST", f"{SEARCH}?page=101&pageSize=100", json={}), 400)
    assert found["source"] == {"parameter": "page"}


async def test_only_keys_that_may_read_customers_find_any_and_none_of_another_org(
    core: Core, acme: Cast, backend: Backend, globex: Cast
) -> None:
    await backend.customer(name="Mara")
    stranger = Backend(core, backend.client, globex, globex.api_key)
    assert await names(stranger) == []
    for role, status in ((Role.CUSTOMER_READ, 200), (Role.CUSTOMER_CREATE, 403), (Role.TRACKING, 403)):
        assert (await (await backend.with_roles(role)).ask("POST", SEARCH, json={})).status_code == status
