"""Webhooks over the native API: registered, tested, read about; and no secret is shown again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from acquaint.domain.keys import Role
from acquaint.services import apps
from acquaint.services.core import Core
from acquaint.settings import Settings
from tests.cast import Cast
from tests.dialects.native.asking import Api, refused
from tests.support.endpoints import Endpoint, listening

HOOKS = "/app/webhooks"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, outbound_allow=("127.0.0.1",))


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with listening() as endpoint:
        yield endpoint


async def made(api: Api, endpoint: Endpoint, *events: str) -> tuple[dict[str, Any], str]:
    answer = await api.as_app("POST", HOOKS, {"url": endpoint.url, "events": list(events or ["user.created"])})
    assert answer.status_code == 201, answer.text
    return answer.json()["webhook"], answer.json()["secret"]


async def log(api: Api, id: str) -> list[dict[str, Any]]:
    return list((await api.as_app("GET", f"{HOOKS}/{id}/deliveries")).json()["items"])


async def test_a_webhook_is_told_by_the_server_that_serves(api: Api, endpoint: Endpoint, core: Core) -> None:
    it, secret = await made(api, endpoint)
    await api.as_app("PUT", "/app/users", {"identifiers": {"login": "ann"}, "name": "Ann"})
    heard = await endpoint.next()
    assert heard.is_signed_with(secret, core.clock())
    assert heard.said["type"] == "user.created"
    user = (await api.as_app("GET", "/app/users")).json()["items"][0]
    assert heard.said["data"]["user"] == user
    [delivery] = await log(api, it["id"])
    assert (delivery["kind"], delivery["message_id"], delivery["attempts"]) == ("user.created", heard.id, 1)


async def test_a_secret_is_shown_once(api: Api, endpoint: Endpoint, core: Core, acme: Cast) -> None:
    it, first = await made(api, endpoint)
    answer = await api.as_app("POST", f"{HOOKS}/{it['id']}/secret", {"overlap_seconds": 60})
    second = answer.json()["secret"]
    assert first != second
    assert answer.json()["webhook"]["previous_secret_until"] is not None
    for path in (HOOKS, f"{HOOKS}/{it['id']}", f"{HOOKS}/{it['id']}/deliveries", "/app/events"):
        said = (await api.as_app("GET", path)).text
        assert first not in said
        assert second not in said
        assert "whsec_" not in said


async def test_a_webhook_is_changed_tested_read_about_and_removed(api: Api, endpoint: Endpoint) -> None:
    it, _ = await made(api, endpoint)
    there = f"{HOOKS}/{it['id']}"
    assert (await api.as_app("GET", there)).json() == it
    assert (await api.as_app("GET", HOOKS)).json()["items"] == [it]
    changed = (await api.as_app("PATCH", there, {"events": ["user.banned"]})).json()
    assert changed["events"] == ["user.banned"]
    tested = (await api.as_app("POST", f"{there}/test")).json()
    assert (await endpoint.next()).id == tested["message_id"]
    again = await api.as_app("POST", f"{there}/deliveries/{tested['event_id']}")
    assert again.status_code == 202
    assert (await endpoint.next()).id == tested["message_id"]
    off = (await api.as_app("PATCH", there, {"is_enabled": False})).json()
    assert (off["is_enabled"], off["disabled_because"]) == (False, "")
    refused(await api.as_app("POST", f"{there}/test"), 400, "unacceptable")
    assert (await api.as_app("DELETE", there)).status_code == 204
    refused(await api.as_app("GET", there), 404, "not_found")


async def test_what_can_be_asked_for_is_listed(api: Api) -> None:
    items = (await api.as_app("GET", f"{HOOKS}/formats")).json()["items"]
    by_name = {it["name"]: it["events"] for it in items}
    assert set(by_name) == {"native", "opencx"}
    assert "conversation.contact_response" in by_name["opencx"]
    for name, events in by_name.items():
        answer = await api.as_app("POST", HOOKS, {"url": "https://acme.example/", "format": name, "events": events})
        assert answer.status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {"url": "ftp://acme.example/"},
        {"url": "https://ann:secret@acme.example/"},
        {"url": "https://acme.example/", "events": []},
        {"url": "https://acme.example/", "events": ["app.invented"]},
        {"url": "https://acme.example/", "events": ["webhook.tested"]},
        {"url": "https://acme.example/", "format": "smoke signals"},
        {"url": "https://acme.example/", "secret": "whsec_chosen"},
        {"url": ["https://acme.example/"]},
        {"url": "https://acme.example/" + "x" * 3000},
        {},
    ],
)
async def test_what_cannot_be_meant_is_refused(api: Api, body: dict[str, Any]) -> None:
    refused(await api.as_app("POST", HOOKS, body), 400, "unacceptable")
    assert (await api.as_app("GET", HOOKS)).json()["items"] == []


async def test_only_an_administrator_of_this_app_may(
    api: Api, core: Core, acme: Cast, endpoint: Endpoint, client: httpx2.AsyncClient
) -> None:
    it, _ = await made(api, endpoint)
    _, reads = await apps.create_key(core, acme.app, "reads", (Role.USER,))
    other = Cast(await apps.create(core, "Other"))
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"url": "https://eve.example/"}),
        ("POST", "/secret", {}),
        ("POST", "/test", None),
        ("GET", "/deliveries", None),
        ("POST", "/deliveries/1", None),
        ("DELETE", "", None),
    ):
        there = f"{HOOKS}/{it['id']}{path}"
        refused(await api.ask(method, there, body, by=reads), 403, "not_allowed")
        refused(await api.ask(method, there, body, by=other.api_key), 404, "not_found")
    assert (await api.as_app("GET", f"{HOOKS}/{it['id']}")).json()["url"] == endpoint.url
