"""Whether only verified people may write: off, counted, or enforced; whichever the API they come by."""

from __future__ import annotations

import pytest

from acquaint.domain.errors import NotAllowed, Unacceptable
from acquaint.domain.identities import Claimed
from acquaint.ports.store import Recognised
from acquaint.services import avatars, enforcement, files, messages, sign_in
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, laptop
from tests.services.doors import allow, verified, visitor, write
from tests.services.filing import PNG, announced, pieces
from tests.support.clock import SetClock
from tests.support.databases import on_both_databases


async def counted(core: Core, acme: Cast, days: int = 30) -> list[tuple[str, str, int]]:
    return [(it.act, it.outcome, it.times) for it in await enforcement.counted(core, acme.app, days)]


async def again(core: Core, acme: Cast, it: Recognised) -> Recognised:
    """The same session, under the Policy as it is now."""
    async with core.store.read() as tx:
        session = await tx.sessions.get(acme.app.id, it.session.id)
        app = await tx.apps.get(acme.app.id)
        assert session is not None
        assert app is not None
        user = None if session.user_id is None else await tx.users.get(app.id, session.user_id)
    return Recognised(session, app, user)


@on_both_databases
async def test_nothing_is_counted_until_the_app_wants_it(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    await write(core, it)
    assert await counted(core, acme) == []


@on_both_databases
async def test_a_report_lets_everybody_in_and_counts_whom_enforcement_would_not(core: Core, acme: Cast) -> None:
    await allow(core, acme, enforcement="report")
    it = await again(core, acme, await visitor(core, acme, laptop))
    id = await write(core, it)
    it = await again(core, acme, it)
    await messages.post(core, it, id, Draft("and"))
    await messages.post(core, it, id, Draft("again"))
    anns = await again(core, acme, await verified(core, acme, ann))
    await write(core, anns)

    assert sorted(await counted(core, acme)) == [("say", "would_refuse", 2), ("start", "would_refuse", 1)]


@on_both_databases
async def test_enforcement_refuses_and_counts_and_lets_verified_people_write(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    id = await write(core, it)
    await allow(core, acme, enforcement="enforce")
    it = await again(core, acme, it)
    with pytest.raises(NotAllowed):
        await messages.post(core, it, id, Draft("hello?"))
    await sign_in.claim(core, it, Claimed(email=ann.email))
    with pytest.raises(NotAllowed):
        await messages.post(core, await again(core, acme, it), id, Draft("I am Ann"))
    with pytest.raises(NotAllowed):
        await write(core, await again(core, acme, it))
    await write(core, await again(core, acme, await verified(core, acme, ann)))

    assert sorted(await counted(core, acme)) == [("say", "refused", 2), ("start", "refused", 1)]


@on_both_databases
async def test_who_may_not_talk_fills_no_disk_either(core: Core, acme: Cast) -> None:
    it = await visitor(core, acme, laptop)
    await write(core, it)
    await allow(core, acme, enforcement="enforce")
    it = await again(core, acme, it)
    with pytest.raises(NotAllowed):
        await files.keep_of(core, it, "a.png", "image/png", pieces(PNG))
    with pytest.raises(NotAllowed):
        await announced(core, it)
    with pytest.raises(NotAllowed):
        await avatars.take(core, it, pieces(PNG), str)
    await announced(core, await again(core, acme, await verified(core, acme, ann)))
    assert await counted(core, acme) == [("keep", "refused", 3)]
    await allow(core, acme, enforcement="report")
    await announced(core, await again(core, acme, it))


@on_both_databases
async def test_counts_are_by_day_and_go_after_a_year(core: Core, acme: Cast, clock: SetClock) -> None:
    await allow(core, acme, enforcement="report")
    it = await again(core, acme, await visitor(core, acme, laptop))
    await write(core, it)
    clock.forward(days=10)
    await write(core, await again(core, acme, it))

    assert len(await counted(core, acme)) == 2
    assert len(await counted(core, acme, days=10)) == 1
    clock.forward(days=395)
    await write(core, await again(core, acme, it))
    assert len(await counted(core, acme, days=400)) == 2
    assert enforcement.date_of(enforcement.day_of(clock.now)) == clock.now.date().isoformat()


@pytest.mark.parametrize("days", [0, -1, 401])
async def test_nobody_asks_for_a_span_that_is_none(core: Core, acme: Cast, days: int) -> None:
    with pytest.raises(Unacceptable):
        await enforcement.counted(core, acme.app, days)
