"""What the App's server does with its users."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.cast import ann, ben, eve
from tests.dialects.native.asking import Api, refused, somebody


async def put(api: Api, **body: object) -> dict[str, object]:
    answer = await api.as_app("PUT", "/app/users", body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_user_is_made_and_then_brought_up_to_date(api: Api) -> None:
    first = await put(api, identifiers={"external_id": "42"}, name=ann.name, custom={"plan": "gold"}, tags=["vip"])
    second = await put(api, identifiers={"external_id": "42", "email": ann.email}, avatar_url=None)

    assert (first["is_new"], second["is_new"]) == (True, False)
    user = second["user"]
    assert isinstance(user, dict)
    assert (user["name"], user["custom"], user["tags"]) == (ann.name, {"plan": "gold"}, ["vip"])
    assert user["identifiers"] == {"login": None, "email": ann.email, "phone": None, "external_id": "42"}
    assert user["is_verified"]


async def test_an_identifier_of_somebody_else_is_refused(api: Api) -> None:
    await put(api, identifiers={"email": ben.email})
    await put(api, identifiers={"external_id": "42"})

    answer = await api.as_app("PUT", "/app/users", {"identifiers": {"external_id": "42", "email": ben.email}})

    refused(answer, 409, "identifier_taken", identifier="email")


async def test_giving_a_name_to_whoever_registered_leaves_them_nothing_they_chose(api: Api) -> None:
    squatter = somebody(await api.post("/users", {"app": "acme", "login": ann.login, "password": eve.password}))
    await put(api, identifiers={"login": ann.login}, custom={"plan": "gold"})
    assert (await api.get("/session", squatter)).status_code == 200

    user = (await put(api, identifiers={"login": ann.login, "email": ann.email}))["user"]

    assert isinstance(user, dict)
    assert user["id"] == squatter.user_id
    refused(await api.get("/session", squatter), 401, "session_ended")
    for name in ({"login": ann.login}, {"email": ann.email}):
        answer = await api.post("/sessions", {"app": "acme", **name, "password": eve.password})
        refused(answer, 401, "invalid_credentials")


@pytest.mark.parametrize(
    ("identifiers", "field"),
    [
        ({}, "identifiers"),
        ({"email": "not an address"}, "email"),
        ({"phone": "letters"}, "phone"),
        ({"id": "1"}, "identifiers.id"),
    ],
)
async def test_identifiers_must_be_of_their_kind(api: Api, identifiers: dict[str, str], field: str) -> None:
    refused(await api.as_app("PUT", "/app/users", {"identifiers": identifiers}), 400, "unacceptable", field=field)


async def test_a_user_is_found_by_each_of_their_identifiers(api: Api) -> None:
    names = {"external_id": "42", "email": ann.email, "login": ann.login, "phone": ann.phone}
    user = (await put(api, identifiers=names))["user"]

    for kind, value in names.items():
        found = await api.as_app("GET", "/app/users/lookup", params={kind: value})
        assert found.json() == user
    refused(await api.as_app("GET", "/app/users/lookup", params={"login": "eve"}), 404, "not_found", what="user")


@pytest.mark.parametrize("query", ["", "?login=ann&email=ann@example.com", "?nickname=ann", "?login=a&login=b"])
async def test_a_look_up_names_one_identifier(api: Api, query: str) -> None:
    refused(await api.as_app("GET", f"/app/users/lookup{query}"), 400, "unacceptable")


async def test_users_are_listed_newest_first(api: Api) -> None:
    made = [(await put(api, identifiers={"external_id": str(it)}))["user"] for it in range(5)]

    first = (await api.as_app("GET", "/app/users?limit=3")).json()
    rest = (await api.as_app("GET", f"/app/users?limit=3&after={first['next']}")).json()

    assert first["items"] + rest["items"] == list(reversed(made))


async def test_a_change_keeps_what_it_does_not_mention(api: Api) -> None:
    user = (await put(api, identifiers={"external_id": "42"}, name=ann.name, custom={"plan": "gold"}))["user"]
    assert isinstance(user, dict)
    path = f"/app/users/{user['id']}"

    changed = (await api.as_app("PATCH", path, {"tags": ["vip"], "name": None})).json()

    assert (changed["name"], changed["custom"], changed["tags"]) == (None, {"plan": "gold"}, ["vip"])
    assert (await api.as_app("GET", path)).json() == changed


async def test_identifiers_are_replaced_and_the_old_ones_are_free(api: Api) -> None:
    user = (await put(api, identifiers={"external_id": "42", "email": ann.email}))["user"]
    assert isinstance(user, dict)

    renamed = (await api.as_app("PUT", f"/app/users/{user['id']}/identifiers", {"external_id": "43"})).json()

    assert renamed["identifiers"] == {"login": None, "email": None, "phone": None, "external_id": "43"}
    assert (await put(api, identifiers={"email": ann.email}))["is_new"]


async def test_a_banned_user_is_out_at_once_and_may_come_back(api: Api) -> None:
    in_front = await api.vouched("ann-1")
    path = f"/app/users/{in_front.user_id}/ban"

    assert (await api.as_app("PUT", path)).json()["standing"] == "banned"
    assert (await api.as_app("PUT", path)).status_code == 200
    refused(await api.get("/session", in_front), 401, "session_ended")
    again = await api.as_app("POST", "/app/sessions", {"identifiers": {"external_id": "ann-1"}})
    refused(again, 403, "user_banned")

    assert (await api.as_app("DELETE", path)).json()["standing"] == "active"
    refused(await api.get("/session", in_front), 401, "session_ended")
    assert (await api.vouched("ann-1")).token


async def test_a_password_is_set_without_the_old_one(api: Api) -> None:
    body = {"app": "acme", "login": ann.login, "password": ann.password}
    in_front = somebody(await api.post("/users", body))
    path = f"/app/users/{in_front.user_id}/password"

    assert (await api.as_app("PUT", path, {"password": "a goat in the snow"})).status_code == 204
    refused(await api.get("/session", in_front), 401, "session_ended")  # whoever registered may have been anybody
    in_front = await api.arrive(login=ann.login, password="a goat in the snow")
    assert (await api.as_app("PUT", path, {"password": "a goat in the snow"})).status_code == 204
    assert (await api.get("/session", in_front)).status_code == 200
    assert (await api.as_app("PUT", path, {"password": "a cat on the roof", "ends_sessions": True})).status_code == 204

    refused(await api.get("/session", in_front), 401, "session_ended")
    assert (await api.arrive(login=ann.login, password="a cat on the roof")).token
    refused(await api.as_app("PUT", path, {"password": "password"}), 400, "unacceptable", field="password")


async def test_deleting_a_user_ends_what_is_open_and_frees_the_name(api: Api) -> None:
    in_front = await api.vouched("ann-1")

    assert (await api.as_app("DELETE", f"/app/users/{in_front.user_id}")).status_code == 204

    refused(await api.get("/session", in_front), 401, "session_ended")
    refused(await api.as_app("GET", f"/app/users/{in_front.user_id}"), 404, "not_found", what="user")
    assert (await api.vouched("ann-1")).said["is_new_user"]


@pytest.mark.parametrize(
    "body",
    [
        {"avatar_url": "javascript:alert(1)"},
        {"tags": ["x" * 65]},
        {"custom": None},
        {"custom": []},
        {"standing": "active"},
    ],
)
async def test_a_change_that_breaks_a_rule_changes_nothing(api: Api, body: dict[str, object]) -> None:
    in_front = await api.vouched("ann-1", name=ann.name)
    path = f"/app/users/{in_front.user_id}"
    before = (await api.as_app("GET", path)).json()

    refused(await api.as_app("PATCH", path, {"name": "Eve", **body}), 400, "unacceptable")

    assert (await api.as_app("GET", path)).json() == before


async def test_users_are_searched_page_by_page_newest_first(api: Api) -> None:
    for number in range(3):
        await put(api, identifiers={"login": f"ann{number}"}, name=ann.name, tags=["vip"])
    await put(api, identifiers={"login": ben.login, "email": ben.email}, name=ben.name, tags=["vip"])

    async def logins(**search: str) -> list[str]:
        answer = await api.as_app("GET", f"/app/users?{urlencode(search)}")
        assert answer.status_code == 200, answer.text
        return [it["identifiers"]["login"] for it in answer.json()["items"]]

    assert await logins(name=ann.name.upper()) == ["ann2", "ann1", "ann0"]
    assert await logins(name_starts_with="ben") == [ben.login]
    assert await logins(tag="vip", email=ben.email) == [ben.login]
    assert await logins(tag="vip", login="ann1") == ["ann1"]
    assert await logins(external_id="nobody") == []
    assert await logins(created_since="2020-01-01T00:00:00Z", limit="1") == [ben.login]
    assert await logins(created_since="2099-01-01T00:00:00+01:00") == []
    assert await logins(seen_since="2020-01-01T00:00:00Z") == []

    first = (await api.as_app("GET", "/app/users?tag=vip&limit=3")).json()
    rest = (await api.as_app("GET", f"/app/users?tag=vip&limit=3&after={first['next']}")).json()
    assert [it["identifiers"]["login"] for it in first["items"] + rest["items"]] == [ben.login, "ann2", "ann1", "ann0"]
    assert rest["next"] is None


async def test_what_somebody_claims_finds_them_until_it_is_proved_to_be_anothers(api: Api) -> None:
    await api.post("/users", {"app": "acme", "email": ann.email, "password": eve.password})
    claimed = (await api.as_app("GET", f"/app/users?email={ann.email}")).json()["items"]
    assert [it["identifiers"]["email"] for it in claimed] == [None]
    await put(api, identifiers={"external_id": "42", "email": ann.email})
    proven = (await api.as_app("GET", f"/app/users?email={ann.email}")).json()["items"]
    assert [it["identifiers"]["external_id"] for it in proven] == ["42"]


@pytest.mark.parametrize(
    ("search", "field"),
    [
        ("seen_since=yesterday-at-noon", "seen_since"),
        ("seen_since=2026-01-01T00:00:00", "seen_since"),
        ("tag=", "tag"),
        ("name_starts_with=", "name_starts_with"),
        ("phone=letters&password_hash=x", "password_hash"),
        ("name=a&name=b", "name"),
    ],
)
async def test_a_search_for_what_cannot_be_is_refused(api: Api, search: str, field: str) -> None:
    refused(await api.as_app("GET", f"/app/users?{search}"), 400, "unacceptable", field=field)
