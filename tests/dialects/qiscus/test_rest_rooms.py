"""Rooms and comments over the App's server's door."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.cast import Cast
from tests.dialects.qiscus.asking import Asking
from tests.dialects.qiscus.chatting import Chatting
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases


@pytest.fixture
def chatting(client: httpx2.AsyncClient, acme: Cast) -> Chatting:
    return Chatting(Asking(client, acme))


@on_both_databases
async def test_the_server_sets_up_a_group_and_speaks_for_its_users(chatting: Chatting) -> None:
    ann, ben = await chatting.comes("ann"), await chatting.comes("ben")
    made = await chatting.server("POST", "create_room", room_name="Boats", creator="ann", participants=["ben", "ann"])
    room = made["room"]
    assert (room["room_type"], room["room_name"], room["room_options"]) == ("group", "Boats", "{}")
    posted = await chatting.server("POST", "post_comment", user_id="ben", room_id=room["room_id"], message="hello")
    assert (posted["comment"]["message"], posted["comment"]["user"]["user_id"]) == ("hello", "ben")
    assert await ann.reads(int(room["room_id"])) == ["hello"]
    by_name = {"user_id": "ann", "room_id": room["room_channel_id"], "message": "by its unique id"}
    await chatting.server("POST", "post_comment", **by_name)
    assert await ben.reads(int(room["room_id"])) == ["by its unique id", "hello"]
    loaded = await chatting.server("GET", "load_comments", room_id=room["room_id"], limit=1, page=2)
    assert [it["message"] for it in loaded["comments"]] == ["hello"]
    counts = await chatting.server("GET", "get_unread_count", user_id="ann", **{"room_ids[]": room["room_id"]})
    assert counts == {"unread_counts": [{"room_id": room["room_id"], "unread_count": 1}]}
    users = await chatting.server("GET", "get_user_unread_count", **{"user_ids[]": ["ann", "ben"]})
    assert [it["unread_count"] for it in users["user_unread_count"]] == [1, 1]


async def test_nobody_is_spoken_for_in_a_room_they_are_not_in(chatting: Chatting) -> None:
    for id in ("ann", "ben", "eve"):
        await chatting.comes(id)
    room = (await chatting.server("POST", "create_room", room_name="Boats", creator="ann", participants=["ben"]))[
        "room"
    ]
    body = {"user_id": "eve", "room_id": room["room_id"], "message": "hello"}
    answer = await chatting.asking.rest("POST", "post_comment", json=body)
    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "room not found")


@on_both_databases
async def test_two_users_have_the_room_that_they_have(chatting: Chatting) -> None:
    ann, _ = await chatting.comes("ann"), await chatting.comes("ben")
    first = await chatting.server("POST", "get_or_create_room_with_target", user_ids=["ben", "ann"])
    again = await chatting.server("GET", "get_or_create_room_with_target", **{"user_ids[]": ["ann", "ben"]})
    assert first["room"]["room_id"] == again["room"]["room_id"] == str(await ann.room_with("ben"))
    assert (first["room"]["room_type"], first["room"]["room_name"]) == ("single", "")
    for wrong in (["ann"], ["ann", "ann"], ["ann", "ben", "ann"], []):
        answer = await chatting.asking.rest("POST", "get_or_create_room_with_target", json={"user_ids": wrong})
        assert answer.status_code == (200 if len(set(wrong)) == 2 else 400)


async def test_participants_are_brought_in_and_taken_out(chatting: Chatting) -> None:
    ann, ben = await chatting.comes("ann"), await chatting.comes("ben")
    room = (await chatting.server("POST", "create_room", room_name="Boats", creator="ann", participants=["ann"]))[
        "room"
    ]
    id = room["room_id"]
    added = await chatting.server("POST", "add_room_participants", room_id=id, user_ids=["ben", "ann"])
    assert [it["user_id"] for it in added["participants_added"]] == ["ben"]
    listed = await chatting.server("GET", "get_room_participants", room_id=id, limit=1, page=2)
    assert [it["user_id"] for it in listed["participants"]] == ["ben"]
    removed = await chatting.server("POST", "remove_room_participants", room_id=id, user_ids=["ann"])
    assert [it["user_id"] for it in removed["participants_removed"]] == ["ann"]
    assert (await ann.get("get_room_by_id", id=id)).status_code == 404
    assert (await ben.get("get_room_by_id", id=id)).status_code == 200


async def test_rooms_are_looked_up_listed_and_changed(chatting: Chatting) -> None:
    ann, _ = await chatting.comes("ann"), await chatting.comes("ben")
    direct = await ann.room_with("ben")
    group = (await chatting.server("POST", "create_room", room_name="Boats", creator="ann", participants=["ben"]))[
        "room"
    ]
    both = {"room_ids[]": [str(direct), "404", "x"], "room_channel_ids[]": group["room_channel_id"]}
    assert [it["room_id"] for it in (await chatting.server("GET", "get_rooms_info", **both))["rooms"]] == [
        str(direct),
        group["room_id"],
    ]
    listed = await chatting.server("GET", "get_user_rooms", user_id="ben", room_type="group")
    assert (listed["meta"], listed["rooms"]) == ({"current_page": 1, "total_room": 1}, [group])
    assert (await chatting.server("GET", "get_user_rooms", user_id="ben"))["meta"]["total_room"] == 2
    changed = await chatting.server("POST", "update_room", room_id=group["room_id"], room_name="Oars")
    assert changed == {"changed": True, "room": group | {"room_name": "Oars"}}
    wrong = await chatting.asking.rest("POST", "update_room", json={"room_id": str(direct), "room_name": "Ours"})
    assert wrong.status_code == 400


async def test_the_system_says_what_happened(chatting: Chatting) -> None:
    ann, _, _ = [await chatting.comes(it) for it in ("ann", "ben", "eve")]
    room = (await chatting.server("POST", "create_room", room_name="Boats", creator="ann", participants=["ben"]))[
        "room"
    ]
    event: dict[str, Any] = {"room_id": room["room_id"], "subject_user_id": "ann"}
    added = event | {"system_event_type": "add_member", "object_user_id": ["ben", "eve"]}
    last = (await chatting.server("POST", "post_system_event_message", **added))["comment"]
    assert last["type"] == "system_event"
    assert last["payload"] == {
        "type": "add_member",
        "subject_email": "ann",
        "subject_username": "Ann",
        "object_email": "eve",
        "object_username": "Eve",
        "room_name": "Boats",
    }
    custom = {"system_event_type": "custom", "message": "Admin is set", "payload": {"type": "add_admin"}}
    await chatting.server("POST", "post_system_event_message", room_id=room["room_id"], **custom)
    found = (await ann.gets("load_comments", topic_id=room["room_id"]))["comments"]
    assert [it["message"] for it in found] == ["Admin is set", "Ann added Eve", "Ann added Ben"]
    assert found[0]["payload"] == {"type": "custom", "payload": {"type": "add_admin"}}
    assert [(it["email"], it["username"]) for it in found] == [("", "Acme")] * 3
    for wrong in ({"system_event_type": "explosion"}, {"system_event_type": "add_member"}, {}):
        answer = await chatting.asking.rest("POST", "post_system_event_message", json=event | wrong)
        assert answer.status_code == 400


@on_both_databases
async def test_a_name_that_a_client_took_is_the_apps_as_soon_as_it_says_so(chatting: Chatting) -> None:
    eve, ann = await chatting.comes("eve"), await chatting.comes("ann")
    taken = (await eve.posts("get_or_create_room_with_unique_id", unique_id="order-77", name="Eve's"))["room"]
    assert (await eve.post("update_room", id=taken["id"], room_name="Mine")).status_code == 200
    opened = await chatting.server("POST", "get_or_create_channel", unique_id="order-77", participants=["ann"])
    assert (opened["changed"], opened["room"]["room_id"]) == (False, str(taken["id"]))
    assert (await eve.post("update_room", id=taken["id"], room_name="Mine again")).status_code == 403
    assert (await ann.post("update_room", id=taken["id"], room_name="Order 77")).status_code == 200
    await chatting.server("POST", "get_or_create_channel", unique_id="order-77", participants=["eve"])
    assert (await ann.post("update_room", id=taken["id"], room_name="Still Ann's")).status_code == 200


async def test_a_channel_of_the_apps_belongs_to_the_first_it_names(chatting: Chatting) -> None:
    ann, ben = await chatting.comes("ann"), await chatting.comes("ben")
    opened = await chatting.server("GET", "get_or_create_channel", unique_id="news", **{"participants[]": ["ann"]})
    assert (opened["changed"], opened["room"]["room_name"]) == (True, "news")
    joined = (await ben.posts("get_or_create_room_with_unique_id", unique_id="news"))["room"]
    assert str(joined["id"]) == opened["room"]["room_id"]
    assert (await ben.post("update_room", id=joined["id"], room_name="Mine")).status_code == 403
    assert (await ann.post("update_room", id=joined["id"], room_name="News")).status_code == 200
    empty = await chatting.asking.rest("POST", "get_or_create_channel", json={"unique_id": "nobody"})
    assert empty.status_code == 400


async def test_a_range_of_comments_has_both_its_ends(chatting: Chatting) -> None:
    ann, _ = await chatting.comes("ann"), await chatting.comes("ben")
    room = await ann.room_with("ben")
    said = [await ann.says(room, text) for text in ("one", "two", "three", "four")]
    asked = {"room_id": room, "first_comment_id": said[1]["id"], "last_comment_id": said[2]["id"]}
    found = (await chatting.server("GET", "load_comments_with_range", **asked))["comments"]
    assert [it["message"] for it in found] == ["three", "two"]


@on_both_databases
async def test_who_has_unread_comments_of_some_time(chatting: Chatting, clock: SetClock) -> None:
    ann, _, eve = [await chatting.comes(it) for it in ("ann", "ben", "eve")]
    pair, group = await ann.room_with("ben"), (await ann.posts("create_room", name="B", participants=["eve"]))["room"]

    async def unread(**asked: Any) -> list[str]:
        return list((await chatting.server("GET", "get_unread_users", **asked))["user_ids"])

    def at(hours: int) -> str:
        return (clock() + timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M:%S")

    assert await unread() == []
    await ann.says(pair, "hello")
    clock.forward(hours=2)
    said = await ann.says(group["id"], "hello, too")
    assert await unread() == ["ben", "eve"], "who said it has nothing to read"
    assert (await unread(page=2, limit=1), await unread(page=3, limit=1)) == (["eve"], [])
    assert await unread(start_time=at(-1)) == ["eve"]
    assert await unread(end_time=at(-1)) == ["ben"]
    assert await unread(start_time=at(1)) == []
    await eve.posts("update_comment_status", room_id=group["id"], last_comment_read_id=said["id"])
    assert await unread() == ["ben"]
    for wrong in ("2026-01-01", "yesterday", "2026-13-01 00:00:00", "0000-00-00 00:00:00"):
        assert (await chatting.asking.rest("GET", "get_unread_users", params={"start_time": wrong})).status_code == 400
