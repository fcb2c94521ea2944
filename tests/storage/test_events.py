from __future__ import annotations

from typing import Any

import pytest

from acquaint.domain.apps import AppId
from acquaint.domain.conversations import ConversationId
from acquaint.domain.events import IDENTITY_KINDS, Event, EventKind
from acquaint.domain.paging import PageAsked
from acquaint.domain.sessions import SessionId
from acquaint.domain.users import UserId
from tests.storage.world import World

ANN, BEN, TALK, OTHER = UserId(11), UserId(12), ConversationId(21), ConversationId(22)
RIVAL = AppId(404)


@pytest.fixture
async def happened(world: World) -> list[Event]:
    events = [
        world.event(EventKind.USER_CREATED, user_id=ANN, details={"door": "native", "list": [1, None]}),
        world.event(EventKind.SESSION_OPENED, user_id=ANN, session_id=SessionId(31)),
        world.event(EventKind.MESSAGE_POSTED, user_id=ANN, conversation_id=TALK),
        world.event(EventKind.MESSAGE_POSTED, user_id=BEN, conversation_id=OTHER),
        world.event(EventKind.SESSION_ENDED, user_id=BEN, session_id=SessionId(32)),
        world.event(EventKind.KEY_CREATED, app_id=None),
        world.event(EventKind.USER_CREATED, app_id=RIVAL, user_id=ANN),
    ]
    async with world.store.write() as tx:
        for it in events:
            assert await tx.events.add(it) == it
    return events


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"app_id": None}, [0, 1, 2, 3, 4, 5, 6]),
        ({"app_id": RIVAL}, [6]),
        ({"app_id": None, "user_id": ANN}, [0, 1, 2, 6]),
        ({"app_id": None, "kinds": [EventKind.MESSAGE_POSTED]}, [2, 3]),
        ({"app_id": None, "kinds": frozenset({EventKind.KEY_CREATED, EventKind.SESSION_ENDED})}, [4, 5]),
        ({"app_id": None, "kinds": []}, []),
        ({"app_id": None, "conversation_ids": [TALK]}, [2]),
        ({"app_id": None, "conversation_ids": {TALK, OTHER}, "user_id": BEN}, [3]),
        ({"app_id": None, "conversation_ids": ()}, []),
        ({"app_id": RIVAL, "kinds": [EventKind.USER_CREATED], "user_id": ANN}, [6]),
        ({"app_id": None, "limit": 2}, [0, 1]),
    ],
)
async def test_what_happened_since_is_read_oldest_first_through_every_filter(
    world: World, happened: list[Event], filters: dict[str, Any], expected: list[int]
) -> None:
    async with world.store.read() as tx:
        assert await tx.events.after(0, **filters) == [happened[it] for it in expected]


async def test_what_happened_since_begins_beyond_the_id(world: World, happened: list[Event]) -> None:
    async with world.store.read() as tx:
        assert await tx.events.after(happened[2].id, app_id=world.acme.id) == happened[3:5]
        assert await tx.events.after(happened[-1].id, app_id=None) == []


async def test_the_audit_trail_is_read_newest_first_page_by_page(world: World, happened: list[Event]) -> None:
    async with world.store.read() as tx:
        page = await tx.events.latest(world.acme.id, PageAsked(limit=2), kinds=IDENTITY_KINDS, user_id=None)
        assert page.items == (happened[4], happened[1])
        asked = PageAsked(limit=2, after=page.next)
        page = await tx.events.latest(world.acme.id, asked, kinds=IDENTITY_KINDS, user_id=None)
        assert page.items == (happened[0],)
        assert page.next is None


async def test_the_trail_of_one_user_and_of_any_kinds(world: World, happened: list[Event]) -> None:
    async with world.store.read() as tx:
        hers = await tx.events.latest(world.acme.id, PageAsked(), kinds=list(EventKind), user_id=ANN)
        assert hers.items == (happened[2], happened[1], happened[0])
        opened = await tx.events.latest(world.acme.id, PageAsked(), kinds=[EventKind.SESSION_OPENED], user_id=ANN)
        assert opened.items == (happened[1],)
        nothing = await tx.events.latest(world.acme.id, PageAsked(), kinds=[], user_id=None)
        assert nothing.items == ()
