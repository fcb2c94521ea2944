"""Listening over a WebSocket: the same events, for browsers, which cannot set a header."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
import websockets
from websockets.asyncio.client import connect

from acquaint.bootstrap import House, build_app
from acquaint.dialects.kustomer.chat import events
from acquaint.services import apps, messages, users
from acquaint.services.core import Core
from acquaint.services.messages import Draft
from tests.cast import Cast, ann, eve
from tests.dialects.kustomer.phones import SESSIONS, Phone, id_of, signed
from tests.support.clock import SetClock
from tests.support.patience import PATIENCE
from tests.support.server import Server

NAME = "kustomer.events"


class Socket:
    """One client, and an ASGI server that hands every frame on as it comes."""

    def __init__(self) -> None:
        self.accepted: dict[str, Any] | None = None
        self.refused: tuple[int, dict[str, Any]] | None = None
        self.frames: list[dict[str, Any]] = []
        self.code: int | None = None
        self.says: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.takes = asyncio.Event()
        self._status = 0
        self._news = asyncio.Condition()

    async def send(self, message: Any) -> None:
        await self.takes.wait()
        match message["type"]:
            case "websocket.accept":
                self.accepted = message
            case "websocket.send":
                self.frames.append(json.loads(message["text"]))
            case "websocket.close":
                self.code = message["code"]
                self.says.put_nowait({"type": "websocket.disconnect", "code": self.code})
            case "websocket.http.response.start":
                self._status = message["status"]
            case "websocket.http.response.body":
                self.refused = self._status, json.loads(message["body"])["errors"][0]
        async with self._news:
            self._news.notify_all()

    @property
    def told(self) -> list[dict[str, Any]]:
        """What was said after the greeting."""
        return [it for it in self.frames if it["event"] != "ready"]

    @property
    def names(self) -> list[str]:
        return [it["event"] for it in self.told]

    async def until(self, true: Any) -> None:
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: true(self))


@asynccontextmanager
async def listening(
    house: House, phone: Phone, *subprotocols: str, query: str = "", **headers: str
) -> AsyncIterator[Socket]:
    """As a browser does; with headers, as anything else may."""
    socket = Socket()
    socket.takes.set()
    socket.says.put_nowait({"type": "websocket.connect"})
    offered = subprotocols if subprotocols or headers else (NAME, phone.token or "")
    sent = {"host": phone.host} | headers
    scope = {
        "type": "websocket",
        "path": "/c/v1/events",
        "raw_path": b"/c/v1/events",
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items()],
        "subprotocols": list(offered),
        "client": ("203.0.113.7", 40000),
        "scheme": "ws",
        "extensions": {"websocket.http.response": {}},
    }
    task = asyncio.create_task(build_app(house)(scope, socket.says.get, socket.send))
    try:
        await socket.until(lambda it: it.frames or it.refused or it.code)
        yield socket
    finally:
        socket.takes.set()
        socket.says.put_nowait({"type": "websocket.disconnect", "code": 1001})
        async with asyncio.timeout(PATIENCE):
            await task


async def test_a_browser_hears_what_happens_and_nobody_else_does(
    house: House, phone: Phone, client: httpx2.AsyncClient, core: Core, acme: Cast
) -> None:
    stranger = await Phone(client, acme).begin()
    await stranger.logged_in(signed(core, acme, email=eve.email))
    await phone.logged_in(signed(core, acme, email=ann.email))
    async with listening(house, phone) as anns, listening(house, stranger) as eves:
        session = await phone.chat("Hello")
        await messages.answer(core, acme.app, id_of(session), Draft("Hi"))
        await anns.until(lambda it: len(it.told) >= 3)
        assert anns.names == ["session.update", "message.send", "message.send"]
        last = anns.told[-1]
        assert (last["clipped"], last["data"]["attributes"]["body"]) == (False, "Hi")
        assert int(last["id"]) > 0
        assert eves.told == []


async def test_the_token_is_never_said_back(house: House, phone: Phone) -> None:
    async with listening(house, phone) as socket:
        assert socket.accepted == {"type": "websocket.accept", "subprotocol": NAME}
        assert str(phone.token) not in repr(socket.frames)


async def test_what_is_no_browser_shows_its_token_in_the_header(house: House, phone: Phone) -> None:
    async with listening(house, phone, x_kustomer_tracking_token=phone.token or "") as socket:
        assert socket.accepted == {"type": "websocket.accept", "subprotocol": None}


@pytest.mark.parametrize(
    "how",
    [
        (NAME,), (NAME, "x"), (NAME, "a.b.c"), ("<token>", NAME, "y"), ("bearer",), (NAME, NAME), (NAME, "<token>x"),
    ],
)  # fmt: skip
async def test_without_the_token_nobody_listens(house: House, phone: Phone, how: tuple[str, ...]) -> None:
    offered = [it.replace("<token>", phone.token or "") for it in how]
    async with listening(house, phone, *offered) as socket:
        assert socket.refused is not None
        status, error = socket.refused
        assert (status, error["code"]) == (401, "unauthorized")
        assert socket.accepted is None
    [family] = house.refusals.collect()
    assert [(it.labels["reason"], it.value) for it in family.samples] == [("unknown_session", 1)]


async def test_a_token_in_the_address_opens_nothing(house: House, phone: Phone) -> None:
    for name in ("token", "x-kustomer-tracking-token", "trackingToken"):
        async with listening(house, phone, NAME, query=f"{name}={phone.token}") as socket:
            assert socket.refused is not None
            assert socket.refused[0] == 401


async def test_a_token_of_acme_does_not_listen_at_globex(house: House, phone: Phone, globex: Cast) -> None:
    async with listening(house, Phone(phone.client, globex, phone.token)) as socket:
        assert socket.refused is not None
        assert socket.refused[0] == 401


async def test_a_page_that_the_app_does_not_name_listens_to_nothing(
    house: House, phone: Phone, core: Core, acme: Cast
) -> None:
    """A page of Eve's that got hold of a token, or of a browser that has one."""
    await apps.change_policy(core, acme.app, {"allowed_origins": ["https://acme.example"]})
    for origin, status in (("https://eve.example", 403), ("null", 403), ("https://acme.example.eve.example", 403)):
        async with listening(house, phone, NAME, phone.token or "", origin=origin) as socket:
            assert socket.refused is not None
            assert socket.refused[0] == status
    async with listening(house, phone, NAME, phone.token or "", origin="https://acme.example") as socket:
        assert socket.accepted is not None


