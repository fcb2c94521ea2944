"""Chat on a running server, byte by byte: what the SDK sends, and what no SDK would."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx2
import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from acquaint.dialects.connectycube.xml import Element, parse
from tests.support.server import Server

PASSWORD = "a secret of hers"
OPEN: Final = '<open version="1.0" xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="127.0.0.1"/>'


@asynccontextmanager
async def connected(
    server: Server, *, subprotocols: Any = ("xmpp",), path: str = "/ws"
) -> AsyncIterator[ClientConnection]:
    url = f"{server.socket_url}{path}"
    async with connect(url, subprotocols=subprotocols, compression=None, close_timeout=1, proxy=None) as socket:
        yield socket


async def frame(socket: ClientConnection) -> Element:
    said = await socket.recv()
    assert isinstance(said, str)
    return parse(said)


async def end(socket: ClientConnection) -> tuple[str | None, int]:
    """The stream error, if one was said, and the code."""
    error = None
    try:
        while True:
            it = await frame(socket)
            if it.name == "error":
                error = next(it.elements).name
    except websockets.ConnectionClosed:
        return error, socket.close_code or 0


@pytest.fixture
def session(server: Server) -> dict[str, Any]:
    app = server.create_app()
    body = {
        "application_id": app["app_id"],
        "auth_key": app["auth_key"],
        "user": {"login": "ann", "password": PASSWORD},
    }
    answer = httpx2.post(f"{server.url}/session", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["session"])


async def test_the_bytes_that_the_sdk_sends_are_answered_as_it_expects(server: Server, session: dict[str, Any]) -> None:
    """The whole of a connection, as it was recorded of SDK 6.1.2."""
    name = f"{session['user_id']}-{session['application_id']}"
    secret = base64.b64encode(f"\0{name}\0{session['token']}".encode()).decode()
    async with connected(server) as socket:
        assert socket.subprotocol == "xmpp"
        await socket.send(OPEN)
        opened, features = str(await socket.recv()), str(await socket.recv())
        assert opened.startswith('<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" from="127.0.0.1" id="')
        assert opened.endswith('" version="1.0" xml:lang="en"/>')
        assert features == (
            '<stream:features xmlns:stream="http://etherx.jabber.org/streams"><mechanisms xmlns="'
            'urn:ietf:params:xml:ns:xmpp-sasl"><mechanism>PLAIN</mechanism></mechanisms></stream:features>'
        )
        await socket.send(f'<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">{secret}</auth>')
        assert await socket.recv() == '<success xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>'
        await socket.send(OPEN)
        await socket.recv()
        assert await socket.recv() == (
            '<stream:features xmlns:stream="http://etherx.jabber.org/streams"><sm xmlns="urn:xmpp:sm:3"/>'
            '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/><session xmlns="urn:ietf:params:xml:ns:xmpp-session"/>'
            "</stream:features>"
        )
        await socket.send(
            '<iq type="set" id="ktp2uxkv3o" xmlns="jabber:client"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>'
        )
        bound = await frame(socket)
        jid = next(next(bound.elements).elements).text
        assert (bound.get("type"), bound.get("id")) == ("result", "ktp2uxkv3o")
        assert jid.startswith(f"{name}@127.0.0.1/")
        await socket.send(
            f'<iq type="set" from="{jid}" id="UUID:enableCarbons" xmlns="jabber:client">'
            '<enable xmlns="urn:xmpp:carbons:2"/></iq>'
        )
        await socket.send('<presence xmlns="jabber:client"/>')
        carbons, presence = await frame(socket), await frame(socket)
        assert (carbons.get("type"), carbons.get("id"), carbons.get("to")) == ("result", "UUID:enableCarbons", jid)
        assert (presence.name, presence.get("from"), presence.get("to")) == ("presence", jid, jid.split("/")[0])
        await socket.send(
            '<iq id="UUID:ping" type="get" to="127.0.0.1" xmlns="jabber:client"><ping xmlns="urn:xmpp:ping"/></iq>'
        )
        assert (await frame(socket)).get("id") == "UUID:ping"
        await socket.send(f'<message id="long" xmlns="jabber:client"><body>{"x" * 100_000}</body></message>')
        assert (await frame(socket)).get("id") == "long", "which would have ended the connection of a stranger"
        await socket.send('<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>')
        assert await socket.recv() == '<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>'
        assert await end(socket) == (None, 1000)


async def test_a_wrong_password_leaves_the_connection_open(server: Server, session: dict[str, Any]) -> None:
    name = f"{session['user_id']}-{session['application_id']}"
    async with connected(server) as socket:
        await socket.send(OPEN)
        await frame(socket)
        await frame(socket)
        for secret, answer in (("guessed", "failure"), (PASSWORD, "success")):
            said = base64.b64encode(f"\0{name}\0{secret}".encode()).decode()
            await socket.send(f'<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">{said}</auth>')
            assert (await frame(socket)).name == answer


@pytest.mark.parametrize(
    ("said", "error", "code"),
    [
        ("<a", "not-well-formed", 1008),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "restricted-xml", 1008),
        ('<message xmlns="jabber:client"/>', "not-authorized", 1008),
        (
            "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'/>",
            "not-authorized",
            1008,
        ),
        (b"<open/>", "bad-format", 1008),
        ("x" * 70_000, None, 1009),
        (b"\xff" * 70_000, None, 1009),
    ],
)
async def test_what_is_broken_ends_the_connection_and_nothing_else(
    server: Server, said: str | bytes, error: str | None, code: int
) -> None:
    async with connected(server) as socket:
        await socket.send(said)
        assert await end(socket) == (error, code)
    assert "Traceback" not in server.chapter()


@pytest.mark.parametrize("subprotocols", [None, ("mqtt",)])
async def test_who_does_not_ask_for_xmpp_is_refused(server: Server, subprotocols: Any) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with connected(server, subprotocols=subprotocols):
            pass
    assert refused.value.response.status_code == 400


async def test_the_log_says_who_came_and_no_secret_and_no_word_of_theirs(
    server: Server, session: dict[str, Any]
) -> None:
    name = f"{session['user_id']}-{session['application_id']}"
    async with connected(server) as socket:
        await socket.send(OPEN)
        said = ""
        for secret in ("guessed-and-wrong", session["token"]):
            said = base64.b64encode(f"\0{name}\0{secret}".encode()).decode()
            await socket.send(f'<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">{said}</auth>')
        await socket.send(OPEN)
        await socket.send(
            '<iq type="set" id="b" xmlns="jabber:client"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>'
        )
        while (await frame(socket)).get("id") != "b":
            pass
        await socket.send('<message to="1-1@x" type="chat" xmlns="jabber:client"><body>between us</body></message>')
        await socket.send('<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>')
        await end(socket)
    log = server.chapter()
    assert '"event":"chat_refused"' in log
    assert '"event":"chat_connected"' in log
    for secret in ("guessed-and-wrong", session["token"], "between us", said):
        assert secret not in log
