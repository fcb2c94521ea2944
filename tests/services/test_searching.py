"""Looking for what was said: what one sees is found, and nothing else is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from acquaint.domain import searches
from acquaint.domain.conversations import ConversationId, ConversationKind, MessageId
from acquaint.domain.errors import TooManyRequests, Unacceptable
from acquaint.domain.limits import Limit
from acquaint.domain.listings import Between
from acquaint.domain.members import Change
from acquaint.domain.paging import PageAsked
from acquaint.domain.searches import Search, words_in
from acquaint.ports.store import Recognised
from acquaint.services import blocks, conversations, limits, members, messages, saying, searching
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, carol, eve, laptop, phone
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

from .doors import verified, visitor, write
from .test_members import refused, say, start, user_of


async def found(core: Core, it: Recognised, text: str, limit: int = 50, after: int | None = None, **other: Any) -> Any:
    return await searching.search(core, it.session, Search(words=words_in(text), **other), PageAsked(limit, after))


async def texts(core: Core, it: Recognised, text: str, **other: Any) -> list[str]:
    return [one.text for one in (await found(core, it, text, **other)).messages]


@on_both_databases
async def test_words_are_found_however_they_were_typed_the_newest_first(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    group, pair = await start(core, a, b), await start(core, a, b, kind=ConversationKind.DIRECT)
    await say(core, a, group, "Où est le CAFÉ?")
    await say(core, b, pair, "Am cafe\u0301 in der Hauptstraße")
    await say(core, a, pair, "nothing of the kind")
    await say(core, a, group, "ＣＡＦＥ, then")
    assert await texts(core, a, "café") == ["ＣＡＦＥ, then", "Am cafe\u0301 in der Hauptstraße", "Où est le CAFÉ?"]
    assert await texts(core, b, "STRASSE  cafe") == ["Am cafe\u0301 in der Hauptstraße"], "each word, in any order"
    assert await texts(core, a, "100%_") == await texts(core, a, "'; --") == []


@on_both_databases
async def test_what_one_does_not_see_is_not_found(core: Core, acme: Cast) -> None:
    a, b, c = [await verified(core, acme, it) for it in (ann, ben, carol)]
    e = await verified(core, acme, eve)
    group = await start(core, a, b, c)
    said = [await say(core, a, group, f"needle {number}") for number in range(4)]
    await members.clear(core, c, group)
    await say(core, b, group, "needle after")
    await saying.delete(core, b, group, [said[0]], for_everybody=False)
    await saying.delete(core, a, group, [said[1]], for_everybody=True)
    assert await texts(core, b, "needle") == ["needle after", "needle 3", "needle 2"]
    assert await texts(core, c, "needle") == ["needle after"]
    assert await texts(core, e, "needle") == await texts(core, e, "needle", conversation_ids=(group,)) == []
    await conversations.change(core, acme.app, group, Change(remove=(user_of(b),)))
    assert await texts(core, b, "needle") == await texts(core, b, "needle", conversation_ids=(group,)) == []


async def test_an_unverified_session_finds_what_was_said_on_its_device_and_in_its_workspace(
    core: Core, acme: Cast
) -> None:
    here = await visitor(core, acme, laptop)
    await write(core, here, "needle of the laptop")
    assert await texts(core, await visitor(core, acme, phone), "needle") == []
    a, blog = await verified(core, acme, ann), await verified(core, acme, ann, workspace="blog")
    await write(core, a, "needle of Ann")
    assert await texts(core, a, "needle") == ["needle of Ann"]
    assert await texts(core, blog, "needle") == []
    assert await texts(core, await visitor(core, acme, None), "needle") == [], "nobody finds nothing"


async def test_what_the_blocked_say_is_not_found(core: Core, acme: Cast) -> None:
    a, e = await verified(core, acme, ann), await verified(core, acme, eve)
    pair = await start(core, a, e, kind=ConversationKind.DIRECT)
    await say(core, e, pair, "needle before")
    await blocks.block(core, a, user_of(e))
    await say(core, e, pair, "needle behind your back")
    assert await texts(core, a, "needle") == ["needle before"]


async def test_between_two_moments_and_in_some_conversations(core: Core, acme: Cast, clock: SetClock) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    one, other = await start(core, a, b), await start(core, a, b, kind=ConversationKind.DIRECT)
    began = clock()
    for hour in range(4):
        await say(core, a, (one, other)[hour % 2], f"needle {hour}")
        clock.forward(hours=1)
    span = Between(began + timedelta(hours=1), began + timedelta(hours=3))
    assert await texts(core, a, "needle", sent=span) == ["needle 2", "needle 1"]
    assert await texts(core, a, "needle", conversation_ids=(one,)) == ["needle 2", "needle 0"]
    assert await texts(core, a, "needle", conversation_kinds=frozenset({ConversationKind.DIRECT})) == [
        "needle 3",
        "needle 1",
    ]
    assert await texts(core, a, "needle", conversation_ids=(), sent=span) == []
    assert (
        await texts(core, a, "needle", conversation_ids=(ConversationId(1), one), senders=frozenset({user_of(b)})) == []
    )


@on_both_databases
async def test_page_by_page_everything_is_found_once(core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little one search looks at."""
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    talks = [await start(core, a, b) for _ in range(4)]
    expected: list[MessageId] = []
    for number in range(30):
        id = await say(core, a, talks[number * number % 4], f"{'needle' if number % 3 else 'straw'} {number}")
        expected += [id] if number % 3 else []
    for bounds in (
        {},
        {"LOOKED_AT": 7},
        {"READS": 1},
        {"READ_FIRST": 1, "READ_AT_ONCE": 1, "READS": 3},
        {"CHARACTERS_LOOKED_AT": 1},
    ):
        with monkeypatch.context() as smaller:
            smaller.setattr(limits, "MESSAGE_SEARCHES_PER_SESSION", Limit("searches", 10_000, limits.MINUTE))
            for name, value in bounds.items():
                smaller.setattr(searching, name, value)
            seen, after, pages = [], None, 0
            while True:
                it = await found(core, a, "needle", limit=4, after=after)
                seen += [one.id for one in it.messages]
                pages += 1
                if it.next is None:
                    break
                assert after is None or it.next < after, "every search goes on"
                after = it.next
        assert seen == expected[::-1], bounds
        assert pages >= 5


