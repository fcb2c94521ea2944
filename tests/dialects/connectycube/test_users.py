"""Signing up, and what somebody changes of themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from acquaint.domain.identities import Assurance, Identifier, Identity, ProfileChange
from acquaint.services import apps, sign_in, users
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben
from tests.dialects.connectycube.asking import (
    NEEDS_USER,
    NO_TOKEN,
    NOT_OWNER,
    OVER,
    PASSWORD,
    UNAUTHORIZED,
    Cube,
    unacceptable,
)
from tests.services.doors import at
from tests.services.test_recovery import Postbox
from tests.support.databases import on_both_databases

NEW = "another77"


async def test_signing_up_needs_only_the_auth_key(cube: Cube) -> None:
    answer = await cube.sign_up(
        login="ann",
        email="Ann@Example.com",
        full_name="Ann Archer",
        phone="+49 30 123451",
        website="ann.example",
        custom_data='{"seat":7}',
        tag_list="vip, rower,vip",
        external_id="acme-ann",
        external_user_id="77",
        facebook_id=10001,
        twitter_id="x-7",
        timezone=-60,
        avatar="77E3",
        blob_id=None,
    )
    assert answer.status_code == 201
    user = answer.json()["user"]
    assert {name: value for name, value in user.items() if name not in ("_id", "id", "created_at", "updated_at")} == {
        "last_request_at": None,
        "login": "ann",
        "email": "ann@example.com",
        "full_name": "Ann Archer",
        "phone": "+49 30 123451",
        "website": "http://ann.example",
        "twitter_id": "x-7",
        "facebook_id": "10001",
        "external_user_id": 77,
        "external_id": "acme-ann",
        "blob_id": None,
        "custom_data": '{"seat":7}',
        "avatar": "77E3",
        "user_tags": "vip,rower",
        "timezone": -60,
        "is_guest": None,
    }
    assert (await cube.log_in("ann"))["user_id"] == user["id"]


async def test_signing_up_in_a_session_opens_none_and_changes_nothing_of_it(cube: Cube) -> None:
    nobody, anns = (await cube.session())["token"], await cube.token("ann")
    for token, login in ((nobody, "ben"), (anns, "carol")):
        answer = await cube.ask("POST", "/users", token, json={"user": {"login": login, "password": PASSWORD}})
        assert answer.status_code == 201
        assert answer.json()["user"]["login"] == login
    assert (await cube.me(anns))["login"] == "ann"


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, NO_TOKEN),
        ({"CB-AuthKey": "acqp_nothing"}, UNAUTHORIZED),
        ({"CB-Token": ""}, NO_TOKEN),
        ({"CB-Token": "x", "CB-AuthKey": "<auth_key>"}, OVER),
        ({"CB-AuthKey": "<widget_token>"}, UNAUTHORIZED),
        ({"CB-AuthKey": "<auth_secret>"}, UNAUTHORIZED),
    ],
    ids=str,
)
async def test_signing_up_without_a_token_or_key_is_refused(cube: Cube, headers: dict[str, str], said: Any) -> None:
    keys = {
        "<auth_key>": cube.app.public_keys.auth_key,
        "<widget_token>": cube.app.public_keys.widget_token,
        "<auth_secret>": cube.app.auth_secret,
    }
    sent = {name: keys.get(value, value) for name, value in headers.items()}
    answer = await cube.ask("POST", "/users", headers=sent, json={"user": {"login": "ann", "password": PASSWORD}})
    assert (answer.status_code, answer.json()) == (401, said)


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ({"password": PASSWORD}, {"errors": ["Both user login and email can't be blank"]}),
        ({"login": "ann", "password": None}, unacceptable(password="cannot be blank")),
        ({"login": "ann", "password": "short"}, unacceptable(password="is shorter than 6 characters")),
        ({"login": "an"}, unacceptable(login="is too short (minimum is 3 characters)")),
        ({"login": "a" * 71}, unacceptable(login="is too long (maximum is 70 characters)")),
        ({"login": "ann", "email": "ann"}, unacceptable(email="is invalid")),
        ({"login": "ann", "full_name": "x" * 256}, unacceptable(full_name="is too long (maximum is 255 characters)")),
        ({"login": "ann", "phone": "1" * 65}, unacceptable(phone="is too long (maximum is 64 characters)")),
        (
            {"login": "ann", "custom_data": "x" * 16385},
            unacceptable(custom_data="is too long (maximum is 16384 characters)"),
        ),
        ({"login": "ann", "tag_list": list("abcdef")}, unacceptable(tag_list="has too many tags (maximum is 5)")),
        (
            {"login": "ann", "tag_list": ["x" * 65]},
            unacceptable(tag_list="has a tag that is too long (maximum is 64 characters)"),
        ),
        ({"login": "ann", "tag_list": [["a"]]}, unacceptable(tag_list="should be a text")),
        ({"login": "ann", "timezone": "soon"}, unacceptable(timezone="should be an integer")),
        ({"login": "ann", "external_user_id": 2**60}, unacceptable(external_user_id="should be an integer")),
        ({"login": "ann", "avatar": "javascript:alert(1)"}, unacceptable(avatar="is invalid")),
        ({"login": "ann", "avatar": " DATA:text/html,x"}, unacceptable(avatar="is invalid")),
        ({"login": "ann", "full_name": {"a": 1}}, unacceptable(full_name="should be a text")),
        ({"login": "ann", "full_name": "a\x00b"}, unacceptable(user="contains characters that are not text")),
        ({"login": "ann\u202e\x07"}, unacceptable(login="contains control characters")),
        ({"login": "taken"}, unacceptable(base="login must be unique")),
        ({"login": "ann", "email": "taken@example.com"}, unacceptable(base="email must be unique")),
    ],
    ids=lambda it: str(it)[:60],
)
async def test_signing_up_is_refused_with_the_field_that_is_wrong(cube: Cube, user: Any, said: Any) -> None:
    await cube.sign_up(login="taken", email="taken@example.com")
    answer = await cube.sign_up(**user)
    assert (answer.status_code, answer.json()) == (422, said)
    assert (await cube.sign_up(login="ann", email=ann.email)).status_code == 201  # nothing was half done


async def test_an_app_that_is_closed_to_sign_up_says_so(cube: Cube, core: Core, acme: Cast) -> None:
    await apps.change_policy(core, acme.app, {"allows_sign_up": False})
    answer = await cube.sign_up(login="ann")
    assert (answer.status_code, answer.json()) == (403, {"errors": {"base": ["Forbidden"]}})


async def test_what_is_not_sent_stays_and_what_is_null_is_emptied(cube: Cube) -> None:
    token = await cube.token("ann")
    await cube.update(token, full_name="Ann", website="https://a.example/", custom_data="x", tag_list=["a"], phone="1")
    user = (await cube.update(token, phone=None)).json()["user"]
    assert (user["full_name"], user["website"], user["custom_data"], user["user_tags"], user["phone"]) == (
        "Ann",
        "https://a.example/",
        "x",
        "a",
        None,
    )
    gone = dict.fromkeys(("full_name", "website", "custom_data", "tag_list", "avatar", "external_id", "timezone"))
    user = (await cube.update(token, **gone)).json()["user"]
    assert {user[it] for it in ("full_name", "website", "custom_data", "user_tags", "avatar", "external_id")} == {None}


async def test_an_empty_change_is_fine(cube: Cube) -> None:
    token = await cube.token("ann")
    bodies: list[dict[str, Any]] = [{"user": {}}, {}, {"user": None}, {"unknown": 1}]
    for body in bodies:
        answer = await cube.ask("PUT", "/users", token, json=body)
        assert answer.status_code == 200
        assert answer.json()["user"]["login"] == "ann"


async def test_a_change_is_shown_in_updated_at(cube: Cube, clock: Any) -> None:
    token = await cube.token("ann")
    before = await cube.me(token)
    clock.forward(minutes=5)
    assert (await cube.update(token)).json()["user"]["updated_at"] == before["updated_at"]
    after = (await cube.update(token, full_name="Ann")).json()["user"]
    assert after["updated_at"] > before["updated_at"]
    assert after["created_at"] == before["created_at"]


async def test_the_picture_may_be_an_address_or_a_name_of_the_apps_own(cube: Cube) -> None:
    token = await cube.token("ann")
    for avatar in ("https://img.example/ann.png", "a-name-of-the-apps-own", "HTTP://img.example/ann.png"):
        assert (await cube.update(token, avatar=avatar)).json()["user"]["avatar"] == avatar
    assert (await cube.update(token, website="javascript:alert(1)")).json()["user"]["website"].startswith("http://")


async def test_an_object_as_custom_data_is_kept_as_its_json(cube: Cube) -> None:
    token = await cube.token("ann")
    user = (await cube.update(token, custom_data={"seat": [7]})).json()["user"]
    assert json.loads(user["custom_data"]) == {"seat": [7]}


async def test_only_oneself_is_changed_or_deleted(cube: Cube) -> None:
    token, bens = await cube.token("ann"), (await cube.log_in("ben"))["user_id"]
    for number in (bens, 1, 2**53 - 1):
        for method in ("PUT", "DELETE"):
            answer = await cube.ask(method, f"/users/{number}", token, json={"user": {"full_name": "x"}})
            assert (answer.status_code, answer.json()) == (403, NOT_OWNER)
    for number in ("abc", "0", "-1", "9" * 17):
        answer = await cube.ask("PUT", f"/users/{number}", token, json={"user": {}})
        assert (answer.status_code, answer.json()) == (422, unacceptable(id="should be a positive integer"))
    mine = (await cube.me(token))["id"]
    assert (await cube.ask("PUT", f"/users/{mine}", token, json={"user": {"full_name": "Ann"}})).status_code == 200


@pytest.mark.parametrize(
    ("passwords", "said"),
    [
        ({"password": NEW}, unacceptable(old_password="cannot be blank")),
        ({"password": NEW, "old_password": None}, unacceptable(old_password="cannot be blank")),
        ({"password": NEW, "old_password": "wrong77"}, unacceptable(old_password="is invalid")),
        ({"old_password": PASSWORD}, unacceptable(password="cannot be blank")),
        ({"password": "short", "old_password": PASSWORD}, unacceptable(password="is shorter than 6 characters")),
    ],
    ids=str,
)
async def test_a_password_is_never_changed_without_the_old_one(cube: Cube, passwords: Any, said: Any) -> None:
    token = await cube.token("ann")
    answer = await cube.update(token, full_name="Ann", **passwords)
    assert (answer.status_code, answer.json()) == (422, said)
    assert (await cube.log_in("ann"))["user"]["full_name"] is None


async def test_a_password_is_changed_with_the_old_one_and_other_sessions_end(cube: Cube) -> None:
    here, there = await cube.token("ann"), await cube.token("ann")
    assert (await cube.update(here, password=NEW, old_password=PASSWORD, full_name="Ann")).status_code == 200
    assert [await cube.is_open(it) for it in (here, there)] == [True, False]
    assert (await cube.open(user={"login": "ann", "password": PASSWORD})).status_code == 401
    assert (await cube.log_in("ann", NEW))["user"]["full_name"] == "Ann"


async def test_whoever_has_no_password_cannot_set_one(cube: Cube, core: Core, acme: Cast) -> None:
    admission = await sign_in.vouch_for(core, acme.app, ann.verified(), at())
    answer = await cube.update(admission.token or "", password=NEW, old_password=PASSWORD)
    assert (answer.status_code, answer.json()) == (422, unacceptable(password="cannot be set"))


@on_both_databases
async def test_login_and_address_are_changed_and_the_old_ones_are_free(cube: Cube) -> None:
    await cube.sign_up(login="ann", email=ann.email)
    token = await cube.token("ann")
    user = (await cube.update(token, login="annie", email="Annie@example.com")).json()["user"]
    assert (user["login"], user["email"]) == ("annie", "annie@example.com")
    assert (await cube.sign_up(login="ann", email=ann.email)).status_code == 201
    for name in ({"login": "annie"}, {"email": "annie@example.com"}):
        assert (await cube.session(user=name | {"password": PASSWORD}))["user_id"] == user["id"]
    for name, said in (({"login": "ann"}, "login must be unique"), ({"email": ann.email}, "email must be unique")):
        answer = await cube.update(token, **name)
        assert (answer.status_code, answer.json()) == (422, unacceptable(base=said))
    assert (await cube.update(token, login=None, email=None)).status_code == 422
    assert (await cube.update(token, email=None)).json()["user"]["email"] is None


@on_both_databases
async def test_what_the_app_proved_is_shown_and_stays(cube: Cube, core: Core, acme: Cast) -> None:
    facebook = Identifier.subject("https://www.facebook.com", "10001")
    identity = Identity(
        (ann.by_login, ann.by_email, ann.by_external_id, Identifier.phone(ann.phone), facebook),
        Assurance.VERIFIED,
        ProfileChange(name=ann.name, tags=("gold",)),
    )
    admission = await sign_in.vouch_for(core, acme.app, identity, at())
    token = admission.token or ""
    me = await cube.me(token)
    shown = {"email": ann.email, "external_id": ann.external_id, "facebook_id": "10001", "user_tags": "gold"}
    assert {name: me[name] for name in shown} == shown
    assert me["phone"] == "4930123451"
    for field, value in (("email", "else@example.com"), ("external_id", "acme-ben"), ("facebook_id", "10002")):
        answer = await cube.update(token, **{field: value})
        assert (answer.status_code, answer.json()) == (
            422,
            unacceptable(**{field: "is verified and cannot be changed here"}),
        )
    assert (await cube.update(token, login="annie")).status_code == 403
    same = {"email": ann.email, "external_id": ann.external_id, "facebook_id": "10001", "login": "ann"}
    user = (await cube.update(token, **same, tag_list="own", twitter_id="x-7")).json()["user"]
    assert (user["user_tags"], user["twitter_id"]) == ("gold,own", "x-7")


@on_both_databases
async def test_deleting_oneself_frees_the_names_and_the_token_goes_on_with_nobody(cube: Cube) -> None:
    await cube.sign_up(login="ann", email=ann.email, external_id="acme/ann")
    here, there = await cube.token("ann"), await cube.token("ann")
    answer = await cube.ask("DELETE", "/users", here, content=b"force=1")
    assert (answer.status_code, answer.text) == (200, " ")
    assert not await cube.is_open(there)
    refused = await cube.update(here, full_name="Nobody")
    assert (refused.status_code, refused.json()) == (403, NEEDS_USER)
    assert (await cube.ask("DELETE", "/session", here)).status_code == 200
    assert (await cube.sign_up(login="ann", email=ann.email)).status_code == 201


async def test_deleting_oneself_by_external_id(cube: Cube) -> None:
    await cube.sign_up(login="ann", external_id="acme/ann.json")
    await cube.sign_up(login="ben", external_id=ben.external_id)
    token = await cube.token("ann")
    for external_id in (ben.external_id, "nobody"):
        answer = await cube.ask("DELETE", f"/users/external/{external_id}", token)
        assert (answer.status_code, answer.json()) == (403, NOT_OWNER)
    assert (await cube.ask("DELETE", "/users/external/acme%2Fann.json.json", token)).status_code == 200
    assert (await cube.ask("GET", "/session", token)).json()["session"]["user_id"] is None


async def test_a_guest_may_go_before_their_day_is_over(cube: Cube, core: Core, acme: Cast) -> None:
    guest = await cube.session(user={"guest": "1"})
    assert (await cube.ask("DELETE", f"/users/{guest['user_id']}", guest["token"])).status_code == 200
    async with core.store.read() as tx:
        assert await tx.users.get(acme.app.id, guest["user_id"]) is None


async def test_the_old_address_is_told_of_a_new_one(cube: Cube, core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    postbox = Postbox()
    monkeypatch.setitem(core.__dict__, "mailer", postbox)
    await cube.sign_up(login="ann", email=ann.email, full_name="Follow http://evil.example")
    token = await cube.token("ann")
    await cube.update(token, full_name="Ann")
    await cube.update(token, email="annie@example.com")
    [mail] = postbox.mails
    assert mail.to == ann.email
    assert "annie" not in mail.text + mail.html
    assert "evil" not in mail.text + mail.html


async def test_ids_are_numbers_that_javascript_can_hold(cube: Cube, core: Core, acme: Cast) -> None:
    user = (await cube.log_in("ann"))["user"]
    assert 0 < user["id"] < 2**53
    assert len(user["_id"]) == 24
    assert (await users.get(core, acme.app, user["id"])).known_as(ann.by_login.kind) == "ann"
