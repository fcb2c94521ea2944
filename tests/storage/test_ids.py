"""Two nodes may make the same id in the same millisecond. Whoever comes second is kept under another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from acquaint.domain.conversations import ConversationId
from acquaint.domain.errors import Busy
from acquaint.storage.store import SqlStore, SqlTransaction
from tests.storage.world import World, fingerprint
from tests.support.sealing import SEALING

Add = Callable[[SqlTransaction, Any], Awaitable[Any]]


async def _message(tx: SqlTransaction, it: Any) -> Any:
    message, is_new = await tx.messages.add(it)
    assert is_new
    return message


ADDS: dict[str, Add] = {
    "app": lambda tx, it: tx.apps.add(it),
    "key": lambda tx, it: tx.keys.add(it, fingerprint(it)),
    "secret": lambda tx, it: tx.keys.add_secret(it),
    "user": lambda tx, it: tx.users.add(it),
    "session": lambda tx, it: tx.sessions.add(it, fingerprint(it)),
    "ticket": lambda tx, it: tx.tickets.add(it, fingerprint(it)),
    "conversation": lambda tx, it: tx.conversations.add(it, []),
    "message": _message,
    "event": lambda tx, it: tx.events.add(it),
    "file": lambda tx, it: tx.files.add(it, fingerprint(it)),
}


@pytest.mark.parametrize("what", ADDS)
async def test_an_id_that_is_taken_is_exchanged_and_the_answer_says_so(world: World, what: str) -> None:
    talk = await world.start()
    make: dict[str, Callable[[str], Any]] = {
        "app": world.app,
        "key": lambda name: world.key(name=name),
        "secret": lambda text: world.secret(text=text),
        "user": world.user,
        "session": lambda door: world.session(door=door),
        "ticket": lambda text: world.ticket(details={"text": text}),
        "conversation": lambda title: world.conversation(title=title),
        "message": lambda text: world.message(talk, None, text),
        "event": lambda text: world.event(details={"text": text}),
        "file": lambda name: world.file(name=name),
    }
    first, second = make[what]("first"), make[what]("second")
    second = replace(second, id=first.id)
    async with world.store.write() as tx:
        assert await ADDS[what](tx, first) == first
    async with world.store.write() as tx:
        kept = await ADDS[what](tx, second)
    assert kept.id != first.id
    assert kept == replace(second, id=kept.id)


async def test_members_and_messages_follow_the_conversation_to_its_other_id(world: World) -> None:
    ann = await world.add_user("ann")
    first = await world.start(ann)
    second = await world.start(ann, id=first.id)
    said = await world.say(second, ann)
    async with world.store.read() as tx:
        assert [it.conversation_id for it in await tx.conversations.members(second.id)] == [second.id]
        assert await tx.conversations.of_member(world.acme.id, ann.id) == [second.id, first.id]
        assert await tx.messages.get(second.id, said.id) == said


async def test_events_are_told_under_the_id_they_are_kept_under(world: World) -> None:
    first = world.event()
    async with world.store.write() as tx:
        await tx.events.add(first)
    async with world.store.write() as tx:
        kept = await tx.events.add(world.event(id=first.id, conversation_id=ConversationId(1)))
    assert world.told == [first, kept]
    assert kept.id != first.id


async def test_ids_that_are_always_taken_are_given_up_in_the_end(world: World, url: str) -> None:
    ann = await world.add_user("ann")
    stuck = SqlStore(url, new_id=lambda: ann.id, clock=world.clock, sealing=SEALING, told=world.told.extend)
    with pytest.raises(Busy):
        async with stuck.write() as tx:
            await tx.users.add(world.user(id=ann.id))
    await stuck.close()
