"""What is said in passing on one node is heard on the other, by whom both let hear it; who is here is known there."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acquaint.adapters.argon2 import CHEAPEST
from acquaint.bootstrap import House, open_house, utc_now
from acquaint.bootstrap.sealing import key_file
from acquaint.domain.apps import AppId
from acquaint.domain.conversations import ConversationId, ConversationKind
from acquaint.domain.members import Change
from acquaint.domain.users import UserId
from acquaint.ports.store import Recognised
from acquaint.realtime import attendance, mentioned, overhearing
from acquaint.realtime.mentioned import Roll, spoken, write
from acquaint.services import apps, blocks, conversations, sessions
from acquaint.services.asides import Remark, Typing
from acquaint.services.live import Aside
from acquaint.settings import Settings
from tests.cast import Cast, ann, ben, carol, eve, kiosk, phone
from tests.realtime.conftest import Ear
from tests.services.doors import verified, visitor
from tests.support.nodes import Nodes, hurry, nodes, two_nodes, valkey_nodes, wired
from tests.support.patience import until
from tests.support.valkey import running_valkey

__all__ = ["hurry", "nodes", "valkey_nodes", "wired"]  # fixtures

A_CALL = Aside("carrier pigeon", {"sdp": "v=0 ü" * 5_000, "n": 1})


async def made(house: House) -> Cast:
    return Cast(await apps.create(house.core, f"Acme {secrets.token_hex(4)}"))


async def ear(house: House, it: Recognised) -> Ear:
    found = Ear(it.session)
    await house.hub.welcome(found)
    return found


def id_of(it: Recognised) -> UserId:
    assert it.user is not None
    return it.user.id


async def talk(house: House, by: Recognised, *others: Recognised, kind: ConversationKind) -> ConversationId:
    seen, _ = await conversations.start(house.core, by, kind=kind, title=None, with_users=[id_of(it) for it in others])
    return seen.conversation.id


async def test_what_ann_says_in_passing_is_heard_on_the_other_node_in_order_by_those_it_is_for(nodes: Nodes) -> None:
    here, there = nodes
    acme = await made(here)
    a, b, c, e = [await verified(here.core, acme, it) for it in (ann, ben, carol, eve)]
    on_phone = await verified(here.core, acme, ann, phone)
    anns, bens, carols, eves = await ear(here, a), await ear(there, b), await ear(there, c), await ear(there, e)
    anns_phone = await ear(there, on_phone)
    id = await talk(here, a, b, c, kind=ConversationKind.GROUP)
    await here.hub.type(anns, id, True)
    await here.hub.type(anns, id, False)
    await here.hub.type_as_operator(acme.app.id, id, True, "Otto")
    for number in range(20):
        await here.hub.pass_on(anns, id, Aside("carrier pigeon", number))
    await here.hub.pass_to(anns, id_of(b), A_CALL)
    await until(lambda: len(bens.asides) == 21)
    assert [(it.user_id, it.on, it.operator) for it in bens.typing] == [
        (id_of(a), True, None),
        (id_of(a), False, None),
        (None, True, "Otto"),
    ]
    assert [it.read("carrier pigeon", int) for it in bens.asides[:20]] == list(range(20))
    assert bens.asides[20].read("carrier pigeon", dict) == A_CALL.words
    assert bens.asides[20].read("another", dict) is None
    assert bens.asides[20].read("carrier pigeon", int) is None
    assert (len(carols.asides), len(carols.typing)) == (20, 3)
    assert [it.operator for it in anns_phone.typing] == ["Otto"], "her other device hears only of others"
    assert len(anns_phone.asides) == 20
    assert (eves.asides, eves.typing) == ([], [])
    assert anns.asides == [], "nothing comes back"


async def test_who_may_not_hear_it_on_the_other_node_does_not(valkey_nodes: Nodes) -> None:
    """Each node judges for itself, by what is so when it tells somebody."""
    here, there = valkey_nodes
    acme = await made(here)
    a, b, c, e = [await verified(here.core, acme, it) for it in (ann, ben, carol, eve)]
    anns, bens, carols, eves = await ear(here, a), await ear(there, b), await ear(there, c), await ear(there, e)
    direct = await talk(here, a, b, kind=ConversationKind.DIRECT)
    group = await talk(here, a, c, e, kind=ConversationKind.GROUP)
    await blocks.block(there.core, b, id_of(a))
    await conversations.change(here.core, a, group, Change(remove=(id_of(c),)))
    await here.hub.type(anns, direct, True)
    await here.hub.pass_on(anns, direct, A_CALL)
    await here.hub.pass_to(anns, id_of(b), A_CALL)
    await here.hub.type(anns, group, True)
    await here.hub.pass_on(anns, group, Aside("carrier pigeon", "to the group"))
    await until(lambda: eves.asides)
    assert len(eves.typing) == 1
    assert (bens.asides, bens.typing, carols.asides, carols.typing) == ([], [], [], [])


def said_of(acme: Cast, **what: Any) -> bytes:
    """A remark as a node mentions it, whoever's it is."""
    return write(spoken(Remark(**{
        "app_id": acme.app.id, "session_id": None, "conversation_id": None, "said": Typing(True), **what,
    })))  # fmt: skip


