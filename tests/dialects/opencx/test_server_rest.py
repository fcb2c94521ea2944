"""Acme's own server keeps contacts and begins sessions; what it does is its word, and no more than that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from acquaint.domain.keys import Role
from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast
from tests.dialects.opencx.widgets import Browser, Server, new_uuid, refusal

ADA = {"email": "ada@shop.test", "name": "Ada"}
PATHS = (
    ("POST", "/contacts"),
    ("GET", "/contacts"),
    ("PATCH", "/contacts/{contact}"),
    ("DELETE", "/contacts/{contact}"),
    ("POST", "/chat/sessions"),
    ("GET", "/chat/sessions"),
    ("GET", "/chat/sessions/{session}"),
    ("GET", "/chat/sessions/{session}/history"),
    ("POST", "/chat/sessions/{session}/send"),
)


class Rest:
    """An App's server that asks with a key."""

    def __init__(self, client: httpx2.AsyncClient, key: str) -> None:
        self.client, self.key = client, key

    async def ask(self, method: str, path: str, body: Any = None, **params: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.key}"}
        return await self.client.request(method, path, json=body, params=params, headers=headers)

    async def asked(self, method: str, path: str, body: Any = None, **params: str) -> Any:
        answer = await self.ask(method, path, body, **params)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def contact(self, **fields: Any) -> str:
        return str((await self.asked("POST", "/contacts", {"contact": fields}))["id"])

    async def session(self, **fields: Any) -> str:
        return str((await self.asked("POST", "/chat/sessions", fields))["id"])

    async def contacts(self, **params: str) -> list[dict[str, Any]]:
        return list((await self.asked("GET", "/contacts", **params))["items"])


@pytest.fixture
def rest(client: httpx2.AsyncClient, acme: Cast) -> Rest:
    return Rest(client, acme.api_key)


async def test_a_contact_by_email_is_who_authenticate_user_means(rest: Rest, backend: Server) -> None:
    id = await rest.contact(**ADA)
    assert (await backend.authenticate("ADA@shop.test")).json()["contact"]["id"] == id
    assert await rest.contact(email=" ada@shop.test ", custom_data={"plan": "gold"}) == id
    [ada] = await rest.contacts()
    assert (ada["name"], ada["custom_data"]) == ("Ada", {"plan": "gold"})


async def test_whoever_only_claims_an_address_is_nobody_elses_contact(rest: Rest, browser: Browser, acme: Cast) -> None:
    """Attack 6: somebody types Ada's address in a form, before Acme's server says who Ada is."""
    page = await browser.user_data("ada@shop.test", new_uuid())
    session = await page.chat("I am Ada, honest")
    id = await rest.contact(**ADA)
    found = {it["id"]: it for it in await rest.contacts()}
    assert len(found) == 2
    assert found[id]["non_verified_email"] is None
    shown = await rest.asked("GET", f"/chat/sessions/{session}")
    assert shown["verified"] is False
    assert shown["contact"]["email"] is None
    assert shown["contact"]["non_verified_email"] == "ada@shop.test"


async def test_custom_data_are_merged_and_null_empties(rest: Rest) -> None:
    id = await rest.contact(**ADA, phone="+15550100", custom_data={"plan": "gold"})
    await rest.asked("PATCH", f"/contacts/{id}", {"contact": {"custom_data": {"seats": 3}, "name": None}})
    [ada] = await rest.contacts()
    assert (ada["name"], ada["custom_data"]) == (None, {"plan": "gold", "seats": 3})
    assert (ada["email"], ada["phone_number"]) == ("ada@shop.test", "+15550100")
    await rest.asked("PATCH", f"/contacts/{id}", {"contact": {"email": "lovelace@shop.test"}})
    assert (await rest.contacts())[0]["email"] == "lovelace@shop.test"
    await rest.asked("PATCH", f"/contacts/{id}", {"contact": {"email": None}})
    assert (await rest.contacts())[0]["email"] is None


async def test_an_address_that_is_somebody_elses_is_refused(rest: Rest) -> None:
    await rest.contact(**ADA)
    ben = await rest.contact(email="ben@shop.test")
    answer = await rest.ask("PATCH", f"/contacts/{ben}", {"contact": {"email": "ada@shop.test"}})
    assert refusal(answer)[0] == 409
    assert {it["email"] for it in await rest.contacts()} == {"ada@shop.test", "ben@shop.test"}


async def test_a_contact_whose_address_is_changed_away_is_not_signed_in_by_it(rest: Rest, backend: Server) -> None:
    id = await rest.contact(**ADA)
    await rest.asked("PATCH", f"/contacts/{id}", {"contact": {"email": "new@shop.test"}})
    assert (await backend.authenticate("ada@shop.test")).json()["contact"]["id"] != id
    assert (await backend.authenticate("new@shop.test")).json()["contact"]["id"] == id


