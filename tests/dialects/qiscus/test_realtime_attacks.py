"""Eve on the realtime door: other people's topics, other people's names, and more than her share of the server."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from acquaint.bootstrap import House
from acquaint.dialects.qiscus import broker, stream
from acquaint.dialects.qiscus.mqtt import MOST_REFUSED
from acquaint.dialects.qiscus.topics import MOST_SUBSCRIPTIONS
from acquaint.domain.conversations import ConversationKind
from acquaint.realtime import lookouts
from acquaint.realtime.hub import MOST_CONNECTIONS
from acquaint.services import apps, blocks, limits, messages, sessions, sign_in, users
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, eve, laptop
from tests.dialects.qiscus.realtime import (
    REFUSED,
    Packet,
    Realtime,
    Talker,
    connect,
    framed,
    publish,
    subscribe,
    text,
    unsubscribe,
)
from tests.services.doors import at

DIRECT = ConversationKind.DIRECT


@pytest.fixture
def realtime(house: House, acme: Cast) -> Realtime:
    return Realtime(house, acme)


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    was = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    for module in (broker, stream):  # another test's logger may have been remembered
        monkeypatch.setattr(module, "log", structlog.get_logger())
    with structlog.testing.capture_logs() as logs:
        yield logs
    structlog.configure(**was)


def told(packets: list[Packet]) -> list[tuple[str, bytes]]:
    return [(it.topic, it.payload) for it in packets if it.kind == 3]


@pytest.mark.parametrize(
    "wanted",
    ["#", "+/c", "+/n", "+/update", "+/+/c", "u/+/s", "u/#", "r/#", "+/#", "$SYS/#", "r/+/typing", "r/+/+/+/t"],
)
async def test_nobody_hears_more_than_they_name(realtime: Realtime, core: Core, wanted: str) -> None:
    hers, bens, eves = await realtime.talker(ann), await realtime.talker(ben), await realtime.talker(eve)
    room = await realtime.room(hers, bens)
    assert await eves.subscribe(wanted) == [REFUSED]
    stranger = realtime.line()
    await stranger.open()
    assert await stranger.subscribe(wanted) == [REFUSED]
    await messages.post(core, hers.it, room, Draft("for ben"))
    hers.type(room)
    await hers.rest()
    assert told(await eves.rest()) == told(await stranger.rest()) == []


async def test_rooms_of_others_are_refused_like_rooms_that_are_not_there(realtime: Realtime, core: Core) -> None:
    hers, bens, eves = await realtime.talker(ann), await realtime.talker(ben), await realtime.talker(eve)
    room = await realtime.room(hers, bens, kind=DIRECT)
    for id in (room, 1234567):
        filters = [f"r/{id}/typing", f"r/{id}/{id}/e", *(f"r/{id}/+/+/{it}" for it in "tdr"), f"r/{id}/{id}/ann/t"]
        assert await eves.subscribe(*filters) == [REFUSED] * len(filters)


async def test_what_was_asked_for_before_anybody_was_there_is_not_heard_by_whoever_comes(
    realtime: Realtime, core: Core
) -> None:
    """A stranger's subscriptions are kept for when they sign in. They must not outlast who may hear them."""
    hers, bens = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, bens)
    it, token = await realtime.signed_up(eve)
    eves = Talker(realtime.app, realtime.house.hub, it, token, "eve")
    await eves.open()
    await eves.enter(room, "ann")
    await eves.subscribe(f"r/{room}/{room}/e")
    assert await eves.subscribe(f"{token}/c") == [0]
    hers.type(room)
    hers.is_here(b"0")
    hers.say(publish(f"r/{room}/{room}/e", b'{"data":1}'))
    said = await messages.post(core, hers.it, room, Draft("for ben"))
    await messages.mark_read(core, bens.it.session, room, said.id)
    await hers.rest()
    await asyncio.sleep(lookouts.PAUSE / 10)
    assert told(await eves.rest()) == []


async def test_nobody_says_what_only_the_server_says(realtime: Realtime) -> None:
    hers, bens = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, bens)
    await hers.enter(room, "ben")
    await hers.rest()
    for topic in (
        f"{hers.token}/c",
        f"{hers.token}/n",
        f"{bens.token}/c",
        "acme/news/c",
        f"r/{room}/{room}/ben/r",
        f"r/{room}/{room}/ben/d",
        f"r/{room}/typing",
        "$SYS/broker",
        "whatever",
    ):
        for qos in (0, 1, 2):
            bens.say(publish(topic, b'{"message": "forged"}', qos=qos))
    assert told(await bens.rest()) == []
    assert told(await hers.rest()) == []


