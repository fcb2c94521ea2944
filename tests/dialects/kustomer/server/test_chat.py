"""Conversations over Kustomer's server API: the App's server speaks for its customers, and to them."""

from __future__ import annotations

from typing import Any

import pytest

from acquaint.domain.keys import Role
from acquaint.services.core import Core
from tests.cast import Cast
from tests.dialects.kustomer.phones import Phone, signed
from tests.dialects.kustomer.server.backends import Backend, error

SESSIONS = "/v2.1/chat/sessions"


async def customer_of(backend: Backend, external_id: str = "acct-1") -> str:
    return str((await backend.done("GET", f"/v1/customers/externalId={external_id}"))["data"]["id"])


async def test_what_the_server_says_is_seen_by_who_logs_in(
    core: Core, acme: Cast, backend: Backend, phone: Phone
) -> None:
    customer = (await backend.customer(externalId="acct-1"))["id"]
    session = (await backend.done("POST", SESSIONS, status=201, json={"customerId": customer, "title": "Hello"}))[
        "data"
    ]
    about = {"customerId": customer, "session": session["id"]}
    asked = await backend.done("POST", "/v2.1/chat/messages", status=201, json=about | {"body": "Where is it?"})
    told = await backend.done("POST", "/v2.1/chat/outbound/messages", status=201, json=about | {"body": "Here."})
    assert (asked["data"]["attributes"]["direction"], told["data"]["attributes"]["direction"]) == ("in", "out")
    await phone.logged_in(signed(core, acme, externalId="acct-1"))
    assert await phone.sees() == ["Hello"]
    assert await phone.reads(session["id"]) == ["Here.", "Where is it?"]
    await phone.say(session["id"], "Thanks")
    listed = await backend.done("GET", f"{SESSIONS}/{session['id']}/messages?pageSize=2")
    assert [it["attributes"]["body"] for it in listed["data"]] == ["Thanks", "Here."]
    rest = await backend.done("GET", listed["links"]["next"])
    assert [it["attributes"]["body"] for it in rest["data"]] == ["Where is it?"]


async def test_a_message_with_an_id_of_its_own_is_said_once(backend: Backend) -> None:
    customer = (await backend.customer(name="Ann"))["id"]
    session = (await backend.done("POST", SESSIONS, status=201, json={"customerId": customer}))["data"]["id"]
    for path in ("/v2.1/chat/messages", "/v2.1/chat/outbound/messages"):
        body = {"customerId": customer, "session": session, "body": "hello", "externalId": "m-1"}
        first = await backend.done("POST", path, status=201, json=body)
        assert await backend.done("POST", path, status=201, json=body) == first
    assert len((await backend.done("GET", f"{SESSIONS}/{session}/messages"))["data"]) == 2


async def test_what_is_begun_for_a_visitor_is_seen_on_their_device(
    backend: Backend, phone: Phone, tablet: Phone
) -> None:
    await phone.chat("hello")
    [visitor] = (await backend.done("GET", "/v1/customers"))["data"]
    await backend.done("POST", SESSIONS, status=201, json={"customerId": visitor["id"], "title": "An answer"})
    assert sorted(await phone.sees()) == ["An answer", "hello"]
    assert await tablet.sees() == []


async def test_conversations_are_listed_by_customer_or_by_tracking(
    core: Core, acme: Cast, backend: Backend, phone: Phone, tablet: Phone
) -> None:
    for it, text in ((phone, "on the phone"), (tablet, "on the tablet")):
        await it.logged_in(signed(core, acme, externalId="acct-1"))
        await it.chat(text)
    customer = await customer_of(backend)
    both = await backend.done("GET", f"{SESSIONS}?customerId={customer}")
    assert [it["attributes"]["name"] for it in both["data"]] == ["on the tablet", "on the phone"]
    tracking = await phone.tracking_id()
    one = await backend.done("GET", f"{SESSIONS}?trackingId={tracking}")
    assert [it["attributes"]["name"] for it in one["data"]] == ["on the phone"]
    other = (await backend.customer(name="Ben"))["id"]
    await backend.done("POST", SESSIONS, status=201, json={"customerId": other, "title": "Ben's"})
    union = await backend.done("GET", f"{SESSIONS}?customerId={other}&trackingId={tracking}&pageSize=1")
    assert [it["attributes"]["name"] for it in union["data"]] == ["Ben's"]
    rest = await backend.done("GET", union["links"]["next"])
    assert [it["attributes"]["name"] for it in rest["data"]] == ["on the phone"]
    await phone.asked("PUT", f"/c/v1/chat/sessions/{one['data'][0]['id']}", json={"locked": True})
    still = await backend.done("GET", f"{SESSIONS}?customerId={customer}&active=true")
    assert [it["attributes"]["name"] for it in still["data"]] == ["on the tablet"]


