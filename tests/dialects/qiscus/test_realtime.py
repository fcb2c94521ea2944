"""Realtime: what people say through any door, heard on the vendor's topics; and what they say there."""

from __future__ import annotations

from typing import Any

import pytest

from acquaint.bootstrap import House
from acquaint.dialects.qiscus import stream
from acquaint.dialects.qiscus.broker import MOST_STRANGERS
from acquaint.domain.conversations import ConversationId, ConversationKind
from acquaint.domain.members import Change
from acquaint.services import (
    apps,
    blocks,
    conversations,
    hosting,
    members,
    messages,
    renewing,
    saying,
    sessions,
    tickets,
)
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, carol, eve
from tests.dialects.qiscus.realtime import (
    ADDRESS,
    DISCONNECT,
    REFUSED,
    Packet,
    Realtime,
    Talker,
    connect,
    publish,
    subscribe,
    text,
    unsubscribe,
)
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

DIRECT = ConversationKind.DIRECT
MINE = "a name that is long enough to be nobody else's"


@pytest.fixture
def realtime(house: House, acme: Cast) -> Realtime:
    return Realtime(house, acme)


async def say(core: Core, by: Talker, room: ConversationId, text: str, **more: Any) -> Any:
    return await messages.post(core, by.it, room, Draft(text, **more))


def told(packets: list[Packet]) -> list[tuple[str, bytes]]:
    return [(it.topic, it.payload) for it in packets if it.kind == 3]


# Coming in by what mqtt_config answers


def by_ticket(name: str, ticket: str) -> bytes:
    return connect(f"acme_{name}_1", flags=0b1100_0010, more=text(name) + text(ticket))


async def test_a_ticket_of_the_session_is_a_password_once(realtime: Realtime, core: Core) -> None:
    hers, eves = await realtime.talker(ann), await realtime.talker(eve)
    room = await realtime.room(hers)
    ticket, _ = await tickets.live_ticket(core, hers.it)
    line = realtime.line()
    line.say(by_ticket("ann", ticket))
    await line.packet()
    assert await line.subscribe(f"r/{room}/{room}/+/t") == [0], "she is in the room"
    mine = (await realtime.room(eves), f"{hers.token}/c")
    assert await line.subscribe(f"r/{mine[0]}/typing", mine[1]) == [REFUSED, 0]
    await say(core, hers, room, "hello")
    assert [topic for topic, _ in told(await line.rest())] == [mine[1]]

    again = realtime.line()
    again.say(by_ticket("ann", ticket))
    await again.packet()
    assert await again.subscribe(f"{hers.token}/c") == [0], "a spent one is as none"
    await sessions.end(core, hers.it.app, hers.it.session.id)
    await line.end()
    assert line.code == 1008


async def test_a_ticket_is_nobody_elses_and_does_not_outlive_its_session(
    realtime: Realtime, core: Core, clock: SetClock
) -> None:
    hers = await realtime.talker(ann)
    room = await realtime.room(hers)
    stolen, _ = await tickets.live_ticket(core, hers.it)
    late, _ = await tickets.live_ticket(core, hers.it)
    ended, _ = await tickets.live_ticket(core, hers.it)
    lines = []
    for name, ticket in (("eve", stolen), ("ann", stolen), ("ann", "word"), ("ann", hers.token)):
        lines.append(line := realtime.line())
        line.say(by_ticket(name, ticket))
        await line.packet()
    clock.forward(seconds=31)
    lines.append(line := realtime.line())
    line.say(by_ticket("ann", late))
    await line.packet()
    await sessions.end(core, hers.it.app, hers.it.session.id)
    lines.append(line := realtime.line())
    line.say(by_ticket("ann", ended))
    await line.packet()
    other = await realtime.talker(ben)
    await conversations.change(core, hers.it.app, room, Change(add=(other.id,)))
    for line in lines:
        await line.subscribe(f"r/{room}/{room}/+/t")
    other.type(room)
    assert [told(await line.rest()) for line in lines] == [[]] * len(lines)


# Comments