async def test_nobody_speaks_in_anothers_name(realtime: Realtime) -> None:
    hers, bens, eves = await realtime.talker(ann), await realtime.talker(ben), await realtime.talker(eve)
    room = await realtime.room(hers, bens, eves)
    await hers.enter(room, "ben")
    await hers.rest()
    eves.type(room, as_="ben")
    eves.is_here(b"0", as_="ben")
    eves.say(publish(f"r/{room}/{room}/e", b'{"sender":"ben","data":0}'))
    await eves.rest()
    await hers.subscribe(f"r/{room}/{room}/e")
    assert told(await hers.rest()) == []
    eves.say(publish(f"r/{room}/{room}/e", b'{"sender":"ben","data":0}'))
    await eves.rest()
    assert told(await hers.rest()) == [(f"r/{room}/{room}/e", b'{"sender":"eve","data":0}')]


async def test_who_is_not_in_a_room_says_nothing_there(realtime: Realtime) -> None:
    hers, bens, eves = await realtime.talker(ann), await realtime.talker(ben), await realtime.talker(eve)
    room = await realtime.room(hers, bens)
    await hers.enter(room)
    await hers.subscribe(f"r/{room}/{room}/e")
    eves.type(room)
    eves.say(publish(f"r/{room}/{room}/e", b'{"data":"listen"}'))
    await eves.rest()
    assert told(await hers.rest()) == []


async def test_a_will_is_nobodys_last_word_but_ones_own(realtime: Realtime) -> None:
    hers, bens = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, bens, kind=DIRECT)
    await hers.enter(room, "ben")
    await hers.rest()
    for topic, will in (("u/ben/s", b"0"), (f"{hers.token}/c", b"not JSON"), (f"r/{room}/{room}/ben/t", b"1")):
        line = realtime.line()
        line.say(connect("evil", flags=0x26, more=text(topic) + text(will)))
        await line.packet()
        line.hang_up()
        await line.end()
    assert told(await hers.rest()) == []
    assert told(await bens.rest()) == []


async def test_a_client_id_of_another_takes_nothing_away(realtime: Realtime, core: Core) -> None:
    """Elsewhere a second connection of the same client id ends the first, and client ids can be guessed."""
    hers, bens = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, bens)
    line = realtime.line()
    await line.open(client_id="acme_ben_1")
    await messages.post(core, hers.it, room, Draft("for ben"))
    assert [topic for topic, _ in told(await bens.rest())] == [f"{bens.token}/c"]
    assert await line.rest() == []


async def test_a_token_of_another_app_is_of_that_app(realtime: Realtime, core: Core) -> None:
    hers, bens = await realtime.talker(ann), await realtime.talker(ben)
    room = await realtime.room(hers, bens)
    other = (await apps.create(core, "Other")).app
    eves = await realtime.talker(ann, other)  # of the same name
    assert await eves.subscribe(f"r/{room}/typing", f"{hers.it.app.slug}/news/c", "u/ben/s") == [REFUSED, REFUSED, 0]
    eves.type(room)
    await eves.rest()
    assert told(await hers.rest()) == []
    assert told(await eves.rest()) == []


async def test_only_the_token_of_somebody_proved_opens_the_door(realtime: Realtime, core: Core, acme: Cast) -> None:
    visit = await sign_in.visit(core, acme.app, at(laptop))
    it, token = await realtime.signed_up(ann)
    await sessions.end(core, acme.app, it.session.id)
    _, bens = await realtime.signed_up(ben)
    line = realtime.line()
    await line.open()
    broken = bens[:-1] + ("x" if bens[-1] != "x" else "y")
    wanted = [f"{it}/c" for it in (str(visit.token), token, broken, "undefined", "x" * 900, bens.upper())]
    assert await line.subscribe(*wanted) == [REFUSED] * len(wanted)
    assert await line.subscribe(f"{bens}/c") == [0]


async def test_a_page_of_another_origin_is_not_let_in(realtime: Realtime, core: Core, acme: Cast) -> None:
    await apps.change_policy(core, acme.app, {"allowed_origins": ["https://shop.example"]})
    _, token = await realtime.signed_up(ann)
    for origin, code in ((b"https://evil.example", REFUSED), (b"https://shop.example", 0)):
        line = realtime.line(headers=((b"origin", origin),))
        await line.open()
        assert await line.subscribe(f"{token}/c") == [code]


