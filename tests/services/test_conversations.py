"""Conversations and messages: through what a session may see, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from acquaint.domain.conversations import ConversationId, ConversationKind, MessageId, Reason
from acquaint.domain.errors import (
    ConversationClosed,
    NotAllowed,
    NotFound,
    SessionEnded,
    TooManyRequests,
    Unacceptable,
)
from acquaint.domain.identities import Assurance
from acquaint.domain.paging import PageAsked
from acquaint.domain.places import Workspace
from acquaint.domain.sessions import Lifetime, SessionId
from acquaint.domain.users import UserId
from acquaint.ports.store import Recognised
from acquaint.services import apps, conversations, limits, messages, sessions, sign_in, users
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, eve, laptop, phone
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

from .doors import EVERYTHING, at, it_of, sees, verified, visitor, write
from .test_stale import sessions_again

SALES, CARE = Workspace("sales"), Workspace("care")
PAGE = PageAsked()


def user_of(it: Recognised) -> UserId:
    assert it.user is not None
    return it.user.id


# starting


async def test_only_a_verified_session_brings_in_others(core: Core, acme: Cast) -> None:
    bens = user_of(await verified(core, acme, ben))
    guest = await it_of(core, await sign_in.enter_as_guest(core, acme.app, "G", at()))
    for it in (await visitor(core, acme, laptop), guest):
        with pytest.raises(NotAllowed):
            await conversations.start(core, it, with_users=[bens])
    seen, _ = await conversations.start(core, await verified(core, acme, ann), with_users=[bens])
    assert {it.user_id for it in seen.members} >= {bens}


async def test_nobody_is_brought_in_who_is_not_a_verified_user_of_the_app(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    visit = await visitor(core, acme, laptop)
    await write(core, visit)
    unverified = (await sessions_again(core, visit)).session.user_id
    rival = Cast(await apps.create(core, "Rival"))
    of_rival = user_of(await verified(core, rival, ben))
    assert unverified is not None
    for other in (unverified, of_rival, UserId(1), UserId(2**53 - 1)):
        with pytest.raises(NotFound):
            await conversations.start(core, it, with_users=[other])
        with pytest.raises(NotFound):
            await conversations.start(core, it, kind=ConversationKind.DIRECT, with_users=[other])
    assert await sees(core, it) == {}


async def test_a_direct_conversation_has_two_and_there_is_one_of_it(core: Core, acme: Cast) -> None:
    anns, bens = await verified(core, acme, ann), await verified(core, acme, ben)
    for others in ([], [user_of(anns)], [user_of(bens), user_of(await verified(core, acme, eve))]):
        with pytest.raises(Unacceptable):
            await conversations.start(core, anns, kind=ConversationKind.DIRECT, with_users=others)
    first, _ = await conversations.start(core, anns, kind=ConversationKind.DIRECT, with_users=[user_of(bens)])
    second, _ = await conversations.start(core, bens, kind=ConversationKind.DIRECT, with_users=[user_of(anns)] * 2)
    assert first.conversation.id == second.conversation.id


async def test_a_direct_conversation_of_another_workspace_is_not_shown_by_starting_it(core: Core, acme: Cast) -> None:
    bens = user_of(await verified(core, acme, ben))
    sales = await verified(core, acme, ann, workspace=SALES)
    care = await verified(core, acme, ann, workspace=CARE)
    await conversations.start(core, sales, kind=ConversationKind.DIRECT, with_users=[bens], first=Draft("in sales"))
    with pytest.raises(NotFound):
        await conversations.start(core, care, kind=ConversationKind.DIRECT, with_users=[bens], first=Draft("x"))
    assert await sees(core, care) == {}


async def test_starting_counts_like_writing(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    most = limits.MESSAGES_PER_SESSION.times

    async def start_many() -> None:
        for _ in range(most * 2):
            await conversations.start(core, it)

    with pytest.raises(TooManyRequests):
        await start_many()
    await conversations.start(core, await verified(core, acme, ben))


# seeing


@on_both_databases
async def test_what_is_not_seen_is_as_if_it_were_not_there(core: Core, acme: Cast) -> None:
    """Every session that should not, against every use case that takes a conversation: one refusal for all."""
    mine = await verified(core, acme, ann, laptop)
    id = await write(core, mine, "mine")
    said = (await messages.history(core, mine.session, id, PAGE)).items[0].id
    rival = Cast(await apps.create(core, "Rival"))
    another_user = await verified(core, acme, eve, laptop)
    another_workspace = await verified(core, acme, ann, laptop, workspace=SALES)
    unverified = await visitor(core, acme, laptop)
    strangers = {
        "another user": another_user,
        "another workspace": another_workspace,
        "an anonymous session on her device": unverified,
        "an anonymous session with a user": await _with_user(core, unverified),
        "nobody on no device": await visitor(core, acme, None),
        "a guest": await it_of(core, await sign_in.enter_as_guest(core, acme.app, "Ann Archer", at(laptop))),
        "her namesake in another App": await verified(core, rival, ann, laptop),
    }
    for stranger, it in strangers.items():
        for what in (id, ConversationId(id + 1), ConversationId(1)):
            attempts = {
                "one_seen": conversations.one_seen(core, it.session, what),
                "history": messages.history(core, it.session, what, PAGE),
                "post": messages.post(core, it, what, Draft("x")),
                "mark_read": messages.mark_read(core, it.session, what, said),
            }
            for name, attempt in attempts.items():
                with pytest.raises(NotFound) as refusal:
                    await attempt
                assert refusal.value.what == "conversation", (stranger, name)
        assert id not in await sees(core, it)
    assert await sees(core, mine) == {id: ["mine"]}
    everywhere = await conversations.one_seen(core, another_workspace.session, id, every_workspace=True)
    assert everywhere.conversation.id == id
    with pytest.raises(NotFound):
        await conversations.one_seen(core, unverified.session, id, every_workspace=True)


async def _with_user(core: Core, it: Recognised) -> Recognised:
    return (await conversations.start(core, it))[1]


async def test_an_operator_answers_and_the_user_sees_it_unread(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    id = await write(core, it)
    answer = await messages.answer(core, acme.app, id, Draft("hello Ann"))
    seen = await conversations.one_seen(core, it.session, id)
    assert (seen.unread, seen.last_message) == (1, answer)
    assert await messages.mark_read(core, it.session, id, answer.id) == answer.id
    assert (await conversations.one_seen(core, it.session, id)).unread == 0


async def test_reading_never_goes_backwards_and_only_to_messages_that_are_there(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    id, other = await write(core, it), await write(core, it)
    first = (await messages.history(core, it.session, id, PAGE)).items[0].id
    elsewhere = (await messages.history(core, it.session, other, PAGE)).items[0].id
    last = await messages.answer(core, acme.app, id, Draft("one more"))
    assert await messages.mark_read(core, it.session, id, last.id) == last.id
    assert await messages.mark_read(core, it.session, id, first) == last.id
    for wrong in (elsewhere, MessageId(last.id + 1), MessageId(1)):
        with pytest.raises(NotFound):
            await messages.mark_read(core, it.session, id, wrong)


async def test_the_app_sees_its_own_conversations_only(core: Core, acme: Cast) -> None:
    id = await write(core, await verified(core, acme, ann))
    rival = (await apps.create(core, "Rival")).app
    assert [it.conversation.id for it in (await conversations.of_app(core, acme.app, EVERYTHING)).items] == [id]
    assert (await conversations.of_app(core, rival, EVERYTHING)).items == ()
    for refused in (
        conversations.one_of_app(core, rival, id),
        conversations.close(core, rival, id),
        conversations.open_again(core, rival, id),
        messages.answer(core, rival, id, Draft("x")),
        messages.history_of_app(core, rival, id, PAGE),
    ):
        with pytest.raises(NotFound):
            await refused


@on_both_databases
async def test_lists_have_pages_and_every_conversation_is_on_one(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    ids = [await write(core, it, str(number)) for number in range(7)]
    await messages.answer(core, acme.app, ids[0], Draft("moves it to the front"))
    walked: list[ConversationId] = []
    after: int | None = None
    for _ in range(10):
        page = await conversations.seen(core, it.session, PageAsked(limit=3, after=after))
        walked += [one.conversation.id for one in page.items]
        after = page.next
        if after is None:
            break
    assert walked == [ids[0], *reversed(ids[1:])]


# saying


async def test_saying_it_again_says_nothing(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    id = await write(core, it, "hello", client_id="c-1")
    again = await messages.post(core, it, id, Draft("hello again", client_id="c-1"))
    assert again.text == "hello"
    assert len((await messages.history(core, it.session, id, PAGE)).items) == 1
    other = await write(core, it, "elsewhere", client_id="c-1")
    assert other != id


async def test_two_peoples_client_ids_do_not_meet(core: Core, acme: Cast) -> None:
    anns, bens = await verified(core, acme, ann), await verified(core, acme, ben)
    seen, _ = await conversations.start(core, anns, with_users=[user_of(bens)], first=Draft("a", client_id="1"))
    message = await messages.post(core, bens, seen.conversation.id, Draft("b", client_id="1"))
    assert (message.text, message.sender_id) == ("b", user_of(bens))


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "x" * 20_001])
async def test_a_message_says_something_and_not_without_end(core: Core, acme: Cast, text: str) -> None:
    it = await verified(core, acme, ann)
    with pytest.raises(Unacceptable):
        await write(core, it, text)
    assert await sees(core, it) == {}


@on_both_databases
async def test_texts_come_back_as_they_were_said(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    texts = ["'; DROP TABLE users; --", "<script>alert(1)</script>", "🙂" * 100, "%s {} \\ \" '", "\u202eabc", "a\nb"]
    for text in texts:
        id = await write(core, it, text, payload={"k": [1, {"ü": None}]}, extras={"$where": "1"})
        message = (await messages.history(core, it.session, id, PAGE)).items[0]
        assert (message.text, message.payload, message.extras) == (text, {"k": [1, {"ü": None}]}, {"$where": "1"})


@on_both_databases
async def test_in_a_closed_conversation_nothing_is_said_and_all_is_seen(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    id = await write(core, it, client_id="c-1")
    await conversations.close(core, acme.app, id)
    await conversations.close(core, acme.app, id)
    for refused in (messages.post(core, it, id, Draft("x")), messages.answer(core, acme.app, id, Draft("x"))):
        with pytest.raises(ConversationClosed):
            await refused
    assert await sees(core, it) == {id: ["hello"]}
    again = await messages.post(core, it, id, Draft("hello", client_id="c-1"))  # the answer was lost: it was said
    assert again.text == "hello"
    await conversations.open_again(core, acme.app, id)
    await messages.post(core, it, id, Draft("again"))


async def test_writing_is_limited_per_session(core: Core, acme: Cast) -> None:
    it = await verified(core, acme, ann)
    id = await write(core, it)

    async def flood() -> None:
        for _ in range(limits.MESSAGES_PER_SESSION.times * 2):
            await messages.post(core, it, id, Draft("flood"))

    with pytest.raises(TooManyRequests):
        await flood()


# explaining


async def test_it_is_explained_why_a_session_does_or_does_not_see(core: Core, acme: Cast, clock: SetClock) -> None:
    mine = await verified(core, acme, ann, laptop)
    id = await write(core, mine)
    visit = await visitor(core, acme, phone)
    short = await sign_in.vouch_for(core, acme.app, ann.verified(), at(lifetime=Lifetime(idle=timedelta(minutes=1))))
    ended = await verified(core, acme, ann)
    await sessions.end(core, acme.app, ended.session.id)
    clock.forward(minutes=2)
    for session_id, reason in {
        mine.session.id: Reason.VERIFIED_MEMBER,
        visit.session.id: Reason.NOBODY_YET,
        (await verified(core, acme, eve)).session.id: Reason.NOT_A_MEMBER,
        (await verified(core, acme, ann, workspace=SALES)).session.id: Reason.OTHER_WORKSPACE,
        short.session.id: Reason.SESSION_OVER,
        ended.session.id: Reason.SESSION_OVER,
    }.items():
        assert (await conversations.explain(core, acme.app, id, session_id)).reason is reason


async def test_nothing_is_explained_across_apps(core: Core, acme: Cast) -> None:
    mine = await verified(core, acme, ann)
    id = await write(core, mine)
    rival = Cast(await apps.create(core, "Rival"))
    theirs = await verified(core, rival, ann)
    for app, session_id in (
        (rival.app, mine.session.id),
        (rival.app, theirs.session.id),
        (acme.app, theirs.session.id),
        (acme.app, SessionId(1)),
    ):
        with pytest.raises(NotFound):
            await conversations.explain(core, app, id, session_id)


@on_both_databases
async def test_the_words_of_a_deleted_user_go_or_stay_as_the_policy_says(core: Core, acme: Cast) -> None:
    for keeps in (False, True):
        await apps.change_policy(core, acme.app, {"keeps_messages_of_deleted_users": keeps})
        app = await apps.named(core, acme.app.slug)
        it = await verified(core, acme, ann)
        bens = await verified(core, acme, ben)
        first = Draft("my secret", extras={"a": 1})
        seen, _ = await conversations.start(core, it, with_users=[user_of(bens)], first=first)
        await users.delete(core, app, user_of(it))
        message = (await messages.history(core, bens.session, seen.conversation.id, PAGE)).items[0]
        assert message.sender_id is None
        assert (message.text, message.extras) == (("my secret", {"a": 1}) if keeps else ("", {}))
        with pytest.raises(SessionEnded):
            await messages.post(core, it, seen.conversation.id, Draft("x"))
        assert (await verified(core, acme, ann)).user != it.user


async def test_a_membership_remembers_how_its_user_came(core: Core, acme: Cast) -> None:
    visit = await visitor(core, acme, laptop, workspace=CARE)
    seen, by = await conversations.start(core, visit)
    (member,) = seen.members
    assert (member.assurance, member.device_id, member.workspace) == (
        Assurance.ANONYMOUS,
        by.session.device_id,
        CARE,
    )
