"""Realtime clients on two nodes: typing, events and presence reach them as if there were one."""

from __future__ import annotations

import secrets

from acquaint.domain.conversations import ConversationKind
from acquaint.services import apps
from tests.cast import Cast, ann, ben
from tests.dialects.qiscus.realtime import Realtime, publish
from tests.support.nodes import Nodes, hurry, nodes, wired

__all__ = ["hurry", "nodes", "wired"]  # fixtures


async def test_people_on_two_nodes_see_each_other_type_come_and_go(nodes: Nodes) -> None:
    here, there = nodes
    acme = Cast(await apps.create(here.core, f"Acme {secrets.token_hex(4)}"))
    hers, his = await Realtime(here, acme).talker(ann), await Realtime(there, acme).talker(ben)
    room = await Realtime(here, acme).room(hers, his, kind=ConversationKind.DIRECT)
    await his.enter(room, "ann")
    here_is = await his.until(lambda it: it.kind == 3)
    assert (here_is.topic, here_is.payload[:2]) == ("u/ann/s", b"1:")
    await his.subscribe(f"r/{room}/{room}/e")

    hers.type(room)
    hers.type(room, on=False)
    hers.say(publish(f"r/{room}/{room}/e", '{"data":{"mood":"ü"}}'.encode()))
    told = [await his.until(lambda it: it.kind == 3 and it.topic.startswith("r/")) for _ in range(3)]
    assert [it.payload for it in told if it.topic == f"r/{room}/{room}/ann/t"] == [b"1", b"0"]
    [event] = [it.payload for it in told if it.topic == f"r/{room}/{room}/e"]
    assert event == '{"sender":"ann","data":{"mood":"ü"}}'.encode()

    hers.is_here(b"0")
    assert (await his.until(lambda it: it.kind == 3)).payload[:2] == b"0:"
    hers.is_here(b"1")
    assert (await his.until(lambda it: it.kind == 3)).payload[:2] == b"1:"
    hers.hang_up()
    assert (await his.until(lambda it: it.kind == 3)).payload[:2] == b"0:"