async def test_who_is_banned_is_cut_off_at_once_and_stays_out(realtime: Realtime, core: Core, acme: Cast) -> None:
    eves = await realtime.talker(eve)
    await users.ban(core, acme.app, eves.id)
    await eves.end()
    assert eves.code == 1008
    line = realtime.line()
    await line.open()
    assert await line.subscribe(f"{eves.token}/c") == [REFUSED]


async def test_presence_of_strangers_is_nobodys_business(realtime: Realtime, core: Core) -> None:
    """And of nobody the same is heard."""
    hers, eves = await realtime.talker(ann), await realtime.talker(eve)
    assert await eves.subscribe("u/ann/s", "u/nobody/s", "u/1/s") == [0, 0, 0]
    hers.is_here(b"0")
    await hers.rest()
    hers.is_here(b"1")
    await hers.rest()
    assert told(await eves.rest()) == []


async def test_who_is_blocked_does_not_see_when_somebody_is_here(realtime: Realtime, core: Core) -> None:
    hers, eves = await realtime.talker(ann), await realtime.talker(eve)
    room = await realtime.room(hers, eves, kind=DIRECT)
    await blocks.block(core, hers.it, eves.id)
    assert (await eves.enter(room, "ann"))[0] == 0
    hers.is_here(b"0")
    await hers.rest()
    assert told(await eves.rest()) == []


async def test_an_app_may_show_everybody_to_everybody(realtime: Realtime, core: Core, acme: Cast) -> None:
    await apps.change_policy(core, acme.app, {"shows_online_users": True})
    _, eves = await realtime.talker(ann), await realtime.talker(eve)
    await eves.subscribe("u/ann/s")
    assert [topic for topic, _ in told(await eves.rest())] == ["u/ann/s"]


# More than her share


