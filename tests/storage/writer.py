"""Another process, for tests: ``python -m tests.storage.writer URL users|event``.

users    adds users, as many at once as there are lines on its way out; prints each login once it is answered
event    opens the store, writes one Event, and is gone: what the command line does
"""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import count

from acquaint.domain.events import EventKind
from acquaint.domain.sessions import SessionId
from acquaint.storage.store import SqlStore
from tests.storage.world import World
from tests.support.clock import SetClock
from tests.support.sealing import SEALING

AT_ONCE = 200


async def main(url: str, what: str, first_id: str) -> None:
    clock, numbers = SetClock(), count(int(first_id))
    world = World(
        SqlStore(url, new_id=lambda: next(numbers), clock=clock, sealing=SEALING, told=lambda _: None),
        clock,
        numbers,
        [],
    )
    async with world.store.read() as tx:
        (world.acme,) = await tx.apps.all()
    if what == "event":
        async with world.store.write() as tx:
            await tx.events.add(world.event(EventKind.SESSION_ENDED, session_id=SessionId(7)))
        await world.store.close()
    else:
        await asyncio.gather(*(add_users(world, it) for it in range(AT_ONCE)))


async def add_users(world: World, worker: int) -> None:
    for number in count():
        login = f"user-{worker}-{number}"
        await world.add_user(login)
        os.write(1, f"{login}\n".encode())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
