"""Who comes into a conversation and who goes, what they hide and clear, and what nobody sees any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from acquaint.domain.conversations import MOST_MEMBERS, ConversationId, ConversationKind, MemberRole, MessageId
from acquaint.domain.errors import ConversationClosed, NotAllowed, NotFound, Unacceptable
from acquaint.domain.identities import Assurance
from acquaint.domain.listings import Between, ConversationOrder, ConversationsAsked, Listed, MessagesAsked
from acquaint.domain.members import Change
from acquaint.domain.places import Workspace
from acquaint.domain.users import UserId
from acquaint.ports.store import Recognised
from acquaint.services import apps, conversations, members, messages, saying, users
from acquaint.services.conversations import Seen
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, carol, eve, laptop
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

from .doors import EVERYTHING, events, sees, verified, visitor, write

GROUP, DIRECT, CHANNEL, BROADCAST = (
    ConversationKind.GROUP,
    ConversationKind.DIRECT,
    ConversationKind.CHANNEL,
    ConversationKind.BROADCAST,
)


def user_of(it: Recognised) -> UserId:
    assert it.user is not None
    return it.user.id


async def start(core: Core, by: Recognised, *others: Recognised, kind: ConversationKind = GROUP) -> ConversationId:
    seen, _ = await conversations.start(core, by, kind=kind, title="Boats", with_users=[user_of(it) for it in others])
    return seen.conversation.id


async def say(core: Core, by: Recognised, id: ConversationId, text: str, **more: Any) -> MessageId:
    return (await messages.post(core, by, id, Draft(text, **more))).id


def roles(seen: Seen) -> dict[UserId, MemberRole]:
    return {it.user_id: it.role for it in seen.members}


async def refused(attempt: Awaitable[object], *how: type[Exception]) -> None:
    with pytest.raises(how):
        await attempt


@on_both_databases
async def test_a_group_lives_its_life(core: Core, acme: Cast) -> None:
    a, b, c = [await verified(core, acme, it) for it in (ann, ben, carol)]
    id = await start(core, a, b)
    said = await say(core, a, id, "hello")

    seen = await conversations.change(core, b, id, Change(title="Oars", add=(user_of(c),)))
    assert seen.conversation.title == "Oars"
    assert roles(seen) == {user_of(a): MemberRole.OWNER, user_of(b): MemberRole.MEMBER, user_of(c): MemberRole.MEMBER}
    assert await sees(core, c) == {id: ["hello"]}

    seen = await conversations.change(core, a, id, Change(appoint=(user_of(b),), pin=(said,)))
    assert roles(seen)[user_of(b)] is MemberRole.ADMIN
    assert seen.conversation.pinned == (said,)

    await conversations.change(core, b, id, Change(remove=(user_of(c),)))
    assert await sees(core, c) == {}
    await members.leave(core, a, id)
    assert await sees(core, a) == {}
    await conversations.delete(core, b, id)  # who is left is the owner
    assert await sees(core, b) == {}
    assert (await conversations.of_app(core, acme.app, EVERYTHING)).items == ()
    told = [it for it in await events(core, acme) if it.conversation_id == id]
    assert all("hello" not in str(it.details) and "Oars" not in str(it.details) for it in told)


@on_both_databases
async def test_who_is_removed_sees_nothing_through_any_use_case(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, b)
    said = await say(core, a, id, "before", client_id="c" * 24)
    await conversations.change(core, a, id, Change(remove=(user_of(b),)))
    await say(core, a, id, "after")

    for attempt in (
        conversations.one_seen(core, b.session, id),
        messages.history(core, b.session, id, EVERYTHING),
        messages.chosen(core, b.session, id, MessagesAsked()),
        messages.post(core, b, id, Draft("still here?")),
        messages.mark_read(core, b.session, id, said),
        messages.mark_received(core, b.session, id, said),
        conversations.change(core, b, id, Change(add=(user_of(b),))),
        conversations.delete(core, b, id),
        members.leave(core, b, id),
        members.hide(core, b, id),
        members.clear(core, b, id),
        members.mute(core, b, id, True),
        members.drop(core, b, id),
        members.join(core, b, id),
        saying.edit(core, b, id, said, text="mine"),
        saying.delete(core, b, id, [said], for_everybody=True),
        saying.delete(core, b, id, [said], for_everybody=False),
        saying.react(core, b, id, said, add="x", withdraw=None),
        saying.one(core, b.session, id, said),
        saying.reactions(core, b.session, id, said),
        saying.tallies(core, b.session, id, [said]),
    ):
        await refused(attempt, NotFound)
    assert await saying.found(core, b.session, ids=[said], client_ids=["c" * 24]) == []
    assert await conversations.chosen(core, b.session, ConversationsAsked(ids=(id,))) == Listed((), 0)
    assert await conversations.unread(core, b.session) == {}
    assert [it.text for it in (await messages.history(core, a.session, id, EVERYTHING)).items] == ["after", "before"]


async def test_another_app_changes_nothing(core: Core, acme: Cast) -> None:
    a = await verified(core, acme, ann)
    id = await start(core, a)
    said = await say(core, a, id, "hello")
    rival = Cast(await apps.create(core, "Globex"))
    theirs = await verified(core, rival, eve)
    for by in (theirs, rival.app):
        await refused(conversations.change(core, by, id, Change(title="mine")), NotFound)
        await refused(conversations.delete(core, by, id), NotFound)
        await refused(saying.delete(core, by, id, [said], for_everybody=True), NotFound)
    await refused(members.join(core, theirs, id), NotFound)
    await refused(conversations.change(core, a, id, Change(add=(user_of(theirs),))), NotFound)
    assert await sees(core, a) == {id: ["hello"]}


async def test_nobody_makes_themselves_more_than_they_are(core: Core, acme: Cast) -> None:
    a, b, c = [await verified(core, acme, it) for it in (ann, ben, carol)]
    id = await start(core, a, b, c)
    for change in (
        Change(appoint=(user_of(b),)),
        Change(is_managed=True),
        Change(remove=(user_of(c),)),
        Change(remove=(user_of(a),)),
        Change(title="mine", appoint=(user_of(b),)),
    ):
        await refused(conversations.change(core, b, id, change), NotAllowed)
    await refused(conversations.delete(core, b, id), NotAllowed)
    await conversations.change(core, a, id, Change(is_managed=True))
    await refused(conversations.change(core, b, id, Change(title="mine")), NotAllowed)
    await refused(conversations.change(core, b, id, Change(add=(user_of(b),))), NotAllowed)
    assert (await conversations.one_seen(core, a.session, id)).conversation.title == "Boats"


async def test_a_role_is_not_kept_by_leaving_and_coming_back(core: Core, acme: Cast, clock: SetClock) -> None:
    a, b, c = [await verified(core, acme, it) for it in (ann, ben, carol)]
    id = await start(core, a, b, c)
    await members.leave(core, a, id)
    clock.forward(seconds=1)
    seen = await conversations.change(core, b, id, Change(add=(user_of(a),)))
    assert roles(seen)[user_of(a)] is MemberRole.MEMBER
    await refused(conversations.delete(core, a, id), NotAllowed)


async def test_a_direct_conversation_is_of_its_two(core: Core, acme: Cast) -> None:
    a, b, e = [await verified(core, acme, it) for it in (ann, ben, eve)]
    id = await start(core, a, b, kind=DIRECT)
    for by in (a, b):
        for change in (Change(title="mine"), Change(add=(user_of(e),)), Change(remove=(user_of(by),))):
            await refused(conversations.change(core, by, id, change), NotAllowed)
        await refused(conversations.delete(core, by, id), NotAllowed)
        await refused(members.leave(core, by, id), NotAllowed)
    await refused(conversations.change(core, acme.app, id, Change(add=(user_of(e),))), NotAllowed)


async def test_a_visitor_s_conversation_with_the_app_is_not_theirs_to_fill(core: Core, acme: Cast) -> None:
    it, b = await visitor(core, acme, laptop), await verified(core, acme, ben)
    id = await write(core, it)
    it = await visitor(core, acme, laptop)
    await refused(conversations.change(core, it, id, Change(add=(user_of(b),))), NotAllowed)
    await refused(conversations.change(core, it, id, Change(title="x")), NotAllowed)
    seen = await conversations.change(core, acme.app, id, Change(add=(user_of(b),), title="From the App"))
    assert user_of(b) in roles(seen)
    assert id in await sees(core, b)


async def test_an_unverified_session_brings_nobody_in(core: Core, acme: Cast) -> None:
    b = await verified(core, acme, ben)
    it = await visitor(core, acme, laptop)
    seen, _ = await conversations.start(core, it, kind=GROUP, title="Mine")
    it = await visitor(core, acme, laptop)
    await refused(conversations.change(core, it, seen.conversation.id, Change(add=(user_of(b),))), NotAllowed)
    await refused(conversations.start(core, it, kind=CHANNEL, title="Mine"), NotAllowed)


async def test_a_group_has_an_end(core: Core, acme: Cast) -> None:
    a = await verified(core, acme, ann)
    id = await start(core, a)
    others = tuple(UserId(it) for it in range(1, MOST_MEMBERS + 1))
    await refused(conversations.change(core, a, id, Change(add=others)), Unacceptable)
    await refused(conversations.change(core, a, id, Change(add=others[:-1])), NotFound)  # nobody by these ids
    assert len((await conversations.one_seen(core, a.session, id)).members) == 1


@on_both_databases
async def test_a_channel_is_open_to_every_verified_user_of_its_workspace(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, kind=CHANNEL)
    await refused(conversations.one_seen(core, b.session, id), NotFound)
    await members.join(core, b, id)
    await members.join(core, b, id)
    assert await sees(core, b) == {id: []}
    await say(core, b, id, "hello")
    await refused(conversations.change(core, b, id, Change(title="mine")), NotAllowed)

    elsewhere = await verified(core, acme, eve, workspace=Workspace("sales"))
    await refused(members.join(core, elsewhere, id), NotFound)
    somebody = await visitor(core, acme, laptop)
    await write(core, somebody)
    await refused(members.join(core, await visitor(core, acme, laptop), id), NotFound)
    await refused(members.join(core, b, await start(core, a)), NotFound)  # a group
    await refused(members.join(core, b, ConversationId(1)), NotFound)


async def test_in_a_broadcast_its_owner_speaks(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, kind=BROADCAST)
    await members.join(core, b, id)
    await refused(messages.post(core, b, id, Draft("me too")), NotAllowed)
    await say(core, a, id, "news")
    await conversations.change(core, a, id, Change(appoint=(user_of(b),)))
    await say(core, b, id, "me too")


async def test_in_a_closed_conversation_nothing_changes_but_who_leaves(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, b)
    said = await say(core, a, id, "hello")
    await conversations.close(core, acme.app, id)
    await refused(conversations.change(core, a, id, Change(title="x")), ConversationClosed)
    await refused(saying.edit(core, a, id, said, text="x"), ConversationClosed)
    await members.leave(core, b, id)


@on_both_databases
async def test_what_is_cleared_comes_back_by_no_way(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, b, kind=DIRECT)
    old = await say(core, a, id, "old", client_id="0" * 24)
    assert await conversations.unread(core, b.session) == {id: 1}
    await members.clear(core, b, id)

    seen = await conversations.one_seen(core, b.session, id)
    assert (seen.last_message, seen.unread) == (None, 0)
    assert await sees(core, b) == {id: []}
    assert await messages.chosen(core, b.session, id, MessagesAsked(ids=(old,))) == Listed((), 0)
    assert await conversations.unread(core, b.session) == {id: 0}
    assert await saying.found(core, b.session, ids=[old], client_ids=["0" * 24]) == []
    await refused(saying.one(core, b.session, id, old), NotFound)
    await refused(saying.react(core, b, id, old, add="x", withdraw=None), NotFound)
    assert (await saying.delete(core, b, id, [old], for_everybody=False)).not_found == (old,)
    [listed] = (await conversations.seen(core, b.session, EVERYTHING)).items
    assert listed.last_message is None

    assert await sees(core, a) == {id: ["old"]}, "only for oneself"
    new = await say(core, a, id, "new")
    assert await sees(core, b) == {id: ["new"]}
    assert (await conversations.one_seen(core, b.session, id)).unread == 1
    assert [it.id for it in (await messages.chosen(core, b.session, id, MessagesAsked())).items] == [new]


@on_both_databases
async def test_a_conversation_that_is_hidden_comes_back_with_the_next_message(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, b, kind=DIRECT)
    await say(core, a, id, "old")
    await members.drop(core, b, id)  # where nobody leaves
    assert await sees(core, b) == {}
    assert await conversations.chosen(core, b.session, ConversationsAsked()) == Listed((), 0)
    assert await sees(core, a) == {id: ["old"]}
    await say(core, a, id, "new")
    assert await sees(core, b) == {id: ["new"]}

    await members.hide(core, b, id)
    assert await sees(core, b) == {}
    assert await start(core, b, a, kind=DIRECT) == id, "whoever begins it again wants to see it"
    assert await sees(core, b) == {id: ["new"]}


async def test_what_one_does_for_oneself_nobody_else_hears(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, b)
    said = await say(core, a, id, "old")
    before = len(await events(core, acme))
    await members.mute(core, b, id, True)
    await members.mute(core, b, id, True)
    await members.hide(core, b, id)
    await members.clear(core, b, id)
    told = (await events(core, acme))[before:]
    assert len(told) == 3
    assert {it.details["only_for"] for it in told} == {str(user_of(b))}
    mine = next(it for it in (await conversations.one_seen(core, b.session, id)).members if it.user_id == user_of(b))
    assert (mine.is_muted, mine.cleared_up_to) == (True, said)


async def test_a_user_who_is_deleted_leaves_a_group_with_an_owner(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, b)
    await say(core, a, id, "bye")
    await users.delete(core, acme.app, user_of(a))
    seen = await conversations.change(core, b, id, Change(is_managed=True))
    assert [it.user_id for it in seen.members] == [user_of(b)]
    assert seen.last_message is None, "what was erased is no preview"


@on_both_databases
async def test_lists_by_conditions(core: Core, acme: Cast, clock: SetClock) -> None:
    a, b, c = [await verified(core, acme, it) for it in (ann, ben, carol)]
    direct = await start(core, a, b, kind=DIRECT)
    noon = clock()
    clock.forward(minutes=1)
    group = (await conversations.start(core, a, kind=GROUP, title="50% off_er", with_users=[user_of(c)]))[0]
    group_id = group.conversation.id
    clock.forward(minutes=1)
    await say(core, a, direct, "hello")

    async def found(**asked: Any) -> list[ConversationId]:
        listed = await conversations.chosen(core, a.session, ConversationsAsked(**asked))
        assert listed.total == len(listed.items) or "limit" in asked or "skip" in asked
        return [it.conversation.id for it in listed.items]

    assert await found() == [direct, group_id]
    assert await found(newest_first=False) == [group_id, direct]
    assert await found(order=ConversationOrder.CREATED) == [group_id, direct]
    assert await found(order=ConversationOrder.UPDATED) == [direct, group_id]
    assert await found(kinds=frozenset({GROUP})) == [group_id]
    assert await found(kinds=frozenset()) == []
    assert await found(ids=(direct, ConversationId(1))) == [direct]
    assert await found(ids=()) == []
    assert await found(but_ids=(direct,)) == [group_id]
    assert await found(title="50% off_er") == [group_id]
    assert await found(title_has="% OFF_") == [group_id]
    assert await found(title_has="5%r") == await found(title_has="off-er") == []
    assert await found(with_all=(user_of(a), user_of(b))) == [direct]
    assert await found(with_all=(user_of(b), user_of(c))) == []
    assert set(await found(with_any=(user_of(b), user_of(c)))) == {direct, group_id}
    assert await found(with_any=()) == []
    later = noon + timedelta(seconds=30)
    assert await found(created=Between(until=later)) == [direct]
    assert await found(updated=Between(since=later)) == [direct, group_id]
    assert await found(said=Between(since=noon)) == [direct]
    assert await found(said=Between(until=later)) == [group_id], "where nothing was said, nothing was said late"
    assert await found(limit=1) == [direct]
    assert await found(skip=1) == [group_id]
    listed = await conversations.chosen(core, a.session, ConversationsAsked(limit=1))
    assert (len(listed.items), listed.total) == (1, 2)
    stranger = replace(a.session, user_id=None)
    assert await conversations.chosen(core, stranger, ConversationsAsked()) == Listed((), 0)
    assert a.session.assurance is Assurance.VERIFIED


@pytest.mark.parametrize("asked", [{"limit": 0}, {"limit": 101}, {"skip": -1}, {"skip": 100_001}])
def test_lists_are_bounded(asked: dict[str, Any]) -> None:
    for shape in (ConversationsAsked, MessagesAsked):
        with pytest.raises(Unacceptable):
            shape(**asked)
    with pytest.raises(Unacceptable):
        ConversationsAsked(ids=tuple(ConversationId(it) for it in range(1001)))


@on_both_databases
async def test_everybody_comes_at_once_and_no_more_than_may(
    core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "MOST_MEMBERS", 4)
    a = await verified(core, acme, ann)
    id = await start(core, a, kind=CHANNEL)
    crowd = [await verified(core, acme, replace(eve, login=f"eve-{it}")) for it in range(8)]
    outcomes = await asyncio.gather(*(members.join(core, it, id) for it in crowd), return_exceptions=True)
    assert sum(it is None for it in outcomes) == 3
    assert all(it is None or isinstance(it, Unacceptable) for it in outcomes)
    assert len((await conversations.one_seen(core, a.session, id)).members) == 4


@on_both_databases
async def test_who_is_removed_while_they_speak_was_heard_or_refused(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, b)
    said, _, *_ = await asyncio.gather(
        messages.post(core, b, id, Draft("wait")),
        conversations.change(core, a, id, Change(remove=(user_of(b),))),
        conversations.change(core, a, id, Change(title="Oars")),
        conversations.change(core, a, id, Change(description="On Sundays")),
        return_exceptions=True,
    )
    seen = await conversations.one_seen(core, a.session, id)
    assert (seen.conversation.title, seen.conversation.description) == ("Oars", "On Sundays"), "no change is lost"
    assert list(roles(seen)) == [user_of(a)]
    assert (await sees(core, a))[id] == ([] if isinstance(said, NotFound) else ["wait"])
    assert await sees(core, b) == {}
