"""Channels that are called by a name, and what the App's server sets up among its users."""

from __future__ import annotations

import asyncio

import pytest

from acquaint.domain.conversations import ConversationKind, MemberRole
from acquaint.domain.errors import ConversationClosed, IdentifierTaken, NotAllowed, NotFound, Unacceptable
from acquaint.domain.events import EventKind
from acquaint.domain.listings import MessagesAsked
from acquaint.domain.members import Change
from acquaint.domain.users import UserId
from acquaint.ports.store import Recognised
from acquaint.services import apps, conversations, hosting, members, messages, users
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, carol, eve, laptop
from tests.support.databases import on_both_databases

from .doors import kinds, verified, visitor

DIRECT, GROUP = ConversationKind.DIRECT, ConversationKind.GROUP
NAME = "javascript-1234567890"


def user_of(it: Recognised) -> UserId:
    assert it.user is not None
    return it.user.id


async def owner_of(core: Core, by: Recognised, unique_id: str) -> list[UserId]:
    seen, _ = await hosting.come_in(core, by, unique_id)
    return [it.user_id for it in seen.members if it.role is MemberRole.OWNER]


@on_both_databases
async def test_a_channel_is_opened_once_by_whoever_is_first(core: Core, acme: Cast) -> None:
    everybody = [await verified(core, acme, it) for it in (ann, ben, carol, eve)]
    came = await asyncio.gather(*[hosting.come_in(core, it, "news", Change(title="News")) for it in everybody])
    assert len({seen.conversation.id for seen, _ in came}) == 1
    assert sum(is_new for _, is_new in came) == 1
    seen, is_new = await hosting.come_in(core, everybody[0], "news", Change(title="Mine"))
    assert (is_new, seen.conversation.title, len(seen.members)) == (False, "News", 4)
    assert (await kinds(core, acme)).count(EventKind.CONVERSATION_STARTED) == 1


