"""Rooms, comments and files of the unmodified qiscus-sdk-core 2.16.9, in Node, against a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.sdk.driver import Instance, Node, SdkError, running
from tests.support.patience import PATIENCE
from tests.support.server import Server

pytestmark = pytest.mark.sdk


@dataclass(frozen=True)
class Club:
    """An App whose members talk to each other."""

    server: Server
    node: Node
    slug: str
    secret: str

    def member(self, name: str) -> Instance:
        """Somebody who is logged in, on a page of theirs."""
        it = self.node.instance(name)
        it.call(
            "init",
            {
                "AppId": self.slug,
                "baseURL": self.server.url,
                "mqttURL": f"{self.server.socket_url}/mqtt",
                "withConfig": False,
            },
        )
        it.call("setUser", name, f"the key of {name}", name.capitalize())
        return it

    def rest(self, method: str, call: str, **asked: Any) -> Any:
        headers = {"QISCUS-SDK-APP-ID": self.slug, "QISCUS-SDK-SECRET": self.secret}
        answer = httpx2.request(method, f"{self.server.url}/api/v2.1/rest/{call}", headers=headers, **asked)
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]


@pytest.fixture
def club(server: Server) -> Iterator[Club]:
    app = server.create_app()
    with running("qiscus_sdk_core.mjs") as node:
        yield Club(server, node, app["slug"], app["signing_secret"])


def texts(who: Instance, room: int, **options: Any) -> list[str]:
    """What was said, the oldest first."""
    return [it["message"] for it in who.call("loadComments", room, options)]


def until(is_so: Callable[[], bool]) -> None:
    """The SDK sends marks a little later, and says nothing about it."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, "it did not happen"


def test_two_chat(club: Club) -> None:
    ann, ben = club.member("ann"), club.member("ben")
    room = ann.call("chatTarget", "ben")
    assert (room["name"], room["room_type"], room["comments"]) == ("Ben", "single", [])
    assert [it["email"] for it in room["participants"]] == ["ann", "ben"]

    said = ann.call("sendComment", room["id"], "hello")
    assert (said["message"], said["status"], said["username_real"]) == ("hello", "sent", "ann")
    assert ann.get("selected.comments.0.id") == said["id"], "the SDK found its own comment in the answer"
    ann.call("sendComment", room["id"], "<b>bold</b>")

    same = ben.call("chatTarget", "ann")
    assert (same["id"], same["name"]) == (room["id"], "Ann")
    assert texts(ben, room["id"]) == ["hello", "&lt;b&gt;bold&lt;/b&gt;"]
    assert texts(ben, room["id"], limit=1) == ["&lt;b&gt;bold&lt;/b&gt;"]
    [older] = ben.call("loadMore", said["id"] + 1, {"limit": 1})
    assert older["message"] == "hello"


def test_comments_and_files_are_searched(club: Club) -> None:
    ann, ben = club.member("ann"), club.member("ben")
    room = ann.call("chatTarget", "ben")["id"]
    ann.call("sendComment", room, "the first needle")
    file = {"url": "https://files.example/boat.png", "file_name": "boat.png", "caption": "a boat"}
    ann.call("sendComment", room, "a boat", None, "file_attachment", json.dumps(file))
    found = ben.call(
        "searchMessage", {"query": "NEEDLE", "roomIds": [room], "roomType": "single", "page": 1, "limit": 10}
    )
    assert [it["message"] for it in found["results"]["comments"]] == ["the first needle"]
    assert ben.call("searchMessage", {"query": "needle", "roomType": "channel"})["results"]["total"] == "0"
    assert [it["message"] for it in ben.call("searchMessages", {"query": "needle"})] == ["the first needle"]
    files = ann.call("getFileList", {"roomIds": [room], "fileType": "media", "includeExtensions": ["png"]})
    assert [it["payload"]["file_name"] for it in files["results"]["comments"]] == ["boat.png"]
    assert ben.call("getFileList")["results"]["comments"] == [], "the SDK asks for one's own"


def test_marks_are_seen_by_who_wrote(club: Club) -> None:
    ann, ben = club.member("ann"), club.member("ben")
    room = ann.call("chatTarget", "ben")["id"]
    said = ann.call("sendComment", room, "hello")
    assert ben.call("getTotalUnreadCount") == 1
    assert ben.call("getRoomUnreadCount") == 1

    def status() -> str:
        return str(ann.call("loadComments", room)[0]["status"])

    ben.call("receiveComment", room, said["id"])
    until(lambda: status() == "delivered")
    ben.call("readComment", room, said["id"])
    until(lambda: status() == "read")
    assert ben.call("getTotalUnreadCount") == 0


