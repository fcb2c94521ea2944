"""A connection goes on when the token of its session is renewed, and ends when that expires unrenewed."""

from __future__ import annotations

import pytest

from acquaint.domain.conversations import ConversationKind
from acquaint.ports.store import Recognised
from acquaint.realtime import hub as module
from acquaint.realtime.hub import Hub
from acquaint.services import blocks, conversations, renewing, sign_in
from acquaint.services.core import Core
from acquaint.services.live import Aside, Cut
from tests.cast import Cast, ann, ben
from tests.realtime.conftest import Listen, a_moment
from tests.services.doors import allow, at, it_of, verified
from tests.support.clock import SetClock
from tests.support.patience import until


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK", 0.01)


async def came_in(core: Core, acme: Cast) -> tuple[Recognised, str]:
    app = await allow(core, acme, token_lifetime=60)
    admission = await sign_in.vouch_for(core, app, ann.verified(), at(renews=True))
    return await it_of(core, admission), admission.renewal or ""


async def test_a_token_that_expires_cuts_and_one_that_is_renewed_does_not(
    core: Core, acme: Cast, listen: Listen, clock: SetClock
) -> None:
    it, ticket = await came_in(core, acme)
    ear = await listen(it)
    clock.forward(seconds=50)
    await renewing.renew(core, it.app, ticket, address="203.0.113.7")
    clock.forward(seconds=20)
    await a_moment()
    assert ear.cuts == []
    clock.forward(seconds=50)
    await until(lambda: ear.cuts == [Cut.EXPIRED])


async def test_a_token_that_is_made_to_expire_cuts_at_once(core: Core, acme: Cast, listen: Listen) -> None:
    it, _ = await came_in(core, acme)
    ear = await listen(it)
    await renewing.expire(core, it)
    await until(lambda: ear.cuts == [Cut.EXPIRED])


async def test_who_is_blocked_does_not_ring_or_type(core: Core, hub: Hub, acme: Cast, listen: Listen) -> None:
    anns, bens = await verified(core, acme, ann), await verified(core, acme, ben)
    assert anns.user is not None
    assert bens.user is not None
    seen, _ = await conversations.start(core, bens, kind=ConversationKind.DIRECT, with_users=[anns.user.id])
    ear, by = await listen(anns), await listen(bens)
    await hub.type(by, seen.conversation.id, True)
    assert len(ear.typing) == 1
    await blocks.block(core, anns, bens.user.id)
    await hub.type(by, seen.conversation.id, False)
    await hub.pass_on(by, seen.conversation.id, Aside("test", "ring"))
    await hub.pass_to(by, anns.user.id, Aside("test", "ring"))
    assert len(ear.typing) == 1
    assert ear.asides == []