@on_both_databases
async def test_a_comment_is_heard_by_everybody_in_the_room_on_their_own_topic(realtime: Realtime, core: Core) -> None:
    hers, his, eves = await realtime.talker(ann), await realtime.talker(ben), await realtime.talker(eve)
    room = await realtime.room(hers, his, kind=DIRECT)
    said = await say(core, hers, room, "hello", client_id="1:2", extras={"a": 1})
    [heard] = [it for it in await his.rest() if it.kind == 3]
    assert heard.topic == f"{his.token}/c"
    assert not heard.is_retained
    comment = heard.json
    assert (comment["id"], comment["room_id"], comment["topic_id"]) == (said.id, room, room)
    assert (comment["message"], comment["type"], comment["extras"]) == ("hello", "text", {"a": 1})
    assert (comment["email"], comment["room_type"], comment["chat_type"]) == ("ann", "single", "single")
    assert (comment["room_name"], comment["status"]) == ("ann", "sent")
    assert isinstance(comment["user_avatar"], str), "Android casts it"
    assert comment["user_avatar"] == comment["user_avatar_url"]
    [echo] = [it for it in await hers.rest() if it.kind == 3]
    assert echo.topic == f"{hers.token}/c"
    assert (echo.json["unique_temp_id"], echo.json["room_name"]) == ("1:2", "ben")
    assert comment["unique_temp_id"] != "1:2", "what others call theirs is nobody else's business"
    assert told(await eves.rest()) == []


async def test_comments_are_heard_in_the_order_in_which_they_were_said(realtime: Realtime, core: Core) -> None:
    hers, his = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, his)
    for number in range(30):
        await say(core, hers, room, str(number))
    heard = [it.json for it in await his.rest() if it.topic.endswith("/c")]
    assert [it["message"] for it in heard] == [str(number) for number in range(30)]
    assert [it["comment_before_id"] for it in heard] == [0, *(it["id"] for it in heard[:-1])]


async def test_two_devices_of_one_user_both_hear_it(realtime: Realtime, core: Core) -> None:
    hers, his, his_phone = await realtime.talker(ann), await realtime.talker(ben), await realtime.talker(ben)
    room = await realtime.room(hers, his)
    await say(core, hers, room, "hello")
    assert [topic for topic, _ in told(await his.rest())] == [f"{his.token}/c"]
    assert [topic for topic, _ in told(await his_phone.rest())] == [f"{his_phone.token}/c"]


async def test_a_comment_that_is_changed_is_an_update_and_one_that_is_deleted_a_notice(
    realtime: Realtime, core: Core
) -> None:
    hers, his = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, his)
    said = await say(core, hers, room, "helo", client_id=MINE, is_name=True)
    await his.rest()
    await saying.edit(core, hers.it, room, said.id, text="hello")
    [update] = [it for it in await his.rest() if it.kind == 3]
    assert (update.topic, update.json["message"]) == (f"{his.token}/update", "hello")
    await saying.delete(core, hers.it, room, [said.id], for_everybody=True)
    [notice] = [it for it in await his.rest() if it.kind == 3]
    assert notice.topic == f"{his.token}/n"
    assert notice.json["action_topic"] == "delete_message"
    deleted = {"room_id": str(room), "message_unique_ids": [MINE]}
    assert notice.json["payload"]["data"]["deleted_messages"] == [deleted]
    assert notice.json["payload"]["actor"]["email"] == "ann"


async def test_what_somebody_deletes_or_clears_for_themselves_their_other_devices_hear(
    realtime: Realtime, core: Core
) -> None:
    hers, his, his_phone = await realtime.talker(ann), await realtime.talker(ben), await realtime.talker(ben)
    room = await realtime.room(hers, his)
    said = await say(core, hers, room, "hello", client_id=MINE, is_name=True)
    for it in (hers, his, his_phone):
        await it.rest()
    await saying.delete(core, his.it, room, [said.id], for_everybody=False)
    await members.clear(core, his.it, room)
    deleted, cleared = [it.json for it in await his_phone.rest() if it.kind == 3]
    assert deleted["payload"]["data"]["deleted_messages"][0]["message_unique_ids"] == [MINE]
    assert cleared["action_topic"] == "clear_room"
    assert cleared["payload"]["data"]["deleted_rooms"][0]["id"] == room
    assert told(await hers.rest()) == []


