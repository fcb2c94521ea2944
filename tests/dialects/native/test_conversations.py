"""What visitors see and say."""

from __future__ import annotations

import pytest

from tests.cast import ann, ben, kiosk, laptop
from tests.dialects.native.asking import Api, refused
from tests.support.clock import SetClock


async def test_the_first_conversation_makes_its_user(api: Api) -> None:
    visitor = await api.arrive()

    started = (await api.post("/conversations", {"message": {"text": "Hello"}, "title": "Order 4711"}, visitor)).json()

    assert started["kind"] == "support"
    assert started["title"] == "Order 4711"
    assert started["last_message"]["text"] == "Hello"
    assert started["member_count"] == len(started["members"]) == 1
    assert (await api.get("/session", visitor)).json()["user"]["id"] == started["members"][0]["user"]["id"]


async def test_a_conversation_may_begin_in_silence(api: Api) -> None:
    started = (await api.post("/conversations", {}, await api.arrive())).json()
    assert started["last_message"] is None


async def test_two_users_have_one_direct_conversation(api: Api) -> None:
    ann_, ben_ = await api.vouched("ann-1", name=ann.name), await api.vouched("ben-1", name=ben.name)

    first = (await api.post("/conversations", {"kind": "direct", "users": [ben_.user_id]}, ann_)).json()
    second = (await api.post("/conversations", {"kind": "direct", "users": [ann_.user_id]}, ben_)).json()

    assert first["id"] == second["id"]
    assert {it["user"]["name"] for it in first["members"]} == {ann.name, ben.name}


async def test_others_see_of_a_user_no_more_than_their_face(api: Api) -> None:
    ann_ = await api.vouched("ann-1", name=ann.name, phone=ann.phone, custom={"plan": "gold"}, tags=["vip"])
    ben_ = await api.vouched("ben-1")
    await api.post("/conversations", {"kind": "direct", "users": [ann_.user_id]}, ben_)

    [seen] = (await api.get("/conversations", ben_)).json()["items"]

    faces = {it["user"]["id"]: it["user"] for it in seen["members"]}
    assert faces[str(ann_.user_id)] == {"id": ann_.user_id, "name": ann.name, "avatar_url": None}


async def test_only_a_verified_session_brings_in_others_and_only_verified_ones(api: Api) -> None:
    ann_, visitor = await api.vouched("ann-1"), await api.arrive()
    await api.say(visitor)
    nobody_knows = (await api.get("/session", visitor)).json()["user"]["id"]

    refused(await api.post("/conversations", {"kind": "group", "users": [ann_.user_id]}, visitor), 403, "not_allowed")
    for other in (nobody_knows, "1"):
        answer = await api.post("/conversations", {"kind": "group", "users": [other]}, ann_)
        refused(answer, 404, "not_found", what="user")


@pytest.mark.parametrize("users", [[], ["1", "2"]])
async def test_a_direct_conversation_is_with_one_other(api: Api, users: list[str]) -> None:
    answer = await api.post("/conversations", {"kind": "direct", "users": users}, await api.vouched("ann-1"))
    refused(answer, 400, "unacceptable", field="users")


async def test_history_is_walked_both_ways(api: Api) -> None:
    visitor = await api.arrive()
    conversation = await api.say(visitor, "1")
    for text in "2345":
        await api.post(f"/conversations/{conversation}/messages", {"text": text}, visitor)

    async def walked(order: str) -> list[str]:
        texts, after = [], ""
        while True:
            path = f"/conversations/{conversation}/messages?limit=2&order={order}{after}"
            page = (await api.get(path, visitor)).json()
            texts += [it["text"] for it in page["items"]]
            if page["next"] is None:
                return texts
            after = f"&after={page['next']}"

    assert await walked("oldest") == ["1", "2", "3", "4", "5"]
    assert await walked("newest") == ["5", "4", "3", "2", "1"]


async def test_conversations_are_walked_by_their_latest_message(api: Api, clock: SetClock) -> None:
    visitor = await api.arrive()
    started = []
    for number in range(5):
        clock.forward(seconds=1)
        started.append(await api.say(visitor, str(number)))
    clock.forward(seconds=1)
    await api.post(f"/conversations/{started[0]}/messages", {"text": "again"}, visitor)

    first = (await api.get("/conversations?limit=3", visitor)).json()
    rest = (await api.get(f"/conversations?limit=3&after={first['next']}", visitor)).json()

    assert [it["id"] for it in first["items"] + rest["items"]] == [started[0], *reversed(started[1:])]
    assert rest["next"] is None


