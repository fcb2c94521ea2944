"""Conversations with operators, for pages that say their workspace with each request."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from acquaint.domain.conversations import Conversation, ConversationId, ConversationKind
from acquaint.domain.errors import ConversationClosed, NotFound, SessionEnded
from acquaint.domain.identities import Assurance, Claimed
from acquaint.domain.paging import PageAsked
from acquaint.domain.places import Workspace
from acquaint.ports.store import Recognised
from acquaint.services import conversations, desk, messages, sessions
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, eve, laptop, phone
from tests.services.doors import kinds, verified, visitor
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

SALES, CARE = Workspace("sales"), Workspace("care")


async def start(
    core: Core, it: Recognised, workspace: Workspace | None = None, claimed: Claimed | None = None, **custom: object
) -> tuple[ConversationId, Recognised]:
    chat, after = await desk.start(core, it, workspace=workspace, custom=custom, claimed=claimed)
    return chat.conversation.id, after


async def listed(core: Core, it: Recognised, sees: desk.Sees) -> list[ConversationId]:
    page = await desk.page(core, it.session, sees, PageAsked(), only=lambda _: True)
    return [it.conversation.id for it in page.items]


@on_both_databases
async def test_one_session_has_conversations_in_several_workspaces_and_each_list_is_of_one(
    core: Core, acme: Cast
) -> None:
    it = await visitor(core, acme, laptop)
    sales, it = await start(core, it, SALES)
    care, it = await start(core, it, CARE)
    nowhere, it = await start(core, it)

    assert await listed(core, it, desk.within(SALES)) == [sales]
    assert await listed(core, it, desk.within(CARE)) == [care]
    assert await listed(core, it, desk.within(None)) == [nowhere]
    assert await listed(core, it, desk.anywhere) == [nowhere, care, sales]
    for id in (sales, care, nowhere):
        assert (await desk.one(core, it.session, id)).conversation.id == id
        await desk.say(core, it, id, Draft("hello"))


@on_both_databases
async def test_anywhere_is_never_another_device_or_another_assurance(core: Core, acme: Cast) -> None:
    laptops = await visitor(core, acme, laptop)
    id, laptops = await start(core, laptops, SALES, Claimed(email=ann.email))
    anns = await verified(core, acme, ann)
    hers, anns = await start(core, anns, SALES)
    for stranger in (await visitor(core, acme, phone), anns, await verified(core, acme, eve)):
        with pytest.raises(NotFound):
            await desk.one(core, stranger.session, id)
        with pytest.raises(NotFound):
            await desk.say(core, stranger, id, Draft("hello"))
        with pytest.raises(NotFound):
            await desk.change(core, stranger, id, lambda was: was, closes=True)
    with pytest.raises(NotFound):
        await desk.one(core, laptops.session, hers)
    without = Recognised(replace(laptops.session, device_id=None), acme.app, laptops.user)
    assert await listed(core, without, desk.anywhere) == []


@on_both_databases
async def test_claims_come_with_the_first_conversation_and_verify_nobody(core: Core, acme: Cast) -> None:
    _, it = await start(core, await visitor(core, acme, laptop), SALES, Claimed("Ann", ann.email, custom={"plan": "x"}))
    assert it.user is not None
    assert (it.session.assurance, it.user.identifiers) == (Assurance.CLAIMED, ())
    assert (it.user.profile.claimed.email, it.user.profile.name) == (ann.email, None)
    anns = await verified(core, acme, ann)
    _, after = await start(core, anns, SALES, Claimed("Eve", eve.email))
    assert after.user is not None
    assert after.user.profile.claimed == Claimed()


@on_both_databases
async def test_pages_go_on_where_the_one_before_ended_and_only_what_is_wanted_is_there(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    ids = []
    for number in range(7):
        id, it = await start(core, it, SALES, plan="pro" if number % 2 else "free")
        ids.append(id)

    def pro(one: Conversation) -> bool:
        return one.custom["plan"] == "pro"

    first = await desk.page(core, it.session, desk.within(SALES), PageAsked(2), only=pro)
    rest = await desk.page(core, it.session, desk.within(SALES), PageAsked(2, first.next), only=pro)
    found = [one.conversation.id for one in (*first.items, *rest.items)]
    assert (found, rest.next) == ([ids[5], ids[3], ids[1]], None)


@on_both_databases
async def test_what_was_told_before_is_said_once_whoever_is_quicker(core: Core, acme: Cast) -> None:
    id, it = await start(core, await visitor(core, acme, laptop))
    told = [Draft("How can we help?", kind="told_before", client_id="5f1d3c5e-7a9b-4c1d-8e2f-3a4b5c6d7e8f")]
    draft = Draft("Hello", client_id="6f1d3c5e-7a9b-4c1d-8e2f-3a4b5c6d7e8f")
    await asyncio.gather(*(desk.say(core, it, id, draft, told_before=told) for _ in range(5)))
    _, said = await desk.history(core, it.session, id, whole_up_to=200, since=None)
    assert [one.text for one in said] == ["How can we help?", "Hello"]


@on_both_databases
async def test_a_long_history_is_told_from_a_moment_on_and_a_short_one_whole(
    core: Core, acme: Cast, clock: SetClock
) -> None:
    id, it = await start(core, await visitor(core, acme, laptop))
    for number in range(6):
        await messages.answer(core, acme.app, id, Draft(str(number)))
        clock.forward(minutes=1)
    since = clock.now - timedelta(minutes=2)

    async def texts(whole_up_to: int, moment: object = since) -> list[str]:
        _, said = await desk.history(
            core, it.session, id, whole_up_to=whole_up_to, since=since if moment is since else None
        )
        return [one.text for one in said]

    assert await texts(6) == list("012345")
    assert await texts(5) == list("45")
    assert await texts(1, None) == list("012345")


async def test_what_is_beside_texts_makes_a_history_long_as_well(
    core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was found: two thousand short messages with much beside them were taken apart every ten seconds."""
    monkeypatch.setattr(desk, "MOST_TEXT", 1_000)
    monkeypatch.setattr(desk, "LARGEST_PAGE", 1)
    id, it = await start(core, await visitor(core, acme, laptop))
    for number in range(4):
        await desk.say(core, it, id, Draft(str(number), payload={"a": "x" * 300}, extras={"b": "y" * 300}))
    _, said = await desk.history(core, it.session, id, whole_up_to=200, since=None)
    assert [one.text for one in said] == ["2", "3"]


