"""What operators do beside answering: how far they have read, and that they type."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from acquaint.domain.apps import App
from acquaint.domain.conversations import Author, ConversationId, ConversationKind, MessageId
from acquaint.domain.errors import ConversationClosed, NotFound, TooManyRequests, Unacceptable
from acquaint.domain.events import EventKind
from acquaint.domain.limits import Limit
from acquaint.domain.paging import PageAsked
from acquaint.services import apps, conversations, limits, messages, operators
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, laptop
from tests.services.doors import verified, visitor, write
from tests.support.databases import on_both_databases


async def unread(core: Core, app: App) -> list[int]:
    """As an inbox shows it, from the conversation with the latest message on."""
    return [it.unread for it in (await conversations.of_app(core, app, PageAsked())).items]


async def read_up_to(core: Core, app: App, id: ConversationId) -> MessageId | None:
    return (await conversations.one_of_app(core, app, id)).conversation.operators_read_id


@on_both_databases
async def test_an_inbox_counts_what_visitors_said_and_nobody_has_read(core: Core, acme: Cast) -> None:
    a, b = await visitor(core, acme, laptop), await verified(core, acme, ben)
    anns, bens = await write(core, a, "one"), await write(core, b, "one")
    first = (await messages.post(core, b, bens, Draft("two"))).id
    await messages.post(core, b, bens, Draft("three"))
    await messages.answer(core, acme.app, anns, Draft("We are closed."), author=Author.APP)
    assert await unread(core, acme.app) == [1, 3]

    assert await operators.mark_read(core, acme.app, bens, first) == first
    assert (await conversations.one_of_app(core, acme.app, bens)).unread == 1
    await messages.answer(core, acme.app, bens, Draft("Hello"))
    assert (await conversations.one_of_app(core, acme.app, bens)).unread == 0
    assert (await conversations.one_of_app(core, acme.app, anns)).unread == 1


@on_both_databases
async def test_the_mark_never_moves_back_and_moving_it_is_told_once(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    id = await write(core, it, "one")
    said = [(await messages.post(core, it, id, Draft(text))).id for text in ("two", "three", "four")]
    await asyncio.gather(*(operators.mark_read(core, acme.app, id, up_to) for up_to in said * 3))
    assert await operators.mark_read(core, acme.app, id, said[0]) == said[-1]
    assert await read_up_to(core, acme.app, id) == said[-1]

    async with core.store.read() as tx:
        events = await tx.events.after(0, app_id=acme.app.id, kinds=[EventKind.MESSAGES_READ], limit=100)
    told = [int(one.details["up_to"]) for one in events]
    assert told == sorted(set(told))
    assert told[-1] == said[-1]
    assert {one.user_id for one in events} == {None}


async def test_what_was_saved_by_somebody_else_meanwhile_does_not_move_it_back(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    id = await write(core, it)
    async with core.store.read() as tx:
        stale = await tx.conversations.get(acme.app.id, id)
    assert stale is not None
    last = (await messages.post(core, it, id, Draft("two"))).id
    await operators.mark_read(core, acme.app, id, last)
    async with core.store.write() as tx:
        await tx.conversations.save(stale)
    assert await read_up_to(core, acme.app, id) == last


async def test_nothing_is_read_that_is_not_there(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    id, other = await write(core, it), await write(core, it)
    last = (await messages.post(core, it, other, Draft("two"))).id
    globex = (await apps.create(core, "Globex")).app
    for app, where, up_to in (
        (acme.app, id, last),
        (acme.app, id, MessageId(1)),
        (acme.app, ConversationId(1), last),
        (globex, other, last),
    ):
        with pytest.raises(NotFound):
            await operators.mark_read(core, app, where, up_to)
    assert await read_up_to(core, acme.app, id) is None


async def test_what_users_say_to_each_other_waits_for_no_operator(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    assert b.user is not None
    await conversations.start(core, a, kind=ConversationKind.DIRECT, with_users=[b.user.id], first=Draft("Ben?"))
    assert await unread(core, acme.app) == [0]


async def test_typing_is_refused_where_nothing_can_be_said(core: Core, acme: Cast) -> None:
    id = await write(core, await verified(core, acme, ann))
    globex = (await apps.create(core, "Globex")).app

    async def types(app: App, where: ConversationId, operator: str | None = None) -> None:
        await operators.show_typing(core, None, app, where, on=True, operator=operator, key="acqk_x")

    await types(acme.app, id, "Mia")
    for app, where in ((globex, id), (acme.app, ConversationId(1))):
        with pytest.raises(NotFound):
            await types(app, where)
    for name in ("", "  ", "x" * 101, "Mia\nBen", "\x00"):
        with pytest.raises(Unacceptable):
            await types(acme.app, id, name)
    await conversations.close(core, acme.app, id)
    with pytest.raises(ConversationClosed):
        await types(acme.app, id)


async def test_a_key_that_types_without_end_is_stopped_and_another_is_not(
    core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TYPING_PER_KEY", Limit("typing_per_key", 2, timedelta(minutes=1)))
    id = await write(core, await verified(core, acme, ann))

    async def types(key: str) -> None:
        await operators.show_typing(core, None, acme.app, id, on=True, operator=None, key=key)

    await types("acqk_one")
    await types("acqk_one")
    with pytest.raises(TooManyRequests):
        await types("acqk_one")
    await types("acqk_two")
