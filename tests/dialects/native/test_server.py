"""What the server's operator does: Apps."""

from __future__ import annotations

import pytest

from tests.cast import Cast
from tests.dialects.native.asking import Api, refused


async def test_the_operator_makes_an_app_and_everything_works_at_once(api: Api, operator_key: str) -> None:
    made = (await api.post("/server/apps", {"name": "Umbrella"}, operator_key)).json()

    assert made["app"]["slug"] == "umbrella"
    assert (await api.arrive(app="umbrella")).token
    assert (await api.get("/app", made["api_key"])).json() == made["app"]
    shown = await api.get("/server/apps/umbrella", operator_key)
    assert shown.json() == (await api.get(f"/server/apps/{made['app']['id']}", operator_key)).json() == made["app"]
    listed = await api.get("/server/apps", operator_key)
    assert [it["slug"] for it in listed.json()["items"]] == ["acme", "umbrella"]
    for secret in ("api_key", "chat_api_key", "signing_secret", "auth_secret"):
        assert made[secret] not in listed.text


async def test_a_taken_slug_is_refused_and_a_made_one_is_numbered(api: Api, operator_key: str) -> None:
    taken = await api.post("/server/apps", {"name": "Acme", "slug": "acme"}, operator_key)
    refused(taken, 409, "identifier_taken", identifier="slug")
    assert (await api.post("/server/apps", {"name": "Acme"}, operator_key)).json()["app"]["slug"] == "acme-2"


@pytest.mark.parametrize("body", [{"name": ""}, {"name": "x", "slug": "-x"}, {"name": "x", "slug": "X"}, {"slug": "x"}])
async def test_an_app_has_a_name_and_a_plain_slug(api: Api, operator_key: str, body: dict[str, str]) -> None:
    refused(await api.post("/server/apps", body, operator_key), 400, "unacceptable")


async def test_a_closed_app_serves_nobody_until_it_is_opened_again(api: Api, operator_key: str) -> None:
    visitor = await api.arrive()
    await api.say(visitor)

    closed = await api.ask("PATCH", "/server/apps/acme", {"is_closed": True}, by=operator_key)

    assert closed.json()["closed_at"] is not None
    refused(await api.get("/session", visitor), 403, "app_closed")
    refused(await api.as_app("GET", "/app"), 403, "app_closed")
    opened = await api.ask("PATCH", "/server/apps/acme", {"is_closed": False}, by=operator_key)
    assert opened.json()["closed_at"] is None
    assert len(await api.sees(visitor)) == 1


async def test_an_unknown_app_is_not_there(api: Api, operator_key: str) -> None:
    refused(await api.get("/server/apps/umbrella", operator_key), 404, "unknown_app")
    refused(await api.ask("PATCH", "/server/apps/1", {"is_closed": True}, by=operator_key), 404, "unknown_app")


async def test_an_apps_administrator_is_not_the_servers_operator(api: Api, acme: Cast) -> None:
    refused(await api.get("/server/apps", acme.api_key), 403, "not_allowed", role="server.operator")


async def test_the_servers_operator_is_not_an_apps_administrator(api: Api, operator_key: str) -> None:
    refused(await api.get("/app/keys", operator_key), 403, "not_allowed", role="org.admin")
