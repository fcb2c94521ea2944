"""Clients that ask from time to time: nothing is passed over, and nothing is shown that is not theirs."""

from __future__ import annotations

from acquaint.domain.conversations import ConversationId, ConversationKind
from acquaint.domain.events import EventKind
from acquaint.ports.store import Recognised
from acquaint.services import conversations, members, messages, polling, saying
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, eve, kiosk
from tests.services.doors import verified, visitor, write
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases

BECAME = {EventKind.MESSAGES_READ, EventKind.MESSAGE_DELETED, EventKind.CONVERSATION_CHANGED}


async def between(core: Core, one: Recognised, other: Recognised, *texts: str) -> ConversationId:
    assert other.user is not None
    seen, _ = await conversations.start(core, one, kind=ConversationKind.DIRECT, with_users=[other.user.id])
    for text in texts:
        await messages.post(core, one, seen.conversation.id, Draft(text))
    return seen.conversation.id


async def texts(core: Core, it: Recognised, id: int = 0, limit: int = 100) -> list[str]:
    return [one.message.text for one in await polling.said_since(core, it.session, id, limit)]


@on_both_databases
async def test_every_message_comes_once_page_by_page(core: Core, acme: Cast) -> None:
    anns, bens, eves = [await verified(core, acme, it) for it in (ann, ben, eve)]
    with_ben = await between(core, anns, bens, "1", "2")
    with_eve = await between(core, eves, anns, "3")
    await messages.post(core, bens, with_ben, Draft("4"))
    heard: list[str] = []
    last = 0
    while page := await polling.said_since(core, anns.session, last, 3):
        heard += [it.message.text for it in page]
        assert all(it.conversation.id in (with_ben, with_eve) and len(it.members) == 2 for it in page)
        last = page[-1].message.id
    assert heard == ["1", "2", "3", "4"]
    assert await polling.newest(core, anns.session) == last
    assert await texts(core, bens) == ["1", "2", "4"]


@on_both_databases
async def test_what_was_cleared_hidden_deleted_or_left_does_not_come_back(core: Core, acme: Cast) -> None:
    anns, bens = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await between(core, anns, bens, "cleared")
    await members.clear(core, bens, id)
    posted = [await messages.post(core, anns, id, Draft(it)) for it in ("hidden", "deleted", "stays")]
    await saying.delete(core, bens, id, [posted[0].id], for_everybody=False)
    await saying.delete(core, anns, id, [posted[1].id], for_everybody=True)
    assert await texts(core, bens) == ["stays"]
    assert await texts(core, anns) == ["cleared", "hidden", "stays"]


async def test_strangers_and_visitors_see_their_own(core: Core, acme: Cast) -> None:
    anns, bens = await verified(core, acme, ann), await verified(core, acme, ben)
    await between(core, anns, bens, "private")
    somebody = await visitor(core, acme, kiosk)
    await write(core, somebody, "hello from the kiosk")
    assert await texts(core, await verified(core, acme, eve)) == []
    assert await texts(core, await visitor(core, acme, kiosk)) == ["hello from the kiosk"]
    assert await texts(core, await visitor(core, acme, None)) == []
    assert await polling.newest(core, (await visitor(core, acme, None)).session) is None


@on_both_databases
async def test_what_became_of_messages_is_told_to_who_may_know(core: Core, acme: Cast, clock: SetClock) -> None:
    anns, bens, eves = [await verified(core, acme, it) for it in (ann, ben, eve)]
    id = await between(core, anns, bens, "hello")
    said = (await polling.said_since(core, bens.session, 0, 1))[0].message
    await messages.mark_read(core, bens.session, id, said.id)
    await members.clear(core, bens, id)
    await saying.delete(core, anns, id, [said.id], for_everybody=True)

    async def happened(it: Recognised, since: int = 0) -> list[str]:
        found = await polling.happened_since(core, it.session, since, 100, kinds=BECAME)
        return [one.event.kind.value for one in found]

    assert await happened(anns) == ["messages.read", "message.deleted"]
    assert await happened(bens) == ["messages.read", "conversation.changed"]
    assert await happened(eves) == []
    first = (await polling.happened_since(core, anns.session, 0, 1, kinds=BECAME))[0]
    assert await happened(anns, first.event.id) == ["message.deleted"]
    clock.forward(hours=2)
    assert await happened(anns) == [], "who has heard of nothing has just read what there is"
    assert await happened(anns, first.event.id) == ["message.deleted"]
