"""Who hears what, on a real database: nobody who does not see it, everybody who does, in order and once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest

from acquaint.domain.conversations import ConversationId, ConversationKind
from acquaint.domain.errors import (
    Busy,
    ConversationClosed,
    NotAllowed,
    NotFound,
    SessionEnded,
    SessionExpired,
    TooManyRequests,
)
from acquaint.domain.events import Event, EventId
from acquaint.domain.identities import Claimed
from acquaint.domain.users import UserId
from acquaint.ports.store import Reading, Recognised
from acquaint.realtime import hub as module
from acquaint.realtime.hub import MOST_CONNECTIONS, Hub
from acquaint.services import apps, asides, conversations, messages, sessions, sign_in, users
from acquaint.services.core import Core
from acquaint.services.live import Aside, Cut
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, ben, eve, kiosk, laptop, phone
from tests.realtime.conftest import Ear, Listen, a_moment
from tests.services.doors import allow, at, it_of, registered, verified, visitor, write
from tests.support.clock import SetClock
from tests.support.patience import PATIENCE, until


async def say(core: Core, it: Recognised, id: ConversationId, text: str) -> None:
    await messages.post(core, it, id, Draft(text))


async def after_writing(core: Core, acme: Cast, device: str) -> tuple[Recognised, ConversationId]:
    """A visitor who wrote something: now there is a user."""
    it = await visitor(core, acme, device)
    id = await write(core, it)
    return await visitor(core, acme, device), id


async def direct(core: Core, one: Recognised, other: Recognised) -> ConversationId:
    assert other.user is not None
    seen, _ = await conversations.start(core, one, kind=ConversationKind.DIRECT, with_users=[other.user.id])
    return seen.conversation.id


async def test_a_second_device_hears_what_the_first_says(core: Core, acme: Cast, listen: Listen) -> None:
    on_laptop, on_phone = await verified(core, acme, ann, laptop), await verified(core, acme, ann, phone)
    ear = await listen(on_phone)
    id = await write(core, on_laptop, "one")
    await say(core, on_laptop, id, "two")
    await until(lambda: ear.texts == ["one", "two"])
    assert ear.kinds == ["conversation.started", "message.posted", "message.posted"]


async def test_others_in_the_conversation_hear_it_and_others_of_the_app_do_not(
    core: Core, acme: Cast, listen: Listen
) -> None:
    a, b, e = [await verified(core, acme, it) for it in (ann, ben, eve)]
    id = await direct(core, a, b)
    bens, eves = await listen(b), await listen(e)
    await say(core, a, id, "hello Ben")
    await messages.answer(core, acme.app, id, Draft("may I help?"))
    await until(lambda: bens.texts == ["hello Ben", "may I help?"])
    await a_moment()
    assert eves.heard == []


async def test_the_same_person_in_another_app_hears_nothing(core: Core, acme: Cast, listen: Listen) -> None:
    other = Cast(await apps.create(core, "Other"))
    here, there = await verified(core, acme, ann, laptop), await verified(core, other, ann, laptop)
    ear = await listen(there)
    await write(core, here)
    await a_moment()
    assert ear.heard == []


async def test_who_types_somebodys_address_hears_nothing_of_theirs(core: Core, acme: Cast, listen: Listen) -> None:
    id = await write(core, await verified(core, acme, ann, laptop))
    impostor, _ = await after_writing(core, acme, kiosk)
    await sign_in.claim(core, impostor, Claimed(name=ann.name, email=ann.email))
    ear = await listen(await visitor(core, acme, kiosk))
    await say(core, await verified(core, acme, ann, laptop), id, "secret")
    await a_moment()
    assert ear.texts == []


async def test_an_anonymous_visitor_hears_their_own_device_and_no_other(core: Core, acme: Cast, listen: Listen) -> None:
    here, id = await after_writing(core, acme, laptop)
    there, _ = await after_writing(core, acme, phone)
    mine, other = await listen(here), await listen(there)
    await messages.answer(core, acme.app, id, Draft("may I help?"))
    await until(lambda: mine.texts == ["may I help?"])
    await a_moment()
    assert other.heard == []


async def test_a_member_who_does_not_see_it_hears_nothing(core: Core, acme: Cast, listen: Listen) -> None:
    """Not by membership: a verified session in another workspace is of the same user, who is in the conversation."""
    in_sales = await verified(core, acme, ann, laptop, workspace="sales")
    in_support = await verified(core, acme, ann, phone, workspace="support")
    in_none = await verified(core, acme, ann, kiosk)
    ears = [await listen(it) for it in (in_sales, in_support, in_none)]
    await write(core, in_sales, "for sales")
    await until(lambda: ears[0].texts == ["for sales"])
    await a_moment()
    assert [it.heard for it in ears[1:]] == [[], []]


async def test_signing_in_tells_the_other_device_what_it_adopted_and_what_is_said_there(
    core: Core, acme: Cast, listen: Listen
) -> None:
    _, id = await after_writing(core, acme, laptop)
    on_phone = await listen(await verified(core, acme, ann, phone))
    await messages.answer(core, acme.app, id, Draft("before"))
    await a_moment()
    assert on_phone.heard == []
    await verified(core, acme, ann, laptop)
    await messages.answer(core, acme.app, id, Draft("after"))
    await until(lambda: on_phone.texts == ["after"])
    assert on_phone.kinds == ["members.changed", "message.posted"]
    assert {it.news.conversation.id for it in on_phone.heard} == {id}


async def test_reading_is_told(core: Core, acme: Cast, listen: Listen) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await direct(core, a, b)
    message = await messages.post(core, a, id, Draft("read me"))
    ear = await listen(a)
    await messages.mark_read(core, b.session, id, message.id)
    await until(lambda: ear.kinds == ["messages.read"])
    assert ear.heard[0].news.event.details["up_to"] == str(message.id)


async def test_many_messages_at_once_come_in_order_and_once(core: Core, acme: Cast, listen: Listen) -> None:
    it = await verified(core, acme, ann, laptop)
    ids = [await write(core, it, "0") for _ in range(3)]
    ear = await listen(await verified(core, acme, ann, phone))
    posted = [[] for _ in ids]  # type: list[list[int]]

    async def post(number: int) -> None:
        which = number % len(ids)
        posted[which].append((await messages.post(core, it, ids[which], Draft(str(number)))).id)

    await asyncio.gather(*(post(number) for number in range(150)))
    await until(lambda: len(ear.heard) >= 150)
    for id in ids:
        said = [told.news.message.id for told in ear.heard if told.news.conversation.id == id]
        assert said == sorted(said)
        assert len(said) == len(set(said)) == 50


async def test_an_event_told_twice_is_heard_once(core: Core, hub: Hub, acme: Cast, listen: Listen) -> None:
    it = await verified(core, acme, ann, laptop)
    ear = await listen(it)
    await write(core, it)
    await until(lambda: len(ear.heard) == 2)
    for told in list(ear.heard):
        hub.heard(told.news.event)
    await a_moment()
    assert len(ear.heard) == 2


async def test_everybody_gets_the_same_words_made_once(core: Core, acme: Cast, listen: Listen) -> None:
    it = await verified(core, acme, ann, laptop)
    ears = [await listen(await verified(core, acme, ann)) for _ in range(5)]
    await write(core, it)
    await until(lambda: all(len(ear.heard) == 2 for ear in ears))
    made: list[Any] = []

    def words(news: Any) -> str:
        made.append(news)
        return "words"

    assert {ear.heard[0].in_words(words) for ear in ears} == {"words"}
    assert len(made) == 1


# Cut at once


async def test_a_session_that_ends_is_cut_before_its_end_is_answered(core: Core, acme: Cast, listen: Listen) -> None:
    one, other = await verified(core, acme, ann, laptop), await verified(core, acme, ann, phone)
    cut, kept = await listen(one), await listen(other)
    await sessions.end(core, acme.app, one.session.id)
    assert cut.cuts == [Cut.REVOKED]
    await write(core, other, "gone?")
    await until(lambda: kept.texts == ["gone?"])
    assert cut.heard == []
    assert kept.cuts == []


async def test_everything_that_ends_sessions_cuts_them(core: Core, acme: Cast, listen: Listen) -> None:
    async def end_all(it: Recognised) -> None:
        await sessions.end_all(core, acme.app, it.user.id)  # type: ignore[union-attr]

    async def log_out(it: Recognised) -> None:
        await sessions.log_out(core, it.session)

    async def ban(it: Recognised) -> None:
        await users.ban(core, acme.app, it.user.id)  # type: ignore[union-attr]
        await users.admit_again(core, acme.app, it.user.id)  # type: ignore[union-attr]

    async def set_password(it: Recognised) -> None:
        await users.set_password(core, acme.app, it.user.id, "another one entirely", ends_sessions=True)  # type: ignore[union-attr]

    async def close(it: Recognised) -> None:
        await apps.close(core, acme.app)
        await apps.open_again(core, acme.app)

    async def delete(it: Recognised) -> None:
        await users.delete(core, acme.app, it.user.id)  # type: ignore[union-attr]

    for end in (end_all, log_out, ban, set_password, close, delete):
        ear = await listen(await verified(core, acme, ann, laptop))
        await end(await it_as_heard(core, acme, ear))
        assert ear.cuts == [Cut.REVOKED], end.__name__


async def it_as_heard(core: Core, acme: Cast, ear: Ear) -> Recognised:
    assert ear.session.user_id is not None
    async with core.store.read() as tx:
        user = await tx.users.get(acme.app.id, ear.session.user_id)
    return Recognised(ear.session, acme.app, user)


async def test_changing_ones_password_cuts_ones_other_sessions_only(core: Core, acme: Cast, listen: Listen) -> None:
    mine, other = await registered(core, acme, ann, laptop), await registered(core, acme, ann, phone)
    kept, cut = await listen(mine), await listen(other)
    assert mine.user is not None
    await users.change_password(core, acme.app, mine.session, mine.user, old=ann.password, new="quite another password")
    assert (kept.cuts, cut.cuts) == ([], [Cut.REVOKED])


async def test_who_comes_into_the_session_makes_its_connections_come_again(
    core: Core, acme: Cast, listen: Listen
) -> None:
    it = await visitor(core, acme, laptop)
    ear = await listen(it)
    await write(core, it)
    assert ear.cuts == [Cut.CHANGED]
    assert ear.heard == []


async def test_who_leaves_the_session_is_heard_by_its_connections_and_no_other(
    core: Core, acme: Cast, listen: Listen
) -> None:
    mine, other = await verified(core, acme, ann, laptop), await verified(core, acme, ann, phone)
    left, kept = await listen(mine), await listen(other)
    await sessions.leave(core, mine.session)
    await write(core, other, "after")
    await until(lambda: kept.texts == ["after"])
    assert (left.cuts, left.texts, kept.cuts) == ([Cut.CHANGED], [], [])


async def test_signing_in_cuts_what_was_unverified_on_the_device(core: Core, acme: Cast, listen: Listen) -> None:
    it, _ = await after_writing(core, acme, laptop)
    ear = await listen(it)
    await verified(core, acme, ann, laptop)
    assert ear.cuts == [Cut.REVOKED]


async def test_a_policy_that_changes_cuts_nobody(core: Core, acme: Cast, listen: Listen) -> None:
    ear = await listen(await verified(core, acme, ann))
    await allow(core, acme, registers_on_login=False)
    assert ear.cuts == []


# Whose time is over


async def test_a_session_whose_time_is_over_is_cut_though_it_is_connected(
    core: Core, acme: Cast, listen: Listen, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK", 0.01)
    await allow(core, acme, session_idle=60)
    it = await verified(core, acme, ann, laptop)
    ear = await listen(it)
    clock.forward(seconds=59)
    await a_moment()
    assert ear.cuts == []
    clock.forward(seconds=2)
    await until(lambda: ear.cuts == [Cut.EXPIRED])


async def test_using_the_session_over_http_keeps_its_connection(
    core: Core, acme: Cast, listen: Listen, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK", 0.01)
    app = await allow(core, acme, session_idle=60)
    admission = await sign_in.vouch_for(core, app, ann.verified(), at(laptop))
    assert admission.token is not None
    ear = await listen(await it_of(core, admission))
    for _ in range(3):
        clock.forward(seconds=40)
        await sessions.resume(core, admission.token)  # nobody has written this down yet
        await a_moment()
    assert ear.cuts == []
    clock.forward(seconds=61)
    await until(lambda: ear.cuts == [Cut.EXPIRED])


async def test_a_session_is_checked_again_though_nobody_said_anything(
    core: Core, hub: Hub, acme: Cast, listen: Listen, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK", 0.01)
    it = await verified(core, acme, ann)
    ear = await listen(it)
    monkeypatch.setattr(hub, "heard", lambda event: None)  # the Bus forgets to tell
    core.bus.add(hub)
    async with core.store.write() as tx:
        await tx.sessions.end([it.session.id], clock())
    clock.forward(minutes=6)
    await until(lambda: ear.cuts == [Cut.REVOKED])


# When the Bus may have missed something


async def test_a_loss_is_told_as_a_gap_to_who_may_go_on(core: Core, hub: Hub, acme: Cast, listen: Listen) -> None:
    goes_on, ends = await verified(core, acme, ann, laptop), await verified(core, acme, ann, phone)
    kept, cut = await listen(goes_on), await listen(ends)
    async with core.store.write() as tx:
        await tx.sessions.end([ends.session.id], core.clock())  # elsewhere, and nobody tells
    hub.lost()
    await until(lambda: kept.gaps == 1 and cut.cuts == [Cut.REVOKED])
    assert cut.gaps == 0
    assert kept.cuts == []


async def test_nothing_is_told_between_a_loss_and_the_check(core: Core, hub: Hub, acme: Cast, listen: Listen) -> None:
    it, other = await verified(core, acme, ann, laptop), await verified(core, acme, ann, phone)
    ear = await listen(it)
    id = await write(core, other)
    await until(lambda: len(ear.heard) == 2)
    async with core.store.write() as tx:
        await tx.sessions.end([it.session.id], core.clock())
    hub.lost()
    await say(core, other, id, "secret")
    await until(lambda: ear.cuts == [Cut.REVOKED])
    assert "secret" not in ear.texts


class CutBus:
    """The line to the other nodes is cut."""

    is_whole = False
    not_believed = 0

    def tell(self, events: Sequence[Event]) -> None:
        pass

    def add(self, listener: Any) -> None:
        pass

    def mention(self, words: bytes, *, of: int) -> bool:
        return True

    def listen_in(self, overhears: Any) -> None:
        pass

    async def run(self) -> None:
        pass


async def test_while_the_bus_is_cut_every_session_is_read_before_it_is_told_anything(core: Core, acme: Cast) -> None:
    hub = Hub(replace(core, bus=CutBus()))
    core.bus.add(hub)
    goes_on, ends = await verified(core, acme, ann, laptop), await verified(core, acme, ann, phone)
    kept, cut = Ear(goes_on.session), Ear(ends.session)
    await hub.welcome(kept)
    await hub.welcome(cut)
    async with core.store.write() as tx:
        await tx.sessions.end([ends.session.id], core.clock())  # on another node
    await write(core, goes_on, "secret")
    await until(lambda: kept.texts == ["secret"])
    assert cut.heard == []
    assert cut.cuts == [Cut.REVOKED]
    await hub.close()


class FailingStore:
    """A database that does not answer for a while."""

    def __init__(self, store: Any) -> None:
        self._store, self.is_away, self.has_refused = store, False, False

    def read(self) -> AbstractAsyncContextManager[Reading]:
        if self.is_away:
            self.has_refused = True
            raise Busy
        return self._store.read()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_a_database_that_is_away_for_a_moment_delays_and_for_longer_is_a_gap(
    core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSES", (0.05, 0.05, 0.05))
    monkeypatch.setattr(module, "TICK", 0.05)
    store = FailingStore(core.store)
    hub = Hub(replace(core, store=store))
    core.bus.add(hub)
    it = await verified(core, acme, ann, laptop)
    ear = Ear(it.session)
    await hub.welcome(ear)
    id = await write(core, it, "one")
    await until(lambda: ear.texts == ["one"])

    store.is_away = True
    await say(core, it, id, "late")
    await until(lambda: store.has_refused)
    store.is_away = False
    await until(lambda: ear.texts == ["one", "late"])
    assert ear.gaps == 0

    store.is_away = True
    await say(core, it, id, "lost")
    await until(lambda: not hub._untold)  # it has given up
    store.is_away = False
    await until(lambda: ear.gaps == 1)
    await say(core, it, id, "four")
    await until(lambda: ear.texts == ["one", "late", "four"])
    await hub.close()


async def test_more_events_than_anybody_could_be_told_are_a_gap(
    core: Core, hub: Hub, acme: Cast, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_UNTOLD", 20)
    it = await verified(core, acme, ann)
    ear = await listen(it)
    id = await write(core, it)
    await until(lambda: len(ear.heard) == 2)
    told = ear.heard[-1].news.event
    for number in range(1, 30):
        hub.heard(replace(told, id=EventId(told.id + 10_000 + number)))
    await until(lambda: ear.gaps >= 1)
    await say(core, it, id, "afterwards")
    await until(lambda: ear.texts[-1] == "afterwards")


async def test_one_connection_that_breaks_keeps_nobody_else_from_hearing(
    core: Core, acme: Cast, listen: Listen
) -> None:
    it = await verified(core, acme, ann)
    broken, whole = await listen(it), await listen(it)
    broken.deliver = broken.cut = None
    await write(core, it)
    await until(lambda: len(whole.heard) == 2)
    await sessions.end(core, acme.app, it.session.id)
    assert whole.cuts == [Cut.REVOKED]


# Coming and going


async def test_who_ended_before_the_hub_listened_is_not_let_in(core: Core, acme: Cast, listen: Listen) -> None:
    it = await verified(core, acme, ann)
    await sessions.end(core, acme.app, it.session.id)
    with pytest.raises(SessionEnded):
        await listen(it)


async def test_a_session_that_ends_while_it_is_let_in_is_not_let_in(
    core: Core, hub: Hub, acme: Cast, listen: Listen
) -> None:
    it = await verified(core, acme, ann)
    results = await asyncio.gather(
        sessions.end(core, acme.app, it.session.id), *(listen(it) for _ in range(20)), return_exceptions=True
    )
    await a_moment()
    for ear in results[1:]:
        assert isinstance(ear, SessionEnded) or (isinstance(ear, Ear) and ear.cuts == [Cut.REVOKED])
    assert len(hub) == 0


async def test_who_expired_is_told_so(core: Core, acme: Cast, listen: Listen, clock: SetClock) -> None:
    await allow(core, acme, session_idle=60)
    it = await verified(core, acme, ann)
    clock.forward(seconds=61)
    with pytest.raises(SessionExpired):
        await listen(it)


async def test_one_user_has_so_many_connections_and_another_is_not_hurt(
    core: Core, hub: Hub, acme: Cast, listen: Listen
) -> None:
    it = await verified(core, acme, ann)
    ears = [await listen(it) for _ in range(MOST_CONNECTIONS)]
    with pytest.raises(TooManyRequests):
        await listen(await verified(core, acme, ann, phone))
    await listen(await verified(core, acme, ben))
    hub.forget(ears[0])
    await listen(it)


async def test_visitors_who_are_nobody_yet_do_not_crowd_each_other_out(core: Core, acme: Cast, listen: Listen) -> None:
    one, other = await visitor(core, acme, laptop), await visitor(core, acme, phone)
    for _ in range(MOST_CONNECTIONS):
        await listen(one)
    with pytest.raises(TooManyRequests):
        await listen(one)
    await listen(other)


async def test_who_is_gone_hears_nothing_and_leaves_nothing_behind(
    core: Core, hub: Hub, acme: Cast, listen: Listen
) -> None:
    it = await verified(core, acme, ann)
    ear = await listen(it)
    hub.forget(ear)
    hub.forget(ear)
    await write(core, it)
    await a_moment()
    assert ear.heard == []
    assert len(hub) == 0
    assert not hub._register._of_app
    assert not hub._register._of_session


async def test_a_server_that_stops_says_so_and_lets_nobody_in(
    core: Core, hub: Hub, acme: Cast, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEAVING", 10 * PATIENCE)
    it = await verified(core, acme, ann)
    ear = await listen(it)
    closing = asyncio.create_task(hub.close())
    await until(lambda: ear.cuts == [Cut.GOING_AWAY])
    assert not closing.done()
    hub.forget(ear)
    await asyncio.wait_for(closing, PATIENCE)
    with pytest.raises(Busy):
        await listen(it)


# Typing


async def test_typing_is_shown_to_the_others_and_kept_nowhere(core: Core, hub: Hub, acme: Cast, listen: Listen) -> None:
    a, b, e = [await verified(core, acme, it) for it in (ann, ben, eve)]
    id = await direct(core, a, b)
    anns, anns_phone = await listen(a), await listen(await verified(core, acme, ann, phone))
    bens, eves = await listen(b), await listen(e)
    await hub.type(anns, id, True)
    await hub.type(anns, id, False)
    assert [(it.user_id, it.on) for it in bens.typing] == [(a.session.user_id, True), (a.session.user_id, False)]
    assert anns.typing == anns_phone.typing == eves.typing == []
    async with core.store.read() as tx:
        kinds = {it.kind for it in await tx.events.after(0, app_id=acme.app.id, limit=1000)}
    assert not [it for it in kinds if "typ" in it]


async def test_an_operator_who_types_is_shown_to_whoever_sees_the_conversation(
    core: Core, hub: Hub, acme: Cast, listen: Listen
) -> None:
    it = await visitor(core, acme, laptop)
    id = await write(core, it)
    here = await listen(await visitor(core, acme, laptop))
    others = [await listen(await visitor(core, acme, kiosk)), await listen(await verified(core, acme, ann))]
    await hub.type_as_operator(acme.app.id, id, True, "Mia")
    await hub.type_as_operator(acme.app.id, id, False, None)
    assert [(one.user_id, one.on, one.operator) for one in here.typing] == [(None, True, "Mia"), (None, False, None)]
    assert [one.typing for one in others] == [[], []]

    elsewhere = (await apps.create(core, "Other")).app
    for app_id, where in ((elsewhere.id, id), (acme.app.id, ConversationId(42))):
        with pytest.raises(NotFound):
            await hub.type_as_operator(app_id, where, True, None)
    await conversations.close(core, acme.app, id)
    with pytest.raises(ConversationClosed):
        await hub.type_as_operator(acme.app.id, id, True, None)
    assert len(here.typing) == 2


async def test_nobody_types_where_they_see_nothing(core: Core, hub: Hub, acme: Cast, listen: Listen) -> None:
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await direct(core, a, b)
    bens = await listen(b)
    strangers = [
        await listen(await verified(core, acme, eve)),
        await listen(await visitor(core, acme, kiosk)),
        await listen(await verified(core, acme, ann, phone, workspace="elsewhere")),
        await listen(await verified(core, Cast(await apps.create(core, "Other")), ann)),
    ]
    for stranger in strangers:
        for which in (id, ConversationId(42)):
            with pytest.raises(NotFound):
                await hub.type(stranger, which, True)
    assert bens.typing == []


async def test_nobody_is_shown_who_types_in_a_crowd(
    core: Core, hub: Hub, acme: Cast, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asides, "MOST_TYPED_TO", 1)
    a, b = await verified(core, acme, ann), await verified(core, acme, ben)
    id = await direct(core, a, b)
    anns, bens = await listen(a), await listen(b)
    await hub.type(anns, id, True)
    assert bens.typing == []


# Said in passing

ASIDE = Aside("carrier pigeon", "coo")


async def test_an_aside_reaches_the_others_in_the_conversation_and_nobody_else(
    core: Core, acme: Cast, hub: Hub, listen: Listen
) -> None:
    first, second = await verified(core, acme, ann, laptop), await verified(core, acme, ben)
    speaker, own_other, other = await listen(first), await listen(first), await listen(second)
    stranger = await listen(await verified(core, acme, eve))
    seen, _ = await conversations.start(
        core, first, kind=ConversationKind.GROUP, title="Rowing", with_users=[second.session.user_id or UserId(0)]
    )
    await hub.pass_on(speaker, seen.conversation.id, ASIDE)
    assert (own_other.asides, other.asides) == ([ASIDE], [ASIDE])
    assert (speaker.asides, stranger.asides) == ([], [])
    with pytest.raises(NotFound):
        await hub.pass_on(stranger, seen.conversation.id, ASIDE)
    await conversations.close(core, acme.app, seen.conversation.id)
    with pytest.raises(ConversationClosed):
        await hub.pass_on(speaker, seen.conversation.id, ASIDE)
    assert other.asides == [ASIDE]


async def test_an_aside_to_one_user_goes_between_verified_users_of_an_app(
    core: Core, acme: Cast, hub: Hub, listen: Listen
) -> None:
    first, second = await verified(core, acme, ann), await verified(core, acme, ben)
    speaker, other = await listen(first), await listen(second)
    nobody = await listen(await visitor(core, acme, kiosk))
    to = second.session.user_id
    assert to is not None
    assert hub.is_connected(acme.app.id, to)
    await hub.pass_to(speaker, to, ASIDE)
    assert other.asides == [ASIDE]
    with pytest.raises(NotAllowed):
        await hub.pass_to(nobody, to, ASIDE)
    for stranger in (UserId(4711), UserId(to + 4096)):
        with pytest.raises(NotFound):
            await hub.pass_to(speaker, stranger, ASIDE)
    hub.forget(other)
    assert not hub.is_connected(acme.app.id, to)
    await hub.pass_to(speaker, to, ASIDE)
    await users.ban(core, acme.app, to)
    with pytest.raises(NotFound):
        await hub.pass_to(speaker, to, ASIDE)
    assert other.asides == [ASIDE]


async def test_who_may_have_been_revoked_passes_nothing_on(core: Core, acme: Cast, hub: Hub, listen: Listen) -> None:
    first, second = await verified(core, acme, ann), await verified(core, acme, ben)
    speaker, other = await listen(first), await listen(second)
    hub._unsure.add(speaker)
    await hub.pass_to(speaker, second.session.user_id or UserId(0), ASIDE)
    assert other.asides == []