@on_both_databases
async def test_changing_nothing_is_no_event_and_ending_twice_is_fine(core: Core, acme: Cast) -> None:
    id, it = await start(core, await visitor(core, acme, laptop))
    before = len(await kinds(core, acme))
    await desk.change(core, it, id, lambda was: was)
    assert len(await kinds(core, acme)) == before
    first = await desk.change(core, it, id, lambda was: was, closes=True)
    second = await desk.change(core, it, id, lambda was: was, closes=True)
    assert first == second
    assert len(await kinds(core, acme)) == before + 1
    with pytest.raises(ConversationClosed):
        await desk.say(core, it, id, Draft("hello?"))


@on_both_databases
async def test_a_vote_is_one_of_two_signs(core: Core, acme: Cast) -> None:
    id, it = await start(core, await visitor(core, acme, laptop))
    message = await messages.answer(core, acme.app, id, Draft("At once."))
    for sign, other in (("👍", "👎"), ("👎", "👍"), ("👎", "👍")):
        await desk.vote(core, it, id, named=lambda one: one.id == message.id, sign=sign, instead_of=other)
    async with core.store.read() as tx:
        [reaction] = (await tx.messages.reactions([message.id]))[message.id]
    assert reaction.sign == "👎"
    with pytest.raises(NotFound):
        await desk.vote(core, it, id, named=lambda _: False, sign="👍", instead_of="👎")


async def test_what_users_say_among_themselves_is_not_at_the_desk(core: Core, acme: Cast) -> None:
    bens = await verified(core, acme, ben)
    anns = await verified(core, acme, ann)
    assert bens.user is not None
    seen, _ = await conversations.start(
        core, anns, kind=ConversationKind.DIRECT, with_users=[bens.user.id], first=Draft("hi")
    )
    assert await listed(core, anns, desk.anywhere) == []
    with pytest.raises(NotFound):
        await desk.one(core, anns.session, seen.conversation.id)


async def test_a_session_that_ended_starts_nothing(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    await sessions.log_out(core, it.session)
    with pytest.raises(SessionEnded):
        await start(core, it, SALES)


async def test_why_a_session_sees_a_conversation_is_explained_where_it_began(core: Core, acme: Cast) -> None:
    id, it = await start(core, await visitor(core, acme, laptop), SALES)
    explained = await conversations.explain(core, acme.app, id, it.session.id)
    assert explained.reason.sees
