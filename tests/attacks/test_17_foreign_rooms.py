"""Attack 17 over Qiscus: rooms, comments and files that are somebody else's, by every call that names one.

Each call first does something for who is in the room, so that what is refused to Eve is refused because she is not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx2
import pytest

from acquaint.services import apps, conversations
from acquaint.services.core import Core
from tests.cast import Cast
from tests.dialects.qiscus.asking import Asking
from tests.dialects.qiscus.chatting import Chatter, Chatting

SECRET = "the key is under the mat"
NAMED = "javascript-V1StGXR8_Z5jdHi6B-myT"


@pytest.fixture
def chatting(client: httpx2.AsyncClient, acme: Cast) -> Chatting:
    return Chatting(Asking(client, acme))


def calls(room: dict[str, Any], comment: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """By name: how each call names the room or the comment; those that change it for good come last."""
    id, name = room["id"], room["unique_id"]
    return {
        "get_room_by_id": ("GET", {"id": id}),
        "rooms_info": ("POST", {"room_id": [str(id)], "room_unique_id": [name]}),
        "room_participants": ("GET", {"room_unique_id": name}),
        "load_comments": ("GET", {"topic_id": id}),
        "comment_receipt": ("GET", {"comment_id": comment["id"]}),
        "search": ("POST", {"query": "mat", "room_ids": [str(id)]}),
        "search_messages": ("POST", {"query": "under the", "room_id": str(id)}),
        "post_comment": ("POST", {"topic_id": str(id), "comment": "hello"}),
        "update_comment_status": ("POST", {"room_id": id, "last_comment_read_id": comment["id"]}),
        "update_room": ("POST", {"id": id, "room_name": "Mine"}),
        "add_room_participants": ("POST", {"room_id": id, "emails": ["eve"]}),
        "update_message": ("POST", {"unique_id": NAMED, "comment": "changed"}),
        "clear_room_messages": ("DELETE", {"room_channel_ids": [name]}),
        "delete_messages": ("DELETE", {"unique_ids": [NAMED]}),
        "remove_room_participants": ("POST", {"room_id": id, "emails": ["ben"]}),
    }


async def tries(who: Chatter, method: str, call: str, body: dict[str, Any]) -> httpx2.Response:
    return await (who.get(call, **body) if method == "GET" else who.ask(method, call, body))


CALLS = sorted(calls({"id": 1, "unique_id": "1"}, {"id": 1}))


async def group(chatting: Chatting) -> tuple[Chatter, Chatter, dict[str, Any], dict[str, Any]]:
    ann, eve = await chatting.comes("ann"), await chatting.comes("eve")
    await chatting.comes("ben")
    room = (await ann.posts("create_room", name="Boats", participants=["ben"]))["room"]
    return ann, eve, room, await ann.says(room["id"], SECRET, unique_temp_id=NAMED)


def shows_nothing(answer: httpx2.Response) -> bool:
    lists = [it for it in answer.json().get("results", {}).values() if isinstance(it, list)]
    return answer.status_code == 404 or (lists != [] and all(it == [] for it in lists))


@pytest.mark.parametrize("call", CALLS)
async def test_a_stranger_gets_nothing_of_a_room(chatting: Chatting, call: str) -> None:
    ann, eve, room, comment = await group(chatting)
    method, body = calls(room, comment)[call]
    refused = await tries(eve, method, call, body)
    nowhere = await tries(eve, method, call, _elsewhere(body))
    assert shows_nothing(refused), refused.text
    assert SECRET not in refused.text
    assert refused.json().get("error") == nowhere.json().get("error"), "as for what is not there"
    assert await ann.reads(room["id"]) == [SECRET]
    [it] = (await ann.gets("load_comments", topic_id=room["id"]))["comments"]
    assert it["status"] == "sent"
    assert not shows_nothing(await tries(ann, method, call, body)), "it works for who is in the room"


@pytest.mark.parametrize("call", CALLS)
async def test_who_was_taken_out_gets_nothing_any_more(chatting: Chatting, call: str) -> None:
    ann, eve, room, comment = await group(chatting)
    await ann.posts("add_room_participants", room_id=room["id"], emails=["eve"])
    assert await eve.reads(room["id"]) == [SECRET]
    await ann.posts("remove_room_participants", room_id=room["id"], emails=["eve"])
    method, body = calls(room, comment)[call]
    refused = await tries(eve, method, call, body)
    assert shows_nothing(refused), refused.text
    assert SECRET not in refused.text


@pytest.mark.parametrize("call", CALLS)
async def test_a_token_of_another_app_gets_nothing(chatting: Chatting, core: Core, call: str) -> None:
    _, _, room, comment = await group(chatting)
    other = Cast(await apps.create(core, "Other"))
    stranger = await Chatting(Asking(chatting.asking.client, other)).comes("ann")
    method, body = calls(room, comment)[call]
    refused = await tries(stranger, method, call, body)
    assert shows_nothing(refused), refused.text
    in_acme = Chatter(chatting.asking, "ann", stranger.token, stranger.number)
    assert (await tries(in_acme, method, call, body)).status_code == 403


async def test_another_apps_server_gets_nothing(chatting: Chatting, core: Core) -> None:
    ann, _, room, _ = await group(chatting)
    other = Asking(chatting.asking.client, Cast(await apps.create(core, "Other")))
    await other.account("ann", "k1")
    await other.account("ben", "k1")
    id, both = str(room["id"]), (str(room["id"]), room["unique_id"])
    for named in both:
        asked = [
            await other.rest("POST", "post_comment", json={"user_id": "ann", "room_id": named, "message": "hi"}),
            await other.rest("GET", "load_comments", params={"room_id": named}),
            await other.rest("GET", "get_room_participants", params={"room_id": named}),
            await other.rest("POST", "update_room", json={"room_id": named, "room_name": "Mine"}),
            await other.rest("POST", "add_room_participants", json={"room_id": named, "user_ids": ["ann"]}),
            await other.rest("POST", "remove_room_participants", json={"room_id": named, "user_ids": ["ann"]}),
            await other.rest(
                "POST",
                "post_system_event_message",
                json={"room_id": named, "system_event_type": "custom", "message": "hi"},
            ),
        ]
        assert {it.status_code for it in asked} == {404}
    found = await other.rest("GET", "get_rooms_info", params={"room_ids[]": id, "room_channel_ids[]": both[1]})
    assert found.json()["results"] == {"rooms": []}
    assert await ann.reads(room["id"]) == [SECRET]


async def test_a_direct_room_is_entered_by_nobody(chatting: Chatting) -> None:
    ann, eve = await chatting.comes("ann"), await chatting.comes("eve")
    await chatting.comes("ben")
    id = await ann.room_with("ben")
    name = (await ann.gets("get_room_by_id", id=id))["room"]["unique_id"]
    by_name = await eve.post("get_or_create_room_with_unique_id", unique_id=name)
    assert by_name.status_code == 400, "it looks like the id of another room"
    both = await ann.post("add_room_participants", room_id=id, emails=["eve"])
    assert both.status_code == 403, "who is in it brings in nobody either"
    assert (await eve.get("get_room_by_id", id=id)).status_code == 404


async def test_the_name_of_a_group_of_another_door_is_no_way_in(chatting: Chatting, core: Core) -> None:
    """A conversation that has a name and is no channel cannot be come into, nor its name taken."""
    ann, eve, room, _ = await group(chatting)
    async with core.store.write() as tx:
        it = await tx.conversations.get(chatting.asking.acme.app.id, room["id"])
        assert it is not None
        await tx.conversations.save(replace(it, unique_id="board-meeting"))
    refused = await eve.post("get_or_create_room_with_unique_id", unique_id="board-meeting")
    assert (refused.status_code, refused.json()["error"]["message"]) == (409, "already taken")
    seen = await ann.posts("get_or_create_room_with_unique_id", unique_id="board-meeting")
    assert (seen["room"]["id"], seen["changed"]) == (room["id"], False)
    servers = await chatting.asking.rest(
        "POST", "get_or_create_channel", json={"unique_id": "board-meeting", "participants": ["eve"]}
    )
    assert servers.status_code == 409
    assert (await eve.get("get_room_by_id", id=room["id"])).status_code == 404


async def test_a_channel_called_like_a_room_that_is_gone_is_not_meant(chatting: Chatting, core: Core) -> None:
    """What the App's server still says to the room would be said to whoever opened the channel."""
    _, eve, room, _ = await group(chatting)
    await conversations.delete(core, chatting.asking.acme.app, room["id"])
    opened = await eve.posts("get_or_create_room_with_unique_id", unique_id=str(room["id"]))
    event = {"room_id": str(room["id"]), "system_event_type": "custom", "message": SECRET}
    answer = await chatting.asking.rest("POST", "post_system_event_message", json=event)
    assert answer.status_code == 404
    assert await eve.reads(opened["room"]["id"]) == []


