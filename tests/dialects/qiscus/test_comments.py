"""Comments over HTTP: said, read page by page, said differently, deleted, marked."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from tests.cast import Cast
from tests.dialects.qiscus.asking import Asking
from tests.dialects.qiscus.chatting import Chatter, Chatting
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases


@pytest.fixture
def chatting(client: httpx2.AsyncClient, acme: Cast) -> Chatting:
    return Chatting(Asking(client, acme))


async def two(chatting: Chatting) -> tuple[Chatter, Chatter, int]:
    ann, ben = await chatting.comes("ann"), await chatting.comes("ben")
    return ann, ben, await ann.room_with("ben")


@on_both_databases
async def test_posting_again_says_nothing_new(chatting: Chatting) -> None:
    ann, ben, room = await two(chatting)
    said = await asyncio.gather(*[ann.says(room, "hello", unique_temp_id="javascript-1234567890") for _ in range(5)])
    assert len({it["id"] for it in said}) == 1
    assert said[0]["unique_temp_id"] == "javascript-1234567890"
    assert await ben.reads(room) == ["hello"]
    assert (await ben.gets("total_unread_count"))["total_unread_count"] == 1


async def test_ids_are_numbers_and_a_comment_says_what_came_before_it(chatting: Chatting) -> None:
    ann, ben, room = await two(chatting)
    first, second = await ann.says(room, "one"), await ben.says(room, "two")
    assert (first["comment_before_id"], second["comment_before_id"]) == (0, first["id"])
    assert (second["room_id"], second["topic_id_str"], second["room_type"]) == (room, str(room), "single")
    assert (second["email"], second["username"], second["user_id"]) == ("ben", "Ben", ben.number)
    [last] = (await ann.gets("load_comments", topic_id=room, limit=1))["comments"]
    assert (last["id"], last["comment_before_id"]) == (second["id"], first["id"])
    assert first["unix_timestamp"] * 10**9 <= first["unix_nano_timestamp"] < (first["unix_timestamp"] + 1) * 10**9


async def test_history_is_walked_in_both_directions(chatting: Chatting, clock: SetClock) -> None:
    ann, ben, room = await two(chatting)
    said = []
    for text in ("one", "two", "three", "four"):
        clock.forward(minutes=1)
        said.append(await ann.says(room, text))
    assert await ben.reads(room) == ["four", "three", "two", "one"]
    assert await ben.reads(room, limit=2) == ["four", "three"]
    assert await ben.reads(room, limit=2, last_comment_id=said[2]["id"]) == ["two", "one"]
    assert await ben.reads(room, limit=2, last_comment_id=said[0]["id"], after="true") == ["three", "two"]
    assert await ben.reads(room, last_comment_id=0) == ["four", "three", "two", "one"]
    assert await ben.reads(room, timestamp=said[2]["timestamp"]) == ["two", "one"]
    assert await ben.reads(room, timestamp=said[2]["timestamp"], after="true") == ["four", "three"]
    for bad in ({"last_comment_id": "x"}, {"timestamp": "yesterday"}, {"limit": "0"}, {"topic_id": "x"}):
        answer = await ben.get("load_comments", **({"topic_id": room} | bad))
        assert answer.status_code in (400, 404)


async def test_payloads_and_extras_come_back_as_they_were_sent(chatting: Chatting) -> None:
    ann, ben, room = await two(chatting)
    custom = {"type": "promo", "content": {"date": "2026-11-21", "colours": ["red"]}}
    await ann.says(room, "look", type="custom", payload=custom, extras='{"a": {"b": 1}}')
    file = {"url": "https://x/boat.png", "caption": "a boat", "file_name": "boat.png", "size": 1, "pages": 1}
    await ann.says(room, "File attachment", type="file_attachment", payload=file)
    found = (await ben.gets("load_comments", topic_id=room))["comments"]
    assert [(it["type"], it["payload"], it["extras"]) for it in found] == [
        ("file_attachment", file, {}),
        ("custom", custom, {"a": {"b": 1}}),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        {"comment": "  "},
        {"comment": "x" * 20_001},
        {"comment": "hi", "payload": {"x": "y" * 17_000}},
        {"comment": "hi", "extras": {"x": "y" * 17_000}},
        {"comment": "hi", "payload": [1]},
        {"comment": "hi", "payload": "no object"},
        {"comment": "hi", "type": "system_event"},
        {"comment": "hi", "type": "<script>"},
        {"comment": "hi", "type": "file_attachment"},
        {"comment": "hi", "type": "file_attachment", "payload": {"url": "javascript:alert(1)"}},
        {"comment": "hi", "type": "reply"},
        {"comment": "hi", "type": "reply", "payload": {"replied_comment_id": 1}},
        {"comment": "hi", "unique_temp_id": "x" * 256},
        {"comment": {"a": 1}},
    ],
    ids=lambda it: str(it)[:50],
)
async def test_what_is_no_comment_is_refused(chatting: Chatting, bad: dict[str, Any]) -> None:
    ann, _, room = await two(chatting)
    answer = await ann.post("post_comment", topic_id=str(room), **bad)
    assert answer.status_code == 400, answer.text
    assert await ann.reads(room) == []


async def test_a_reply_quotes_what_was_really_said(chatting: Chatting) -> None:
    ann, ben, room = await two(chatting)
    first = await ann.says(room, "I am at home")
    forged = {
        "replied_comment_id": first["id"],
        "replied_comment_message": "I stole it",
        "replied_comment_sender_email": "eve",
        "text": "aha",
    }
    reply = (await ben.says(room, "good", type="reply", payload=forged))["payload"]
    assert reply == {
        "text": "good",
        "replied_comment_id": first["id"],
        "replied_comment_message": "I am at home",
        "replied_comment_type": "text",
        "replied_comment_payload": {},
        "replied_comment_sender_email": "ann",
        "replied_comment_sender_username": "Ann",
    }
    [mended, _] = (await ann.gets("load_comments", topic_id=room))["comments"]
    await ben.posts("update_message", unique_id=mended["unique_temp_id"], comment="very good")
    [mended, _] = (await ann.gets("load_comments", topic_id=room))["comments"]
    assert (mended["message"], mended["payload"]) == ("very good", reply | {"text": "very good"})


async def test_who_wrote_a_comment_says_it_differently(chatting: Chatting) -> None:
    ann, ben, room = await two(chatting)
    said = await ann.says(room, "helo", extras={"a": 1}, unique_temp_id="android_1234567890_abc")
    edited = await ann.posts("update_message", unique_id=said["unique_temp_id"], comment="hello")
    assert (edited["comment"]["id"], edited["comment"]["extras"]) == (said["id"], {"a": 1})
    assert await ben.reads(room) == ["hello"]
    his = await ben.post("update_message", unique_id=said["unique_temp_id"], comment="mine")
    assert (his.status_code, his.json()["error"]["message"]) == (403, "not allowed")
    gone = await ann.post("update_message", unique_id="never said anything", comment="x")
    assert (gone.status_code, gone.json()["error"]["message"]) == (404, "comment not found")


async def test_comments_are_deleted_for_everybody_or_for_oneself(chatting: Chatting) -> None:
    ann, ben, room = await two(chatting)
    hers, his = await ann.says(room, "hers"), await ben.says(room, "his")
    refused = await ann.ask("DELETE", "delete_messages", {"unique_ids": [his["unique_temp_id"]]})
    assert refused.status_code == 403
    only_her = {"unique_ids": [his["unique_temp_id"]], "is_delete_for_everyone": False}
    await ann.asks("DELETE", "delete_messages", only_her)
    assert (await ann.reads(room), await ben.reads(room)) == (["hers"], ["his", "hers"])
    both = {"unique_ids[]": [hers["unique_temp_id"], his["unique_temp_id"]]}
    deleted = (await ann.asks("DELETE", "delete_messages", params=both))["comments"]
    assert [(it["id"], it["is_deleted"], it["message"]) for it in deleted] == [(hers["id"], True, "")]
    assert await ben.reads(room) == ["his"]
    again = await ann.ask("DELETE", "delete_messages", params={"unique_ids[]": [hers["unique_temp_id"]]})
    assert again.status_code == 404
    assert (await ann.ask("DELETE", "delete_messages", {"unique_ids": ["x"] * 101})).status_code == 400


async def test_marks_go_forward_and_are_seen_by_who_wrote(chatting: Chatting) -> None:
    ann, ben, room = await two(chatting)
    first, second = await ann.says(room, "one"), await ann.says(room, "two")
    assert (await ben.gets("total_unread_count"), await ben.gets("get_room_unread_count")) == (
        {"total_unread_count": 2},
        {"total_unread_count": 1},
    )

    async def statuses() -> list[str]:
        return [it["status"] for it in (await ann.gets("load_comments", topic_id=room))["comments"]]

    got = {"room_id": room, "last_comment_received_id": second["id"], "last_comment_read_id": "0"}
    assert (await ben.posts("update_comment_status", **got))["changed"] is True
    assert await statuses() == ["delivered", "delivered"]
    read = await ben.posts("update_comment_status", room_id=room, last_comment_read_id=first["id"])
    assert (read["last_comment_read_id"], read["last_comment_received_id_str"]) == (first["id"], str(second["id"]))
    assert await statuses() == ["delivered", "read"]
    assert (await ben.gets("total_unread_count"))["total_unread_count"] == 1
    back = await ben.posts("update_comment_status", room_id=room, last_comment_received_id=first["id"])
    assert (back["changed"], back["last_comment_received_id"]) == (False, second["id"])
    receipt = await ann.gets("comment_receipt", comment_id=first["id"])
    assert [it["user"]["email"] for it in receipt["read_by"]] == ["ben"]
    assert (receipt["delivered_to"], receipt["pending"]) == ([], [])
    assert (await ben.post("update_comment_status", room_id=room, last_comment_read_id=404)).status_code == 404


async def test_a_comment_of_another_door_has_a_name_and_an_author(chatting: Chatting, acme: Cast) -> None:
    ann, ben, room = await two(chatting)
    token = {"Authorization": f"Bearer {ann.token}"}
    body = {"text": "from elsewhere", "client_id": "1"}
    path = f"/acquaint/v1/conversations/{room}/messages"
    answer = await chatting.asking.client.post(path, json=body, headers=token)
    assert answer.status_code == 201, answer.text
    [it] = (await ben.gets("load_comments", topic_id=room))["comments"]
    assert (it["email"], it["type"], it["payload"]) == ("ann", "text", {})
    assert it["unique_temp_id"] != "1", "anybody may have said 1"
    [own] = (await ann.gets("load_comments", topic_id=room))["comments"]
    assert own["unique_temp_id"] == "1"
    await ann.asks("DELETE", "delete_messages", {"unique_ids": [it["unique_temp_id"]]})
    assert await ben.reads(room) == []
