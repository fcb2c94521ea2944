"""Who is blocked is not heard between two, through any door, and is not told so."""

from __future__ import annotations

import pytest

from acquaint.domain.conversations import ConversationId, ConversationKind
from acquaint.domain.errors import NeedsUser, NotAllowed, NotFound, TooManyRequests, Unacceptable
from acquaint.domain.identities import NO_CHANGE
from acquaint.domain.users import UserId
from acquaint.ports.store import Recognised
from acquaint.services import blocks, conversations, limits, merging, messages, presence, saying, sessions
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, eve, laptop
from tests.services.doors import EVERYTHING, allow, kinds, sees, verified, visitor
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases


def id_of(it: Recognised) -> UserId:
    assert it.user is not None
    return it.user.id


async def direct(core: Core, by: Recognised, other: Recognised, text: str | None = None) -> ConversationId:
    seen, _ = await conversations.start(
        core,
        by,
        kind=ConversationKind.DIRECT,
        with_users=[id_of(other)],
        first=None if text is None else Draft(text),
    )
    return seen.conversation.id


@pytest.fixture
async def anns(core: Core, acme: Cast) -> Recognised:
    return await verified(core, acme, ann)


@pytest.fixture
async def eves(core: Core, acme: Cast) -> Recognised:
    return await verified(core, acme, eve)


@on_both_databases
async def test_what_eve_says_is_kept_and_ann_never_sees_it(core: Core, anns: Recognised, eves: Recognised) -> None:
    between = await direct(core, eves, anns, "hello")
    await blocks.block(core, anns, id_of(eves))
    await messages.post(core, eves, between, Draft("why do you not answer?"))
    assert (await sees(core, eves))[between] == ["why do you not answer?", "hello"]
    assert (await sees(core, anns))[between] == ["hello"]
    seen = await conversations.one_seen(core, anns.session, between)
    assert seen.unread == 1
    assert seen.last_message is not None
    assert seen.last_message.text == "hello"

    await blocks.unblock(core, anns, id_of(eves))
    await messages.post(core, eves, between, Draft("at last"))
    assert (await sees(core, anns))[between] == ["at last", "hello"], "what was said meanwhile stays away"


@on_both_databases
async def test_eve_begins_nothing_with_ann(core: Core, anns: Recognised, eves: Recognised) -> None:
    await blocks.block(core, anns, id_of(eves))
    with pytest.raises(NotFound):
        await direct(core, eves, anns, "hello")
    assert await sees(core, anns) == {}
    between = await direct(core, anns, eves, "you are blocked")
    assert (await sees(core, eves))[between] == ["you are blocked"], "a block is one's own, not the other's"
    assert await direct(core, eves, anns, "am I?") == between
    assert (await sees(core, anns))[between] == ["you are blocked"]


async def test_words_that_ann_has_seen_are_not_changed_under_her_eyes(
    core: Core, anns: Recognised, eves: Recognised
) -> None:
    between = await direct(core, eves, anns, "hello")
    message = (await conversations.one_seen(core, eves.session, between)).last_message
    assert message is not None
    await blocks.block(core, anns, id_of(eves))
    await saying.edit(core, eves, between, message.id, text="something ugly")
    assert (await sees(core, anns))[between] == []
    assert (await sees(core, eves))[between] == ["something ugly"]


async def test_eve_leaves_no_signs_either(core: Core, anns: Recognised, eves: Recognised) -> None:
    between = await direct(core, anns, eves, "hello")
    message = (await conversations.one_seen(core, anns.session, between)).last_message
    assert message is not None
    await blocks.block(core, anns, id_of(eves))
    with pytest.raises(NotAllowed):
        await saying.react(core, eves, between, message.id, add="💀", withdraw=None)


async def test_in_a_group_everybody_is_heard(core: Core, acme: Cast, anns: Recognised, eves: Recognised) -> None:
    bens = await verified(core, acme, ben)
    seen, _ = await conversations.start(
        core, bens, kind=ConversationKind.GROUP, with_users=[id_of(anns), id_of(eves)], first=Draft("welcome")
    )
    await blocks.block(core, anns, id_of(eves))
    await messages.post(core, eves, seen.conversation.id, Draft("hello"))
    assert (await sees(core, anns))[seen.conversation.id] == ["hello", "welcome"]


@on_both_databases
async def test_the_list_is_ones_own_and_blocking_twice_is_once(
    core: Core, acme: Cast, anns: Recognised, eves: Recognised
) -> None:
    bens = await verified(core, acme, ben)
    before = len(await kinds(core, acme))
    await blocks.block(core, anns, id_of(eves))
    await blocks.block(core, anns, id_of(eves))
    await blocks.block(core, anns, id_of(bens))
    found = await blocks.list_of(core, anns.session, skip=0, limit=1)
    assert (len(found.users), found.total) == (1, 2)
    assert (await blocks.list_of(core, eves.session, skip=0, limit=10)).users == ()
    await blocks.unblock(core, anns, id_of(eves))
    await blocks.unblock(core, anns, id_of(eves))
    assert [it.id for it in (await blocks.list_of(core, anns.session, skip=0, limit=10)).users] == [id_of(bens)]
    assert (await kinds(core, acme))[before:] == ["user.blocked", "user.blocked", "user.unblocked"]


