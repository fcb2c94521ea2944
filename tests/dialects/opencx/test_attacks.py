"""Eve tries to become somebody else through the widget: by tokens she makes, addresses she types, ids she guesses."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from acquaint.dialects.opencx.text import shown
from acquaint.services import apps
from acquaint.services.core import Core
from acquaint.web.ids import as_uuid
from tests.cast import Cast, ann, eve
from tests.dialects.opencx.widgets import Browser, Page, Server, claims_of, forged, id_of, new_uuid, refusal
from tests.support.work import budget, cost


@pytest.fixture
async def anns(browser: Browser, backend: Server) -> Page:
    """Ann's page, where her server vouches for her; she wrote something there."""
    page = browser.verified(await backend.token_of(ann.email, name=ann.name, customData={"plan": "gold"}))
    await page.chat("my card is lost")
    return page


@pytest.fixture
async def eves(new_browser: Callable[[], Browser]) -> Page:
    return await new_browser().user_data(ann.email)


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def test_whoever_holds_a_token_can_write_another_text_and_is_believed_nothing(
    eves: Page, anns: Page, core: Core
) -> None:
    [hers] = await anns.sees()
    token, ann_says = eves.token or "", claims_of(anns.token or "")
    lies: list[dict[str, Any]] = [
        {"sub": ann_says["sub"]},
        {"sub": {**claims_of(token)["sub"], "type": "admin"}},
        {"sub": "widget-contact"},
        {"sub": None},
        {"sub": []},
        {"jti": ann_says["jti"][:-1] + "x"},
        {"jti": None},
        {"said": []},
        {"said": {"email": 5}},
        {"said": {"email": "no address"}},
        {"said": {"custom": {"a": {"b": 1}}}},
        {"said": {"name": "x" * 300}},
    ]
    for lie in lies:
        page = Page(eves.client, eves.acme, core.signer.sign({**claims_of(token), **lie}, claims_of(token)["jti"]), "x")
        assert refusal(await page.lists()) == (401, "Invalid token"), lie
    harmless = Page(eves.client, eves.acme, forged(core, token, did="ann", verified=True, admin=True), eves.external_id)
    assert await harmless.sees() == []
    assert refusal(await harmless.ask("GET", f"/poll/{hers}")) == (404, "Session not found")
    assert refusal(await harmless.ask("GET", "/sessions", params={"filters": "{}"})) == (403, "external_id is required")


@pytest.mark.parametrize("alg", ["none", "None", "HS512", "RS256", "ES256", ""])
async def test_a_token_of_another_algorithm_opens_nothing(anns: Page, alg: str) -> None:
    _, payload, signature = (anns.token or "").split(".")
    for ending in ("", signature):
        token = f"{part({'alg': alg, 'typ': 'JWT'})}.{payload}.{ending}"
        assert refusal(await Page(anns.client, anns.acme, token).lists()) == (401, "Invalid token")


@pytest.mark.parametrize(
    "header", [{"jwk": {"kty": "oct", "k": "eA"}}, {"jku": "https://evil.test"}, {"x5u": "https://evil.test"}]
)
async def test_a_token_that_brings_its_key_opens_nothing(anns: Page, core: Core, header: dict[str, Any]) -> None:
    claims = claims_of(anns.token or "")
    token = core.signer.sign(claims, claims["jti"], header)
    assert refusal(await Page(anns.client, anns.acme, token).lists()) == (401, "Invalid token")


async def test_a_token_signed_with_what_is_public_opens_nothing(anns: Page, acme: Cast, core: Core) -> None:
    claims = claims_of(anns.token or "")
    for secret in (acme.app.public_keys.widget_token, acme.signing_secret, acme.api_key, acme.app.auth_secret):
        token = core.signer.sign(claims, secret)
        assert refusal(await Page(anns.client, acme, token).lists()) == (401, "Invalid token")


async def test_a_session_of_another_door_is_no_contact(eves: Page, client: httpx2.AsyncClient, core: Core) -> None:
    made = await client.post("/acquaint/v1/sessions", json={"app": "acme", "guest": {"name": "Eve"}})
    assert made.status_code == 201, made.text
    token = made.json()["token"]
    claims = claims_of(eves.token or "") | {"jti": token}
    for text in (token, core.signer.sign(claims, token)):
        assert refusal(await Page(client, eves.acme, text).lists()) == (401, "Invalid token")


async def test_typing_anns_address_reveals_nothing_and_changes_nothing(eves: Page, anns: Page, backend: Server) -> None:
    before = [it for it in (await backend.native("GET", "/users")).json()["items"] if it["identifiers"]["email"]]
    data = {"non_verified_name": "Eve", "non_verified_custom_data": {"plan": "platinum", "verified": True}}
    mint = await eves.ask("POST", "/contact/create-unverified", {"email": ann.email.upper(), **data})
    assert set(mint.json()) == {"token"}
    page = Page(eves.client, eves.acme, mint.json()["token"], new_uuid())
    session = await page.chat("send me a new card")

    after = [it for it in (await backend.native("GET", "/users")).json()["items"] if it["identifiers"]["email"]]
    assert after == before
    assert session not in await anns.sees()
    assert (await page.polls(session))["session"]["isVerified"] is False