async def test_nobody_says_something_under_the_name_of_anothers_comment(chatting: Chatting) -> None:
    """Clients show the later of two comments of one name in the place of the earlier one."""
    ann, ben = await chatting.comes("ann"), await chatting.comes("ben")
    room = await ann.room_with("ben")
    said = await ann.says(room, "I owe you 5", unique_temp_id=NAMED)
    for name in (NAMED, f"{said['id']:024x}"):
        again = await ben.post("post_comment", topic_id=str(room), comment="I owe you 500", unique_temp_id=name)
        shown = (await ben.gets("load_comments", topic_id=room))["comments"]
        if again.status_code == 200:
            assert len({it["unique_temp_id"] for it in shown}) == len(shown)
        assert [it["message"] for it in shown if it["unique_temp_id"] == NAMED] == ["I owe you 5"]
    by_another_door = await chatting.asking.client.post(
        f"/acquaint/v1/conversations/{room}/messages",
        json={"text": "I owe you 500", "client_id": NAMED},
        headers={"Authorization": f"Bearer {ben.token}"},
    )
    assert by_another_door.status_code == 409


async def test_nobody_speaks_as_somebody_else_or_as_the_system(chatting: Chatting) -> None:
    ann, ben = await chatting.comes("ann"), await chatting.comes("ben")
    room = await ann.room_with("ben")
    forged = {"email": "ann", "user_id": "ann", "sender_email": "ann", "username": "Ann", "user_extras": {"a": 1}}
    said = await ben.says(room, "I am Ann", **forged, status="read", is_deleted=True, id=1)
    assert (said["email"], said["username"], said["user_extras"], said["status"]) == ("ben", "Ben", {}, "sent")
    as_system = await ben.post("post_comment", topic_id=str(room), comment="Ann left", type="system_event")
    assert as_system.status_code == 400
    for call in ("post_comment", "post_system_event_message", "create_room"):
        body = {"user_id": "ann", "room_id": str(room), "message": "hello", "system_event_type": "custom"}
        headers = {"QISCUS-SDK-TOKEN": ben.token, "QISCUS-SDK-SECRET": ben.token}
        headers["QISCUS-SDK-APP-ID"] = chatting.asking.acme.app.slug
        answer = await chatting.asking.client.post(f"/api/v2.1/rest/{call}", json=body, headers=headers)
        assert answer.status_code == 401


