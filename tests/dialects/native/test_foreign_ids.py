"""Every id in every path, asked for by whoever has no business with it. Walked from the declarations."""

from __future__ import annotations

from typing import Any

import pytest

from acquaint.dialects.native.callers import ADMIN_KEY, USER_KEY, VISITOR
from tests.cast import Cast, kiosk
from tests.dialects.native.asking import Api, Somebody
from tests.dialects.native.world import EVERY, World

OF_VISITORS = [name for name, it in EVERY.items() if it.caller is VISITOR and it.path_parameters]
OF_APPS = [name for name, it in EVERY.items() if it.caller in (USER_KEY, ADMIN_KEY) and it.path_parameters]


async def strangers(api: Api, globex: Cast) -> dict[str, Somebody]:
    """Everybody who must not see what is Ann's."""
    anonymous = await api.arrive(device_secret=kiosk)
    await api.say(anonymous)
    claimed = await api.arrive()
    await api.ask("PATCH", "/session/claims", {"name": "Ann Archer", "email": "ann@example.com"}, by=claimed)
    elsewhere = Api(api.client, globex.api_key)
    return {
        "another user": await api.vouched("eve-1"),
        "nobody yet": await api.arrive(),
        "another device": anonymous,
        "somebody who claims to be Ann": claimed,
        "a guest": await api.arrive(guest={"name": "Ann Archer"}),
        "Ann in another workspace": await api.vouched("ann-1", workspace="blog"),
        "Ann of another App": await elsewhere.vouched("ann-1"),
    }


async def told_of_ann(world: World) -> list[Any]:
    """What Ann and her App see: nothing that strangers do may change it."""
    conversation = world.names["conversation"]
    answers = [
        await world.api.get(f"/conversations/{conversation}", world.ann),
        await world.api.get(f"/conversations/{conversation}/messages", world.ann),
        await world.api.as_app("GET", f"/app/users/{world.ann.user_id}"),
        await world.api.as_app("GET", f"/app/conversations/{conversation}"),
        await world.api.as_app("GET", "/app/keys"),
        await world.api.as_app("GET", "/app/secrets"),
    ]
    sessions = await world.api.as_app("GET", f"/app/users/{world.ann.user_id}/sessions")
    return [*[it.json() for it in answers], {it["id"] for it in sessions.json()["items"]}]


@pytest.mark.parametrize("call", OF_VISITORS)
async def test_a_stranger_is_told_that_nothing_is_there(world: World, globex: Cast, call: str) -> None:
    it, api = EVERY[call], world.api
    everybody = await strangers(api, globex)
    before = await told_of_ann(world)

    for who, stranger in everybody.items():
        if who == "Ann in another workspace" and it.path.startswith("/sessions"):
            continue  # her sessions are hers in every workspace
        foreign = await api.ask(it.method, world.path(it), by=stranger, **world.sendable(it))
        absent = await api.ask(
            it.method, world.path(it, **dict.fromkeys(it.path_parameters, "1")), by=stranger, **world.sendable(it)
        )
        assert foreign.status_code == absent.status_code, who
        assert foreign.json()["code"] in ("not_found", "needs_user"), (who, foreign.text)
        assert foreign.content == absent.content, who

    assert await told_of_ann(world) == before


@pytest.mark.parametrize("call", OF_APPS)
async def test_another_app_is_told_that_nothing_is_there(world: World, globex: Cast, call: str) -> None:
    it, api = EVERY[call], world.api
    before = await told_of_ann(world)

    foreign = await api.ask(it.method, world.path(it), by=globex.api_key, **world.sendable(it))

    assert foreign.status_code == 404, foreign.text
    assert await told_of_ann(world) == before


async def test_ids_in_bodies_and_queries_open_nothing_either(world: World, globex: Cast) -> None:
    api, ann = world.api, world.ann
    elsewhere = Api(api.client, globex.api_key)
    stranger = await elsewhere.vouched("eve-1")
    own = await elsewhere.say(stranger)
    foreign_message = {"up_to": world.names["message"]}
    theirs = f"/conversations/{world.names['conversation']}/visibility"

    for answer in (
        await api.post("/conversations", {"kind": "group", "users": [ann.user_id]}, stranger),
        await api.post(f"/conversations/{own}/read", foreign_message, stranger),
        await elsewhere.as_app("GET", f"/conversations/{own}/visibility?session={ann.session_id}"),
        await elsewhere.as_app("GET", f"{theirs}?session={stranger.session_id}"),
    ):
        assert answer.status_code == 404, answer.text
    trail = await elsewhere.as_app("GET", f"/app/events?user={ann.user_id}")
    assert trail.json()["items"] == []


async def test_lists_hold_nothing_of_others(world: World, globex: Cast) -> None:
    api = world.api
    for who, stranger in (await strangers(api, globex)).items():
        seen = await api.get("/conversations", stranger)
        assert world.names["conversation"] not in seen.text, who
        if who != "Ann in another workspace":
            assert world.ann.session_id not in (await api.get("/sessions", stranger)).text, who
    elsewhere = Api(api.client, globex.api_key)
    for path in ("/app/users", "/app/conversations", "/app/events", "/app/keys", "/app/secrets"):
        answer = await elsewhere.as_app("GET", path)
        assert not [id for id in world.names.values() if f'"{id}"' in answer.text], path
