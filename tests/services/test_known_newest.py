"""What the process remembers of the latest message people see: nothing that is not so any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from acquaint.adapters.memory import MemoryBus
from acquaint.domain.apps import AppId
from acquaint.domain.conversations import ConversationKind, MessageId, Visibility
from acquaint.domain.events import Event, EventId, EventKind
from acquaint.domain.members import Change
from acquaint.domain.users import UserId
from acquaint.services import conversations, messages, polling
from acquaint.services.core import Core
from acquaint.services.known_newest import NEVER, KnownNewest, Newest
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, eve, laptop, phone
from tests.services.doors import verified, visitor, write

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)
SEVEN = Newest(MessageId(7), NOON)


def sees(user: int, *, app: int = 1) -> Visibility:
    return Visibility(AppId(app), UserId(user), verified=True, device_id=None, workspace=None)


def listening(most: int = 10) -> KnownNewest:
    memory = KnownNewest(A_MINUTE, most)
    memory.listen_to(MemoryBus())
    return memory


def test_it_is_remembered_by_all_that_decides_what_is_seen() -> None:
    memory = listening()
    memory.remember(sees(1), SEVEN, epoch=memory.epoch)
    assert memory.get(sees(1), NOON) == SEVEN
    assert memory.get(sees(2), NOON) is None
    assert memory.get(sees(1, app=2), NOON) is None
    assert memory.get(replace(sees(1), verified=False), NOON) is None


@pytest.mark.parametrize(
    "kind",
    [
        EventKind.MESSAGE_POSTED,
        EventKind.MESSAGE_DELETED,
        EventKind.CONVERSATION_STARTED,
        EventKind.CONVERSATION_CHANGED,
        EventKind.MEMBERS_CHANGED,
        EventKind.HISTORY_ADOPTED,
        EventKind.USER_MERGED,
    ],
)
def test_whatever_happens_in_a_conversation_makes_it_forget_everybody_of_the_app(kind: EventKind) -> None:
    memory = listening()
    memory.remember(sees(1), SEVEN, epoch=memory.epoch)
    memory.remember(sees(1, app=2), SEVEN, epoch=memory.epoch)
    before = memory.epoch
    memory.heard(Event(EventId(1), AppId(1), kind, NOON))
    memory.remember(sees(2), SEVEN, epoch=before)  # it was read before that happened
    assert memory.get(sees(1), NOON) is None
    assert memory.get(sees(2), NOON) is None
    assert memory.get(sees(1, app=2), NOON) == SEVEN
    assert len(memory) == 1


def test_nothing_is_believed_for_long_or_after_a_cut_and_who_does_not_listen_remembers_nothing() -> None:
    memory, deaf = listening(), KnownNewest(A_MINUTE)
    memory.remember(sees(1), SEVEN, epoch=memory.epoch)
    assert memory.get(sees(1), NOON + A_MINUTE * 1.1) is None
    assert memory.get(sees(1), NOON - A_MINUTE) is None
    memory.remember(sees(2), SEVEN, epoch=NEVER)
    memory.lost()
    deaf.remember(sees(1), SEVEN, epoch=deaf.epoch)
    assert [it.get(sees(user), NOON) for it in (memory, deaf) for user in (1, 2)] == [None] * 4


def test_there_are_never_more_than_so_many() -> None:
    memory = listening(most=3)
    for user in range(10):
        memory.remember(sees(user), SEVEN, epoch=memory.epoch)
        assert memory.get(sees(user), NOON) == SEVEN
        assert len(memory) <= 3


async def test_what_is_said_is_the_latest_at_once_for_whoever_sees_it_and_for_nobody_else(
    core: Core, acme: Cast
) -> None:
    core.known_newest.listen_to(core.bus)
    anns, bens, eves = [await verified(core, acme, it) for it in (ann, ben, eve)]
    assert bens.user is not None
    for it in (anns, bens, eves):
        assert await polling.newest(core, it.session) is None
    seen, _ = await conversations.start(core, anns, kind=ConversationKind.GROUP, title="Boats", first=Draft("1"))
    id = seen.conversation.id
    first = await polling.newest(core, anns.session)
    assert first is not None
    assert await polling.newest(core, bens.session) is None
    await conversations.change(core, anns, id, Change(add=(bens.user.id,)))
    assert await polling.newest(core, bens.session) == first
    second = await messages.post(core, bens, id, Draft("2"))
    assert [await polling.newest(core, it.session) for it in (anns, bens, eves)] == [second.id, second.id, None]
    await conversations.change(core, anns, id, Change(remove=(bens.user.id,)))
    assert [await polling.newest(core, it.session) for it in (anns, bens)] == [second.id, None]


async def test_a_visitor_on_another_device_is_told_of_nothing_that_was_said_on_this_one(core: Core, acme: Cast) -> None:
    core.known_newest.listen_to(core.bus)
    here, there = await visitor(core, acme, laptop), await visitor(core, acme, phone)
    await write(core, here)
    assert await polling.newest(core, there.session) is None
