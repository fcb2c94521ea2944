"""What visitors do beside talking: their word about themselves, and their conversations with operators."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from acquaint.domain.conversations import ConversationId, ConversationKind
from acquaint.domain.errors import NeedsUser, NotAllowed, NotFound, SessionEnded
from acquaint.domain.events import EventKind
from acquaint.domain.identities import Assurance, ProfileChange
from acquaint.domain.paging import PageAsked
from acquaint.domain.places import DeviceId
from acquaint.domain.sessions import Lifetime
from acquaint.ports.store import Recognised
from acquaint.services import conversations, history, messages, sessions, sign_in, support, users
from acquaint.services.admission import Place
from acquaint.services.core import Core, device_of
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, laptop, phone
from tests.support.databases import on_both_databases


def place(device: str | None) -> Place:
    return Place("test", Lifetime(), device_id=device_of(device) if device else None)


async def visitor(core: Core, acme: Cast, device: str | None = laptop) -> Recognised:
    admission = await sign_in.visit(core, acme.app, place(device))
    return Recognised(admission.session, acme.app, admission.user)


async def signed_in(core: Core, acme: Cast, who: object = ann) -> Recognised:
    identity = ann.verified() if who is ann else ben.verified()
    admission = await sign_in.vouch_for(core, acme.app, identity, place(None))
    return Recognised(admission.session, acme.app, admission.user)


def saying(**said: str) -> ProfileChange:
    return ProfileChange(by_door={"test": said})


@on_both_databases
async def test_what_a_visitor_says_is_kept_and_believed_by_nobody(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme)
    session, user = await support.describe(core, it, lambda profile: saying(email=ann.email))
    assert session.user_id == user.id
    assert session.assurance is Assurance.ANONYMOUS
    assert user.identifiers == ()
    assert user.profile.by_door == {"test": {"email": ann.email}}
    events = await history.audit(core, acme.app, PageAsked())
    assert EventKind.USER_CHANGED in [it.kind for it in events.items]


@on_both_databases
async def test_of_what_is_said_at_once_nothing_is_lost(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme)

    async def say(name: str) -> None:
        await support.describe(
            core, it, lambda profile: ProfileChange(by_door={"test": {**profile.by_door.get("test", {}), name: "x"}})
        )

    await asyncio.gather(*[say(f"n{number}") for number in range(6)])
    [user] = (await users.newest(core, acme.app, PageAsked())).items
    assert sorted(user.profile.by_door["test"]) == [f"n{number}" for number in range(6)]


@pytest.mark.parametrize(
    "change",
    [{"name": "Acme Support"}, {"avatar_url": "x"}, {"phone": "1"}, {"custom": {"vip": 1}}, {"tags": ("vip",)}],
)
async def test_nobody_says_this_way_what_others_would_believe(
    core: Core, acme: Cast, change: dict[str, object]
) -> None:
    it = await visitor(core, acme)
    with pytest.raises(NotAllowed):
        await support.describe(core, it, lambda profile: ProfileChange(**change))  # type: ignore[arg-type]
    assert (await users.newest(core, acme.app, PageAsked())).items == ()


async def test_saying_the_same_again_changes_nothing(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme)
    _, first = await support.describe(core, it, lambda profile: saying(a="b"))
    _, again = await support.describe(core, it, lambda profile: saying(a="b"))
    assert first == again


async def test_without_a_device_nobody_can_be_made(core: Core, acme: Cast) -> None:
    with pytest.raises(NeedsUser):
        await support.arrive(core, await visitor(core, acme, None))


async def test_who_is_there_already_stays(core: Core, acme: Cast) -> None:
    it = await support.arrive(core, await visitor(core, acme))
    assert it.user is not None
    assert await support.arrive(core, it) == it
    again = await support.arrive(core, await visitor(core, acme))
    assert again.user is not None
    assert again.user.id == it.user.id


async def test_a_session_that_ended_says_nothing_any_more(core: Core, acme: Cast) -> None:
    it = await support.arrive(core, await visitor(core, acme))
    await sessions.log_out(core, it.session)
    with pytest.raises(SessionEnded):
        await support.describe(core, it, lambda profile: saying(a="b"))


@on_both_databases
async def test_conversations_with_operators_are_listed_and_no_others(core: Core, acme: Cast) -> None:
    it = await signed_in(core, acme)
    await signed_in(core, acme, ben)
    friend = await users.find(core, acme.app, ben.by_login)
    for title in ("one", "two", "three"):
        await conversations.start(core, it, title=title, first=Draft(title))
    await conversations.start(core, it, kind=ConversationKind.GROUP, title="club", with_users=[friend.id])
    found, is_more = await support.chats(core, it.session, skip=0, limit=2)
    assert ([chat.conversation.title for chat in found], is_more) == (["three", "two"], True)
    assert [chat.last_message.text for chat in found if chat.last_message] == ["three", "two"]
    found, is_more = await support.chats(core, it.session, skip=2, limit=2)
    assert ([chat.conversation.title for chat in found], is_more) == (["one"], False)
    assert len(await support.overview(core, it.session)) == 3


@on_both_databases
async def test_closing_ends_it_once_and_says_so(core: Core, acme: Cast) -> None:
    it = await signed_in(core, acme)
    seen, _ = await conversations.start(core, it, title="one")
    id = seen.conversation.id
    await support.annotate(core, it, id, lambda was: {**was, "why": "done"}, closes=True)
    closed = (await support.one_chat(core, it.session, id)).conversation
    assert closed.closed_at is not None
    await support.annotate(core, it, id, lambda was: {**was, "why": "again"}, closes=True)
    assert (await support.one_chat(core, it.session, id)).conversation == closed
    open_ones, _ = await support.chats(core, it.session, skip=0, limit=9, only_open=True)
    assert open_ones == []


async def test_nobody_changes_what_they_do_not_see(core: Core, acme: Cast) -> None:
    it, stranger = await visitor(core, acme), await visitor(core, acme, phone)
    await support.arrive(core, stranger)
    seen, by = await conversations.start(core, it, first=Draft("Secret"))
    other = (await core_session(core, stranger)).session
    for id in (seen.conversation.id, ConversationId(1)):
        with pytest.raises(NotFound):
            await support.annotate(core, replace(stranger, session=other), id, lambda was: {"x": 1}, closes=True)
        with pytest.raises(NotFound):
            await support.one_chat(core, other, id)
    assert seen.last_message is not None
    with pytest.raises(NotFound):
        await support.one_message(core, other, seen.last_message.id)
    message, _ = await support.one_message(core, by.session, seen.last_message.id)
    assert message.text == "Secret"


async def test_a_group_is_not_closed_by_its_members_this_way(core: Core, acme: Cast) -> None:
    it = await signed_in(core, acme)
    await signed_in(core, acme, ben)
    friend = await users.find(core, acme.app, ben.by_login)
    seen, _ = await conversations.start(core, it, kind=ConversationKind.GROUP, with_users=[friend.id])
    with pytest.raises(NotFound):
        await support.annotate(core, it, seen.conversation.id, dict, closes=True)


async def test_a_session_of_nobody_sees_nothing(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme)
    seen, _ = await conversations.start(core, await visitor(core, acme, phone), first=Draft("x"))
    assert await support.chats(core, it.session, skip=0, limit=9) == ([], False)
    assert await support.overview(core, it.session) == []
    with pytest.raises(NotFound):
        await support.one_chat(core, it.session, seen.conversation.id)
    nowhere = replace(it.session, device_id=DeviceId("elsewhere"))
    assert await support.overview(core, nowhere) == []


async def test_what_a_member_deleted_for_themselves_stays_away(core: Core, acme: Cast) -> None:
    it = await signed_in(core, acme)
    seen, _ = await conversations.start(core, it, first=Draft("one"))
    id = seen.conversation.id
    last = await messages.post(core, it, id, Draft("two"))
    async with core.store.write() as tx:
        assert it.user is not None
        await tx.messages.hide([last.id], it.user.id)
    with pytest.raises(NotFound):
        await support.one_message(core, it.session, last.id)
    chat = await support.one_chat(core, it.session, id)
    assert chat.last_message is not None
    assert chat.last_message.text == "one"


async def core_session(core: Core, it: Recognised) -> Recognised:
    """The session as it is now, with its user in it."""
    async with core.store.read() as tx:
        session = await tx.sessions.get(it.app.id, it.session.id)
    assert session is not None
    return replace(it, session=session)