async def test_a_search_looks_at_so_many_messages_and_says_so(
    core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "LOOKED_AT", 3)
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, b)
    for number in range(5):
        await say(core, a, id, f"straw {number}")
    it = await found(core, a, "needle")
    assert (it.messages, it.looked_at, it.next is None) == ((), 3, False)
    it = await found(core, a, "needle", after=it.next)
    assert (it.looked_at, it.next) == (2, None)


async def test_what_is_beside_texts_makes_searches_shorter_and_hides_nothing(
    core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was found: two thousand messages with sixteen thousand bytes beside them were taken apart in one search."""
    monkeypatch.setattr(searching, "MOST_READ", 1_000)
    monkeypatch.setattr(searching, "READ_FIRST", 2)
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    talks = [await start(core, a, b) for _ in range(3)]
    for number in range(3):
        for id in talks:
            draft = Draft(f"needle {number}", payload={"filling": "x" * 900}, extras={"more": "y" * 900})
            await messages.post(core, b, id, draft)
    searched, after, texts_found = 0, None, []
    while searched == 0 or after is not None:
        it = await found(core, a, "needle", after=after)
        texts_found += [one.text for one in it.messages]
        assert it.looked_at <= 4, "as much as two reads bring"
        searched, after = searched + 1, it.next
    assert texts_found == ["needle 2"] * 3 + ["needle 1"] * 3 + ["needle 0"] * 3
    assert searched > 3


async def test_pages_that_are_counted(core: Core, acme: Cast) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await start(core, a, b)
    for number in range(5):
        await say(core, a, id, f"needle {number}")
    wanted = Search(words=words_in("needle"))
    second = await searching.from_the(core, a.session, wanted, skip=2, limit=2)
    assert [it.text for it in second.messages] == ["needle 2", "needle 1"]
    assert second.next is not None
    last = await searching.from_the(core, a.session, wanted, skip=4, limit=2)
    assert ([it.text for it in last.messages], last.next) == (["needle 0"], None)
    await refused(searching.from_the(core, a.session, wanted, skip=1_001, limit=2), Unacceptable)


def test_what_cannot_be_looked_for_is_refused() -> None:
    for text in ("", "  \n", "x" * 201, " ".join(str(it) for it in range(11)), "\u0301"):
        with pytest.raises(Unacceptable):
            words_in(text)
    with pytest.raises(Unacceptable):
        Search(conversation_ids=tuple(ConversationId(it) for it in range(1, searches.MOST_CONVERSATIONS + 2)))


async def test_nobody_searches_without_end(core: Core, acme: Cast) -> None:
    a = await verified(core, acme, ann)
    for _ in range(60):
        await found(core, a, "x")
    await refused(found(core, a, "x"), TooManyRequests)


async def test_nobody_searches_without_end_by_opening_sessions(
    core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MESSAGE_SEARCHES_PER_USER", Limit("message_searches_per_user", 2, limits.MINUTE))
    for _ in range(2):
        await found(core, await verified(core, acme, ann), "x")
    await refused(found(core, await verified(core, acme, ann), "x"), TooManyRequests)
    await found(core, await verified(core, acme, ben), "x")
