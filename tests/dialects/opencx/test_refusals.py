"""How strangers and mistakes are answered: section 4 of the contract, CORS, and bodies of every wrong kind."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from acquaint.dialects.opencx import ROUTES
from acquaint.domain.users import UserId
from acquaint.services import apps, sessions, users
from acquaint.services.core import Core
from acquaint.web.ids import as_uuid
from tests.cast import Cast, ann
from tests.dialects.opencx.widgets import AUTHENTICATE, V2, Browser, Page, Server, claims_of, new_uuid, refusal

PERSONAL = [
    ("GET", "/sessions"),
    ("POST", "/create-session"),
    ("POST", "/chat/send"),
    ("POST", "/chat/vote"),
    ("GET", "/poll/{id}"),
    ("GET", "/session/history/{id}"),
    ("POST", "/session/resolve"),
    ("POST", "/submit-csat"),
    ("POST", "/checkpoint"),
    ("POST", "/upload"),
]


def bodies(session: str) -> dict[str, Any]:
    """A good body for each route that is about one session."""
    return {
        "/chat/send": {"uuid": new_uuid(), "session_id": session, "content": "x"},
        "/chat/vote": {"action": "upvote", "sessionId": session, "messagePublicId": new_uuid()},
        "/session/resolve": {"session_id": session},
        "/submit-csat": {"session_id": session, "score": 5, "system_message_uuid": new_uuid()},
        "/checkpoint": {"session_id": session, "payload": {}},
    }


@pytest.fixture
async def page(browser: Browser) -> Page:
    return await browser.anonymous()


@pytest.mark.parametrize(("method", "path"), PERSONAL)
async def test_without_a_contact_token_it_is_missing_and_with_a_bad_one_it_is_invalid(
    page: Page, method: str, path: str, core: Core, acme: Cast
) -> None:
    path = path.format(id=as_uuid(5))
    nobody = Page(page.client, acme)
    body: dict[str, Any] | None = {} if method == "POST" else None
    assert refusal(await nobody.ask(method, path, body)) == (401, "Missing widget contact token")
    dead = page.token or ""
    await sessions.log_out(core, (await sessions.resume(core, claims_of(dead)["jti"])).session)
    for token in ("nonsense", "a.b.c", dead, dead[:-3] + "abc", acme.api_key, acme.new.chat_key, "x" * 5000):
        assert refusal(await Page(page.client, acme, token).ask(method, path, body)) == (401, "Invalid token")


@pytest.mark.parametrize("token", [None, "", "nonsense", "auth_key", "acqp_" + "x" * 49])
async def test_an_unknown_widget_token_is_401_everywhere(
    client: httpx2.AsyncClient, acme: Cast, token: str | None
) -> None:
    text = acme.app.public_keys.auth_key if token == "auth_key" else token
    headers = {} if text is None else {"x-bot-token": text}
    for route in ROUTES:
        if route.path.startswith(V2) and "/files/" not in route.path:
            answer = await client.request(route.method, route.path.format(id=as_uuid(5)), headers=headers)
            assert refusal(answer) == (401, "Unauthorized"), route.path


async def test_a_session_of_somebody_else_is_as_good_as_none(
    page: Page, client: httpx2.AsyncClient, acme: Cast
) -> None:
    theirs = await (await Browser(client, acme).anonymous()).chat()
    for id in (theirs, as_uuid(5), new_uuid(), "5", "x" * 100, theirs.upper() + "0"):
        for path in (f"/poll/{id}", f"/session/history/{id}"):
            assert refusal(await page.ask("GET", path)) == (404, "Session not found")
        for path, body in bodies(id).items():
            assert refusal(await page.ask("POST", path, body)) == (404, "Session not found"), path


async def test_a_token_of_another_organization_is_invalid(
    page: Page, client: httpx2.AsyncClient, globex: Cast, backend: Server
) -> None:
    for token in (page.token, await backend.token_of(ann.email)):
        elsewhere = Page(client, globex, token, "x")
        assert refusal(await elsewhere.lists()) == (401, "Invalid token")
        assert refusal(await elsewhere.ask("POST", "/create-session", {})) == (401, "Invalid token")


async def test_the_token_in_the_body_must_be_the_one_in_the_header(page: Page, globex: Cast) -> None:
    session = await page.start()
    answer = await page.send(session, "x", bot_token=globex.app.public_keys.widget_token)
    assert refusal(answer) == (401, "Unauthorized")


async def test_a_deleted_contact_holds_a_dead_token(page: Page, core: Core, acme: Cast, backend: Server) -> None:
    await page.chat()
    [user] = (await backend.native("GET", "/users")).json()["items"]
    await users.delete(core, acme.app, UserId(int(user["id"])))
    assert refusal(await page.lists()) == (401, "Invalid token")


BAD: list[tuple[str, Any]] = [
    ("/contact/create-unverified", {"email": "no address"}),
    ("/contact/create-unverified", {"email": ["a@b.test", "c@d.test"]}),
    ("/contact/create-unverified", {"email": "a" * 2000 + "@b.test"}),
    ("/contact/create-unverified", {"non_verified_name": "x" * 300}),
    ("/contact/create-unverified", {"non_verified_name": 5}),
    ("/contact/create-unverified", {"non_verified_custom_data": {"a": {"b": 1}}}),
    ("/contact/create-unverified", {"non_verified_custom_data": {"a": "x" * 2001}}),
    ("/contact/create-unverified", {"non_verified_custom_data": {str(n): "x" * 100 for n in range(50)}}),
    ("/contact/create-unverified", {"non_verified_custom_data": {str(n): 1 for n in range(51)}}),
    ("/contact/create-unverified", []),
    ("/create-session", {"customData": {"external_id": "x", "nested": {"a": 1}}}),
    ("/create-session", {"customData": {"external_id": "x", "list": [1]}}),
    ("/create-session", {"customData": {"external_id": {"a": 1}}}),
    ("/create-session", {"customData": {"external_id": "x" * 256}}),
    ("/create-session", {"customData": {"external_id": "a\u0000b"}}),
    ("/create-session", {"customData": {"external_id": "x", "n": 1e300}}),
    ("/create-session", {"customData": "x"}),
    ("/create-session", [1]),
]


@pytest.mark.parametrize(("path", "body"), BAD)
async def test_a_bad_body_is_400_and_nothing_is_done(page: Page, backend: Server, path: str, body: Any) -> None:
    status, message = refusal(await page.ask("POST", path, body))
    assert status == 400
    assert message
    assert (await backend.native("GET", "/users")).json()["items"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"uuid": "x"},
        {"uuid": None},
        {"uuid": 5},
        {"content": ""},
        {"content": " \n"},
        {"content": {"a": 1}},
        {"attachments": [{}]},
        {"attachments": [{"url": "x"}] * 11},
        {"initial_messages": [{"uuid": "x", "content": "x"}]},
        {"initial_messages": [{"uuid": "7f1d3c5e-7a9b-4c1d-8e2f-3a4b5c6d7e8f", "content": "x"}] * 2},
        {"initial_messages": [{"uuid": "7f1d3c5e-7a9b-4c1d-8e2f-3a4b5c6d7e8f", "content": "x" * 20_001}]},
        {"custom_data": "x"},
        {"custom_data": {"a": "x" * 17_000}},
        {"language": "x" * 36},
        {"session_id": 5},
    ],
)
async def test_a_bad_message_is_400_and_not_said(page: Page, change: dict[str, Any]) -> None:
    session = await page.start()
    answer = await page.send(session, "x", **change)
    assert answer.status_code == 400, answer.text
    assert await page.reads(session) == []


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("/submit-csat", {"score": 0}),
        ("/submit-csat", {"score": 6}),
        ("/submit-csat", {"score": "5"}),
        ("/submit-csat", {"score": 4.5}),
        ("/submit-csat", {"score": True}),
        ("/submit-csat", {"feedback": "x" * 2001}),
        ("/submit-csat", {"system_message_uuid": "x"}),
        ("/checkpoint", {"payload": [1]}),
        ("/checkpoint", {"payload": {"a": "x" * 9000}}),
        ("/checkpoint", {"payload": None}),
        ("/chat/vote", {"action": "sidevote"}),
        ("/session/resolve", {"session_id": None}),
    ],
)
async def test_other_bad_bodies_are_400(page: Page, path: str, change: dict[str, Any]) -> None:
    session = await page.chat()
    await page.asked("POST", "/session/resolve", {"session_id": session})
    before = await page.polls(session)
    assert refusal(await page.ask("POST", path, bodies(session)[path] | change))[0] == 400
    assert await page.polls(session) == before


@pytest.mark.parametrize(
    "filters",
    ["x", "[]", "null", "{" * 5000, "5",
     '{"a":{"$ne":1}}', '{"a":[1]}', '{"external_id":{"$gt":""}}', '{"a":"\\u0000"}',
     '{"external_id":"x","a":NaN}', '{"a":1e999}', '{"":1}', "{}" + " " * 9000],
)  # fmt: skip
async def test_malformed_filters_are_400(page: Page, filters: str) -> None:
    answer = await page.ask("GET", "/sessions", params={"filters": filters})
    assert answer.status_code == 400, answer.text
    assert refusal(await page.ask("GET", "/sessions?filters=%7B%7D&filters=%7B%7D"))[0] == 400


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "9" * 17, "9" * 16, "1; drop"])
async def test_a_cursor_that_is_none_is_400(page: Page, cursor: str) -> None:
    assert refusal(await page.lists(None, cursor=cursor))[0] == 400


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a":' * 2000, b"null"])
async def test_what_is_no_json_is_400(page: Page, body: bytes) -> None:
    for path in ("/create-session", "/chat/send", "/contact/create-unverified", "/checkpoint"):
        answer = await page.client.post(V2 + path, content=body, headers=page.headers)
        assert refusal(answer)[0] == 400


async def test_a_body_of_another_kind_is_415_and_a_huge_one_413(page: Page) -> None:
    answer = await page.ask("POST", "/create-session", {}, headers={"content-type": "text/plain"})
    assert refusal(answer)[0] == 415
    answer = await page.ask("POST", "/create-session", {"customData": {"a": "x" * 300_000}})
    assert refusal(answer)[0] == 413


@pytest.mark.parametrize("path", ["/upload/v2", "/action/execute", "/me", "/nothing"])
async def test_what_is_not_spoken_is_404_in_the_vendors_words(page: Page, path: str) -> None:
    assert refusal(await page.ask("POST", path, {})) == (404, "No such path")
    assert refusal(await page.client.get("/backend/widget/v5/config")) == (404, "No such path")
    assert refusal(await page.client.get("/widget/nothing")) == (404, "No such path")


@pytest.mark.parametrize("headers", ["content-type,x-bot-token", "authorization,content-type,x-bot-token", ""])
async def test_a_browser_may_ask_before_it_calls_and_needs_nothing_for_that(
    client: httpx2.AsyncClient, headers: str
) -> None:
    """Before each route; and before those of other versions of the widget, which read that there is none."""
    routes = [(it.method, it.path) for it in ROUTES if it.for_browsers]
    for method, path in [*routes, ("POST", V2 + "/action/execute"), ("POST", "/backend/widget/v5/chat/send")]:
        asked = {"origin": "https://shop.test", "access-control-request-method": method}
        asked |= {"access-control-request-headers": headers} if headers else {}
        answer = await client.options(path.format(id=as_uuid(5), file="x"), headers=asked)
        assert answer.status_code == 204, path
        assert answer.headers["access-control-allow-origin"] == "*"
        assert method in answer.headers["access-control-allow-methods"].split(", ")
        allowed = {it.strip() for it in answer.headers["access-control-allow-headers"].split(",")}
        assert set(filter(None, headers.split(","))) <= allowed
        assert int(answer.headers["access-control-max-age"]) > 0


async def test_a_browser_learns_nothing_of_what_is_for_servers(client: httpx2.AsyncClient) -> None:
    asked = {"origin": "https://shop.test", "access-control-request-method": "POST"}
    for path in (*(it.path for it in ROUTES if not it.for_browsers), "/widget/nothing", "/contacts/x/y"):
        answer = await client.options(path.format(id=as_uuid(5)), headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control")], path
    asked["access-control-request-method"] = "X, Y"
    answer = await client.options(V2 + "/nothing", headers=asked)
    assert (answer.status_code, "access-control-allow-methods" in answer.headers) == (404, False)


async def test_pages_may_read_refusals_too(page: Page) -> None:
    of_nobody, of_none = await Page(page.client, page.acme).lists(), await page.ask("GET", "/poll/x")
    of_others, of_no_path = await page.ask("PUT", "/sessions"), await page.ask("POST", "/upload/v2", {})
    assert [it.status_code for it in (of_nobody, of_none, of_others, of_no_path)] == [401, 404, 405, 404]
    for answer in (of_nobody, of_none, of_others, of_no_path):
        assert answer.headers["access-control-allow-origin"] == "*"
    assert "no-store" in (await page.lists()).headers["cache-control"]


async def test_an_app_can_say_which_pages_may_ask(page: Page, core: Core, acme: Cast) -> None:
    await apps.change_policy(core, acme.app, {"allowed_origins": ["https://acme.example"]})
    assert refusal(await page.ask("GET", "/config"))[0] == 403
    assert (await page.ask("GET", "/config", headers={"origin": "https://acme.example"})).status_code == 200


async def test_only_a_key_of_the_apps_server_authenticates_users(
    page: Page, client: httpx2.AsyncClient, acme: Cast, backend: Server, core: Core
) -> None:
    for key in (None, page.token, acme.app.public_keys.widget_token, "acqk_x", acme.signing_secret):
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        answer = await client.post(AUTHENTICATE, json={"email": ann.email}, headers=headers)
        assert refusal(answer) == (401, "Unauthorized")
    assert refusal(await backend.authenticate(ann.email, key=acme.new.chat_key))[0] == 403
    answer = await client.options(AUTHENTICATE, headers={"origin": "https://shop.test"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "body",
    [
        {"email": ""},
        {"email": "x"},
        {"email": None},
        {},
        {"email": [ann.email]},
        {"email": ann.email, "name": "x" * 300},
        {"email": ann.email, "avatar_url": "javascript:alert(1)"},
        {"email": ann.email, "customData": [1]},
        {"email": ann.email, "customData": {"a": "x" * 17_000}},
        {"email": ann.email, "customData": {str(n): n for n in range(101)}},
        {"email": ann.email, "chat_context": "x" * 10_001},
        {"email": ann.email, "http_action_overrides": {"headers": {"a": "x" * 17_000}}},
        {"email": ann.email, "language": "x" * 36},
    ],
)
async def test_a_bad_contact_is_400_and_nobody_is_made(
    client: httpx2.AsyncClient, acme: Cast, backend: Server, body: Any
) -> None:
    answer = await client.post(AUTHENTICATE, json=body, headers={"authorization": f"Bearer {acme.api_key}"})
    assert refusal(answer)[0] == 400
    assert (await backend.native("GET", "/users")).json()["items"] == []


async def test_unknown_fields_languages_and_nulls_are_fine(backend: Server) -> None:
    more: dict[str, Any] = {
        "language": "tlh",
        "mcp_access": {"server_ids": [1]},
        "avatar_url": None,
        "surprise": 1,
        "customData": None,
    }
    assert (await backend.authenticate(ann.email, **more)).status_code == 201


async def test_the_largest_claims_make_a_token_that_is_read_again(browser: Browser) -> None:
    data: dict[str, Any] = {"non_verified_name": "ä" * 255, "non_verified_custom_data": {"a": "x" * 500}}
    page = await browser.user_data("a" * 64 + "@" + "b" * 60 + ".test", **data)
    assert len(page.token or "") <= 4096
    assert await page.sees() == []
    await page.chat()
