"""Addresses that are to be confirmed, over the vendor's API. Who waits: tests/services/test_confirmation.py."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast, ann
from tests.dialects.connectycube.asking import PASSWORD, Cube, unacceptable
from tests.services.test_recovery import Postbox

UNCONFIRMED = unacceptable(base="Email is not confirmed")
PAGE = "/email_confirmation"


@pytest.fixture
async def postbox(core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch) -> Postbox:
    postbox = Postbox()
    monkeypatch.setitem(core.__dict__, "mailer", postbox)
    await apps.change_policy(core, acme.app, {"requires_confirmed_emails": True, "sends_welcome_mails": True})
    return postbox


async def confirm(cube: Cube, token: str, password: str = PASSWORD) -> Any:
    return await cube.client.post(PAGE, data={"token": token, "password": password})


def told(postbox: Postbox) -> list[tuple[str, str]]:
    return [(it.to, it.subject) for it in postbox.mails]


async def test_ann_signs_up_and_in_once_she_confirmed_her_address(cube: Cube, postbox: Postbox) -> None:
    signed_up = await cube.sign_up(login="ann", email=ann.email, full_name=ann.name)
    assert (signed_up.status_code, signed_up.json()["user"]["email"]) == (201, ann.email)
    asked = "Acme: confirm your address"
    assert told(postbox) == [(ann.email, asked)]
    nobodys = (await cube.session())["token"]
    for refused in (
        await cube.open(user={"login": "ann", "password": PASSWORD}),
        await cube.ask("POST", "/login", nobodys, json={"email": ann.email, "password": PASSWORD}),
    ):
        assert (refused.status_code, refused.json()) == (403, UNCONFIRMED)
    assert told(postbox) == [(ann.email, asked)] * 3, "she may have lost the mail"
    tickets = postbox.tickets
    wrong = await cube.open(user={"login": "ann", "password": "wrong password"})
    assert (wrong.status_code, len(postbox.mails)) == (401, 3), "who is nobody is not told, and asks for no mail"

    url = next(urlsplit(it) for it in postbox.mails[0].text.split() if it.startswith("http"))
    assert (url.netloc, url.path) == ("acquaint.test", PAGE)
    page = await cube.client.get(f"{url.path}?{url.query}")
    assert page.status_code == 200
    assert f'name="token" value="{tickets[0]}"' in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    again = await confirm(cube, tickets[0], "another one")
    assert (again.status_code, "not the password" in again.text) == (422, True)
    assert (await confirm(cube, tickets[0])).status_code == 200
    assert told(postbox)[3:] == [(ann.email, "Welcome to Acme")]
    for ticket in (*tickets, "", "x", "<script>"):
        assert (await confirm(cube, ticket)).status_code == 404, "one is enough, and each works once"

    session = await cube.session(user={"email": ann.email, "password": PASSWORD})
    assert (session["user"]["login"], session["user"]["email"]) == ("ann", ann.email)
    assert (await cube.ask("POST", "/login", nobodys, json={"login": "ann", "password": PASSWORD})).status_code == 202


async def test_who_comes_on_the_fly_is_made_and_mailed_and_waits(cube: Cube, postbox: Postbox) -> None:
    answers = [await cube.open(user={"email": ann.email, "password": PASSWORD}) for _ in range(2)]
    assert [(it.status_code, it.json()) for it in answers] == [(403, UNCONFIRMED)] * 2
    assert (await confirm(cube, postbox.tickets[0])).status_code == 200
    assert (await cube.open(user={"email": ann.email, "password": PASSWORD})).status_code == 201
    assert (await cube.open(user={"login": "ben", "password": PASSWORD})).status_code == 201, "nothing to confirm"


async def test_others_see_and_find_an_address_once_it_is_confirmed(cube: Cube, postbox: Postbox) -> None:
    id = (await cube.sign_up(login="ann", email=ann.email)).json()["user"]["id"]
    token = await cube.token("ben")

    async def seen() -> list[Any]:
        by_id = (await cube.ask("GET", f"/users/{id}", token)).json()["user"]["email"]
        by_email = (await cube.ask("GET", "/users/by_email", token, params={"email": ann.email})).status_code
        queries = (
            {"email": ann.email},
            {"email[start_with]": "ann@exam"},
            {"email": "other@example.com", "login": "ann"},
        )
        found = [(await cube.ask("GET", "/users/v2", token, params=it)).json() for it in queries]
        assert [it["total_entries"] for it in found] == [len(it["items"]) for it in found]
        return [by_id, by_email, *[it["total_entries"] for it in found]]

    for asked in ({"id": id, "email": ann.email}, {"id": id, "email[start_with]": "ann@exam"}):
        beyond = await cube.ask("GET", "/users/v2", token, params={**asked, "offset": 1})
        assert beyond.json()["total_entries"] == 0, "nor does a page beyond tell how many there are"
    others = await cube.ask("GET", "/users/v2", token, params={"id": id, "email[nin][]": ann.email})
    assert others.json()["total_entries"] == 1, "nor who is not among the others"
    await cube.sign_up(login="zoe", email="aaa@example.com")
    sort = {"login[in][]": ["ann", "zoe"], "sort_asc": "email"}
    found = (await cube.ask("GET", "/users/v2", token, params=sort)).json()["items"]
    assert [it["login"] for it in found] == ["ann", "zoe"], "nor does the order"
    assert await seen() == [None, 404, 0, 0, 0]
    await confirm(cube, postbox.tickets[0])
    assert await seen() == [ann.email, 200, 1, 1, 0]
    mine = await cube.token("ann")
    await cube.update(mine, email="other@example.com")
    assert await seen() == [ann.email, 200, 1, 1, 0], "another one waits"
    assert (await cube.update(token, email="ben@example.com")).json()["user"]["email"] == "ben@example.com"
    assert (await cube.me(token))["email"] == "ben@example.com", "everybody sees what they gave themselves"


async def test_another_address_is_shown_once_it_is_confirmed_and_the_old_one_is_told(
    cube: Cube, postbox: Postbox
) -> None:
    await cube.sign_up(email=ann.email)
    await confirm(cube, postbox.tickets[0])
    token = (await cube.session(user={"email": ann.email, "password": PASSWORD}))["token"]
    postbox.mails.clear()
    given = await cube.update(token, email="new@example.com", full_name="Ann")
    assert (given.status_code, given.json()["user"]["email"]) == (200, ann.email)
    assert (given.json()["user"]["login"], given.json()["user"]["full_name"]) == (None, "Ann")
    assert [it[0] for it in told(postbox)] == ["new@example.com"]
    await cube.update(token, full_name="Annie")
    assert len(postbox.mails) == 1, "nothing new is to be confirmed"
    assert (await confirm(cube, postbox.tickets[0])).status_code == 200
    assert told(postbox)[1:] == [(ann.email, "Acme: your address")]
    assert (await cube.me(token))["email"] == "new@example.com"
    taken = await cube.sign_up(email="new@example.com")
    assert (taken.status_code, taken.json()) == (422, unacceptable(base="email must be unique"))
    refused = await cube.update(token, email=None)
    assert refused.json() == unacceptable(email="is verified and cannot be changed here")
