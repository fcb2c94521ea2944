"""Rooms and who is in them, over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from tests.cast import Cast
from tests.dialects.qiscus.asking import Asking
from tests.dialects.qiscus.chatting import Chatter, Chatting
from tests.support.databases import on_both_databases


@pytest.fixture
def chatting(client: httpx2.AsyncClient, acme: Cast) -> Chatting:
    return Chatting(Asking(client, acme))


async def names_in(who: Chatter, room: int) -> list[str]:
    answer = await who.gets("get_room_by_id", id=room)
    return [it["email"] for it in answer["room"]["participants"]]


@on_both_databases
async def test_two_have_one_room_whoever_begins(chatting: Chatting) -> None:
    ann, ben = await chatting.comes("ann"), await chatting.comes("ben")
    both = await asyncio.gather(
        ann.posts("get_or_create_room_with_target", emails=["ben"]),
        ben.posts("get_or_create_room_with_target", emails=["ann"]),
    )
    assert both[0]["room"]["id"] == both[1]["room"]["id"]
    assert [it["room"]["room_name"] for it in both] == ["Ben", "Ann"]
    assert both[0]["room"]["raw_room_name"] == both[1]["room"]["raw_room_name"]
    assert both[0]["room"]["chat_type"] == "single"
    assert both[0]["comments"] == []


async def test_nobody_has_a_room_with_nobody_or_alone(chatting: Chatting) -> None:
    ann = await chatting.comes("ann")
    nobody = await ann.post("get_or_create_room_with_target", emails="nobody")
    assert (nobody.status_code, nobody.json()["error"]["message"]) == (400, "user not found")
    alone = await ann.post("get_or_create_room_with_target", emails="ann")
    assert (alone.status_code, alone.json()["error"]["message"]) == (400, "emails must be somebody else's")
    assert (await ann.post("get_or_create_room_with_target")).status_code == 400
    assert (await ann.post("get_or_create_room_with_target", emails=["ben", "eve"])).status_code == 400


async def test_a_group_has_everybody_or_is_not_made(chatting: Chatting) -> None:
    ann, ben = await chatting.comes("ann"), await chatting.comes("ben")
    missing = await ann.post("create_room", name="Boats", participants=["ben", "nobody"])
    assert (missing.status_code, missing.json()["error"]["message"]) == (404, "user not found")
    assert (await ben.gets("user_rooms", show_empty=True))["rooms_info"] == []
    room = (await ann.posts("create_room", name="Boats", participants=["ben"], options='{"colour": "red"}'))["room"]
    assert (room["room_name"], room["chat_type"], room["options"]) == ("Boats", "group", '{"colour":"red"}')
    assert await names_in(ben, room["id"]) == ["ann", "ben"]


async def test_lists_are_by_kind_and_show_what_was_said_unless_asked_for_all(chatting: Chatting) -> None:
    ann, ben = await chatting.comes("ann"), await chatting.comes("ben")
    single = await ann.room_with("ben")
    group = (await ann.posts("create_room", name="Boats", participants=["ben"]))["room"]["id"]
    channel = (await ann.posts("get_or_create_room_with_unique_id", unique_id="news"))["room"]["id"]
    await ann.says(single, "hello")

    async def listed(**asked: Any) -> list[int]:
        answer = await ben.gets("user_rooms", **asked)
        assert answer["meta"]["total_room"] == len(answer["rooms_info"])
        return [it["id"] for it in answer["rooms_info"]]

    assert await listed() == [single]
    assert await listed(show_empty="true") == [single, group]
    assert await listed(show_empty="true", room_type="group") == [group]
    assert await listed(show_empty="true", room_type="single") == [single]
    assert await listed(show_empty="true", room_type="public_channel") == []
    await ben.posts("get_or_create_room_with_unique_id", unique_id="news")
    assert await listed(show_empty="true", room_type="all") == [single, channel, group]
    assert (await ben.get("user_rooms", room_type="secret")).status_code == 400
    [room] = (await ben.gets("user_rooms"))["rooms_info"]
    assert (room["last_comment"]["message"], room["unread_count"], room["participants"]) == ("hello", 1, [])
    [room] = (await ben.gets("user_rooms", show_participants="true", limit=1, page=1))["rooms_info"]
    assert [it["email"] for it in room["participants"]] == ["ann", "ben"]
    empty = (await ben.gets("user_rooms", show_empty="true", room_type="group"))["rooms_info"][0]
    assert (empty["last_comment"]["id"], empty["last_comment"]["type"]) == (0, "unknown")


async def test_information_is_about_rooms_one_is_in_by_number_or_by_name(chatting: Chatting) -> None:
    ann, _, eve = [await chatting.comes(it) for it in ("ann", "ben", "eve")]
    group = (await ann.posts("create_room", name="Boats", participants=["ben"]))["room"]
    asked = {"room_id": [str(group["id"]), "x", "1"], "room_unique_id": [group["unique_id"], "nowhere"]}
    found = await ann.posts("rooms_info", **asked)
    assert [it["id"] for it in found["rooms_info"]] == [group["id"]]
    assert found["meta"] == {"request_rooms_total": 5, "response_rooms_total": 1}
    assert (await eve.posts("rooms_info", **asked))["rooms_info"] == []
    assert (await ann.post("rooms_info", room_id=[str(it) for it in range(101)])).status_code == 400


async def test_a_member_changes_how_a_group_looks(chatting: Chatting) -> None:
    ann, ben = await chatting.comes("ann"), await chatting.comes("ben")
    id = (await ann.posts("create_room", name="Boats", participants=["ben"]))["room"]["id"]
    looks = {"room_name": "Oars", "avatar_url": "https://x/oars.png", "options": {"colour": "blue"}}
    changed = await ben.posts("update_room", id=id, **looks)
    assert changed["room"]["avatar_url"] == "https://x/oars.png"
    room = (await ann.gets("get_room_by_id", id=id))["room"]
    assert (room["room_name"], room["avatar_url"], room["options"]) == (
        "Oars",
        "https://x/oars.png",
        '{"colour":"blue"}',
    )
    await ben.posts("update_room", id=id, avatar_url="", options="{}")
    assert (await ann.gets("get_room_by_id", id=id))["room"]["room_name"] == "Oars", "what is not given stays"
    for bad in ({"room_name": "x" * 256}, {"avatar_url": "javascript:alert(1)"}, {"options": "no"}):
        assert (await ben.post("update_room", id=id, **bad)).status_code == 400
    large = {"options": {"x": "y" * 17_000}}
    assert (await ben.post("update_room", id=id, **large)).status_code == 400
    direct = await ann.room_with("ben")
    assert (await ann.post("update_room", id=direct, room_name="Mine")).status_code == 403


async def test_participants_come_and_go(chatting: Chatting) -> None:
    ann, ben, eve, _ = [await chatting.comes(it) for it in ("ann", "ben", "eve", "carol")]
    room = (await ann.posts("create_room", name="Boats", participants=["ben"]))["room"]
    added = await ben.posts("add_room_participants", room_id=room["id"], emails=["carol", "ben"])
    assert [it["email"] for it in added["participants_added"]] == ["carol"]
    assert (await eve.post("add_room_participants", room_id=room["id"], emails=["eve"])).status_code == 404
    assert (await ben.post("add_room_participants", room_id=room["id"], emails=["nobody"])).status_code == 404

    listed = await ben.gets("room_participants", room_unique_id=room["unique_id"], limit=2, page=2)
    assert [it["email"] for it in listed["participants"]] == ["carol"]
    assert listed["meta"] == {"current_offset": 2, "current_page": 2, "per_page": 2, "total": 3}
    latest = await ben.gets("room_participants", room_unique_id=room["unique_id"], sorting="desc", offset=1)
    assert [it["email"] for it in latest["participants"]][-1] == "ann"
    assert (await ben.get("room_participants", room_unique_id="nowhere")).status_code == 404

    assert (await ben.post("remove_room_participants", room_id=room["id"], emails=["carol"])).status_code == 403
    removed = await ann.posts("remove_room_participants", room_id=room["id"], emails=["carol", "eve"])
    assert removed == {"participants_removed": ["carol"]}
    left = await ben.posts("remove_room_participants", room_id=room["id"], emails=["ben"])
    assert left == {"participants_removed": ["ben"]}
    assert (await ben.get("get_room_by_id", id=room["id"])).status_code == 404
    assert await names_in(ann, room["id"]) == ["ann"]


@on_both_databases
async def test_a_channel_is_opened_once_and_come_into_by_its_name(chatting: Chatting) -> None:
    people = [await chatting.comes(it) for it in ("ann", "ben", "eve", "carol")]
    opened = await asyncio.gather(
        *[it.posts("get_or_create_room_with_unique_id", unique_id="news", name="News") for it in people]
    )
    assert len({it["room"]["id"] for it in opened}) == 1
    assert sorted(it["changed"] for it in opened) == [False, False, False, True]
    room = opened[0]["room"]
    assert (room["unique_id"], room["room_name"], room["is_public_channel"]) == ("news", "News", True)
    assert sorted(await names_in(people[0], room["id"])) == ["ann", "ben", "carol", "eve"]
    again = await people[0].posts("get_or_create_room_with_unique_id", unique_id="news", name="Mine")
    assert again["room"]["room_name"] == "News"


@pytest.mark.parametrize("unique_id", ["a/b", "a+b", "#", "two words", "x" * 256, "tab\there"])
async def test_a_channels_name_fits_into_a_topic(chatting: Chatting, unique_id: str) -> None:
    ann = await chatting.comes("ann")
    assert (await ann.post("get_or_create_room_with_unique_id", unique_id=unique_id)).status_code == 400


async def test_a_cleared_room_is_empty_for_oneself(chatting: Chatting) -> None:
    ann, ben = await chatting.comes("ann"), await chatting.comes("ben")
    room = await ann.room_with("ben")
    await ann.says(room, "hello")
    unique_id = (await ben.gets("get_room_by_id", id=room))["room"]["unique_id"]
    cleared = await ben.asks("DELETE", "clear_room_messages", {"room_channel_ids": [unique_id, "nowhere"]})
    assert [it["id"] for it in cleared["rooms"]] == [room]
    assert await ben.reads(room) == []
    assert await ann.reads(room) == ["hello"]