async def test_a_remark_that_nobody_may_make_is_told_to_nobody_whatever_node_says_it(valkey_nodes: Nodes) -> None:
    """A node of another version, or one that is wrong. What no node says: tests/attacks/test_34_forged_bus.py."""
    here, there = valkey_nodes
    acme, other = await made(here), await made(here)
    a, b, e = [await verified(here.core, acme, it) for it in (ann, ben, eve)]
    on_kiosk = await visitor(here.core, acme, kiosk)
    bens = await ear(there, b)
    id = await talk(here, a, b, kind=ConversationKind.DIRECT)
    ended = await verified(here.core, acme, ann, phone)
    await sessions.end(here.core, acme.app, ended.session.id)
    elsewhere = await verified(here.core, other, ann)
    typing = {"session_id": a.session.id, "conversation_id": id}
    wrong = [
        said_of(acme, **typing | {"session_id": ended.session.id}),  # over
        said_of(acme, **typing | {"session_id": e.session.id}),  # does not see the conversation
        said_of(acme, **typing | {"session_id": on_kiosk.session.id}),
        said_of(acme, **typing | {"session_id": elsewhere.session.id}),  # of another App
        said_of(other, **typing),
        said_of(acme, **typing | {"session_id": 4711}),
        said_of(acme, session_id=on_kiosk.session.id, to_user=id_of(b), said=A_CALL),
        said_of(acme, to_user=id_of(b), said=A_CALL),  # operators only type
        said_of(acme, conversation_id=id, said=A_CALL),
        said_of(acme, conversation_id=ConversationId(42)),
        said_of(acme),
        b'{"type":"remark"}',
        b'{"type":"remark","app":1e99}',
        b'{"type":"roll","node":"' + b"x" * 1000 + b'"}',
        b'{"type":"roll","node":"evil","people":[[1,2,99],[1e99,2,0]]}',
        b'{"type":"roll","node":"evil","people":[[1,2,99],[-1,123456789012345678901234567890,0]],"ends":true}',
        b"[" * 100_000,
        b"17",
    ]
    for words in wrong:
        if words != b"[" * 100_000:  # which no Bus would say: it is JSON that is mentioned
            here.core.bus.mention(words, of=1)
        there.hub._overheard(words)
    here.core.bus.mention(said_of(acme, **typing), of=2)
    await until(lambda: bens.typing)
    assert (len(bens.typing), bens.typing[0].on, bens.asides, bens.cuts) == (1, True, [], [])


async def test_a_flood_from_another_node_is_dropped_and_does_not_fill_the_memory(
    valkey_nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overhearing, "MOST_WAITING", 10)
    monkeypatch.setattr(attendance, "MOST_ELSEWHERE", 10)
    monkeypatch.setattr(attendance, "MOST_NODES", 3)
    here, there = valkey_nodes
    acme = await made(here)
    a, b = await verified(here.core, acme, ann), await verified(here.core, acme, ben)
    bens = await ear(there, b)
    words = said_of(acme, session_id=a.session.id, to_user=id_of(b), said=A_CALL)
    for _ in range(100):
        there.hub._overheard(words)
    await until(lambda: not there.hub._overhearing._is_judging)
    assert len(bens.asides) == 10
    there.hub._overheard(words)
    await until(lambda: len(bens.asides) == 11)
    for number in range(100):
        there.hub._overheard(mentioned.write(Roll(str(number), [(1, number * 10 + it, 0) for it in range(9)])))
    nodes = there.hub._attendance._elsewhere
    assert len(nodes) == 3
    assert sum(len(it.people) for it in nodes.values()) <= 10


# Who is here


def here_on(house: House, it: Recognised) -> tuple[bool, bool | None]:
    found = house.hub.whereabouts(it.app.id, id_of(it))
    return house.hub.is_connected(it.app.id, id_of(it)), None if found is None else found.is_here