async def test_a_talk_elsewhere_is_handed_over_word_by_word(
    core: Core, acme: Cast, backend: Backend, phone: Phone
) -> None:
    customer = (await backend.customer(externalId="acct-1"))["id"]
    told = [
        {"direction": "in", "body": "anybody?"},
        {"direction": "out", "body": "a program"},
        {"direction": "in", "body": "no"},
    ]
    session = (
        await backend.done("POST", "/v2.1/chat/handoff", status=201, json={"customerId": customer, "messages": told})
    )["data"]
    listed = await backend.done("GET", f"{SESSIONS}/{session['id']}/messages")
    assert [(it["attributes"]["direction"], it["attributes"]["body"]) for it in listed["data"]] == [
        ("in", "no"),
        ("out", "a program"),
        ("in", "anybody?"),
    ]
    await phone.logged_in(signed(core, acme, externalId="acct-1"))
    assert await phone.sees() == ["anybody?"]


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"direction": "in", "body": "a"}],
        [{"direction": "in", "body": "a"}] * 2,
        [{"direction": "up", "body": "a"}] * 2,
        "ab",
        [{"direction": "in", "body": "a"}] * 101,
    ],
)
async def test_half_a_talk_is_none(backend: Backend, messages: Any) -> None:
    customer = (await backend.customer(name="Ann"))["id"]
    error(await backend.ask("POST", "/v2.1/chat/handoff", json={"customerId": customer, "messages": messages}), 400)
    assert (await backend.done("GET", f"{SESSIONS}?customerId={customer}"))["data"] == []


async def test_nobody_is_spoken_for_where_they_are_not(backend: Backend, core: Core, globex: Cast) -> None:
    ann, ben = (await backend.customer(name="Ann"))["id"], (await backend.customer(name="Ben"))["id"]
    session = (await backend.done("POST", SESSIONS, status=201, json={"customerId": ann}))["data"]["id"]
    theirs = Backend(core, backend.client, globex, globex.api_key)
    for path in ("/v2.1/chat/messages", "/v2.1/chat/outbound/messages"):
        body = {"customerId": ben, "session": session, "body": "hello"}
        error(await backend.ask("POST", path, json=body), 404, "not_found")
        error(await theirs.ask("POST", path, json=body | {"customerId": ann}), 404, "not_found")
    error(await theirs.ask("GET", f"{SESSIONS}/{session}/messages"), 404)
    error(await theirs.ask("GET", f"{SESSIONS}?customerId={ann}"), 404)
    assert (await backend.done("GET", f"{SESSIONS}/{session}/messages"))["data"] == []


async def test_a_locked_conversation_takes_nothing_more(backend: Backend, phone: Phone) -> None:
    session = await phone.chat("hello")
    await phone.asked("PUT", f"/c/v1/chat/sessions/{session}", json={"locked": True})
    [visitor] = (await backend.done("GET", "/v1/customers"))["data"]
    body = {"customerId": visitor["id"], "session": session, "body": "wait"}
    error(await backend.ask("POST", "/v2.1/chat/outbound/messages", json=body), 409, "chat_ended")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (SESSIONS, {}),
        (SESSIONS, {"customerId": "nonsense"}),
        (SESSIONS, {"customerId": 7}),
        (SESSIONS, {"customerId": "<ann>", "trackingId": "nonsense"}),
        (SESSIONS, {"customerId": "<ann>", "assurance": "verified"}),
        (SESSIONS, {"customerId": "<ann>", "custom": {"plan": "gold"}}),
        ("/v2.1/chat/messages", {"customerId": "<ann>", "session": "nonsense", "body": "a"}),
        ("/v2.1/chat/messages", {"customerId": "<ann>", "body": "a"}),
        ("/v2.1/chat/outbound/messages", {"session": "65c0ffee00000000000000c1", "body": "a"}),
        ("/v2.1/chat/outbound/messages", {"customerId": "<ann>", "session": "65c0ffee00000000000000c1", "body": " "}),
    ],
)
async def test_what_makes_no_sense_is_refused(backend: Backend, path: str, body: dict[str, Any]) -> None:
    ann = (await backend.customer(name="Ann"))["id"]
    filled = {name: ann if it == "<ann>" else it for name, it in body.items()}
    error(await backend.ask("POST", path, json=filled), 400, "bad_request")


async def test_a_tracking_of_somebody_else_is_not_the_customers(backend: Backend, phone: Phone) -> None:
    await phone.chat("hello")
    ann = (await backend.customer(name="Ann"))["id"]
    body = {"customerId": ann, "trackingId": await phone.tracking_id()}
    error(await backend.ask("POST", SESSIONS, json=body), 400)
    assert await phone.sees() == ["hello"]


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.CONVERSATION_READ, {("GET", SESSIONS)}),
        (Role.CONVERSATION_CREATE, {("POST", SESSIONS), ("POST", "/v2.1/chat/handoff")}),
        (Role.MESSAGE_CREATE, {("POST", "/v2.1/chat/messages"), ("POST", "/v2.1/chat/outbound/messages")}),
        (Role.CUSTOMER_READ, set()),
    ],
)
async def test_each_role_does_what_it_says(backend: Backend, role: Role, may: set[tuple[str, str]]) -> None:
    it = await backend.with_roles(role)
    for method, path in [
        ("GET", SESSIONS),
        *[("POST", p) for p in (SESSIONS, "/v2.1/chat/handoff", "/v2.1/chat/messages", "/v2.1/chat/outbound/messages")],
    ]:
        answer = await it.ask(method, path, **({"json": {}} if method == "POST" else {}))
        assert (answer.status_code != 403) == ((method, path) in may)