async def test_only_who_is_verified_opens_and_comes(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    with pytest.raises((NotAllowed, NotFound)):
        await hosting.come_in(core, it, "news")
    await hosting.come_in(core, await verified(core, acme, ann), "news")
    with pytest.raises((NotAllowed, NotFound)):
        await hosting.come_in(core, it, "news")


@on_both_databases
async def test_a_name_that_a_user_took_is_the_apps_once_it_says_so(core: Core, acme: Cast) -> None:
    eves, a, b = [await verified(core, acme, it) for it in (eve, ann, ben)]
    await hosting.come_in(core, eves, "order-77")
    await hosting.come_in(core, b, "order-77")
    assert await owner_of(core, eves, "order-77") == [user_of(eves)]
    opened, is_new = await hosting.open_channel(core, acme.app, "order-77", [user_of(a)])
    assert not is_new
    assert await owner_of(core, eves, "order-77") == [user_of(a)]
    with pytest.raises(NotAllowed):
        await conversations.delete(core, eves, opened.id)
    await hosting.open_channel(core, acme.app, "order-77", [user_of(b)])
    assert await owner_of(core, eves, "order-77") == [user_of(a)], "it was the App's already"


@on_both_databases
async def test_a_name_is_an_apps_own(core: Core, acme: Cast) -> None:
    other = Cast(await apps.create(core, "Other"))
    ours, _ = await hosting.come_in(core, await verified(core, acme, ann), "news")
    theirs, is_new = await hosting.come_in(core, await verified(core, other, ann), "news")
    assert is_new
    assert theirs.conversation.id != ours.conversation.id
    with pytest.raises(NotFound):
        await hosting.said_in(core, other.app, ours.conversation.id, MessagesAsked())
    with pytest.raises(NotFound):
        await hosting.announce(core, other.app, ours.conversation.id, [Draft("hello")])


async def test_a_channel_that_is_gone_can_be_opened_again(core: Core, acme: Cast) -> None:
    a = await verified(core, acme, ann)
    seen, _ = await hosting.come_in(core, a, "news")
    await conversations.delete(core, a, seen.conversation.id)
    again, is_new = await hosting.come_in(core, a, "news")
    assert is_new
    assert again.conversation.id != seen.conversation.id
    await members.leave(core, a, again.conversation.id)
    with pytest.raises(Unacceptable):
        await hosting.come_in(core, a, "x" * 256)


@on_both_databases
async def test_the_two_have_one_direct_conversation_whoever_hosts_it(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    both = [user_of(a), user_of(b)]
    made = await asyncio.gather(
        hosting.host(core, acme.app, DIRECT, both),
        hosting.host(core, acme.app, DIRECT, both[::-1]),
        conversations.start(core, a, kind=DIRECT, with_users=[both[1]]),
    )
    assert made[0].id == made[1].id == made[2][0].conversation.id
    for wrong in (both[:1], [both[0], both[0]], []):
        with pytest.raises(Unacceptable):
            await hosting.host(core, acme.app, DIRECT, wrong)


@on_both_databases
async def test_a_hosted_group_has_users_of_the_app_or_is_not_made(core: Core, acme: Cast) -> None:
    other = Cast(await apps.create(core, "Other"))
    a, stranger = await verified(core, acme, ann), await verified(core, other, ben)
    guest = await visitor(core, acme, laptop)
    await conversations.start(core, guest, first=Draft("hello"))
    for wrong in ([user_of(a), user_of(stranger)], [UserId(404)], []):
        with pytest.raises((NotFound, Unacceptable)):
            await hosting.host(core, acme.app, GROUP, wrong)
    it = await hosting.host(core, acme.app, GROUP, [user_of(a)], Change(title="Boats"))
    seen = await conversations.one_seen(core, a.session, it.id)
    assert [(one.user_id, one.role) for one in seen.members] == [(user_of(a), MemberRole.OWNER)]


@on_both_databases
async def test_the_app_says_all_of_it_and_reads_what_others_cleared(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    it = await hosting.host(core, acme.app, GROUP, [user_of(a), user_of(b)])
    said = await hosting.announce(core, acme.app, it.id, [Draft("one"), Draft("two")])
    assert await hosting.unread_of(core, acme.app, user_of(b)) == {it.id: 2}
    await members.clear(core, b, it.id)
    found = await hosting.said_in(core, acme.app, it.id, MessagesAsked())
    assert [one.text for one in found.items] == ["two", "one"]
    assert [one.id for one in said] == [one.id for one in reversed(found.items)]
    listed = await hosting.of_kinds(core, acme.app, user_of(a), frozenset({GROUP}), skip=0, limit=10)
    assert [one.id for one in listed.items] == [it.id]
    await conversations.close(core, acme.app, it.id)
    with pytest.raises(ConversationClosed):
        await hosting.announce(core, acme.app, it.id, [Draft("three")])


@on_both_databases
async def test_a_long_client_id_is_the_name_of_one_message_in_a_conversation(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    it = await hosting.host(core, acme.app, GROUP, [user_of(a), user_of(b)])
    first = await messages.post(core, a, it.id, Draft("mine", client_id=NAME))
    assert (await messages.post(core, a, it.id, Draft("mine", client_id=NAME))).id == first.id
    with pytest.raises(IdentifierTaken):
        await messages.post(core, b, it.id, Draft("also mine", client_id=NAME))
    for by in (a, b):
        short = await messages.post(core, by, it.id, Draft("one", client_id="1"))
        assert (short.name, first.name) == (None, NAME)


async def test_who_is_gone_is_not_brought_in(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    await users.delete(core, acme.app, user_of(b))
    with pytest.raises(NotFound):
        await hosting.open_channel(core, acme.app, "news", [user_of(a), user_of(b)])
    with pytest.raises(NotFound):
        await hosting.called(core, acme.app, "news")
