from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from acquaint.domain.apps import AppId
from acquaint.domain.conversations import ConversationKind, MessageId, Visibility
from acquaint.domain.errors import IdentifierTaken
from acquaint.domain.identities import Assurance
from acquaint.domain.paging import PageAsked
from acquaint.domain.users import UserId
from tests.storage.world import KIOSK, LAPTOP, SALES, World


async def test_a_conversation_comes_back_as_it_was_kept_with_its_members_in_order(world: World) -> None:
    ann, ben = await world.add_user("ann"), await world.add_user("ben")
    talk = world.conversation(
        kind=ConversationKind.GROUP,
        workspace=SALES,
        title="Boats & oars",
        unique_id="boats",
        custom={"colour": "blue", "seats": [1, 2]},
        closed_at=world.now,
    )
    joined = [
        world.member(ben, joined_at=world.now + timedelta(seconds=1), last_read_id=MessageId(7)),
        world.member(ann, assurance=Assurance.CLAIMED, device_id=LAPTOP, workspace=SALES),
    ]
    async with world.store.write() as tx:
        assert await tx.conversations.add(talk, joined) == talk
    async with world.store.read() as tx:
        assert await tx.conversations.get(world.acme.id, talk.id) == talk
        assert await tx.conversations.by_unique_id(world.acme.id, "boats") == talk
        members = [replace(it, conversation_id=talk.id) for it in (joined[1], joined[0])]
        assert await tx.conversations.members(talk.id) == members
        assert await tx.conversations.membership(talk.id, ann.id) == members[0]
        assert await tx.conversations.membership(talk.id, UserId(404)) is None


async def test_conversations_of_another_app_are_not_there(world: World) -> None:
    ann = await world.add_user("ann")
    talk = await world.start(ann, unique_id="boats")
    rival = AppId(404)
    async with world.store.read() as tx:
        assert await tx.conversations.get(rival, talk.id) is None
        assert await tx.conversations.by_unique_id(rival, "boats") is None
        assert (await tx.conversations.of_app(rival, PageAsked())).items == ()
        assert await tx.conversations.of_member(rival, ann.id) == []


async def test_a_unique_id_names_one_conversation_of_an_app(world: World) -> None:
    await world.start(unique_id="boats")
    with pytest.raises(IdentifierTaken, match="unique_id"):
        await world.start(unique_id="boats")
    other = await world.start(unique_id="oars")
    with pytest.raises(IdentifierTaken, match="unique_id"):
        async with world.store.write() as tx:
            await tx.conversations.save(replace(other, unique_id="boats"))
    await world.start(unique_id="boats", app_id=AppId(404))


async def test_two_people_have_one_direct_conversation(world: World) -> None:
    ann, ben, carol = [await world.add_user(it) for it in ("ann", "ben", "carol")]
    talk = await world.start(ann, ben, kind=ConversationKind.DIRECT)
    with pytest.raises(IdentifierTaken, match="direct"):
        await world.start(ben, ann, kind=ConversationKind.DIRECT)
    await world.start(ann, ben, kind=ConversationKind.GROUP)
    async with world.store.read() as tx:
        assert await tx.conversations.direct_between(world.acme.id, ben.id, ann.id) == talk
        assert await tx.conversations.direct_between(world.acme.id, ann.id, carol.id) is None
        assert await tx.conversations.direct_between(AppId(404), ann.id, ben.id) is None


async def test_somebody_may_talk_to_themselves(world: World) -> None:
    ann = await world.add_user("ann")
    notes = await world.start(ann, kind=ConversationKind.DIRECT)
    async with world.store.read() as tx:
        assert await tx.conversations.direct_between(world.acme.id, ann.id, ann.id) == notes


async def test_members_are_put_changed_and_removed(world: World) -> None:
    ann, ben = await world.add_user("ann"), await world.add_user("ben")
    talk = await world.start(ann)
    bens = world.member(ben, talk, joined_at=world.now + timedelta(seconds=1))
    async with world.store.write() as tx:
        await tx.conversations.put_member(bens)
        changed = replace(bens, last_read_id=MessageId(9), last_received_id=MessageId(10), workspace=SALES)
        await tx.conversations.put_member(changed)
        assert await tx.conversations.members(talk.id) == [world.member(ann, talk), changed]
        await tx.conversations.remove_member(talk.id, ann.id)
        await tx.conversations.remove_member(talk.id, ann.id)
        assert await tx.conversations.members(talk.id) == [changed]


async def test_what_was_said_last_comes_first_page_by_page(world: World) -> None:
    ann = await world.add_user("ann")
    talks = [await world.start(ann) for _ in range(5)]
    await world.say(talks[1], ann)
    await world.say(talks[3], ann)
    order = [talks[it].id for it in (3, 1, 4, 2, 0)]
    hers = Visibility(world.acme.id, ann.id, verified=True, device_id=None, workspace=None)
    async with world.store.read() as tx:
        for listed in (partial(tx.conversations.of_app, world.acme.id), partial(tx.conversations.visible, hers)):
            page = await listed(PageAsked(limit=2))
            seen = [it.id for it in page.items]
            while page.next is not None:
                page = await listed(PageAsked(limit=2, after=page.next))
                seen += [it.id for it in page.items]
            assert seen == order
        assert await tx.conversations.of_member(world.acme.id, ann.id) == order


