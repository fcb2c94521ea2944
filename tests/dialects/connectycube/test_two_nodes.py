"""Chat clients on two nodes: what is kept nowhere reaches them as if there were one."""

from __future__ import annotations

import secrets

from acquaint.bootstrap import House
from acquaint.dialects.connectycube.xml import Element, element, with_children
from acquaint.domain.conversations import ConversationKind
from acquaint.services import apps, conversations
from acquaint.web.ids import as_hex
from tests.cast import Cast, ann, ben
from tests.dialects.connectycube.chatting import Chatter, Chatters
from tests.support.nodes import Nodes, hurry, nodes, wired
from tests.support.patience import until

__all__ = ["hurry", "nodes", "wired"]  # fixtures

STATES = "http://jabber.org/protocol/chatstates"
STATUS = "https://connectycube.com/protocol/status_streaming"


def extra(**fields: str) -> Element:
    return with_children(element("extraParams"), *(with_children(element(it), text) for it, text in fields.items()))


def body(text: str) -> Element:
    return with_children(element("body"), text)


async def message(line: Chatter) -> Element:
    return await line.until(lambda it: it.name == "message")


def knows(house: House, line: Chatter) -> bool:
    return house.hub.is_connected(line.it.app.id, line.id)


async def test_people_on_two_nodes_talk_in_passing_type_and_call(nodes: Nodes) -> None:
    here, there = nodes
    acme = Cast(await apps.create(here.core, f"Acme {secrets.token_hex(4)}"))
    hers = await Chatters(here, acme).chatter(ann)
    his, her_phone = await Chatters(there, acme).chatter(ben), await Chatters(there, acme).chatter(ann, copies=True)
    seen, _ = await conversations.start(here.core, hers.it, kind=ConversationKind.DIRECT, with_users=[his.id])

    hers.message(his.bare, None, body("In passing"), extra(colour="blue"), kept=False)
    heard = await message(his)
    assert (heard.text_of("body"), heard.get("from"), heard.get("to")) == ("In passing", hers.jid, his.jid)
    told = heard.child("extraParams")
    assert told is not None
    assert (told.text_of("colour"), told.text_of("dialog_id")) == ("blue", as_hex(seen.conversation.id))
    copy = await message(her_phone)
    assert next(copy.elements).name == "sent", "her other device has a copy of what she said"

    hers.message(his.bare, None, Element("composing", STATES), kept=False, id=None)
    assert next((await message(his)).elements).name == "composing"

    offer = "v=0\r\na=candidate:ü " * 2_500  # 50 kB: more than PostgreSQL tells in one piece
    hers.message(his.bare, None, extra(moduleIdentifier="WebRTCVideoChat", sdp=offer), kept=False, type="headline")
    call = await message(his)
    signal = call.child("extraParams")
    assert signal is not None
    assert (call.get("type"), call.get("from"), signal.text_of("sdp")) == (
        "headline",
        hers.jid,
        offer.replace("\r\n", "\n"),
    )


async def test_a_room_on_two_nodes_and_who_is_in_it(nodes: Nodes) -> None:
    here, there = nodes
    acme = Cast(await apps.create(here.core, f"Acme {secrets.token_hex(4)}"))
    hers, his = await Chatters(here, acme).chatter(ann), await Chatters(there, acme).chatter(ben)
    seen, _ = await conversations.start(
        here.core, hers.it, kind=ConversationKind.GROUP, title="Rowing", with_users=[his.id]
    )
    room = hers.room(seen.conversation.id)
    his.message(room, None, body("To all"), kept=False)
    for line in (hers, his):
        heard = await message(line)
        assert (heard.text_of("body"), heard.get("from")) == ("To all", f"{room}/{his.id}")
    await until(lambda: knows(here, his) and knows(there, hers))
    hers.say(
        f'<iq type="get" id="who" to="{room}" xmlns="jabber:client">'
        '<query xmlns="http://jabber.org/protocol/disco#items"/></iq>'
    )
    found = await hers.until(lambda it: it.get("id") == "who")
    assert {it.get("name") for it in next(found.elements).elements} == {str(hers.id), str(his.id)}


async def test_somebody_who_comes_and_goes_on_another_node_is_shown_to_who_asked_for_it(nodes: Nodes) -> None:
    here, there = nodes
    acme = Cast(await apps.create(here.core, f"Acme {secrets.token_hex(4)}"))
    hers, his = await Chatters(here, acme).chatter(ann), await Chatters(there, acme).chatter(ben)
    await conversations.start(here.core, hers.it, kind=ConversationKind.DIRECT, with_users=[his.id])
    await until(lambda: knows(here, his))
    subscribing = (
        f'<iq type="set" id="w" xmlns="jabber:client"><subscribe xmlns="{STATUS}" user_jid="{his.bare}" '
        'enable="true"/></iq>'
    )
    hers.say(subscribing)

    async def seconds() -> int:
        told = await hers.until(lambda it: it.name == "iq" and it.get("from") == his.bare)
        return int(next(told.elements).get("seconds"))

    assert await seconds() == 0
    his.hang_up()
    assert 0 < await seconds() < 5
