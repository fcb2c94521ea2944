"""Attack 11 on what tidies up, and on what is given once: several at the same moment, of which one may win.

What a user has must never be lost to a sweep that thought they were gone.
"""

from __future__ import annotations

import asyncio

from acquaint.domain.conversations import Conversation, ConversationId
from acquaint.domain.errors import Refusal
from acquaint.domain.identities import Claimed
from acquaint.services import conversations, messages, operators, ratings, sign_in, upkeep
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, device, laptop
from tests.services.doors import allow, sees, visitor, write
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases


@on_both_databases
async def test_who_comes_back_while_two_nodes_tidy_up_loses_nothing(core: Core, acme: Cast, clock: SetClock) -> None:
    await allow(core, acme, unverified_users_kept="1d")
    devices = [device(f"laptop {it}") for it in range(10)]
    for it in devices:
        await sign_in.claim(core, await visitor(core, acme, it), Claimed(name="Ann"))
    clock.forward(days=40)

    async def comes_back(secret: str) -> ConversationId:
        return await write(core, await visitor(core, acme, secret), "I am back")

    async def tidy() -> int:
        return sum([it async for it in upkeep.walk(core)])

    walks = asyncio.gather(tidy(), tidy())
    back = await asyncio.gather(*map(comes_back, devices))
    assert sum(await walks) <= len(devices)
    for id, secret in zip(back, devices, strict=True):
        assert await sees(core, await visitor(core, acme, secret)) == {id: ["I am back"]}


@on_both_databases
async def test_of_many_ratings_at_once_one_is_given(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    id = await write(core, it)
    await conversations.close(core, acme.app, id, asks_rating=True)
    tried = await asyncio.gather(*(ratings.rate(core, it, id, 1 + n % 5) for n in range(20)), return_exceptions=True)
    given = [one.rating.score for one in tried if isinstance(one, Conversation) and one.rating is not None]
    assert len(set(given)) == 1
    assert all(isinstance(one, Conversation | Refusal) for one in tried)


@on_both_databases
async def test_marks_of_operators_never_move_back_whatever_happens_meanwhile(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    id = await write(core, it)
    said = [await messages.post(core, it, id, Draft(str(number))) for number in range(6)]
    await asyncio.gather(
        *(operators.mark_read(core, acme.app, id, one.id) for one in reversed(said)),
        *(messages.post(core, it, id, Draft("more")) for _ in range(4)),
        conversations.close(core, acme.app, id),
        return_exceptions=True,
    )
    async with core.store.read() as tx:
        conversation = await tx.conversations.get(acme.app.id, id)
    assert conversation is not None
    assert conversation.operators_read_id == said[-1].id
    assert conversation.closed_at is not None
