"""What visitors thought of conversations that have ended, and how the App asks."""

from __future__ import annotations

import asyncio

import pytest

from acquaint.domain.conversations import Conversation, ConversationId, ConversationKind
from acquaint.domain.errors import NotAllowed, NotFound, Unacceptable
from acquaint.domain.events import EventKind
from acquaint.ports.store import Recognised
from acquaint.services import conversations, ratings, users
from acquaint.services.core import Core
from tests.cast import Cast, ann, ben, eve, kiosk, laptop
from tests.services.doors import allow, now, verified, visitor, write
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases


async def ended(core: Core, acme: Cast, it: Recognised, *, asks: bool | None = None) -> ConversationId:
    id = await write(core, it)
    await conversations.close(core, acme.app, id, asks_rating=asks)
    return id


async def of_app(core: Core, acme: Cast, id: ConversationId) -> Conversation:
    return (await conversations.one_of_app(core, acme.app, id)).conversation


@on_both_databases
async def test_ann_rates_what_has_ended_once_and_her_comment_follows(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    id = await ended(core, acme, it, asks=True)
    assert (await of_app(core, acme, id)).asks_rating

    await ratings.rate(core, it, id, 4)
    assert not (await of_app(core, acme, id)).asks_rating
    await ratings.rate(core, it, id, 4, "Quick.")
    await ratings.rate(core, it, id, 4, "Quick.")
    await ratings.rate(core, it, id, 4)
    for score, comment in ((5, None), (4, "Slow."), (1, "Quick.")):
        with pytest.raises(NotAllowed):
            await ratings.rate(core, it, id, score, comment)

    given = (await of_app(core, acme, id)).rating
    assert given is not None
    assert (given.score, given.comment) == (4, "Quick.")
    async with core.store.read() as tx:
        events = await tx.events.after(0, app_id=acme.app.id, kinds=[EventKind.CONVERSATION_CHANGED], limit=100)
    assert [it.details.get("survey") for it in events] == [None, 4, 4]  # closed; then what changed something


@on_both_databases
async def test_of_two_ratings_at_once_one_is_kept(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    id = await ended(core, acme, it)
    outcomes = await asyncio.gather(
        *(ratings.rate(core, it, id, score) for score in (1, 2, 3, 4, 5)), return_exceptions=True
    )
    kept = [one for one in outcomes if isinstance(one, Conversation)]
    assert len(kept) == 1
    assert [type(one) for one in outcomes if one is not kept[0]] == [NotAllowed] * 4
    assert (await of_app(core, acme, id)).rating == kept[0].rating


async def test_nobody_rates_what_goes_on(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    id = await write(core, it)
    with pytest.raises(NotAllowed):
        await ratings.rate(core, it, id, 5)


async def test_a_conversation_that_was_opened_and_closed_again_is_rated_again(
    core: Core, acme: Cast, clock: SetClock
) -> None:
    it = await verified(core, acme, ann)
    id = await ended(core, acme, it, asks=True)
    await ratings.rate(core, it, id, 1, "Nobody helped.")
    clock.forward(hours=1)
    await conversations.open_again(core, acme.app, id)
    with pytest.raises(NotAllowed):
        await ratings.rate(core, it, id, 5)
    await conversations.close(core, acme.app, id, asks_rating=True)
    assert (await of_app(core, acme, id)).asks_rating
    await ratings.rate(core, it, id, 5)
    given = (await of_app(core, acme, id)).rating
    assert given is not None
    assert (given.score, given.comment) == (5, None)


async def test_the_app_asks_later_and_opening_again_takes_it_back(core: Core, acme: Cast) -> None:
    id = await ended(core, acme, await verified(core, acme, ann))
    closed_at = (await of_app(core, acme, id)).closed_at
    await conversations.close(core, acme.app, id, asks_rating=True)
    await conversations.close(core, acme.app, id)
    found = await of_app(core, acme, id)
    assert (found.asks_rating, found.closed_at) == (True, closed_at)
    await conversations.open_again(core, acme.app, id)
    assert not (await of_app(core, acme, id)).asks_rating


async def test_strangers_rate_nothing(core: Core, acme: Cast) -> None:
    id = await ended(core, acme, await visitor(core, acme, laptop))
    for stranger in (await visitor(core, acme, kiosk), await verified(core, acme, eve)):
        with pytest.raises(NotFound):
            await ratings.rate(core, stranger, id, 1)
    assert (await of_app(core, acme, id)).rating is None


async def test_what_is_said_among_users_is_neither_rated_nor_asked_about(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    assert b.user is not None
    seen, _ = await conversations.start(core, a, kind=ConversationKind.DIRECT, with_users=[b.user.id])
    id = seen.conversation.id
    with pytest.raises(Unacceptable, match="operators"):
        await conversations.close(core, acme.app, id, asks_rating=True)
    await conversations.close(core, acme.app, id)
    with pytest.raises(NotFound):
        await ratings.rate(core, a, id, 5)


@pytest.mark.parametrize(("score", "comment"), [(0, None), (6, None), (-1, None), (3, "x" * 2_001)])
async def test_what_is_no_rating_is_refused(core: Core, acme: Cast, score: int, comment: str | None) -> None:
    it = await verified(core, acme, ann)
    id = await ended(core, acme, it)
    with pytest.raises(Unacceptable):
        await ratings.rate(core, it, id, score, comment)


@on_both_databases
@pytest.mark.parametrize("keeps", [False, True])
async def test_the_words_of_somebody_who_is_deleted_go_unless_the_app_keeps_them(
    core: Core, acme: Cast, keeps: bool
) -> None:
    await allow(core, acme, keeps_messages_of_deleted_users=keeps)
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    anns, bens = await ended(core, acme, a), await ended(core, acme, b)
    for it, id in ((a, anns), (b, bens)):
        await ratings.rate(core, it, id, 2, "My number is 4711.")
    assert a.user is not None
    await users.delete(core, await now(core, acme), a.user.id)
    left, other = [(await of_app(core, acme, id)).rating for id in (anns, bens)]
    assert left is not None
    assert other is not None
    assert (left.score, left.comment) == (2, "My number is 4711." if keeps else None)
    assert other.comment == "My number is 4711."