async def test_saying_it_again_with_the_same_client_id_says_it_once(api: Api) -> None:
    visitor = await api.arrive()
    conversation = await api.say(visitor)
    said = {"text": "once", "client_id": "b7f1", "payload": {"order": 4711}}

    first, second = [
        (await api.post(f"/conversations/{conversation}/messages", said, visitor)).json() for _ in range(2)
    ]

    assert first == second
    assert first["client_id"] == "b7f1"
    assert first["payload"] == {"order": 4711}


async def test_a_client_id_is_its_senders_own(api: Api) -> None:
    ann_, ben_ = await api.vouched("ann-1"), await api.vouched("ben-1")
    started = await api.post("/conversations", {"kind": "direct", "users": [ben_.user_id]}, ann_)
    path = f"/conversations/{started.json()['id']}/messages"
    await api.post(path, {"text": "hi", "client_id": "mine"}, ann_)

    assert [it["client_id"] for it in (await api.get(path, ben_)).json()["items"]] == [None]
    assert [it["client_id"] for it in (await api.get(path, ann_)).json()["items"]] == ["mine"]


async def test_reading_is_marked_and_never_unmarked(api: Api) -> None:
    ann_, ben_ = await api.vouched("ann-1"), await api.vouched("ben-1")
    started = await api.post("/conversations", {"kind": "direct", "users": [ben_.user_id]}, ann_)
    path = f"/conversations/{started.json()['id']}"
    first, last = [(await api.post(f"{path}/messages", {"text": it}, ann_)).json()["id"] for it in ("one", "two")]
    assert (await api.get(path, ben_)).json()["unread"] == 2

    assert (await api.post(f"{path}/read", {"up_to": last}, ben_)).json() == {"last_read_id": last}
    assert (await api.post(f"{path}/read", {"up_to": first}, ben_)).json() == {"last_read_id": last}

    assert (await api.get(path, ben_)).json()["unread"] == 0
    marks = {it["user"]["id"]: it["last_read_id"] for it in (await api.get(path, ann_)).json()["members"]}
    assert marks[str(ben_.user_id)] == last
    refused(await api.post(f"{path}/read", {"up_to": "1"}, ben_), 404, "not_found", what="message")


async def test_nothing_can_be_said_in_a_closed_conversation(api: Api) -> None:
    visitor = await api.arrive()
    conversation = await api.say(visitor)
    await api.as_app("PATCH", f"/app/conversations/{conversation}", {"is_closed": True})

    answer = await api.post(f"/conversations/{conversation}/messages", {"text": "wait"}, visitor)

    refused(answer, 409, "conversation_closed")
    assert (await api.get(f"/conversations/{conversation}", visitor)).json()["closed_at"] is not None


@pytest.mark.parametrize("text", ["", " \n ", "x" * 20_001])
async def test_what_cannot_be_said_is_refused(api: Api, text: str) -> None:
    visitor = await api.arrive()
    conversation = await api.say(visitor)
    answer = await api.post(f"/conversations/{conversation}/messages", {"text": text}, visitor)
    refused(answer, 400, "unacceptable", field="text")


async def test_a_workspace_is_a_scope_of_its_own(api: Api) -> None:
    shop, blog, none = [await api.vouched("ann-1", **it) for it in ({"workspace": "shop"}, {"workspace": "blog"}, {})]
    conversation = await api.say(shop)

    assert await api.sees(shop) == [conversation]
    assert await api.sees(blog) == await api.sees(none) == []
    refused(await api.get(f"/conversations/{conversation}", blog), 404, "not_found", what="conversation")


async def test_verified_history_is_not_shown_to_the_device_it_was_written_on(api: Api) -> None:
    in_front = await api.vouched("ann-1", device_secret=laptop)
    await api.say(in_front)
    assert await api.sees(await api.arrive(device_secret=laptop)) == []


async def test_a_visitor_elsewhere_sees_nothing(api: Api) -> None:
    await api.say(await api.arrive(device_secret=laptop))
    elsewhere = await api.arrive(device_secret=kiosk)
    assert (await api.get("/conversations", elsewhere)).json() == {"items": [], "next": None}


async def test_a_session_without_a_device_can_start_nothing_as_nobody(api: Api) -> None:
    visitor = await api.arrive(device_secret=kiosk)
    other = await api.arrive(device_secret=kiosk)
    await api.ask("DELETE", "/session", by=other)
    refused(await api.post("/conversations", {}, visitor), 401, "session_ended")
