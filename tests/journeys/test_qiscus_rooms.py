"""What happens in a Qiscus room is heard over the native connection, and the other way round."""

from __future__ import annotations

from typing import Any

from tests.cast import ann, ben

from .shop import Held, Live, Shop


async def asks(who: Held, method: str, call: str, **body: Any) -> Any:
    answer = await who.shop.qiscus(method, call, body, by=who.token)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


async def hears(live: Live, room: str) -> dict[str, Any]:
    """The next frame about the room."""
    while (frame := await live.frame()).get("conversation") != room:
        pass
    return frame


async def test_a_native_page_hears_what_is_said_over_qiscus(corner: Shop) -> None:
    anns, bens = await corner.logs_in(ann.login, ann.password), await corner.logs_in(ben.login, ben.password)
    room = (await asks(anns, "POST", "create_room", name="Boats", participants=[ben.login]))["room"]["id_str"]
    async with bens.live() as live:
        name = "javascript-1234567890"
        await asks(anns, "POST", "post_comment", topic_id=room, comment="hello", unique_temp_id=name)
        posted = await hears(live, room)
        assert (posted["kind"], posted["message"]["text"]) == ("message.posted", "hello")
        await asks(anns, "POST", "update_message", unique_id=name, comment="hello, Ben")
        assert (await hears(live, room))["message"]["text"] == "hello, Ben"
        await asks(anns, "POST", "update_comment_status", room_id=room, last_comment_read_id=posted["message"]["id"])
        assert (await hears(live, room))["kind"] == "messages.read"
        await asks(anns, "POST", "update_room", id=room, room_name="Oars")
        assert (await hears(live, room))["kind"] == "conversation.changed"
        await asks(anns, "DELETE", "delete_messages", unique_ids=[name])
        assert (await hears(live, room))["kind"] == "message.deleted"
        await asks(anns, "POST", "remove_room_participants", room_id=room, emails=[ben.login])
        assert (await hears(live, room))["kind"] == "members.changed"


async def test_a_message_of_a_native_page_is_a_comment(corner: Shop) -> None:
    anns, bens = await corner.logs_in(ann.login, ann.password), await corner.logs_in(ben.login, ben.password)
    room = await anns.says("hello", kind="direct", users=[bens.user])
    [listed] = (await asks(bens, "GET", "user_rooms"))["rooms_info"]
    assert (listed["id_str"], listed["room_name"], listed["last_comment"]["message"]) == (room, ann.login, "hello")
    reply = (await asks(bens, "POST", "post_comment", topic_id=room, comment="hello back"))["comment"]
    assert (await anns.sees())[0] == ["hello back", "hello"]
    assert reply["comment_before_id"] == listed["last_comment"]["id"]