async def test_a_channel_is_heard_on_its_own_topic_or_else_on_ones_own(realtime: Realtime, core: Core) -> None:
    hers, his, carols = await realtime.talker(ann), await realtime.talker(ben), await realtime.talker(carol)
    seen, _ = await hosting.come_in(core, hers.it, "news")
    room = seen.conversation.id
    await hosting.come_in(core, his.it, "news")
    topic = f"{hers.it.app.slug}/news/c"
    assert await his.subscribe(topic) == [0]
    assert await carols.subscribe(topic) == [0]
    await say(core, hers, room, "hello")
    assert [it for it, _ in told(await his.rest())] == [topic]
    assert [it for it, _ in told(await hers.rest())] == [f"{hers.token}/c"]
    assert told(await carols.rest()) == [], "she did not come in"


async def test_who_left_hears_nothing_more(realtime: Realtime, core: Core) -> None:
    hers, his = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, his)
    await his.enter(room)
    await members.leave(core, his.it, room)
    await say(core, hers, room, "hello")
    hers.type(room)
    await hers.rest()
    assert told(await his.rest()) == []
    assert await his.subscribe(f"r/{room}/{room}/+/d") == [REFUSED]


# Marks


@on_both_databases
async def test_that_a_comment_arrived_and_was_read_is_told_in_the_room(realtime: Realtime, core: Core) -> None:
    hers, his = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, his)
    assert await hers.enter(room) == [0, 0, 0, 0]
    first = await say(core, hers, room, "hello", client_id=f"{MINE} 1", is_name=True)
    last = await say(core, hers, room, "are you there?", client_id=f"{MINE} 2", is_name=True)
    await hers.rest()
    await messages.mark_received(core, his.it.session, room, last.id)
    await messages.mark_read(core, his.it.session, room, first.id)
    assert told(await hers.rest()) == [
        (f"r/{room}/{room}/ben/d", f"{last.id}:{MINE} 2".encode()),
        (f"r/{room}/{room}/ben/r", f"{first.id}:{MINE} 1".encode()),
    ]


async def test_android_asks_for_them_in_its_own_way(realtime: Realtime, core: Core) -> None:
    hers, his = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, his)
    hers.say(subscribe(f"r/{room}/+/+/t", f"r/{room}/+/+/r", qos=2))
    assert (await hers.until(lambda it: it.kind == 9)).codes == [0, 0], "granted, and less than was asked for"
    his.type(room)
    await his.rest()
    assert told(await hers.rest()) == [(f"r/{room}/{room}/ben/t", b"1")]


# Typing, and what apps tell each other


async def test_typing_is_seen_by_the_others_in_the_room(realtime: Realtime, core: Core) -> None:
    hers, his = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, his, kind=DIRECT)
    await his.enter(room, "ann")
    await his.rest()
    hers.type(room)
    hers.type(room, on=False)
    await hers.rest()
    topic = f"r/{room}/{room}/ann/t"
    assert told(await his.rest()) == [(topic, b"1"), (topic, b"0")]


async def test_who_types_at_another_door_is_seen_as_well(realtime: Realtime, core: Core, house: House) -> None:
    hers, his = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, his)
    await his.enter(room)
    listener = next(it for it in house.hub._register if it.session.id == hers.it.session.id)
    await house.hub.type(listener, room, True)
    assert told(await his.rest()) == [(f"r/{room}/{room}/ann/t", b"1")]


async def test_apps_tell_each_other_what_they_like_as_who_they_are(realtime: Realtime) -> None:
    hers, his = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, his)
    topic = f"r/{room}/{room}/e"
    assert await hers.subscribe(topic) == await his.subscribe(topic) == [0]
    hers.say(publish(topic, b'{"sender":"ben","data":{"is": [1, 2.50, "x"]}}'))
    [echo] = told(await hers.rest())
    [heard] = told(await his.rest())
    assert echo == heard == (topic, b'{"sender":"ann","data":{"is": [1, 2.50, "x"]}}')


@pytest.mark.parametrize("payload", [b"", b"hello", b"[]", b"{}", b'{"data":', b"\xff", b"[" * 15_000, b"x" * 20_000])
async def test_what_is_no_event_is_told_to_nobody(realtime: Realtime, payload: bytes) -> None:
    hers, his = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, his)
    await his.subscribe(f"r/{room}/{room}/e")
    hers.say(publish(f"r/{room}/{room}/e", payload))
    assert told(await hers.rest()) == []
    assert told(await his.rest()) == []


# Presence


