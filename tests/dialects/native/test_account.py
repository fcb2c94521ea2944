"""Registering, one's own profile and password, and going for good."""

from __future__ import annotations

import pytest

from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben, eve
from tests.dialects.native.asking import Api, Somebody, refused, somebody


async def registered(api: Api, **more: object) -> Somebody:
    return somebody(await api.post("/users", {"app": "acme", "password": ann.password, **more}))


async def test_who_registers_is_signed_in(api: Api) -> None:
    in_front = await registered(api, login=ann.login, name=ann.name)

    assert in_front.said["is_new_user"]
    assert in_front.said["session"]["assurance"] == "verified"
    assert in_front.said["user"]["identifiers"]["login"] == ann.login
    assert in_front.said["user"]["name"] == ann.name


async def test_registering_keeps_what_the_device_said(api: Api) -> None:
    visitor = await api.arrive()
    conversation = await api.say(visitor)

    assert await api.sees(await registered(api, login="ann", device_secret=visitor.device_secret)) == [conversation]


async def test_a_taken_login_is_refused(api: Api) -> None:
    await registered(api, login=ann.login)

    again = await api.post("/users", {"app": "acme", "login": ann.login, "password": ben.password})

    refused(again, 409, "identifier_taken", identifier="login")


async def test_an_address_one_registers_with_is_a_login_that_nobody_proved(api: Api) -> None:
    in_front = await registered(api, email="Ann@Example.com")

    user = in_front.said["user"]
    assert user["identifiers"] == {"login": ann.email, "email": None, "phone": None, "external_id": None}
    assert user["claimed"]["email"] == ann.email
    assert (await api.arrive(email=ann.email, password=ann.password)).user_id == in_front.user_id


async def test_squatting_an_address_captures_nothing_of_its_owner(api: Api) -> None:
    squatter = somebody(await api.post("/users", {"app": "acme", "email": ann.email, "password": eve.password}))

    owner = somebody(await api.as_app("POST", "/app/sessions", {"identifiers": {"email": ann.email}}))

    assert owner.user_id != squatter.user_id
    signed_in = await api.post("/sessions", {"app": "acme", "email": ann.email, "password": eve.password})
    refused(signed_in, 401, "invalid_credentials")


async def test_an_address_somebody_proved_cannot_be_registered(api: Api) -> None:
    await api.as_app("PUT", "/app/users", {"identifiers": {"email": ann.email}})

    refused(
        await api.post("/users", {"app": "acme", "email": ann.email, "password": eve.password}),
        409,
        "identifier_taken",
        identifier="email",
    )


@pytest.mark.parametrize("password", ["", "short", "password123", "aaaaaaaaaaaa", "x" * 1025])
async def test_a_bad_password_is_refused_with_the_reason(api: Api, password: str) -> None:
    answer = await api.post("/users", {"app": "acme", "login": "ann", "password": password})
    refused(answer, 400, "unacceptable", field="password")


async def test_the_policy_may_let_nobody_register(api: Api, core: Core, acme: Cast) -> None:
    await apps.change_policy(core, acme.app, {"registers_on_login": False})
    answer = await api.post("/users", {"app": "acme", "login": "ann", "password": ann.password})
    refused(answer, 401, "invalid_credentials")


@pytest.mark.parametrize("body", [{}, {"login": "ann", "email": "ann@example.com"}])
async def test_one_name_is_needed_and_only_one(api: Api, body: dict[str, str]) -> None:
    answer = await api.post("/users", {"app": "acme", "password": ann.password, **body})
    refused(answer, 400, "unacceptable", field="login")


async def test_one_changes_ones_profile_and_null_is_not_absent(api: Api) -> None:
    in_front = await api.vouched("ann-1", name=ann.name, phone=ann.phone)

    changed = (await api.ask("PATCH", "/user", {"avatar_url": "https://acme.example/a.png"}, by=in_front)).json()
    assert (changed["name"], changed["phone"]) == (ann.name, ann.phone)

    emptied = (await api.ask("PATCH", "/user", {"phone": None}, by=in_front)).json()
    assert (emptied["name"], emptied["phone"], emptied["avatar_url"]) == (ann.name, None, "https://acme.example/a.png")
    assert (await api.get("/user", in_front)).json() == emptied


async def test_what_one_says_of_oneself_vouches_for_nothing(api: Api) -> None:
    in_front = await api.vouched("ann-1", custom={"plan": "gold"})

    user = (await api.ask("PATCH", "/user", {"custom": {"plan": "platinum"}}, by=in_front)).json()

    assert user["custom"] == {"plan": "gold"}
    assert user["claimed"]["custom"] == {"plan": "platinum"}


@pytest.mark.parametrize(
    "field",
    ["id", "is_verified", "standing", "tags", "identifiers", "claimed", "email", "created_at", "is_guest", "app_id"],
)
async def test_nobody_makes_themselves_more_than_they_are(api: Api, field: str) -> None:
    in_front = await api.vouched("ann-1")
    refused(await api.ask("PATCH", "/user", {field: None}, by=in_front), 400, "unacceptable", field=field)


async def test_an_unverified_visitor_has_no_profile_of_their_own(api: Api) -> None:
    visitor = await api.arrive()
    refused(await api.get("/user", visitor), 409, "needs_user")
    refused(await api.ask("PATCH", "/user", {"name": "Acme Support"}, by=visitor), 409, "needs_user")
    await api.say(visitor)
    refused(await api.ask("PATCH", "/user", {"name": "Acme Support"}, by=visitor), 403, "not_allowed")


async def test_a_guest_may_take_another_name(api: Api) -> None:
    guest = await api.arrive(guest={"name": "Ann"})
    assert (await api.ask("PATCH", "/user", {"name": "Annie"}, by=guest)).json()["name"] == "Annie"


async def test_changing_the_password_needs_the_old_one_and_ends_the_other_sessions(api: Api) -> None:
    here = await registered(api, login=ann.login)
    there = await api.arrive(login=ann.login, password=ann.password)
    wrong = {"old_password": ben.password, "new_password": "a goat in the snow"}
    right = {"old_password": ann.password, "new_password": "a goat in the snow"}

    refused(await api.post("/user/password", wrong, here), 401, "invalid_credentials")
    assert (await api.post("/user/password", right, here)).status_code == 204

    assert (await api.get("/session", here)).status_code == 200
    refused(await api.get("/session", there), 401, "session_ended")
    assert (await api.arrive(login=ann.login, password="a goat in the snow")).token
    old = await api.post("/sessions", {"app": "acme", "login": ann.login, "password": ann.password})
    refused(old, 401, "invalid_credentials")


async def test_a_new_password_follows_the_rules(api: Api) -> None:
    here = await registered(api, login=ann.login)
    answer = await api.post("/user/password", {"old_password": ann.password, "new_password": "12345678"}, here)
    refused(answer, 400, "unacceptable", field="new_password")


async def test_deleting_oneself_frees_the_name_and_erases_the_words(api: Api) -> None:
    here = await registered(api, login=ann.login)
    conversation = await api.say(here, "my address is …")

    assert (await api.ask("DELETE", "/user", by=here)).status_code == 204

    refused(await api.get("/session", here), 401, "session_ended")
    history = (await api.as_app("GET", f"/app/conversations/{conversation}/messages")).json()["items"]
    assert [it["text"] for it in history] == [""]
    assert history[0]["deleted_at"] is not None
    again = await registered(api, login=ann.login)
    assert again.user_id != here.user_id
    assert await api.sees(again) == []
