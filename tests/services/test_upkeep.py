"""What would grow for ever: what goes, what never does, and that one node at a time looks."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from acquaint.adapters.argon2 import CHEAPEST
from acquaint.bootstrap import open_house
from acquaint.domain.apps import EVENTS_KEPT_AT_LEAST
from acquaint.domain.errors import NotFound, Unacceptable
from acquaint.domain.events import IDENTITY_KINDS, LIVE_KINDS, Event, EventKind
from acquaint.domain.users import UserId
from acquaint.domain.webhooks import KEPT_FOR
from acquaint.ports.store import Recognised
from acquaint.services import apps, files, history, messages, moving, sessions, upkeep, users
from acquaint.services.core import Core, device_of, fingerprint
from acquaint.services.messages import Draft
from acquaint.settings import Settings
from tests.cast import Cast, ann, ben, eve, kiosk, laptop, phone
from tests.services.doors import allow, events, registered, sees, verified, visitor, write
from tests.services.filing import PNG, pieces
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases
from tests.support.patience import PATIENCE

WORD = "2f1d3c5e-7a9b-4c1d-8e2f-3a4b5c6d7e8f"


@pytest.fixture(autouse=True)
async def _acme_keeps_its_events(core: Core, acme: Cast) -> None:
    """Unless a test is about them: walks are counted here."""
    await allow(core, acme, audit_events_kept="none", live_events_kept="none")


async def walk(core: Core) -> int:
    return sum([gone async for gone in upkeep.walk(core)])


async def is_there(core: Core, acme: Cast, it: UserId) -> bool:
    try:
        return (await users.get(core, acme.app, it)).id == it
    except NotFound:
        return False


async def somebody(core: Core, it: Recognised) -> UserId:
    """The user of a visitor who did something, and left nothing."""
    async with core.store.write() as tx:
        _, user = await sessions.ensure_user(core, tx, it)
    return user.id


async def is_remembered(core: Core, acme: Cast, device: str) -> bool:
    async with core.store.read() as tx:
        return await tx.devices.is_retired(acme.app.id, device_of(device))


@on_both_databases
async def test_visitors_who_left_nothing_go_after_the_time_of_the_policy(
    core: Core, acme: Cast, clock: SetClock
) -> None:
    gone = await somebody(core, await visitor(core, acme, laptop))
    talks = await visitor(core, acme, phone)
    conversation = await write(core, talks)
    talker = (await sessions.list_of(core, acme.app, await somebody(core, talks)))[0].user_id
    known = (await verified(core, acme, ann)).user
    chosen = (await registered(core, acme, ben)).user
    keeps = await visitor(core, acme, kiosk)
    await files.keep_of(core, keeps, "a.png", "image/png", pieces(PNG))
    keeper = await somebody(core, keeps)
    assert known
    assert chosen
    assert talker

    clock.forward(days=366)
    assert await walk(core) == 0, "the Policy says nothing about it"
    await allow(core, acme, unverified_users_kept="365d")
    assert await walk(core) == 1
    assert not await is_there(core, acme, gone)
    for it in (talker, known.id, chosen.id, keeper):
        assert await is_there(core, acme, it)
    assert await walk(core) == 0
    assert (await events(core, acme))[-1].user_id == gone
    async with core.store.read() as tx:
        assert await tx.conversations.get(acme.app.id, conversation) is not None


@on_both_databases
async def test_who_may_still_come_back_or_was_banned_is_not_forgotten(core: Core, acme: Cast, clock: SetClock) -> None:
    await allow(core, acme, unverified_users_kept="1d")
    there = await somebody(core, await visitor(core, acme, laptop))
    banned = await somebody(core, await visitor(core, acme, phone))
    await users.ban(core, acme.app, banned)
    clock.forward(days=29)
    assert await walk(core) == 0, "her session is open for a day yet"
    clock.forward(days=1)
    assert await walk(core) == 1
    assert (await is_there(core, acme, there), await is_there(core, acme, banned)) == (False, True)


@on_both_databases
async def test_who_comes_back_just_now_stays(core: Core, acme: Cast, clock: SetClock) -> None:
    await allow(core, acme, unverified_users_kept="1d")
    it = await visitor(core, acme, laptop)
    id, before = await somebody(core, it), clock() + timedelta(days=30)
    clock.forward(days=31)
    async with core.store.search() as tx:
        assert (await tx.upkeep.unused_users(acme.app.id, before, clock(), after=None, limit=9)).unneeded == [id]
    back = await visitor(core, acme, laptop)
    conversation = await write(core, back)
    assert not await users.forget_unused(core, acme.app, id, before=before)
    assert list(await sees(core, back)) == [conversation]


@on_both_databases
async def test_a_walk_looks_at_a_few_at_a_time_and_reaches_all(
    core: Core, acme: Cast, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await allow(core, acme, unverified_users_kept="1d")
    for number in range(5):
        at = await visitor(core, acme, f"device-{number}")
        await moving.says(core, at, f"{WORD}{number}", "ann", device_id=device_of(f"other-{number}"))
        await somebody(core, at)
        await sessions.log_out(core, at.session)
    clock.forward(days=401)
    monkeypatch.setattr(upkeep, "AT_ONCE", 2)
    parts = [gone async for gone in upkeep.walk(core)]
    assert max(parts) <= 2
    assert sum(parts) == 10, "five words and five people; their devices go when nobody is on them any more"
    assert await walk(core) == 5


@on_both_databases
async def test_a_device_that_was_left_is_remembered_while_anything_is_on_it(
    core: Core, acme: Cast, clock: SetClock
) -> None:
    talks = await visitor(core, acme, laptop)
    await write(core, talks)
    await sessions.log_out(core, talks.session)
    passes = await visitor(core, acme, phone)
    await sessions.log_out(core, passes.session)
    clock.forward(days=399)
    assert await walk(core) == 0
    clock.forward(days=2)
    assert await walk(core) == 1
    assert await is_remembered(core, acme, laptop)
    assert not await is_remembered(core, acme, phone)
    again = await visitor(core, acme, laptop)
    assert await sees(core, again) == {}, "what a device that was left knows opens nothing, ever"


@on_both_databases
async def test_a_word_that_others_know_is_not_forgotten_while_it_would_open_something(
    core: Core, acme: Cast, clock: SetClock
) -> None:
    """Ann wrote where the word names her device, then Eve said it, too. Were that forgotten, Eve, who knows the word
    and claims Ann's address, would be the only one who ever said it."""
    anns_place = "opencx ann@example.com " + WORD
    it = await visitor(core, acme, laptop)
    assert await moving.says(core, it, WORD, "email ann", device_id=device_of(anns_place))
    moved = await moving.move(core, it, device_of(anns_place))
    conversation = await write(core, moved)
    assert not await moving.says(core, await visitor(core, acme, kiosk), WORD, "email eve", device_id=device_of("e"))

    clock.forward(days=5000)
    assert await walk(core) == 0
    async with core.store.read() as tx:
        assert await tx.devices.only_said_by(acme.app.id, fingerprint(WORD)) == ""
    assert not await moving.says(core, await visitor(core, acme, phone), WORD, "email ann")

    async with core.store.read() as tx:
        owner = (await tx.conversations.members(conversation))[0].user_id
    await users.delete(core, acme.app, owner)
    assert await walk(core) == 1, "now there is nothing that it could open"


