from __future__ import annotations

from dataclasses import replace

import pytest

from acquaint.domain.conversations import Author, Conversation, ConversationId, Message, MessageId
from acquaint.domain.paging import PageAsked
from acquaint.domain.users import User
from tests.storage.world import World


@pytest.fixture
async def ann(world: World) -> User:
    return await world.add_user("ann")


@pytest.fixture
async def ben(world: World) -> User:
    return await world.add_user("ben")


@pytest.fixture
async def talk(world: World, ann: User, ben: User) -> Conversation:
    return await world.start(ann, ben)


async def test_a_message_comes_back_as_it_was_kept(world: World, talk: Conversation, ann: User) -> None:
    message = world.message(
        talk,
        ann,
        "Grüße 🚣 \u202e'; DROP TABLE messages; --",
        kind="custom",
        payload={"deep": {"er": [1, {"x": None}]}},
        extras={"from": "test"},
        client_id="c1",
        edited_at=world.now,
    )
    async with world.store.write() as tx:
        assert await tx.messages.add(message) == (message, True)
    async with world.store.read() as tx:
        assert await tx.messages.get(talk.id, message.id) == message
        assert await tx.messages.many([message.id, MessageId(404)]) == {message.id: message}
        assert await tx.messages.many([]) == {}


async def test_a_message_is_of_one_conversation(world: World, talk: Conversation, ann: User) -> None:
    said, other = await world.say(talk, ann), await world.start(ann)
    async with world.store.read() as tx:
        assert await tx.messages.get(other.id, said.id) is None


async def test_posting_again_under_the_same_client_id_posts_nothing(
    world: World, talk: Conversation, ann: User
) -> None:
    said = await world.say(talk, ann, "Hello", client_id="c1")
    async with world.store.write() as tx:
        assert await tx.messages.add(world.message(talk, ann, "Hello again", client_id="c1")) == (said, False)
        assert (await tx.messages.history(talk.id, PageAsked())).items == (said,)


async def test_client_ids_are_each_senders_own(world: World, talk: Conversation, ann: User, ben: User) -> None:
    other = await world.start(ann, ben)
    said = [
        await world.say(talk, ann, client_id="c1"),
        await world.say(talk, ben, client_id="c1"),
        await world.say(other, ann, client_id="c1"),
        await world.say(talk, None, client_id="c1"),
        await world.say(talk, None, client_id="c1", author=Author.OPERATOR),
    ]
    assert len({it.id for it in said}) == 5
    assert await world.say(talk, None, client_id="c1") == said[3]
    assert await world.say(talk, None, client_id="c1", author=Author.OPERATOR) == said[4]
    assert await world.say(talk, ann) != await world.say(talk, ann)


async def test_deleting_two_who_used_the_same_client_id_is_fine(
    world: World, talk: Conversation, ann: User, ben: User
) -> None:
    await world.say(talk, ann, client_id="c1")
    await world.say(talk, ben, client_id="c1")
    async with world.store.write() as tx:
        await tx.users.delete(ann.id)
        await tx.users.delete(ben.id)
        assert {it.sender_id for it in (await tx.messages.history(talk.id, PageAsked())).items} == {None}


async def test_a_conversation_knows_its_last_message(world: World, talk: Conversation, ann: User) -> None:
    first, last = world.message(talk, ann), await world.say(talk, ann)
    async with world.store.write() as tx:
        await tx.messages.add(first)  # posted earlier by another node, committed later
        kept = await tx.conversations.get(world.acme.id, talk.id)
    assert kept == replace(talk, last_message_id=last.id)


async def test_history_is_read_both_ways_page_by_page(world: World, talk: Conversation, ann: User) -> None:
    said = [await world.say(talk, ann, str(it)) for it in range(5)]
    await world.say(await world.start(ann), ann, "elsewhere")
    async with world.store.read() as tx:
        for newest_first in (True, False):
            seen: list[Message] = []
            asked = PageAsked(limit=2)
            while True:
                page = await tx.messages.history(talk.id, asked, newest_first=newest_first)
                seen += page.items
                if page.next is None:
                    break
                asked = PageAsked(limit=2, after=page.next)
            assert seen == (said[::-1] if newest_first else said)