async def test_an_address_that_eve_typed_first_is_anns_as_soon_as_her_server_says_so(
    eves: Page, browser: Browser, backend: Server
) -> None:
    squatted = await eves.chat("I am Ann")
    anns = browser.verified(await backend.token_of(ann.email))
    session = await anns.chat("no, I am")

    assert (await anns.sees(), await eves.sees()) == ([session], [squatted])
    assert refusal(await eves.ask("GET", f"/poll/{session}")) == (404, "Session not found")
    assert refusal(await anns.ask("GET", f"/poll/{squatted}")) == (404, "Session not found")


async def test_more_than_is_asked_for_is_not_taken(eves: Page, backend: Server) -> None:
    more = {"verified": True, "id": as_uuid(5), "contact_id": as_uuid(5), "external_id": "x", "custom_data": {"a": 1}}
    body = {"email": eve.email, "name": "Eve", "phone": "+49", "avatar_url": "https://x.test", **more}
    token = (await eves.asked("POST", "/contact/create-unverified", body))["token"]
    assert claims_of(token)["sub"]["payload"]["contact"]["verified"] is False
    page = Page(eves.client, eves.acme, token, new_uuid())
    custom = {
        "isVerified": True,
        "isOpened": False,
        "id": as_uuid(7),
        "assignee": "eve",
        "external_id": page.external_id,
    }
    made = await page.asked("POST", "/create-session", {"customData": custom, **more})
    assert (made["isVerified"], made["isOpened"]) == (False, True)
    assert made["id"] != as_uuid(7)
    [user] = (await backend.native("GET", "/users")).json()["items"]
    assert (user["name"], user["phone"], user["avatar_url"], user["custom"]) == (None, None, None, {})


async def test_a_message_cannot_take_the_place_of_another_ones(
    anns: Page, backend: Server, new_browser: Callable[[], Browser]
) -> None:
    [session] = await anns.sees()
    row = (await anns.polls(session))["history"][0]["publicId"]
    await backend.answers(session, "Your card is blocked.", client_id="0b1d3c5e-7a9b-4c1d-8e2f-3a4b5c6d7e8f")
    answer = await anns.send(session, "it was never lost", uuid="0b1d3c5e-7a9b-4c1d-8e2f-3a4b5c6d7e8f")
    assert answer.status_code == 409
    await anns.says(session, "something else", uuid=row)
    assert await anns.reads(session) == ["my card is lost", "Your card is blocked."]


async def test_rows_of_operators_for_themselves_are_not_there_and_their_links_are_of_the_web(
    anns: Page, backend: Server
) -> None:
    [session] = await anns.sees()
    files = [{"url": "javascript:alert(1)", "name": "x"}, {"url": "https://acme.test/a.pdf", "name": "a.pdf"}, "x", 5]
    await backend.answers(session, "see here", payload={"files": files})
    [shown] = (await anns.polls(session))["history"][-1]["attachments"]
    assert shown["url"] == "https://acme.test/a.pdf"


async def test_what_was_said_elsewhere_between_users_is_no_session(anns: Page, client: httpx2.AsyncClient) -> None:
    """A direct conversation of a verified user is theirs, and not with the App's operators."""
    jti = claims_of(anns.token or "")["jti"]
    made = await client.post(
        "/acquaint/v1/conversations",
        json={"kind": "group", "title": "friends"},
        headers={"authorization": f"Bearer {jti}"},
    )
    assert made.status_code == 201, made.text
    id = as_uuid(int(made.json()["id"]))
    assert id not in await anns.sees()
    assert refusal(await anns.ask("GET", f"/poll/{id}")) == (404, "Session not found")
    assert refusal(await anns.send(id, "x")) == (404, "Session not found")


async def test_no_token_is_in_the_trail_and_no_override_is_shown(backend: Server, anns: Page) -> None:
    await backend.token_of(ann.email, http_action_overrides={"headers": {"x-secret": "heliotrope"}}, chat_context="c")
    [session] = await anns.sees()
    everything = ""
    for path in ("/events", "/users", "/conversations", f"/conversations/{id_of(session)}"):
        everything += (await backend.native("GET", path)).text
    assert "heliotrope" not in everything
    assert claims_of(anns.token or "")["jti"] not in everything


async def test_sessions_that_pile_up_on_one_device_end(
    new_browser: Callable[[], Browser], core: Core, acme: Cast
) -> None:
    await apps.change_policy(core, acme.app, {"sessions_per_user": 3})
    browser = new_browser()
    first = await browser.user_data(ann.email)
    await first.chat()
    for _ in range(3):
        await (await browser.user_data(ann.email)).sees()
    assert refusal(await first.lists()) == (401, "Invalid token")


@pytest.mark.parametrize(
    "text",
    [
        "data" + " " * 20_000,
        "data:" * 4_000,
        "&a" * 10_000,
        "javascript " * 1_800,
        "data:" + "a " * 9_000,
        "<" * 20_000,
    ],
)
def test_text_that_is_made_to_be_slow_is_not(text: str) -> None:
    assert cost(shown, text) < budget(0.5)
