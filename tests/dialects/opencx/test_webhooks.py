"""Acme's own server is told in OpenCX' words, and never takes a claim for a fact."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from acquaint.domain.errors import Unacceptable
from acquaint.domain.webhooks import Webhook
from acquaint.services import webhooks
from acquaint.services.core import Core
from acquaint.services.delivering import Courier
from acquaint.settings import Settings
from tests.cast import Cast
from tests.dialects.opencx.widgets import Browser, Server, new_uuid
from tests.support.endpoints import Endpoint, listening


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