async def test_a_deleted_contact_is_out_at_once(rest: Rest, backend: Server, browser: Browser) -> None:
    page = browser.verified(await backend.token_of("ada@shop.test"))
    await page.chat("hello")
    [ada] = await rest.contacts()
    await rest.asked("DELETE", f"/contacts/{ada['id']}")
    assert (await page.lists()).status_code == 401
    assert await rest.contacts() == []


async def test_contacts_are_listed_page_by_page_and_by_time(rest: Rest) -> None:
    made = [await rest.contact(email=f"contact{it}@shop.test") for it in range(53)]
    first = await rest.asked("GET", "/contacts")
    second = await rest.asked("GET", "/contacts", cursor=first["next"])
    assert [it["id"] for it in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None
    assert await rest.contacts(created_after="2099-01-01T00:00:00Z") == []
    assert len(await rest.contacts(updated_before="2099-01-01T00:00:00Z")) == 50


async def test_a_session_that_acme_begins_is_seen_by_who_is_verified_in_its_workspace(
    rest: Rest, backend: Server, browser: Browser
) -> None:
    """Issue of others: conversations that a business began were invisible after login."""
    id = await rest.contact(**ADA)
    there = await rest.session(contact_id=id, custom_data={"external_id": "ws-1"})
    anywhere = await rest.session(contact_id=id)
    token = await backend.token_of("ada@shop.test")
    assert set(await browser.verified(token).sees()) == {there, anywhere}
    assert await browser.verified(token, "ws-1").sees() == [there]
    assert await browser.verified(token, "ws-2").sees() == []


async def test_a_session_that_is_not_verified_is_seen_by_no_contact(
    rest: Rest, backend: Server, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    id = await rest.contact(**ADA)
    external_id = new_uuid()
    hidden = await rest.session(contact_id=id, verified=False, custom_data={"external_id": external_id})
    claimed = await rest.session(contact={**ADA, "custom_data": {"said": "so"}}, verified=False)
    token = await backend.token_of("ada@shop.test")
    assert await browser.verified(token).sees() == []
    page = await new_browser().user_data("ada@shop.test", external_id)
    assert await page.sees() == []
    for session in (hidden, claimed):
        assert (await page.ask("GET", f"/poll/{session}")).status_code == 404
        assert (await rest.asked("GET", f"/chat/sessions/{session}"))["verified"] is False
    contact = (await rest.asked("GET", f"/chat/sessions/{claimed}"))["contact"]
    assert (contact["id"] == id, contact["email"], contact["custom_data"]) == (False, None, {})
    assert (contact["non_verified_email"], contact["non_verified_custom_data"]) == ("ada@shop.test", {"said": "so"})


async def test_nobody_becomes_verified_by_a_session_that_says_so(rest: Rest, browser: Browser) -> None:
    page = await browser.user_data("ada@shop.test", new_uuid())
    session = await page.chat("hello")
    contact = (await rest.asked("GET", f"/chat/sessions/{session}"))["contact"]["id"]
    assert refusal(await rest.ask("POST", "/chat/sessions", {"contact_id": contact}))[0] == 400
    theirs = await rest.session(contact_id=contact, verified=False, custom_data={"external_id": page.external_id})
    assert set(await page.sees()) >= {session}
    assert (await rest.asked("GET", f"/chat/sessions/{theirs}"))["verified"] is False
    refused = await rest.ask("PATCH", f"/contacts/{contact}", {"contact": {"email": "ada@shop.test"}})
    assert refusal(refused)[0] == 403


async def test_what_acme_sends_is_read_in_the_widget_and_said_once(
    rest: Rest, backend: Server, browser: Browser
) -> None:
    session = await rest.session(contact=ADA)
    again = {"content": "Your parcel is here.", "uuid": new_uuid()}
    first = await rest.asked("POST", f"/chat/sessions/{session}/send", again)
    assert await rest.asked("POST", f"/chat/sessions/{session}/send", again) == first
    await rest.asked("POST", f"/chat/sessions/{session}/send", {"content": "Thanks!", "sender": "contact"})
    page = browser.verified(await backend.token_of("ada@shop.test"))
    rows = (await page.polls(session))["history"]
    assert [(it["sender"]["kind"], it["content"]["text"]) for it in rows] == [
        ("agent", "Your parcel is here."),
        ("user", "Thanks!"),
    ]
    assert (await rest.asked("GET", f"/chat/sessions/{session}/history"))["items"] == rows
    await page.asked("POST", "/session/resolve", {"session_id": session})
    assert (await rest.asked("GET", f"/chat/sessions/{session}"))["status"] == "closed_resolved"
    assert refusal(await rest.ask("POST", f"/chat/sessions/{session}/send", {"content": "?"}))[0] == 409


async def test_sessions_are_listed_page_by_page(rest: Rest) -> None:
    id = await rest.contact(**ADA)
    made = [await rest.session(contact_id=id) for _ in range(53)]
    first = await rest.asked("GET", "/chat/sessions")
    second = await rest.asked("GET", "/chat/sessions", cursor=first["next"])
    assert [it["id"] for it in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None


async def test_another_app_finds_nothing(rest: Rest, client: httpx2.AsyncClient, globex: Cast) -> None:
    contact, session = await rest.contact(**ADA), await rest.session(contact=ADA)
    other = Rest(client, globex.api_key)
    for method, path in PATHS:
        if "{" in path:
            there = path.format(contact=contact, session=session)
            body = {"contact": {"name": "Eve"}} if "contact" in path else {"content": "hi"}
            assert refusal(await other.ask(method, there, body))[0] == 404, path
    assert refusal(await other.ask("POST", "/chat/sessions", {"contact_id": contact}))[0] == 404
    assert (await other.contacts(), (await other.asked("GET", "/chat/sessions"))["items"]) == ([], [])
    assert (await rest.contacts())[0]["name"] == "Ada"


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_no_other_credential_opens_these(
    method: str, path: str, core: Core, acme: Cast, client: httpx2.AsyncClient, backend: Server
) -> None:
    _, tracking = await apps.create_key(core, acme.app, "page", (Role.TRACKING,))
    _, reads = await apps.create_key(core, acme.app, "reads", (Role.USER_CUSTOMER_READ,))
    there = path.format(contact=new_uuid(), session=new_uuid())
    contact_token = await backend.token_of("ada@shop.test")
    for text, status in (("", 401), (contact_token, 401), (acme.app.public_keys.widget_token, 401), (tracking, 403)):
        answer = await client.request(
            method, there, json={}, headers={"authorization": f"Bearer {text}"} if text else {}
        )
        assert refusal(answer)[0] == status, (text[:6], path)
    if (method, path) != ("GET", "/contacts"):
        assert refusal(await Rest(client, reads).ask(method, there, {}))[0] == 403


BAD: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/contacts", []),
    ("POST", "/contacts", {}),
    ("POST", "/contacts", {"contact": {"email": "not an address"}}),
    ("POST", "/contacts", {"contact": {"email": "a@b.test" + "x" * 5000}}),
    ("POST", "/contacts", {"contact": {"email": ["a@b.test", "c@d.test"]}}),
    ("POST", "/contacts", {"contact": {"name": "x" * 10_000}}),
    ("POST", "/contacts", {"contact": {"phone": {"a": 1}}}),
    ("POST", "/contacts", {"contact": {"custom_data": {"a": "x" * 20_000}}}),
    ("POST", "/chat/sessions", {}),
    ("POST", "/chat/sessions", {"contact_id": "x", "contact": {}}),
    ("POST", "/chat/sessions", {"contact": {}, "verified": "yes"}),
    ("POST", "/chat/sessions", {"contact": {}, "channel": {"type": "phone"}}),
    ("POST", "/chat/sessions", {"contact": {}, "custom_data": {"nested": {"a": 1}}}),
    ("POST", "/chat/sessions", {"contact": {}, "custom_data": {"external_id": "x" * 1000}}),
    ("POST", "/chat/sessions", {"contact": {"email": "nobody"}, "verified": False}),
)


@pytest.mark.parametrize(("method", "path", "body"), BAD)
async def test_what_cannot_be_meant_is_refused_and_leaves_nothing(
    rest: Rest, method: str, path: str, body: Any
) -> None:
    assert refusal(await rest.ask(method, path, body))[0] == 400
    assert await rest.contacts() == []


@pytest.mark.parametrize("cursor", ["0", "-1", "x", "9" * 30, "1 OR 1=1", "\u0661"])
async def test_a_cursor_that_is_none_of_ours_is_refused(rest: Rest, cursor: str) -> None:
    for path in ("/contacts", "/chat/sessions"):
        assert refusal(await rest.ask("GET", path, cursor=cursor))[0] == 400


@pytest.mark.parametrize("name", ["created_after", "updated_before"])
@pytest.mark.parametrize("text", ["yesterday", "0001-01-01T00:00:00+14:00", "x" * 100])
async def test_a_moment_that_is_none_is_refused(rest: Rest, name: str, text: str) -> None:
    assert refusal(await rest.ask("GET", "/contacts", **{name: text}))[0] == 400


@pytest.mark.parametrize("id", ["1", "..%2Fusers", "x" * 500, "00000000-0000-0000-0000-000000000000", "%00"])
async def test_an_id_that_is_none_finds_nothing(rest: Rest, id: str) -> None:
    assert (await rest.ask("DELETE", f"/contacts/{id}")).status_code in (404, 405)
    assert (await rest.ask("GET", f"/chat/sessions/{id}")).status_code == 404


async def test_who_asks_too_often_is_told_when_to_come_back(rest: Rest, core: Core, acme: Cast) -> None:
    await apps.change_policy(core, acme.app, {"server_requests_per_minute": 3})
    answers = [await rest.ask("GET", "/contacts") for _ in range(5)]
    last = answers[-1]
    assert refusal(last)[0] == 429
    assert int(last.headers["retry-after"]) >= 1
