"""Attack 34: somebody who reaches the line between nodes, reads it, and writes to it.

Valkey is often the least guarded machine of all, and whoever may connect to a PostgreSQL database may NOTIFY. Eve would
have nodes believe that sessions ended, that users changed and that people are online; or plays again what a node said.
What she sends is ignored, and counted; what nodes say goes on being heard.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

import asyncpg
import msgspec

from acquaint.adapters.line import LineBus
from acquaint.adapters.line_sealing import LineSealing
from acquaint.adapters.postgres_bus import CHANNEL
from acquaint.bootstrap import House
from acquaint.realtime import mentioned
from acquaint.realtime.mentioned import Roll
from acquaint.services import apps, sessions
from acquaint.services.live import Aside, Cut
from tests.adapters.roads import Road, keys
from tests.adapters.test_buses import Listening, OpenRoad, ended, open_road, road, running
from tests.adapters.test_limiters import logged
from tests.cast import Cast, ann, ben
from tests.realtime.conftest import Ear
from tests.services.doors import verified
from tests.support.nodes import Nodes, hurry, nodes, wired
from tests.support.patience import PATIENCE, until
from tests.support.valkey import RunningValkey

__all__ = ["OpenRoad", "hurry", "logged", "nodes", "open_road", "road", "wired"]  # fixtures

EVES_KEY = bytes(range(100, 132))


@asynccontextmanager
async def eavesdropping(road: Road) -> AsyncIterator[list[bytes]]:
    """What somebody hears who is on the line and is no node."""
    line, heard = road.line(), list[bytes]()
    await line.open()

    async def listen() -> None:
        while True:
            it = await line.hear()
            heard.append(it.encode() if isinstance(it, str) else it)

    task = asyncio.create_task(listen())
    try:
        yield heard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await line.close()


async def is_heard(bus: LineBus, other: LineBus, listening: Listening, id: int) -> None:
    """What ``bus`` tells now, ``other`` hears: and so it has heard whatever was said before."""
    bus.tell([ended(id)])
    await until(lambda: id in listening.ids)
    assert other.is_whole


async def test_what_is_not_sealed_by_a_node_is_counted_logged_once_and_ignored(
    road: Road, logged: list[MutableMapping[str, Any]]
) -> None:
    one, other = road.bus(), road.bus()
    event, roll = msgspec.to_builtins(ended(1)), msgspec.to_builtins(Roll("evil", [(1, 2, 0)]))
    forged = json.dumps({"node": "x", "events": [event], "missed": True, "mentions": [roll]})
    eve, mentions = LineSealing(lambda: [EVES_KEY]), list[bytes]()
    other.listen_in(mentions.append)
    shouted = [
        forged,
        eve.seal(forged.encode()).decode(),
        re.sub(r"^acquaint\.1\.\w+", LineSealing(keys).seal(b"").decode()[:27], eve.seal(forged.encode()).decode()),
        "1/3 what never ends",
        "2/3 what begins in the middle",
        "1/99 [",
        "9/2 [",
        "[" * 5_000,
        "",
    ]
    async with running(one), running(other) as listening:
        for it in shouted:
            await road.shout(it)
        await is_heard(one, other, listening, 2)
        assert listening.told == [ended(2)], "nobody was made to forget anything, either"
        assert mentions == []
        assert other.not_believed >= len(shouted) - 2  # over PostgreSQL, parts of a message that never ends wait
    warnings = [it for it in logged if it["event"] == "bus_message_not_believed"]
    assert len(warnings) == 2, "each node says it once"
    assert EVES_KEY.hex() not in str(warnings)


async def test_what_a_node_said_is_not_heard_again_when_somebody_repeats_it(road: Road) -> None:
    one, other, mentions = road.bus(), road.bus(), list[bytes]()
    other.listen_in(mentions.append)
    async with eavesdropping(road) as stolen, running(one), running(other) as listening:
        one.tell([ended(1)])
        one.mention(b'{"signal":"the phone rings"}', of=1)
        await until(lambda: len(stolen) == 2 and bool(mentions))
        said = tuple(it.decode() for it in stolen)
        assert not any(word in it for it in said for word in ("phone", "rings", "session", "ended"))
        for it in (*said, *reversed(said)):
            await road.shout(it)
        await is_heard(one, other, listening, 2)
        assert listening.ids == [1, 2]
        assert mentions == [b'{"signal":"the phone rings"}']
        assert other.not_believed == 4
        late = road.bus()  # begins to listen now, and has heard of nobody yet
        async with running(late) as at_late:
            await is_heard(one, late, at_late, 3)
            for it in said:
                await road.shout(it)
            await is_heard(one, late, at_late, 4)
            assert at_late.ids == [3, 4]


async def test_a_key_that_was_taken_away_opens_nothing_any_more(road: Road) -> None:
    listed = [EVES_KEY]
    one, other, thief = road.bus(), road.bus(keys=lambda: [*keys(), *listed]), road.bus(keys=lambda: [EVES_KEY])
    async with running(one), running(thief), running(other) as listening:
        await is_heard(thief, other, listening, 1)
        listed.clear()
        ids = count(2)
        async with asyncio.timeout(PATIENCE):
            while not other.not_believed:
                id = next(ids)
                thief.tell([ended(id)])
                await until(lambda: other.not_believed or id in listening.ids)  # noqa: B023
        last = listening.ids[-1]
        await is_heard(one, other, listening, 1_000_000)
        assert listening.ids[-2:] == [last, 1_000_000]


async def shout(house: House, valkey: RunningValkey, message: str) -> None:
    """Over what these nodes are connected by, whichever it is."""
    if house.settings.bus_url:
        valkey.say("PUBLISH", "acquaint:events:0", message)
        return
    connection = await asyncpg.connect(house.settings.database_url)
    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, message)
    await connection.close()


async def test_nobody_is_cut_online_or_rung_up_by_whoever_reaches_the_line(nodes: Nodes, valkey: RunningValkey) -> None:
    """As it was before nodes sealed what they say: this cut Ben, and showed Ann as online."""
    here, there = nodes
    acme = Cast(await apps.create(here.core, "Acme"))
    a, b = await verified(here.core, acme, ann), await verified(here.core, acme, ben)
    assert a.user is not None
    assert b.user is not None
    bens = Ear(b.session)
    await there.hub.welcome(bens)
    cut = {"id": 1, "app_id": acme.app.id, "kind": "session.ended", "at": "2026-01-01T12:00:00Z"}
    roll = json.loads(mentioned.write(Roll("evil", [(acme.app.id, a.user.id, 2)], begins=True, ends=True)))
    call = {"type": "remark", "app": acme.app.id, "session": a.session.id, "user": b.user.id, "words": "ring"}
    forged = {"events": [cut | {"session_id": b.session.id}], "mentions": [roll, call], "told": 0}
    for said in (json.dumps({"node": "evil", **forged}), json.dumps(forged)):
        for message in (said, LineSealing(lambda: [EVES_KEY]).seal(said.encode()).decode()):
            await shout(here, valkey, message)
    anns = Ear(a.session)
    await here.hub.pass_to(anns, b.user.id, Aside("carrier pigeon", "hello"))
    await until(lambda: bool(bens.asides))
    assert [it.read("carrier pigeon", str) for it in bens.asides] == ["hello"]
    assert bens.cuts == []
    assert not there.hub.is_connected(acme.app.id, a.user.id)
    assert there.core.bus.not_believed >= 4
    await sessions.end(here.core, acme.app, b.session.id)
    await until(lambda: bens.cuts == [Cut.REVOKED])
    there.hub.forget(bens)


async def test_a_flood_of_forgeries_deafens_nobody(road: Road) -> None:
    one, other = road.bus(), road.bus()
    eve, line = LineSealing(lambda: [EVES_KEY]), road.line()
    await line.open()
    async with running(one), running(other) as listening:
        for _ in range(1_000):
            await line.say(eve.seal(b"x" * 300))
        await is_heard(one, other, listening, 1)
        assert other.not_believed == 1_000
    await line.close()
