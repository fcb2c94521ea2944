"""What the JS SDK needs and is easy to get wrong, where it is about chat: a test for each line."""

from __future__ import annotations

import pytest

from acquaint.bootstrap import House
from acquaint.dialects.connectycube.xml import element, write
from tests.cast import Cast, ann, ben
from tests.dialects.connectycube.asking import Cube
from tests.dialects.connectycube.chatting import BIND, OPEN, Chatters
from tests.dialects.connectycube.test_socket import connected
from tests.support.server import Server


@pytest.fixture
def chatters(house: House, acme: Cast) -> Chatters:
    return Chatters(house, acme)


async def test_checklist_13_the_subprotocol_is_xmpp_each_frame_stands_alone_and_open_is_answered(
    server: Server,
) -> None:
    async with connected(server) as socket:
        assert socket.subprotocol == "xmpp"
        await socket.send(OPEN)
        opened, features = str(await socket.recv()), str(await socket.recv())
    assert opened.startswith("<open xmlns=")
    assert features.startswith("<stream:features xmlns:stream=")


async def test_checklist_14_plain_alone_is_offered_for_a_password_or_a_token(chatters: Chatters) -> None:
    it, token = await chatters.signed_up(ann)
    for secret in (ann.password, token):
        line = chatters.line()
        line.say(OPEN)
        await line.frame()
        [mechanisms] = (await line.frame()).elements
        assert [offered.text for offered in mechanisms.elements] == ["PLAIN"]
        assert await line.sign_in(it.session.user_id, it.app.id, secret) == "success"


async def test_checklist_15_the_resource_is_long_and_nobody_elses(chatters: Chatters) -> None:
    resources = set()
    for _ in range(3):
        _, _, resource = (await chatters.chatter(ann)).jid.partition("/")
        assert len(resource) >= 16
        resources.add(resource)
    assert len(resources) == 3


async def test_checklist_17_the_connection_stays_after_a_sign_in_that_failed(chatters: Chatters) -> None:
    it, token = await chatters.signed_up(ann)
    line = chatters.line()
    await line.open()
    assert await line.sign_in(it.session.user_id, it.app.id, "wrong") == "not-authorized"
    assert await line.sign_in(it.session.user_id, it.app.id, token) == "success"
    await line.open()
    line.say(BIND)
    assert (await line.frame()).get("type") == "result"


async def test_checklist_18_who_joins_a_room_gets_the_presences_the_sdk_waits_for(chatters: Chatters) -> None:
    anns, bens = await chatters.chatter(ann), await chatters.chatter(ben)
    room = anns.room(await chatters.group(anns, bens))
    anns.say(write(element("presence", id="joins", to=f"{room}/{anns.id}")))
    joined = await anns.until(lambda frame: frame.name == "presence" and frame.get("id") == "joins")
    assert joined.get("type") != "error"
    assert joined.get("from") == f"{room}/{anns.id}"


async def test_checklist_19_the_domain_of_every_address_is_the_one_the_client_opened(
    chatters: Chatters, cube: Cube
) -> None:
    anns = await chatters.chatter(ann)
    assert anns.jid.partition("@")[2].startswith("acquaint.test/")
    other = (await cube.log_in("other"))["user_id"]
    group = {"type": 2, "name": "Rowing", "occupants_ids": str(other)}
    dialog = (await cube.ask("POST", "/chat/Dialog.json", await cube.token("owner"), json=group)).json()
    assert dialog["xmpp_room_jid"] == f"{cube.app.id}_{dialog['_id']}@muc.acquaint.test"