@on_both_databases
async def test_whom_ann_blocks_mutually_she_says_nothing_to_and_no_merge_forgets_it(
    core: Core, acme: Cast, anns: Recognised, eves: Recognised
) -> None:
    bens = await verified(core, acme, ben)
    between = await direct(core, anns, eves, "hello")
    before = len(await kinds(core, acme))
    for is_mutual in (False, True, True):
        await blocks.arrange(core, anns, lambda user, was, it=is_mutual: ({id_of(eves): it}, NO_CHANGE))  # type: ignore[misc]
    assert (await kinds(core, acme))[before:] == ["user.blocked"] * 2, "one way, and then both"
    await blocks.block(core, anns, id_of(eves))
    assert await blocks.all_of(core, anns.session) == {id_of(eves): True}, "who knows no mutual ones lifts none"
    [said] = (await messages.history(core, anns.session, between, EVERYTHING)).items
    for refused in (
        messages.post(core, anns, between, Draft("are you there?")),
        saying.edit(core, anns, between, said.id, text="goodbye"),
        saying.react(core, anns, between, said.id, add="+1", withdraw=None),
        direct(core, anns, eves, "again"),
    ):
        with pytest.raises(NotAllowed):
            await refused
    assert (await saying.delete(core, anns, between, [said.id], for_everybody=True)).done == (said.id,)
    await messages.post(core, eves, between, Draft("she may go on"))
    assert (await sees(core, anns))[between] == [""], "what she deleted, and nothing of hers"
    await merging.merge(core, acme.app, source=id_of(eves), target=id_of(bens))
    assert await blocks.all_of(core, anns.session) == {id_of(bens): True}
    await blocks.unblock(core, anns, id_of(bens))
    assert await direct(core, anns, bens, "hello, Ben")


async def test_nobody_blocks_themselves_or_somebody_who_is_not_there(core: Core, acme: Cast, anns: Recognised) -> None:
    with pytest.raises(Unacceptable):
        await blocks.block(core, anns, id_of(anns))
    with pytest.raises(NotFound):
        await blocks.block(core, anns, UserId(1))
    somebody = await visitor(core, acme, laptop)
    with pytest.raises(NeedsUser):
        await blocks.block(core, somebody, id_of(anns))


async def test_there_are_only_so_many(
    core: Core, acme: Cast, anns: Recognised, eves: Recognised, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "MOST_BLOCKED", 1)
    bens = await verified(core, acme, ben)
    await blocks.block(core, anns, id_of(eves))
    with pytest.raises(Unacceptable):
        await blocks.block(core, anns, id_of(bens))
    assert [it.id for it in (await blocks.list_of(core, anns.session, skip=0, limit=10)).users] == [id_of(eves)]


@on_both_databases
async def test_who_is_here_is_known_to_who_shares_a_conversation_and_is_not_blocked(
    core: Core, acme: Cast, anns: Recognised, eves: Recognised
) -> None:
    async def seen(by: Recognised, whom: Recognised) -> bool:
        found = await presence.seen_by(core, by, [id_of(whom)], is_connected=lambda _: True)
        return found[id_of(whom)].is_online

    bens = await verified(core, acme, ben)
    assert not await seen(eves, anns)
    assert await seen(anns, anns)
    await direct(core, eves, anns)
    assert await seen(eves, anns)
    assert not await seen(bens, anns)
    await blocks.block(core, anns, id_of(eves))
    assert not await seen(eves, anns)
    assert await seen(anns, eves)
    await allow(core, acme, shows_online_users=True)
    again = await verified(core, acme, ben)
    assert await seen(again, anns)
    assert not await presence.seen_by(core, again, [UserId(1)])
    await allow(core, acme, shows_online_users=False)
    assert not await seen(again, anns), "a connection that knew it may be open for days"


async def test_who_was_here_just_now_is_here(core: Core, clock: SetClock, anns: Recognised, eves: Recognised) -> None:
    await direct(core, anns, eves)
    clock.forward(seconds=2)
    core.recognised.went_on(anns.session, core.clock())
    await sessions.write_behind(core)
    found = await presence.seen_by(core, eves, [id_of(anns)])
    assert found[id_of(anns)] == presence.Presence(True, clock.now)
    clock.forward(minutes=4)
    assert not (await presence.seen_by(core, eves, [id_of(anns)]))[id_of(anns)].is_online


async def test_a_message_said_between_two_with_a_key_of_its_own_is_hidden_once(
    core: Core, anns: Recognised, eves: Recognised
) -> None:
    between = await direct(core, eves, anns)
    await blocks.block(core, anns, id_of(eves))
    for _ in range(2):
        await messages.post(core, eves, between, Draft("hello", client_id="c1"))
    assert (await sees(core, eves))[between] == ["hello"]
    assert (await sees(core, anns))[between] == []


async def test_a_long_list_is_not_put_in_force_and_out_of_it_all_day(
    core: Core, acme: Cast, anns: Recognised, eves: Recognised
) -> None:
    """Each time costs an Event for everybody in it, whichever of her sessions asks."""
    elsewhere = await verified(core, acme, ann)
    for it in (anns, elsewhere) * (limits.BLOCK_LISTS_PER_USER.times // 2):
        await blocks.arrange(core, it, lambda user, was: ({} if was else {id_of(eves): False}, NO_CHANGE))
    for it in (anns, elsewhere):
        with pytest.raises(TooManyRequests):
            await blocks.arrange(core, it, lambda user, was: ({}, NO_CHANGE))
    await blocks.block(core, anns, id_of(eves))
    await blocks.unblock(core, anns, id_of(eves))
