"""Searching comments and files, and channels by name: as the vendor's clients ask, and as they should not."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from acquaint.services import apps
from acquaint.services.core import Core
from tests.cast import Cast
from tests.dialects.qiscus.asking import Asking
from tests.dialects.qiscus.chatting import Chatter, Chatting


@pytest.fixture
def chatting(client: httpx2.AsyncClient, acme: Cast) -> Chatting:
    return Chatting(Asking(client, acme, "/api/v2/mobile"))


async def found(who: Chatter, call: str = "search", **asked: Any) -> list[str]:
    return [it["message"] for it in (await who.posts(call, **asked))["comments"]]


async def sent(who: Chatter, room: int, name: str | None, url: str = "https://files.example/x") -> None:
    payload = {"url": url} | ({} if name is None else {"file_name": name})
    await who.says(room, name or url, type="file_attachment", payload=payload)


async def test_comments_are_found_by_words_room_sender_type_and_kind_of_room(chatting: Chatting) -> None:
    ann, ben, eve = [await chatting.comes(it) for it in ("ann", "ben", "eve")]
    pair = await ann.room_with("ben")
    group = (await ann.posts("create_room", name="Boats", participants=["ben"]))["room"]["id"]
    channel = (await ann.posts("get_or_create_room_with_unique_id", unique_id="news"))["room"]["id"]
    await ann.says(pair, "needle pair")
    await ben.says(group, "Néedle group")
    await ann.says(group, "needle custom", type="custom", payload={"type": "x", "content": {}})
    await ann.says(channel, "needle channel")
    assert await found(ben, query="needle") == ["needle custom", "Néedle group", "needle pair"]
    assert await found(ann, query="needle", room_type="single") == ["needle pair"]
    assert await found(ann, query="needle", room_type="group") == ["needle custom", "Néedle group"]
    assert await found(ann, query="needle", room_type="group", is_public=True) == ["needle channel"]
    assert await found(ann, query="needle", room_type="single", is_public=True) == []
    assert await found(ann, query="needle", sender="ben") == ["Néedle group"]
    assert await found(ann, query="needle", sender="nobody") == []
    assert await found(ann, query="needle", type=["custom"]) == ["needle custom"]
    assert await found(ann, query="needle", room_ids=[str(pair), "x"]) == ["needle pair"]
    assert await found(ann, query="needle", room_ids=["x"]) == [], "what names no room is not all rooms"
    assert await found(eve, query="needle") == await found(eve, query="needle", room_ids=[pair, group, channel]) == []


async def test_pages_say_how_many_there_are_as_far_as_is_known(chatting: Chatting) -> None:
    ann = await chatting.comes("ann")
    await chatting.comes("ben")
    room = await ann.room_with("ben")
    said = [await ann.says(room, f"needle {it}") for it in range(5)]
    first = await ann.posts("search", query="needle", page=0, limit=2)
    assert ([it["message"] for it in first["comments"]], first["total"]) == (["needle 4", "needle 3"], "3")
    last = await ann.posts("search", query="needle", page=3, limit=2)
    assert ([it["message"] for it in last["comments"]], last["total"]) == (["needle 0"], "5")
    beyond = await ann.posts("search", query="needle", page=4, limit=2)
    assert beyond["comments"] == []
    older = await found(ann, "search_messages", query="needle", room_id=str(room), last_comment_id=said[2]["id"])
    assert older == ["needle 1", "needle 0"]
    for asked in (
        {"query": "x" * 201},
        {"query": " "},
        {"query": "x", "page": 1000, "limit": 100},
        {"query": "x", "room_ids": [str(it) for it in range(101)]},
        {"query": "x", "room_type": "public_channel"},
        {"query": {"$ne": 1}},
        {"query": "x", "sender": ["ann", "ben"]},
    ):
        assert (await ann.post("search", **asked)).status_code == 400, asked


async def test_files_are_listed_by_what_they_are(chatting: Chatting) -> None:
    ann, ben, eve = [await chatting.comes(it) for it in ("ann", "ben", "eve")]
    room = await ann.room_with("ben")
    await sent(ann, room, "boat.PNG")
    await sent(ben, room, "invoice.pdf")
    await sent(ann, room, None, "https://files.example/a/b/photo%20x.jpg?key=1.pdf")
    await sent(ann, room, "archive.tar.gz")
    await sent(ann, room, "noext")
    await ann.says(room, "boat.png is no file")
    photo = "https://files.example/a/b/photo%20x.jpg?key=1.pdf"
    assert await found(ben, "file_list") == ["noext", "archive.tar.gz", photo, "invoice.pdf", "boat.PNG"]
    assert await found(ben, "file_list", file_type="media") == [photo, "boat.PNG"]
    assert await found(ben, "file_list", file_type="doc") == ["invoice.pdf"]
    assert await found(ben, "file_list", file_type="others") == ["noext", "archive.tar.gz"]
    assert await found(ben, "file_list", include_extensions=["png", ".GZ"]) == ["archive.tar.gz", "boat.PNG"]
    assert await found(ben, "file_list", include_extensions="png,pdf", exclude_extensions=["pdf"]) == ["boat.PNG"]
    assert await found(ben, "file_list", sender="ben", room_ids=[room]) == ["invoice.pdf"]
    assert await found(eve, "file_list", room_ids=[room]) == await found(eve, "file_list") == []
    for asked in ({"file_type": "any"}, {"include_extensions": ["../etc"]}, {"include_extensions": [{"a": 1}]}):
        assert (await ben.post("file_list", **asked)).status_code == 400, asked
    hostile = await ben.post(
        "post_comment", topic_id=room, comment="x", type="file_attachment", payload={"url": "http://[/x.png"}
    )
    assert hostile.status_code in (200, 400)
    assert (await ben.post("file_list", file_type="media")).status_code == 200


async def test_channels_are_come_into_and_left_all_or_none(chatting: Chatting) -> None:
    ann, ben = await chatting.comes("ann"), await chatting.comes("ben")
    for name in ("news", "olds"):
        await ann.posts("get_or_create_room_with_unique_id", unique_id=name)
    group = (await ann.posts("create_room", name="Boats", participants=["ben"]))["room"]
    named = ["news", "olds", group["unique_id"], "nothing"]
    info = (await ben.posts("channels/info", unique_ids=named))["channels"]
    assert [(it["unique_id"], it["is_joined"]) for it in info] == [("news", False), ("olds", False)]
    refused = await ben.post("channels/join", unique_ids=["news", group["unique_id"]])
    assert (refused.status_code, (await ben.gets("channels"))["channels"]) == (404, [])
    for _ in range(2):  # coming twice is fine
        await ben.posts("channels/join", unique_ids=["olds", "news"])
    assert {it["unique_id"] for it in (await ben.gets("channels"))["channels"]} == {"news", "olds"}
    for _ in range(2):
        assert not (await ben.posts("channels/leave", unique_ids=["news"]))["channels"][0]["is_joined"]
    assert [it["unique_id"] for it in (await ben.gets("channels"))["channels"]] == ["olds"]
    assert (await ben.post("channels/join")).status_code == 400
    assert (await ben.post("channels/join", unique_ids=["x"] * 101)).status_code == 400


async def test_channels_of_another_app_are_not_there(
    chatting: Chatting, client: httpx2.AsyncClient, core: Core
) -> None:
    ann = await chatting.comes("ann")
    await ann.posts("get_or_create_room_with_unique_id", unique_id="news")
    globex = Cast(await apps.create(core, "Globex"))
    mallory = await Chatting(Asking(client, globex)).comes("mallory")
    assert (await mallory.posts("channels/info", unique_ids=["news"]))["channels"] == []
    assert (await mallory.post("channels/join", unique_ids=["news"])).status_code == 404
