"""Providers over the native API: set up, tried, come in by; and no secret is shown again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from acquaint.settings import Settings
from tests.cast import Cast, ann
from tests.dialects.native.asking import Api, refused
from tests.support.clock import SetClock
from tests.support.issuers import Issuer, Pages, pages, rsa

IDP = {"endpoint": "https://i.example", "response_params": {"uid": "#{a}"}}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, outbound_allow=("127.0.0.1",))


@pytest.fixture
async def web() -> AsyncIterator[Pages]:
    async with pages() as web:
        yield web


@pytest.fixture
def issuer(web: Pages, clock: SetClock) -> Issuer:
    return Issuer(web, [rsa("first")], clock).publish()


async def set_up(api: Api, name: str, kind: str, **settings: Any) -> dict[str, Any]:
    answer = await api.as_app("PUT", "/app/providers", {"name": name, "kind": kind, "settings": settings})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_ann_comes_in_with_google_and_the_device_is_hers(api: Api, issuer: Issuer) -> None:
    await set_up(api, "google", "openid", issuer=issuer.url, client_ids=["acme-web"])
    visitor = await api.arrive()
    said = await api.say(visitor)
    body = {"app": "acme", "provider": "google", "token": issuer.token(name=ann.name)}
    answer = await api.post("/sessions/provider", {**body, "device_secret": visitor.device_secret})
    assert answer.status_code == 201
    assert answer.json()["session"]["assurance"] == "verified"
    assert answer.json()["user"]["name"] == ann.name
    seen = await api.get("/conversations", answer.json()["token"])
    assert said in seen.text, "what she said before she signed in is hers"


async def test_secrets_are_not_shown_again_and_not_kept_in_the_trail(api: Api, acme: Cast, web: Pages) -> None:
    shown = await set_up(api, "facebook", "facebook", app_id="77", app_secret="hush-facebook")
    assert shown["settings"] == {"app_id": "77", "app_secret": "********", "graph_url": "https://graph.facebook.com"}
    await set_up(api, "twitter", "twitter", consumer_key="ck", consumer_secret="hush-x")
    await set_up(
        api,
        "custom",
        "custom",
        endpoint="https://idp.acme.example/verify?key=hush-query",
        request_headers={"X-Key": "hush-header", "Authorization": "Bearer #{login}"},
        request_params={"secret": "hush-param", "mixed": "hush-mixed #{login}"},
        response_params={"uid": "#{id}"},
    )
    listed = await api.as_app("GET", "/app/providers")
    events = await api.as_app("GET", "/app/events")
    assert [it["name"] for it in listed.json()["items"]] == ["custom", "facebook", "twitter"]
    assert "hush" not in listed.text + events.text
    assert "Bearer #{login}" in listed.text, "what holds no secret is shown"


@pytest.mark.parametrize(
    ("kind", "name", "said", "field"),
    [
        ("openid", "google", {"client_ids": ["x"]}, "issuer"),
        ("openid", "google", {"issuer": "https://g.example"}, "client_ids"),
        ("openid", "google", {"issuer": "https://g.example", "client_ids": []}, "client_ids"),
        ("openid", "google", {"issuer": "https://g.example", "client_ids": [7]}, "client_ids"),
        ("openid", "google", {"issuer": "ftp://g.example", "client_ids": ["x"]}, "issuer"),
        ("openid", "google", {"issuer": "https://u:p@g.example", "client_ids": ["x"]}, "issuer"),
        ("openid", "google", {"issuer": "https://g.example/a|b", "client_ids": ["x"]}, "issuer"),
        ("openid", "google", {"issuer": "https://g.example", "client_ids": ["x"], "extra": 1}, "extra"),
        ("openid", "firebase_phone", {"issuer": "https://g.example", "client_ids": ["x"]}, "name"),
        ("openid", "custom", {"issuer": "https://g.example", "client_ids": ["x"]}, "name"),
        ("facebook", "fb", {"app_id": "1", "app_secret": "x"}, "name"),
        ("facebook", "facebook", {"app_id": "1", "app_secret": "x\ny"}, "app_secret"),
        ("firebase", "firebase", {"projects": ["x"], "certificates_url": "file:///etc/passwd"}, "certificates_url"),
        ("custom", "custom", {"endpoint": "https://i.example"}, "response_params"),
        ("custom", "custom", IDP | {"response_params": {}}, "response_params"),
        ("custom", "custom", IDP | {"response_params": {"uid": "#{a"}}, "response_params"),
        ("custom", "custom", IDP | {"response_params": {"uid": "#{a..b}"}}, "response_params"),
        ("custom", "custom", IDP | {"response_params": {"uid": {"a": 1}}}, "response_params"),
        ("custom", "custom", IDP | {"response_params": {"uid": "#{" + "a." * 16 + "b}"}}, "response_params"),
        ("custom", "custom", IDP | {"endpoint": "https://i.example#{login}"}, "endpoint"),
        ("custom", "custom", IDP | {"method": "PUT"}, "method"),
        ("custom", "custom", IDP | {"request_headers": {"Host": "x"}}, "request_headers"),
        ("custom", "custom", IDP | {"request_headers": {"X": "a\r\nY: b"}}, "request_headers"),
        ("custom", "custom", IDP | {"request_headers": {"X Y": "a"}}, "request_headers"),
        ("custom", "custom", IDP | {"request_headers": {"X-A": "a", "x-a": "b"}}, "request_headers"),
        ("custom", "custom", IDP | {"request_params": {"a": "#{secret}"}}, "request_params"),
        ("custom", "custom", IDP | {"request_params": {str(it): "a" for it in range(51)}}, "request_params"),
        ("custom", "custom", IDP | {"falls_back_to_own": "perhaps"}, "falls_back_to_own"),
    ],
)
async def test_settings_that_make_no_sense_are_refused_by_name(
    api: Api, kind: str, name: str, said: dict[str, Any], field: str
) -> None:
    answer = await api.as_app("PUT", "/app/providers", {"name": name, "kind": kind, "settings": said})
    refused(answer, 400, "unacceptable", field=field)
    assert (await api.as_app("GET", "/app/providers")).json() == {"items": []}


async def test_a_provider_can_be_tried_before_it_is_enabled(api: Api, web: Pages) -> None:
    web.says("/verify", {"user": {"uid": 7}})
    settings = {
        "endpoint": f"{web.url}/verify",
        "request_params": {"t": "#{login}"},
        "response_params": {"uid": "#{user.id}"},
    }
    body = {"name": "custom", "kind": "custom", "settings": settings, "is_enabled": False}
    await api.as_app("PUT", "/app/providers", body)
    tried = (await api.as_app("POST", "/app/providers/custom/try", {"login": "jwt"})).json()
    assert tried["request"]["url"] == f"{web.url}/verify?t=jwt"
    assert tried["answer"]["body"] == '{"user": {"uid": 7}}'
    assert "no uid" in tried["why_not"]
    refused(
        await api.post("/sessions/provider", {"app": "acme", "provider": "custom", "login": "jwt"}),
        400,
        "unacceptable",
        field="provider",
    )
    settings["response_params"] = {"uid": "#{user.uid}"}
    await api.as_app("PUT", "/app/providers", body)
    tried = (await api.as_app("POST", "/app/providers/custom/try", {"login": "jwt"})).json()
    assert tried["mapped"]["identifiers"][0] == {"kind": "external_id", "value": "7"}
    assert tried["why_not"] is None


async def test_with_a_provider_of_the_apps_own_a_password_is_its_affair(api: Api, web: Pages) -> None:
    web.says("/verify", {"uid": 7, "name": "Ann"})
    await set_up(
        api,
        "custom",
        "custom",
        endpoint=f"{web.url}/verify",
        method="POST",
        request_params={"who": "#{login}#{email}", "pass": "#{password}"},
        response_params={"uid": "#{uid}", "name": "#{name}"},
    )
    by_login = await api.arrive(login="ann", password=ann.password, register=True)
    by_email = await api.arrive(email=ann.email, password=ann.password)
    assert by_login.user_id == by_email.user_id
    assert [it.form["who"] for it in web.asked] == ["ann", ann.email]
    web.says("/verify", {"error": "wrong"}, "403 Forbidden")
    refused(
        await api.post("/sessions", {"app": "acme", "login": "ann", "password": "x"}),
        401,
        "provider_refused",
        provider="custom",
        provider_status=403,
        provider_error="wrong",
    )
    await set_up(api, "custom", "custom", endpoint="http://10.0.0.1/", response_params={"uid": "#{uid}"})
    answer = await api.post("/sessions", {"app": "acme", "login": "ann", "password": "x"})
    assert answer.headers["retry-after"]
    assert "10.0.0.1" not in answer.text
    refused(answer, 503, "provider_unavailable", provider="custom")
    tried = (await api.as_app("POST", "/app/providers/custom/try", {"login": "jwt"})).json()
    assert "ACQUAINT_OUTBOUND_ALLOW" in tried["why_not"]


async def test_a_provider_that_is_removed_lets_nobody_in(api: Api, issuer: Issuer) -> None:
    await set_up(api, "google", "openid", issuer=issuer.url, client_ids=["acme-web"])
    body = {"app": "acme", "provider": "google", "token": issuer.token()}
    assert (await api.post("/sessions/provider", body)).status_code == 201
    assert (await api.as_app("DELETE", "/app/providers/google")).status_code == 204
    refused(await api.post("/sessions/provider", body), 400, "unacceptable", field="provider")
    refused(await api.as_app("DELETE", "/app/providers/google"), 404, "not_found", what="provider")
    refused(await api.as_app("POST", "/app/providers/google/try", {}), 404, "not_found", what="provider")


async def test_an_app_has_fifty_providers_at_most(api: Api) -> None:
    settings = {"issuer": "https://g.example", "client_ids": ["x"]}
    for number in range(50):
        await set_up(api, f"g{number}", "openid", **settings)
    await set_up(api, "g0", "openid", **settings)
    answer = await api.as_app("PUT", "/app/providers", {"name": "one-more", "kind": "openid", "settings": settings})
    refused(answer, 400, "unacceptable", field="name")
