"""What every Bus promises (``ports.bus``), alone and between nodes, with the line in order and without."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest

from acquaint.adapters import mentions, postgres_bus, valkey
from acquaint.adapters.line import DETAILS_LEFT_OUT
from acquaint.adapters.line_sealing import LineSealing
from acquaint.adapters.memory import MemoryBus
from acquaint.adapters.valkey import ValkeyBus
from acquaint.domain.apps import AppId
from acquaint.domain.conversations import ConversationId
from acquaint.domain.events import Event, EventId, EventKind
from acquaint.domain.sessions import SessionId
from acquaint.domain.users import UserId
from acquaint.ports.bus import LARGEST_MENTION, Bus
from tests.adapters.roads import Road, keys, postgres_road, valkey_road
from tests.support.patience import PATIENCE, until
from tests.support.valkey import running_valkey

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Listening:
    """A listener that remembers what it was told, in order."""

    def __init__(self) -> None:
        self.told: list[Event | str] = []

    def heard(self, event: Event) -> None:
        self.told.append(event)

    def lost(self) -> None:
        self.told.append("lost")

    @property
    def ids(self) -> list[int]:
        return [it.id for it in self.told if isinstance(it, Event)]

    @property
    def losses(self) -> int:
        return self.told.count("lost")


class Careless:
    """A listener that breaks its promise."""

    def heard(self, event: Event) -> None:
        raise RuntimeError("oh")

    def lost(self) -> None:
        raise RuntimeError("oh")


def ended(id: int, **details: Any) -> Event:
    return Event(EventId(id), AppId(1), EventKind.SESSION_ENDED, NOON, session_id=SessionId(id), details=details)


@asynccontextmanager
async def running(bus: Bus) -> AsyncIterator[Listening]:
    listening = Listening()
    bus.add(listening)
    task = asyncio.create_task(bus.run())
    try:
        await until(lambda: bus.is_whole)
        listening.told.clear()
        yield listening
    finally:
        task.cancel()
        await asyncio.wait([task])


OpenRoad = Callable[[], AbstractAsyncContextManager[Road]]


@pytest.fixture(params=["valkey", pytest.param("postgres", marks=pytest.mark.postgres)])
def open_road(request: pytest.FixtureRequest, tmp_path: Path) -> OpenRoad:
    if request.param == "valkey":
        return lambda: valkey_road(tmp_path)
    server = request.getfixturevalue("postgres")
    return lambda: postgres_road(server)


@pytest.fixture
async def road(open_road: OpenRoad) -> AsyncIterator[Road]:
    async with open_road() as found:
        yield found


# Alone


def check_alone(bus: Bus) -> None:
    first, second = Listening(), Listening()
    bus.add(first)
    bus.add(Careless())
    bus.add(second)
    bus.tell([ended(1), ended(2)])
    assert first.ids == second.ids == [1, 2]


async def test_the_listeners_of_this_node_know_before_tell_returns_even_if_one_of_them_fails(road: Road) -> None:
    check_alone(road.bus())
    check_alone(MemoryBus())


async def test_a_bus_in_memory_is_always_whole_and_runs_until_it_is_cancelled() -> None:
    bus = MemoryBus()
    assert bus.is_whole
    async with running(bus) as listening:
        bus.tell([ended(1)])
        assert listening.told == [ended(1)]


async def test_its_own_events_are_heard_once_and_not_as_an_echo(road: Road) -> None:
    bus = road.bus()
    async with running(bus) as listening:
        bus.tell([ended(1)])
        await asyncio.sleep(0.05)  # an echo would have come by now
        assert listening.told == [ended(1)]


# Between nodes


async def test_what_one_node_tells_the_others_hear_unchanged(road: Road) -> None:
    event = Event(
        EventId(2**53 - 1),
        AppId(7),
        EventKind.SESSION_TAKEN,
        datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC),
        UserId(8),
        SessionId(9),
        ConversationId(10),
        {"door": "qiscus", "name": "Zoé 😀 \0 \x7f", "nested": {"list": [1, 2.5, None, True]}},
    )
    one, other, third = road.bus(), road.bus(), road.bus()
    async with running(one), running(other) as at_other, running(third) as at_third:
        one.tell([event, ended(3)])
        await until(lambda: len(at_other.told) == len(at_third.told) == 2)
        assert at_other.told == at_third.told == [event, ended(3)]


async def test_events_arrive_in_the_order_they_were_told_however_many(road: Road) -> None:
    one, other = road.bus(most_unsaid=5000), road.bus()
    async with running(one), running(other) as at_other:
        for first in range(0, 3000, 100):
            one.tell([ended(id) for id in range(first, first + 100)])
        await until(lambda: len(at_other.ids) == 3000)
        assert at_other.ids == list(range(3000))


async def test_a_node_hears_the_others_and_not_its_own_echo(road: Road) -> None:
    one, other = road.bus(), road.bus()
    async with running(one) as at_one, running(other) as at_other:
        one.tell([ended(1)])
        await until(lambda: at_other.ids == [1])
        other.tell([ended(2)])
        await until(lambda: 2 in at_one.ids)
        assert at_one.ids == [1, 2]


async def test_a_moment_in_another_zone_stays_the_same_moment(road: Road) -> None:
    at = datetime(2026, 1, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    one, other = road.bus(), road.bus()
    async with running(one), running(other) as at_other:
        one.tell([Event(EventId(1), None, EventKind.APP_CREATED, at)])
        await until(lambda: bool(at_other.told))
        assert at_other.told == [Event(EventId(1), None, EventKind.APP_CREATED, NOON)]


async def test_a_bus_is_not_whole_until_it_listens_and_then_forgets_first(road: Road) -> None:
    bus, listening = road.bus(), Listening()
    bus.add(listening)
    assert not bus.is_whole
    task = asyncio.create_task(bus.run())
    await until(lambda: bus.is_whole)
    assert listening.told == ["lost"]
    task.cancel()
    await asyncio.wait([task])
    assert not bus.is_whole


async def test_a_node_whose_connection_broke_forgets_and_goes_on(road: Road) -> None:
    one, other = road.bus(), road.bus()
    async with running(one) as at_one, running(other) as at_other:
        await road.trip()
        await until(lambda: at_one.losses == at_other.losses == 1 and one.is_whole and other.is_whole)
        one.tell([ended(1)])
        await until(lambda: at_other.ids == [1])


async def test_what_is_told_while_the_line_is_cut_arrives_once_it_is_mended(road: Road) -> None:
    one, other = road.bus(), road.bus()
    async with running(one) as at_one, running(other) as at_other:
        await road.cut()
        await until(lambda: not one.is_whole and not other.is_whole)
        one.tell([ended(1)])
        one.tell([ended(2)])
        assert at_one.ids == [1, 2]  # here at once, line or no line
        await asyncio.sleep(0.2)
        assert not one.is_whole
        assert not other.is_whole
        await road.mend()
        await until(lambda: one.is_whole and other.is_whole)
        one.tell([ended(3)])
        await until(lambda: 3 in at_other.ids)
        # Either it heard them, or it was told that it may have missed them; and forgetting comes before anything else.
        assert at_other.told[0] == "lost"
        assert at_one.losses == at_other.losses == 1


async def test_a_line_that_only_falls_silent_is_noticed_too(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((valkey, "LISTENING_CHECKED_EVERY"), (postgres_bus, "CHECK_WITHIN")):
        monkeypatch.setattr(module, name, 0.4)
    bus = road.bus()
    async with running(bus):
        await road.freeze()
        await until(lambda: not bus.is_whole)


async def test_when_more_waits_than_the_queue_holds_the_others_get_the_newest_and_know_they_missed_some(
    road: Road,
) -> None:
    one, other = road.bus(most_unsaid=3), road.bus()
    async with running(other) as at_other:
        one.tell([ended(id) for id in range(10)])
        assert not one.is_whole
        async with running(one):
            await until(lambda: len(at_other.told) == 4)
            assert at_other.told == ["lost", ended(7), ended(8), ended(9)]
            await until(lambda: one.is_whole)


async def test_an_event_that_is_too_long_for_the_line_goes_without_its_details(road: Road) -> None:
    one, other = road.bus(), road.bus()
    async with running(one), running(other) as at_other:
        one.tell([ended(1, why="ended"), ended(2, why="ä" * 200_000), ended(3, why="ended")])
        await until(lambda: len(at_other.told) == 3)
        assert at_other.told == [ended(1, why="ended"), ended(2, **{DETAILS_LEFT_OUT: True}), ended(3, why="ended")]


async def test_details_of_some_hundred_bytes_are_split_over_messages_and_none_is_cut(road: Road) -> None:
    one, other = road.bus(), road.bus()
    async with running(one), running(other) as at_other:
        events = [ended(id, why="ä" * id) for id in range(0, 3500, 50)]
        one.tell(events)
        await until(lambda: len(at_other.told) == len(events))
        assert at_other.told == events


@pytest.mark.parametrize(
    "said",
    [
        "",
        "hello",
        "17",
        '{"events":[{"id":1}]}',
        '{"events":[{"id":1,"app_id":1,"kind":"moon.landed","at":"2026-01-01T12:00:00Z"}]}',
        '{"mentions":' + "[" * 5_000,
    ],
)
async def test_what_a_node_of_another_version_says_and_nobody_can_read_makes_every_node_forget(
    road: Road, said: str
) -> None:
    bus = road.bus()
    async with running(bus) as listening:
        await road.shout(LineSealing(keys).seal(said.encode()).decode())
        await until(lambda: listening.told == ["lost"])
        assert bus.is_whole
        assert bus.not_believed == 0


async def test_who_heard_less_than_a_node_told_forgets(road: Road) -> None:
    bus, node = road.bus(), LineSealing(keys)

    async def say(id: int, told: int) -> None:
        said = {"events": [msgspec.to_builtins(ended(id))], "told": told}
        await road.shout(node.seal(json.dumps(said).encode()).decode())
        await until(lambda: id in listening.ids)

    async with running(bus) as listening:
        await say(1, 7)  # it told of others before this one listened
        await say(2, 8)
        await say(3, 8)  # once more: it could not know whether it was heard
        assert listening.losses == 0
        await say(4, 10)
        assert listening.told == [ended(1), ended(2), ended(3), "lost", ended(4)]
        await say(5, 11)
        assert listening.losses == 1


async def test_a_node_that_stops_says_its_last_words(road: Road) -> None:
    other = road.bus()
    async with running(other) as at_other:
        one = road.bus()
        async with running(one):
            one.tell([ended(1)])
        await until(lambda: at_other.ids == [1])
        never_whole = road.bus()
        never_whole.tell([ended(2)])
        task = asyncio.create_task(never_whole.run())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        await until(lambda: at_other.ids == [1, 2])


async def test_a_node_that_stops_while_the_line_is_cut_stops_all_the_same(road: Road) -> None:
    one = road.bus()
    async with running(one):
        await road.cut()
        await until(lambda: not one.is_whole)
        one.tell([ended(1)])
    assert not one.is_whole
    await road.mend()


# What is only mentioned


@asynccontextmanager
async def overhearing(bus: Bus) -> AsyncIterator[list[Any]]:
    mentioned: list[Any] = []
    bus.listen_in(lambda words: mentioned.append(json.loads(words)))
    async with running(bus):
        yield mentioned


async def test_what_a_node_mentions_the_others_hear_in_order_and_once_and_it_does_not_itself(road: Road) -> None:
    one, other, third = road.bus(), road.bus(), road.bus()
    async with overhearing(one) as at_one, overhearing(other) as at_other, overhearing(third) as at_third:
        said = [{"n": number, "text": "Zoé 😀 \0" * number} for number in range(0, 400, 4)]
        said.append({"n": -1, "text": "ü" * 50_000})  # more than a notification of PostgreSQL holds
        for it in said:
            while not one.mention(json.dumps(it, ensure_ascii=False).encode(), of=1):  # noqa: ASYNC110 - no room yet
                await asyncio.sleep(0.01)
        await until(lambda: len(at_other) == len(at_third) == len(said))
        assert at_other == at_third == said
        assert at_one == []


async def test_events_go_first_however_much_is_mentioned(road: Road) -> None:
    one, other = road.bus(), road.bus()
    mentioned: list[bytes] = []
    other.listen_in(mentioned.append)
    before: list[int] = []

    class Counting(Listening):
        def heard(self, event: Event) -> None:
            before.append(len(mentioned))

    other.add(Counting())
    async with running(one), running(other) as at_other:
        for sender in range(10):
            while one.mention(b'"%s"' % (b"x" * 50_000), of=sender):
                continue
        one.tell([ended(1)])
        await until(lambda: at_other.ids == [1])
        assert before[0] < 10, "there were some forty of them"


async def test_who_floods_the_line_leaves_room_for_the_others(road: Road) -> None:
    bus = road.bus()
    count = 0
    while bus.mention(b'"%s"' % (b"x" * 10_000), of=1):
        count += 1
    assert 0 < count < 100
    assert bus.mention(b'"somebody else"', of=2)
    assert not bus.mention(b'"%s"' % (b"x" * LARGEST_MENTION), of=3), "that is too much for anybody"


async def test_a_mention_that_is_old_when_the_line_is_mended_is_said_to_nobody(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mentions, "STALE_AFTER", 0.0)
    one, other = road.bus(), road.bus()
    one.mention(b'"old"', of=1)
    await asyncio.sleep(0.01)
    monkeypatch.setattr(mentions, "STALE_AFTER", PATIENCE)
    async with overhearing(other) as at_other, running(one):
        one.mention(b'"new"', of=1)
        await until(lambda: at_other == ["new"])


async def test_who_breaks_at_what_is_mentioned_keeps_nobody_from_hearing_it(road: Road) -> None:
    one, other = road.bus(), road.bus()

    def raises(words: bytes) -> None:
        raise RuntimeError("oh")

    other.listen_in(raises)
    async with running(one), overhearing(other) as at_other:
        one.mention(b'"a word"', of=1)
        await until(lambda: at_other == ["a word"])


async def test_nodes_on_another_database_hear_nothing(tmp_path: Path) -> None:
    with running_valkey(tmp_path) as server:
        one, neighbour, stranger = (ValkeyBus(f"valkey://127.0.0.1:{server.port}/{it}", keys) for it in (0, 0, 1))
        async with running(one), running(neighbour) as at_neighbour, running(stranger) as at_stranger:
            one.tell([ended(1)])
            await until(lambda: at_neighbour.ids == [1])
            assert at_stranger.told == []
