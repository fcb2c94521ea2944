"""What becomes of messages after they were said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from acquaint.domain.conversations import MOST_REACTIONS, ConversationKind, MessageId, Reaction, Tally
from acquaint.domain.errors import IdentifierTaken, NotAllowed, NotFound, Unacceptable
from acquaint.domain.listings import Between, MessagesAsked
from acquaint.domain.members import Change
from acquaint.services import conversations, messages, saying, users
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, carol, laptop
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

from .doors import EVERYTHING, events, sees, verified, visitor, write
from .test_members import refused, say, start, user_of

HEX = "0123456789abcdef01234567"


@on_both_databases
async def test_one_says_it_differently_and_everybody_sees_that(core: Core, acme: Cast, clock: SetClock) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, b)
    said = await say(core, a, id, "helo", payload={"attachments": [1]})
    clock.forward(seconds=1)
    edited = await saying.edit(core, a, id, said, text="hello")
    assert (edited.text, edited.payload, edited.edited_at) == ("hello", {"attachments": [1]}, clock())
    assert await saying.edit(core, a, id, said, text="hello") == edited, "nothing changed"
    assert await sees(core, b) == {id: ["hello"]}
    await refused(saying.edit(core, b, id, said, text="goodbye"), NotAllowed)
    await refused(saying.edit(core, a, id, said, text=" ", payload={}), Unacceptable)
    await refused(saying.edit(core, a, id, MessageId(1), text="x"), NotFound)
    await refused(saying.edit(core, a, id, said, text="x" * 20_001), Unacceptable)
    kinds = [it.kind.value for it in await events(core, acme)]
    assert kinds.count("message.changed") == 1


@on_both_databases
async def test_deleted_for_everybody_it_is_empty_everywhere(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, b)
    first, said = await say(core, a, id, "first"), await say(core, a, id, "secret", client_id=HEX, extras={"k": "v"})
    await conversations.change(core, a, id, Change(pin=(said,)))
    await refused(conversations.change(core, a, id, Change(pin=(MessageId(1),))), NotFound)
    done = await saying.delete(core, a, id, [said, MessageId(1)], for_everybody=True)
    assert (done.done, done.not_found, done.not_allowed) == ((said,), (MessageId(1),), ())
    for it in (a, b):
        assert await sees(core, it) == {id: ["", "first"]}
        seen = await conversations.one_seen(core, it.session, id)
        assert seen.last_message is not None
        assert (seen.last_message.id, seen.conversation.pinned) == (first, ())
        assert [one.id for one in (await messages.chosen(core, it.session, id, MessagesAsked())).items] == [first]
        assert await saying.found(core, it.session, ids=[said], client_ids=[HEX]) == []
    assert (await conversations.one_seen(core, b.session, id)).unread == 1
    for attempt in (
        saying.edit(core, a, id, said, text="x"),
        saying.react(core, b, id, said, add="x", withdraw=None),
        saying.one(core, a.session, id, said),
        conversations.change(core, a, id, Change(pin=(said,))),
    ):
        await refused(attempt, NotFound)
    assert await say(core, a, id, "secret", client_id=HEX) == said, "sending it again says nothing"
    assert await sees(core, b) == {id: ["", "first"]}


async def test_whose_messages_one_deletes(core: Core, acme: Cast) -> None:
    a, b, c = [await verified(core, acme, it) for it in (ann, ben, carol)]
    id = await start(core, a, b, c)
    anns, bens = await say(core, a, id, "ann's"), await say(core, b, id, "ben's")
    done = await saying.delete(core, c, id, [anns, bens], for_everybody=True)
    assert done.not_allowed == (anns, bens)
    assert (await saying.delete(core, a, id, [bens], for_everybody=True)).done == (bens,)
    assert (await saying.delete(core, acme.app, id, [anns], for_everybody=True)).done == (anns,)

    direct = await start(core, a, b, kind=ConversationKind.DIRECT)
    said = await say(core, b, direct, "mine")
    assert (await saying.delete(core, a, direct, [said], for_everybody=True)).not_allowed == (said,)
    assert (await saying.delete(core, b, id, [said], for_everybody=True)).not_found == (said,), (
        "of another conversation"
    )


@on_both_databases
async def test_deleted_for_oneself_it_is_gone_for_oneself_alone(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, b)
    first, said = await say(core, a, id, "first"), await say(core, a, id, "second", client_id=HEX)
    assert (await saying.delete(core, b, id, [said], for_everybody=False)).done == (said,)
    assert await sees(core, b) == {id: ["first"]}
    assert await sees(core, a) == {id: ["second", "first"]}
    seen = await conversations.one_seen(core, b.session, id)
    assert seen.last_message is not None
    assert (seen.last_message.id, seen.unread) == (first, 1)
    assert await saying.found(core, b.session, ids=[said], client_ids=[HEX]) == []
    await refused(saying.reactions(core, b.session, id, said), NotFound)
    assert (await saying.delete(core, b, id, [said], for_everybody=False)).not_found == (said,)
    listed = await messages.chosen(core, b.session, id, MessagesAsked(ids=(said,), client_ids=(HEX,)))
    assert listed.total == 0
    told = (await events(core, acme))[-1]
    assert (told.kind.value, told.details) == ("message.deleted", {"message": str(said), "only_for": str(user_of(b))})


async def test_what_a_visitor_hid_stays_hidden_when_they_sign_in(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    id = await write(core, it, "oops")
    it = await visitor(core, acme, laptop)
    [message] = (await messages.history(core, it.session, id, EVERYTHING)).items
    await saying.react(core, it, id, message.id, add="👍", withdraw=None)
    await saying.delete(core, it, id, [message.id], for_everybody=False)
    known = await verified(core, acme, ann, laptop)
    assert await sees(core, known) == {id: []}
    async with core.store.read() as tx:
        reactions = await tx.messages.reactions([message.id])
    assert reactions == {message.id: [Reaction(message.id, user_of(known), "👍")]}


@on_both_databases
async def test_reactions_are_counted_and_bounded(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, b)
    said = await say(core, a, id, "hello")
    for by, sign in ((a, "👍"), (b, "👍"), (b, "👍"), (b, "🚀")):
        await saying.react(core, by, id, said, add=sign, withdraw=None)
    assert await saying.tallies(core, b.session, id, [said, MessageId(1)]) == {
        said: [Tally("👍", 2, is_own=True), Tally("🚀", 1, is_own=True)]
    }
    assert {it.user_id for it in await saying.reactions(core, a.session, id, said)} == {user_of(a), user_of(b)}
    await saying.react(core, b, id, said, add=None, withdraw="🚀")
    await saying.react(core, b, id, said, add=None, withdraw="🚀")
    assert await saying.tallies(core, a.session, id, [said]) == {said: [Tally("👍", 2, is_own=True)]}
    for sign in "abcd"[: MOST_REACTIONS - 1]:
        await saying.react(core, b, id, said, add=sign, withdraw=None)
    await refused(saying.react(core, b, id, said, add="z", withdraw=None), Unacceptable)
    assert len(await saying.reactions(core, a.session, id, said)) == 1 + MOST_REACTIONS, "nothing half done"
    await users.delete(core, acme.app, user_of(b))
    assert await saying.tallies(core, a.session, id, [said]) == {said: [Tally("👍", 1, is_own=True)]}


async def test_messages_of_one_name_do_not_take_each_other_s_place(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id, elsewhere = await start(core, a, b), await start(core, a, b)
    anns = await say(core, a, id, "ann's", client_id=HEX)
    bens = await say(core, b, elsewhere, "ben's", client_id=HEX)
    assert [it.id for it in await saying.found(core, a.session, client_ids=[HEX])] == [anns, bens]
    assert [it.id for it in await saying.found(core, b.session, client_ids=[HEX])] == [bens, anns], "one's own first"
    third = await verified(core, acme, carol)
    assert await saying.found(core, third.session, client_ids=[HEX]) == []
    nobody = replace(third.session, user_id=None)
    assert await saying.found(core, nobody, ids=[anns]) == []


@on_both_databases
async def test_nobody_s_message_takes_the_name_of_another_s(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id, elsewhere = await start(core, a, b), await start(core, a, b)
    said = await say(core, a, id, "ann's", client_id=HEX, is_name=True)
    await refused(messages.post(core, b, id, Draft("ben's", client_id=HEX, is_name=True)), IdentifierTaken)
    assert await say(core, a, id, "ann's", client_id=HEX, is_name=True) == said, "one's own is said once"
    assert await sees(core, b) == {elsewhere: [], id: ["ann's"]}
    await say(core, b, elsewhere, "ben's", client_id=HEX, is_name=True)


@on_both_databases
async def test_marks_go_forward_and_say_who_has_got_what(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, b)
    first, last = await say(core, a, id, "first"), await say(core, a, id, "last")
    assert await messages.mark_received(core, b.session, id, last) == last
    assert await messages.mark_received(core, b.session, id, first) == last
    assert await messages.mark_read(core, b.session, id, first) == first
    mine = next(it for it in (await conversations.one_seen(core, a.session, id)).members if it.user_id == user_of(b))
    assert (mine.last_received_id, mine.last_read_id) == (last, first)
    kinds = [it.kind.value for it in await events(core, acme)]
    assert (kinds.count("messages.received"), kinds.count("messages.read")) == (1, 1)
    assert await conversations.unread(core, b.session) == {id: 1}
    await refused(messages.mark_received(core, b.session, id, MessageId(1)), NotFound)


@on_both_databases
async def test_messages_by_conditions(core: Core, acme: Cast, clock: SetClock) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, b)
    noon = clock()
    one = await say(core, a, id, "1", client_id=HEX)
    clock.forward(minutes=1)
    two = await say(core, b, id, "2")
    three = (await messages.answer(core, acme.app, id, messages.Draft("3"))).id
    clock.forward(minutes=1)
    await saying.edit(core, a, id, one, text="one")

    async def found(**asked: Any) -> list[MessageId]:
        return [it.id for it in (await messages.chosen(core, a.session, id, MessagesAsked(**asked))).items]

    later = noon + timedelta(seconds=30)
    assert await found() == [three, two, one]
    assert await found(newest_first=False, limit=2) == [one, two]
    assert await found(newest_first=False, skip=1) == [two, three]
    assert await found(ids=(two,), client_ids=(HEX,)) == [two, one]
    assert await found(ids=()) == []
    assert await found(senders=(user_of(b),)) == [two]
    assert await found(but_senders=(user_of(b),)) == [three, one]
    assert await found(sent=Between(until=later)) == [one]
    assert await found(changed=Between(since=noon + timedelta(seconds=90))) == [one]
    assert await found(beyond=one, before=three) == [two]
    assert (await messages.chosen(core, a.session, id, MessagesAsked(limit=1))).total == 3


@pytest.mark.parametrize("for_everybody", [True, False])
async def test_deleting_nothing_is_fine(core: Core, acme: Cast, for_everybody: bool) -> None:
    a = await verified(core, acme, ann)
    id = await start(core, a)
    done = await saying.delete(core, a, id, [], for_everybody=for_everybody)
    assert (done.done, done.not_found, done.not_allowed) == ((), (), ())
