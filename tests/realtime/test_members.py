"""Who comes, goes, hides and deletes, as live connections hear it."""

from __future__ import annotations

from acquaint.domain.conversations import ConversationId, ConversationKind
from acquaint.domain.members import Change
from acquaint.domain.places import Workspace
from acquaint.domain.users import UserId
from acquaint.ports.store import Recognised
from acquaint.services import conversations, history, members, messages, saying
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, eve
from tests.realtime.conftest import Ear, Listen, a_moment
from tests.services.doors import verified
from tests.support.patience import until


async def group(core: Core, one: Recognised, *others: Recognised) -> ConversationId:
    ids = [user_of(it) for it in others]
    seen, _ = await conversations.start(core, one, kind=ConversationKind.GROUP, title="Boats", with_users=ids)
    return seen.conversation.id


def user_of(it: Recognised) -> UserId:
    assert it.user is not None
    return it.user.id


async def heard(ear: Ear, kinds: list[str]) -> None:
    await until(lambda: ear.kinds == kinds)


async def test_who_is_removed_hears_that_and_nothing_else(core: Core, acme: Cast, listen: Listen) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    elsewhere = await verified(core, acme, ben, workspace=Workspace("sales"))
    id = await group(core, a, b)
    anns, bens, away = await listen(a), await listen(b), await listen(elsewhere)
    await messages.post(core, a, id, Draft("one"))
    await heard(bens, ["message.posted"])

    await conversations.change(core, a, id, Change(remove=(user_of(b),)))
    await messages.post(core, a, id, Draft("two"))
    await heard(anns, ["message.posted", "members.changed", "message.posted"])

    await heard(bens, ["message.posted", "members.changed"])
    farewell = bens.heard[-1].news
    assert (farewell.conversation.id, farewell.members, farewell.message) == (id, (), None)
    assert farewell.conversation.title is None, "nothing of the conversation"
    await a_moment()
    assert bens.texts == ["one"]
    assert away.heard == []


async def test_who_comes_hears_it(core: Core, acme: Cast, listen: Listen) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await group(core, a)
    bens = await listen(b)
    await conversations.change(core, a, id, Change(add=(user_of(b),)))
    await heard(bens, ["members.changed"])
    assert bens.heard[0].news.conversation.title == "Boats"


async def test_when_it_is_deleted_all_of_its_members_hear_that(core: Core, acme: Cast, listen: Listen) -> None:
    a, b, e = [await verified(core, acme, it) for it in (ann, ben, eve)]
    id = await group(core, a, b)
    anns, bens, eves = await listen(a), await listen(b), await listen(e)
    await conversations.delete(core, a, id)
    for ear in (anns, bens):
        await heard(ear, ["conversation.changed"])
    assert eves.heard == []


async def test_what_somebody_does_for_themselves_their_own_devices_hear(core: Core, acme: Cast, listen: Listen) -> None:
    a, b, again = await verified(core, acme, ann), await verified(core, acme, ben), await verified(core, acme, ben)
    id = await group(core, a, b)
    said = (await messages.post(core, a, id, Draft("secret"))).id
    anns, bens = await listen(a), await listen(again)
    await saying.delete(core, b, id, [said], for_everybody=False)
    await members.clear(core, b, id)
    await members.hide(core, b, id)
    await heard(bens, ["message.deleted", "conversation.changed", "conversation.changed"])
    assert bens.texts == []
    assert bens.heard[0].news.event.details["message"] == str(said)
    assert anns.heard == []


async def test_nobody_hears_of_what_they_cleared_or_deleted_for_themselves(
    core: Core, acme: Cast, listen: Listen
) -> None:
    a, b, e = [await verified(core, acme, it) for it in (ann, ben, eve)]
    id = await group(core, a, b, e)
    said = (await messages.post(core, a, id, Draft("secret"))).id
    async with core.store.read() as tx:
        since = (await tx.events.after(0, app_id=acme.app.id, limit=1000))[-1].id - 1
    await members.clear(core, b, id)
    await saying.delete(core, e, id, [said], for_everybody=False)
    ears = [await listen(it) for it in (a, b, e)]
    await saying.edit(core, a, id, said, text="secret, again")
    await heard(ears[0], ["message.changed"])
    await a_moment()
    assert [ear.texts for ear in ears] == [["secret, again"], [], []]
    for it, texts in ((a, {"secret, again"}), (b, set()), (e, set())):
        missed = await history.missed_by(core, it.session, since, 100)
        assert missed is not None
        assert {news.message.text for news in missed if news.message is not None} == texts


async def test_edits_deletions_and_marks_are_told(core: Core, acme: Cast, listen: Listen) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await group(core, a, b)
    said = (await messages.post(core, a, id, Draft("helo"))).id
    bens = await listen(b)
    await saying.edit(core, a, id, said, text="hello")
    await messages.mark_received(core, a.session, id, said)
    await saying.delete(core, a, id, [said], for_everybody=True)
    await heard(bens, ["message.changed", "messages.received", "message.deleted"])
    last = bens.heard[-1].news.message
    assert last is not None
    assert (last.id, last.text) == (said, "")