async def test_who_comes_is_away_and_goes_on_one_node_is_known_on_the_other(nodes: Nodes) -> None:
    here, there = nodes
    acme = await made(here)
    a = await verified(here.core, acme, ann)
    changed: list[UserId] = []

    async def look_out(_: AppId, user_ids: frozenset[UserId]) -> None:
        changed.extend(user_ids)

    there.hub.look_out(look_out)
    assert here_on(there, a) == (False, None)
    anns, second = await ear(here, a), await ear(here, a)
    await until(lambda: here_on(there, a) == (True, True))
    here.hub.says(anns, is_away=True)
    await until(lambda: here_on(there, a) == (True, False))
    here.hub.says(second, is_away=False)
    await until(lambda: here_on(there, a) == (True, True))
    here.hub.forget(second)
    await until(lambda: here_on(there, a) == (True, False))
    here.hub.forget(anns)
    await until(lambda: here_on(there, a) == (False, False))
    await until(lambda: set(changed) == {id_of(a)})
    assert here_on(here, a) == (False, False)


async def test_a_node_that_begins_to_hear_is_told_of_everybody_and_one_that_stops_takes_its_people_with_it(
    settings: Settings, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendance, "MOST_IN_ROLL", 2)
    settings = replace(settings, bus_url=valkey_url)
    async with open_house(settings, clock=utc_now, hashing=CHEAPEST) as here:
        acme = await made(here)
        them: Sequence[Recognised] = [await verified(here.core, acme, it) for it in (ann, ben, carol, eve)]
        async with open_house(settings, clock=utc_now, hashing=CHEAPEST) as there:
            for it in them:
                await ear(there, it)
            await until(lambda: all(here_on(here, it)[0] for it in them))
            async with open_house(settings, clock=utc_now, hashing=CHEAPEST) as late:
                await until(lambda: all(here_on(late, it)[0] for it in them))
        monkeypatch.setattr(attendance, "SILENT_FOR", 60.0)  # it says so, and is not waited for
        await until(lambda: not any(here_on(here, it)[0] for it in them))


async def test_a_node_that_dies_is_forgotten_after_a_while(valkey_nodes: Nodes) -> None:
    here, there = valkey_nodes
    acme = await made(here)
    a = await verified(here.core, acme, ann)
    here.hub._overheard(mentioned.write(Roll("dying", [(acme.app.id, id_of(a), 2)], begins=True, ends=True)))
    assert here_on(here, a) == (True, True)
    await until(lambda: here_on(here, a) == (False, False))
    await ear(there, a)
    await until(lambda: here_on(here, a) == (True, True))


async def test_while_the_line_is_cut_people_talk_on_their_node_and_afterwards_across_as_before(
    settings: Settings, tmp_path: Path
) -> None:
    with running_valkey(tmp_path) as valkey:
        async with two_nodes(replace(settings, bus_url=valkey.url)) as (here, there):
            acme = await made(here)
            a, b, c = [await verified(here.core, acme, it) for it in (ann, ben, carol)]
            anns, bens, carols = await ear(here, a), await ear(here, b), await ear(there, c)
            id = await talk(here, a, b, c, kind=ConversationKind.GROUP)
            await until(lambda: here_on(here, c)[0] and here_on(there, a)[0])
            valkey.stop()
            await until(lambda: not here.core.bus.is_whole and not there.core.bus.is_whole)
            await here.hub.pass_on(anns, id, Aside("carrier pigeon", 1))
            assert [it.words for it in bens.asides] == [1], "nobody waits for the Bus"
            await until(lambda: not here_on(here, c)[0])
            valkey.start()
            await until(lambda: here.core.bus.is_whole and there.core.bus.is_whole)
            await until(lambda: here_on(here, c)[0] and here_on(there, a)[0])
            await here.hub.pass_on(anns, id, Aside("carrier pigeon", 2))
            await until(lambda: carols.asides and carols.asides[-1].read("carrier pigeon", int) == 2)


async def test_a_sealing_key_that_is_rotated_deafens_nobody(valkey_nodes: Nodes) -> None:
    here, there = valkey_nodes
    acme = await made(here)
    a, b = await verified(here.core, acme, ann), await verified(here.core, acme, ben)
    anns, bens = await ear(here, a), await ear(there, b)
    for number in range(3):
        key_file(here.settings).add()  # both nodes have the same
        await here.hub.pass_to(anns, id_of(b), Aside("carrier pigeon", number))
        await until(lambda: len(bens.asides) == number + 1)  # noqa: B023
    assert there.core.bus.not_believed == 0