def test_a_group_is_made_listed_changed_and_left(club: Club) -> None:
    ann, ben, eve = club.member("ann"), club.member("ben"), club.member("eve")
    made = ann.call("createGroupRoom", "Boats", ["ben"], {"colour": "red"})
    assert (made["name"], [it["email"] for it in made["participants"]]) == ("Boats", ["ann", "ben"])
    id = made["id"]
    opened = ben.call("chatGroup", id)
    assert (opened["name"], opened["options"]) == ("Boats", '{"colour":"red"}')

    assert ben.call("loadRoomList") == [], "nothing was said yet"
    assert [it["name"] for it in ben.call("loadRoomList", {"show_empty": True})] == ["Boats"]
    ann.call("sendComment", id, "ahoy")
    [listed] = ben.call("loadRoomList")
    assert (listed["last_comment_message"], listed["count_notif"], listed["room_type"]) == ("ahoy", 1, "group")

    changed = ben.call("updateRoom", {"id": id, "room_name": "Oars", "avatar_url": "https://x/oars.png"})
    assert changed["room_name"] == "Oars"
    info = ann.call("getRoomsInfo", {"room_ids": [str(id)]})["results"]["rooms_info"]
    assert [(it["room_name"], it["avatar_url"]) for it in info] == [("Oars", "https://x/oars.png")]

    added = ann.call("addParticipantsToGroup", id, ["eve"])
    assert [it["email"] for it in added] == ["eve"]
    assert texts(eve, id) == ["ahoy"]
    assert ann.call("removeParticipantsFromGroup", id, ["eve"]) == ["eve"]
    with pytest.raises(SdkError) as refused:
        eve.call("chatGroup", id)
    assert (refused.value.status, refused.value.body["error"]["message"]) == (404, "room not found")


def test_a_channel_is_come_into_by_its_name(club: Club) -> None:
    ann, ben = club.member("ann"), club.member("ben")
    opened = ann.call("getOrCreateRoomByChannel", "news", "News", "https://x/news.png")
    ann.call("sendComment", opened["id"], "extra, extra")
    come = ben.call("getOrCreateRoomByUniqueId", "news", "", "")
    assert (come["id"], come["name"], come["isChannel"]) == (opened["id"], "News", True)
    assert [it["message"] for it in come["comments"]] == ["extra, extra"]


def test_comments_of_every_kind(club: Club) -> None:
    ann, ben = club.member("ann"), club.member("ben")
    room = ann.call("chatTarget", "ben")["id"]
    custom = '{"type": "promo", "content": {"date": "2026-11-21"}}'
    sent = ann.call("sendComment", room, "look", "javascript-of-our-own-1", "custom", custom, {"a": 1})
    assert sent["unique_temp_id"] == "javascript-of-our-own-1"
    again = ann.call("sendComment", room, "look", "javascript-of-our-own-1", "custom", custom, {"a": 1})
    assert again["id"] == sent["id"]

    ben.call("chatTarget", "ann")
    quoting = {"replied_comment_id": sent["id"], "replied_comment_message": "something else", "text": "nice"}
    reply = ben.call("sendComment", room, "nice", None, "reply", json.dumps(quoting))["payload"]
    assert (reply["replied_comment_message"], reply["replied_comment_sender_email"]) == ("look", "ann")
    found = ann.call("loadComments", room)
    assert [(it["type"], it["extras"]) for it in found] == [("custom", {"a": 1}), ("reply", {})]
    assert found[0]["payload"]["content"] == {"date": "2026-11-21"}

    edited = ann.call("updateMessage", {"unique_id": "javascript-of-our-own-1", "message": "look here"})
    assert (edited["id"], edited["message"]) == (sent["id"], "look here")
    with pytest.raises(SdkError) as refused:
        ben.call("updateMessage", {"unique_id": "javascript-of-our-own-1", "message": "mine"})
    assert refused.value.status == 403

    gone = ann.call("deleteComment", room, ["javascript-of-our-own-1"], True, True)
    assert [it["is_deleted"] for it in gone["results"]["comments"]] == [True]
    assert texts(ben, room) == ["nice"]
    name = ben.get("selected.unique_id")
    ben.call("clearRoomMessages", [name])
    assert (texts(ann, room), ben.call("chatTarget", "ann")["comments"]) == (["nice"], [])


def test_a_file_is_uploaded_and_shared(club: Club, tmp_path: Path) -> None:
    boat = tmp_path / "boat.png"
    boat.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    ann, ben = club.member("ann"), club.member("ben")
    url = ann.call("upload", str(boat), {"callback": "uploaded"})
    assert ann.get("heard")[-1] == {"uploaded": [None, None, url]}
    room = ann.call("chatTarget", "ben")["id"]
    message = ann.call("generateFileAttachmentMessage", {"roomId": room, "caption": "a boat", "url": url})
    ann.call("sendComment", room, message["message"], message["unique_id"], message["type"], message["payload"])
    [shown] = ben.call("loadComments", room)
    assert (shown["type"], shown["payload"]["url"]) == ("file_attachment", url)
    assert httpx2.get(url).content == boat.read_bytes()


def test_the_apps_server_and_its_clients_share_rooms(club: Club) -> None:
    ann = club.member("ann")
    club.member("ben")
    made = club.rest("POST", "create_room", json={"room_name": "Boats", "creator": "ben", "participants": ["ann"]})
    id = made["room"]["room_id"]
    club.rest("POST", "post_comment", json={"user_id": "ben", "room_id": id, "message": "hello, Ann"})
    event = {"system_event_type": "custom", "room_id": id, "message": "It is getting late", "payload": {"hour": 23}}
    club.rest("POST", "post_system_event_message", json=event)
    room = ann.call("chatGroup", int(id))
    assert [(it["message"], it["type"]) for it in room["comments"]] == [
        ("hello, Ann", "text"),
        ("It is getting late", "system_event"),
    ]