async def test_logging_in_is_the_last_that_is_said_and_the_browser_comes_again(
    house: House, phone: Phone, core: Core, acme: Cast
) -> None:
    await phone.chat("Hello")
    async with listening(house, phone) as socket:
        await phone.logged_in(signed(core, acme, email=ann.email))
        await socket.until(lambda it: it.code)
        assert (socket.names[-1], socket.code) == ("identity.update", 1000)
    async with listening(house, phone) as socket:
        assert socket.accepted is not None


async def test_logging_out_is_told_and_nothing_after_it(house: House, phone: Phone, core: Core, acme: Cast) -> None:
    session = await phone.chat("Hello")
    async with listening(house, phone) as socket:
        await phone.log_out()
        await messages.answer(core, acme.app, id_of(session), Draft("Too late"))
        await socket.until(lambda it: it.code)
        assert (socket.names, socket.code) == (["token.revoked"], 4401)


async def test_a_deleted_customer_is_told_first(house: House, phone: Phone, core: Core, acme: Cast) -> None:
    await phone.logged_in(signed(core, acme, email=ann.email))
    async with listening(house, phone) as socket:
        await users.delete(core, acme.app, (await users.find(core, acme.app, ann.by_email)).id)
        await socket.until(lambda it: it.code)
        assert socket.names == ["customer.deleted", "token.revoked"]


