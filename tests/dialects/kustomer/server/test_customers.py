"""Customers over Kustomer's server API."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from acquaint.domain.identities import Identifier
from acquaint.domain.keys import Role
from acquaint.services import apps, users
from acquaint.services.core import Core
from acquaint.web.ids import as_hex
from tests.cast import Cast, ann, ben
from tests.dialects.kustomer.phones import Phone, signed
from tests.dialects.kustomer.server.backends import Backend, error
from tests.services.doors import registered, verified
from tests.support.clock import SetClock

EVERYTHING: dict[str, Any] = {
    "name": "Ann Archer",
    "company": "65c0ffee00000000000000d1",
    "externalId": "acct/77 31",
    "username": "ann",
    "signedUpAt": "2026-01-05T10:00:00Z",
    "avatarUrl": "https://acme.example/ann.png",
    "sharedExternalIds": [{"externalId": "family-1"}],
    "emails": [{"email": "Ann+shop@Example.com", "type": "work"}, {"email": "ann@example.com", "verified": True}],
    "sharedEmails": [{"email": "office@example.com", "type": "other"}],
    "phones": [{"phone": "+49 30 123451", "type": "home"}],
    "whatsapps": [{"phone": "+49 171 5550001"}],
    "facebookIds": ["fb-1"],
    "instagramIds": ["ig-1"],
    "socials": [{"type": "twitter", "username": "AnnA"}],
    "sharedSocials": [{"type": "linkedin", "username": "acme"}],
    "urls": [{"url": "https://ann.example", "type": "blog"}],
    "locations": [{"countryCode": "DE", "cityName": "Berlin", "latitude": 52.5}],
    "locale": "de_DE",
    "timeZone": "Europe/Berlin",
    "tags": ["vip"],
    "sentiment": {"polarity": 1, "confidence": 0.5},
    "custom": {
        "planStr": "gold",
        "seatsNum": 3,
        "paysBool": True,
        "bornAt": "1990-02-03",
        "siteUrl": "https://a.example",
    },
    "birthdayAt": "1990-02-03",
    "gender": "f",
    "importedAt": "2026-02-01T00:00:00.000Z",
    "defaultLang": "de",
}


async def test_everything_that_is_written_is_shown(backend: Backend) -> None:
    made = await backend.customer(**EVERYTHING)
    shown = made["attributes"]
    assert shown["externalId"] == "acct/77 31"
    assert shown["externalIds"] == [{"externalId": "acct/77 31", "verified": False, "id": None}]
    assert [(it["email"], it["verified"]) for it in shown["emails"]] == [
        ("Ann+shop@Example.com", False),
        ("ann@example.com", True),
    ]
    assert shown["phones"] == [{"phone": "+49 30 123451", "type": "home", "verified": False, "id": None}]
    assert [it["phone"] for it in shown["whatsapps"]] == ["+49 171 5550001"]
    assert shown["socials"] == [{"type": "twitter", "username": "AnnA", "verified": False, "id": None}]
    assert (shown["facebookIds"], shown["instagramIds"]) == (["fb-1"], ["ig-1"])
    assert shown["sharedEmails"] == [{"email": "office@example.com", "type": "other", "verified": False}]
    for name in ("name", "username", "avatarUrl", "locale", "timeZone", "tags", "sentiment", "custom", "gender"):
        assert shown[name] == EVERYTHING[name], name
    assert shown["signedUpAt"] == "2026-01-05T10:00:00.000Z"
    assert shown["birthdayAt"] == "1990-02-03T00:00:00.000Z"
    assert shown["verified"] is True
    assert shown["conversationCounts"] == {"all": 0, "open": 0, "snoozed": 0, "done": 0}
    assert made["relationships"]["company"]["data"]["id"] == EVERYTHING["company"]
    assert made["links"]["self"] == f"/v1/customers/{made['id']}"
    again = await backend.done("GET", made["links"]["self"])
    assert again["data"] == made


@pytest.mark.parametrize(
    "path",
    [
        "email=ann%2Bshop@example.com",
        "email=ann%2Bshop%40example.com",
        "email=ANN+SHOP@example.com",
        "externalId=acct%2F77%2031",
        "phone=%2B4930123451",
        "phone=%2B49%2030%20123451",
    ],
)
async def test_a_customer_is_found_by_what_names_them(backend: Backend, path: str) -> None:
    made = await backend.customer(**EVERYTHING)
    assert (await backend.done("GET", f"/v1/customers/{path}"))["data"] == made


@pytest.mark.parametrize(
    "external_id", ["a=b", "email=ann@example.com", "a//b", "50%", "ä ö", "a+b", "a?b#c", "merges"]
)
async def test_an_external_id_may_be_anything(backend: Backend, external_id: str) -> None:
    made = await backend.customer(externalId=external_id)
    found = await backend.done("GET", "/v1/customers/externalId=" + quote(external_id, safe=""))
    assert found["data"]["id"] == made["id"]


async def test_an_address_with_an_equals_sign_is_one(backend: Backend) -> None:
    made = await backend.customer(emails=[{"email": "a=b@example.com"}])
    assert (await backend.done("GET", "/v1/customers/email=a=b@example.com"))["data"]["id"] == made["id"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("email=nobody@example.com", 404),
        ("email=", 400),
        ("email=nonsense", 400),
        ("phone=12", 400),
        ("externalId=nobody", 404),
        ("externalId=", 400),
        ("65c0ffee00000000000000c1", 404),
        ("nonsense", 400),
        ("65C0FFEE00000000000000C1", 400),
        ("fax=12", 400),
    ],
)
async def test_who_is_not_there_is_not_found(backend: Backend, path: str, status: int) -> None:
    error(await backend.ask("GET", f"/v1/customers/{path}"), status)


async def test_a_shared_address_finds_nobody(backend: Backend) -> None:
    await backend.customer(**EVERYTHING)
    error(await backend.ask("GET", "/v1/customers/email=office@example.com"), 404)
    error(await backend.ask("GET", "/v1/customers/externalId=family-1"), 404)
    await backend.customer(sharedEmails=[{"email": "office@example.com"}])
    await backend.customer(emails=[{"email": "office@example.com"}])


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"emails": [{"email": "ANN@example.com"}]}, "/emails/0/email"),
        ({"emails": [{"email": "new@example.com"}, {"email": "ann@example.com"}]}, "/emails/1/email"),
        ({"phones": [{"phone": "0049 30 123451"}, {"phone": "+49-30-123451"}]}, "/phones/1/phone"),
        ({"externalId": "acct/77 31"}, "/externalIds/0/externalId"),
        ({"socials": [{"type": "twitter", "username": "anna"}]}, "/socials/0/username"),
        ({"whatsapps": [{"phone": "491715550001"}]}, "/whatsapps/0/phone"),
        ({"facebookIds": ["fb-2", "fb-1"]}, "/facebookIds/1"),
    ],
)
async def test_what_names_somebody_names_nobody_else(backend: Backend, body: dict[str, Any], where: str) -> None:
    made = await backend.customer(**EVERYTHING)
    other = await backend.customer(name="Ben")
    for method, path in (("POST", "/v1/customers"), ("PATCH", f"/v1/customers/{other['id']}")):
        found = error(await backend.ask(method, path, json=body | {"name": "Eve"}), 409, "conflict")
        assert found["source"]["pointer"] == where
        assert found["meta"] == {"conflictId": made["id"]}
    assert (await backend.done("GET", f"/v1/customers/{other['id']}"))["data"] == other, "nothing half done"
    writer = await backend.with_roles(Role.CUSTOMER_CREATE)
    assert error(await writer.ask("POST", "/v1/customers", json=body), 409)["meta"] == {}


async def test_the_same_name_in_two_networks_is_two_people(backend: Backend) -> None:
    await backend.customer(socials=[{"type": "twitter", "username": "ann"}])
    await backend.customer(socials=[{"type": "facebook", "username": "ann"}])
    await backend.customer(facebookIds=["ann"])


async def test_a_change_changes_what_is_sent(backend: Backend) -> None:
    made = await backend.customer(**EVERYTHING)
    path = f"/v1/customers/{made['id']}"
    changed = await backend.done(
        "PATCH",
        path,
        json={"name": None, "emails": [{"email": "new@example.com"}], "custom": {"planStr": None, "seatsNum": 4}},
    )
    shown = changed["data"]["attributes"]
    assert shown["name"] is None
    assert shown["displayName"].startswith("Anonymous ")
    assert [it["email"] for it in shown["emails"]] == ["new@example.com"]
    assert shown["custom"] == {
        name: it for name, it in (EVERYTHING["custom"] | {"seatsNum": 4}).items() if name != "planStr"
    }
    assert shown["externalId"] == "acct/77 31"
    assert shown["sharedEmails"]
    assert "company" not in changed["data"]["relationships"], "an update that does not repeat the company unlinks it"
    error(await backend.ask("GET", "/v1/customers/email=ann@example.com"), 404)
    await backend.customer(emails=[{"email": "ann@example.com"}])


async def test_put_is_a_patch_unless_it_replaces(backend: Backend) -> None:
    made = await backend.customer(**EVERYTHING)
    path = f"/v1/customers/{made['id']}"
    kept = (await backend.done("PUT", path, json={"name": "Annie"}))["data"]["attributes"]
    assert (kept["name"], kept["externalId"], kept["tags"]) == ("Annie", "acct/77 31", ["vip"])
    whole = (await backend.done("PUT", f"{path}?replace=true", json={"name": "Ann", "externalId": "a-1"}))["data"]
    empty = whole["attributes"]
    assert (empty["name"], empty["externalId"]) == ("Ann", "a-1")
    for name in ("emails", "phones", "sharedEmails", "tags", "socials", "urls"):
        assert empty[name] == [], name
    assert empty["custom"] == {}
    assert empty["locale"] is None
    error(await backend.ask("GET", "/v1/customers/email=ann@example.com"), 404)


async def test_the_external_id_is_the_first_of_them(backend: Backend) -> None:
    made = await backend.customer(externalIds=[{"externalId": "a"}, {"externalId": "b"}])
    assert made["attributes"]["externalId"] == "a"
    path = f"/v1/customers/{made['id']}"
    changed = (await backend.done("PATCH", path, json={"externalId": "c"}))["data"]["attributes"]
    assert [it["externalId"] for it in changed["externalIds"]] == ["c", "b"]
    both = {"externalId": "d", "externalIds": [{"externalId": "e"}]}
    changed = (await backend.done("PATCH", path, json=both))["data"]["attributes"]
    assert [it["externalId"] for it in changed["externalIds"]] == ["d", "e"]
    changed = (await backend.done("PATCH", path, json={"externalIds": []}))["data"]["attributes"]
    assert (changed["externalId"], changed["externalIds"]) == (None, [])


async def test_a_change_of_something_that_has_changed_since_is_refused(backend: Backend, clock: SetClock) -> None:
    made = await backend.customer(name="Ann")
    path, rev = f"/v1/customers/{made['id']}", made["attributes"]["rev"]
    clock.forward(seconds=1)
    changed = await backend.done("PATCH", path, json={"name": "Annie", "rev": rev})
    assert changed["data"]["attributes"]["rev"] > rev
    found = error(await backend.ask("PATCH", path, json={"name": "Anna", "rev": rev}), 409, "conflict")
    assert found["source"]["pointer"] == "/rev"
    assert (await backend.done("GET", path))["data"]["attributes"]["name"] == "Annie"


async def test_of_many_who_change_the_same_revision_one_does(backend: Backend) -> None:
    made = await backend.customer(name="Ann")
    path, rev = f"/v1/customers/{made['id']}", made["attributes"]["rev"]
    answers = await asyncio.gather(
        *(backend.ask("PATCH", path, json={"name": f"Ann {number}", "rev": rev}) for number in range(10))
    )
    assert sorted(it.status_code for it in answers) == [200] + [409] * 9


async def test_of_many_who_make_the_same_customer_one_does(backend: Backend) -> None:
    body = {"emails": [{"email": ann.email}], "externalId": "acct-1"}
    answers = await asyncio.gather(*(backend.ask("POST", "/v1/customers", json=body) for _ in range(10)))
    assert sorted(it.status_code for it in answers) == [201] + [409] * 9
    assert (await backend.done("GET", "/v1/customers"))["meta"]["total"] == 1


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "/body"),
        ({"verified": True}, "/verified"),
        ({"id": "65c0ffee00000000000000c1"}, "/id"),
        ({"data": {"attributes": {"name": "Ann"}}}, "/data"),
        ({"org": "x"}, "/org"),
        ({"by_door": {}}, "/by_door"),
        ({"is_vouched": True}, "/is_vouched"),
        ({"standing": "active"}, "/standing"),
        ({"password": "a rowing boat at dawn"}, "/password"),
        ({"name": 7}, "/name"),
        ({"name": "x" * 256}, "/name"),
        ({"externalId": "x" * 257}, "/externalId"),
        ({"externalId": "a\nb"}, "/externalIds/0/externalId"),
        ({"emails": "ann@example.com"}, "/emails"),
        ({"emails": [{"email": "nonsense"}]}, "/emails/0/email"),
        ({"emails": [{"email": ["ann@example.com"]}]}, "/emails/0/email"),
        ({"emails": [{"email": "ann@example.com", "is_vouched": True}]}, "/emails/0/is_vouched"),
        ({"emails": [{"email": "ann@example.com", "type": "fax"}]}, "/emails/0/type"),
        ({"emails": [{"email": "ann@example.com"}, {"email": "ANN@example.com"}]}, "/emails/1/email"),
        ({"emails": [{"email": f"a{number}@example.com"} for number in range(11)]}, "/emails"),
        ({"tags": ["a", "a"]}, "/tags/1"),
        ({"tags": [f"t{number}" for number in range(21)]}, "/tags"),
        ({"sharedEmails": [{"email": "a@example.com"}, {"email": "a@example.com"}]}, "/sharedEmails/1"),
        ({"avatarUrl": "javascript:alert(1)"}, "/avatarUrl"),
        ({"urls": [{"url": "data:text/html,x"}]}, "/urls/0/url"),
        ({"custom": {"plan": "gold"}}, "/custom/plan"),
        ({"custom": {"seatsNum": "3"}}, "/custom/seatsNum"),
        ({"custom": {"planStr": "x" * 1025}}, "/custom/planStr"),
        ({"custom": {f"n{number}Num": number for number in range(101)}}, "/custom"),
        ({"sentiment": {"polarity": 2}}, "/sentiment/polarity"),
        ({"gender": "x"}, "/gender"),
        ({"birthdayAt": "yesterday"}, "/birthdayAt"),
        ({"locations": [{"latitude": "north"}]}, "/locations/0/latitude"),
        ({"rev": "1"}, "/rev"),
    ],
)
async def test_what_the_vendor_does_not_document_is_refused(backend: Backend, body: dict[str, Any], where: str) -> None:
    made = await backend.customer(name="Ben")
    for method, path in (("POST", "/v1/customers"), ("PATCH", f"/v1/customers/{made['id']}")):
        found = error(await backend.ask(method, path, json=body), 400, "bad_request")
        assert found["source"]["pointer"] == where
    assert (await backend.done("GET", "/v1/customers"))["meta"]["total"] == 1


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{", b'"x"', b"\xff"])
async def test_what_is_no_object_is_refused(backend: Backend, content: bytes) -> None:
    json = {"Content-Type": "application/json"}
    error(await backend.ask("POST", "/v1/customers", content=content, headers=json), 400, "bad_request")


async def test_a_body_that_is_too_large_is_refused(backend: Backend) -> None:
    error(await backend.ask("POST", "/v1/customers", json={"name": "x" * 100_000}), 413, "payload_too_large")


async def test_a_customer_that_is_deleted_is_gone(core: Core, acme: Cast, backend: Backend, phone: Phone) -> None:
    await phone.logged_in(signed(core, acme, externalId="acct-1"))
    found = (await backend.done("GET", "/v1/customers/externalId=acct-1"))["data"]
    await backend.done("DELETE", f"/v1/customers/{found['id']}", status=204)
    for method in ("GET", "DELETE"):
        error(await backend.ask(method, f"/v1/customers/{found['id']}"), 404, "not_found")
    error(await backend.ask("PATCH", f"/v1/customers/{found['id']}", json={"name": "Eve"}), 404, "not_found")
    assert not await phone.is_verified()


async def test_customers_are_listed_by_pages(backend: Backend, clock: SetClock) -> None:
    names = []
    for number in range(5):
        clock.forward(minutes=1)
        names.append(f"Ann {number}")
        await backend.customer(name=names[-1])
    first = await backend.done("GET", "/v1/customers?pageSize=2")
    assert [it["attributes"]["name"] for it in first["data"]] == ["Ann 4", "Ann 3"]
    assert first["meta"] == {"page": 1, "pageSize": 2, "total": 5, "totalPages": 3}
    assert first["links"]["prev"] is None
    last = await backend.done("GET", first["links"]["last"])
    assert [it["attributes"]["name"] for it in last["data"]] == ["Ann 0"]
    assert last["links"]["next"] is None
    second = await backend.done("GET", first["links"]["next"])
    assert second["links"]["self"] == first["links"]["next"]
    oldest = await backend.done("GET", "/v1/customers?sort=asc&pageSize=1")
    assert oldest["data"][0]["attributes"]["name"] == "Ann 0"
    since = "filter[createdAt][gte]=2026-11-21T12:03:00Z&filter[createdAt][lt]=2026-11-21T12:05:00Z"
    within = await backend.done("GET", f"/v1/customers?{since}&sort=asc")
    assert [it["attributes"]["name"] for it in within["data"]] == ["Ann 2", "Ann 3"]
    assert within["meta"]["total"] == 2
    end = "9999-12-31T23:59:59.999999Z"  # after which there is no millisecond any more
    after = await backend.done("GET", f"/v1/customers?filter[createdAt][gt]={end}")
    before = await backend.done("GET", f"/v1/customers?filter[createdAt][lte]={end}")
    assert (after["meta"]["total"], before["meta"]["total"]) == (0, first["meta"]["total"])


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=x",
        "pageSize=0",
        "sort=password",
        "filter[createdAt][gte]=x",
        "filter[passwordHash]=a",
        "a=1",
        "page=1&page=2",
    ],
)
async def test_a_list_that_cannot_be_had_is_refused(backend: Backend, query: str) -> None:
    error(await backend.ask("GET", f"/v1/customers?{query}"), 400, "bad_request")


async def test_customers_of_another_org_are_not_there(core: Core, acme: Cast, backend: Backend, globex: Cast) -> None:
    made = await backend.customer(**EVERYTHING)
    theirs = Backend(core, backend.client, globex, globex.api_key)
    other = await theirs.customer(name="Ben")
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        sent = {"json": {"name": "Eve"}} if method.startswith("P") else {}
        error(await theirs.ask(method, f"/v1/customers/{made['id']}", **sent), 404)
    error(await theirs.ask("GET", "/v1/customers/email=ann@example.com"), 404)
    error(await theirs.ask("GET", f"/v1/customers/{made['id']}/conversations"), 404)
    error(await theirs.ask("GET", f"/v1/customers/{made['id']}/merges"), 404)
    for source, target in ((made, other), (other, made)):
        body = {"source": source["id"], "target": target["id"]}
        error(await theirs.ask("POST", "/v1/customers/merges", json=body), 404)
    assert (await theirs.done("GET", "/v1/customers"))["meta"]["total"] == 1
    await theirs.customer(**EVERYTHING)


async def test_a_login_finds_whom_the_server_made(core: Core, acme: Cast, backend: Backend, phone: Phone) -> None:
    made = await backend.customer(emails=[{"email": ann.email}], externalId="acct-1")
    identity = await phone.logged_in(signed(core, acme, email=ann.email))
    assert identity["relationships"]["customer"]["data"]["id"] == made["id"]


async def test_whom_a_login_made_is_shown_with_what_named_them(
    core: Core, acme: Cast, backend: Backend, phone: Phone
) -> None:
    await phone.logged_in(signed(core, acme, email=ann.email))
    shown = (await backend.done("GET", f"/v1/customers/email={ann.email}"))["data"]["attributes"]
    assert shown["emails"] == [{"email": ann.email, "type": "home", "verified": True, "id": None}]


async def test_what_a_visitor_says_names_them_nowhere(acme: Cast, backend: Backend, phone: Phone) -> None:
    said = {"emails": [{"email": ann.email}], "custom": {"planStr": "gold"}}
    visitor = await phone.asked("PATCH", "/c/v1/customers/current", json=said)
    shown = (await backend.done("GET", f"/v1/customers/{visitor['id']}"))["data"]["attributes"]
    assert (shown["emails"], shown["verified"]) == ([], False)
    assert [it["email"] for it in shown["sharedEmails"]] == [ann.email]
    assert shown["custom"] == {"planStr": "gold"}
    error(await backend.ask("GET", f"/v1/customers/email={ann.email}"), 404)


async def test_a_device_never_gets_a_name(
    backend: Backend, phone: Phone, core: Core, acme: Cast, tablet: Phone
) -> None:
    """Whoever holds the device would be Ann, and see what Ann says on others."""
    await phone.chat("hello")
    [visitor] = (await backend.done("GET", "/v1/customers"))["data"]
    path = f"/v1/customers/{visitor['id']}"
    found = error(await backend.ask("PATCH", path, json={"emails": [{"email": ann.email}]}), 400)
    assert found["source"]["pointer"] == "/emails"
    await backend.done("PATCH", path, json={"name": "Ann?", "sharedEmails": [{"email": ann.email}]})
    await tablet.logged_in(signed(core, acme, email=ann.email))
    await tablet.chat("my secret")
    assert await phone.sees() == ["hello"]


async def test_whoever_registered_a_name_is_out_when_the_server_says_whose_it_is(
    core: Core, acme: Cast, backend: Backend
) -> None:
    eves = await registered(core, acme, ann)
    assert eves.user is not None
    await backend.done("PATCH", f"/v1/customers/{as_hex(eves.user.id)}", json={"externalId": "acct-1"})
    async with core.store.read() as tx:
        assert await tx.sessions.of_user(eves.user.id) == []
        assert await tx.users.password_hash(eves.user.id) is None


async def test_a_login_of_another_api_stays(core: Core, acme: Cast, backend: Backend) -> None:
    it = await verified(core, acme, ann)
    assert it.user is not None
    path = f"/v1/customers/{as_hex(it.user.id)}"
    await backend.done("PUT", f"{path}?replace=true", json={"emails": [{"email": ann.email}]})
    user = await users.get(core, acme.app, it.user.id)
    assert set(user.identifiers) == {ann.by_login, Identifier.email(ann.email)}
    error(await backend.ask("GET", f"/v1/customers/externalId={ann.login}"), 404)


async def test_conversations_of_a_customer(core: Core, acme: Cast, backend: Backend, phone: Phone) -> None:
    await phone.logged_in(signed(core, acme, externalId="acct-1"))
    first, second = await phone.chat("one"), await phone.chat("two")
    await phone.asked("PUT", f"/c/v1/chat/sessions/{first}", json={"locked": True})
    customer = (await backend.done("GET", "/v1/customers/externalId=acct-1"))["data"]
    assert customer["attributes"]["conversationCounts"] == {"all": 2, "open": 1, "snoozed": 0, "done": 1}
    listed = await backend.done("GET", f"/v1/customers/{customer['id']}/conversations?pageSize=1")
    assert [(it["type"], it["id"]) for it in listed["data"]] == [("conversation", second)]
    rest = await backend.done("GET", listed["links"]["next"])
    assert [(it["id"], it["attributes"]["status"]) for it in rest["data"]] == [(first, "done")]
    later = await backend.done("GET", f"/v1/customers/{customer['id']}/conversations?fromDate=2027-01-01T00:00:00Z")
    assert later["meta"]["total"] == 0


NEEDS = {
    ("GET", "/v1/customers"): (Role.CUSTOMER_READ, Role.USER_CUSTOMER_READ),
    ("POST", "/v1/customers"): (Role.CUSTOMER_CREATE, Role.USER_CUSTOMER_WRITE),
    ("PATCH", "/v1/customers/65c0ffee00000000000000c1"): (Role.CUSTOMER_UPDATE, Role.USER_CUSTOMER_WRITE),
    ("PUT", "/v1/customers/65c0ffee00000000000000c1"): (Role.CUSTOMER_UPDATE, Role.USER_CUSTOMER_WRITE),
    ("DELETE", "/v1/customers/65c0ffee00000000000000c1"): (Role.CUSTOMER_DELETE, Role.USER_CUSTOMER_DELETE),
    ("POST", "/v1/customers/merges"): (Role.CUSTOMER_MERGE_CREATE, Role.USER_CUSTOMER_WRITE),
}


@pytest.mark.parametrize("role", [it for it in Role if it is not Role.OPERATOR])
async def test_each_role_does_what_it_says_and_nothing_else(
    core: Core, acme: Cast, backend: Backend, role: Role
) -> None:
    await apps.change_policy(core, acme.app, {"server_requests_per_minute": 1000})
    it = await backend.with_roles(role)
    for (method, path), needed in NEEDS.items():
        covers = role is Role.ADMIN or any(other == role or other.startswith(f"{role}.") for other in needed)
        answer = await it.ask(method, path, json={"nonsense": 1} if method.startswith("P") else None)
        assert (answer.status_code != 403) == covers, (method, path, role)


async def test_ben_is_nobodys_business_but_acmes(acme: Cast, backend: Backend) -> None:
    assert acme.app.policy.registers_on_token
    await backend.customer(name=ben.name)
    error(await backend.ask("GET", "/v1/customers", headers={"Authorization": ""}), 401)