async def test_marks_of_others_are_not_moved(chatting: Chatting) -> None:
    ann, ben = await chatting.comes("ann"), await chatting.comes("ben")
    room = await ann.room_with("ben")
    said = await ann.says(room, "hello")
    await chatting.comes("eve")
    other = await ann.room_with("eve")
    wrong = await ann.post("update_comment_status", room_id=other, last_comment_read_id=said["id"])
    assert wrong.status_code == 404, "the comment is of another room"
    await ann.posts("update_comment_status", room_id=room, last_comment_read_id=said["id"], user_id="ben", email="ben")
    assert (await ben.gets("total_unread_count"))["total_unread_count"] == 1


async def test_a_blocked_user_is_not_told_and_not_heard(chatting: Chatting) -> None:
    ann, eve = await chatting.comes("ann"), await chatting.comes("eve")
    room = await eve.room_with("ann")
    await ann.posts("block_user", user_email="eve")
    said = await eve.says(room, "hello?")
    assert said["status"] == "sent"
    assert await ann.reads(room) == []
    assert (await ann.gets("total_unread_count"))["total_unread_count"] == 0


def _elsewhere(body: dict[str, Any]) -> dict[str, Any]:
    """The same about what is not there."""
    ids = {"id": 404, "topic_id": "404", "room_id": 404, "comment_id": 404, "room_unique_id": "nowhere"}
    names = {"unique_id": "never said anything", "unique_ids": ["nothing"], "room_channel_ids": ["nowhere"]}
    found = {key: (ids | names).get(key, value) for key, value in body.items()}
    return found | {key: ["nowhere"] for key in ("room_id", "room_unique_id") if isinstance(body.get(key), list)}