async def test_a_browser_goes_on_from_the_last_event_it_heard(
    house: House, phone: Phone, core: Core, acme: Cast, clock: SetClock
) -> None:
    session = await phone.chat("Hello")
    clock.forward(minutes=1)
    async with listening(house, phone) as socket:
        await messages.answer(core, acme.app, id_of(session), Draft("one"))
        await socket.until(lambda it: it.told)
        last = socket.told[-1]["id"]
    clock.forward(minutes=1)
    for text in ("two", "three"):
        await messages.answer(core, acme.app, id_of(session), Draft(text))
    async with listening(house, phone, query=f"lastEventId={last}") as socket:
        await socket.until(lambda it: len(it.told) >= 2)
        assert [it["data"]["attributes"]["body"] for it in socket.told] == ["two", "three"]


async def test_a_client_that_talks_is_let_go(house: House, phone: Phone) -> None:
    async with listening(house, phone) as socket:
        for text in ("{}", "x" * 60_000):
            socket.says.put_nowait({"type": "websocket.receive", "text": text})
        await socket.until(lambda it: it.code)
        assert socket.code == 1008


async def test_a_client_that_takes_nothing_is_let_go(
    house: House, phone: Phone, core: Core, acme: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_WAITING", 3)
    session = await phone.chat("Hello")
    async with listening(house, phone) as slow, listening(house, phone) as quick:
        slow.takes.clear()
        for number in range(10):
            await messages.answer(core, acme.app, id_of(session), Draft(f"{number}"))
            await quick.until(lambda it, many=number + 1: len(it.told) == many)
        slow.takes.set()
        await slow.until(lambda it: it.code)
        assert slow.code == 4008
        assert len(slow.told) < 10
        assert quick.code is None


async def test_when_the_server_stops_listeners_go_elsewhere(house: House, phone: Phone) -> None:
    async with listening(house, phone) as socket:
        await house.hub.close()
        await socket.until(lambda it: it.code)
        assert (socket.told, socket.code) == ([], 1001)
    async with listening(house, phone) as socket:
        assert socket.refused is not None
        assert socket.refused[0] == 503


async def test_over_the_network_a_browsers_handshake_is_answered(server: Server) -> None:
    """A real server and a real client: what of this is the protocol's, and what only ASGI's."""
    made = server.create_app("Socket")
    async with httpx2.AsyncClient(base_url=server.url, timeout=PATIENCE) as http:
        org = {"x-kustomer-org": made["slug"]}
        token = (await http.get("/c/v1/tracking/tokens/current", headers=org)).json()["data"]["attributes"]["token"]
        mine = {"x-kustomer-tracking-token": token}
        session = (await http.post(SESSIONS, headers=mine, json={"title": "Hi"})).json()["data"]["id"]
        url = f"{server.url.replace('http', 'ws')}/c/v1/events"
        async with connect(url, subprotocols=[NAME, token]) as socket:  # type: ignore[list-item]
            assert socket.subprotocol == NAME
            assert json.loads(await socket.recv())["event"] == "ready"
            said = {"session": session, "body": "Hello"}
            assert (await http.post("/c/v1/chat/messages", headers=mine, json=said)).status_code == 201
            while (frame := json.loads(await socket.recv()))["event"] != "message.send":
                pass
            assert frame["data"]["attributes"]["body"] == "Hello"
            assert (await http.post("/c/v1/tracking/tokens", headers=mine)).status_code == 201
            assert json.loads(await socket.recv())["event"] == "token.revoked"
            await socket.wait_closed()
            assert socket.close_code == 4401
        with pytest.raises(websockets.InvalidStatus) as refused:
            await connect(url, subprotocols=[NAME, token])  # type: ignore[list-item]
        assert refused.value.response.status_code == 401
        assert json.loads(refused.value.response.body or b"")["errors"][0]["code"] == "unauthorized"
