"""Sessions that the App's server opens and ends for its users."""

from __future__ import annotations

from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast, ann, laptop
from tests.dialects.native.asking import Api, refused, somebody
from tests.support.clock import SetClock


async def test_the_app_vouches_for_a_user_it_names(api: Api, user_key: str) -> None:
    body = {
        "identifiers": {"external_id": "42", "email": ann.email},
        "name": ann.name,
        "phone": ann.phone,
        "custom": {"plan": "gold"},
        "workspace": "shop",
    }
    vouched = somebody(await api.post("/app/sessions", body, user_key))

    assert vouched.device_secret is None
    said = (await api.get("/session", vouched)).json()
    assert said["session"] | {"assurance": "verified", "workspace": "shop", "has_device": False} == said["session"]
    assert said["session"]["expires_at"] == "2026-11-22T12:00:00.000Z"
    assert (said["user"]["name"], said["user"]["phone"]) == (ann.name, ann.phone)
    assert said["user"]["custom"] == {"plan": "gold"}


async def test_with_the_devices_secret_what_was_said_on_it_is_adopted(api: Api) -> None:
    visitor = await api.arrive(device_secret=laptop)
    conversation = await api.say(visitor)

    vouched = await api.vouched("ann-1", device_secret=laptop)

    assert vouched.device_secret == laptop
    assert await api.sees(vouched) == [conversation]


async def test_the_policy_may_have_the_server_make_its_users_first(api: Api, core: Core, acme: Cast) -> None:
    await apps.change_policy(core, acme.app, {"registers_on_token": False})
    refused(
        await api.as_app("POST", "/app/sessions", {"identifiers": {"external_id": "42"}}), 401, "invalid_credentials"
    )
    await api.as_app("PUT", "/app/users", {"identifiers": {"external_id": "42"}})
    assert (await api.vouched("42")).token


async def test_a_users_sessions_are_listed_and_ended_one_by_one_or_all(api: Api, clock: SetClock) -> None:
    first = await api.vouched("ann-1")
    clock.forward(seconds=1)
    second, third = await api.vouched("ann-1"), await api.vouched("ann-1")
    path = f"/app/users/{first.user_id}/sessions"
    assert {it["id"] for it in (await api.as_app("GET", path)).json()["items"]} == {
        first.session_id,
        second.session_id,
        third.session_id,
    }

    assert (await api.as_app("DELETE", f"{path}/{first.session_id}")).status_code == 204
    refused(await api.get("/session", first), 401, "session_ended")
    assert (await api.get("/session", second)).status_code == 200

    assert (await api.as_app("DELETE", path)).json() == {"ended": 2}
    for ended in (second, third):
        refused(await api.get("/session", ended), 401, "session_ended")
    assert (await api.as_app("GET", path)).json() == {"items": []}


async def test_a_session_is_ended_only_as_its_users(api: Api) -> None:
    ann_, ben_ = await api.vouched("ann-1"), await api.vouched("ben-1")
    answer = await api.as_app("DELETE", f"/app/users/{ben_.user_id}/sessions/{ann_.session_id}")
    refused(answer, 404, "not_found", what="session")
    assert (await api.get("/session", ann_)).status_code == 200
