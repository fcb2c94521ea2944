"""Of many who want the same at once, one gets it. On both databases, and not by luck: each race is run in parallel."""

from __future__ import annotations

from dataclasses import replace

from acquaint.domain.conversations import ConversationKind, Message
from acquaint.domain.errors import IdentifierTaken
from acquaint.domain.identities import Identifier
from acquaint.domain.tickets import Purpose, Ticket
from acquaint.domain.users import User
from tests.storage.world import KIOSK, World, outcomes


async def test_of_fifty_who_redeem_one_ticket_one_gets_it(world: World) -> None:
    async with world.store.write() as tx:
        await tx.tickets.add(world.ticket(), "t1")

    async def redeem(_: int) -> Ticket | None:
        async with world.store.write() as tx:
            return await tx.tickets.take(Purpose.LIVE, "t1", world.now)

    got, raised = await outcomes(50, redeem)
    assert raised == []
    assert sum(it is not None for it in got) == 1


async def test_of_eight_who_register_one_login_one_becomes_a_user(world: World) -> None:
    async def register(number: int) -> User:
        return await world.add_user("ann", Identifier.external_id(str(number)))

    got, raised = await outcomes(8, register)
    assert len(got) == 1
    assert [type(it) for it in raised] == [IdentifierTaken] * 7
    async with world.store.read() as tx:
        assert await tx.users.find(world.acme.id, Identifier.login("ann")) == got[0]


async def test_eight_who_name_two_identifiers_in_either_order_do_not_wait_for_each_other_for_ever(world: World) -> None:
    names = (Identifier.login("ann"), Identifier.email("ann@example.com"))

    async def register(number: int) -> User:
        return await world.add_user(*(names if number % 2 else names[::-1]))

    got, raised = await outcomes(8, register)
    assert len(got) == 1
    assert [type(it) for it in raised] == [IdentifierTaken] * 7


async def test_of_eight_who_change_their_login_to_the_same_one_does(world: World) -> None:
    users = [await world.add_user(f"user-{it}") for it in range(8)]

    async def rename(number: int) -> None:
        async with world.store.write() as tx:
            await tx.users.save(replace(users[number], identifiers=(Identifier.login("ann"),)))

    got, raised = await outcomes(8, rename)
    assert len(got) == 1
    assert [type(it) for it in raised] == [IdentifierTaken] * 7


async def test_a_device_gets_one_user_of_eight(world: World) -> None:
    got, raised = await outcomes(8, lambda _: world.add_user(device_id=KIOSK))
    assert len(got) == 1
    assert [(type(it), str(it)) for it in raised] == [(IdentifierTaken, "device")] * 7


async def test_two_who_start_talking_at_once_start_one_conversation(world: World) -> None:
    ann, ben = await world.add_user("ann"), await world.add_user("ben")

    async def start(number: int) -> object:
        return await world.start(*((ann, ben) if number % 2 else (ben, ann)), kind=ConversationKind.DIRECT)

    got, raised = await outcomes(8, start)
    assert len(got) == 1
    assert [(type(it), str(it)) for it in raised] == [(IdentifierTaken, "direct")] * 7


async def test_a_unique_id_is_given_once_of_eight(world: World) -> None:
    got, raised = await outcomes(8, lambda _: world.start(unique_id="boats"))
    assert len(got) == 1
    assert [(type(it), str(it)) for it in raised] == [(IdentifierTaken, "unique_id")] * 7


async def test_a_message_posted_eight_times_at_once_is_there_once(world: World) -> None:
    ann = await world.add_user("ann")
    talk = await world.start(ann)

    async def post(_: int) -> tuple[Message, bool]:
        async with world.store.write() as tx:
            return await tx.messages.add(world.message(talk, ann, client_id="c1"))

    got, raised = await outcomes(8, post)
    assert raised == []
    assert len({message.id for message, _ in got}) == 1
    assert sum(is_new for _, is_new in got) == 1


async def test_of_fifty_requests_with_one_idempotency_key_one_is_served(world: World) -> None:
    async def claim(number: int) -> object:
        async with world.store.write() as tx:
            return await tx.answers.claim("acme", "k1", f"request {number}", world.now)

    got, raised = await outcomes(50, claim)
    assert raised == []
    assert sum(it is None for it in got) == 1


async def test_a_session_ended_while_somebody_comes_into_it_stays_ended(world: World) -> None:
    ann = await world.add_user("ann")
    session = await world.add_session(device_id=KIOSK)

    async def either(number: int) -> None:
        async with world.store.write() as tx:
            if number == 3:
                await tx.sessions.end([session.id], world.now)
            else:
                await tx.sessions.save(session.taken_by(ann.id, session.assurance, None, world.now))

    _, raised = await outcomes(8, either)
    assert raised == []
    async with world.store.read() as tx:
        kept = await tx.sessions.get(world.acme.id, session.id)
    assert kept is not None
    assert kept.ended_at == world.now
