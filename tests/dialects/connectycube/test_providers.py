"""Signing in with somebody else's credential, as ConnectyCube's clients do it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from acquaint.services import providers
from acquaint.services.core import Core
from acquaint.settings import Settings
from tests.cast import Cast, ann, ben
from tests.dialects.connectycube.asking import PASSWORD, UNAUTHORIZED, Cube, unacceptable
from tests.support.clock import SetClock
from tests.support.issuers import Issuer, Pages, pages, rsa, said


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, outbound_allow=("127.0.0.1",))


@pytest.fixture
async def web() -> AsyncIterator[Pages]:
    async with pages() as web:
        yield web


@pytest.fixture
async def issuer(web: Pages, clock: SetClock, core: Core, acme: Cast) -> Issuer:
    """Firebase and Google, as far as Acme is concerned."""
    issuer = Issuer(web, [rsa("first")], clock).publish()
    certificates = {"certificates_url": f"{issuer.url}/certificates", "issuer_base": f"{issuer.url}/"}
    await providers.put(core, acme.app, "firebase", "firebase", certificates | {"projects": ["acme-app"]})
    await providers.put(core, acme.app, "google", "openid", {"issuer": issuer.url, "client_ids": ["acme-web"]})
    return issuer


def fire(issuer: Issuer, **claims: Any) -> str:
    return issuer.token(iss=f"{issuer.url}/acme-app", aud="acme-app", sub="ben-1", **claims)


async def custom(core: Core, acme: Cast, web: Pages, **other: Any) -> None:
    usual = {
        "endpoint": f"{web.url}/verify",
        "request_params": {"token": "#{login}"},
        "response_params": {"uid": "#{user.id}", "full_name": "#{user.name}"},
    }
    await providers.put(core, acme.app, "custom", "custom", usual | other)


async def test_ben_comes_by_firebase_phone(cube: Cube, issuer: Issuer) -> None:
    given = {"project_id": "acme-app", "access_token": fire(issuer, phone_number=ben.phone)}
    session = await cube.session(provider="firebase_phone", firebase_phone=given)
    assert session["user"]["phone"] == ben.phone[1:], "digits only"
    assert session["user"]["login"] is None
    assert session["user_id"] == session["user"]["id"]
    again = await cube.session(provider="firebase_phone", **{f"firebase_phone[{it}]": given[it] for it in given})
    assert again["user_id"] == session["user_id"], "the flat keys of the documents mean the same"


async def test_log_in_takes_the_flat_keys_that_the_sdk_sends_and_keeps_the_token(cube: Cube, issuer: Issuer) -> None:
    token = (await cube.session())["token"]
    body = {
        "provider": "firebase_email",
        "firebase_email[project_id]": "acme-app",
        "firebase_email[access_token]": fire(issuer, email=ben.email, email_verified=True),
    }
    answer = await cube.ask("POST", "/login.json", token, json=body)
    assert answer.status_code == 202, answer.text
    assert answer.json()["user"]["email"] == ben.email
    assert (await cube.me(token))["id"] == answer.json()["user"]["id"]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "'firebase_phone[access_token]' and 'firebase_phone[project_id]'"),
        ({"firebase_phone": {}}, "'firebase_phone[access_token]' and 'firebase_phone[project_id]'"),
        ({"firebase_phone": {"access_token": "x"}}, "'firebase_phone[project_id]'"),
        ({"firebase_phone": {"project_id": "x"}}, "'firebase_phone[access_token]'"),
    ],
)
async def test_missing_parameters_of_firebase_are_named_in_the_vendors_words(
    cube: Cube, issuer: Issuer, given: dict[str, Any], named: str
) -> None:
    answer = await cube.open(provider="firebase_phone", **given)
    text = f"Bad Authentication data. Invalid input parameters provided: no {named} parameters provided"
    assert (answer.status_code, answer.json()) == (422, unacceptable(base=text))


async def test_a_token_that_is_not_believed_is_unauthorized(cube: Cube, issuer: Issuer) -> None:
    for token in ("x", fire(issuer), fire(issuer, phone_number=ben.phone, exp=1)):
        given = {"project_id": "acme-app", "access_token": token}
        answer = await cube.open(provider="firebase_phone", firebase_phone=given)
        assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
    given = {"project_id": "other-app", "access_token": fire(issuer, phone_number=ben.phone)}
    assert (await cube.open(provider="firebase_phone", firebase_phone=given)).status_code == 401


async def test_google_comes_by_its_name_and_what_is_not_set_up_does_not(cube: Cube, issuer: Issuer) -> None:
    session = await cube.session(provider="google", keys={"token": issuer.token(name=ann.name)})
    assert session["user"]["full_name"] == ann.name
    for name in ("facebook", "myspace", "custom"):
        answer = await cube.open(provider=name, keys={"token": "x"})
        assert (answer.status_code, answer.json()) == (422, unacceptable(provider="is not set up in this App"))
    for hostile in ({"token": ["x"]}, "x", {"token": {"a": 1}}, {"token": "x" * 9000}):
        assert (await cube.open(provider="google", keys=hostile)).status_code == 422


async def test_facebook_and_x_show_their_ids(cube: Cube, core: Core, acme: Cast, web: Pages) -> None:
    web.says("/debug_token", {"data": {"app_id": "77", "is_valid": True, "type": "USER", "user_id": "1001"}})
    web.says("/me", {"id": "1001", "name": ann.name, "email": ann.email})
    web.says("/verify.json", {"id_str": "12", "name": ben.name})
    await providers.put(
        core, acme.app, "facebook", "facebook", {"app_id": "77", "app_secret": "hush", "graph_url": web.url}
    )
    keys = {"consumer_key": "ck", "consumer_secret": "cs", "credentials_url": f"{web.url}/verify.json"}
    await providers.put(core, acme.app, "twitter", "twitter", keys)

    anns = (await cube.session(provider="facebook", keys={"token": "EAAB"}))["user"]
    assert (anns["facebook_id"], anns["email"], anns["full_name"]) == ("1001", ann.email, ann.name)
    bens = (await cube.session(provider="twitter", keys={"token": "t", "secret": "s"}))["user"]
    assert (bens["twitter_id"], bens["full_name"]) == ("12", ben.name)
    web.says("/debug_token", {"error": {"message": "Invalid OAuth access token."}}, "400 Bad Request")
    answer = await cube.open(provider="facebook", keys={"token": "EAAB"})
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
    web.says("/debug_token", {}, "503 Service Unavailable")
    answer = await cube.open(provider="facebook", keys={"token": "EAAB"})
    assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)


async def test_with_a_custom_identity_provider_the_login_is_a_token_and_the_password_anything(
    cube: Cube, core: Core, acme: Cast, web: Pages
) -> None:
    web.says("/verify", {"user": {"id": 42, "name": ann.name}})
    await custom(core, acme, web)
    jwt = "eyJhbGciOiJIUzI1NiJ9." + "x" * 3000
    session = await cube.session(user={"login": jwt, "password": "anything"})
    user = session["user"]
    assert (user["login"], user["external_id"], user["external_user_id"]) == ("custom_42", "42", 42)
    assert user["full_name"] == ann.name
    without = await cube.session(user={"login": jwt})
    assert without["user_id"] == session["user_id"], "a password is not needed"
    token = (await cube.session())["token"]
    answer = await cube.ask("POST", "/login", token, json={"login": jwt})
    assert (answer.status_code, answer.json()["user"]["id"]) == (202, user["id"])
    assert {it.query["token"] for it in web.asked} == {jwt}


async def test_its_refusals_are_said_in_the_vendors_words(cube: Cube, core: Core, acme: Cast, web: Pages) -> None:
    await custom(core, acme, web)
    for answer, words in (
        (
            said({"error": "no such user", "trace": "secret"}, "404 Not Found"),
            'Custom Identity Provider responded with an error = "no such user". Status code = 404',
        ),
        (
            said([], "401 Unauthorized"),
            'Custom Identity Provider responded with an error = "". Status code = 401',
        ),
        (said({"uid": 1}), "Custom Identity Provider uid is required"),
        (said({"user": {"id": ""}}), "Custom Identity Provider uid is required"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
            'Custom Identity Provider responded with an error = "the answer is not JSON". Status code = 200',
        ),
    ):
        web.at["/verify"] = answer
        refused = await cube.open(user={"login": "jwt", "password": "x"})
        assert (refused.status_code, refused.json()) == (422, unacceptable(base=words))
    await custom(core, acme, web, endpoint="http://127.0.0.1:1/verify")
    refused = await cube.open(user={"login": "jwt", "password": "x"})
    assert (refused.status_code, refused.json()) == (422, unacceptable(base="Custom Identity Provider is unavailable"))
    await custom(core, acme, web, endpoint="http://169.254.169.254/")
    refused = await cube.open(user={"login": "jwt", "password": "x"})
    assert (refused.status_code, refused.json()) == (422, unacceptable(base="Custom Identity Provider is unavailable"))


async def test_who_signed_up_here_comes_in_only_where_the_app_falls_back(
    cube: Cube, core: Core, acme: Cast, web: Pages
) -> None:
    assert (await cube.sign_up(login="ann-here")).status_code == 201
    web.says("/verify", {"error": "who?"}, "404 Not Found")
    await custom(core, acme, web)
    assert (await cube.open(user={"login": "ann-here", "password": PASSWORD})).status_code == 422
    await custom(core, acme, web, falls_back_to_own=True)
    session = await cube.log_in("ann-here")
    assert session["user"]["login"] == "ann-here"
    for login in ("ann-here", "nobody"):
        answer = await cube.open(user={"login": login, "password": "not the one"})
        assert (answer.status_code, answer.json()) == (401, {"errors": ["Invalid password"]}), "and nobody is made"


async def test_everything_that_is_mapped_is_shown(cube: Cube, core: Core, acme: Cast, web: Pages) -> None:
    answer = {"id": "a1", "site": "https://acme.example", "more": {"plan": "gold"}, "pic": "blob-uid", "tags": ["vip"]}
    web.says("/verify", answer)
    mapped = {
        "uid": "#{id}",
        "website": "#{site}",
        "custom_data": "#{more}",
        "avatar": "#{pic}",
        "tag_list": "#{tags}",
        "phone": "#{tel}",
    }
    await custom(core, acme, web, response_params=mapped)
    user = (await cube.session(user={"login": "x", "password": "y"}))["user"]
    assert (user["website"], user["custom_data"]) == ("https://acme.example", '{"plan":"gold"}')
    assert (user["avatar"], user["user_tags"], user["phone"]) == ("blob-uid", "vip", None)
    assert (user["external_id"], user["external_user_id"]) == ("a1", None)
    web.says("/verify", answer | {"site": "https://new.example"})
    user = (await cube.session(user={"login": "x", "password": "y"}))["user"]
    assert (user["website"], user["custom_data"]) == ("https://new.example", '{"plan":"gold"}')