async def test_who_comes_and_goes_is_seen_by_whom_they_talk_with(
    realtime: Realtime, core: Core, clock: SetClock
) -> None:
    hers, his = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, his, kind=DIRECT)
    await hers.enter(room, "ben")
    [first] = [it for it in await hers.rest() if it.kind == 3]
    now = int(clock().timestamp() * 1000)
    assert (first.topic, first.payload, first.is_retained) == ("u/ben/s", f"1:{now}".encode(), True)
    clock.forward(seconds=5)
    his.is_here(b"0")
    gone = await hers.until(lambda it: it.kind == 3)
    assert (gone.topic, gone.payload, gone.is_retained) == ("u/ben/s", f"0:{now + 5000}".encode(), False)
    his.is_here(b"1:999")  # Android says a moment, which is not believed
    here = await hers.until(lambda it: it.kind == 3)
    assert here.payload == f"1:{now + 5000}".encode()
    for _ in range(20):
        his.is_here()
    await his.rest()
    assert told(await hers.rest()) == [], "what is said again and again is told once"
    his.hang_up()
    assert (await hers.until(lambda it: it.kind == 3)).payload == f"0:{now + 5000}".encode()


async def test_somebody_with_two_devices_is_gone_when_both_are(realtime: Realtime) -> None:
    hers, his, his_phone = await realtime.talker(ann), await realtime.talker(ben), await realtime.talker(ben)
    room = await realtime.room(hers, his, kind=DIRECT)
    await hers.enter(room, "ben")
    await hers.until(lambda it: it.kind == 3)
    his.is_here(b"")
    await his.rest()
    assert told(await hers.rest()) == []
    his_phone.say(DISCONNECT)
    assert (await hers.until(lambda it: it.kind == 3)).payload.startswith(b"0:")


async def test_who_is_seen_at_another_door_is_here(realtime: Realtime, core: Core, clock: SetClock) -> None:
    hers = await realtime.talker(ann)
    his, token = await realtime.signed_up(ben)
    assert his.user is not None
    await conversations.start(core, hers.it, kind=DIRECT, with_users=[his.user.id])
    clock.forward(seconds=5)
    await sessions.resume(core, token)
    await sessions.write_behind(core)
    seen = f"{int(clock().timestamp() * 1000)}".encode()
    clock.forward(seconds=5)
    assert await hers.subscribe("u/ben/s") == [0]
    assert told(await hers.rest()) == [("u/ben/s", b"1:" + seen)]
    clock.forward(minutes=5)
    hers.say(unsubscribe("u/ben/s"))
    await hers.until(lambda it: it.kind == 11)
    assert await hers.subscribe("u/ben/s") == [0]
    assert told(await hers.rest()) == [("u/ben/s", b"0:" + seen)]


async def test_presence_that_was_asked_for_before_anybody_was_there_comes_later(realtime: Realtime) -> None:
    """mqtt.js subscribes again in whatever order when it reconnects."""
    his, hers = await realtime.talker(ben), await realtime.talker(ann)
    room = await realtime.room(hers, his, kind=DIRECT)
    it, token = await realtime.signed_up(ann)
    late = Talker(realtime.app, realtime.house.hub, it, token, "ann")
    await late.open()
    assert await late.enter(room, "ben") == [0, 0, 0, 0, 0]
    assert told(await late.rest()) == []
    assert await late.subscribe(f"{token}/c") == [0]
    assert [topic for topic, _ in told(await late.rest())] == ["u/ben/s"]
    his.type(room)
    await his.rest()
    assert told(await late.rest()) == [(f"r/{room}/{room}/ben/t", b"1")]


async def test_tokens_go_first_within_a_packet(realtime: Realtime) -> None:
    his, hers = await realtime.talker(ben), await realtime.talker(ann)
    room = await realtime.room(hers, his)
    other = await realtime.room(his)
    it, token = await realtime.signed_up(ann)
    late = Talker(realtime.app, realtime.house.hub, it, token, "ann")
    await late.open()
    assert await late.subscribe(f"r/{room}/typing", f"r/{other}/typing", f"{token}/c") == [0, REFUSED, 0]


# Tokens


