"""Two nodes on one database: what happens on one is heard on the other, and who is cut there is cut here."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from acquaint.adapters.argon2 import CHEAPEST
from acquaint.bootstrap import House, open_house, utc_now
from acquaint.services import apps, messages, sessions, users
from acquaint.services.live import Cut
from acquaint.services.messages import Draft
from acquaint.settings import Settings
from tests.cast import Cast, ann, laptop, phone
from tests.realtime.conftest import Ear
from tests.services.doors import verified, write
from tests.support.databases import on_both_databases
from tests.support.patience import PROMISED, until

Nodes = tuple[House, House]


@pytest.fixture
async def nodes(settings: Settings) -> AsyncIterator[Nodes]:
    async with (
        open_house(settings, clock=utc_now, hashing=CHEAPEST) as one,
        open_house(settings, clock=utc_now, hashing=CHEAPEST) as other,
    ):
        await until(lambda: one.core.bus.is_whole and other.core.bus.is_whole)
        yield one, other


@on_both_databases
async def test_what_is_said_on_one_node_is_heard_on_the_other_in_order_and_once(nodes: Nodes) -> None:
    here, there = nodes
    acme = Cast(await apps.create(here.core, "Acme"))
    on_laptop, on_phone = await verified(here.core, acme, ann, laptop), await verified(here.core, acme, ann, phone)
    ear = Ear(on_phone.session)
    await there.hub.welcome(ear)
    id = await write(here.core, on_laptop, "0")
    for number in range(1, 30):
        await messages.post(here.core, on_laptop, id, Draft(str(number)))
    await messages.answer(there.core, acme.app, id, Draft("30"))
    await until(lambda: len(ear.texts) >= 31)
    assert [it for it in ear.texts if it != "30"] == [str(it) for it in range(30)]
    assert len(ear.texts) == 31


@on_both_databases
async def test_who_is_cut_on_one_node_is_cut_on_the_other_within_a_second(nodes: Nodes) -> None:
    here, there = nodes
    acme = Cast(await apps.create(here.core, "Acme"))
    one, other = await verified(here.core, acme, ann, laptop), await verified(here.core, acme, ann, phone)
    ended, banned = Ear(one.session), Ear(other.session)
    await there.hub.welcome(ended)
    await there.hub.welcome(banned)
    began = time.monotonic()
    await sessions.end(here.core, acme.app, one.session.id)
    await until(lambda: ended.cuts == [Cut.REVOKED])
    assert banned.cuts == []
    assert one.user is not None
    await users.ban(here.core, acme.app, one.user.id)
    await until(lambda: banned.cuts == [Cut.REVOKED])
    assert time.monotonic() - began < PROMISED