async def test_who_flickers_is_told_once_in_a_while(realtime: Realtime, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    look = stream.Stream.look

    async def counted(self: stream.Stream, *ids: object, **how: object) -> None:
        nonlocal looks
        looks += 1
        await look(self, *ids, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(stream.Stream, "look", counted)
    hers, eves = await realtime.talker(ann), await realtime.talker(eve)
    room = await realtime.room(hers, eves, kind=DIRECT)
    await hers.enter(room, "eve")
    before = looks
    for _ in range(100):
        eves.is_here(b"0")
        eves.is_here(b"1")
    await eves.rest()
    assert looks - before <= 2


async def test_subscriptions_do_not_pile_up(realtime: Realtime) -> None:
    eves = await realtime.talker(eve)
    codes = await eves.subscribe(*(f"u/{it}/s" for it in range(stream.MOST_WATCHED + 1)))
    assert (codes.count(0), codes[-1]) == (stream.MOST_WATCHED, REFUSED)
    stranger = realtime.line()
    await stranger.open()
    codes = await stranger.subscribe(*(f"r/{it}/typing" for it in range(1, MOST_SUBSCRIPTIONS + 11)))
    assert codes.count(0) == MOST_SUBSCRIPTIONS


async def test_who_tries_out_rooms_is_cut_off(realtime: Realtime) -> None:
    eves = await realtime.talker(eve)
    eves.say(subscribe(*(f"r/{it}/typing" for it in range(1, MOST_REFUSED + 2))))
    await eves.end()
    assert eves.code == 1008


async def test_one_user_has_so_many_connections_and_no_more(
    realtime: Realtime, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_CONNECTIONS >= 10
    monkeypatch.setattr("acquaint.realtime.hub.MOST_CONNECTIONS", 2)
    await realtime.talker(eve)
    last = await realtime.talker(eve)
    _, token = await realtime.signed_up(eve)
    line = realtime.line()
    await line.open()
    assert await line.subscribe(f"{token}/c") == [REFUSED]
    last.hang_up()
    await last.end()
    assert await line.subscribe(f"{token}/c") == [0]


async def test_whoever_reads_nothing_is_cut_off(realtime: Realtime, core: Core, house: House) -> None:
    hers, eves = await realtime.talker(ann), await realtime.talker(eve)
    room = await realtime.room(hers, eves)
    eves.stops_reading()
    for number in range(300):
        await messages.post(core, hers.it, room, Draft("x" * 4_000 + str(number)))
        if number % 50 == 0:
            await hers.rest()
        if not house.hub.is_connected(eves.it.app.id, eves.id):
            break
    assert not house.hub.is_connected(eves.it.app.id, eves.id)


async def test_events_are_limited(realtime: Realtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acquaint.web.flow.FRAMES", 100_000.0)
    hers, eves = await realtime.talker(ann), await realtime.talker(eve)
    room = await realtime.room(hers, eves)
    topic = f"r/{room}/{room}/e"
    await hers.subscribe(topic)
    most = limits.ASIDES_PER_SESSION.times
    for start in range(0, most + 50, 50):
        eves.say(*(publish(topic, b'{"data":%d}' % (start + it)) for it in range(50)))
        await eves.rest()
        if start % 200 == 0:
            await hers.rest()
    assert told(await eves.rest()) == []


@pytest.mark.parametrize(
    "broken",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xff\xff\xff\xff",
        framed(0x30, b"")[:1] + b"\xff\xff\xff\x7f",
        connect(),
        publish("u/+/s", b"1"),
        publish("a\0b", b"1"),
        subscribe("", qos=0),
        subscribe("a", qos=3),
        b"\x82\x02\0\1",
        b"\xf0\0",
        b"\x10\0",
    ],
)
async def test_what_is_broken_ends_the_connection_and_nothing_else(realtime: Realtime, broken: bytes) -> None:
    hers, eves = await realtime.talker(ann), await realtime.talker(eve)
    eves.say(broken)
    await eves.end()
    assert eves.code == 1002
    assert await hers.rest() == []


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_somebody_says_who_is_signed_in_nothing_of_ours_breaks(
    logs: list[Any], realtime: Realtime, seed: int
) -> None:
    hers, eves = await realtime.talker(ann), await realtime.talker(eve)
    room = await realtime.room(hers, eves)
    chance = random.Random(seed)
    words = [
        "r",
        "u",
        "s",
        "c",
        "n",
        "e",
        "t",
        "d",
        "typing",
        "update",
        "+",
        "#",
        "",
        str(room),
        "eve",
        eves.token,
        "ä" * 60,
    ]
    for _ in range(150):
        topic = "/".join(chance.choices(words, k=chance.randint(1, 6))) or "x"
        payload = chance.choice(
            [b"", b"0", b"1", b'{"data":1}', b"\xff" * 100, chance.randbytes(chance.randint(0, 2_000))]
        )
        qos, id = chance.randint(0, 2), chance.randint(1, 9)
        made = [subscribe(topic, packet_id=id, qos=qos), unsubscribe(topic, packet_id=id)]
        if not set(topic) & set("+#"):
            made.append(publish(topic, payload, qos=qos, packet_id=id))
        eves.say(chance.choice(made))
    await eves.rest()
    await hers.rest()
    assert not [it for it in logs if it["log_level"] in ("error", "critical")]
    assert eves.code is None


async def test_text_frames_end_the_connection(realtime: Realtime) -> None:
    eves = await realtime.talker(eve)
    eves.say_text("hello")
    await eves.end()
    assert eves.code == 1002


async def test_packets_may_come_in_any_pieces(realtime: Realtime, core: Core) -> None:
    it, token = await realtime.signed_up(ann)
    line = Talker(realtime.app, realtime.house.hub, it, token, "ann")
    for byte in connect() + subscribe(f"{token}/c", packet_id=5):
        line.say(bytes([byte]))
    assert await line.packet() == Packet(0x20, b"\0\0")
    assert await line.packet() == Packet(0x90, b"\0\5\0")


async def test_no_token_gets_into_the_log(logs: list[Any], realtime: Realtime, core: Core) -> None:
    hers, ended = await realtime.talker(ann), await realtime.talker(eve)
    await sessions.log_out(core, ended.it.session)
    await ended.end()
    line = realtime.line()
    await line.open()
    await line.subscribe(f"{ended.token}/c")
    line.say(publish(f"{hers.token}/c", b"x"), b"\xf0\0")
    await line.end()
    hers.hang_up()
    await hers.end()
    ours = [it for it in logs if it["event"].startswith("mqtt")]
    assert {it["event"] for it in ours} == {"mqtt_connected", "mqtt_refused", "mqtt_disconnected"}
    assert "acqs_" not in str(logs)