async def test_a_message_is_edited_and_deleted(world: World, talk: Conversation, ann: User) -> None:
    said = await world.say(talk, ann, client_id="c1")
    said = replace(said, text="", payload={}, edited_at=world.now, deleted_at=world.now)
    async with world.store.write() as tx:
        await tx.messages.save(said)
        assert await tx.messages.get(talk.id, said.id) == said


async def test_unread_are_the_messages_of_others_beyond_what_was_read(
    world: World, talk: Conversation, ann: User, ben: User
) -> None:
    quiet = await world.start(ann, ben)
    first = await world.say(talk, ben)
    await world.say(talk, ben)
    await world.say(talk, ann)
    await world.say(talk, None)
    mine = [world.member(ann, talk), world.member(ann, quiet)]
    async with world.store.read() as tx:
        assert await tx.messages.unread(mine) == {talk.id: 3, quiet.id: 0}
        assert await tx.messages.unread([replace(mine[0], last_read_id=first.id)]) == {talk.id: 2}
        assert await tx.messages.unread([world.member(ben, talk)]) == {talk.id: 2}
        assert await tx.messages.unread([]) == {}


async def test_unread_are_counted_up_to_a_hundred(world: World, talk: Conversation, ann: User, ben: User) -> None:
    async with world.store.write() as tx:
        for _ in range(120):
            await tx.messages.add(world.message(talk, ben))
        assert await tx.messages.unread([world.member(ann, talk)]) == {talk.id: 100}


async def test_erasing_empties_everything_somebody_wrote(
    world: World, talk: Conversation, ann: User, ben: User
) -> None:
    other = await world.start(ann, ben)
    async with world.store.write() as tx:
        for number in range(450):
            where = talk if number % 2 else other
            await tx.messages.add(
                world.message(where, ann, "secret", payload={"a": 1}, extras={"b": 2}, client_id=f"c{number}")
            )
        earlier = world.message(talk, ann, deleted_at=world.now)
        await tx.messages.add(earlier)
    bens = await world.say(talk, ben, "stays", client_id="c1")
    world.clock.forward(hours=1)
    async with world.store.write() as tx:
        await tx.messages.erase_from(ann.id)
    async with world.store.read() as tx:
        kept = [
            *(await tx.messages.history(talk.id, PageAsked(limit=200), newest_first=False)).items,
            *(await tx.messages.history(talk.id, PageAsked(limit=200))).items,
            *(await tx.messages.history(other.id, PageAsked(limit=200), newest_first=False)).items,
            *(await tx.messages.history(other.id, PageAsked(limit=200))).items,
        ]
        assert await tx.messages.get(talk.id, earlier.id) == replace(earlier, text="")
    erased = {it.id: it for it in kept if it.sender_id == ann.id}
    assert len(erased) == 451
    assert {(it.text, str(it.payload), str(it.extras), it.client_id) for it in erased.values()} == {
        ("", "{}", "{}", None)
    }
    assert {it.deleted_at for it in erased.values()} == {world.now, earlier.deleted_at}
    assert bens in kept


async def test_the_latest_message_before_another_as_each_member_sees_it(
    world: World, talk: Conversation, ann: User, ben: User
) -> None:
    said = [await world.say(talk, ann, str(number)) for number in range(4)]
    async with world.store.write() as tx:
        await tx.messages.hide([said[2].id], ann.id)
        await tx.messages.save(said[1].deleted(world.now))
    hers = world.member(ann, talk)
    his = replace(world.member(ben, talk), cleared_up_to=said[2].id)
    async with world.store.read() as tx:
        for mark, before, latest in (
            (hers, said[3].id + 1, {talk.id: said[3].id}),
            (hers, said[3].id, {talk.id: said[0].id}),
            (hers, said[0].id, {}),
            (his, said[3].id + 1, {talk.id: said[3].id}),
            (his, said[3].id, {}),
        ):
            assert await tx.messages.latest_ids([mark], before) == latest
        assert await tx.messages.latest_ids([], 10**9) == {}
        assert await tx.conversations.kinds([talk.id, ConversationId(404)]) == {talk.id: talk.kind}
        assert await tx.conversations.kinds([]) == {}
