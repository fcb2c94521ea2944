"""The vendor's topics, and every other one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquaint.dialects.qiscus.topics import (
    MOST_SUBSCRIPTIONS,
    Filter,
    Kind,
    OfChannel,
    OfRoom,
    OfToken,
    OfUser,
    Subscriptions,
    can_be_said,
    filter_in,
    said_in,
    topic_of,
)
from acquaint.domain.conversations import ConversationId

ROOM = ConversationId(77)

FILTERS: dict[str, Filter] = {
    "acqs_1/c": OfToken(Kind.COMMENT, "acqs_1"),
    "acqs_1/n": OfToken(Kind.NOTICE, "acqs_1"),
    "acqs_1/update": OfToken(Kind.UPDATE, "acqs_1"),
    "acme/news/c": OfChannel("acme", "news"),
    "acme/news/of/today/c": OfChannel("acme", "news/of/today"),
    "u/ann@example.com/s": OfUser("ann@example.com"),
    "u/undefined/s": OfUser("undefined"),
    "r/77/typing": OfRoom(Kind.BOT_TYPING, ROOM),
    "r/77/77/e": OfRoom(Kind.EVENT, ROOM),
    "r/77/77/+/t": OfRoom(Kind.TYPING, ROOM),
    "r/77/+/+/t": OfRoom(Kind.TYPING, ROOM),  # Android
    "r/77/+/+/d": OfRoom(Kind.DELIVERED, ROOM),
    "r/77/+/+/r": OfRoom(Kind.READ, ROOM),
    "r/77/77/ann/t": OfRoom(Kind.TYPING, ROOM, "ann"),
}

NONE = [
    "", "#", "+", "+/c", "#/c", "+/+/c", "+/n", "+/update", "+/#", "acqs_1/#", "acqs_1/+", "acqs_1", "acqs_1/x", "/c",
    "acqs_1/C", "u/+/s", "u/#", "u/ann/#", "u/ann/+", "u//s", "u/a/b/s", "+/ann/s", "r/#", "r/+/typing", "r/77/#",
    "r/+/+/+/t", "r/77/78/+/t", "r/77/77/ann/x", "r/77/77/+/#", "r/77/77//t", "r/077/077/+/t", "r/x/x/+/t",
    "r/-7/-7/+/t", "r/0/typing", "r/99999999999999999999/typing", "r/٧/typing", "r/77/77/ann/more/t", "acme/+/c",
    "acme/#/c", "acme//c", "$SYS/#", "r/77/+/typing/t/t", "+/77/typing", "a+/c", "a#/c",
]  # fmt: skip


@pytest.mark.parametrize(("text", "it"), FILTERS.items())
def test_these_are_topics_of_ours(text: str, it: Filter) -> None:
    assert filter_in(text) == it


@pytest.mark.parametrize("text", NONE)
def test_these_are_nobodys(text: str) -> None:
    assert filter_in(text) is None


@pytest.mark.parametrize("text", [it for it in FILTERS if "+" not in it])
def test_a_topic_is_called_what_it_is(text: str) -> None:
    assert topic_of(FILTERS[text]) == text


def test_a_filter_of_many_is_no_topic() -> None:
    with pytest.raises(ValueError, match="more than one"):
        topic_of(OfRoom(Kind.TYPING, ROOM))


def test_clients_speak_in_rooms_and_of_themselves_and_nowhere_else() -> None:
    assert {text for text in FILTERS if said_in(text) is not None and "+" not in text} == {
        "u/ann@example.com/s",
        "u/undefined/s",
        "r/77/77/e",
        "r/77/77/ann/t",
    }
    assert said_in("r/77/77/ann/r") is None
    assert said_in("r/77/typing") is None


@pytest.mark.parametrize("id", ["a/b", "a+b", "#", "+", "a\0b"])
def test_an_id_that_would_break_a_topic_is_not_said(id: str) -> None:
    """Other doors let in such users; a client that is told such a topic hangs up."""
    assert not can_be_said(OfRoom(Kind.TYPING, ROOM, id))
    assert can_be_said(OfRoom(Kind.TYPING, ROOM, "a.b@c"))


def test_two_texts_may_mean_the_same() -> None:
    subscriptions = Subscriptions()
    typing = OfRoom(Kind.TYPING, ROOM)
    for text in ("r/77/77/+/t", "r/77/+/+/t", "r/77/77/+/t"):
        assert subscriptions.add(text, typing)
    assert subscriptions.wants(OfRoom(Kind.TYPING, ROOM, "ann"))
    assert subscriptions.remove("r/77/77/+/t") is None
    assert subscriptions.remove("r/77/77/+/t") is None
    assert subscriptions.wants(OfRoom(Kind.TYPING, ROOM, "ann"))
    assert subscriptions.remove("r/77/+/+/t") == typing
    assert not subscriptions.wants(OfRoom(Kind.TYPING, ROOM, "ann"))


def test_one_user_may_be_meant() -> None:
    subscriptions = Subscriptions()
    subscriptions.add("r/77/77/ann/t", OfRoom(Kind.TYPING, ROOM, "ann"))
    assert subscriptions.wants(OfRoom(Kind.TYPING, ROOM, "ann"))
    assert not subscriptions.wants(OfRoom(Kind.TYPING, ROOM, "ben"))
    assert not subscriptions.wants(OfRoom(Kind.READ, ROOM, "ann"))


def test_they_do_not_pile_up() -> None:
    subscriptions = Subscriptions()
    for number in range(MOST_SUBSCRIPTIONS):
        assert subscriptions.add(f"u/{number}/s", OfUser(str(number)))
    assert not subscriptions.add("u/ann/s", OfUser("ann"))
    assert subscriptions.add("u/0/s", OfUser("0"))
    assert len(list(subscriptions)) == MOST_SUBSCRIPTIONS


@given(
    st.text(max_size=60) | st.lists(st.sampled_from(["u", "r", "+", "#", "77", "c", "s", "t", "e", ""])).map("/".join)
)
def test_whatever_is_asked_no_filter_of_ours_has_a_wildcard_for_a_name(text: str) -> None:
    it = filter_in(text)
    if it is not None:
        named = topic_of(it) if not (isinstance(it, OfRoom) and it.by is None) else ""
        assert "#" not in text
        assert "+" not in named
        assert not named or filter_in(named) == it