@on_both_databases
async def test_words_of_verified_people_and_of_earlier_versions_stay(core: Core, acme: Cast, clock: SetClock) -> None:
    it = await verified(core, acme, ann, laptop)
    await moving.says(core, it, WORD, f"user {it.session.user_id}")
    clock.forward(days=5000)
    assert await walk(core) == 0
    assert not await moving.says(core, await visitor(core, acme, kiosk), WORD, "email eve")


@on_both_databases
async def test_of_many_nodes_one_has_the_turn_and_a_wrong_clock_does_not_keep_it(
    core: Core, acme: Cast, clock: SetClock
) -> None:
    turns = await asyncio.gather(*(upkeep.may(core, "walk", every=timedelta(days=1)) for _ in range(8)))
    assert sorted(turns) == [False] * 7 + [True]
    assert await upkeep.may(core, "sweep", every=timedelta(minutes=5)), "that is another thing"
    clock.forward(hours=23)
    assert not await upkeep.may(core, "walk", every=timedelta(days=1))
    clock.forward(hours=1)
    assert await upkeep.may(core, "walk", every=timedelta(days=1))
    clock.back(days=300)
    assert await upkeep.may(core, "walk", every=timedelta(days=1))


@on_both_databases
async def test_what_is_over_by_its_age_goes_in_parts_until_nothing_is_left(
    core: Core, acme: Cast, clock: SetClock
) -> None:
    for device in (laptop, kiosk, phone):
        over = await visitor(core, acme, device)
        await sessions.end(core, acme.app, over.session.id)
    live = await visitor(core, acme, phone)
    assert await upkeep.sweep(core) == 0
    clock.forward(days=8)
    assert await upkeep.sweep(core) == 3
    assert await upkeep.sweep(core) == 0
    async with core.store.read() as tx:
        assert await tx.sessions.get(acme.app.id, live.session.id) is not None


