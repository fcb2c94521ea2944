"""The App's users by numbered pages, what they are in, and what passes on when two are merged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from acquaint.domain.apps import AppId
from acquaint.domain.errors import IdentifierTaken
from acquaint.domain.identities import Assurance, Identifier
from acquaint.domain.listings import ALWAYS, Between
from acquaint.domain.paging import PageAsked
from acquaint.domain.users import Merge, MergeId, UserId
from acquaint.ports.store import ConversationCounts, ConversationsOf
from tests.storage.world import PHONE, World, fingerprint

MINUTE = timedelta(minutes=1)


async def test_users_are_listed_by_when_they_were_made(world: World) -> None:
    made = []
    for name in "abcde":
        world.clock.forward(minutes=1)
        world.ids = iter(range((int((world.now.timestamp() - 1704067200) * 1000)) << 12, 2**53))
        made.append(await world.add_user(name, Identifier.email(f"{name}@example.com")))
    app, second = world.acme.id, made[1].created_at
    async with world.store.read() as tx:
        assert await tx.roster.listed(app, ALWAYS, skip=0, limit=2) == [made[4], made[3]]
        assert await tx.roster.listed(app, ALWAYS, skip=4, limit=2) == [made[0]]
        assert await tx.roster.listed(app, ALWAYS, skip=1, limit=2, newest_first=False) == [made[1], made[2]]
        between = Between(second, second + 2 * MINUTE)
        assert await tx.roster.listed(app, between, skip=0, limit=9) == [made[2], made[1]]
        assert (await tx.roster.count(app, ALWAYS), await tx.roster.count(app, between)) == (5, 2)
        assert await tx.roster.count(AppId(7), ALWAYS) == 0
        assert await tx.roster.listed(AppId(7), ALWAYS, skip=0, limit=9) == []


async def test_conversations_are_counted_and_listed_by_whose_they_are(world: World) -> None:
    ann, ben = await world.add_user("ann"), await world.add_user("ben")
    first = await world.start(ann, closed_at=world.now)
    there = await world.start(world.member(ann, assurance=Assurance.ANONYMOUS, device_id=PHONE), ben)
    late = await world.start(ann, updated_at=world.now + MINUTE)
    await world.say(first, ann)
    app = world.acme.id
    async with world.store.read() as tx:
        counts = await tx.roster.conversation_counts(app, [ann.id, ben.id, UserId(7)])
        assert counts == {ann.id: ConversationCounts(3, 1), ben.id: ConversationCounts(1, 0)}
        assert await tx.roster.conversation_counts(app, []) == {}
        assert await tx.roster.conversation_counts(AppId(7), [ann.id]) == {}
        for asked, wanted in (
            (ConversationsOf(ann.id), [first.id, late.id, there.id]),
            (ConversationsOf(ann.id, only_open=True), [late.id, there.id]),
            (ConversationsOf(ann.id, since=world.now + MINUTE), [late.id]),
            (ConversationsOf(ann.id, device_id=PHONE), [there.id]),
            (ConversationsOf(ben.id), [there.id]),
        ):
            found = await tx.roster.conversations_of(app, asked, skip=0, limit=9)
            assert [it.id for it in found] == wanted
            assert await tx.roster.count_conversations_of(app, asked) == len(wanted)
        [second] = await tx.roster.conversations_of(app, ConversationsOf(ann.id), skip=1, limit=1)
        assert second.id == late.id
        assert await tx.roster.conversations_of(AppId(7), ConversationsOf(ann.id), skip=0, limit=9) == []


async def test_a_user_is_merged_once_and_who_follows_them_goes_along(world: World) -> None:
    def merge(source: int, target: int) -> Merge:
        return Merge(MergeId(world.new_id()), world.acme.id, UserId(source), UserId(target), world.now)

    async with world.store.write() as tx:
        first = await tx.merges.add(merge(1, 2))
        second = await tx.merges.add(merge(2, 3))
    async with world.store.read() as tx:
        followed = replace(first, target_id=UserId(3))
        assert await tx.merges.of_source(world.acme.id, UserId(1)) == followed
        assert await tx.merges.get(world.acme.id, second.id) == second
        assert await tx.merges.of_target(world.acme.id, UserId(3), 9) == [second, followed]
        assert await tx.merges.of_target(world.acme.id, UserId(3), 1) == [second]
        assert await tx.merges.of_source(AppId(7), UserId(1)) is None
        assert await tx.merges.get(AppId(7), second.id) is None
    with pytest.raises(IdentifierTaken):
        async with world.store.write() as tx:
            await tx.merges.add(merge(1, 4))


async def test_sessions_words_and_files_are_handed_over(world: World) -> None:
    ann, ben = await world.add_user("ann"), await world.add_user("ben")
    session, other = await world.add_session(ben), await world.add_session(ben)
    shared = await world.start(ann, ben)
    said = [await world.say(shared, ben, client_id=str(number)) for number in range(3)]
    await world.say(shared, ann, client_id="0")
    file = world.file(owner_id=ben.id)
    async with world.store.write() as tx:
        await tx.files.add(file, fingerprint(file))
        [mine] = await tx.merges.memberships_of(ben.id, 9)
        assert mine.conversation_id == shared.id
        await tx.merges.hand_over(ben.id, ann.id, [session.id])
    async with world.store.read() as tx:
        assert [it.id for it in await tx.sessions.of_user(ann.id)] == [session.id]
        assert [it.id for it in await tx.sessions.of_user(ben.id)] == [other.id]
        history = await tx.messages.history(shared.id, PageAsked(9))
        assert {it.sender_id for it in history.items} == {ann.id}
        assert len(history.items) == len(said) + 1
        kept = await tx.files.by_key(fingerprint(file))
        assert kept is not None
        assert kept.owner_id == ann.id


async def test_chat_keys_are_found_by_their_age_until_the_password_is_another(world: World) -> None:
    ann, ben = await world.add_user("ann"), await world.add_user("ben")
    async with world.store.write() as tx:
        for user, at in ((ann, world.now), (ben, world.now + MINUTE)):
            await tx.users.set_password_hash(user.id, "hash")
            await tx.users.mark_chat_key(user.id, at)
    async with world.store.write() as tx:
        everybody = await tx.users.chat_keys_before(world.acme.id, world.now + 2 * MINUTE, PageAsked(1))
        assert [(it.user_id, it.minted_at) for it in everybody.items] == [(ann.id, world.now)]
        rest = await tx.users.chat_keys_before(world.acme.id, world.now + 2 * MINUTE, PageAsked(1, everybody.next))
        assert [it.user_id for it in rest.items] == [ben.id]
        assert (await tx.users.chat_keys_before(world.acme.id, world.now, PageAsked(9))).items == ()
        assert (await tx.users.chat_keys_before(AppId(7), world.now + 2 * MINUTE, PageAsked(9))).items == ()
        await tx.users.set_password_hash(ann.id, "the same, hashed anew", is_same=True)
        await tx.users.set_password_hash(ben.id, "another")
        left = await tx.users.chat_keys_before(world.acme.id, world.now + 2 * MINUTE, PageAsked(9))
        assert [it.user_id for it in left.items] == [ann.id]
