"""Acme's own server is told in OpenCX' words, and never takes a claim for a fact."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from acquaint.domain.errors import Unacceptable
from acquaint.domain.webhooks import Webhook
from acquaint.services import webhooks
from acquaint.services.core import Core
from acquaint.services.delivering import Courier
from acquaint.settings import Settings
from tests.cast import Cast
from tests.dialects.opencx.widgets import Browser, Server, id_of, new_uuid
from tests.support.clock import SetClock
from tests.support.endpoints import Endpoint, listening
from tests.support.patience import PATIENCE


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, outbound_allow=("127.0.0.1",))


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with listening() as endpoint:
        yield endpoint


async def hook(core: Core, acme: Cast, endpoint: Endpoint, *names: str) -> Webhook:
    return await webhooks.register(core, acme.app, endpoint.url, format="opencx", names=names)


async def told(core: Core, endpoint: Endpoint, name: str, count: int = 1) -> list[dict[str, Any]]:
    """What was told of this name, when there are so many: by the server itself, or by us meanwhile."""
    courier = Courier(core)
    while len(found := [it.said for it in endpoint.heard if it.said["event"] == name]) < count:
        if not await courier.round():
            await endpoint.next()
    return found


async def test_a_claimed_conversation_is_told_with_claims_apart(
    core: Core, acme: Cast, endpoint: Endpoint, browser: Browser
) -> None:
    it = await hook(core, acme, endpoint, "conversation.contact_response")
    page = await browser.user_data(
        "ada@shop.test", new_uuid(), non_verified_name="Ada", non_verified_custom_data={"plan": "gold"}
    )
    session = await page.chat("Let me in")
    [said] = await told(core, endpoint, "conversation.contact_response")
    assert endpoint.heard[0].is_signed_with(it.secret, core.clock())
    assert set(said) == {"event", "organization_id", "data"}
    data = said["data"]
    assert (data["conversation_id"], data["is_verified"], data["channel"]) == (session, False, "web")
    assert data["message"]["text"] == "Let me in"
    contact = data["contact"]
    assert (contact["name"], contact["custom_data"], contact["enriched_data"]["email"]) == (None, {}, None)
    assert contact["non_verified_name"] == "Ada"
    assert contact["non_verified_email"] == "ada@shop.test"
    assert contact["non_verified_custom_data"] == {"plan": "gold"}


async def test_a_verified_conversation_is_told_from_its_beginning_to_its_score(
    core: Core, acme: Cast, endpoint: Endpoint, browser: Browser, backend: Server
) -> None:
    page = browser.verified(await backend.token_of("ada@shop.test", name="Ada", customData={"plan": "gold"}))
    await hook(core, acme, endpoint)
    session = await page.chat("Hello")
    [started] = await told(core, endpoint, "conversation.started")
    contact = started["data"]["contact"]
    assert (contact["name"], contact["custom_data"]) == ("Ada", {"plan": "gold"})
    assert contact["enriched_data"]["email"] == "ada@shop.test"
    assert started["data"]["assignee"]["type"] == "human"
    assert started["data"]["first_message"] in ("", "Hello")
    await backend.answers(session, "Hi Ada")
    [answered] = await told(core, endpoint, "conversation.agent_response")
    assert answered["data"]["message"]["text"] == "Hi Ada"
    await page.asked("POST", "/session/resolve", {"session_id": session})
    [closed] = await told(core, endpoint, "conversation.closed")
    assert closed["data"]["closed_by"] == {"type": "contact", "id": contact["id"]}
    score = {"session_id": session, "score": 5, "feedback": "quick", "system_message_uuid": new_uuid()}
    await page.asked("POST", "/submit-csat", score)
    [scored] = await told(core, endpoint, "csat.score_submitted")
    assert (scored["data"]["score"], scored["data"]["feedback"]) == (5, "quick")
    assert all(it.said["data"]["conversation_id"] == session for it in endpoint.heard)


async def test_what_the_vendor_has_no_word_for_is_refused(core: Core, acme: Cast, endpoint: Endpoint) -> None:
    with pytest.raises(Unacceptable):
        await hook(core, acme, endpoint, "user.created")


async def test_the_end_of_a_session_asks_for_the_survey_under_an_id_of_its_own(
    core: Core, acme: Cast, endpoint: Endpoint, browser: Browser, backend: Server
) -> None:
    it = await hook(core, acme, endpoint, "conversation.closed", "csat.requested")
    page = browser.verified(await backend.token_of("ada@shop.test", name="Ada"))
    session = await page.chat("Hello")
    await page.asked("POST", "/session/resolve", {"session_id": session})
    [asked] = await told(core, endpoint, "csat.requested")
    [row] = [row for row in (await page.polls(session))["history"] if row["type"] == "csat_requested"]
    assert asked["data"]["message_id"] == row["publicId"]
    assert (asked["data"]["conversation_id"], asked["data"]["contact"]["name"]) == (session, "Ada")
    closed, survey = endpoint.heard
    assert endpoint.names == ["conversation.closed", "csat.requested"]
    assert survey.id == f"{closed.id}_1"
    assert all(heard.is_signed_with(it.secret, core.clock()) for heard in endpoint.heard)


async def test_of_two_notices_of_one_event_both_come_again_until_both_were_taken(
    core: Core, acme: Cast, endpoint: Endpoint, browser: Browser, backend: Server, clock: SetClock
) -> None:
    await hook(core, acme, endpoint, "conversation.closed", "csat.requested")
    page = browser.verified(await backend.token_of("ada@shop.test"))
    session = await page.chat("Hello")
    endpoint.status = "503 Service Unavailable"
    await page.asked("POST", "/session/resolve", {"session_id": session})
    await until_heard(core, endpoint, clock, 1)
    endpoint.status = "204 No Content"
    await until_heard(core, endpoint, clock, 3)
    assert endpoint.names == ["conversation.closed", "conversation.closed", "csat.requested"]
    first, again, survey = endpoint.heard
    assert first.id == again.id
    assert survey.id == f"{again.id}_1"


async def test_whoever_asks_for_surveys_alone_hears_of_no_other_and_of_none_that_was_taken_back(
    core: Core, acme: Cast, endpoint: Endpoint, browser: Browser, backend: Server, clock: SetClock
) -> None:
    it = await hook(core, acme, endpoint, "csat.requested")
    page = browser.verified(await backend.token_of("ada@shop.test"))
    taken_back, ended = await page.chat("Hello"), await page.chat("Hello again")
    await webhooks.change(core, acme.app, it.id, is_enabled=False)
    async with core.store.write() as tx:  # one that was told nothing yet when it was opened again
        webhook = await tx.webhooks.get(acme.app.id, it.id)
        assert webhook is not None
        await tx.webhooks.save(replace(webhook.enabled(clock()), paused_until=clock() + timedelta(seconds=30)))
    for session in (taken_back, ended):
        await page.asked("POST", "/session/resolve", {"session_id": session})
    reopened = await backend.native("PATCH", f"/conversations/{id_of(taken_back)}", {"is_closed": False})
    assert reopened.status_code == 200, reopened.text
    clock.forward(seconds=31)
    await until_heard(core, endpoint, clock, 1)
    assert endpoint.names == ["csat.requested"]
    assert endpoint.heard[0].said["data"]["conversation_id"] == ended


async def until_heard(core: Core, endpoint: Endpoint, clock: SetClock, count: int) -> None:
    """Time goes by until so much was heard, told by the server itself or by us."""
    courier = Courier(core)
    async with asyncio.timeout(PATIENCE):
        while len(endpoint.heard) < count:
            if not await courier.round():
                clock.forward(seconds=1)
                await asyncio.sleep(0.01)  # the server itself may be telling it