@on_both_databases
async def test_the_operator_sees_how_much_there_is(core: Core, acme: Cast) -> None:
    await write(core, await verified(core, acme, eve))
    keeper = await visitor(core, acme, laptop)
    await files.keep_of(core, keeper, "a.png", "image/png", pieces(PNG))
    found = await upkeep.sizes(core)
    assert (found["users"], found["messages"], found["sessions"], found["files"]) == (2, 1, 2, 1)
    assert found["file_bytes"] == len(PNG)


async def test_a_server_that_serves_does_both_by_itself(
    settings: Settings, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for period in ("SWEPT_EVERY", "TURNS_TAKEN_EVERY"):
        monkeypatch.setattr(upkeep, period, timedelta(milliseconds=10))
    async with open_house(settings, clock=clock, hashing=CHEAPEST) as house:
        core = house.core
        acme = Cast(await apps.create(core, "Acme"))
        it = await visitor(core, acme, laptop)
        await sessions.log_out(core, it.session)
        clock.forward(days=401)

        async def is_known() -> bool:
            async with core.store.read() as tx:
                return await tx.sessions.get(acme.app.id, it.session.id) is not None

        async with asyncio.timeout(PATIENCE):
            while await is_known() or await is_remembered(core, acme, laptop):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)


# What happened


@on_both_databases
async def test_events_go_by_the_policy_and_messages_stay(
    core: Core, acme: Cast, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "EVENTS_AT_ONCE", 3)
    usual = Cast(await apps.create(core, "Usual"))
    said = []
    for it in (acme, usual):
        admitted = await verified(core, it, ann)
        id = await write(core, admitted, "hello")
        said.append((await messages.post(core, admitted, id, Draft("and again"))).id)
    first, kept = await everything(core, usual), await everything(core, acme)
    assert {it.kind in IDENTITY_KINDS for it in first} == {True, False}
    assert await walk(core) == 0

    clock.forward(days=89)
    await verified(core, usual, ben)
    second = [it for it in await everything(core, usual) if it not in first]
    assert await walk(core) == 0, "it is not time yet"
    clock.forward(days=2)
    gone = [it for it in first if it.kind in LIVE_KINDS]
    assert await walk(core) == len(gone) > 0
    left = [it for it in first if it.kind in IDENTITY_KINDS]
    assert await everything(core, usual) == [*left, *second]
    clock.forward(days=310)
    assert await walk(core) == len(left) > 3
    assert await everything(core, usual) == second
    assert await everything(core, acme) == kept
    async with core.store.read() as tx:
        assert list(await tx.messages.many(said)) == said


async def test_events_may_be_kept_shorter_and_never_less_than_a_month(core: Core, acme: Cast, clock: SetClock) -> None:
    await verified(core, acme, ann)
    with pytest.raises(Unacceptable):
        await allow(core, acme, audit_events_kept="29d")
    await allow(core, acme, audit_events_kept="30d")
    clock.forward(days=29)
    assert await walk(core) == 0
    await allow(core, acme, live_events_kept="30d")
    clock.forward(days=2)
    assert await walk(core) > 3
    [told] = await everything(core, acme)
    assert (told.kind, told.details["policy"]) == (EventKind.APP_CHANGED, ["live_events_kept"])


async def test_what_is_sent_to_webhooks_is_always_there() -> None:
    assert timedelta(0) < KEPT_FOR < EVENTS_KEPT_AT_LEAST


async def test_who_was_away_for_longer_than_events_are_surely_kept_is_not_told_half(
    core: Core, acme: Cast, clock: SetClock
) -> None:
    admitted = await verified(core, acme, ann)
    id = await write(core, admitted, "hello")
    last = (await everything(core, acme))[-1].id
    clock.forward(days=29)
    await messages.post(core, await verified(core, acme, ann), id, Draft("later"))
    found = await history.missed_by(core, admitted.session, last, 100)
    assert found
    assert "later" in [it.message.text for it in found if it.message is not None]
    assert await history.missed_by_app(core, acme.app.id, last, 100)
    clock.forward(days=2)
    assert await history.missed_by(core, admitted.session, last, 100) is None
    assert await history.missed_by_app(core, acme.app.id, last, 100) is None


async def everything(core: Core, acme: Cast) -> list[Event]:
    """All that happened at an App and is still known, oldest first."""
    async with core.store.read() as tx:
        return await tx.events.after(0, app_id=acme.app.id, limit=1000)
