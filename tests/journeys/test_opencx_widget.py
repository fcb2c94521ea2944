"""The acceptance run of OpenCX' widget (section 16 of its contract), as its requests, against a running server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import httpx2
import pytest

from tests.cast import Cast, ann
from tests.dialects.opencx.widgets import Browser, new_uuid, refusal
from tests.dialects.opencx.widgets import Server as Backend
from tests.support.server import Server

PNG = b"\x89PNG\r\n\x1a\n and so on"


@pytest.fixture
async def shop(server: Server) -> Cast:
    """An App of this test's own, as the command line printed it."""
    made = await asyncio.to_thread(server.create_app)
    keys = SimpleNamespace(widget_token=made["widget_token"])
    return cast(Cast, SimpleNamespace(app=SimpleNamespace(public_keys=keys), api_key=made["api_key"]))


@pytest.fixture
def new_browser(http: httpx2.AsyncClient, shop: Cast) -> Callable[[], Browser]:
    return lambda: Browser(http, shop)


@pytest.fixture
def backend(http: httpx2.AsyncClient, shop: Cast) -> Backend:
    return Backend(http, shop)


async def test_an_anonymous_visitor_and_another_browser(new_browser: Callable[[], Browser], backend: Backend) -> None:
    laptop = new_browser()
    page = await laptop.anonymous()
    session = await page.chat("Where is my order?")
    await page.says(session, "It was number 4711.")
    await backend.answers(session, "It left us this morning.")

    again = await laptop.anonymous()
    assert await again.sees() == [session]
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    shown = [it["content"]["text"] for it in (await again.polls(session, ahead))["history"]]
    assert shown == ["Where is my order?", "It was number 4711.", "It left us this morning."]
    stranger = await new_browser().anonymous()
    assert await stranger.sees() == []
    assert refusal(await stranger.ask("GET", f"/poll/{session}")) == (404, "Session not found")


async def test_whoever_fills_in_the_form_and_whoever_the_page_names(new_browser: Callable[[], Browser]) -> None:
    filled = new_browser()
    session = await (await filled.form(ann.email, ann.name)).chat()
    assert await (await filled.form(ann.email, ann.name)).sees() == [session]
    laptop, phone = new_browser(), new_browser()
    named = await (await laptop.user_data(ann.email)).chat()
    assert await (await laptop.user_data(ann.email)).sees() == [named]
    assert await (await phone.user_data(ann.email)).sees() == []


async def test_whom_the_server_vouches_for_on_two_devices_in_two_workspaces(
    new_browser: Callable[[], Browser], backend: Backend
) -> None:
    laptop, phone = new_browser(), new_browser()
    one = await laptop.verified(await backend.token_of(ann.email), "ws-1").chat()
    two = await laptop.verified(await backend.token_of(ann.email), "ws-2").chat()
    token = await backend.token_of(ann.email)
    assert await phone.verified(token).sees() == [two, one]
    assert await phone.verified(token, "ws-1").sees() == [one]
    assert await phone.verified(token, "ws-2").sees() == [two]

    promoted = phone.verified((await phone.anonymous()).token or "")
    assert refusal(await promoted.lists()) == (403, "external_id is required")


async def test_a_session_ends_with_a_survey_and_a_file_is_shown(
    new_browser: Callable[[], Browser], http: httpx2.AsyncClient
) -> None:
    page = await new_browser().anonymous()
    session = await page.start()
    url = await page.uploads("cat.png", PNG, "image/png")
    await page.says(
        session, "", attachments=[{"id": "1", "name": "cat.png", "size": 1, "type": "image/png", "url": url}]
    )
    read = await http.get(url)
    assert (read.status_code, read.content, read.headers["content-type"]) == (200, PNG, "image/png")

    await page.asked("POST", "/session/resolve", {"session_id": session})
    body = {"session_id": session, "score": 5, "system_message_uuid": new_uuid()}
    assert await page.asked("POST", "/submit-csat", body) == {"success": True}
    history = (await page.polls(session))["history"]
    assert [it["type"] for it in history] == ["message", "csat_requested", "csat_submitted"]
