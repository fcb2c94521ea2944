"""What is easy to get wrong: each row of section 14 of the contract, by its number."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.cast import Cast, ann
from tests.dialects.opencx.widgets import V2, Browser, Page, Server, claims_of, id_of, new_uuid
from tests.support.clock import SetClock

SESSION = {
    "id", "ticketNumber", "createdAt", "updatedAt", "isHandedOff", "isOpened", "assignee", "channel", "isVerified",
    "lastMessage", "modeId", "latestStateCheckpointPayload", "title", "sessionAttributes", "customStatus",
}  # fmt: skip
ROW = {
    "publicId", "type", "content", "sender", "sentAt", "attachments", "actionCalls", "systemMessagePayload",
}  # fmt: skip


@pytest.fixture
async def page(browser: Browser) -> Page:
    return await browser.anonymous()


async def every_session(page: Page) -> list[dict[str, Any]]:
    """The session as each route that shows one does."""
    made = await page.asked("POST", "/create-session", {"customData": {"external_id": page.external_id}})
    sent = await page.says(made["id"], "Hello")
    polled = await page.polls(made["id"])
    [listed] = (await page.lists()).json()["items"]
    resolved = await page.asked("POST", "/session/resolve", {"session_id": made["id"]})
    return [made, sent["session"], polled["session"], listed, resolved]


async def test_01_an_assignee_is_always_there(page: Page) -> None:
    for session in await every_session(page):
        assert set(session) == SESSION
        assert set(session["assignee"]) == {"kind", "name", "avatarUrl"}


async def test_02_the_assignee_is_a_person_so_that_a_second_message_can_be_sent(page: Page) -> None:
    for session in await every_session(page):
        assert (session["assignee"]["kind"], session["assignee"]["name"]) == ("human", "Acme")
        assert session["isHandedOff"] is True
    id = await page.start()
    for text in ("one", "two"):
        said = await page.says(id, text)
        assert "autopilotResponse" not in said
        assert (said["code"], said["sessionIsHandedOff"]) == ("session_assigned_to_human_agent", True)
    assert await page.reads(id) == ["one", "two"]


async def test_03_reading_a_closed_session_changes_nothing_of_it(page: Page, clock: SetClock) -> None:
    id = await page.chat()
    await page.asked("POST", "/session/resolve", {"session_id": id})
    first, [listed] = await page.polls(id), (await page.lists()).json()["items"]
    for _ in range(3):
        clock.forward(seconds=61)
        assert await page.polls(id) == first
        assert (await page.lists()).json()["items"] == [listed]
        assert await page.asked("POST", "/session/resolve", {"session_id": id}) == first["session"]


async def test_04_is_opened_is_always_said(page: Page) -> None:
    *open_ones, resolved = await every_session(page)
    assert [it["isOpened"] for it in open_ones] == [True] * 4
    assert resolved["isOpened"] is False


async def test_05_a_row_has_the_id_that_the_widget_gave_it(page: Page, backend: Server) -> None:
    id, mine, before = await page.start(), new_uuid(), new_uuid()
    await page.says(id, "Hello", uuid=mine, initial_messages=[{"uuid": before, "content": "How can we help?"}])
    await backend.answers(id, "At once.")

    history = (await page.polls(id))["history"]
    assert [it["publicId"] for it in history[:2]] == [before, mine]
    assert history[2]["publicId"] not in (before, mine, "")
    assert [it["sender"]["kind"] for it in history] == ["ai", "user", "agent"]
    assert (await page.polls(id))["history"] == history


async def test_06_every_row_has_content_and_a_sender(page: Page, backend: Server) -> None:
    id = await page.chat()
    await backend.answers(id, "Hello Ann")
    await page.asked("POST", "/checkpoint", {"session_id": id, "payload": {"step": 2}})
    url = await page.uploads("a.png", b"\x89PNG\r\n\x1a\n", "image/png")
    await page.says(id, "", attachments=[{"id": "1", "name": "x", "size": 1, "type": "image/png", "url": url}])
    await page.asked("POST", "/session/resolve", {"session_id": id})
    await page.asked("POST", "/submit-csat", {"session_id": id, "score": 4, "system_message_uuid": new_uuid()})

    history = (await page.polls(id))["history"]
    assert [it["type"] for it in history] == [
        "message", "agent_message", "message", "state_checkpoint", "csat_requested", "csat_submitted",
    ]  # fmt: skip
    for row in history:
        assert set(row) == ROW
        assert set(row["content"]) == {"text"}
        assert set(row["sender"]) == {"kind", "name", "avatar"}
        assert row["sender"]["kind"] in ("user", "agent", "ai", "system")


@pytest.mark.parametrize("body", [b"", b"not json at all"])
async def test_07_a_get_that_says_json_has_no_body_to_be_read(page: Page, body: bytes) -> None:
    id = await page.chat()
    for path in ("/config", "/prelude", "/sessions?filters=%7B%22external_id%22%3A%22x%22%7D", f"/poll/{id}"):
        answer = await page.client.request("GET", V2 + path, content=body, headers=page.headers)
        assert answer.status_code == 200, answer.text


async def test_08_a_picture_is_shown_without_any_token(page: Page, client: httpx2.AsyncClient) -> None:
    picture = b"\x89PNG\r\n\x1a\n and so on"
    url = await page.uploads("cat.png", picture, "image/png")
    answer = await client.get(url)

    assert (answer.status_code, answer.content) == (200, picture)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("inline")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert len(url.rsplit("/", 1)[1]) == 43


async def test_09_many_page_views_from_one_address_are_let_in_and_too_many_are_told_when(page: Page) -> None:
    answers = [await page.ask("POST", "/contact/create-unverified", {}) for _ in range(300)]
    assert {it.status_code for it in answers} == {201}
    asked = len(answers)
    while (answer := await page.ask("POST", "/contact/create-unverified", {})).status_code == 201:
        asked += 1
        assert asked < 1000
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_10_the_subject_of_a_token_is_an_object(page: Page, backend: Server, acme: Cast, clock: SetClock) -> None:
    unverified, verified = claims_of(page.token or ""), claims_of(await backend.token_of(ann.email))
    org = (await page.asked("GET", "/config"))["org"]["id"]
    for claims, is_verified in ((unverified, False), (verified, True)):
        assert claims["sub"]["type"] == "widget-contact"
        assert claims["sub"]["payload"]["org_id"] == org
        assert claims["sub"]["payload"]["contact"]["verified"] is is_verified
        assert claims["iat"] == int(clock.now.timestamp())
    assert "exp" not in unverified
    assert verified["exp"] == int((clock.now + timedelta(days=1)).timestamp())
    assert len(unverified["did"]) == 64
    header = base64.urlsafe_b64decode((page.token or "").split(".")[0] + "==")
    assert b'"HS256"' in header


async def test_11_custom_data_is_spelled_as_each_route_has_it(page: Page, backend: Server) -> None:
    id = await page.start(plan="pro")
    wrong = await page.asked("POST", "/create-session", {"customData": {"external_id": "x"}, "custom_data": {"a": 1}})
    await page.says(id, "Hello", custom_data={"page": {"nested": True}}, customData={"not": "this"})

    assert await page.sees({"external_id": page.external_id, "plan": "pro"}) == [id]
    assert await page.sees({"external_id": "x"}) == [wrong["id"]]
    assert await page.sees({"external_id": "x", "a": "1"}) == []
    contact = {"customData": {"plan": "gold"}, "custom_data": {"plan": "lead", "other": 1}}
    await backend.token_of(ann.email, **contact)
    [user] = [it for it in (await backend.native("GET", "/users")).json()["items"] if it["custom"]]
    assert user["custom"] == {"plan": "gold"}
    await backend.token_of(ann.email, custom_data={"city": "Kiel"})
    [user] = [it for it in (await backend.native("GET", "/users")).json()["items"] if it["custom"]]
    assert user["custom"] == {"plan": "gold", "city": "Kiel"}


async def test_12_the_first_message_is_the_last_one_of_the_list(page: Page) -> None:
    id = await page.start()
    assert (await page.lists()).json()["items"][0]["lastMessage"] is None
    assert (await page.says(id, "Where is my order?"))["session"]["lastMessage"] == "Where is my order?"
    assert (await page.lists()).json()["items"][0]["lastMessage"] == "Where is my order?"


async def test_12_the_list_does_not_wait_for_text_where_there_is_none(page: Page, backend: Server) -> None:
    id = await page.chat("Where is my order?")

    async def last() -> str:
        return str((await page.lists()).json()["items"][0]["lastMessage"])

    await backend.answers(id, "", payload={"card": {"order": 4711}})
    assert await last() == "…"
    for it in (await backend.native("GET", f"/conversations/{id_of(id)}/messages")).json()["items"]:
        await backend.native("DELETE", f"/conversations/{id_of(id)}/messages/{it['id']}")
    assert await last() == "…"
    assert await page.reads(id) == []


@pytest.mark.parametrize("bearer", ["nonsense", "a.b.c", "acqs_x", ""])
async def test_13_config_is_answered_whatever_token_is_beside_it(page: Page, bearer: str) -> None:
    answer = await page.ask("GET", "/config", headers={"authorization": f"Bearer {bearer}"})
    assert answer.status_code == 200
    assert answer.json()["org"]["name"] == "Acme"
    assert answer.json()["sessionPollingIntervalSeconds"] > 0
    assert answer.json()["sessionsPollingIntervalSeconds"] > 0
    assert answer.json()["modes"] == []


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "**bold** <iframe srcdoc='x'>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "&#60;img src=x&#62;",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt:alert(1))",
    "[click](javascript\\:alert(1))",
    "[click](javascript&colon;alert(1))",
    "[click](<javascript:alert(1)>)",
    "[a]\n\n[a]: vbscript:msgbox(1)",
    "![x](data:text/html,<script>alert(1)</script>)",
    "<<script>script>alert(1)",
    "<!-- x --> <a href='javascript:x'>y</a>",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_14_nothing_that_anybody_writes_runs_in_the_page(page: Page, backend: Server, text: str) -> None:
    id = await page.start()
    await page.says(id, text, initial_messages=[{"uuid": new_uuid(), "content": text}])
    await backend.answers(id, text)

    polled, [listed] = await page.polls(id), (await page.lists()).json()["items"]
    shown = [it["content"]["text"] for it in polled["history"]] + [listed["lastMessage"]]
    assert len(shown) == 4
    for it in shown:
        assert "<" not in it
        assert "&#" not in it.replace("&amp;#", "")
        assert "&lt;img" not in it.replace("&amp;lt;", "") or text.startswith("<img")
        for scheme in ("javascript:", "javascript\\:", "vbscript:", "data:text"):
            assert scheme not in it.lower()


@pytest.mark.parametrize(
    "text", ["a < b", "x > y", "R&D", "*Ann* said: “data: 5”", "1. one\n2. two", "`a & b`", "> quoted"]
)
async def test_14_honest_text_can_still_be_read(page: Page, text: str) -> None:
    [shown] = await page.reads(await page.chat(text))
    assert shown.replace("&lt;", "<") == text


async def test_15_the_page_asks_for_user_data_by_itself_and_config_says_nothing_of_it(page: Page) -> None:
    config = await page.asked("GET", "/config")
    assert not {"collectUserInfo", "collectUserData"} & set(config)
    assert set(config) == {"org", "sessionsPollingIntervalSeconds", "sessionPollingIntervalSeconds", "modes"}
