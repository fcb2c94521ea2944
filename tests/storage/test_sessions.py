from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from acquaint.domain.apps import AppId
from acquaint.domain.errors import IdentifierTaken
from acquaint.domain.identities import Assurance, Identifier
from acquaint.domain.sessions import Lifetime, Session
from acquaint.ports.store import LastSeen
from tests.storage.world import KIOSK, LAPTOP, SALES, World, fingerprint

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def test_a_token_opens_session_app_and_user_in_one_read(world: World) -> None:
    ann = await world.add_user("ann", Identifier.email("ann@example.com"))
    session = await world.add_session(
        ann, device_id=LAPTOP, workspace=SALES, lifetime=Lifetime(2 * HOUR, 30 * DAY), door="qiscus"
    )
    async with world.store.read() as tx:
        it = await tx.sessions.recognise(fingerprint(session))
    assert it is not None
    assert (it.session, it.app, it.user) == (session, world.acme, ann)


async def test_a_session_may_have_nobody_in_it_yet(world: World) -> None:
    session = await world.add_session()
    async with world.store.read() as tx:
        it = await tx.sessions.recognise(fingerprint(session))
        assert await tx.sessions.recognise(fingerprint("another")) is None
    assert it is not None
    assert (it.session, it.user) == (session, None)


async def test_two_sessions_never_have_one_fingerprint(world: World) -> None:
    session = await world.add_session()
    with pytest.raises(IdentifierTaken, match="fingerprint"):
        async with world.store.write() as tx:
            await tx.sessions.add(world.session(), fingerprint(session))


async def test_a_session_is_of_one_app(world: World) -> None:
    session = await world.add_session()
    async with world.store.read() as tx:
        assert await tx.sessions.get(world.acme.id, session.id) == session
        assert await tx.sessions.get(AppId(404), session.id) is None


async def test_somebody_comes_into_a_session_that_is_open(world: World) -> None:
    ann = await world.add_user("ann")
    session = await world.add_session(device_id=LAPTOP)
    taken = session.taken_by(ann.id, Assurance.VERIFIED, SALES, world.clock.forward(minutes=1))
    async with world.store.write() as tx:
        await tx.sessions.save(taken)
        assert await tx.sessions.get(world.acme.id, session.id) == taken


async def test_ended_sessions_are_recognised_and_stay_ended(world: World) -> None:
    ann = await world.add_user("ann")
    session = await world.add_session(ann)
    async with world.store.write() as tx:
        await tx.sessions.end([session.id], world.now)
        await tx.sessions.end([session.id], world.now + HOUR)
        await tx.sessions.end([], world.now)
    async with world.store.write() as tx:
        await tx.sessions.save(session)  # read before it was ended, by a request that is slower than the ending
        it = await tx.sessions.recognise(fingerprint(session))
    assert it is not None
    assert it.session == replace(session, ended_at=world.now)


async def test_a_users_open_sessions_are_listed_newest_first(world: World) -> None:
    ann, ben = await world.add_user("ann"), await world.add_user("ben")
    first, second, ended = [await world.add_session(ann) for _ in range(3)]
    await world.add_session(ben)
    async with world.store.write() as tx:
        await tx.sessions.end([ended.id], world.now)
        assert await tx.sessions.of_user(ann.id) == [second, first]


async def test_unverified_sessions_of_a_device_are_found(world: World) -> None:
    ann = await world.add_user("ann")
    anonymous = await world.add_session(device_id=KIOSK)
    claimed = await world.add_session(device_id=KIOSK, assurance=Assurance.CLAIMED)
    ended = await world.add_session(device_id=KIOSK)
    await world.add_session(ann, device_id=KIOSK)
    await world.add_session(device_id=LAPTOP)
    await world.add_session(device_id=KIOSK, app_id=AppId(404))
    async with world.store.write() as tx:
        await tx.sessions.end([ended.id], world.now)
        assert await tx.sessions.unverified_on(world.acme.id, KIOSK) == [anonymous, claimed]