async def test_a_token_that_is_renewed_takes_the_place_of_the_one_before(
    realtime: Realtime, core: Core, acme: Cast
) -> None:
    await apps.change_policy(core, acme.app, {"token_lifetime": "7d"})
    hers, his = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, his)
    app = await apps.named(core, acme.app.slug)
    renewed = (await renewing.renew(core, app, realtime.tickets[his.token], address=ADDRESS)).token
    his.say(unsubscribe(*(f"{his.token}/{it}" for it in ("c", "n", "update"))))
    await his.until(lambda it: it.kind == 11)
    assert await his.subscribe(*(f"{renewed}/{it}" for it in ("c", "n", "update"))) == [0, 0, 0]
    await say(core, hers, room, "hello")
    assert [topic for topic, _ in told(await his.rest())] == [f"{renewed}/c"]


async def test_a_later_user_on_the_same_connection_takes_the_place_of_the_first(realtime: Realtime, core: Core) -> None:
    """qiscus-sdk-core carries its subscriptions over when another user is set without logging out."""
    hers, his = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, his)
    _, carols = await realtime.signed_up(carol)
    assert await his.subscribe(f"{carols}/c", f"{carols}/n") == [0, 0]
    await say(core, hers, room, "for ben alone")
    his.type(room)
    assert told(await his.rest()) == []
    assert await his.subscribe(f"r/{room}/{room}/+/d") == [REFUSED]


async def test_a_connection_of_a_session_that_ends_is_closed(realtime: Realtime, core: Core) -> None:
    his = await realtime.talker(ben)
    await sessions.log_out(core, his.it.session)
    await his.end()
    assert his.code == 1008
    again = realtime.line()
    await again.open()
    assert await again.subscribe(f"{his.token}/c", "u/ben/s") == [REFUSED, 0]
    again.say(publish("u/ben/s", b"1"))
    assert told(await again.rest()) == []


async def test_the_server_stops_and_says_so(realtime: Realtime, house: House) -> None:
    his = await realtime.talker(ben)
    await house.hub.close()
    await his.end()
    assert his.code == 1001


# Coming in


async def test_the_subprotocol_is_chosen_and_others_are_refused(realtime: Realtime) -> None:
    line = realtime.line()
    await line.open()
    assert line.subprotocol == "mqtt"
    for them in ((), ("xmpp",), ("mqttv3.1",)):
        other = realtime.line(subprotocols=them)
        await other.end()
        assert other.refused == 400


async def test_before_anybody_logs_in_a_client_may_be_there_and_hear_nothing(realtime: Realtime) -> None:
    """qiscus-sdk-core connects when it is set up, and says that ``undefined`` is here."""
    line = realtime.line()
    line.say(connect("acme_undefined_1", flags=0x26, more=b"\0\x0du/undefined/s\0\0"))
    assert await line.packet() == Packet(0x20, b"\0\0")
    line.say(publish("u/undefined/s", b"1", retained=True), publish("r/1/1/undefined/t", b"1"))
    assert await line.rest() == []


async def test_whoever_does_not_say_connect_is_cut_off(realtime: Realtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "TIME_TO_CONNECT", 0.05)
    slow = realtime.line()
    for byte in connect()[:6]:
        slow.say(bytes([byte]))
    await slow.end()
    assert slow.code == 1008
    patient = realtime.line()
    await patient.open()
    assert await patient.rest() == []


async def test_there_may_be_so_many_strangers_and_no_more(
    realtime: Realtime, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_STRANGERS >= 100
    monkeypatch.setattr("acquaint.dialects.qiscus.broker.MOST_STRANGERS", 2)
    first, second = realtime.line(), realtime.line()
    await first.open()
    await second.open()
    third = realtime.line()
    await third.end()
    assert third.refused == 429
    elsewhere = realtime.line(address="198.51.100.1")
    await elsewhere.open()
    first.hang_up()
    await first.end()
    await realtime.line().open()


async def test_who_blocks_somebody_hears_nothing_of_them_and_they_learn_nothing(realtime: Realtime, core: Core) -> None:
    hers, eves = await realtime.talker(ann), await realtime.talker(eve)
    room = await realtime.room(hers, eves, kind=DIRECT)
    await hers.enter(room)
    await blocks.block(core, hers.it, eves.id)
    await say(core, eves, room, "let me in")
    eves.type(room)
    [echo] = [it for it in await eves.rest() if it.kind == 3]
    assert (echo.json["room_name"], echo.json["status"]) == ("ann", "sent")
    assert told(await hers.rest()) == []