async def test_saving_an_outdated_value_does_not_lose_the_last_message(world: World) -> None:
    ann = await world.add_user("ann")
    talk = await world.start(ann)
    said = await world.say(talk, ann)
    async with world.store.write() as tx:
        await tx.conversations.save(replace(talk, title="Boats"))  # read before anything was said
        kept = await tx.conversations.get(world.acme.id, talk.id)
    assert kept == replace(talk, title="Boats", last_message_id=said.id)


async def test_what_was_left_on_a_device_is_found_verified_history_is_not(world: World) -> None:
    nobody = await world.add_user(device_id=KIOSK)
    ann = await world.add_user("ann")
    anonymous = await world.start(world.member(nobody, assurance=Assurance.ANONYMOUS, device_id=KIOSK))
    claimed = await world.start(world.member(nobody, assurance=Assurance.CLAIMED, device_id=KIOSK))
    await world.start(world.member(ann, device_id=KIOSK))
    await world.start(world.member(nobody, assurance=Assurance.ANONYMOUS, device_id=LAPTOP))
    await world.start(world.member(nobody, assurance=Assurance.ANONYMOUS, device_id=KIOSK), app_id=AppId(404))
    async with world.store.read() as tx:
        left = await tx.conversations.left_on(world.acme.id, KIOSK)
    assert [(it.conversation_id, it.assurance) for it in left] == [
        (anonymous.id, Assurance.ANONYMOUS),
        (claimed.id, Assurance.CLAIMED),
    ]


async def test_handing_over_moves_the_membership_and_what_was_written_there(world: World) -> None:
    nobody, ann = await world.add_user(device_id=LAPTOP), await world.add_user("ann")
    mine = world.member(nobody, assurance=Assurance.ANONYMOUS, device_id=LAPTOP)
    talk, other = await world.start(mine), await world.start(mine)
    said, elsewhere = await world.say(talk, nobody, client_id="c1"), await world.say(other, nobody)
    async with world.store.write() as tx:
        (left, _) = await tx.conversations.left_on(world.acme.id, LAPTOP)
        adopted = replace(left, user_id=ann.id, assurance=Assurance.VERIFIED)
        await tx.conversations.hand_over(adopted, was=nobody.id)
    async with world.store.read() as tx:
        assert await tx.conversations.members(talk.id) == [adopted]
        assert await tx.messages.get(talk.id, said.id) == replace(said, sender_id=ann.id)
        assert await tx.messages.get(other.id, elsewhere.id) == elsewhere


async def test_handing_over_to_somebody_who_is_there_already(world: World) -> None:
    nobody, ann = await world.add_user(device_id=LAPTOP), await world.add_user("ann")
    anonymous = world.member(nobody, assurance=Assurance.ANONYMOUS, device_id=LAPTOP)
    talk = await world.start(anonymous, world.member(ann))
    hers, theirs = await world.say(talk, ann, client_id="1"), await world.say(talk, nobody, client_id="1")
    adopted = replace(anonymous, conversation_id=talk.id, user_id=ann.id, assurance=Assurance.VERIFIED)
    async with world.store.write() as tx:
        await tx.conversations.hand_over(adopted, was=nobody.id)
    async with world.store.read() as tx:
        assert await tx.conversations.members(talk.id) == [adopted]
        assert await tx.messages.get(talk.id, hers.id) == hers
        assert await tx.messages.get(talk.id, theirs.id) == replace(theirs, sender_id=ann.id, client_id=None)


async def test_a_direct_conversation_that_is_handed_over_is_found_between_the_right_two(world: World) -> None:
    nobody, ann, ben = await world.add_user(device_id=LAPTOP), await world.add_user("ann"), await world.add_user("ben")
    left = world.member(nobody, assurance=Assurance.ANONYMOUS, device_id=LAPTOP)
    talk = await world.start(left, ben, kind=ConversationKind.DIRECT)
    adopted = replace(left, conversation_id=talk.id, user_id=ann.id, assurance=Assurance.VERIFIED)
    async with world.store.write() as tx:
        await tx.conversations.hand_over(adopted, was=nobody.id)
        assert await tx.conversations.direct_between(world.acme.id, ann.id, ben.id) == talk
        assert await tx.conversations.direct_between(world.acme.id, nobody.id, ben.id) is None

    again = await world.start(left, ben, kind=ConversationKind.DIRECT)
    async with world.store.write() as tx:
        await tx.conversations.hand_over(replace(adopted, conversation_id=again.id), was=nobody.id)
        assert await tx.conversations.direct_between(world.acme.id, ann.id, ben.id) == talk, "they have one already"
        assert len(await tx.conversations.members(again.id)) == 2