async def test_last_use_is_written_behind_and_never_set_back(world: World) -> None:
    ann = await world.add_user("ann")
    sessions = [await world.add_session(ann) for _ in range(450)]
    seen = world.clock.forward(hours=1)
    await world.store.write_last_seen([LastSeen(it.id, seen, ann.id) for it in sessions])
    await world.store.write_last_seen([LastSeen(it.id, seen - DAY, ann.id) for it in sessions])
    await world.store.write_last_seen([])
    async with world.store.read() as tx:
        assert {it.last_seen_at for it in await tx.sessions.of_user(ann.id)} == {seen}


async def test_saving_a_session_does_not_set_its_last_use_back(world: World) -> None:
    session = await world.add_session()
    seen = world.clock.forward(hours=1)
    await world.store.write_last_seen([LastSeen(session.id, seen)])
    async with world.store.write() as tx:
        await tx.sessions.save(replace(session, workspace=SALES))
        assert await tx.sessions.get(world.acme.id, session.id) == replace(session, workspace=SALES, last_seen_at=seen)


@pytest.mark.parametrize(
    ("lifetime", "is_ended", "is_over_after"),
    [
        (Lifetime(), False, None),
        (Lifetime(idle=HOUR), False, HOUR),
        (Lifetime(at_most=2 * HOUR), False, 2 * HOUR),
        (Lifetime(HOUR, 2 * HOUR), False, HOUR),
        (Lifetime(3 * HOUR, 2 * HOUR), False, 2 * HOUR),
        (Lifetime(), True, timedelta(0)),
        (Lifetime(HOUR), True, timedelta(0)),
    ],
)
async def test_sessions_are_swept_when_they_can_live_no_more(
    world: World, lifetime: Lifetime, is_ended: bool, is_over_after: timedelta | None
) -> None:
    session = await world.add_session(lifetime=lifetime)
    if is_ended:
        async with world.store.write() as tx:
            await tx.sessions.end([session.id], world.now)

    async def swept(session: Session, after: timedelta) -> int:
        async with world.store.write() as tx:
            return await tx.sessions.sweep(session.created_at + after, 10)

    if is_over_after is None:
        assert await swept(session, 10_000 * DAY) == 0
    else:
        assert await swept(session, is_over_after) == 0
        assert await swept(session, is_over_after + timedelta(microseconds=1)) == 1


async def test_using_a_session_keeps_it_from_being_swept(world: World) -> None:
    session = await world.add_session(lifetime=Lifetime(idle=HOUR))
    await world.store.write_last_seen([LastSeen(session.id, world.now + DAY)])
    async with world.store.write() as tx:
        assert await tx.sessions.sweep(world.now + DAY, 10) == 0
        assert await tx.sessions.sweep(world.now + 2 * DAY, 10) == 1


async def test_only_so_many_are_swept_at_once_those_longest_over_first(world: World) -> None:
    hours = [await world.add_session(lifetime=Lifetime(at_most=it * HOUR)) for it in (3, 1, 2)]
    async with world.store.write() as tx:
        assert await tx.sessions.sweep(world.now + DAY, 2) == 2
        assert [await tx.sessions.get(world.acme.id, it.id) for it in hours] == [hours[0], None, None]
        assert await tx.sessions.sweep(world.now + DAY, 2) == 1


async def test_a_retired_device_stays_retired_in_its_app(world: World) -> None:
    async with world.store.write() as tx:
        await tx.devices.retire(world.acme.id, KIOSK, world.now)
        await tx.devices.retire(world.acme.id, KIOSK, world.now + HOUR)
    async with world.store.read() as tx:
        assert await tx.devices.is_retired(world.acme.id, KIOSK)
        assert not await tx.devices.is_retired(world.acme.id, LAPTOP)
        assert not await tx.devices.is_retired(AppId(404), KIOSK)
