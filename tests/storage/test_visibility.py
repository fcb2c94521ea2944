"""``Visibility.judge`` and its query say one rule twice. Here every small world there is tries to tell them apart."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as some

from acquaint.domain.apps import AppId
from acquaint.domain.conversations import Conversation, Membership, Visibility
from acquaint.domain.identities import Assurance
from acquaint.domain.paging import PageAsked
from acquaint.domain.places import DeviceId, Workspace
from acquaint.domain.users import User
from tests.storage.world import CARE, LAPTOP, PHONE, SALES, World, living
from tests.support.clock import SetClock

PLACES: tuple[DeviceId | None, ...] = (None, LAPTOP, PHONE)
WORKSPACES: tuple[Workspace | None, ...] = (None, SALES, CARE)


@dataclass(frozen=True)
class Joining:
    """How somebody is in a conversation."""

    assurance: Assurance
    device_id: DeviceId | None
    workspace: Workspace | None


@dataclass(frozen=True)
class Started:
    """A conversation: whose App's, in which workspace, how Ann and Ben are in it, and whether anything was said."""

    by_rival: bool
    workspace: Workspace | None
    ann: Joining | None
    ben: Joining | None
    is_silent: bool


joinings = some.none() | some.builds(
    Joining, some.sampled_from(Assurance), some.sampled_from(PLACES), some.sampled_from(WORKSPACES)
)
conversations = some.builds(
    Started, some.booleans(), some.sampled_from(WORKSPACES), joinings, joinings, some.booleans()
)


def test_the_query_finds_what_the_rule_covers(url: str) -> None:
    with asyncio.Runner() as runner:
        life = living(url, SetClock())
        world = runner.run(life.__aenter__())

        @given(started=some.lists(conversations, max_size=8))
        @settings(max_examples=30, deadline=None)
        def everybody_sees_what_they_should(started: list[Started]) -> None:
            runner.run(_look_around(world, started))

        everybody_sees_what_they_should()
        runner.run(life.__aexit__(None, None, None))


async def _look_around(world: World, started: list[Started]) -> None:
    """Everybody looks at these conversations through every visibility there is, and sees what they should, in order."""
    acme, rival = AppId(world.new_id()), AppId(world.new_id())
    ann, ben = await world.add_user(), await world.add_user()
    kept = [await _start(world, it, rival if it.by_rival else acme, ann, ben) for it in started]
    async with world.store.read() as tx:
        for app_id, user_id, verified, device_id, workspace, every in product(
            (acme, rival), (None, ann.id, ben.id), (True, False), PLACES, WORKSPACES, (True, False)
        ):
            to = Visibility(
                app_id, user_id, verified=verified, device_id=device_id, workspace=workspace, every_workspace=every
            )
            covered = [conversation for conversation, members in kept if to.covers(conversation, members)]
            page = await tx.conversations.visible(to, PageAsked(limit=200))
            assert list(page.items) == sorted(covered, key=lambda it: -(it.last_message_id or it.id)), to


async def _start(
    world: World, it: Started, app_id: AppId, ann: User, ben: User
) -> tuple[Conversation, list[Membership]]:
    joined = [
        world.member(who, assurance=how.assurance, device_id=how.device_id, workspace=how.workspace)
        for who, how in ((ann, it.ann), (ben, it.ben))
        if how is not None
    ]
    talk = await world.start(*joined, app_id=app_id, workspace=it.workspace)
    if not it.is_silent:
        await world.say(talk, ann)
    async with world.store.read() as tx:
        fresh = await tx.conversations.get(talk.app_id, talk.id)
        assert fresh is not None
        return fresh, await tx.conversations.members(talk.id)
