from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from acquaint.domain.errors import IdentifierTaken
from acquaint.domain.tickets import Purpose
from tests.storage.world import World


async def test_a_ticket_is_taken_once(world: World) -> None:
    ann = await world.add_user("ann")
    ticket = world.ticket(user_id=ann.id, details={"url": "https://acme.example", "try": 1})
    async with world.store.write() as tx:
        assert await tx.tickets.add(ticket, "t1") == ticket
    async with world.store.write() as tx:
        assert await tx.tickets.take(Purpose.LIVE, "t1", world.now) == replace(ticket, used_at=world.now)
    async with world.store.write() as tx:
        assert await tx.tickets.take(Purpose.LIVE, "t1", world.now) is None


async def test_a_ticket_is_nothing_for_another_purpose_or_after_its_time(world: World) -> None:
    ticket = world.ticket(expires_at=world.now + timedelta(minutes=1))
    async with world.store.write() as tx:
        await tx.tickets.add(ticket, "t1")
        assert await tx.tickets.take(Purpose.NONCE, "t1", world.now) is None
        assert await tx.tickets.take(Purpose.LIVE, "t2", world.now) is None
        assert await tx.tickets.take(Purpose.LIVE, "t1", ticket.expires_at) is None
        assert await tx.tickets.take(Purpose.LIVE, "t1", ticket.expires_at - timedelta(microseconds=1)) is not None


async def test_a_ticket_that_is_only_looked_at_stays_unspent(world: World) -> None:
    ticket = world.ticket(purpose=Purpose.DOWNLOAD, expires_at=world.now + timedelta(minutes=1))
    async with world.store.write() as tx:
        await tx.tickets.add(ticket, "t1")
        for _ in range(2):
            assert await tx.tickets.find(Purpose.DOWNLOAD, "t1", world.now) == ticket
        assert await tx.tickets.find(Purpose.UPLOAD, "t1", world.now) is None
        assert await tx.tickets.find(Purpose.DOWNLOAD, "t2", world.now) is None
        assert await tx.tickets.find(Purpose.DOWNLOAD, "t1", ticket.expires_at) is None
        await tx.tickets.take(Purpose.DOWNLOAD, "t1", world.now)
        assert await tx.tickets.find(Purpose.DOWNLOAD, "t1", world.now) is None


async def test_a_refusal_gives_a_ticket_back(world: World) -> None:
    async with world.store.write() as tx:
        await tx.tickets.add(world.ticket(app_id=None), "t1")

    async def take_and_refuse() -> None:
        async with world.store.write() as tx:
            assert await tx.tickets.take(Purpose.LIVE, "t1", world.now)
            raise IdentifierTaken("login")

    with pytest.raises(IdentifierTaken):
        await take_and_refuse()
    async with world.store.write() as tx:
        assert await tx.tickets.take(Purpose.LIVE, "t1", world.now)


async def test_voiding_spends_all_of_a_users_tickets_of_the_purpose(world: World) -> None:
    ann, ben = await world.add_user("ann"), await world.add_user("ben")
    async with world.store.write() as tx:
        for name, user, purpose in (
            ("a1", ann, Purpose.PASSWORD_RESET),
            ("a2", ann, Purpose.PASSWORD_RESET),
            ("a3", ann, Purpose.LIVE),
            ("b1", ben, Purpose.PASSWORD_RESET),
        ):
            await tx.tickets.add(world.ticket(user_id=user.id, purpose=purpose), name)
        await tx.tickets.void(ann.id, Purpose.PASSWORD_RESET)
        assert await tx.tickets.take(Purpose.PASSWORD_RESET, "a1", world.now) is None
        assert await tx.tickets.take(Purpose.PASSWORD_RESET, "a2", world.now) is None
        assert await tx.tickets.take(Purpose.LIVE, "a3", world.now) is not None
        assert await tx.tickets.take(Purpose.PASSWORD_RESET, "b1", world.now) is not None


async def test_expired_tickets_are_swept(world: World) -> None:
    async with world.store.write() as tx:
        for number in range(3):
            expires_at = world.now + timedelta(minutes=number)
            await tx.tickets.add(world.ticket(expires_at=expires_at), f"t{number}")
        assert await tx.tickets.sweep(world.now, 10) == 0
        assert await tx.tickets.sweep(world.now + timedelta(minutes=2), 1) == 1
        assert await tx.tickets.sweep(world.now + timedelta(minutes=2), 10) == 1
        assert await tx.tickets.take(Purpose.LIVE, "t2", world.now) is not None


async def test_two_tickets_never_have_one_fingerprint(world: World) -> None:
    async with world.store.write() as tx:
        await tx.tickets.add(world.ticket(), "t1")
    with pytest.raises(IdentifierTaken, match="fingerprint"):
        async with world.store.write() as tx:
            await tx.tickets.add(world.ticket(), "t1")
